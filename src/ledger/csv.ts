/** Rows of text as CSV (RFC 4180), out and in. Cells that a spreadsheet would take for a formula are written so that it does not. */
const NUMBER = /^-?\d+(?:\.\d+)?$/;

function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) && !NUMBER.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

export const printCsv = (rows: readonly (readonly string[])[]): string =>
  rows.map((row) => `${row.map(cell).join(",")}\r\n`).join("");

/** Commas, or semicolons where the first line has no comma. Quotes may hold either, and line ends. Empty lines say nothing. */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [];
  const body = text.replace(/^\uFEFF/, "");
  const [firstLine = ""] = body.split(/\r?\n/, 1);
  const separator = firstLine.includes(",") ? "," : ";";
  let row: string[] = [];
  let field = "";
  let quoted = false;
  const endRow = (): void => {
    row.push(field);
    if (row.some((each) => each.trim() !== "")) rows.push(row.map((each) => each.trim()));
    row = [];
    field = "";
  };
  for (let at = 0; at < body.length; at += 1) {
    const letter = body[at]!;
    if (quoted) {
      if (letter !== '"') field += letter;
      else if (body[at + 1] === '"') field += body[(at += 1)]!;
      else quoted = false;
    } else if (letter === '"') quoted = true;
    else if (letter === separator) {
      row.push(field);
      field = "";
    } else if (letter === "\n") endRow();
    else if (letter !== "\r") field += letter;
  }
  endRow();
  return rows;
}
