/** What meters owe by day, as rows. Days are opened, called missing and given up set by set: a street of ten thousand in three statements. */
import { AccountId, BusId, type MeterAddress } from "../kernel/ids.ts";
import type { Instant } from "../kernel/clock.ts";
import type {
  CollectionStore,
  DayCount,
  Dues,
  Gap,
  GapPage,
  NearReading,
  Opening,
  RateBy,
} from "../collection/collection-store.ts";
import type { Day } from "../collection/days.ts";
import type { Lacks } from "../collection/lacks.ts";
import type { How, MissingBecause } from "../collection/states.ts";
import { at, type Database } from "./database.ts";

/** A clock that stood years ahead for a moment must not leave a row for each day in between. */
const OPENED_AT_ONCE_MAX = 400;

interface DuesRow {
  meter: MeterAddress;
  since: Day;
  clock_on: Day | null;
  events_on: Day | null;
  ahead_ms: bigint | null;
  lacks: Lacks;
  days: Day[] | null;
}

const KEY: Readonly<Record<RateBy, string>> = { day: "NULL::text", line: "m.bus", class: "a.class" };
const counted = (condition: string): string => `(count(*) FILTER (WHERE ${condition}))::int`;

export class PostgresCollectionStore implements CollectionStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async open({ today, missingTo, oldest }: Opening): Promise<void> {
    const db = this.#db;
    // Midnights of before a meter came are not owed: its first is the next one.
    await db.run(
      null,
      `INSERT INTO collection_meters (meter, since, opened_to)
       SELECT address, $1::date + 1, $1::date FROM meters WHERE active ON CONFLICT (meter) DO NOTHING`,
      [today],
    );
    await db.run(
      null,
      `WITH behind AS (
         SELECT c.meter, c.opened_to FROM collection_meters c JOIN meters m ON m.address = c.meter AND m.active
          WHERE c.opened_to < $1::date ORDER BY c.meter FOR UPDATE OF c),
       opened AS (
         INSERT INTO collection_days (meter, day, state)
         SELECT b.meter, d::date, 'due' FROM behind b,
                generate_series(greatest(b.opened_to + 1, $1::date - ${OPENED_AT_ONCE_MAX})::timestamp, $1::date::timestamp, '1 day') d
         ON CONFLICT DO NOTHING)
       UPDATE collection_meters c SET opened_to = $1 FROM behind b WHERE c.meter = b.meter`,
      [today],
    );
    await db.run(
      null,
      `UPDATE collection_days SET state = CASE WHEN day < $2 THEN 'given-up' ELSE 'missing' END,
              because = CASE WHEN day < $2 THEN 'older-than-kept' ELSE coalesce(because, 'not-asked') END
        WHERE (state = 'due' AND day <= $1) OR (state IN ('due', 'missing') AND day < $2)`,
      [missingTo, oldest],
    );
    // What left the street owes nothing any more; what it owed is nobody's gap.
    await db.run(
      null,
      `DELETE FROM collection_days d USING meters m
        WHERE m.address = d.meter AND NOT m.active AND d.state IN ('due', 'missing')`,
    );
  }

  async dues(today: Day): Promise<readonly Dues[]> {
    const rows = await this.#db.rows<DuesRow>(
      null,
      `SELECT c.meter, c.since, c.clock_on, c.events_on, c.ahead_ms, c.lacks,
              (SELECT array_agg(d.day ORDER BY d.day) FROM collection_days d
                WHERE d.meter = c.meter AND d.state IN ('due', 'missing') AND d.day <= $1) AS days
         FROM collection_meters c JOIN meters m ON m.address = c.meter AND m.active ORDER BY c.meter`,
      [today],
    );
    return rows.map((row) => ({
      meter: row.meter,
      since: row.since,
      days: row.days ?? [],
      clockOn: row.clock_on,
      eventsOn: row.events_on,
      aheadMs: row.ahead_ms === null ? null : Number(row.ahead_ms),
      lacks: row.lacks,
    }));
  }

  async collect(
    meter: MeterAddress,
    day: Day,
    come: { readonly how: How; readonly takenAt: Instant; readonly at: Instant },
  ): Promise<boolean> {
    const rows = await this.#db.run(
      null,
      `UPDATE collection_days SET state = 'collected', how = $3, taken_at = $4, come_at = $5, because = NULL
        WHERE meter = $1 AND day = $2 AND state <> 'collected'`,
      [meter, day, come.how, at(come.takenAt), at(come.at)],
    );
    return rows > 0;
  }

  async miss(
    meter: MeterAddress,
    days: readonly Day[],
    why: { readonly state: "missing" | "given-up"; readonly because: MissingBecause; readonly at: Instant },
  ): Promise<void> {
    await this.#db.run(
      null,
      `UPDATE collection_days SET state = $3, because = $4, asked_at = $5
        WHERE meter = $1 AND day = ANY($2::date[]) AND state IN ('due', 'missing')`,
      [meter, days, why.state, why.because, at(why.at)],
    );
  }

  async explain(meter: MeterAddress, days: readonly Day[], because: MissingBecause): Promise<void> {
    if (days.length === 0) return;
    await this.#db.run(
      null,
      `UPDATE collection_days SET because = $3
        WHERE meter = $1 AND day = ANY($2::date[]) AND state IN ('missing', 'given-up') AND because IN ('no-freeze', 'no-freeze-yet')`,
      [meter, days, because],
    );
  }

  async keepLacks(meter: MeterAddress, lacks: Lacks): Promise<void> {
    await this.#db.run(null, "UPDATE collection_meters SET lacks = $2 WHERE meter = $1", [meter, lacks]);
  }

  async hasFrozen(meter: MeterAddress): Promise<boolean> {
    const rows = await this.#db.rows(null, "SELECT day FROM collection_days WHERE meter = $1 AND how = 'freeze' LIMIT 1", [
      meter,
    ]);
    return rows.length > 0;
  }

  async nearest(meter: MeterAddress, midnight: Instant, withinMs: number): Promise<NearReading | null> {
    const [row] = await this.#db.rows<{ taken_at: Instant; source: NearReading["source"] }>(
      null,
      `SELECT taken_at, source FROM readings
        WHERE meter = $1 AND item = 'importedEnergy' AND suspect IS NULL AND value IS NOT NULL AND source <> 'freeze'
          AND taken_at BETWEEN $2::timestamptz - $3 * interval '1 ms' AND $2::timestamptz + $3 * interval '1 ms'
        ORDER BY abs(extract(epoch FROM taken_at - $2::timestamptz)), taken_at LIMIT 1`,
      [meter, at(midnight), withinMs],
    );
    return row === undefined ? null : { takenAt: row.taken_at, source: row.source };
  }

  async collectEntries(near: { readonly timeZone: string; readonly withinMs: number; readonly at: Instant }): Promise<number> {
    return this.#db.run(
      null,
      `UPDATE collection_days d SET state = 'collected', how = 'person', taken_at = e.taken_at, come_at = $3, because = NULL
         FROM (SELECT g.meter, g.day, min(r.taken_at) AS taken_at
                 FROM collection_days g
                 JOIN readings r ON r.meter = g.meter AND r.item = 'importedEnergy' AND r.suspect IS NULL AND r.value IS NOT NULL
                  AND r.source IN ('person', 'estimate')
                  AND r.taken_at BETWEEN (g.day::timestamp AT TIME ZONE $1) - $2 * interval '1 ms'
                                     AND (g.day::timestamp AT TIME ZONE $1) + $2 * interval '1 ms'
                WHERE g.state = 'given-up' GROUP BY 1, 2) e
        WHERE d.meter = e.meter AND d.day = e.day AND d.state = 'given-up'`,
      [near.timeZone, near.withinMs, at(near.at)],
    );
  }

  async counts({ from, to, by }: { readonly from: Day; readonly to: Day; readonly by: RateBy }): Promise<readonly DayCount[]> {
    return this.#db.rows<DayCount>(
      null,
      `SELECT d.day, ${KEY[by]} AS key, count(*)::int AS expected, ${counted("how = 'freeze'")} AS "byFreeze",
              ${counted("how = 'reading'")} AS "byReading", ${counted("how = 'person'")} AS "byPerson",
              ${counted("state = 'due'")} AS due, ${counted("state = 'missing'")} AS missing, ${counted("state = 'given-up'")} AS "givenUp"
         FROM collection_days d JOIN meters m ON m.address = d.meter LEFT JOIN accounts a ON a.account = m.account
        WHERE d.day BETWEEN $1 AND $2 GROUP BY 1, 2 ORDER BY 1 DESC, 2`,
      [from, to],
    );
  }

  async gaps(page: GapPage): Promise<readonly Gap[]> {
    const rows = await this.#db.rows<Omit<Gap, "line" | "account"> & { line: string; account: string | null }>(
      null,
      `SELECT d.meter, d.day, m.bus AS line, m.account, a.class, d.state, d.because, d.asked_at AS "askedAt"
         ${GAPS}
          AND ($6::date IS NULL OR d.day < $6 OR (d.day = $6 AND d.meter > $7))
        ORDER BY d.day DESC, d.meter LIMIT $8`,
      [page.from, page.to, page.meter, page.line, page.class, page.after?.day ?? null, page.after?.meter ?? null, page.limit],
    );
    return rows.map((row) => ({
      ...row,
      line: BusId(row.line),
      account: row.account === null ? null : AccountId(row.account),
    }));
  }

  async gapCount({ from, to, meter, line, class: of }: Omit<GapPage, "limit" | "after">): Promise<number> {
    const rows = await this.#db.rows<{ count: number }>(null, `SELECT count(*)::int AS count ${GAPS}`, [
      from,
      to,
      meter,
      line,
      of,
    ]);
    return rows[0]!.count;
  }
}

const GAPS = `
         FROM collection_days d JOIN meters m ON m.address = d.meter LEFT JOIN accounts a ON a.account = m.account
        WHERE d.state IN ('missing', 'given-up')
          AND ($1::date IS NULL OR d.day >= $1) AND ($2::date IS NULL OR d.day <= $2)
          AND ($3::text IS NULL OR d.meter = $3) AND ($4::text IS NULL OR m.bus = $4) AND ($5::text IS NULL OR a.class = $5)`;
