/** Readings with their time and source. The newest believed one of each item is kept at hand. */
import { dayOf, Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { EnergyOfDay, KeptReading, ReadingQuery, ReadingStore } from "../devices/device-store.ts";
import { startOfDay } from "../ledger/period.ts";
import { at, type Database } from "./database.ts";

interface Row {
  meter: string;
  item: string;
  value: string | null;
  unit: string | null;
  taken_at: number;
  source: Reading["source"];
}

const readingOf = (row: Row): Reading => ({
  meter: row.meter as MeterAddress,
  item: row.item,
  value: row.value,
  unit: row.unit,
  takenAt: Instant(row.taken_at),
  source: row.source,
});

const AFTER_ALL = 2n ** 63n - 1n;
/** The second stretch of days that is looked at is so many times the first. */
const STRETCH_GROWS = 6;

/**
 * Rows in the order in which they came, latest ones in the order of their keys: two takes never wait for each other crosswise. A poll that
 * claims to be older than the latest by an hour comes after the clock was set back; what a meter or a person tells of former days does not.
 */
const KEEP = `
  WITH given AS (
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[], $6::text[], $7::text[])
           WITH ORDINALITY AS g(meter, item, value, unit, taken_at, source, suspect, n)),
       kept AS (
         INSERT INTO readings (meter, item, value, unit, taken_at, source, suspect)
         SELECT meter, item, value, unit, taken_at, source, suspect FROM given ORDER BY n)
  INSERT INTO latest_readings AS l (meter, item, value, unit, taken_at, source)
  SELECT meter, item, value, unit, taken_at, source FROM given WHERE suspect IS NULL ORDER BY meter, item
  ON CONFLICT (meter, item) DO UPDATE SET value = EXCLUDED.value, unit = EXCLUDED.unit, taken_at = EXCLUDED.taken_at, source = EXCLUDED.source
     WHERE l.taken_at <= EXCLUDED.taken_at OR (EXCLUDED.source IN ('poll', 'command') AND l.taken_at > EXCLUDED.taken_at + interval '1 hour')`;

export class PostgresReadingStore implements ReadingStore {
  readonly #db: Database;
  readonly #waiting = new WeakMap<Transaction, (Reading & { readonly suspect: string | null })[]>();

  constructor(db: Database) {
    this.#db = db;
  }

  async latest(tx: Transaction, meter: MeterAddress, item: string): Promise<Reading | null> {
    if (this.#waiting.get(tx)?.some((one) => one.meter === meter && one.item === item) === true) await this.#write(tx);
    const [row] = await this.#db.rows<Row>(
      tx,
      "SELECT meter, item, value, unit, taken_at, source FROM latest_readings WHERE meter = $1 AND item = $2 FOR UPDATE",
      [meter, item],
    );
    return row === undefined ? null : readingOf(row);
  }

  /** Kept by the transaction's last word, so that what one take brings is one statement; who asks for it before that finds it. */
  keep(tx: Transaction, reading: Reading, suspect: string | null): Promise<void> {
    let waiting = this.#waiting.get(tx);
    if (waiting === undefined) {
      this.#waiting.set(tx, (waiting = []));
      this.#db.beforeCommit(tx, () => this.#write(tx));
    }
    waiting.push({ ...reading, suspect });
    return Promise.resolve();
  }

  keepOlder(tx: Transaction, reading: Reading): Promise<void> {
    return this.#insert(tx, reading, null);
  }

  async #insert(tx: Transaction, { meter, item, value, unit, takenAt, source }: Reading, suspect: string | null): Promise<void> {
    await this.#db.run(
      tx,
      "INSERT INTO readings (meter, item, value, unit, taken_at, source, suspect) VALUES ($1, $2, $3, $4, $5, $6, $7)",
      [meter, item, value, unit, at(takenAt), source, suspect],
    );
  }

  async latestOf(meters: readonly MeterAddress[], tx: Transaction | null = null): Promise<readonly Reading[]> {
    if (tx !== null && this.#waiting.has(tx)) await this.#write(tx);
    return (
      await this.#db.rows<Row>(
        tx,
        "SELECT meter, item, value, unit, taken_at, source FROM latest_readings WHERE meter = ANY($1)",
        [meters],
      )
    ).map(readingOf);
  }

  async list(meter: MeterAddress, { item, from, to, before, limit }: ReadingQuery): Promise<readonly KeptReading[]> {
    const rows = await this.#db.rows<Row & { id: bigint; suspect: string | null }>(
      null,
      `SELECT id, meter, item, value, unit, taken_at, source, suspect FROM readings
        WHERE meter = $1 AND taken_at >= $2 AND taken_at < $3 AND (taken_at, id) < ($4, $5)${item === null ? "" : " AND item = $7"}
        ORDER BY taken_at DESC, id DESC LIMIT $6`,
      [...[meter, at(from), at(to), at(before?.takenAt ?? to), before?.id ?? AFTER_ALL, limit], ...(item === null ? [] : [item])],
    );
    return rows.map((row) => ({ ...readingOf(row), id: row.id, suspect: row.suspect }));
  }

  /** Looked for backwards in stretches that grow, because a meter that was silent for a year has its days before that. */
  async energyByDay(meter: MeterAddress, timeZone: string, limit: number): Promise<readonly EnergyOfDay[]> {
    const [{ oldest, newest } = { oldest: null, newest: null }] = await this.#db.rows<Record<"oldest" | "newest", number | null>>(
      null,
      "SELECT min(taken_at) AS oldest, max(taken_at) AS newest FROM readings WHERE meter = $1 AND item = 'importedEnergy'",
      [meter],
    );
    if (oldest === null || newest === null) return [];
    const days: EnergyOfDay[] = [];
    let to = Instant(newest + 1);
    for (let stretch = limit; to > oldest && days.length < limit; stretch *= STRETCH_GROWS) {
      const from = startOfDay(dayOf(Instant(to - 1), timeZone), timeZone, 1 - stretch);
      const found = await this.#db.rows<EnergyOfDay>(
        null,
        `SELECT to_char(taken_at AT TIME ZONE $2, 'YYYY-MM-DD') AS day, min(value::numeric)::text AS first, max(value::numeric)::text AS last
           FROM readings WHERE meter = $1 AND item = 'importedEnergy' AND suspect IS NULL AND value IS NOT NULL AND taken_at >= $3 AND taken_at < $4
          GROUP BY 1 ORDER BY 1 DESC LIMIT $5`,
        [meter, timeZone, at(from), at(to), limit - days.length],
      );
      days.push(...found);
      to = from;
    }
    return days;
  }

  /** Each statement may name a meter's item once; what comes to it again is of the next, so that all is as if said one by one. */
  async #write(tx: Transaction): Promise<void> {
    const waiting = this.#waiting.get(tx)?.splice(0) ?? [];
    while (waiting.length > 0) {
      const named = new Set<string>();
      const repeated = waiting.findIndex(({ meter, item }) => named.size === named.add(`${meter} ${item}`).size);
      const these = waiting.splice(0, repeated < 0 ? waiting.length : repeated);
      await this.#db.run(tx, KEEP, [
        these.map(({ meter }) => meter),
        these.map(({ item }) => item),
        these.map(({ value }) => value),
        these.map(({ unit }) => unit),
        these.map(({ takenAt }) => at(takenAt)),
        these.map(({ source }) => source),
        these.map(({ suspect }) => suspect),
      ]);
    }
  }
}
