/** Readings with their time and source. The newest believed one of each item is kept at hand. */
import { Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { EnergyOfDay, ReadingStore } from "../devices/device-store.ts";
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

export class PostgresReadingStore implements ReadingStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async latest(tx: Transaction, meter: MeterAddress, item: string): Promise<Reading | null> {
    const [row] = await this.#db.rows<Row>(
      tx,
      "SELECT meter, item, value, unit, taken_at, source FROM latest_readings WHERE meter = $1 AND item = $2 FOR UPDATE",
      [meter, item],
    );
    return row === undefined ? null : readingOf(row);
  }

  async keep(tx: Transaction, reading: Reading, suspect: string | null): Promise<void> {
    if (suspect !== null) return this.#insert(tx, reading, suspect);
    const values = [reading.meter, reading.item, reading.value, reading.unit, at(reading.takenAt), reading.source];
    await this.#db.run(
      tx,
      `WITH kept AS (INSERT INTO readings (meter, item, value, unit, taken_at, source) VALUES ($1, $2, $3, $4, $5, $6))
       INSERT INTO latest_readings (meter, item, value, unit, taken_at, source) VALUES ($1, $2, $3, $4, $5, $6)
       ON CONFLICT (meter, item) DO UPDATE SET value = $3, unit = $4, taken_at = $5, source = $6 
         WHERE latest_readings.taken_at <= $5 OR latest_readings.taken_at > $5 + interval '1 hour'`,
      values,
    );
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
    return (
      await this.#db.rows<Row>(
        tx,
        "SELECT meter, item, value, unit, taken_at, source FROM latest_readings WHERE meter = ANY($1)",
        [meters],
      )
    ).map(readingOf);
  }

  async energyByDay(meter: MeterAddress, timeZone: string, limit: number): Promise<readonly EnergyOfDay[]> {
    return this.#db.rows(
      null,
      `SELECT to_char(taken_at AT TIME ZONE $2, 'YYYY-MM-DD') AS day, min(value::numeric)::text AS first, max(value::numeric)::text AS last
         FROM readings WHERE meter = $1 AND item = 'importedEnergy' AND suspect IS NULL AND value IS NOT NULL GROUP BY 1 ORDER BY 1 DESC LIMIT $3`,
      [meter, timeZone, limit],
    );
  }
}
