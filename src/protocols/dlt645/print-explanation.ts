/**
 * The rows of `explain` as a page for people, in English or Chinese: bytes on the wire, field, the same after -33H, meaning. A
 * password is dots here, its bytes as well, and with them the checksum, which would give a third of it away.
 */
import { STANDARD } from "./choices.ts";
import type { Choices } from "./choices.ts";
import { functionOf } from "./control-codes.ts";
import { itemOf1997 } from "./dictionary-1997.ts";
import { itemOf } from "./dictionary.ts";
import { DOTS, dissect } from "./dissect.ts";
import type { Segment } from "./dissect.ts";
import type { ExplainRow, Explaining } from "./explain.ts";
import { OFFSET, bytesOfHex, decodeFrame, hexByte, hexBytes } from "./frame.ts";
import type { Frame } from "./frame.ts";
import type { Value } from "./item.ts";
import { maskedHex } from "./masked-hex.ts";
import { phraseZh, unitZh } from "./phrases-zh.ts";
import { nameZh } from "./words-zh.ts";

export type Language = "en" | "zh";

/** How a page says things; titles of the item it is about have their own words in both languages. */
interface Tongue {
  readonly field: (text: string) => string;
  readonly phrase: (text: string) => string;
  readonly name: (name: string) => string;
  readonly unit: (unit: string) => string;
}
const ENGLISH: Tongue = { field: (text) => text, phrase: (text) => text, name: (name) => name, unit: (unit) => unit };

function chinese(row: ExplainRow): Tongue {
  const item = row.di === null ? undefined : row.protocol === "1997" ? itemOf1997(row.di) : itemOf(row.di);
  const own = item === undefined || item.zh === "" ? undefined : item;
  const phrase = (text: string): string => (text === own?.title ? own.zh : phraseZh(text));
  return {
    phrase,
    /** Fields of a frame are named by a phrase, or like values. */
    field: (text) => (phrase(text) === text ? (nameZh(text) ?? text) : phrase(text)),
    name: (name) => (name === own?.name ? own.zh : (nameZh(name) ?? name)),
    unit: unitZh,
  };
}

interface Line {
  readonly wire: string;
  readonly field: string;
  readonly plain: string;
  readonly meaning: string;
}
const line = (wire: string, field: string, plain: string, meaning: string): Line => ({ wire, field, plain, meaning });

/** The same `explaining` that made the rows. */
export function printExplanation(rows: readonly ExplainRow[], language: Language = "en", explaining: Explaining = {}): string {
  const { choices = STANDARD } = explaining;
  return rows.map((row) => printRow(row, language === "zh" ? chinese(row) : ENGLISH, choices)).join("\n\n");
}

function printRow(row: ExplainRow, tongue: Tongue, choices: Choices): string {
  const bytes = bytesOfHex(row.hex);
  const decoded = decodeFrame(bytes);
  if (!row.valid || !("frame" in decoded)) return `✗ ${tongue.phrase(row.why ?? "no frame")}\n  ${maskedHex(bytes)}`;
  const { frame } = decoded;
  const { segments } = dissect(frame, choices);
  const secret = segments.some((segment) => segment.secret);
  const say = tongue.phrase;
  const lines: Line[] = [
    line(say("on the wire"), say("field"), say("less 33H"), say("meaning")),
    line("68", say("start"), "", ""),
    line(hexBytes(bytes.subarray(1, 7)), say("address"), "", row.address ?? ""),
    line("68", say("start"), "", ""),
    line(hexByte(frame.control), say("control"), "", controlOf(frame, row, tongue)),
    line(hexByte(frame.data.length), say("length"), "", say(`${frame.data.length} data bytes`)),
  ];
  let at = 0;
  for (const segment of segments) {
    lines.push(...segmentLines(segment, frame.data.subarray(at, at + segment.bytes), tongue));
    at += segment.bytes;
  }
  lines.push(
    line(secret ? "••" : hexByte(bytes[bytes.length - 2]!), say("checksum"), "", say("right")),
    line("16", say("end"), "", ""),
  );
  return table(lines);
}

function controlOf(frame: Frame, { direction, error }: ExplainRow, { phrase }: Tongue): string {
  const { title, version } = functionOf(frame);
  const follows = (frame.control & 0xa0) === 0xa0;
  const words = [title, direction ?? "", ...(error === null ? [] : ["exception"]), ...(follows ? ["more follows"] : [])];
  return `${words.map(phrase).join(", ")} (${version})`;
}

function segmentLines(segment: Segment, plain: Uint8Array, tongue: Tongue): Line[] {
  const onWire = segment.secret === true ? "••" : hexBytes(plain.map((byte) => byte + OFFSET));
  const without = segment.secret === true ? DOTS : hexBytes(plain);
  const meanings =
    segment.meaning === undefined ? segment.values.map((value) => printValue(value, tongue)) : [tongue.phrase(segment.meaning)];
  const [first = "", ...others] = meanings;
  return [line(onWire, tongue.field(segment.field), without, first), ...others.map((meaning) => line("", "", "", meaning))];
}

function printValue({ name, value, unit, fault }: Value, { phrase, name: nameOf, unit: unitOf }: Tongue): string {
  const what = fault === undefined ? phrase(value ?? "no data") : `✗ ${phrase(fault)}`;
  return `${nameOf(name)} ${what}${value === null || unit === null ? "" : ` ${unitOf(unit)}`}`;
}

const WIRE_WIDTH_MAX = 47;

function table(lines: readonly Line[]): string {
  const broken = lines.flatMap(({ wire, field, plain, meaning }) => {
    const wires = chunks(wire);
    const plains = chunks(plain);
    return Array.from({ length: Math.max(wires.length, plains.length) }, (_, i) =>
      line(wires[i] ?? "", i === 0 ? field : "", plains[i] ?? "", i === 0 ? meaning : ""),
    );
  });
  const width = (of: (each: Line) => string): number => Math.max(...broken.map((each) => columns(of(each))));
  const [wire, field, plain] = [width((l) => l.wire), width((l) => l.field), width((l) => l.plain)];
  return broken
    .map((l) => `  ${padded(l.wire, wire)}  ${padded(l.field, field)}  ${padded(l.plain, plain)}  ${l.meaning}`.trimEnd())
    .join("\n");
}

/** A terminal gives a Chinese character two columns. */
const columns = (text: string): number =>
  Array.from(text).reduce((sum, letter) => sum + (/[\u2e80-\uffef]/.test(letter) ? 2 : 1), 0);
const padded = (text: string, width: number): string => text + " ".repeat(Math.max(0, width - columns(text)));

/** Sixteen bytes a line. */
const chunks = (text: string): string[] =>
  text === ""
    ? [""]
    : Array.from({ length: Math.ceil((text.length + 1) / (WIRE_WIDTH_MAX + 1)) }, (_, i) =>
        text.slice(i * 48, i * 48 + WIRE_WIDTH_MAX),
      );
