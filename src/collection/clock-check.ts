/**
 * What the deviation of a meter's clock means, and when that clock may be set. Pure.
 *
 *     up to 30 s     right       said by nobody
 *     up to 5 min    noted       in the clock's history and the log
 *     beyond         off         an exception; set where the site wants that
 *     beyond 12 h    lost        an exception; set by a person alone
 *
 * A clock is never set across a midnight: the meter would freeze that midnight twice, or not at all, and a settlement day would have two
 * beginnings or none. So the meter's time and ours have to lie within one day, both well away from its ends. A clock that is half a day
 * off never does; whoever sets it has to know what becomes of the days between.
 */
import { dayOf, hours, later, minutes, type Instant } from "../kernel/clock.ts";
import { CLOCK_TOLERANCE_MS } from "../devices/meter-clock.ts";
import { dayAfter, midnightOf } from "./days.ts";

export const clockVerdicts = ["right", "noted", "off", "lost"] as const;
export type ClockVerdict = (typeof clockVerdicts)[number];

const OFF_MS = minutes(5);
const LOST_MS = hours(12);
/** An order waits for its line; within this of a midnight it is not worth beginning. */
const MIDNIGHT_CARE_MS = minutes(10);

export function verdictOf(aheadMs: number): ClockVerdict {
  const off = Math.abs(aheadMs);
  if (off <= CLOCK_TOLERANCE_MS) return "right";
  if (off <= OFF_MS) return "noted";
  return off <= LOST_MS ? "off" : "lost";
}

/** Until when an order to set it may leave, if now; else from when on. */
export type ClockWindow = { readonly open: true; readonly notAfter: Instant } | { readonly open: false; readonly from: Instant };

export function clockWindow(now: Instant, aheadMs: number, timeZone: string): ClockWindow {
  const shown = later(now, aheadMs);
  const [first, last] = shown < now ? [shown, now] : [now, shown];
  const day = dayOf(last, timeZone);
  // Both stand in the day of the one that is ahead only when the one behind has come past its midnight.
  const opensAt = later(midnightOf(day, timeZone), MIDNIGHT_CARE_MS + (last - first));
  const closesAt = later(midnightOf(dayAfter(day), timeZone), -MIDNIGHT_CARE_MS);
  if (last < opensAt) return { open: false, from: later(now, opensAt - last) };
  if (last >= closesAt) {
    const tomorrow = later(midnightOf(dayAfter(day), timeZone), MIDNIGHT_CARE_MS + (last - first));
    return { open: false, from: later(now, tomorrow - last) };
  }
  return { open: true, notAfter: later(now, closesAt - last) };
}
