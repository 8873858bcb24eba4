/** What was said of times in which nobody is cut, as rows: ended, never edited and never deleted (a trigger of 0023 refuses it). */
import { Instant } from "../kernel/clock.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { NoCutPage, NoCutStore } from "../policy/no-cut-store.ts";
import type { NoCutKind, NoCutSpan, NoCutState } from "../policy/no-cuts.ts";
import { at, type Database } from "./database.ts";

interface Row {
  id: string;
  kind: NoCutKind;
  scope: string;
  begins_at: number;
  ends_at: number;
  reason: string;
  said_at: number;
  said_by: string;
  ended_at: number | null;
  ended_by: string | null;
  end_reason: string | null;
}

const spanOf = (row: Row): NoCutSpan => ({
  ...{ id: row.id, kind: row.kind, scope: row.scope, reason: row.reason },
  ...{ from: Instant(row.begins_at), until: Instant(row.ends_at), saidAt: Instant(row.said_at), saidBy: row.said_by },
  endedAt: row.ended_at === null ? null : Instant(row.ended_at),
  ...{ endedBy: row.ended_by, endReason: row.end_reason },
});

/** As policy/no-cuts.ts says it. */
const IS: Readonly<Record<NoCutState, string>> = {
  past: "(ended_at IS NOT NULL OR ends_at <= $3)",
  standing: "(ended_at IS NULL AND ends_at > $3 AND (begins_at <= $3 OR begins_at <= said_at))",
  coming: "(ended_at IS NULL AND ends_at > $3 AND begins_at > $3 AND begins_at > said_at)",
};

export class PostgresNoCutStore implements NoCutStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(tx: Transaction, { id, kind, scope, from, until, reason, saidAt, saidBy }: NoCutSpan): Promise<void> {
    await this.#db.run(
      tx,
      "INSERT INTO no_cuts (id, kind, scope, begins_at, ends_at, reason, said_at, said_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
      [id, kind, scope, at(from), at(until), reason, at(saidAt), saidBy],
    );
  }

  async lock(tx: Transaction, id: string): Promise<NoCutSpan | null> {
    const [row] = await this.#db.rows<Row>(tx, "SELECT * FROM no_cuts WHERE id = $1 FOR UPDATE", [id]);
    return row === undefined ? null : spanOf(row);
  }

  async end(
    tx: Transaction,
    id: string,
    { at: when, by, reason }: { readonly at: Instant; readonly by: string; readonly reason: string },
  ): Promise<void> {
    await this.#db.run(tx, "UPDATE no_cuts SET ended_at = $2, ended_by = $3, end_reason = $4 WHERE id = $1", [
      ...[id, at(when), by, reason],
    ]);
  }

  async open(tx: Transaction | null, now: Instant): Promise<readonly NoCutSpan[]> {
    const rows = await this.#db.rows<Row>(tx, "SELECT * FROM no_cuts WHERE ended_at IS NULL AND ends_at > $1 ORDER BY id", [
      at(now),
    ]);
    return rows.map(spanOf);
  }

  async during({ from, until }: { readonly from: Instant; readonly until: Instant }): Promise<readonly NoCutSpan[]> {
    const rows = await this.#db.rows<Row>(
      null,
      "SELECT * FROM no_cuts WHERE said_at <= $2 AND ends_at > $1 AND (ended_at IS NULL OR ended_at > $1) ORDER BY id",
      [at(from), at(until)],
    );
    return rows.map(spanOf);
  }

  async list({ limit, before, state }: NoCutPage): Promise<readonly NoCutSpan[]> {
    const rows = await this.#db.rows<Row>(
      null,
      `SELECT * FROM no_cuts WHERE ($2::uuid IS NULL OR id < $2)${state === undefined ? "" : ` AND ${IS[state.is]}`} ORDER BY id DESC LIMIT $1`,
      [limit, before, ...(state === undefined ? [] : [at(state.at)])],
    );
    return rows.map(spanOf);
  }

  async hasClass(tx: Transaction, name: string): Promise<boolean> {
    return (await this.#db.rows(tx, "SELECT 1 FROM accounts WHERE class = $1 LIMIT 1", [name])).length > 0;
  }
}
