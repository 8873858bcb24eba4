/**
 * The month's statements out of the rows, set by set: what an account has now less what moved since the month began is its opening, so
 * years of entries before it are not looked at. One still picture: money goes on meanwhile and nothing of it is half in.
 */
import { lstat, open, rename, rm } from "node:fs/promises";
import { CentiKwh } from "../kernel/energy.ts";
import { hours } from "../kernel/clock.ts";
import { Fen } from "../kernel/money.ts";
import { printCsv } from "../ledger/csv.ts";
import { cellsOf, COLUMNS, columns, HEADER, monthOf, mustLeadOn, type Column, type MonthRow } from "../ledger/month-run.ts";
import type { Period } from "../ledger/period.ts";
import type { Database } from "./database.ts";

const RUN_MS_MAX = hours(2);
const ROWS_AT_ONCE = 5_000;

type Row = Record<"account" | "name" | "class" | "mode" | "tariff", string> &
  Record<"opening" | "openingHeld" | "closing" | "closingHeld" | "energy" | "cost" | Column, bigint> &
  Record<"entries" | "days", number>;

const named = Object.values(COLUMNS).flat();
const listed = (kinds: readonly string[]): string => kinds.map((kind) => `'${kind}'`).join(", ");
const sumOf = (column: Column): string =>
  `coalesce(sum(amount) FILTER (WHERE inside AND is_available AND ${column === "other" ? `kind NOT IN (${listed(named)})` : `kind IN (${listed(COLUMNS[column])})`}), 0)::bigint AS "${column}"`;

/** A day belongs to the month by its own name, and an entry by its moment. Moments and names are made here, and never typed by anybody. */
const runOf = (month: string, { from, to }: Period): string => `
  WITH moves AS (
         SELECT substr(l.book, strpos(l.book, '/') + 1) AS account, starts_with(l.book, 'available/') AS is_available, l.amount, e.kind, e.id,
                e.at < '${new Date(to).toISOString()}' AS inside
           FROM ledger_entries e JOIN ledger_legs l ON l.entry = e.id
          WHERE e.at >= '${new Date(from).toISOString()}' AND (starts_with(l.book, 'available/') OR starts_with(l.book, 'held/'))),
       moved AS (
         SELECT account, ${columns.map(sumOf).join(",\n                ")},
                sum(amount) FILTER (WHERE is_available) AS since, sum(amount) FILTER (WHERE NOT is_available) AS "sinceHeld",
                sum(amount) FILTER (WHERE NOT inside AND is_available) AS after, sum(amount) FILTER (WHERE NOT inside AND NOT is_available) AS "afterHeld",
                (count(DISTINCT id) FILTER (WHERE inside))::int AS entries
           FROM moves GROUP BY account),
       used AS (
         SELECT account, count(DISTINCT day)::int AS days, sum(energy)::bigint AS energy, sum(cost)::bigint AS cost
           FROM billing_days WHERE day >= '${month}-01' AND day <= '${month}-31' GROUP BY account)
  SELECT a.account, a.name, a.class, a.mode, a.tariff,
         (coalesce(p.amount, 0) - coalesce(m.since, 0))::bigint AS opening, (coalesce(h.amount, 0) - coalesce(m."sinceHeld", 0))::bigint AS "openingHeld",
         ${columns.map((column) => `coalesce(m."${column}", 0)::bigint AS "${column}"`).join(", ")},
         (coalesce(p.amount, 0) - coalesce(m.after, 0))::bigint AS closing, (coalesce(h.amount, 0) - coalesce(m."afterHeld", 0))::bigint AS "closingHeld",
         coalesce(m.entries, 0) AS entries, coalesce(u.days, 0) AS days, coalesce(u.energy, 0)::bigint AS energy, coalesce(u.cost, 0)::bigint AS cost
    FROM accounts a
    LEFT JOIN ledger_positions p ON p.book = 'available/' || a.account
    LEFT JOIN ledger_positions h ON h.book = 'held/' || a.account
    LEFT JOIN moved m ON m.account = a.account
    LEFT JOIN used u ON u.account = a.account
   ORDER BY a.account`;

/** Hands over the rows of the month, a few thousand at a time, in the order of the accounts. */
export async function runMonth(
  db: Database,
  { month, timeZone }: { readonly month: string; readonly timeZone: string },
  take: (rows: readonly MonthRow[]) => Promise<void>,
): Promise<void> {
  const period = monthOf(month, timeZone);
  await db.transact(
    async (tx) => {
      await db.run(
        tx,
        "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL work_mem = '128MB'; SET LOCAL jit = off; SET LOCAL idle_in_transaction_session_timeout = 0",
      );
      await db.run(tx, `DECLARE month NO SCROLL CURSOR FOR ${runOf(month, period)}`);
      for (;;) {
        const rows = await db.rows<Row>(tx, `FETCH ${ROWS_AT_ONCE} FROM month`);
        const made = rows.map(rowOf);
        made.forEach(mustLeadOn);
        await take(made);
        if (rows.length < ROWS_AT_ONCE) return;
      }
    },
    { statementMsMax: RUN_MS_MAX },
  );
}

export interface MonthTotals {
  readonly accounts: number;
  readonly entries: number;
  readonly opening: Fen;
  readonly closing: Fen;
  readonly energy: CentiKwh;
  readonly cost: Fen;
}

/**
 * Into a new file, which gets its name when all of it is on the disk: one that could not be finished, or whose writer was killed, is no file
 * of statements. What a killed one left is FILE.part, and is written over.
 */
export async function writeMonth(
  db: Database,
  wish: { readonly month: string; readonly timeZone: string; readonly file: string; readonly tell?: (accounts: number) => void },
): Promise<MonthTotals> {
  let totals: MonthTotals = { accounts: 0, entries: 0, opening: Fen(0n), closing: Fen(0n), energy: CentiKwh(0n), cost: Fen(0n) };
  await mustBeNew(wish.file);
  const part = `${wish.file}.part`;
  const out = await open(part, "w");
  try {
    await out.writeFile(printCsv([HEADER])); // goes on until all of it is written; a bare write may not
    await runMonth(db, wish, async (rows) => {
      await out.writeFile(printCsv(rows.map(cellsOf)));
      totals = rows.reduce<MonthTotals>(
        (sum, row) => ({
          accounts: sum.accounts + 1,
          entries: sum.entries + row.entries,
          opening: Fen(sum.opening + row.opening),
          closing: Fen(sum.closing + row.closing),
          energy: CentiKwh(sum.energy + row.energy),
          cost: Fen(sum.cost + row.cost),
        }),
        totals,
      );
      wish.tell?.(totals.accounts);
    });
    await out.sync();
    await out.close();
    await mustBeNew(wish.file); // somebody may have made it meanwhile
    await rename(part, wish.file);
    return totals;
  } catch (error) {
    await out.close();
    await rm(part, { force: true });
    throw error;
  }
}

async function mustBeNew(file: string): Promise<void> {
  const there = await lstat(file).catch(() => null);
  if (there !== null) throw new Error(`EEXIST: ${file} is there already, and stays as it is`);
}

const rowOf = (row: Row): MonthRow => ({
  ...{ account: row.account, name: row.name, class: row.class, mode: row.mode, tariff: row.tariff },
  opening: Fen(row.opening),
  openingHeld: Fen(row.openingHeld),
  moved: Object.fromEntries(columns.map((column) => [column, Fen(row[column])])) as Record<Column, Fen>,
  closing: Fen(row.closing),
  closingHeld: Fen(row.closingHeld),
  ...{ entries: row.entries, days: row.days },
  energy: CentiKwh(row.energy),
  cost: Fen(row.cost),
});
