/** Same key, same answer, in memory: the key lives and dies with the transaction of its effect, and a twin waits at it. */
import { Fault } from "../../kernel/faults.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { StoredAnswer } from "../idempotency-store.ts";
import type { InMemoryDatabase } from "./database.ts";

export class InMemoryIdempotencyStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  async claim(tx: Transaction, key: string, fingerprint: string): Promise<StoredAnswer | null> {
    const { keys } = this.#db.books;
    const row = await this.#db.statement(tx, async (on) => {
      const taken = await keys.insert(on, { key, fingerprint, status: 0, body: "null" });
      return taken === null ? null : keys.find(on, key)!;
    });
    if (row === null) return null;
    if (row.fingerprint !== fingerprint) throw new Fault("idempotency-conflict", { key });
    return { status: row.status, body: JSON.parse(row.body) as unknown };
  }

  keep(tx: Transaction, key: string, answer: StoredAnswer): Promise<void> {
    const { keys } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const row = await keys.lock(on, key);
      if (row !== undefined) await keys.update(on, { ...row, status: answer.status, body: JSON.stringify(answer.body) });
    });
  }
}
