/** Every meter in use as a review sees it: its books, what is believed and doubted of it, and its days. */
import { Instant } from "../kernel/clock.ts";
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import { walletItems, type Reading } from "../kernel/reading.ts";
import type { DayRow } from "../validation/believed.ts";
import type { MeterSight, ReviewStore } from "../validation/review/sight.ts";
import type { Database } from "./database.ts";
import { believedOf, DAY, dayRowOf, type BelievedRow, type DaysRow } from "./validation-store.ts";

type Nullable<R> = { [K in keyof R]: R[K] | null };

interface Row extends Nullable<BelievedRow> {
  address: string;
  account: string | null;
  class: string | null;
  bus: string;
  model: string;
  relay: MeterSight["relay"];
  in_credit: boolean;
  created_at: number;
  doubt: string | null;
  doubted_item: string | null;
  doubted_register: bigint | null;
  doubted_at: number | null;
  doubted_source: Reading["source"] | null;
  doubt_open: boolean | null;
  doubt_times: number | null;
}

const inWallets = walletItems.map((item) => `'${item}'`).join(", ");
/** A doubt that somebody closed with words, and after which something was believed, is not listed any more. */
const SIGHTS = `
  SELECT m.address, m.account, a.class, m.bus, m.model, m.relay_reported AS relay, m.created_at,
         CASE a.mode WHEN 'remote' THEN coalesce(p.amount, 0) > 0
                     ELSE coalesce((SELECT CASE WHEN l.value ~ '^-?[0-9]+([.][0-9]+)?$' THEN l.value::numeric > 0 END FROM latest_readings l
                                     WHERE l.meter = m.address AND l.item IN (${inWallets}) AND l.value IS NOT NULL ORDER BY l.taken_at DESC, l.item LIMIT 1), false) END AS in_credit,
         v.*, d.doubt, d.item AS doubted_item, d.register AS doubted_register, d.taken_at AS doubted_at, d.source AS doubted_source,
         d.open AS doubt_open, d.times AS doubt_times
    FROM meters m
    LEFT JOIN accounts a ON a.account = m.account
    LEFT JOIN ledger_positions p ON p.book = 'available/' || a.account
    LEFT JOIN believed_registers v ON v.meter = m.address
    LEFT JOIN reading_doubts d ON d.meter = m.address AND (d.open OR EXISTS (
      SELECT 1 FROM exceptions e WHERE e.meter = m.address AND e.kind = 'reading-suspect' AND e.closed_at IS NULL))
   WHERE m.active AND ($1::text IS NULL OR a.class = $1) ORDER BY m.address`;

export class PostgresReviewStore implements ReviewStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async sights(wish: { readonly daysSince: string | null; readonly class?: string }): Promise<readonly MeterSight[]> {
    const rows = await this.#db.rows<Row>(null, SIGHTS, [wish.class ?? null]);
    const days = wish.daysSince === null ? new Map<string, DayRow[]>() : await this.#days(wish.daysSince);
    return rows.map((row) => sightOf(row, days.get(row.address) ?? []));
  }

  async #days(since: string): Promise<ReadonlyMap<string, DayRow[]>> {
    const rows = await this.#db.rows<DaysRow & { meter: string }>(
      null,
      `SELECT meter, ${DAY} FROM meter_days WHERE day >= $1 ORDER BY meter, day`,
      [since],
    );
    const days = new Map<string, DayRow[]>();
    for (const row of rows) {
      const known = days.get(row.meter);
      if (known === undefined) days.set(row.meter, [dayRowOf(row)]);
      else known.push(dayRowOf(row));
    }
    return days;
  }
}

const sightOf = (row: Row, days: readonly DayRow[]): MeterSight => ({
  meter: row.address as MeterAddress,
  account: row.account as AccountId | null,
  ...{ class: row.class, bus: row.bus, model: row.model, relay: row.relay },
  inCredit: row.in_credit,
  createdAt: Instant(row.created_at),
  believed: row.meter === null ? null : believedOf(row as BelievedRow),
  doubt:
    row.doubt === null
      ? null
      : {
          meter: row.address as MeterAddress,
          ...{ doubt: row.doubt, item: row.doubted_item!, register: row.doubted_register, takenAt: Instant(row.doubted_at!) },
          ...{ source: row.doubted_source!, open: row.doubt_open!, times: row.doubt_times! },
        },
  days,
});
