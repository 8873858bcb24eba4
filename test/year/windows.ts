/** When somebody may be cut at all, by a calendar of our own: hours, weekends, holidays and the day before them. */
import { hours } from "../../src/kernel/clock.ts";
import { dayAfter, dayOf } from "../oracle/calendar.ts";
import { TIME_ZONE } from "../months/plan.ts";
import { CUT_FROM_HOUR, CUT_TO_HOUR, holidays } from "./classes.ts";

const SHANGHAI_MS = hours(8);

/** Null: nothing forbids it. */
export function forbiddenAt(at: number): string | null {
  const wall = new Date(at + SHANGHAI_MS);
  const day = dayOf(at, TIME_ZONE);
  if (holidays.includes(day)) return `${day} is a holiday`;
  if (holidays.includes(dayAfter(day))) return `${day} is the day before a holiday`;
  const weekday = wall.getUTCDay();
  if (weekday === 0 || weekday === 6) return `${day} is a weekend`;
  const hour = wall.getUTCHours();
  return hour < CUT_FROM_HOUR || hour >= CUT_TO_HOUR ? `nobody is cut at ${hour} o'clock` : null;
}
