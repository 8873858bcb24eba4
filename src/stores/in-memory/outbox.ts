/** What is committed and still to be told, in memory. What one transaction has to tell is written last, directly before it commits. */
import type { Announcement, Outbox } from "../../kernel/events.ts";
import type { CommandId } from "../../kernel/ids.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { Told, Untold } from "../outbox-pump.ts";
import type { InMemoryDatabase } from "./database.ts";
import { asJson, type OutboxRow } from "./tables.ts";

export class InMemoryOutbox implements Outbox, Untold {
  readonly #db: InMemoryDatabase;
  readonly #waiting = new WeakMap<Transaction, Omit<OutboxRow, "id">[]>();

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  announce(tx: Transaction, event: Announcement): Promise<void> {
    return this.#add(tx, null, asJson(event));
  }

  wake(tx: Transaction, command: CommandId): Promise<void> {
    return this.#add(tx, command, null);
  }

  next(limit: number, buses: readonly string[] | null): Promise<readonly Told[]> {
    const { outbox, commands, meters } = this.#db.books;
    return this.#db.look(null, (on) => {
      const isOurs = (id: CommandId): boolean => {
        const command = commands.find(on, id)?.command;
        return command !== undefined && buses!.includes(meters.find(on, command.meter)!.bus);
      };
      return outbox
        .all(on)
        .sort((a, b) => a.id - b.id)
        .filter(({ command }) => command === null || buses === null || isOurs(command))
        .slice(0, limit)
        .map(({ id, command, event }) => ({ id: BigInt(id), command, event }));
    });
  }

  forget(ids: readonly bigint[]): Promise<void> {
    const { outbox } = this.#db.books;
    return this.#db.statement(null, async (on) => {
      for (const id of ids) {
        const row = await outbox.lock(on, String(id), "update");
        if (row !== undefined) outbox.remove(on, row);
      }
    });
  }

  #add(tx: Transaction, command: CommandId | null, event: Announcement | null): Promise<void> {
    let rows = this.#waiting.get(tx);
    if (rows === undefined) {
      const all: Omit<OutboxRow, "id">[] = (rows = []);
      this.#waiting.set(tx, all);
      this.#db.beforeCommit(tx, () =>
        this.#db.statement(tx, async (on) => {
          for (const row of all) await this.#db.books.outbox.add(on, { id: this.#db.books.nextId(), ...row });
        }),
      );
    }
    rows.push({ command, event });
    return Promise.resolve();
  }
}
