/** What is committed and still to be told, as rows: written in the transaction that made it true, deleted once it was handed out. */
import type { Announcement, Outbox } from "../kernel/events.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Database } from "./database.ts";
import type { Told, Untold } from "./outbox-pump.ts";

export class PostgresOutbox implements Outbox, Untold {
  readonly #db: Database;
  readonly #waiting = new WeakMap<Transaction, Row[]>();

  constructor(db: Database) {
    this.#db = db;
  }

  announce(tx: Transaction, event: Announcement): Promise<void> {
    return this.#add(tx, { command: null, event: JSON.stringify(event) });
  }

  wake(tx: Transaction, command: CommandId): Promise<void> {
    return this.#add(tx, { command, event: null });
  }

  next(limit: number, buses: readonly string[] | null): Promise<readonly Told[]> {
    return this.#db.rows(
      null,
      `SELECT o.id, o.command, o.event FROM outbox o WHERE o.command IS NULL
           OR $2::text[] IS NULL OR EXISTS (SELECT 1 FROM commands c JOIN meters m ON m.address = c.meter WHERE c.id = o.command AND m.bus = ANY($2))
        ORDER BY o.id LIMIT $1`,
      [limit, buses],
    );
  }

  async forget(ids: readonly bigint[]): Promise<void> {
    await this.#db.run(null, "DELETE FROM outbox WHERE id = ANY($1::bigint[])", [ids]);
  }

  /** What one transaction has to tell is written in one statement, last. */
  #add(tx: Transaction, row: Row): Promise<void> {
    let rows = this.#waiting.get(tx);
    if (rows === undefined) {
      const all: Row[] = (rows = []);
      this.#waiting.set(tx, all);
      this.#db.beforeCommit(tx, () =>
        this.#db.run(
          tx,
          "INSERT INTO outbox (command, event) SELECT command, event FROM unnest($1::uuid[], $2::jsonb[]) WITH ORDINALITY AS row(command, event, n) ORDER BY n",
          [all.map(({ command }) => command), all.map(({ event }) => event)],
        ),
      );
    }
    rows.push(row);
    return Promise.resolve();
  }
}

interface Row {
  readonly command: CommandId | null;
  readonly event: string | null;
}
