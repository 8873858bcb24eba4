/** What meters owe by day, in memory. */
import { Instant } from "../../kernel/clock.ts";
import { BusId, type MeterAddress } from "../../kernel/ids.ts";
import type {
  CollectionStore,
  DayCount,
  Dues,
  Gap,
  GapPage,
  NearReading,
  Opening,
  RateBy,
} from "../../collection/collection-store.ts";
import { dayAfter, daysBetween, midnightOf, type Day } from "../../collection/days.ts";
import type { Lacks } from "../../collection/lacks.ts";
import type { How, MissingBecause } from "../../collection/states.ts";
import type { InMemoryDatabase } from "./database.ts";
import { isOwed, OPEN, asJson, pair, type CollectionDayRow, type MeterRow } from "./tables.ts";
import { whilst } from "./ordered-index.ts";
import type { Work } from "./table.ts";

const OPENED_AT_ONCE_MAX = 400;
const fresh = { how: null, because: null, takenAt: null, comeAt: null, askedAt: null } as const;
const byAddress = (a: { readonly meter: string }, b: { readonly meter: string }): number => (a.meter < b.meter ? -1 : 1);

export class InMemoryCollectionStore implements CollectionStore {
  readonly #db: InMemoryDatabase;

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  open({ today, missingTo, oldest }: Opening): Promise<void> {
    const { owing, collectionDays, meters } = this.#db.books;
    return this.#db.statement(null, async (on) => {
      for (const { book, active } of meters.all(on)) {
        if (!active) continue;
        const meter = book.address;
        if ((owing.find(on, meter)?.openedTo ?? "") >= today) continue; // nearly always: nobody's row is locked for nothing
        const known = await owing.lock(on, meter);
        if (known === undefined) {
          const nothing = { clockOn: null, eventsOn: null, aheadMs: null, lacks: {} };
          await owing.insert(on, { meter, since: dayAfter(today), openedTo: today, ...nothing });
          continue;
        }
        if (known.openedTo >= today) continue;
        const first =
          daysBetween(known.openedTo, today) > OPENED_AT_ONCE_MAX
            ? dayAfter(today, -OPENED_AT_ONCE_MAX)
            : dayAfter(known.openedTo);
        for (let day = first; day <= today; day = dayAfter(day))
          await collectionDays.insert(on, { meter, day, state: "due", ...fresh });
        await owing.update(on, { ...known, openedTo: today });
      }
      for (const row of collectionDays.in(on, "open", OPEN)) {
        if (meters.find(on, row.meter)?.active !== true) {
          const gone = await collectionDays.lock(on, pair(row.meter, row.day), "update");
          if (gone !== undefined) collectionDays.remove(on, gone);
        } else if (row.day < oldest)
          await this.#change(on, row.meter, row.day, (now) => ({ ...now, state: "given-up", because: "older-than-kept" }));
        else if (row.state === "due" && row.day <= missingTo)
          await this.#change(on, row.meter, row.day, (now) => ({
            ...now,
            state: "missing",
            because: now.because ?? "not-asked",
          }));
      }
    });
  }

  dues(today: Day): Promise<readonly Dues[]> {
    const { owing, collectionDays, meters } = this.#db.books;
    return this.#db.look(null, (on) =>
      owing
        .all(on)
        .filter(({ meter }) => meters.find(on, meter)?.active === true)
        .sort(byAddress)
        .map(({ openedTo: _openedTo, ...row }) => ({
          ...row,
          days: collectionDays
            .in(on, "open", row.meter)
            .map(({ day }) => day)
            .filter((day) => day <= today)
            .sort(),
        })),
    );
  }

  async collect(
    meter: MeterAddress,
    day: Day,
    { how, takenAt, at }: { readonly how: How; readonly takenAt: Instant; readonly at: Instant },
  ): Promise<boolean> {
    const isNew = (row: CollectionDayRow): boolean => row.state !== "collected";
    return this.#changeIf(meter, day, isNew, (row) => ({ ...row, state: "collected", how, takenAt, comeAt: at, because: null }));
  }

  async miss(
    meter: MeterAddress,
    days: readonly Day[],
    { state, because, at }: { readonly state: "missing" | "given-up"; readonly because: MissingBecause; readonly at: Instant },
  ): Promise<void> {
    for (const day of days)
      await this.#changeIf(
        meter,
        day,
        (row) => isOwed(row.state),
        (row) => ({ ...row, state, because, askedAt: at }),
      );
  }

  async explain(meter: MeterAddress, days: readonly Day[], because: MissingBecause): Promise<void> {
    const hasNone = ({ state, because: why }: CollectionDayRow): boolean =>
      (state === "missing" || state === "given-up") && (why === "no-freeze" || why === "no-freeze-yet");
    for (const day of days) await this.#changeIf(meter, day, hasNone, (row) => ({ ...row, because }));
  }

  keepLacks(meter: MeterAddress, lacks: Lacks): Promise<void> {
    const { owing } = this.#db.books;
    return this.#db.statement(null, async (on) => {
      const row = await owing.lock(on, meter);
      if (row !== undefined) await owing.update(on, { ...row, lacks: asJson(lacks) });
    });
  }

  hasFrozen(meter: MeterAddress): Promise<boolean> {
    const { owing, collectionDays } = this.#db.books;
    return this.#db.look(null, (on) => {
      const row = owing.find(on, meter);
      if (row === undefined) return false;
      for (let day = row.since; day <= row.openedTo; day = dayAfter(day))
        if (collectionDays.find(on, pair(meter, day))?.how === "freeze") return true;
      return false;
    });
  }

  nearest(meter: MeterAddress, midnight: Instant, withinMs: number): Promise<NearReading | null> {
    return this.#db.look(null, (on) => this.#near(on, meter, midnight, withinMs, ({ source }) => source !== "freeze"));
  }

  collectEntries({ timeZone, withinMs, at }: Parameters<CollectionStore["collectEntries"]>[0]): Promise<number> {
    const { collectionDays } = this.#db.books;
    const isPersons = ({ source }: NearReading): boolean => source === "person" || source === "estimate";
    return this.#db.statement(null, async (on) => {
      let count = 0;
      for (const { meter, day } of collectionDays.in(on, "gaps", "given-up")) {
        const midnight = midnightOf(day, timeZone);
        const first = this.#nearAll(on, meter, midnight, withinMs, isPersons).sort((a, b) => a.takenAt - b.takenAt)[0];
        if (first === undefined) continue;
        const come = { state: "collected", how: "person", takenAt: first.takenAt, comeAt: at, because: null } as const;
        await this.#change(on, meter, day, (row) => ({ ...row, ...come }));
        count += 1;
      }
      return count;
    });
  }

  counts({ from, to, by }: { readonly from: Day; readonly to: Day; readonly by: RateBy }): Promise<readonly DayCount[]> {
    const { collectionDays, meters, accounts } = this.#db.books;
    return this.#db.look(null, (on) => {
      const keyOf: Readonly<Record<RateBy, (row: MeterRow) => string | null>> = {
        day: () => null,
        line: ({ bus }) => bus,
        class: ({ book: { account } }) => (account === null ? null : (accounts.find(on, account)?.class ?? null)),
      };
      const found: DayCount[] = [];
      for (let day = to; day >= from && daysBetween(day, to) <= OPENED_AT_ONCE_MAX; day = dayAfter(day, -1)) {
        const groups = Map.groupBy(collectionDays.in(on, "day", day), ({ meter }) => keyOf[by](meters.find(on, meter)!));
        const keys = [...groups.keys()].sort((a, b) => (a === null ? 1 : b === null ? -1 : a < b ? -1 : 1));
        for (const key of keys) found.push(countOf(day, key, groups.get(key)!));
      }
      return found;
    });
  }

  gaps(page: GapPage): Promise<readonly Gap[]> {
    const { collectionDays, meters, accounts } = this.#db.books;
    return this.#db.look(null, (on) => {
      const { from, to, after } = page;
      const isBehind = (row: CollectionDayRow): boolean =>
        after === null || row.day < after.day || (row.day === after.day && row.meter > after.meter);
      return [...collectionDays.in(on, "gaps", "missing"), ...collectionDays.in(on, "gaps", "given-up")]
        .filter((row) => (from === null || row.day >= from) && (to === null || row.day <= to) && isBehind(row))
        .map(({ meter, day, state, because, askedAt }): Gap => {
          const { book, bus } = meters.find(on, meter)!;
          const classOf = book.account === null ? null : (accounts.find(on, book.account)?.class ?? null);
          const rest = { state: state as Gap["state"], because, askedAt };
          return { meter, day, line: BusId(bus), account: book.account, class: classOf, ...rest };
        })
        .filter((gap) => page.meter === null || gap.meter === page.meter)
        .filter((gap) => (page.line === null || gap.line === page.line) && (page.class === null || gap.class === page.class))
        .sort((a, b) => (a.day === b.day ? byAddress(a, b) : a.day < b.day ? 1 : -1))
        .slice(0, page.limit);
    });
  }

  async gapCount(of: Omit<GapPage, "limit" | "after">): Promise<number> {
    return (await this.gaps({ ...of, limit: Number.MAX_SAFE_INTEGER, after: null })).length;
  }

  #near(
    on: Work | null,
    meter: MeterAddress,
    midnight: Instant,
    withinMs: number,
    fits: (reading: NearReading) => boolean,
  ): NearReading | null {
    const off = ({ takenAt }: NearReading): number => Math.abs(takenAt - midnight);
    const all = this.#nearAll(on, meter, midnight, withinMs, fits).sort((a, b) => off(a) - off(b) || a.takenAt - b.takenAt);
    return all[0] ?? null;
  }

  #nearAll(
    on: Work | null,
    meter: MeterAddress,
    midnight: Instant,
    withinMs: number,
    fits: (reading: NearReading) => boolean,
  ): NearReading[] {
    const since = this.#db.books.readings.upwards(on, "energy", meter, midnight - withinMs);
    const near = whilst(since, ({ reading: { takenAt } }) => takenAt <= midnight + withinMs).sort((a, b) => a.id - b.id);
    return near.flatMap(({ reading: { value, takenAt, source }, suspect }) =>
      suspect === null && value !== null && fits({ takenAt, source }) ? [{ takenAt: Instant(takenAt), source }] : [],
    );
  }

  #changeIf(
    meter: MeterAddress,
    day: Day,
    fits: (row: CollectionDayRow) => boolean,
    change: (row: CollectionDayRow) => CollectionDayRow,
  ): Promise<boolean> {
    return this.#db.statement(null, (on) => this.#change(on, meter, day, (row) => (fits(row) ? change(row) : null)));
  }

  async #change(
    on: Work,
    meter: MeterAddress,
    day: Day,
    change: (row: CollectionDayRow) => CollectionDayRow | null,
  ): Promise<boolean> {
    const { collectionDays } = this.#db.books;
    const row = await collectionDays.lock(on, pair(meter, day));
    const next = row === undefined ? null : change(row);
    if (next !== null) await collectionDays.update(on, next);
    return next !== null;
  }
}

function countOf(day: Day, key: string | null, rows: readonly CollectionDayRow[]): DayCount {
  const of = (fits: (row: CollectionDayRow) => boolean): number => rows.filter(fits).length;
  return {
    ...{ day, key, expected: rows.length },
    byFreeze: of(({ how }) => how === "freeze"),
    byReading: of(({ how }) => how === "reading"),
    byPerson: of(({ how }) => how === "person"),
    due: of(({ state }) => state === "due"),
    missing: of(({ state }) => state === "missing"),
    givenUp: of(({ state }) => state === "given-up"),
  };
}
