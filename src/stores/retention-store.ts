/**
 * Old rows on PostgreSQL. A batch is one statement; it waits for nobody longer than a moment, touches rows that nobody writes any more, and
 * leaves when another gateway is at the same kind.
 */
import { Instant, later } from "../kernel/clock.ts";
import { BATCH_MS_MAX } from "../retention/due.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { at, type Database } from "./database.ts";
import {
  KINDS_WITHOUT_MONEY,
  SOURCES_KEPT,
  type Batch,
  type KindName,
  type Months,
  type RetentionStore,
  type Thinned,
} from "../retention/retention-store.ts";
import type { Retention } from "../retention/site.ts";

/** Nobody stands behind us for longer. */
const LOCK_MS_MAX = 100;
/** What is moved from beside into its month bars nobody, and may take its time. */
const MOVE_MS_MAX = 600_000;
/** Whoever only counts bars nobody. */
const COUNT_MS_MAX = 600_000;
const DAY_MS = 86_400_000;
/** So many months ahead, however long nobody comes by. */
const MONTHS_AHEAD = 3;

/** Who thins a kind holds the lock of this name for a batch. */
export const turnOf = (kind: KindName): string => `fee-control-gateway retention ${kind}`;

const TABLES: Record<KindName, { readonly table: string; readonly column: string }> = {
  "readings-daily": { table: "readings", column: "taken_at" },
  "readings-gone": { table: "readings", column: "taken_at" },
  frames: { table: "attempts", column: "at" },
  "intents-changes": { table: "intents", column: "at" },
  "intents-gone": { table: "intents", column: "at" },
  "decisions-changes": { table: "decisions", column: "at" },
  "decisions-gone": { table: "decisions", column: "at" },
  "meter-events": { table: "meter_events", column: "read_at" },
};

/** Pairs that were ever believed, in the order of their key; of each the day's rows are one stretch of the index. */
const readings = (places: "place > 1" | "true"): string => `
  WITH pairs AS MATERIALIZED (
         SELECT meter, item FROM latest_readings WHERE $1::text IS NULL OR (meter, item) > (split_part($1, ' ', 1), split_part($1, ' ', 2))
          ORDER BY meter, item LIMIT $2),
       named AS MATERIALIZED (SELECT * FROM readings_named(ARRAY(SELECT DISTINCT meter FROM pairs))),
       old AS (
         SELECT r.id, r.meter, r.item, r.taken_at FROM pairs p CROSS JOIN LATERAL (
           SELECT x.*, row_number() OVER (ORDER BY (x.suspect IS NULL) DESC, (x.source = 'freeze') DESC, x.taken_at DESC, x.id DESC) AS place
             FROM readings x WHERE x.meter = p.meter AND x.item = p.item AND x.taken_at >= $3 AND x.taken_at < $4) r
          WHERE ${places} AND r.source <> ALL ($5)
            AND NOT EXISTS (SELECT 1 FROM named n WHERE n.meter = r.meter AND n.item = r.item AND n.taken_at = r.taken_at)),
       done AS (DELETE FROM readings d USING old WHERE $6 AND d.taken_at >= $3 AND d.taken_at < $4
                   AND d.meter = old.meter AND d.item = old.item AND d.taken_at = old.taken_at AND d.id = old.id)
  SELECT (SELECT count(*)::int FROM old) AS thinned, (SELECT count(*)::int FROM pairs) AS looked,
         (SELECT meter || ' ' || item FROM pairs ORDER BY meter DESC, item DESC LIMIT 1) AS last`;

/** Rows with a number of their own, and of them the old ones that go. */
const rows = (kind: KindName, which: string, { table, column } = TABLES[kind]): string => `
  WITH looked AS MATERIALIZED (SELECT * FROM ${table} WHERE ${column} >= $3 AND ${column} < $4 AND ($1::text IS NULL OR id > $1::bigint) ORDER BY id LIMIT $2),
       old AS (SELECT x.id FROM looked x WHERE ${which}),
       done AS (DELETE FROM ${table} i USING old WHERE $5 AND i.id = old.id)
  SELECT (SELECT count(*)::int FROM old) AS thinned, (SELECT count(*)::int FROM looked) AS looked, (SELECT max(id)::text FROM looked) AS last`;

const STATEMENTS: Record<KindName, string> = {
  "readings-daily": readings("place > 1"),
  "readings-gone": readings("true"),
  frames: `
  WITH looked AS MATERIALIZED (
         SELECT a.command, a.number, a.frames, a.at FROM attempts a
          WHERE a.at >= $3 AND a.at < $4 AND ($1::text IS NULL OR (a.command, a.number) > (split_part($1, ' ', 1)::uuid, split_part($1, ' ', 2)::int))
          ORDER BY a.command, a.number LIMIT $2),
       old AS (
         SELECT a.command, a.number FROM looked a JOIN commands c ON c.id = a.command
          WHERE a.frames <> '[]' AND c.ended_at IS NOT NULL AND c.kind = ANY ($5) AND c.effect <> 'adds' AND c.payment IS NULL
            AND NOT EXISTS (SELECT 1 FROM exceptions e WHERE e.command = c.id)),
       done AS (UPDATE attempts u SET frames = '[]', thinned_at = $7 FROM old WHERE $6 AND u.command = old.command AND u.number = old.number)
  SELECT (SELECT count(*)::int FROM old) AS thinned, (SELECT count(*)::int FROM looked) AS looked,
         (SELECT command || ' ' || number FROM looked ORDER BY command DESC, number DESC LIMIT 1) AS last`,
  "intents-changes": rows(
    "intents-changes",
    `(x.want, x.because, x.shadow) IS NOT DISTINCT FROM
    (SELECT (y.want, y.because, y.shadow) FROM intents y WHERE y.meter = x.meter AND y.id < x.id ORDER BY y.id DESC LIMIT 1)`,
  ),
  "intents-gone": rows("intents-gone", "EXISTS (SELECT 1 FROM intents y WHERE y.meter = x.meter AND y.id > x.id)"),
  // by account, because by account they are found; what was asked of a meter stands with its command for ever
  "decisions-changes": rows(
    "decisions-changes",
    `x.command IS NULL AND (x.meter, x.stage, x.want, x.because, x.shadow) IS NOT DISTINCT FROM
    (SELECT (y.meter, y.stage, y.want, y.because, y.shadow) FROM decisions y WHERE y.account = x.account AND y.id < x.id ORDER BY y.id DESC LIMIT 1)`,
  ),
  "decisions-gone": rows(
    "decisions-gone",
    "x.command IS NULL AND EXISTS (SELECT 1 FROM decisions y WHERE y.account = x.account AND y.id > x.id)",
  ),
  "meter-events": rows(
    "meter-events",
    `NOT EXISTS (SELECT 1 FROM exceptions e WHERE e.meter = x.meter
    AND e.evidence -> 'event' ->> 'kind' = x.kind AND e.evidence -> 'event' ->> 'number' = x.number::text)`,
  ),
};

export class PostgresRetentionStore implements RetentionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async makeMonths(now: Instant, { readings: { daily } }: Retention): Promise<Months> {
    const window = [at(later(now, -daily * DAY_MS)), at(later(now, (MONTHS_AHEAD * 30 + 1) * DAY_MS))];
    const wanted = await this.#db.rows<{ month: number }>(
      null,
      `SELECT DISTINCT date_trunc('month', m, 'UTC') AS month FROM (
         SELECT $1::timestamptz + n * interval '1 month' AS m FROM generate_series(-1, ${MONTHS_AHEAD}) n
         UNION ALL SELECT taken_at FROM readings_beside WHERE taken_at BETWEEN $2 AND $3) x
        WHERE to_regclass('readings_' || to_char(date_trunc('month', m, 'UTC') AT TIME ZONE 'UTC', 'YYYY_MM')) IS NULL ORDER BY 1`,
      [at(now), ...window],
    );
    let moved = 0;
    // each by itself: a month that somebody bars just now is made next time
    for (const { month } of wanted) moved += await this.#short((tx) => this.#makeMonth(tx, Instant(month)), MOVE_MS_MAX);
    const [beside] = await this.#db.rows<{ count: number }>(null, "SELECT count(*)::int AS count FROM readings_beside");
    return { made: wanted.length, moved, beside: beside!.count };
  }

  async daysRead(days: readonly { readonly from: Instant; readonly to: Instant }[]): Promise<number> {
    let read = 0;
    for (const { from, to } of days)
      read += (
        await this.#db.rows(null, "SELECT 1 FROM readings WHERE taken_at >= $1 AND taken_at < $2 LIMIT 1", [at(from), at(to)])
      ).length;
    return read;
  }

  async doneTo(kind: KindName): Promise<Instant | null> {
    const [done] = await this.#db.rows<{ at: number }>(null, "SELECT done_to AS at FROM retention WHERE what = $1", [kind]);
    return done === undefined ? null : Instant(done.at);
  }

  async oldest(kind: KindName): Promise<Instant | null> {
    const { table, column } = TABLES[kind];
    if (table === "readings") return this.#oldestMonth();
    const [oldest] = await this.#db.rows<{ at: number | null }>(null, `SELECT min(${column}) AS at FROM ${table}`);
    return oldest?.at == null ? null : Instant(oldest.at);
  }

  async markDone(kind: KindName, to: Instant, now: Instant): Promise<void> {
    await this.#db.run(
      null,
      "INSERT INTO retention (what, done_to, at) VALUES ($1, $2, $3) ON CONFLICT (what) DO UPDATE SET done_to = greatest(retention.done_to, $2), at = $3",
      [kind, at(to), at(now)],
    );
  }

  async setBack(kind: KindName, to: Instant, now: Instant): Promise<void> {
    await this.#db.run(null, "UPDATE retention SET done_to = least(done_to, $2), at = $3 WHERE what = $1", [
      kind,
      at(to),
      at(now),
    ]);
  }

  async thin({ kind, from, to, after, size, now }: Batch): Promise<Thinned | null> {
    const more: Record<KindName, readonly unknown[]> = {
      "readings-daily": [SOURCES_KEPT, now !== null],
      "readings-gone": [SOURCES_KEPT, now !== null],
      frames: [KINDS_WITHOUT_MONEY, now !== null, now === null ? null : at(now)],
      "intents-changes": [now !== null],
      "intents-gone": [now !== null],
      "decisions-changes": [now !== null],
      "decisions-gone": [now !== null],
      "meter-events": [now !== null],
    };
    const values = [after, size, at(from), at(to), ...more[kind]];
    return this.#short(
      async (tx) => {
        if (now !== null && !(await this.#isMine(tx, kind))) return null;
        const [row] = await this.#db.rows<{ thinned: number; looked: number; last: string | null }>(tx, STATEMENTS[kind], values);
        return { thinned: row!.thinned, next: row!.looked < size ? null : row!.last };
      },
      now === null ? COUNT_MS_MAX : BATCH_MS_MAX,
    );
  }

  /** Until the batch ends. */
  async #isMine(tx: Transaction, kind: KindName): Promise<boolean> {
    const [turn] = await this.#db.rows<{ mine: boolean }>(
      tx,
      "SELECT pg_try_advisory_xact_lock(hashtextextended($1, 0)) AS mine",
      [turnOf(kind)],
    );
    return turn!.mine;
  }

  /** Of months it is enough to know which of them has rows: their least would be looked for among all of them. */
  async #oldestMonth(): Promise<Instant | null> {
    const parts = await this.#db.rows<{ part: string }>(
      null,
      `SELECT inhrelid::regclass::text AS part FROM pg_inherits WHERE inhparent = 'readings'::regclass
          AND inhrelid::regclass::text ~ '^readings_[0-9]{4}_[0-9]{2}$' ORDER BY 1`,
    );
    for (const { part } of parts)
      if ((await this.#db.rows(null, `SELECT 1 FROM ${part} LIMIT 1`)).length > 0)
        return Instant(Date.parse(`${part.slice("readings_".length).replace("_", "-")}-01T00:00:00Z`));
    return null;
  }

  async #makeMonth(tx: Transaction, month: Instant): Promise<number> {
    const [row] = await this.#db.rows<{ moved: bigint }>(tx, "SELECT readings_month($1) AS moved", [at(month)]);
    return Number(row!.moved);
  }

  /** Gives way to whoever holds what we need; and says who it was that thinned, because frames that go stand in the audit. */
  #short<T>(work: (tx: Transaction) => Promise<T>, statementMsMax?: number): Promise<T> {
    return this.#db.transact(
      async (tx) => {
        await this.#db.run(tx, `SET LOCAL lock_timeout = ${LOCK_MS_MAX}`);
        return work(tx);
      },
      {
        actor: "retention",
        because: "older than the site keeps them",
        ...(statementMsMax === undefined ? {} : { statementMsMax }),
      },
    );
  }
}
