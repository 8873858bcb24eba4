/** Clocks, records and hours of meters, as rows. An event is kept once, however often it is read. */
import type { Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { ClockRow, EventPage, HourRow, MeterLookStore } from "../collection/collection-store.ts";
import type { Day } from "../collection/days.ts";
import type { EventKind, MeterEvent } from "../collection/event-kinds.ts";
import { at, type Database } from "./database.ts";

interface EventRow {
  id: bigint;
  meter: MeterAddress;
  kind: EventKind;
  number: number;
  at: Instant | null;
  until: Instant | null;
  operator: string | null;
  ours: boolean | null;
  fields: Readonly<Record<string, string>>;
  read_at: Instant;
}

const orNull = (instant: Instant | null): Date | null => (instant === null ? null : at(instant));

export class PostgresMeterLookStore implements MeterLookStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  async keepClock(tx: Transaction, meter: MeterAddress, day: Day, { at: readAt, aheadMs, verdict }: ClockRow): Promise<void> {
    await this.#db.run(
      tx,
      "INSERT INTO meter_clocks (meter, at, ahead_ms, verdict) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING",
      [meter, at(readAt), aheadMs, verdict],
    );
    await this.#db.run(tx, "UPDATE collection_meters SET clock_on = $2, ahead_ms = $3 WHERE meter = $1", [meter, day, aheadMs]);
  }

  async clockDone(meter: MeterAddress, day: Day): Promise<void> {
    await this.#db.run(null, "UPDATE collection_meters SET clock_on = $2 WHERE meter = $1", [meter, day]);
  }

  async clocks(meter: MeterAddress, limit: number): Promise<readonly ClockRow[]> {
    const rows = await this.#db.rows<{ at: Instant; ahead_ms: bigint; verdict: ClockRow["verdict"] }>(
      null,
      "SELECT at, ahead_ms, verdict FROM meter_clocks WHERE meter = $1 ORDER BY at DESC LIMIT $2",
      [meter, limit],
    );
    return rows.map(({ at: readAt, ahead_ms, verdict }) => ({ at: readAt, aheadMs: Number(ahead_ms), verdict }));
  }

  async eventCounts(meter: MeterAddress): Promise<ReadonlyMap<EventKind, number>> {
    const rows = await this.#db.rows<{ kind: EventKind; count: number }>(
      null,
      "SELECT kind, count FROM meter_event_counts WHERE meter = $1",
      [meter],
    );
    return new Map(rows.map(({ kind, count }) => [kind, count]));
  }

  async keepEvents(
    tx: Transaction,
    meter: MeterAddress,
    kind: EventKind,
    count: number,
    events: readonly MeterEvent[],
  ): Promise<readonly MeterEvent[]> {
    await this.#db.run(
      tx,
      `INSERT INTO meter_event_counts (meter, kind, count) VALUES ($1, $2, $3)
       ON CONFLICT (meter, kind) DO UPDATE SET count = excluded.count`,
      [meter, kind, count],
    );
    const fresh: MeterEvent[] = [];
    for (const event of events) {
      const { number, operator, ours, fields } = event;
      const added = await this.#db.run(
        tx,
        `INSERT INTO meter_events (meter, kind, number, at, until, operator, ours, fields, read_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT DO NOTHING`,
        [meter, kind, number, orNull(event.at), orNull(event.until), operator, ours, fields, at(event.readAt)],
      );
      if (added > 0) fresh.push(event);
    }
    return fresh;
  }

  async eventsDone(meter: MeterAddress, day: Day): Promise<void> {
    await this.#db.run(null, "UPDATE collection_meters SET events_on = $2 WHERE meter = $1", [meter, day]);
  }

  async events({ meter, kind, limit, before }: EventPage): Promise<readonly (MeterEvent & { readonly id: bigint })[]> {
    const rows = await this.#db.rows<EventRow>(
      null,
      `SELECT id, meter, kind, number, at, until, operator, ours, fields, read_at FROM meter_events
        WHERE meter = $1 AND ($2::text IS NULL OR kind = $2) AND ($3::bigint IS NULL OR id < $3) ORDER BY id DESC LIMIT $4`,
      [meter, kind, before, limit],
    );
    return rows.map(({ read_at, ...row }) => ({ ...row, readAt: read_at }));
  }

  async keepHours(meter: MeterAddress, rows: readonly HourRow[]): Promise<void> {
    if (rows.length === 0) return;
    await this.#db.run(
      null,
      `INSERT INTO meter_hours (meter, at, imported, exported)
       SELECT $1, h.at, h.imported, h.exported FROM unnest($2::timestamptz[], $3::numeric[], $4::numeric[]) AS h(at, imported, exported)
       ON CONFLICT DO NOTHING`,
      [meter, rows.map((row) => at(row.at)), rows.map(({ imported }) => imported), rows.map(({ exported }) => exported)],
    );
  }

  async hours(
    meter: MeterAddress,
    { before, limit }: { readonly before: Instant | null; readonly limit: number },
  ): Promise<readonly HourRow[]> {
    return this.#db.rows<HourRow>(
      null,
      `SELECT at, imported::text, exported::text FROM meter_hours
        WHERE meter = $1 AND ($2::timestamptz IS NULL OR at < $2) ORDER BY at DESC LIMIT $3`,
      [meter, orNull(before), limit],
    );
  }
}
