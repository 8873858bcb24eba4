/**
 * The totals on the hour, where a site wants them: from the meter's hourly freezes (050400NN time, 050401NN forward, 050402NN reverse), those
 * since the last one kept, oldest first, a few a turn. They draw a curve and bill nobody, so they stand in a table of their own and go
 * through no intake.
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
  if (last !== null && newest.at <= last) return { rows: [], more: false };
  const timeAt = async (age: number): Promise<Instant | null> => {
    const [time] = await session.read([itemAt("00", age)], "freeze");
    return momentIn(time?.value ?? null, timeZone) ?? null;
  };
  const oldest = last === null ? FIRST_LOOK : await oldestSince(last, newest.at, timeAt);
  const rows: HourRow[] = [];
  for (let age = oldest; age > Math.max(0, oldest - HOURS_PER_TURN); age -= 1) {
    if (session.isWanted === true && rows.length > 0) return { rows, more: true };
    const row = age === 1 ? newest : await readHour(session, age, timeZone);
    if (row === null) continue;
    if (last === null || row.at > last) rows.push(row); // its own time decides, as ever
  }
  // without a new one the next turn would ask for the same again
  return { rows, more: rows.length > 0 && oldest > HOURS_PER_TURN };
}

/**
 * The age of the oldest freeze after `last`. A meter without power makes none, one that was told to makes several an hour, and a clock that is
 * set moves them: so the calendar gives the first guess, and the freeze's own time decides; where the calendar is wrong, the rest is halved.
 */
async function oldestSince(last: Instant, newestAt: Instant, timeAt: (age: number) => Promise<Instant | null>): Promise<number> {
  let [newer, at, older] = [1, newestAt, HOURS_KEPT + 1];
  for (;;) {
    const between = Math.ceil(at / hours(1)) - 1 - Math.floor(last / hours(1)); // full hours
    if (between <= 0 || older - newer <= 1) return newer;
    const age = newer + between < older ? newer + between : Math.floor((newer + older) / 2);
    const found = await timeAt(age);
    if (found !== null && found > last) [newer, at] = [age, found];
    else older = age; // no data: older than any that is kept
  }
}

const itemAt = (quantity: string, age: number): string => `0504${quantity}${age.toString(16).toUpperCase().padStart(2, "0")}`;

async function readHour(session: MeterSession, age: number, timeZone: string): Promise<HourRow | null> {
  const readings = await session.read([itemAt("00", age), itemAt("01", age), itemAt("02", age)], "freeze");
  const at = momentIn(readings[0]?.value ?? null, timeZone);
  const [imported, exported] = [readings[1]?.value ?? null, readings[2]?.value ?? null];
  return at === undefined || imported === null ? null : { at, imported, exported };
}

/** When the next one is worth asking for: a little after the hour by the meter's clock. */
export const nextHourAfter = (now: Instant, aheadMs: number, careMs: number): Instant => {
  const shown = later(now, aheadMs);
  return later(now, hours(1) - (shown % hours(1)) + careMs);
};
