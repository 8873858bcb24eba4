/** How far each meter of a remote account has been billed, and what each settlement day cost. */
import { CentiKwh } from "../kernel/energy.ts";
import { Instant } from "../kernel/clock.ts";
import { Fen } from "../kernel/money.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import {
  byDay,
  UNSETTLED_WITHIN_DAYS,
  type BilledDay,
  type BillingState,
  type DailyBillingStore,
  type Stretch,
  type UnsettledUnder,
  type Whose,
} from "../ledger/billing-store.ts";
import type { Track } from "../ledger/day-points.ts";
import type { SettlementDay } from "../ledger/settlement-day.ts";
import { at, type Database } from "./database.ts";
import { columnsOf, dayOfRow, type DayRow } from "./settlement-rows.ts";

interface StateRow {
  meter: string;
  account: string;
  stretch: bigint;
  begun: string;
  day: string;
  day_start: bigint;
  billed_to: bigint;
  charged: bigint;
  billed_at: number;
  closed: boolean;
}

const stateOf = (row: StateRow): BillingState => ({
  meter: row.meter as MeterAddress,
  account: row.account as AccountId,
  stretch: row.stretch,
  begun: row.begun,
  day: row.day,
  dayStart: CentiKwh(row.day_start),
  billedTo: CentiKwh(row.billed_to),
  charged: Fen(row.charged),
  billedAt: Instant(row.billed_at),
  closed: row.closed,
});

/** A primary key of four columns; all others are written anew. */
const KEY = ["meter", "stretch", "day", "account"];

export class PostgresBillingStore implements DailyBillingStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async lockBilling(tx: Transaction, meter: MeterAddress): Promise<BillingState | null> {
    const [row] = await this.#db.rows<StateRow>(tx, "SELECT * FROM billing WHERE meter = $1 FOR UPDATE", [meter]);
    return row === undefined ? null : stateOf(row);
  }

  async saveBilling(tx: Transaction, state: BillingState): Promise<void> {
    const { meter, account, stretch, begun, day, dayStart, billedTo, charged, billedAt, closed } = state;
    await this.#db.run(
      tx,
      `INSERT INTO billing (meter, account, stretch, begun, day, day_start, billed_to, charged, billed_at, closed)
       VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
       ON CONFLICT (meter) DO UPDATE SET account = $2, stretch = $3, begun = $4, day = $5, day_start = $6, billed_to = $7, charged = $8, billed_at = $9, closed = $10`,
      [meter, account, stretch, begun, day, dayStart, billedTo, charged, at(billedAt), closed],
    );
  }

  async lockOpenOf(tx: Transaction, account: AccountId, except: MeterAddress): Promise<readonly BillingState[]> {
    const rows = await this.#db.rows<StateRow>(
      tx,
      "SELECT * FROM billing WHERE account = $1 AND meter <> $2 AND NOT closed ORDER BY meter FOR UPDATE",
      [account, except],
    );
    return rows.map(stateOf);
  }

  async lockDay(tx: Transaction, { meter, stretch }: Stretch, day: string): Promise<SettlementDay | null> {
    // older programs began every bill with stretch 0: what they closed has no tariff
    const [row] = await this.#db.rows<DayRow>(
      tx,
      "SELECT * FROM billing_days WHERE meter = $1 AND stretch = $2 AND day = $3 AND tariff IS NOT NULL FOR UPDATE",
      [meter, stretch, day],
    );
    return row === undefined ? null : dayOfRow(row);
  }

  async around(
    tx: Transaction,
    { meter, stretch }: Stretch,
    day: string,
    tracks: readonly Track[],
  ): Promise<{ before: string | null; after: string | null }> {
    const nearest = (compare: "<" | ">", order: "DESC" | "ASC"): string =>
      `unnest($4::text[]) AS t, LATERAL (SELECT day AS near FROM billing_days WHERE meter = $1 AND stretch = $2 AND day ${compare} $3 AND seen ? t ORDER BY day ${order} LIMIT 1) AS x`;
    const [row] = await this.#db.rows<{ before: string | null; after: string | null }>(
      tx,
      `SELECT (SELECT min(near) FROM ${nearest("<", "DESC")}) AS before, (SELECT max(near) FROM ${nearest(">", "ASC")}) AS after`,
      [meter, stretch, day, tracks],
    );
    return row!;
  }

  async stretchOver(tx: Transaction, meter: MeterAddress, day: string) {
    const [row] = await this.#db.rows<{ stretch: bigint; account: string; begun: string; day: string }>(
      tx,
      `SELECT stretch, account, min(day) AS begun, max(day) AS day FROM billing_days WHERE meter = $1 AND tariff IS NOT NULL
        GROUP BY stretch, account HAVING min(day) < $2 AND max(day) >= $2 ORDER BY stretch DESC LIMIT 1`,
      [meter, day],
    );
    return row === undefined ? null : { ...row, meter, account: row.account as AccountId };
  }

  async lockDays(tx: Transaction, account: AccountId, from: string, to: string | null): Promise<readonly SettlementDay[]> {
    const rows = await this.#db.rows<DayRow>(
      tx,
      "SELECT * FROM billing_days WHERE account = $1 AND day >= $2 AND ($3::text IS NULL OR day <= $3) ORDER BY day, stretch, meter FOR UPDATE",
      [account, from, to],
    );
    return rows.map(dayOfRow);
  }

  async used(tx: Transaction, account: AccountId, from: string, before: string): Promise<bigint> {
    const [row] = await this.#db.rows<{ used: bigint }>(
      tx,
      "SELECT coalesce(sum(energy), 0)::bigint AS used FROM billing_days WHERE account = $1 AND day >= $2 AND day < $3",
      [account, from, before],
    );
    return row!.used;
  }

  async saveDay(tx: Transaction, day: SettlementDay): Promise<void> {
    const columns = columnsOf(day);
    const names = columns.map(([name]) => name);
    const changed = names.filter((name) => !KEY.includes(name)).map((name) => `${name} = EXCLUDED.${name}`);
    await this.#db.run(
      tx,
      `INSERT INTO billing_days (${names.join(", ")}) VALUES (${names.map((_name, index) => `$${index + 1}`).join(", ")})
       ON CONFLICT (${KEY.join(", ")}) DO UPDATE SET ${changed.join(", ")}`,
      columns.map(([, value]) => value),
    );
  }

  async settleByReadings(tx: Transaction, { meter, account }: Whose, before: string): Promise<readonly Whose[]> {
    const rows = await this.#db.rows<{ meter: string; account: string }>(
      tx,
      `WITH due AS MATERIALIZED (
         SELECT meter, stretch, day, account FROM billing_days
          WHERE (meter = $1 OR account = $2) AND day < $3 AND settled_by IS NULL AND end_by IS NOT NULL ORDER BY day, stretch, meter FOR UPDATE),
       settled AS (
         UPDATE billing_days d SET settled_by = 'readings' FROM due
          WHERE (d.meter, d.stretch, d.day, d.account) = (due.meter, due.stretch, due.day, due.account)
         RETURNING d.meter, d.account, d.rates_missing)
       SELECT DISTINCT meter, account FROM settled WHERE rates_missing ORDER BY meter, account`,
      [meter, account, before],
    );
    return rows.map((row) => ({ meter: row.meter as MeterAddress, account: row.account as AccountId }));
  }

  async ratesMissing(tx: Transaction, meter: MeterAddress): Promise<readonly Pick<SettlementDay, "day" | "tariff">[]> {
    return this.#db.rows<Pick<DayRow, "day" | "tariff">>(
      tx,
      "SELECT DISTINCT day, tariff FROM billing_days WHERE meter = $1 AND rates_missing AND settled_by IS NOT NULL ORDER BY day, tariff",
      [meter],
    );
  }

  async days(account: AccountId, limit: number): Promise<readonly BilledDay[]> {
    const rows = await this.#db.rows<DayRow>(
      null,
      `SELECT * FROM billing_days WHERE account = $1 AND day IN (SELECT DISTINCT day FROM billing_days WHERE account = $1 ORDER BY day DESC LIMIT $2)
        ORDER BY day DESC, stretch`,
      [account, limit],
    );
    return byDay(rows.map(dayOfRow));
  }

  async billOf(account: AccountId, from: string, to: string): Promise<readonly BilledDay[]> {
    const rows = await this.#db.rows<DayRow>(
      null,
      "SELECT * FROM billing_days WHERE account = $1 AND day >= $2 AND day <= $3 ORDER BY day, stretch",
      [account, from, to],
    );
    return byDay(rows.map(dayOfRow));
  }

  /** OFFSET 0 keeps it account by account, through the index: joined at once, all days of all years would be read. */
  async unsettledBeside(known: readonly string[]): Promise<readonly UnsettledUnder[]> {
    const rows = await this.#db.rows<{ tariff: string; meters: number; day: string; meter: string }>(
      null,
      `SELECT d.tariff, count(DISTINCT d.meter)::int AS meters, min(d.day) AS day, (array_agg(d.meter ORDER BY d.day, d.meter))[1] AS meter
         FROM accounts a,
              LATERAL (SELECT max(day) AS newest FROM billing_days WHERE account = a.account) n,
              LATERAL (SELECT tariff, meter, day FROM billing_days WHERE account = a.account AND settled_by IS NULL
                          AND day >= to_char(n.newest::date - $2::int, 'YYYY-MM-DD') OFFSET 0) d
        WHERE d.tariff IS NOT NULL AND d.tariff <> ALL ($1::text[]) GROUP BY d.tariff ORDER BY d.tariff`,
      [known, UNSETTLED_WITHIN_DAYS],
    );
    return rows.map((row) => ({ ...row, meter: row.meter as MeterAddress }));
  }
}
