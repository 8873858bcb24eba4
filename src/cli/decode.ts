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

/** "68 01…", "68:01", "0x68,0x01": hex digits with anything between pairs that people paste. */
export function bytesOfArgument(text: string, index: number): Uint8Array {
  const digits = text.replaceAll(/0x/gi, "").replaceAll(/[\s:,;_-]/g, "");
  const stranger = /[^0-9A-Fa-f]/.exec(digits);
  if (stranger !== null)
    throw new WrongUse(`Argument ${index + 1}: "${stranger[0]}" is no hex digit (at digit ${stranger.index + 1}).`);
  if (digits === "") throw new WrongUse(`Argument ${index + 1} is empty; write the bytes of a frame in hex.`);
  if (digits.length % 2 === 1) throw new WrongUse(`Argument ${index + 1} has ${digits.length} hex digits; bytes have two each.`);
  return Uint8Array.from({ length: digits.length / 2 }, (_, at) => Number.parseInt(digits.slice(at * 2, at * 2 + 2), 16));
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

/** A damaged frame is told, not failed at: naming it is what was asked for. */
export function decode(args: readonly string[], options: DecodeOptions): string {
  const { json, language, explaining } = options;
  const rows: ExplainRow[] = args.flatMap((text, index) => explain(bytesOfArgument(text, index), index, explaining));
  return json ? JSON.stringify(rows, null, 2) : printExplanation(rows, language, explaining);
}
