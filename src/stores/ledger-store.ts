/** The ledger's rows. Positions are kept beside the legs in the same transaction, so that a balance is one locked row. */
import { Instant } from "../kernel/clock.ts";
import { Fen } from "../kernel/money.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Entry, EntryKind, LedgerStore, StatementLine } from "../ledger/ledger-store.ts";
import type { Period } from "../ledger/period.ts";
import type { StatementRows, StatementStore } from "../ledger/statements.ts";
import { book, isPositioned, type Position } from "../ledger/ledger.ts";
import { at, type Database } from "./database.ts";

export class PostgresLedgerStore implements LedgerStore, StatementStore {
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
    const books = this.#books(account);
    const lock = (): Promise<readonly { book: string; amount: bigint }[]> =>
      this.#db.rows(tx, "SELECT book, amount FROM ledger_positions WHERE book = ANY($1) ORDER BY book FOR UPDATE", [books]);
    const rows = await lock();
    if (rows.length === books.length) return this.#read(rows, account);
    await this.#db.run(
      tx,
      "INSERT INTO ledger_positions (book, amount) VALUES ($1, 0), ($2, 0) ON CONFLICT DO NOTHING",
      this.#books(account),
    );
    return this.#read(await lock(), account);
  }

  async exists(tx: Transaction, key: { kind: EntryKind; reference: string; closes: string | null }): Promise<boolean> {
    const found = await this.#db.rows(tx, "SELECT 1 FROM ledger_entries WHERE (kind = $1 AND reference = $2) OR closes = $3", [
      key.kind,
      key.reference,
      key.closes,
    ]);
    return found.length > 0;
  }

  /** One statement for the entry, its legs and the positions they move: every trip to the server is paid by each top-up three times. */
  async append(tx: Transaction, entry: Entry): Promise<void> {
    const positioned = entry.legs.filter((leg) => isPositioned(leg.book));
    await this.#db.run(
      tx,
      `WITH entry AS (INSERT INTO ledger_entries (kind, reference, closes, at, note, made_by) VALUES ($1, $2, $3, $4, $5, $10) RETURNING id),
            legs AS (INSERT INTO ledger_legs (entry, book, amount)
                     SELECT entry.id, leg.book, leg.amount FROM entry, unnest($6::text[], $7::bigint[]) AS leg(book, amount))
       INSERT INTO ledger_positions (book, amount) SELECT * FROM unnest($8::text[], $9::bigint[])
       ON CONFLICT (book) DO UPDATE SET amount = ledger_positions.amount + EXCLUDED.amount`,
      [
        ...[entry.kind, entry.reference, entry.closes, at(entry.at), entry.note],
        ...[entry.legs.map((leg) => leg.book), entry.legs.map((leg) => leg.amount)],
        ...[positioned.map((leg) => leg.book), positioned.map((leg) => leg.amount)],
        entry.by ?? null,
      ],
    );
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

  /** Opening and lines in one statement, which is one picture; the row without an entry is what came before. */
  async period(account: AccountId, { from, to }: Period, linesMax: number): Promise<StatementRows | null> {
    const rows = await this.#db.rows<{
      id: bigint | null;
      kind: EntryKind | null;
      reference: string | null;
      at: number | null;
      available: bigint;
      held: bigint;
      note: string | null;
      by: string | null;
      invoice: Readonly<Record<string, string>> | null;
    }>(
      null,
      `WITH moves AS (
         SELECT e.id, e.kind, e.reference, e.at, e.note, e.made_by AS by,
                coalesce(sum(l.amount) FILTER (WHERE l.book = $1), 0)::bigint AS available,
                coalesce(sum(l.amount) FILTER (WHERE l.book = $2), 0)::bigint AS held
           FROM ledger_entries e JOIN ledger_legs l ON l.entry = e.id WHERE l.book IN ($1, $2) AND e.at < $4 GROUP BY e.id)
       (SELECT NULL AS id, NULL AS kind, NULL AS reference, NULL AS at, NULL AS note, NULL AS by, NULL::jsonb AS invoice,
               coalesce(sum(available), 0)::bigint AS available, coalesce(sum(held), 0)::bigint AS held FROM moves WHERE at < $3)
       UNION ALL
       (SELECT m.id, m.kind, m.reference, m.at, m.note, m.by, p.invoice, m.available, m.held FROM moves m
          LEFT JOIN payments p ON p.id = CASE WHEN m.kind = 'payment' AND m.reference ~ '^[0-9a-f-]{36}$' THEN m.reference::uuid END
         WHERE m.at >= $3 ORDER BY m.at, m.id LIMIT $5)`,
      [book.available(account), book.held(account), at(from), at(to), linesMax + 1],
    );
    const opening = rows.find(({ id }) => id === null)!;
    const lines = rows.flatMap(({ id, kind, reference, at: when, available, held, note, by, invoice }) =>
      id === null || kind === null || reference === null || when === null
        ? []
        : [
            {
              id,
              kind,
              reference,
              at: Instant(when),
              available: Fen(available),
              held: Fen(held),
              note,
              by,
              ...(invoice === null ? {} : { invoice }),
            },
          ],
    );
    if (lines.length > linesMax) return null;
    lines.sort((a, b) => a.at - b.at || (a.id < b.id ? -1 : 1));
    return { opening: { available: Fen(opening.available), held: Fen(opening.held) }, lines };
  }

  async total(book: string | null, tx: Transaction | null = null): Promise<Fen> {
    const sum = "SELECT coalesce(sum(amount), 0)::bigint AS sum FROM ledger_legs";
    const [row] = await (book === null
      ? this.#db.rows<{ sum: bigint }>(tx, sum)
      : this.#db.rows<{ sum: bigint }>(tx, `${sum} WHERE book = $1`, [book]));
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
