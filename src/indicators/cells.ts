/** Rows as they are told outside: every cell a text. Figures are made of these very texts, so whoever has the sheet has what we had. */
import { Instant, iso } from "../kernel/clock.ts";
import { kwh } from "../kernel/energy.ts";
import type { Cell, RawRow } from "./indicator-store.ts";
import { sheetOf, type Kind, type SheetName } from "./sheets.ts";

export type Row = Readonly<Record<string, string>>;

/** ISO 8601 with milliseconds: thirty seconds are measured between two of them. */
export function momentText(at: number, timeZone: string): string {
  const whole = iso(Instant(at), timeZone);
  const ms = String(((Math.floor(at) % 1_000) + 1_000) % 1_000).padStart(3, "0");
  return `${whole.slice(0, -OFFSET_LETTERS)}.${ms}${whole.slice(-OFFSET_LETTERS)}`;
}
const OFFSET_LETTERS = "+08:00".length;

const written: Readonly<Record<Kind, (cell: string | number | bigint, timeZone: string) => string>> = {
  text: String,
  number: String,
  moment: (cell, timeZone) => momentText(Number(cell), timeZone),
  kwh: (cell) => (typeof cell === "bigint" ? kwh(cell) : String(cell)),
};

const textOf = (cell: Cell | undefined, kind: Kind, timeZone: string): string =>
  cell === null || cell === undefined ? "" : written[kind](cell, timeZone);

/** A row in the order of its sheet's columns; of one that was counted together only those that it has. */
export function rowOf(sheet: SheetName, raw: RawRow, timeZone: string): Row {
  const row: Record<string, string> = {};
  for (const [name, { kind }] of Object.entries(sheetOf(sheet).columns))
    if (name in raw) row[name] = textOf(raw[name], kind, timeZone);
  return row;
}

/** Always the same order, whatever the store's was. */
export const inOrder = (rows: readonly Row[]): readonly Row[] =>
  rows
    .map((row) => ({ row, key: Object.values(row).join("\u0000") }))
    .sort((a, b) => (a.key < b.key ? -1 : a.key > b.key ? 1 : 0))
    .map(({ row }) => row);
