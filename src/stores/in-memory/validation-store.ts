/** What is believed of each meter, what is doubted, its days, and what persons entered, in memory. */
import type { Instant } from "../../kernel/clock.ts";
import type { MeterAddress } from "../../kernel/ids.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { Believed, DayRow, Point } from "../../validation/believed.ts";
import type { Entry } from "../../validation/entries.ts";
import { DAYS_MIN } from "../../validation/typical.ts";
import { PEERS_MIN, type DoubtRow, type ValidationStore } from "../../validation/validation-store.ts";
import { neighbours } from "../validation-store.ts";
import type { InMemoryDatabase } from "./database.ts";
import { firstOf } from "./ordered-index.ts";
import type { Work } from "./table.ts";
import { pair } from "./tables.ts";

export class InMemoryValidationStore implements ValidationStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  believed(tx: Transaction, meter: MeterAddress): Promise<Believed | null> {
    return this.#db.statement(tx, async (on) => (await this.#db.books.believed.lock(on, meter, "update"))?.believed ?? null);
  }

  async saveBelieved(tx: Transaction, meter: MeterAddress, believed: Believed): Promise<void> {
    await this.saveExported(tx, meter, believed);
    const { doubts } = this.#db.books;
    await this.#db.statement(tx, async (on) => {
      const row = await doubts.lock(on, meter);
      if (row?.open === true) await doubts.update(on, { ...row, open: false });
    });
  }

  saveExported(tx: Transaction, meter: MeterAddress, believed: Believed): Promise<void> {
    return this.#db.statement(tx, async (on) => {
      await this.#db.books.believed.upsert(on, meter, () => ({ meter, believed: { ...believed } }));
      await this.#db.books.meters.mustExist(on, meter, "believed_registers_meter_fkey");
    });
  }

  validated(meters: readonly MeterAddress[]): Promise<ReadonlyMap<MeterAddress, Believed>> {
    return this.#db.look(null, (on) => {
      const rows = meters.map((meter) => this.#db.books.believed.find(on, meter));
      return new Map(rows.flatMap((row) => (row === undefined ? [] : [[row.meter, row.believed] as const])));
    });
  }

  doubt(tx: Transaction | null, meter: MeterAddress): Promise<DoubtRow | null> {
    return this.#db.look(tx, (on) => this.#db.books.doubts.find(on, meter) ?? null);
  }

  noteDoubt(tx: Transaction, doubt: Omit<DoubtRow, "open" | "times">): Promise<void> {
    return this.#db.statement(tx, async (on) => {
      await this.#db.books.doubts.upsert(on, doubt.meter, (known) => ({
        ...doubt,
        open: true,
        times: known?.open === true ? known.times + 1 : 1,
      }));
      await this.#db.books.meters.mustExist(on, doubt.meter, "reading_doubts_meter_fkey");
    });
  }

  settleDoubt(tx: Transaction, meter: MeterAddress): Promise<void> {
    return this.#db.statement(tx, async (on) => {
      const row = await this.#db.books.doubts.lock(on, meter, "update");
      if (row !== undefined) this.#db.books.doubts.remove(on, row);
    });
  }

  noteDay(tx: Transaction, meter: MeterAddress, day: string, point: Point): Promise<void> {
    return this.#db.statement(tx, async (on) => {
      await this.#db.books.meterDays.upsert(on, pair(meter, day), (known) => ({
        meter,
        day,
        first: known === undefined || point.at < known.first.at ? point : known.first,
        last: known === undefined || point.at >= known.last.at ? point : known.last,
      }));
      await this.#db.books.meters.mustExist(on, meter, "meter_days_meter_fkey");
    });
  }

  takeBackDays(tx: Transaction, meter: MeterAddress, counted: bigint): Promise<void> {
    const { meterDays } = this.#db.books;
    return this.#db.statement(tx, async (on) => {
      const isFalse = ({ last }: DayRow): boolean => last.counted > counted;
      const all = [...meterDays.upwards(on, "meter", meter)].filter(isFalse);
      for (const row of await meterDays.lockAll(on, all, isFalse, "update"))
        if (row.first.counted > counted) meterDays.remove(on, row);
        else await meterDays.update(on, { ...row, last: row.first });
    });
  }

  days(tx: Transaction | null, meter: MeterAddress, since: string): Promise<readonly DayRow[]> {
    return this.#db.look(tx, (on) => this.#daysOf(on, meter, since));
  }

  around(
    tx: Transaction,
    meter: MeterAddress,
    when: Instant,
    day: string,
  ): Promise<{ before: Point | null; after: Point | null }> {
    const { meterDays } = this.#db.books;
    return this.#db.look(tx, (on) => {
      const upTo: DayRow[] = [];
      for (const row of meterDays.downwards(on, "meter", meter, day)) if (upTo.unshift(row) === 2) break;
      const behind = firstOf(meterDays.upwards(on, "meter", meter, day), (row) => row.day > day);
      return neighbours(behind === undefined ? upTo : [...upTo, behind], when);
    });
  }

  peersTypical(tx: Transaction, meter: MeterAddress, since: string): Promise<bigint | null> {
    const { meters, accounts } = this.#db.books;
    return this.#db.look(tx, (on) => {
      const classOf = (address: MeterAddress): string | null => {
        const row = meters.find(on, address);
        return row?.book.account == null ? null : (accounts.find(on, row.book.account)?.class ?? null);
      };
      const own = classOf(meter);
      const uses = meters.all(on).flatMap(({ active, book: { address } }) => {
        if (!active || address === meter || own === null || classOf(address) !== own) return [];
        const days = this.#daysOf(on, address, since);
        if (days.length <= DAYS_MIN) return [];
        return [(days.at(-1)!.first.counted - days[0]!.first.counted) / BigInt(days.length - 1)];
      });
      if (uses.length < PEERS_MIN) return null;
      return uses.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0))[Math.ceil(uses.length / 2) - 1]!;
    });
  }

  keepEntry(tx: Transaction, entry: Entry): Promise<void> {
    return this.#db.statement(tx, async (on) => {
      await this.#db.books.readingEntries.add(on, { ...entry });
      await this.#db.books.meters.mustExist(on, entry.meter, "reading_entries_meter_fkey");
    });
  }

  entries(meter: MeterAddress, limit: number): Promise<readonly Entry[]> {
    return this.#db.look(null, (on) =>
      this.#db.books.readingEntries
        .in(on, "meter", meter)
        .sort((a, b) => (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    );
  }

  lastEstimate(tx: Transaction, meter: MeterAddress, after: Instant): Promise<Entry | null> {
    return this.#db.look(
      tx,
      (on) =>
        this.#db.books.readingEntries
          .in(on, "meter", meter)
          .filter(({ kind, takenAt }) => kind === "estimate" && takenAt > after)
          .sort((a, b) => b.takenAt - a.takenAt || (a.id < b.id ? 1 : -1))[0] ?? null,
    );
  }

  #daysOf(on: Work | null, meter: MeterAddress, since: string): DayRow[] {
    const rows = this.#db.books.meterDays.upwards(on, "meter", meter, since);
    return Array.from(rows, ({ day, first, last }) => ({ day, first, last }));
  }
}
