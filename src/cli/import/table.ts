/**
 * A table as an office hands it over: comma, semicolon or tab between the columns, UTF-8 or the GB 18030 that spreadsheets in China write,
 * a head line in English or Chinese. Rows keep their line numbers, because whoever mends the file needs them; what is wrong is a complaint
 * with line and column, and never ends the reading.
 */
import { parse, type CsvError } from "csv-parse/sync";

export interface Complaint {
  readonly line: number;
  /** As it stands in the head of the file; null: the whole line. */
  readonly column: string | null;
  readonly say: string;
}

export interface Column<Name extends string> {
  readonly name: Name;
  /** Other heads that mean it, in small letters. */
  readonly also: readonly string[];
  readonly needed: boolean;
}

export interface Row<Name extends string> {
  readonly line: number;
  readonly cells: Readonly<Partial<Record<Name, string>>>;
}

export interface Table<Name extends string> {
  readonly encoding: "UTF-8" | "GB 18030";
  /** Head of each column, as it stands in the file. */
  readonly heads: Readonly<Partial<Record<Name, string>>>;
  readonly rows: readonly Row<Name>[];
  readonly complaints: readonly Complaint[];
}

interface Record_ {
  readonly record: readonly string[];
  readonly info: { readonly lines: number };
}

const plain = (head: string): string =>
  head
    .trim()
    .toLowerCase()
    .replaceAll(/[\s_-]/g, "");

export function readTable<Name extends string>(bytes: Uint8Array, columns: readonly Column<Name>[]): Table<Name> {
  const { text, encoding } = decoded(bytes);
  const empty = { encoding, heads: {} as Table<Name>["heads"], rows: [] };
  let records: readonly Record_[];
  try {
    records = parse(text, {
      bom: true,
      delimiter: delimiterOf(text),
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
      trim: true,
    }) as unknown as readonly Record_[];
  } catch (error) {
    const { lines = 1, message } = error as CsvError & { lines?: number };
    return { ...empty, complaints: [{ line: lines, column: null, say: message }] };
  }
  const [head, ...body] = records;
  if (head === undefined) return { ...empty, complaints: [{ line: 1, column: null, say: "The file is empty." }] };
  const placed = head.record.map((text) =>
    columns.find((one) => [one.name, ...one.also].some((name) => plain(name) === plain(text))),
  );
  const complaints = aboutHead(head.record, placed, columns);
  if (complaints.length > 0) return { ...empty, complaints };
  const rows: Row<Name>[] = [];
  // a quoted cell may hold line ends: `lines` counts to the end of a record, and the next begins after it
  let line = head.info.lines;
  for (const { record, info } of body) {
    const at = Math.max(line + 1, info.lines - record.join("").split("\n").length + 1);
    line = info.lines;
    if (record.length !== head.record.length)
      complaints.push({ line: at, column: null, say: `${record.length} cells, and the head has ${head.record.length}.` });
    const cells: Partial<Record<Name, string>> = {};
    for (const [index, column] of placed.entries()) {
      const cell = record[index];
      if (column !== undefined && cell !== undefined && cell !== "") cells[column.name] = cell;
    }
    rows.push({ line: at, cells });
  }
  const heads = Object.fromEntries(
    placed.flatMap((column, index) => (column === undefined ? [] : [[column.name, head.record[index]]])),
  );
  return { encoding, heads: heads as Table<Name>["heads"], rows, complaints };
}

function aboutHead<Name extends string>(
  head: readonly string[],
  placed: readonly (Column<Name> | undefined)[],
  columns: readonly Column<Name>[],
): Complaint[] {
  const allowed = columns.map(({ name, needed }) => (needed ? name : `[${name}]`)).join(", ");
  return [
    ...columns
      .filter((column) => column.needed && !placed.includes(column))
      .map(({ name, also }) => ({
        line: 1,
        column: name,
        say: `The column is missing; the head line names ${allowed}${also.length === 0 ? "" : ` (${name} may be called ${also.join(" or ")})`}.`,
      })),
    ...head.flatMap((text, index) => {
      const column = placed[index];
      if (column === undefined) return [{ line: 1, column: text, say: `No such column; the head line names ${allowed}.` }];
      return placed.indexOf(column) === index
        ? []
        : [{ line: 1, column: text, say: `The column ${column.name} stands here twice.` }];
    }),
  ];
}

function decoded(bytes: Uint8Array): { readonly text: string; readonly encoding: Table<string>["encoding"] } {
  try {
    return { text: new TextDecoder("utf-8", { fatal: true }).decode(bytes), encoding: "UTF-8" };
  } catch {
    return { text: new TextDecoder("gb18030").decode(bytes), encoding: "GB 18030" };
  }
}

/** Whichever the head line has; a head names columns, and no name of ours holds one of these. */
function delimiterOf(text: string): string {
  const head = text.split(/\r?\n/, 1)[0] ?? "";
  return [",", ";", "\t", "，"].find((one) => head.includes(one)) ?? ",";
}

/** What a spreadsheet has made of a long number. */
export const isScientific = (cell: string): boolean => /^\d([.,]\d+)?E\+?\d+$/i.test(cell);
