/** What is believed of each meter, what is doubted, its days, and what persons entered. */
import { Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Believed, DayRow, Point } from "../validation/believed.ts";
import type { Entry, EntryKind } from "../validation/entries.ts";
import { DAYS_MIN } from "../validation/typical.ts";
import { PEERS_MIN, type DoubtRow, type ValidationStore } from "../validation/validation-store.ts";
import { at, type Database } from "./database.ts";

export interface BelievedRow {
  meter: string;
  taken_at: number;
  register: bigint;
  shift: bigint;
  rates: bigint[] | null;
  rate_shifts: bigint[];
  rates_at: number | null;
  exported: bigint | null;
  exported_shift: bigint | null;
  exported_at: number | null;
  vouched_counted: bigint | null;
  vouched_at: number | null;
  advanced_at: number;
  cut_counted: bigint | null;
  cut_since: number | null;
}

export const believedOf = (row: BelievedRow): Believed => ({
  takenAt: Instant(row.taken_at),
  register: row.register,
  shift: row.shift,
  rates: row.rates,
  rateShifts: row.rate_shifts,
  ratesAt: row.rates_at === null ? null : Instant(row.rates_at),
  exported:
    row.exported === null || row.exported_shift === null || row.exported_at === null
      ? null
      : { register: row.exported, shift: row.exported_shift, takenAt: Instant(row.exported_at) },
  vouched:
    row.vouched_counted === null || row.vouched_at === null
      ? null
      : { counted: row.vouched_counted, at: Instant(row.vouched_at) },
  advancedAt: Instant(row.advanced_at),
  cut: row.cut_counted === null || row.cut_since === null ? null : { counted: row.cut_counted, since: Instant(row.cut_since) },
});

export interface DaysRow {
  day: string;
  first_at: number;
  first_counted: bigint;
  first_shift: bigint;
  last_at: number;
  last_counted: bigint;
  last_shift: bigint;
}
export const dayRowOf = (row: DaysRow): DayRow => ({
  day: row.day,
  first: { at: Instant(row.first_at), counted: row.first_counted, shift: row.first_shift },
  last: { at: Instant(row.last_at), counted: row.last_counted, shift: row.last_shift },
});
export const DAY = "day, first_at, first_counted, first_shift, last_at, last_counted, last_shift";

interface EntryRow {
  id: string;
  meter: string;
  kind: EntryKind;
  register: bigint;
  counted: bigint;
  taken_at: number;
  reason: string;
  made_by: string;
  at: number;
  basis: string | null;
}
const entryOf = ({ meter, taken_at: takenAt, made_by: by, at: when, ...row }: EntryRow): Entry => ({
  ...row,
  ...{ meter: meter as MeterAddress, takenAt: Instant(takenAt), by, at: Instant(when) },
});

export class PostgresValidationStore implements ValidationStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async believed(tx: Transaction, meter: MeterAddress): Promise<Believed | null> {
    const [row] = await this.#db.rows<BelievedRow>(tx, "SELECT * FROM believed_registers WHERE meter = $1 FOR UPDATE", [meter]);
    return row === undefined ? null : believedOf(row);
  }

  async saveBelieved(tx: Transaction, meter: MeterAddress, believed: Believed): Promise<void> {
    await this.#save(tx, meter, believed, "WITH settled AS (UPDATE reading_doubts SET open = false WHERE meter = $1 AND open)");
  }

  saveExported(tx: Transaction, meter: MeterAddress, believed: Believed): Promise<void> {
    return this.#save(tx, meter, believed, "");
  }

  async #save(tx: Transaction, meter: MeterAddress, believed: Believed, beside: string): Promise<void> {
    const { takenAt, register, shift, rates, rateShifts, ratesAt, exported, advancedAt, cut, vouched } = believed;
    await this.#db.run(
      tx,
      `${beside} INSERT INTO believed_registers (meter, taken_at, register, shift, rates, rate_shifts, exported, exported_shift, exported_at, advanced_at, cut_counted, cut_since, vouched_counted, vouched_at, rates_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
       ON CONFLICT (meter) DO UPDATE SET taken_at = $2, register = $3, shift = $4, rates = $5, rate_shifts = $6,
         exported = $7, exported_shift = $8, exported_at = $9, advanced_at = $10, cut_counted = $11, cut_since = $12,
         vouched_counted = $13, vouched_at = $14, rates_at = $15`,
      [
        ...[meter, at(takenAt), register, shift, rates, rateShifts],
        ...(exported === null ? [null, null, null] : [exported.register, exported.shift, at(exported.takenAt)]),
        at(advancedAt),
        ...(cut === null ? [null, null] : [cut.counted, at(cut.since)]),
        ...(vouched === null ? [null, null] : [vouched.counted, at(vouched.at)]),
        ratesAt === null ? null : at(ratesAt),
      ],
    );
  }

  async validated(meters: readonly MeterAddress[]): Promise<ReadonlyMap<MeterAddress, Believed>> {
    const rows = await this.#db.rows<BelievedRow>(null, "SELECT * FROM believed_registers WHERE meter = ANY($1)", [meters]);
    return new Map(rows.map((row) => [row.meter as MeterAddress, believedOf(row)]));
  }

  async doubt(tx: Transaction | null, meter: MeterAddress): Promise<DoubtRow | null> {
    const [row] = await this.#db.rows<Omit<DoubtRow, "takenAt"> & { taken_at: number }>(
      tx,
      "SELECT meter, doubt, item, register, taken_at, source, open, times FROM reading_doubts WHERE meter = $1",
      [meter],
    );
    if (row === undefined) return null;
    const { taken_at: takenAt, ...rest } = row;
    return { ...rest, takenAt: Instant(takenAt) };
  }

  async noteDoubt(
    tx: Transaction,
    { meter, doubt, item, register, takenAt, source }: Parameters<ValidationStore["noteDoubt"]>[1],
  ): Promise<void> {
    await this.#db.run(
      tx,
      `INSERT INTO reading_doubts (meter, doubt, item, register, taken_at, source, open, times) VALUES ($1, $2, $3, $4, $5, $6, true, 1)
       ON CONFLICT (meter) DO UPDATE SET doubt = $2, item = $3, register = $4, taken_at = $5, source = $6, open = true,
         times = CASE WHEN reading_doubts.open THEN reading_doubts.times + 1 ELSE 1 END`,
      [meter, doubt, item, register, at(takenAt), source],
    );
  }

  async settleDoubt(tx: Transaction, meter: MeterAddress): Promise<void> {
    await this.#db.run(tx, "DELETE FROM reading_doubts WHERE meter = $1", [meter]);
  }

  async noteDay(tx: Transaction, meter: MeterAddress, day: string, { at: when, counted, shift }: Point): Promise<void> {
    await this.#db.run(
      tx,
      `INSERT INTO meter_days AS d (meter, ${DAY}) VALUES ($1, $2, $3, $4, $5, $3, $4, $5)
       ON CONFLICT (meter, day) DO UPDATE SET
         first_at = least(d.first_at, $3),
         first_counted = CASE WHEN $3 < d.first_at THEN $4 ELSE d.first_counted END,
         first_shift = CASE WHEN $3 < d.first_at THEN $5 ELSE d.first_shift END,
         last_at = greatest(d.last_at, $3),
         last_counted = CASE WHEN $3 >= d.last_at THEN $4 ELSE d.last_counted END,
         last_shift = CASE WHEN $3 >= d.last_at THEN $5 ELSE d.last_shift END`,
      [meter, day, at(when), counted, shift],
    );
  }

  async takeBackDays(tx: Transaction, meter: MeterAddress, counted: bigint): Promise<void> {
    await this.#db.run(tx, "DELETE FROM meter_days WHERE meter = $1 AND first_counted > $2", [meter, counted]);
    await this.#db.run(
      tx,
      `UPDATE meter_days SET last_at = first_at, last_counted = first_counted, last_shift = first_shift
        WHERE meter = $1 AND last_counted > $2`,
      [meter, counted],
    );
  }

  async days(tx: Transaction | null, meter: MeterAddress, since: string): Promise<readonly DayRow[]> {
    const rows = await this.#db.rows<DaysRow>(tx, `SELECT ${DAY} FROM meter_days WHERE meter = $1 AND day >= $2 ORDER BY day`, [
      meter,
      since,
    ]);
    return rows.map(dayRowOf);
  }

  async around(
    tx: Transaction,
    meter: MeterAddress,
    when: Instant,
    day: string,
  ): Promise<{ before: Point | null; after: Point | null }> {
    const rows = await this.#db.rows<DaysRow>(
      tx,
      `(SELECT ${DAY} FROM meter_days WHERE meter = $1 AND day <= $2 ORDER BY day DESC LIMIT 2)
       UNION (SELECT ${DAY} FROM meter_days WHERE meter = $1 AND day > $2 ORDER BY day LIMIT 1) ORDER BY day`,
      [meter, day],
    );
    return neighbours(rows.map(dayRowOf), when);
  }

  async peersTypical(tx: Transaction, meter: MeterAddress, since: string): Promise<bigint | null> {
    const [row] = await this.#db.rows<{ typical: bigint | null; peers: number }>(
      tx,
      `WITH uses AS (
         SELECT (max(d.first_counted) - min(d.first_counted)) / (count(*) - 1) AS use
           FROM meter_days d JOIN meters m ON m.address = d.meter AND m.active JOIN accounts a ON a.account = m.account
          WHERE d.day >= $2 AND d.meter <> $1
            AND a.class = (SELECT c.class FROM meters o JOIN accounts c ON c.account = o.account WHERE o.address = $1)
          GROUP BY d.meter HAVING count(*) > $3)
       SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY use) AS typical, count(*)::int AS peers FROM uses`,
      [meter, since, DAYS_MIN],
    );
    return row === undefined || row.peers < PEERS_MIN ? null : row.typical;
  }

  async keepEntry(tx: Transaction, entry: Entry): Promise<void> {
    const { id, meter, kind, register, counted, takenAt, reason, by, at: when, basis } = entry;
    await this.#db.run(
      tx,
      "INSERT INTO reading_entries (id, meter, kind, register, counted, taken_at, reason, made_by, at, basis) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
      [id, meter, kind, register, counted, at(takenAt), reason, by, at(when), basis],
    );
  }

  async entries(meter: MeterAddress, limit: number): Promise<readonly Entry[]> {
    const rows = await this.#db.rows<EntryRow>(null, "SELECT * FROM reading_entries WHERE meter = $1 ORDER BY id DESC LIMIT $2", [
      meter,
      limit,
    ]);
    return rows.map(entryOf);
  }

  async lastEstimate(tx: Transaction, meter: MeterAddress, after: Instant): Promise<Entry | null> {
    const [row] = await this.#db.rows<EntryRow>(
      tx,
      "SELECT * FROM reading_entries WHERE meter = $1 AND kind = 'estimate' AND taken_at > $2 ORDER BY taken_at DESC, id DESC LIMIT 1",
      [meter, at(after)],
    );
    return row === undefined ? null : entryOf(row);
  }
}

/** The points of these days, oldest day first, beside a moment. */
export function neighbours(rows: readonly DayRow[], when: Instant): { before: Point | null; after: Point | null } {
  const points = rows.flatMap(({ first, last }) => [first, last]);
  return {
    before: points.findLast((point) => point.at <= when) ?? null,
    after: points.find((point) => point.at > when) ?? null,
  };
}
