/**
 * Same key, same answer. The key's row is written in the transaction of the effect itself: a first request that died left
 * nothing, and the next one with that key is answered as if it were new; a concurrent twin waits at the key.
 *
 * An answer is kept as the text it was sent as, inside the jsonb column: jsonb itself forgets the order of fields, and "the
 * same answer" means the same bytes.
 */
import { Fault } from "../kernel/faults.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { at, type Database } from "./database.ts";

export interface StoredAnswer {
  readonly status: number;
  readonly body: unknown;
}

export class PostgresIdempotencyStore {
  readonly #db: Database;
  readonly #clock: Clock;

  constructor(db: Database, clock: Clock) {
    this.#db = db;
    this.#clock = clock;
  }

  /** The stored answer, or null when this transaction may go on. Another fingerprint under the same key is refused by name. */
  async claim(tx: Transaction, key: string, fingerprint: string): Promise<StoredAnswer | null> {
    const claimed = await this.#db.run(
      tx,
      "INSERT INTO idempotency_keys (key, fingerprint, status, body, created_at) VALUES ($1, $2, 0, 'null', $3) ON CONFLICT (key) DO NOTHING",
      [key, fingerprint, at(this.#clock.now())],
    );
    if (claimed === 1) return null;
    const [row] = await this.#db.rows<{ fingerprint: string; status: number; body: string }>(
      tx,
      "SELECT fingerprint, status, body FROM idempotency_keys WHERE key = $1",
      [key],
    );
    if (row === undefined) throw new Error("an idempotency key that stood in the way is gone");
    if (row.fingerprint !== fingerprint) throw new Fault("idempotency-conflict", { key });
    return { status: row.status, body: JSON.parse(row.body) as unknown };
  }

  async keep(tx: Transaction, key: string, answer: StoredAnswer): Promise<void> {
    await this.#db.run(tx, "UPDATE idempotency_keys SET status = $2, body = $3 WHERE key = $1", [
      key,
      answer.status,
      JSON.stringify(JSON.stringify(answer.body)),
    ]);
  }
}
