/**
 * What energy costs, as data: a tariff is a list of versions, each from a settlement day on. A version has one price or a price
 * for each of up to four rates (尖 峰 平 谷), and may add to it by steps (阶梯) that count an account's energy in the year or month.
 *
 *     tariff ─► version of a day ─┬─ prices     by rate: the meter's own rate registers say how much of which
 *                                 ├─ steps      by how much the account has used since the period began, whatever the rate
 *                                 └─ timetable  when which rate runs; for the meter alone, no bill is ever made by it
 *
 * Pure: knows neither accounts nor meters nor money that was paid. What a day costs is told in cost.ts.
 */
import type { PricePerKwh } from "../kernel/money.ts";

/** One to four; with one price there is one rate, and the total register is all that is needed. */
export type Prices = readonly PricePerKwh[];

/** From this minute of the day on runs this rate, 1 to 4. */
export interface Slot {
  readonly minute: number;
  readonly rate: number;
}

/** When which rate runs: what is written into meters. */
export interface Timetable {
  /** Begins at minute 0, rises. */
  readonly day: readonly Slot[];
  readonly holidays: { readonly days: readonly string[]; readonly day: readonly Slot[] } | null;
}

export interface Steps {
  readonly every: "year" | "month";
  /** Day on which counting begins anew: month (1 of every month, where it is `month`) and day. */
  readonly startsOn: { readonly month: number; readonly day: number };
  /** Rising, 0.01 kWh: step n ends with this energy, and that energy is still its own. */
  readonly upTo: readonly bigint[];
  /** One more than thresholds, added to the price. */
  readonly add: readonly PricePerKwh[];
}

export interface TariffVersion {
  /** The settlement day it begins with. The first version covers all days before it, too. */
  readonly from: string;
  readonly prices: Prices;
  readonly steps: Steps | null;
  readonly timetable: Timetable | null;
  /** Of reverse energy, the tariff's own; null: it is counted and not paid. */
  readonly exported: PricePerKwh | null;
}

export interface Tariff {
  readonly id: string;
  /** By rising day; never empty. */
  readonly versions: readonly TariffVersion[];
}

/** By the name accounts and classes know them by. */
export type Tariffs = ReadonlyMap<string, Tariff>;

/** The version that a settlement day is billed by. */
export function versionOn({ versions }: Tariff, day: string): TariffVersion {
  let found = versions[0]!;
  for (const version of versions) if (version.from <= day) found = version;
  return found;
}

/** Does a bill need the meter's rate registers? */
export const needsRates = ({ prices }: TariffVersion): boolean => prices.length > 1;

/** The one price of a version that knows neither rates nor steps; null: it is not that simple. */
export const flatPrice = ({ prices, steps }: TariffVersion): PricePerKwh | null =>
  prices.length === 1 && steps === null ? prices[0]! : null;

/** One tariff that is one price for ever. */
export const flatTariff = (id: string, price: PricePerKwh, exported: PricePerKwh | null = null): Tariff => ({
  id,
  versions: [{ from: FIRST_DAY, prices: [price], steps: null, timetable: null, exported }],
});

/** A version without a day is older than any meter. */
export const FIRST_DAY = "2000-01-01";

const two = (n: number): string => String(n).padStart(2, "0");

/** The day with which the step period began that a settlement day lies in. */
export function stepPeriodStart({ every, startsOn }: Steps, day: string): string {
  const [year, month] = [Number(day.slice(0, 4)), Number(day.slice(5, 7))];
  if (every === "year") {
    const begins = `${two(startsOn.month)}-${two(startsOn.day)}`;
    return `${String(day.slice(5) >= begins ? year : year - 1).padStart(4, "0")}-${begins}`;
  }
  const isBefore = Number(day.slice(8)) < startsOn.day;
  const started = year * 12 + (month - 1) - (isBefore ? 1 : 0);
  return `${String(Math.floor(started / 12)).padStart(4, "0")}-${two((started % 12) + 1)}-${two(startsOn.day)}`;
}
