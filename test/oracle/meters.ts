/** Registers for the oracle: a meter that counts a load minute by minute, into the register of the rate that runs, as its tables say. */
import { beginOf, dayAfter, dayOf, rateIn } from "./calendar.ts";
import { inForce, type OracleTariff, type Registers } from "./oracle.ts";

const MINUTE_MS = 60_000;

export interface Load {
  readonly zone: string;
  readonly first: string;
  readonly last: string;
  /** Hundredths of a kWh used, and fed back, in the minute that begins at a moment (`minute`: of its day as its clock shows it). */
  readonly used: (at: number, day: string, minute: number) => number;
  readonly fed?: (at: number, day: string, minute: number) => number;
  /** Whose day tables and holidays the meter runs by; without rates in it all runs in the first register of four. */
  readonly tables?: OracleTariff;
  readonly start?: Registers;
}

/** Counts a load minute by minute; what it returns tells the registers at any moment, at whole minutes. */
export function meterUnder(load: Load): (at: number) => Registers {
  const [begin, end] = [beginOf(load.first, load.zone), beginOf(dayAfter(load.last), load.zone)];
  const shown: Registers[] = [];
  let { total, exported = 0 } = load.start ?? { total: 0 };
  const rates = [...(load.start?.rates ?? [0, 0, 0, 0])];
  let [day, slots] = ["", ["00:00 1"] as readonly string[]];
  for (let at = begin; ; at += MINUTE_MS) {
    shown.push({ total, rates: [...rates], exported });
    if (at >= end) break;
    if (dayOf(at, load.zone) !== day) {
      day = dayOf(at, load.zone);
      slots = slotsOf(load.tables, day);
    }
    const minute = minuteOfDay(at, load.zone);
    const used = load.used(at, day, minute);
    total += used;
    rates[rateIn(slots, minute) - 1]! += used;
    exported += load.fed?.(at, day, minute) ?? 0;
  }
  return (at) => shown[Math.floor((Math.min(at, end) - begin) / MINUTE_MS)]!;
}

/** The day table that runs on a day: a holiday's on a holiday. */
export function slotsOf(tariff: OracleTariff | undefined, day: string): readonly string[] {
  const rates = tariff === undefined ? undefined : inForce(tariff.versions, day).rates;
  return (rates?.holidays?.days.includes(day) === true ? rates.holidays.day : rates?.day) ?? ["00:00 1"];
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function minuteOfDay(at: number, zone: string): number {
  let format = clocks.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", minute: "2-digit", hour12: false });
    clocks.set(zone, format);
  }
  const [hour, minute] = format.format(at).split(":");
  return Number(hour) * 60 + Number(minute);
}
