/** `meterctl decode HEX…`: every frame in each argument, field by field. Each argument is decoded on its own; nothing carries over. */
import {
  explain,
  printExplanation,
  profiles,
  type ExplainRow,
  type Explaining,
  type Language,
} from "../protocols/dlt645/index.ts";
import { WrongUse } from "./exits.ts";

/** "68 01…", "68:01", "0x68,0x01", "68h 01h", "\\x68\\x01", "[68|01]": hex digits with anything around pairs that people paste. */
const BETWEEN = /0x|\\x|(?<=[0-9A-Fa-f]{2})h\b|[\s:,;._|[\](){}<>"'-]/gi;

interface Given {
  readonly bytes: Uint8Array;
  readonly complaint?: string;
}

/** A capture may end in the middle of a byte: what is whole is decoded all the same, and the lone digit is complained of. */
function bytesOfArgument(text: string, index: number): Given {
  const digits = text.replaceAll(BETWEEN, "");
  const which = `Argument ${index + 1}`;
  const stranger = /[^0-9A-Fa-f]/.exec(digits);
  const none = new Uint8Array();
  if (stranger !== null)
    return { bytes: none, complaint: `${which}: "${stranger[0]}" is no hex digit (at digit ${stranger.index + 1}).` };
  if (digits === "") return { bytes: none, complaint: `${which} is empty; write the bytes of a frame in hex.` };
  const pairs = Math.floor(digits.length / 2);
  const bytes = Uint8Array.from({ length: pairs }, (_, at) => Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16));
  return digits.length % 2 === 0
    ? { bytes }
    : { bytes, complaint: `${which} has ${digits.length} hex digits; bytes have two each, so the last digit was left out.` };
}

export interface DecodeOptions {
  readonly json: boolean;
  readonly language: Language;
  readonly explaining: Explaining;
}

/** Said with --lang, else what the terminal speaks. */
export function languageOf(given: string | undefined, env: Readonly<Record<string, string | undefined>>): Language {
  const text = given ?? env["LC_ALL"] ?? env["LC_MESSAGES"] ?? env["LANG"] ?? "en";
  if (given !== undefined && given !== "en" && given !== "zh") throw new WrongUse(`--lang is en or zh, not "${given}".`);
  return text.startsWith("zh") ? "zh" : "en";
}

/** A model's own layouts and bits, where one is named. */
export function explainingOf(model: string | undefined): Explaining {
  if (model === undefined) return {};
  const profile = profiles.find(({ name }) => name === model);
  if (profile === undefined)
    throw new WrongUse(`There is no model "${model}"; there are: ${profiles.map(({ name }) => name).join(", ")}.`);
  return { choices: profile.choices };
}

export interface Decoded {
  readonly text: string;
  /** Of arguments that are no bytes, or not whole ones; the others were decoded nevertheless. */
  readonly complaints: readonly string[];
}

/** A damaged frame is told, not failed at: naming it is what was asked for. */
export function decode(args: readonly string[], options: DecodeOptions): Decoded {
  const { json, language, explaining } = options;
  const rows: ExplainRow[] = [];
  const complaints: string[] = [];
  for (const [index, text] of args.entries()) {
    const { bytes, complaint } = bytesOfArgument(text, index);
    if (complaint !== undefined) complaints.push(complaint);
    rows.push(...explain(bytes, index, explaining));
  }
  if (rows.length === 0 && complaints.length > 0) return { text: "", complaints };
  return { text: json ? JSON.stringify(rows, null, 2) : printExplanation(rows, language, explaining), complaints };
}
