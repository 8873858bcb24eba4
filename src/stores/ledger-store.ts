/** The ledger's rows. Positions are kept beside the legs in the same transaction, so that a balance is one locked row. */
import { Instant } from "../kernel/clock.ts";
import { Fen } from "../kernel/money.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Entry, EntryKind, LedgerStore, StatementLine } from "../ledger/ledger-store.ts";
import { book, isPositioned, type Position } from "../ledger/ledger.ts";
import { at, type Database } from "./database.ts";

export class PostgresLedgerStore implements LedgerStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async position(tx: Transaction | null, account: AccountId): Promise<Position> {
    return this.#read(
      await this.#db.rows<{ book: string; amount: bigint }>(
        tx,
        "SELECT book, amount FROM ledger_positions WHERE book = ANY($1)",
        [this.#books(account)],
      ),
      account,
    );
  }

  async lockPosition(tx: Transaction, account: AccountId): Promise<Position> {
    // The available book stands for the account: whoever locks it may move both.
    await this.#db.run(
      tx,
      "INSERT INTO ledger_positions (book, amount) VALUES ($1, 0), ($2, 0) ON CONFLICT DO NOTHING",
      this.#books(account),
    );
    return this.#read(
      await this.#db.rows<{ book: string; amount: bigint }>(
        tx,
        "SELECT book, amount FROM ledger_positions WHERE book = ANY($1) ORDER BY book FOR UPDATE",
        [this.#books(account)],
      ),
      account,
    );
  }

  async exists(tx: Transaction, key: { kind: EntryKind; reference: string; closes: string | null }): Promise<boolean> {
    const found = await this.#db.rows(tx, "SELECT 1 FROM ledger_entries WHERE (kind = $1 AND reference = $2) OR closes = $3", [
      key.kind,
      key.reference,
      key.closes,
    ]);
    return found.length > 0;
  }

  async append(tx: Transaction, entry: Entry): Promise<void> {
    const [row] = await this.#db.rows<{ id: bigint }>(
      tx,
      "INSERT INTO ledger_entries (kind, reference, closes, at, note) VALUES ($1, $2, $3, $4, $5) RETURNING id",
      [entry.kind, entry.reference, entry.closes, at(entry.at), entry.note],
    );
    for (const leg of entry.legs) {
      await this.#db.run(tx, "INSERT INTO ledger_legs (entry, book, amount) VALUES ($1, $2, $3)", [
        row!.id,
        leg.book,
        leg.amount,
      ]);
      if (isPositioned(leg.book)) {
        await this.#db.run(
          tx,
          "INSERT INTO ledger_positions (book, amount) VALUES ($1, $2) ON CONFLICT (book) DO UPDATE SET amount = ledger_positions.amount + EXCLUDED.amount",
          [leg.book, leg.amount],
        );
      }
    }
  }

  async statement(account: AccountId, page: { limit: number; before: bigint | null }): Promise<readonly StatementLine[]> {
    const rows = await this.#db.rows<{
      id: bigint;
      kind: EntryKind;
      reference: string;
      at: number;
      available: bigint;
      held: bigint;
      note: string | null;
    }>(
      null,
      `SELECT e.id, e.kind, e.reference, e.at, e.note,
              coalesce(sum(l.amount) FILTER (WHERE l.book = $1), 0)::bigint AS available,
              coalesce(sum(l.amount) FILTER (WHERE l.book = $2), 0)::bigint AS held
         FROM ledger_entries e JOIN ledger_legs l ON l.entry = e.id
        WHERE e.id IN (SELECT entry FROM ledger_legs WHERE book = ANY($3)) AND ($4::bigint IS NULL OR e.id < $4)
        GROUP BY e.id ORDER BY e.id DESC LIMIT $5`,
      [book.available(account), book.held(account), this.#books(account), page.before, page.limit],
    );
    return rows.map((row) => ({ ...row, at: Instant(row.at), available: Fen(row.available), held: Fen(row.held) }));
  }

  async total(prefix: string): Promise<Fen> {
    const [row] = await this.#db.rows<{ sum: bigint }>(
      null,
      "SELECT coalesce(sum(amount), 0)::bigint AS sum FROM ledger_legs WHERE starts_with(book, $1)",
      [prefix],
    );
    return Fen(row!.sum);
  }

  #books(account: AccountId): [string, string] {
    return [book.available(account), book.held(account)];
  }

  #read(rows: readonly { book: string; amount: bigint }[], account: AccountId): Position {
    const of = (name: string): Fen => Fen(rows.find((row) => row.book === name)?.amount ?? 0n);
    return { available: of(book.available(account)), held: of(book.held(account)) };
  }
}
