/**
 * A version of a tariff, as it is told to a meter: what a kWh costs by rate, when which rate runs, and what a step adds. Plain JSON,
 * since a command carries it whole: what was ordered stays what it was, whatever the site file says afterwards.
 */
import { yuan } from "../../kernel/money.ts";
import { versionOn, type Slot as MinuteSlot, type Steps, type Tariff, type TariffVersion } from "../../tariff/tariff.ts";

export interface TariffOrder {
  readonly tariff: string;
  /** The day of the site's zone it begins on, "2027-01-01". */
  readonly from: string;
  /** Yuan per kWh of rates 1 to 4 (尖 峰 平 谷); one price: whatever the rate. */
  readonly prices: readonly string[];
  /** Which rate runs when; null: it makes no difference, or the meter's own tables stay as they are. */
  readonly slots: Slots | null;
  readonly steps: OrderedSteps | null;
}

export interface Slots {
  readonly day: readonly Slot[];
  readonly holidays: { readonly days: readonly string[]; readonly day: readonly Slot[] } | null;
}

export interface Slot {
  /** "08:00" */
  readonly at: string;
  readonly rate: number;
}

export interface OrderedSteps {
  readonly every: "year" | "month";
  /** "01-01" of the year, or the day of the month. */
  readonly startsOn: string;
  /** kWh with two decimals, rising. */
  readonly upTo: readonly string[];
  /** Yuan per kWh, one more than `upTo`: added to the rate's price. */
  readonly add: readonly string[];
}

/** The version that a day is billed by, as a meter is told of it. */
export const orderOn = (tariff: Tariff, day: string): TariffOrder => orderOf(tariff, versionOn(tariff, day));

export function orderOf({ id }: Pick<Tariff, "id">, { from, prices, steps, timetable }: TariffVersion): TariffOrder {
  return {
    tariff: id,
    from,
    prices: prices.map(priceText),
    slots:
      timetable === null || prices.length === 1
        ? null
        : {
            day: timetable.day.map(slotOf),
            holidays:
              timetable.holidays === null ? null : { days: timetable.holidays.days, day: timetable.holidays.day.map(slotOf) },
          },
    steps: steps === null ? null : stepsOf(steps),
  };
}

const stepsOf = ({ every, startsOn, upTo, add }: Steps): OrderedSteps => ({
  every,
  startsOn: every === "year" ? `${two(startsOn.month)}-${two(startsOn.day)}` : String(startsOn.day),
  upTo: upTo.map(yuan), // two decimals, as money has
  add: add.map(priceText),
});
const slotOf = ({ minute, rate }: MinuteSlot): Slot => ({ at: `${two(Math.floor(minute / 60))}:${two(minute % 60)}`, rate });
const two = (n: number): string => String(n).padStart(2, "0");
/** "0.5283": yuan per kWh with four decimals. */
export const priceText = (price: bigint): string => `${price / 10_000n}.${String(price % 10_000n).padStart(4, "0")}`;
