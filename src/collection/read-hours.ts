/**
 * The totals on the hour, where a site wants them: from the meter's hourly freezes (0504FFNN: time, forward, reverse), those since the last
 * one kept, oldest first, a few a turn. They draw a curve and bill nobody, so they stand in a table of their own and go through no intake.
 */
import { hours, later, type Instant } from "../kernel/clock.ts";
import type { MeterSession } from "../devices/meter.ts";
import type { HourRow } from "./collection-store.ts";
import { momentIn } from "./days.ts";

/** 254 are kept; an outage of a day is made up in two turns. */
const HOURS_PER_TURN = 12;
const HOURS_KEPT = 254;
/** So many of the past does a first look take. */
const FIRST_LOOK = 1;

export interface HoursRead {
  readonly rows: readonly HourRow[];
  /** More are waiting. */
  readonly more: boolean;
}

/** Null: the meter keeps none. */
export async function readHours(session: MeterSession, last: Instant | null, timeZone: string): Promise<HoursRead | null> {
  const newest = await readHour(session, 1, timeZone);
  if (newest === null) return null;
  const missed = last === null ? FIRST_LOOK : Math.round((newest.at - last) / hours(1));
  if (missed <= 0) return { rows: [], more: false };
  const oldest = Math.min(missed, HOURS_KEPT);
  const rows: HourRow[] = [];
  for (let age = oldest; age > Math.max(0, oldest - HOURS_PER_TURN); age -= 1) {
    const row = age === 1 ? newest : await readHour(session, age, timeZone);
    if (row === null) continue;
    if (last === null || row.at > last) rows.push(row); // its own time decides, as ever
  }
  return { rows, more: oldest > HOURS_PER_TURN };
}

async function readHour(session: MeterSession, age: number, timeZone: string): Promise<HourRow | null> {
  const nn = age.toString(16).toUpperCase().padStart(2, "0");
  const readings = await session.read([`050400${nn}`, `050401${nn}`, `050402${nn}`], "freeze");
  const at = momentIn(readings[0]?.value ?? null, timeZone);
  const [imported, exported] = [readings[1]?.value ?? null, readings[2]?.value ?? null];
  return at === undefined || imported === null ? null : { at, imported, exported };
}

/** When the next one is worth asking for: a little after the hour by the meter's clock. */
export const nextHourAfter = (now: Instant, aheadMs: number, careMs: number): Instant => {
  const shown = later(now, aheadMs);
  return later(now, hours(1) - (shown % hours(1)) + careMs);
};
