/** A table of meters, line by line: what is wrong with it in itself, before any gateway is asked. Pure. */
import { isFault } from "../../kernel/faults.ts";
import { AccountId, MeterAddress } from "../../kernel/ids.ts";
import { isScientific, readTable, type Column, type Complaint } from "./table.ts";

export type MeterColumn =
  "address" | "meterNumber" | "customerNumber" | "account" | "bus" | "model" | "name" | "class" | "mode" | "tariff";

export const meterColumns: readonly Column<MeterColumn>[] = [
  { name: "address", also: ["通信地址", "表地址"], needed: true },
  { name: "bus", also: ["总线", "线路"], needed: true },
  { name: "model", also: ["表型", "型号"], needed: true },
  { name: "account", also: ["户号"], needed: false },
  { name: "meterNumber", also: ["表号"], needed: false },
  { name: "customerNumber", also: ["客户编号"], needed: false },
  { name: "name", also: ["户名"], needed: false },
  { name: "class", also: ["用户类别"], needed: false },
  { name: "mode", also: ["费控方式"], needed: false },
  { name: "tariff", also: ["电价"], needed: false },
];

export interface MeterLine {
  readonly line: number;
  /** As the gateway takes it. */
  readonly body: Readonly<Partial<Record<MeterColumn, string>>>;
}

export interface MetersFile {
  readonly lines: readonly MeterLine[];
  readonly complaints: readonly Complaint[];
  headOf(name: string): string;
}

const long: readonly MeterColumn[] = ["address", "meterNumber", "customerNumber", "account"];

export function readMeters(bytes: Uint8Array): MetersFile {
  const table = readTable(bytes, meterColumns);
  const headOf = (name: string): string => table.heads[name as MeterColumn] ?? name;
  const complaints = [...table.complaints];
  const seen = new Map<string, number>();
  const lines = table.rows.map(({ line, cells }): MeterLine => {
    const wrong = (column: MeterColumn, say: string): void => void complaints.push({ line, column: headOf(column), say });
    for (const { name, needed } of meterColumns) if (needed && cells[name] === undefined) wrong(name, "The cell is empty.");
    for (const name of long) {
      const cell = cells[name];
      if (cell === undefined) continue;
      if (isScientific(cell))
        wrong(
          name,
          `"${cell}" is what a spreadsheet makes of a long number; give the column the format "text" and fill it again.`,
        );
      else if (name === "account")
        because(
          () => AccountId(cell),
          (say) => wrong(name, say),
        );
      else if (name === "address")
        because(
          () => MeterAddress(cell),
          (say) => wrong(name, say),
        );
      else if (!/^\d{12}$/.test(cell)) wrong(name, `"${cell}": twelve digits.`);
    }
    for (const name of ["address", "account"] as const) {
      const key = cells[name] === undefined ? undefined : `${name} ${cells[name]}`;
      const earlier = key === undefined ? undefined : seen.get(key);
      if (earlier !== undefined) wrong(name, `It stands in line ${earlier} already.`);
      else if (key !== undefined) seen.set(key, line);
    }
    return { line, body: cells };
  });
  if (lines.length === 0 && complaints.length === 0)
    complaints.push({ line: 1, column: null, say: "There is a head, and no meter." });
  return { lines, complaints, headOf };
}

function because(read: () => unknown, say: (why: string) => void): void {
  try {
    read();
  } catch (error) {
    if (!isFault(error)) throw error;
    say(error.message);
  }
}
