/** Clocks, records and hours of meters, in memory. */
import type { Instant } from "../../kernel/clock.ts";
import type { MeterAddress } from "../../kernel/ids.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { ClockRow, EventPage, HourRow, MeterLookStore } from "../../collection/collection-store.ts";
import type { Day } from "../../collection/days.ts";
import type { EventKind, MeterEvent } from "../../collection/event-kinds.ts";
import type { InMemoryDatabase } from "./database.ts";
import type { Work } from "./table.ts";
import { asJson, pair, type OwingRow } from "./tables.ts";

export class InMemoryMeterLookStore implements MeterLookStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  async keepClock(tx: Transaction, meter: MeterAddress, day: Day, row: ClockRow): Promise<void> {
    const { meterClocks, meters } = this.#db.books;
    await this.#db.statement(tx, async (on) => {
      await meterClocks.insert(on, { ...row, meter });
      await meters.mustExist(on, meter, "meter_clocks_meter_fkey");
      await this.#owing(on, meter, { clockOn: day, aheadMs: row.aheadMs });
    });
  }

  clockDone(meter: MeterAddress, day: Day): Promise<void> {
    return this.#db.statement(null, (on) => this.#owing(on, meter, { clockOn: day }));
  }

  clocks(meter: MeterAddress, limit: number): Promise<readonly ClockRow[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.meterClocks
        .in(on, "meter", meter)
        .sort((a, b) => b.at - a.at)
        .slice(0, limit)
        .map(({ at, aheadMs, verdict }) => ({ at, aheadMs, verdict })),
    );
  }

  eventCounts(meter: MeterAddress): Promise<ReadonlyMap<EventKind, number>> {
    return this.#db.look(
      null,
      (on) => new Map(this.#db.books.eventCounts.in(on, "meter", meter).map(({ kind, count }) => [kind, count])),
    );
  }

  keepEvents(
    tx: Transaction,
    meter: MeterAddress,
    kind: EventKind,
    count: number,
    events: readonly MeterEvent[],
  ): Promise<readonly MeterEvent[]> {
    const { eventCounts, meterEvents, meters } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      await eventCounts.upsert(on, pair(meter, kind), () => ({ meter, kind, count }));
      await meters.mustExist(on, meter, "meter_event_counts_meter_fkey");
      const fresh: MeterEvent[] = [];
      for (const event of events) {
        const row = { ...event, fields: asJson(event.fields), id: BigInt(this.#db.books.nextId()) };
        if ((await meterEvents.insert(on, row)) === null) fresh.push(event);
      }
      return fresh;
    });
  }

  eventsDone(meter: MeterAddress, day: Day): Promise<void> {
    return this.#db.statement(null, (on) => this.#owing(on, meter, { eventsOn: day }));
  }

  events({ meter, kind, limit, before }: EventPage): Promise<readonly (MeterEvent & { readonly id: bigint })[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.meterEvents
        .in(on, "meter", meter)
        .filter((event) => (kind === null || event.kind === kind) && (before === null || event.id < before))
        .sort((a, b) => Number(b.id - a.id))
        .slice(0, limit),
    );
  }

  keepHours(meter: MeterAddress, rows: readonly HourRow[]): Promise<void> {
    const { meterHours, meters } = this.#db.books;
    return this.#db.statement(null, async (on) => {
      for (const row of rows) await meterHours.insert(on, { ...row, meter });
      if (rows.length > 0) await meters.mustExist(on, meter, "meter_hours_meter_fkey");
    });
  }

  hours(
    meter: MeterAddress,
    { before, limit }: { readonly before: Instant | null; readonly limit: number },
  ): Promise<readonly HourRow[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.meterHours
        .in(on, "meter", meter)
        .filter(({ at }) => before === null || at < before)
        .sort((a, b) => b.at - a.at)
        .slice(0, limit)
        .map(({ at, imported, exported }) => ({ at, imported, exported })),
    );
  }

  async #owing(on: Work, meter: MeterAddress, change: Partial<OwingRow>): Promise<void> {
    const { owing } = this.#db.books;
    const row = await owing.lock(on, meter);
    if (row !== undefined) await owing.update(on, { ...row, ...change });
  }
}
