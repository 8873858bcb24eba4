/**
 * The statements of one month for every account at once: a row each, with what it had, what moved by kind, what it has, and what its days
 * used and cost. What a row says is what `statementOf` says of that account and month; here it is summed where the rows are.
 */
import { kwh, type CentiKwh } from "../kernel/energy.ts";
import { Fault } from "../kernel/faults.ts";
import { yuan, type Fen } from "../kernel/money.ts";
import { startOfDay, type Period } from "./period.ts";

/** Columns of movements, and the kinds of entries that each of them sums. A kind that stands in none is summed as `other`. */
export const COLUMNS = {
  payments: ["payment"],
  charges: ["charge"],
  feedIn: ["feed-in"],
  toMeter: ["hold", "release", "settle"], // net: what is held stands in its own columns
  refunds: ["refund"],
  payouts: ["payout"],
  corrections: ["correction"],
} as const;
export type Column = keyof typeof COLUMNS | "other";
export const columns: readonly Column[] = [...(Object.keys(COLUMNS) as (keyof typeof COLUMNS)[]), "other"];

export interface MonthRow {
  readonly account: string;
  readonly name: string;
  readonly class: string;
  readonly mode: string;
  readonly tariff: string;
  readonly opening: Fen;
  readonly openingHeld: Fen;
  readonly moved: Readonly<Record<Column, Fen>>;
  readonly closing: Fen;
  readonly closingHeld: Fen;
  /** Entries that moved it. */
  readonly entries: number;
  readonly days: number;
  readonly energy: CentiKwh;
  readonly cost: Fen;
}

/** Pure: "2026-11" as the moments in which it begins and ends in this zone. */
export function monthOf(text: string, timeZone: string): Period {
  const [, year, month] = /^(\d{4})-(0[1-9]|1[0-2])$/.exec(text) ?? [];
  if (year === undefined || month === undefined)
    throw new Fault("period-malformed", { given: text, allowed: "a month like 2026-11" });
  const next =
    Number(month) === 12
      ? `${String(Number(year) + 1).padStart(4, "0")}-01`
      : `${year}-${String(Number(month) + 1).padStart(2, "0")}`;
  return { from: startOfDay(`${text}-01`, timeZone), to: startOfDay(`${next}-01`, timeZone) };
}

export const HEADER = [
  ...["account", "name", "class", "mode", "tariff", "opening", "openingHeld"],
  ...columns,
  ...["closing", "closingHeld", "entries", "days", "kWh", "cost"],
];

export const cellsOf = (row: MonthRow): readonly string[] => [
  ...[row.account, row.name, row.class, row.mode, row.tariff, yuan(row.opening), yuan(row.openingHeld)],
  ...columns.map((column) => yuan(row.moved[column])),
  ...[yuan(row.closing), yuan(row.closingHeld), String(row.entries), String(row.days), kwh(row.energy), yuan(row.cost)],
];

/** Pure: a row whose movements do not lead from its opening to its closing is a mistake of ours, and no statement. */
export function mustLeadOn({ account, opening, closing, moved }: MonthRow): void {
  const sum = columns.reduce<bigint>((total, column) => total + moved[column], opening);
  if (sum !== closing)
    throw new Error(`the statement of ${account} opens with ${opening}, moves to ${sum} and closes with ${closing} fen`);
}
