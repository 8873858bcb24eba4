/** Who is exempt from cuts, until when and why, as rows: ended, never deleted. */
import { Instant } from "../kernel/clock.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Exemption, ExemptionKind } from "../policy/exemptions.ts";
import type { ExemptionStore } from "../policy/policy-store.ts";
import { at, type Database } from "./database.ts";

interface Row {
  id: string;
  account: string;
  kind: ExemptionKind;
  begins_at: number;
  ends_at: number;
  reason: string;
  made_by: string;
  ended_at: number | null;
  ended_by: string | null;
  reminded_at: number | null;
}

const exemptionOf = (row: Row): Exemption => ({
  id: row.id,
  account: row.account as AccountId,
  kind: row.kind,
  from: Instant(row.begins_at),
  until: Instant(row.ends_at),
  reason: row.reason,
  madeBy: row.made_by,
  endedAt: row.ended_at === null ? null : Instant(row.ended_at),
  endedBy: row.ended_by,
  remindedAt: row.reminded_at === null ? null : Instant(row.reminded_at),
});

export class PostgresExemptionStore implements ExemptionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(tx: Transaction, { id, account, kind, from, until, reason, madeBy }: Exemption): Promise<void> {
    await this.#db.run(tx, "SELECT 1 FROM meters WHERE account = $1 AND active FOR UPDATE", [account]);
    await this.#db.run(
      tx,
      "INSERT INTO exemptions (id, account, kind, begins_at, ends_at, reason, made_by) VALUES ($1, $2, $3, $4, $5, $6, $7)",
      [id, account, kind, at(from), at(until), reason, madeBy],
    );
  }

  async lock(tx: Transaction, id: string): Promise<Exemption | null> {
    const [row] = await this.#db.rows<Row>(tx, "SELECT * FROM exemptions WHERE id = $1 FOR UPDATE", [id]);
    return row === undefined ? null : exemptionOf(row);
  }

  async end(tx: Transaction, id: string, when: Instant, by: string): Promise<void> {
    await this.#db.run(tx, "UPDATE exemptions SET ended_at = $2, ended_by = $3 WHERE id = $1", [id, at(when), by]);
  }

  async remind(tx: Transaction, id: string, when: Instant): Promise<void> {
    await this.#db.run(tx, "UPDATE exemptions SET reminded_at = $2 WHERE id = $1", [id, at(when)]);
  }

  async of(account: AccountId, limit: number): Promise<readonly Exemption[]> {
    const rows = await this.#db.rows<Row>(null, "SELECT * FROM exemptions WHERE account = $1 ORDER BY id DESC LIMIT $2", [
      account,
      limit,
    ]);
    return rows.map(exemptionOf);
  }

  async endingBefore(when: Instant, limit: number, after?: Pick<Exemption, "id" | "until">): Promise<readonly Exemption[]> {
    const rows = await this.#db.rows<Row>(
      null,
      `SELECT * FROM exemptions WHERE ended_at IS NULL AND ends_at < $1 AND ($3::timestamptz IS NULL OR (ends_at, id) > ($3, $4::uuid))
        ORDER BY ends_at, id LIMIT $2`,
      [at(when), limit, after === undefined ? null : at(after.until), after?.id ?? null],
    );
    return rows.map(exemptionOf);
  }

  async endedTooEarly(now: Instant, limit: number): Promise<readonly Exemption[]> {
    const rows = await this.#db.rows<Row>(
      null,
      "SELECT * FROM exemptions WHERE ended_at = ends_at AND ends_at > $1 ORDER BY ends_at, id LIMIT $2",
      [at(now), limit],
    );
    return rows.map(exemptionOf);
  }

  async goesOn(tx: Transaction, id: string): Promise<void> {
    await this.#db.run(tx, "UPDATE exemptions SET ended_at = NULL, ended_by = NULL, reminded_at = NULL WHERE id = $1", [id]);
  }
}
