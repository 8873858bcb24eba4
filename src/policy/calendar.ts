/** Hours, weekends and holidays in which nobody is cut. Pure: a moment and a calendar in, a name or null out. */
import { dayOf, wallClock, type Instant } from "../kernel/clock.ts";

export interface NoCut {
  /** "17:00-08:00": from the first to the second, over midnight when the second is earlier. Null: no such hours. */
  readonly hours: { readonly fromMinute: number; readonly toMinute: number } | null;
  readonly weekends: boolean;
  /** Settlement days, "2026-10-01". The day before a holiday counts too: nobody could pay on the next. */
  readonly holidays: ReadonlySet<string>;
}

const HOURS = /^([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)$/;
const DAY_MS = 86_400_000;

/** "17:00-08:00" → minutes of the day; null when it is not of that shape. */
export function parseHours(text: string): NoCut["hours"] {
  const match = HOURS.exec(text);
  if (match === null) return null;
  return { fromMinute: Number(match[1]) * 60 + Number(match[2]), toMinute: Number(match[3]) * 60 + Number(match[4]) };
}

export function protectedTime(at: Instant, timeZone: string, noCut: NoCut): "no-cut-hours" | "weekend" | "holiday" | null {
  const clock = wallClock(at, timeZone);
  if (noCut.holidays.has(dayOf(at, timeZone)) || noCut.holidays.has(dayOf((at + DAY_MS) as Instant, timeZone))) return "holiday";
  if (noCut.weekends && (clock.weekday === 0 || clock.weekday === 6)) return "weekend";
  if (noCut.hours !== null) {
    const minute = clock.hour * 60 + clock.minute;
    const { fromMinute, toMinute } = noCut.hours;
    const within = fromMinute <= toMinute ? minute >= fromMinute && minute < toMinute : minute >= fromMinute || minute < toMinute;
    if (within) return "no-cut-hours";
  }
  return null;
}
