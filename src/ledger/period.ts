/** From when to when, as people write it: days of the site's zone, both meant whole, or moments. Half open inside: from is in it, to is not. */
import { Instant, later, wallClock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";

export interface Period {
  readonly from: Instant;
  readonly to: Instant;
}

const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;

/** Midnight at the beginning of this day, and days after it, in the zone. */
export function startOfDay(day: string, timeZone: string, daysLater = 0): Instant {
  const [, year, month, date] = DAY.exec(day) ?? [];
  const midnight = Date.UTC(Number(year), Number(month) - 1, Number(date) + daysLater);
  if (date === undefined || new Date(midnight - daysLater * 86_400_000).getUTCDate() !== Number(date))
    throw new Fault("period-malformed", { given: day });
  // the zone is so far ahead of UTC as its wall clock shows; asked twice, since the clocks may change in between
  let at = Instant(midnight);
  for (let round = 0; round < 2; round += 1) {
    const wall = wallClock(at, timeZone);
    const shown = Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute, wall.second);
    at = later(at, midnight - shown);
  }
  return at;
}

/** `from` left out: the day of `now`; `to` left out: up to now. */
export function periodOf(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: Instant,
  timeZone: string,
): Period {
  const start = from === undefined ? startOfDay(dayText(now, timeZone), timeZone) : momentOf(from, "from", timeZone, 0);
  const end = to === undefined ? later(now, 1) : momentOf(to, "to", timeZone, 1);
  if (start >= end) throw new Fault("period-malformed", { from, to, problem: "from has to be before to" });
  return { from: start, to: end };
}

function dayText(at: Instant, timeZone: string): string {
  const { year, month, day } = wallClock(at, timeZone);
  return `${String(year).padStart(4, "0")}-${String(month).padStart(2, "0")}-${String(day).padStart(2, "0")}`;
}

function momentOf(text: string, field: string, timeZone: string, wholeDays: number): Instant {
  if (DAY.test(text)) return startOfDay(text, timeZone, wholeDays);
  // an address line turns the plus of an offset into a space
  const moment = Date.parse(text.replace(" ", "+"));
  if (!/^\d{4}-\d\d-\d\dT.*(?:Z|[+\- ]\d\d:\d\d)$/.test(text) || Number.isNaN(moment))
    throw new Fault("period-malformed", { field, given: text });
  return Instant(moment);
}
