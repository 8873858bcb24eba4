/**
 * The books of a world that lives on a clock of its own: a database would make real time pass. The stores are the real ones in
 * memory; here stand only what a gateway has around them, the site file brought in and what is committed handed out.
 */
import type { Command } from "../../src/commands/command.ts";
import type { MeterRecord } from "../../src/devices/meter.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import type { CommandId } from "../../src/kernel/ids.ts";
import type { Transactor } from "../../src/kernel/transaction.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory, type StoresInMemory } from "../../src/stores/in-memory/stores.ts";

const HELPING = 1_000;

export class BooksInMemory {
  readonly stores: StoresInMemory;
  readonly ledger: Ledger;
  readonly transactor: Transactor;
  readonly #db: InMemoryDatabase;
  readonly #onWake: (command: CommandId) => void;

  constructor(clock: Clock, onWake: (command: CommandId) => void) {
    this.#db = new InMemoryDatabase({ now: () => clock.now() });
    this.stores = storesInMemory(this.#db, clock);
    this.ledger = new Ledger({ store: this.stores.ledger, clock });
    this.#onWake = onWake;
    this.transactor = {
      transact: async (work) => {
        const result = await this.#db.transact(work);
        await this.#handOut();
        return result;
      },
    };
  }

  async bringIn(meters: readonly MeterRecord[]): Promise<void> {
    const accounts = meters.flatMap(({ account }) => account ?? []);
    const rest = { name: "", class: "residential", mode: "local", tariff: "flat" } as const;
    await this.stores.meters.bringIn(
      accounts.map((account) => ({ account, ...rest })),
      meters,
    );
  }

  command(id: CommandId): Command {
    return this.#db.books.commands.find(null, id)!.command;
  }

  /** What became of the money of a command; undefined: it is held, or there was none. */
  moneyOf(id: CommandId): "settled" | "released" | undefined {
    const closing = this.#db.books.entries.findBy(null, "ledger_entries_closes_key", id);
    return closing === undefined ? undefined : closing.entry.kind === "settle" ? "settled" : "released";
  }

  async #handOut(): Promise<void> {
    const told = await this.stores.outbox.next(HELPING, null);
    await this.stores.outbox.forget(told.map(({ id }) => id));
    for (const { command } of told) if (command !== null) this.#onWake(command);
  }
}
