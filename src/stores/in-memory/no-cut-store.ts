/** What was said of times in which nobody is cut, in memory. */
import type { Instant } from "../../kernel/clock.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { NoCutPage, NoCutStore } from "../../policy/no-cut-store.ts";
import { isOver, stateOf, type NoCutSpan } from "../../policy/no-cuts.ts";
import type { InMemoryDatabase } from "./database.ts";

export class InMemoryNoCutStore implements NoCutStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  insert(tx: Transaction, span: NoCutSpan): Promise<void> {
    return this.#db.statement(tx, (on) =>
      this.#db.books.noCuts.add(on, { ...span, endedAt: null, endedBy: null, endReason: null }),
    );
  }

  lock(tx: Transaction, id: string): Promise<NoCutSpan | null> {
    return this.#db.statement(tx, async (on) => (await this.#db.books.noCuts.lock(on, id, "update")) ?? null);
  }

  end(
    tx: Transaction,
    id: string,
    { at, by, reason }: { readonly at: Instant; readonly by: string; readonly reason: string },
  ): Promise<void> {
    const { noCuts } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const known = await noCuts.lock(on, id);
      if (known === undefined) return;
      if (known.endedAt !== null)
        throw new Error("a time in which nobody is cut is never edited or deleted; end it and say another");
      await noCuts.update(on, { ...known, endedAt: at, endedBy: by, endReason: reason });
    });
  }

  open(tx: Transaction | null, now: Instant): Promise<readonly NoCutSpan[]> {
    return this.#db.look(tx, (on) =>
      this.#db.books.noCuts
        .all(on)
        .filter((span) => !isOver(span, now))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
  }

  during({ from, until }: { readonly from: Instant; readonly until: Instant }): Promise<readonly NoCutSpan[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.noCuts
        .all(on)
        .filter((span) => span.saidAt <= until && span.until > from && (span.endedAt === null || span.endedAt > from))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    );
  }

  list({ limit, before, state }: NoCutPage): Promise<readonly NoCutSpan[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.noCuts
        .all(on)
        .filter((span) => before === null || span.id < before)
        .filter((span) => state === undefined || stateOf(span, state.at) === state.is)
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    );
  }

  hasClass(tx: Transaction, name: string): Promise<boolean> {
    return this.#db.look(tx, (on) => this.#db.books.accounts.all(on).some((row) => row.class === name));
  }
}
