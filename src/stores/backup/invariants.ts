/** What must be true of any books of ours, looked at as a whole: for rows that came in past the triggers that see to it row by row. */
import { Fault } from "../../kernel/faults.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { Database } from "../database.ts";
import { SCHEMA } from "./tables.ts";

/** Each finds what is wrong; nothing is right. */
const laws: Readonly<Record<string, string>> = {
  "the legs of an entry do not sum to zero":
    "SELECT 'entry ' || entry AS what FROM ledger_legs GROUP BY entry HAVING sum(amount) <> 0",
  "a position is not the sum of its legs": `SELECT coalesce(p.book, s.book) AS what FROM ledger_positions p
     FULL JOIN (SELECT book, sum(amount) AS amount FROM ledger_legs WHERE book ~ '^(available|held|meter)/' GROUP BY book) s ON s.book = p.book
     WHERE coalesce(p.amount, 0) <> coalesce(s.amount, 0)`,
  "money is held for a command that has ended": `SELECT 'command ' || h.reference AS what FROM ledger_entries h
     LEFT JOIN commands c ON c.id::text = h.reference
     WHERE h.kind = 'hold' AND NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.closes = h.reference)
       AND (c.id IS NULL OR c.state NOT IN ('accepted', 'queued', 'sending', 'verifying', 'disputed'))`,
  "a command is open and its money is not held": `SELECT 'command ' || c.id AS what FROM commands c
     WHERE c.effect = 'adds' AND c.kind <> 'refund' AND c.payment IS NOT NULL AND c.account IS NOT NULL
       AND c.state IN ('accepted', 'queued', 'sending', 'verifying', 'disputed')
       AND NOT EXISTS (SELECT 1 FROM ledger_entries h WHERE h.kind = 'hold' AND h.reference = c.id::text
                          AND NOT EXISTS (SELECT 1 FROM ledger_entries e WHERE e.closes = h.reference))`,
  "a guard is switched off": `SELECT c.relname || '.' || t.tgname AS what FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
     WHERE c.relnamespace = '${SCHEMA}'::regnamespace AND t.tgenabled <> 'O'`,
};

const SHOWN_MAX = 5;

export async function mustAddUp(db: Database, tx: Transaction): Promise<void> {
  for (const [law, sql] of Object.entries(laws)) {
    const found = await db.rows<{ what: string }>(tx, `SELECT what FROM (${sql}) x LIMIT ${SHOWN_MAX}`);
    if (found.length > 0) throw new Fault("backup-broken", { why: law, where: found.map(({ what }) => what) });
  }
}
