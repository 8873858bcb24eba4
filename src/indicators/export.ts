/** A sheet as a file: CSV with a line of names, or one JSON object a line. Names and their order are those of the table of sheets. */
import { printCsv } from "../ledger/csv.ts";
import type { Row } from "./cells.ts";
import { sheetOf, type SheetName } from "./sheets.ts";

export const formats = ["csv", "jsonl"] as const;
export type Format = (typeof formats)[number];

export const columnsOf = (sheet: SheetName): readonly string[] => Object.keys(sheetOf(sheet).columns);

export async function* fileOf(sheet: SheetName, format: Format, pieces: AsyncIterable<readonly Row[]>): AsyncGenerator<string> {
  const columns = columnsOf(sheet);
  if (format === "csv") yield printCsv([columns]);
  for await (const rows of pieces) {
    if (rows.length === 0) continue;
    yield format === "csv"
      ? printCsv(rows.map((row) => columns.map((name) => row[name] ?? "")))
      : rows.map((row) => `${JSON.stringify(Object.fromEntries(columns.map((name) => [name, row[name] ?? ""])))}\n`).join("");
  }
}
