/** Readings in memory: all are kept, the newest believed one of each item at hand. */
import { dayOf, hours } from "../../kernel/clock.ts";
import type { MeterAddress } from "../../kernel/ids.ts";
import type { Reading } from "../../kernel/reading.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { EnergyOfDay, KeptReading, ReadingQuery, ReadingStore } from "../../devices/device-store.ts";
import type { InMemoryDatabase } from "./database.ts";
import { pair } from "./tables.ts";

/** A latest reading that claims to be later than this was taken before the clock was set back. */
const FROM_THE_FUTURE_MS = hours(1);

/** What a meter or a person tells of former days says nothing about the clock. */
const isOfNow = ({ source }: Reading): boolean => source === "poll" || source === "command";

export class InMemoryReadingStore implements ReadingStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  latest(tx: Transaction, meter: MeterAddress, item: string): Promise<Reading | null> {
    const { latest } = this.#db.books;
    return this.#db.statement(tx, async (on) => (await latest.lock(on, pair(meter, item), "update")) ?? null);
  }

  keep(tx: Transaction, given: Reading, suspect: string | null): Promise<void> {
    const { readings, latest, meters } = this.#db.books;
    const reading = { ...given };
    return this.#db.statement(tx, async (on) => {
      await readings.add(on, { id: this.#db.books.nextId(), reading, suspect });
      if (suspect === null)
        await latest.upsert(on, pair(reading.meter, reading.item), (known) =>
          known === undefined ||
          known.takenAt <= reading.takenAt ||
          (isOfNow(reading) && known.takenAt > reading.takenAt + FROM_THE_FUTURE_MS)
            ? reading
            : null,
        );
      await meters.mustExist(on, reading.meter, "readings_meter_fkey");
    });
  }

  keepOlder(tx: Transaction, reading: Reading): Promise<void> {
    const { readings, meters } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      await readings.add(on, { id: this.#db.books.nextId(), reading: { ...reading }, suspect: null });
      await meters.mustExist(on, reading.meter, "readings_meter_fkey");
    });
  }

  latestOf(meters: readonly MeterAddress[], tx: Transaction | null = null): Promise<readonly Reading[]> {
    return this.#db.look(tx, (on) => [...new Set(meters)].flatMap((meter) => this.#db.books.latest.in(on, "meter", meter)));
  }

  list(meter: MeterAddress, { item, from, to, before, limit }: ReadingQuery): Promise<readonly KeptReading[]> {
    const isBefore = (one: KeptReading): boolean =>
      before === null || one.takenAt < before.takenAt || (one.takenAt === before.takenAt && one.id < before.id);
    return this.#db.look(null, (on) =>
      this.#db.books.readings
        .in(on, "meter", meter)
        .map(({ id, reading, suspect }) => ({ ...reading, id: BigInt(id), suspect }))
        .filter((one) => (item === null || one.item === item) && one.takenAt >= from && one.takenAt < to && isBefore(one))
        .sort((a, b) => b.takenAt - a.takenAt || (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    );
  }

  energyByDay(meter: MeterAddress, timeZone: string, limit: number): Promise<readonly EnergyOfDay[]> {
    return this.#db.look(null, (on) => {
      const days = new Map<string, { first: string; last: string }>();
      for (const { reading, suspect } of this.#db.books.readings.in(on, "meter", meter)) {
        const { item, value, takenAt } = reading;
        if (item !== "importedEnergy" || suspect !== null || value === null) continue;
        const day = dayOf(takenAt, timeZone);
        const known = days.get(day) ?? { first: value, last: value };
        if (Number(value) < Number(known.first)) known.first = value;
        if (Number(value) > Number(known.last)) known.last = value;
        days.set(day, known);
      }
      const newestFirst = [...days].sort(([a], [b]) => (a < b ? 1 : -1));
      return newestFirst.slice(0, limit).map(([day, { first, last }]) => ({ day, first, last }));
    });
  }
}
