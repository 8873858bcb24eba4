/** What a receipt wants to know of the ledger: whole entries with all their legs, whoever's books they touch. */
import { Instant } from "../kernel/clock.ts";
import type { LedgerFact } from "../receipts/receipt.ts";
import type { Database } from "./database.ts";

type Row = Omit<LedgerFact, "at" | "legs"> & { readonly at: number; readonly books: string[]; readonly amounts: bigint[] };

export async function entriesOf(db: Database, references: readonly string[]): Promise<readonly LedgerFact[]> {
  const rows = await db.rows<Row>(
    null,
    `SELECT e.id::text AS id, e.kind, e.reference, e.at, e.note, array_agg(l.book ORDER BY l.book) AS books, array_agg(l.amount ORDER BY l.book) AS amounts
       FROM ledger_entries e JOIN ledger_legs l ON l.entry = e.id WHERE e.reference = ANY($1) GROUP BY e.id ORDER BY e.id`,
    [references],
  );
  return rows.map(({ books, amounts, at, ...row }) => ({
    ...row,
    at: Instant(at),
    legs: Object.fromEntries(books.map((book, index) => [book, amounts[index]!])),
  }));
}
