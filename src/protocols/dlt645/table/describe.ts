/**
 * What the tables of the standard say of an item in a line: format, length, unit, sign. All of it follows from the shape, so it is told
 * here once, for the printed page and for the test that lays the dictionary beside the reference.
 */
import type { Format } from "../formats/format.ts";
import { patternOf } from "../item.ts";
import type { Shape } from "../item.ts";

export interface Description {
  readonly format: string;
  /** Null: as long as it comes. */
  readonly bytes: number | null;
  readonly unit: string;
  readonly signed: boolean;
}

/** What a moment is a moment of; the entries of tables and the moments without a year are their pattern and nothing more. */
const MOMENT_UNITS: Readonly<Record<string, string>> = {
  YYMMDDWW: "date",
  hhmmss: "time",
  YYMMDDhhmm: "datetime",
  YYMMDDhhmmss: "datetime",
  YYMMDDWWhhmmss: "datetime",
  DDhh: "day,hour",
};
const unitOf = ({ kind, unit, pattern }: Format<unknown>): string =>
  unit ?? (kind === "bits" ? "bits" : kind === "moment" ? (MOMENT_UNITS[pattern] ?? "") : "");

/** Records, blocks and load records hold so many things that their unit and sign are told by the fields alone. */
const MANY: ReadonlySet<string> = new Set(["record", "block", "A0A0..E5", "cipher 16, MAC 4", "-", "varies"]);

export function describe({ pattern, bytes, fields }: Shape): Description {
  // "6 x NNNNNN.NN, 7 x NNNN.NNNN, …" is a whole table of prices.
  if (MANY.has(pattern) || pattern.includes(", 7 x ")) return { format: pattern, bytes, unit: "", signed: false };
  const listed = pattern === patternOf(fields);
  // The start of a curve is no part of its unit.
  const told = pattern.includes(" + ") ? fields.slice(1) : fields;
  const units = told.map(({ format }) => unitOf(format)).filter((unit, i, all) => listed || all.indexOf(unit) === i);
  return {
    format: pattern,
    bytes,
    unit: units.every((unit) => unit === "") ? "" : units.join(","),
    signed: told.some(({ format }) => format.signed),
  };
}
