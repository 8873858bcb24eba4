/**
 * Holds a gateway whose books nothing stands before: a transaction of our own keeps a row, and the gateway stops exactly where it wants
 * to write it. Locks are of the weakest kind that stops the step meant, so that steps before it pass: NO KEY UPDATE on a meter lets
 * commands be accepted for it (their foreign key wants KEY SHARE) and stops the attempt (FOR UPDATE).
 */
import pg from "pg";

export interface RowLock {
  /** How many others wait for what this one holds. */
  waiting(): Promise<number>;
  letGo(): Promise<void>;
}

const lockOf = {
  meter: "SELECT 1 FROM meters WHERE address = $1 FOR NO KEY UPDATE",
  command: "SELECT 1 FROM commands WHERE id = $1 FOR NO KEY UPDATE",
  position: "SELECT 1 FROM ledger_positions WHERE book LIKE '%' || $1 || '%' FOR NO KEY UPDATE",
} as const;
export type LockedRow = keyof typeof lockOf;

/** Our own waiting is short: whoever else wants that row is the gateway. */
const WAIT_MS_MAX = 5_000;

export async function lockRow(connectionString: string, row: LockedRow, key: string): Promise<RowLock> {
  const client = new pg.Client({ connectionString, application_name: "crash matrix", lock_timeout: WAIT_MS_MAX });
  client.on("error", () => undefined); // the server dies under us: that is what this is for
  await client.connect();
  await client.query("BEGIN");
  const { rowCount } = await client.query(lockOf[row], [key]);
  if (rowCount === 0) throw new Error(`there is no ${row} ${key} to lock`);
  return {
    waiting: async () => {
      const { rows } = await client.query<{ count: number }>(
        "SELECT count(*)::int AS count FROM pg_stat_activity WHERE pg_backend_pid() = ANY(pg_blocking_pids(pid))",
      );
      return rows[0]!.count;
    },
    letGo: () => client.end().catch(() => undefined),
  };
}
