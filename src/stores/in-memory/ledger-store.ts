/** The ledger in memory: entries are only ever added, their legs are summed when they are committed, positions stand beside them. */
import type { AccountId } from "../../kernel/ids.ts";
import { Fen } from "../../kernel/money.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { Entry, EntryKind, LedgerStore, StatementLine } from "../../ledger/ledger-store.ts";
import { book, isPositioned, type Position } from "../../ledger/ledger.ts";
import type { InMemoryDatabase } from "./database.ts";
import type { Work } from "./table.ts";
import { pair } from "./tables.ts";

const sumOf = (legs: Entry["legs"], counts: (name: string) => boolean): Fen =>
  Fen(legs.reduce((sum, leg) => (counts(leg.book) ? sum + leg.amount : sum), 0n));

export class InMemoryLedgerStore implements LedgerStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  position(tx: Transaction | null, account: AccountId): Promise<Position> {
    return this.#db.look(tx, (on) => this.#read(on, account));
  }

  lockPosition(tx: Transaction, account: AccountId): Promise<Position> {
    const { positions } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      // In one order for everybody; a row that is not there yet is made, so that there is something to hold.
      for (const name of [book.available(account), book.held(account)])
        await positions.upsert(on, name, (row) => (row === undefined ? { book: name, amount: 0n } : null));
      return this.#read(on, account);
    });
  }

  exists(tx: Transaction, key: { kind: EntryKind; reference: string; closes: string | null }): Promise<boolean> {
    const { entries } = this.#db.books;
    return this.#db.look(
      tx,
      (on) =>
        entries.findBy(on, "ledger_entries_kind_reference_key", pair(key.kind, key.reference)) !== undefined ||
        (key.closes !== null && entries.findBy(on, "ledger_entries_closes_key", key.closes) !== undefined),
    );
  }

  append(tx: Transaction, given: Entry): Promise<void> {
    const { entries, positions } = this.#db.books;
    const entry: Entry = { ...given, legs: given.legs.map((leg) => ({ ...leg })) };
    return this.#db.statement(tx, async (on) => {
      const id = BigInt(this.#db.books.nextId());
      await entries.add(on, { id, entry });
      for (const { book: name, amount } of entry.legs)
        if (isPositioned(name)) await positions.upsert(on, name, (row) => ({ book: name, amount: (row?.amount ?? 0n) + amount }));
      this.#db.checkAtCommit(tx, () => {
        if (sumOf(entry.legs, () => true) !== 0n) throw new Error(`the legs of ledger entry ${String(id)} do not sum to zero`);
      });
    });
  }

  statement(account: AccountId, page: { limit: number; before: bigint | null }): Promise<readonly StatementLine[]> {
    const [available, held] = [book.available(account), book.held(account)];
    return this.#db.look(null, (on) => {
      const rows = new Map(
        [available, held].flatMap((name) => this.#db.books.entries.in(on, "book", name)).map((row) => [row.id, row]),
      );
      return [...rows.values()]
        .filter(({ id }) => page.before === null || id < page.before)
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, page.limit)
        .map(({ id, entry: { kind, reference, at, note, legs } }) => ({
          ...{ id, kind, reference, at, note },
          available: sumOf(legs, (name) => name === available),
          held: sumOf(legs, (name) => name === held),
        }));
    });
  }

  total(book: string | null, tx: Transaction | null = null): Promise<Fen> {
    const isMeant = (name: string): boolean => book === null || name === book;
    return this.#db.look(tx, (on) =>
      Fen(this.#db.books.entries.all(on).reduce((sum, { entry }) => sum + sumOf(entry.legs, isMeant), 0n)),
    );
  }

  #read(on: Work | null, account: AccountId): Position {
    const of = (name: string): Fen => Fen(this.#db.books.positions.find(on, name)?.amount ?? 0n);
    return { available: of(book.available(account)), held: of(book.held(account)) };
  }
}
