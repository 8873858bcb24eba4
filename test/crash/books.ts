/** The books as an auditor sees them: asked directly, past the gateway. */
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";

export async function withBooks<T>(connectionString: string, work: (db: Database) => Promise<T>): Promise<T> {
  const db = await Database.open({ connectionString, log: silentLog, connectionsMax: 1, actor: "crash matrix" });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}

/** What does not add up in the ledger, in words. */
export const wrongInLedger = (db: Database): Promise<readonly string[]> =>
  db
    .rows<{ wrong: string }>(
      null,
      `SELECT 'entry ' || entry || ' sums to ' || sum(amount) AS wrong FROM ledger_legs GROUP BY entry HAVING sum(amount) <> 0
        UNION ALL
       SELECT 'position ' || p.book || ' is ' || p.amount || ', its legs sum to ' || coalesce(l.sum, 0)
         FROM ledger_positions p LEFT JOIN (SELECT book, sum(amount) AS sum FROM ledger_legs GROUP BY book) l USING (book)
        WHERE p.amount <> coalesce(l.sum, 0)
        UNION ALL
       SELECT 'hold of ' || e.reference || ' was closed ' || count(*) || ' times'
         FROM ledger_entries e JOIN ledger_entries c ON c.closes = e.reference WHERE e.kind = 'hold' GROUP BY e.reference HAVING count(*) > 1`,
    )
    .then((rows) => rows.map(({ wrong }) => wrong));
