/** What customers are told, as rows, and every try to deliver it. `stage` is the kind: the rules read the same rows. */
import { Instant, later } from "../kernel/clock.ts";
import { Fen } from "../kernel/money.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { NoticeKind } from "../notices/kinds.ts";
import {
  NoticeId,
  type Details,
  type NoticeAttempt,
  type NoticeChange,
  type NoticeRecord,
  type NoticeState,
  type Outcome,
  type Said,
} from "../notices/notice.ts";
import { PAUSE_MS_MAX, type NoticeFilter, type NoticeStore } from "../notices/notice-store.ts";
import { at, type Database } from "./database.ts";

interface Row {
  notice: string;
  account: string;
  meter: string | null;
  stage: NoticeKind;
  at: number;
  available: bigint;
  details: Details;
  once: string | null;
  state: NoticeState;
  because: string | null;
  delivered: number | null;
  channel: string | null;
  said: Said | null;
  not_after: number | null;
  next_at: number | null;
  taken_until: number | null;
  tries_from: number | null;
  tries: number;
}

const maybe = (ms: number | null): Instant | null => (ms === null ? null : Instant(ms));

const noticeOf = (row: Row): NoticeRecord => ({
  id: NoticeId(row.notice),
  account: row.account as AccountId,
  meter: row.meter as MeterAddress | null,
  kind: row.stage,
  at: Instant(row.at),
  available: Fen(row.available),
  details: row.details,
  once: row.once,
  state: row.state,
  because: row.because,
  delivered: maybe(row.delivered),
  channel: row.channel,
  said: row.said,
  notAfter: Instant(row.not_after ?? row.at),
  nextAt: maybe(row.next_at),
  takenUntil: maybe(row.taken_until),
  triesFrom: Instant(row.tries_from ?? row.at),
  tries: row.tries,
});

const columns: Record<keyof NoticeChange, string> = {
  state: "state",
  because: "because",
  delivered: "delivered",
  channel: "channel",
  said: "said",
  notAfter: "not_after",
  nextAt: "next_at",
  takenUntil: "taken_until",
  triesFrom: "tries_from",
  tries: "tries",
};
const moments: ReadonlySet<string> = new Set(["delivered", "notAfter", "nextAt", "takenUntil", "triesFrom"]);
const valueOf = (field: string, value: unknown): unknown => {
  if (field === "said") return JSON.stringify(value);
  return moments.has(field) && value !== null ? at(value as Instant) : value;
};

/** Of these kinds; of one account an index finds them. */
const NEWEST = "SELECT * FROM notices WHERE account = $1 AND stage = ANY($2) ORDER BY id DESC LIMIT 1";

export class PostgresNoticeStore implements NoticeStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async insert(tx: Transaction, n: NoticeRecord): Promise<boolean> {
    const inserted = await this.#db.run(
      tx,
      `INSERT INTO notices (notice, account, meter, stage, at, available, details, once, state, because, delivered, channel, not_after, next_at, tries_from)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT (account, once) DO NOTHING`,
      [
        ...[n.id, n.account, n.meter, n.kind, at(n.at), n.available, JSON.stringify(n.details), n.once, n.state, n.because],
        ...[n.delivered === null ? null : at(n.delivered), n.channel, at(n.notAfter)],
        ...[n.nextAt === null ? null : at(n.nextAt), at(n.triesFrom)],
      ],
    );
    return inserted === 1;
  }

  async newest(tx: Transaction | null, account: AccountId, kinds: readonly NoticeKind[]): Promise<NoticeRecord | null> {
    const [row] = await this.#db.rows<Row>(tx, NEWEST, [account, kinds]);
    return row === undefined ? null : noticeOf(row);
  }

  cancelWaiting(
    tx: Transaction,
    account: AccountId,
    kinds: readonly NoticeKind[],
    because: string,
    now: Instant,
  ): Promise<number> {
    return this.#db.run(
      tx,
      `UPDATE notices SET state = 'cancelled', because = $3, next_at = NULL, taken_until = NULL
        WHERE account = $1 AND stage = ANY($2) AND state = 'waiting' AND (taken_until IS NULL OR taken_until <= $4)`,
      [account, kinds, because, at(now)],
    );
  }

  async find(id: NoticeId): Promise<NoticeRecord | null> {
    const [row] = await this.#db.rows<Row>(null, "SELECT * FROM notices WHERE notice = $1", [id]);
    return row === undefined ? null : noticeOf(row);
  }

  async lock(tx: Transaction, id: NoticeId): Promise<NoticeRecord | null> {
    const [row] = await this.#db.rows<Row>(tx, "SELECT * FROM notices WHERE notice = $1 FOR NO KEY UPDATE", [id]);
    return row === undefined ? null : noticeOf(row);
  }

  async change(tx: Transaction, id: NoticeId, change: NoticeChange): Promise<void> {
    const values: unknown[] = [id];
    const sets = Object.entries(change).map(([field, value]) => {
      values.push(valueOf(field, value));
      return `${columns[field as keyof NoticeChange]} = $${values.length}`;
    });
    if (sets.length > 0) await this.#db.run(tx, `UPDATE notices SET ${sets.join(", ")} WHERE notice = $1`, values);
  }

  async due(now: Instant, limit: number): Promise<readonly NoticeId[]> {
    const rows = await this.#db.rows<{ notice: string }>(
      null,
      `SELECT notice FROM notices WHERE state = 'waiting' AND (next_at <= $1 OR next_at > $3) AND (taken_until IS NULL OR taken_until <= $1)
        ORDER BY (once IS NOT NULL), next_at, id LIMIT $2`,
      [at(now), limit, at(later(now, PAUSE_MS_MAX))],
    );
    return rows.map(({ notice }) => NoticeId(notice));
  }

  async addAttempt(tx: Transaction, id: NoticeId, attempt: NoticeAttempt): Promise<void> {
    const { number, at: when, channel, outcome, words } = attempt;
    await this.#db.run(
      tx,
      "INSERT INTO notice_attempts (notice, number, at, channel, outcome, words) VALUES ($1, $2, $3, $4, $5, $6)",
      [id, number, at(when), channel, outcome, words],
    );
  }

  async endAttempt(tx: Transaction, id: NoticeId, number: number, outcome: Outcome, words: string): Promise<void> {
    await this.#db.run(tx, "UPDATE notice_attempts SET outcome = $3, words = $4 WHERE notice = $1 AND number = $2", [
      ...[id, number, outcome, words],
    ]);
  }

  async attempts(id: NoticeId, tx: Transaction | null = null): Promise<readonly NoticeAttempt[]> {
    const rows = await this.#db.rows<Omit<NoticeAttempt, "at"> & { at: number }>(
      tx,
      "SELECT number, at, channel, outcome, words FROM notice_attempts WHERE notice = $1 ORDER BY number",
      [id],
    );
    return rows.map((row) => ({ ...row, at: Instant(row.at) }));
  }

  async list({ account, state, kind, limit, before }: NoticeFilter): Promise<readonly NoticeRecord[]> {
    const rows = await this.#db.rows<Row>(
      null,
      `SELECT * FROM notices WHERE ($1::text IS NULL OR account = $1) AND ($2::text IS NULL OR state = $2) AND ($3::text IS NULL OR stage = $3)
          AND ($4::uuid IS NULL OR id < (SELECT b.id FROM notices b WHERE b.notice = $4)) ORDER BY id DESC LIMIT $5`,
      [account ?? null, state ?? null, kind ?? null, before ?? null, limit],
    );
    return rows.map(noticeOf);
  }

  async toldOnce(once: string): Promise<ReadonlyMap<AccountId, Instant>> {
    const rows = await this.#db.rows<{ account: string; at: number }>(null, "SELECT account, at FROM notices WHERE once = $1", [
      once,
    ]);
    return new Map(rows.map((row) => [row.account as AccountId, Instant(row.at)]));
  }

  async untold(limit: number): Promise<readonly MeterAddress[]> {
    const rows = await this.#db.rows<{ meter: MeterAddress }>(
      null,
      `SELECT s.meter FROM standings s
         LEFT JOIN LATERAL (SELECT o.state, o.at FROM notices o WHERE o.account = s.account AND o.stage = 'notice-due' ORDER BY o.id DESC LIMIT 1) n ON true
        WHERE s.stage = 'notice-due' AND (n.state IS NULL OR n.state IN ('cancelled', 'delivered')
              OR n.at <= (SELECT y.created_at FROM payments y WHERE y.account = s.account ORDER BY y.id DESC LIMIT 1))
        ORDER BY s.meter LIMIT $1`,
      [limit],
    );
    return rows.map(({ meter }) => meter);
  }

  async counts(): Promise<readonly { state: NoticeState; kind: string; count: number }[]> {
    return this.#db.rows(
      null,
      "SELECT state, stage AS kind, count(*)::int AS count FROM notices WHERE state IN ('waiting', 'failed') GROUP BY state, stage",
    );
  }
}
