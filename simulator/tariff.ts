/**
 * What a kWh costs in the meter at this moment. Two sets of everything, of which one runs: year zones → daily slot tables →
 * tariff number → price, and a step price on top by what was consumed in the settlement period. Each set has a switch time; when
 * the meter's clock reaches it the other set takes over and the time is cleared. A switch time already past switches at once.
 *
 * A plain meter has one slot a day (tariff 3, flat), one price for all four tariffs and no steps.
 */
import { Instant } from "../src/kernel/clock.ts";
import type { PricePerKwh } from "../src/kernel/money.ts";
import { keepsAll, keepsFields } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";
import { dayNumber, dayStart, wallDate } from "./wall-time.ts";

export interface Zone {
  readonly month: number;
  readonly day: number;
  readonly table: number;
}
export interface Slot {
  /** Minutes since midnight. */
  readonly minute: number;
  readonly tariff: number;
}
export interface YearlyDate {
  readonly month: number;
  readonly day: number;
  readonly hour: number;
}
export interface Steps {
  /** 0.01 kWh, rising; what is 0 is not used. */
  readonly thresholds: readonly bigint[];
  /** One more than thresholds; none: no step price. */
  readonly prices: readonly bigint[];
  /** When the year's count begins anew; none: with the monthly settlement day. */
  readonly yearly: readonly YearlyDate[];
}

export type SetKind = "zones" | "slots" | "prices" | "steps";
export const setKinds: readonly SetKind[] = ["zones", "slots", "prices", "steps"];
type Pair<T> = [T, T];

export const TABLES = 8;
export const TABLE_ENTRIES = 14;
export const FLAT = 3;

interface Holiday {
  readonly date: string;
  readonly table: number;
}
const NO_HOLIDAYS: ReadonlyMap<number, Holiday> = new Map();
const PLAIN_ZONES: readonly Zone[] = [{ month: 1, day: 1, table: 1 }];
const PLAIN_TABLES: readonly (readonly Slot[])[] = Array.from({ length: TABLES }, () => [{ minute: 0, tariff: FLAT }]);
const NO_STEPS: Steps = { thresholds: [], prices: [], yearly: [] };

export class Tariff {
  readonly zones: Pair<readonly Zone[]>;
  /** By number less one. Lists here are replaced, never written to: plain meters share theirs. */
  readonly tables: Pair<readonly (readonly Slot[])[]>;
  readonly prices: Pair<readonly bigint[]>;
  readonly steps: Pair<Steps>;
  readonly running: Record<SetKind, 0 | 1> = { zones: 0, slots: 0, prices: 0, steps: 0 };
  readonly switchAt: Record<SetKind, Instant | undefined> = {
    zones: undefined,
    slots: undefined,
    prices: undefined,
    steps: undefined,
  };
  /** 04000801 and 04000802: a bit a weekday, Sunday lowest, 0 is a day of rest; the table those days use. */
  weekend = { workdays: 0x7f, table: 1 };
  /** 040300NN: YYMMDD and table. */
  #holidays: Map<number, Holiday> | undefined;

  constructor(flat: PricePerKwh) {
    const prices = Array<bigint>(4).fill(flat);
    this.zones = [PLAIN_ZONES, PLAIN_ZONES];
    this.tables = [PLAIN_TABLES, PLAIN_TABLES];
    this.prices = [prices, prices];
    this.steps = [NO_STEPS, NO_STEPS];
  }

  get holidays(): ReadonlyMap<number, Holiday> {
    return this.#holidays ?? NO_HOLIDAYS;
  }

  /** `undefined`: that one is no holiday any more. */
  setHoliday(place: number, holiday: Holiday | undefined): void {
    if (holiday === undefined) this.#holidays?.delete(place);
    else (this.#holidays ??= new Map()).set(place, holiday);
  }

  get keeps(): Keeps {
    const open = ["zones", "tables", "prices", "steps", "running", "switchAt", "weekend"] as const;
    return keepsAll("tariff", keepsFields("", this, open), {
      save: () => ({ holidays: this.#holidays }),
      load: ({ holidays }: { holidays: Map<number, Holiday> | undefined }) => void (this.#holidays = holidays),
    });
  }

  tariffAt(shown: Instant): number {
    const minute = Math.floor((shown - dayStart(dayNumber(shown))) / 60_000);
    const slots = this.#slotsOn(shown);
    return (slots.findLast((slot) => slot.minute <= minute) ?? slots.at(-1))!.tariff;
  }

  /** The next moment after `shown` at which another tariff may run. */
  nextSlotAfter(shown: Instant): Instant {
    const day = dayNumber(shown);
    const midnight = dayStart(day);
    const minute = this.#slotsOn(shown).find((slot) => midnight + slot.minute * 60_000 > shown)?.minute;
    return minute === undefined ? dayStart(day + 1) : Instant(midnight + minute * 60_000);
  }

  tariffPrice(tariff: number): bigint {
    return this.prices[this.running.prices][tariff - 1] ?? 0n;
  }

  get hasSteps(): boolean {
    return this.runningSteps.prices.length > 0;
  }

  get runningSteps(): Steps {
    return this.steps[this.running.steps];
  }

  /** The price of the step in which a period's consumption (0.01 kWh) lies. */
  stepPrice(consumed: bigint): bigint {
    const { thresholds, prices } = this.runningSteps;
    const passed = thresholds.filter((threshold) => threshold > 0n && threshold <= consumed).length;
    return prices[Math.min(passed, prices.length - 1)] ?? 0n;
  }

  /** The threshold that consumption will meet next. */
  nextThreshold(consumed: bigint): bigint | undefined {
    return this.runningSteps.thresholds.find((threshold) => threshold > consumed);
  }

  /** When the set that waits takes over, by the meter's clock; `undefined` calls it off. */
  switchOver(kind: SetKind, at: Instant | undefined): void {
    this.switchAt[kind] = at;
  }

  switch(kind: SetKind): void {
    this.running[kind] = this.running[kind] === 0 ? 1 : 0;
    this.switchAt[kind] = undefined;
  }

  /** Holidays before days of rest before zones. */
  #slotsOn(shown: Instant): readonly Slot[] {
    const tables = this.tables[this.running.slots];
    const { yymmdd, weekday, month, day } = wallDate(shown);
    const numberOf = (): number => {
      for (const holiday of this.holidays.values()) if (holiday.date === yymmdd) return holiday.table;
      if (((this.weekend.workdays >> weekday) & 1) === 0) return this.weekend.table;
      const zones = this.zones[this.running.zones];
      return (zones.findLast((zone) => zone.month * 100 + zone.day <= month * 100 + day) ?? zones.at(-1))!.table;
    };
    return tables[numberOf() - 1] ?? tables[0]!;
  }
}
