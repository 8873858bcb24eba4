/**
 * Settlement days as names, "2026-11-22", and the midnights with which they begin. A day is one of the site's zone; meters run on the
 * same wall time and know no offset, so a midnight that a meter wrote down is found again here and nowhere else.
 */
import { dayOf, hours, type Instant } from "../kernel/clock.ts";
import { instantOf } from "../devices/meter-clock.ts";

export type Day = string;

export const DAY_MS = hours(24);

/** Few days are asked for, and today's at every look at every meter. */
const midnights = new Map<string, Instant>();
const MIDNIGHTS_KEPT_MAX = 1_000;

/** The moment with which it begins. */
export function midnightOf(day: Day, timeZone: string): Instant {
  const name = `${day} ${timeZone}`;
  const known = midnights.get(name);
  if (known !== undefined) return known;
  const at = instantOf(day.slice(2).replaceAll("-", ""), "000000", timeZone);
  if (at === undefined) throw new Error(`"${day}" is no day: a mistake of ours`);
  if (midnights.size >= MIDNIGHTS_KEPT_MAX) midnights.clear();
  midnights.set(name, at);
  return at;
}

const noonOf = (day: Day): number => Date.parse(`${day}T12:00:00Z`);

/** So many days later; earlier, where it is negative. A calendar's days, whatever the zone does to their lengths. */
export const dayAfter = (day: Day, days = 1): Day => new Date(noonOf(day) + days * DAY_MS).toISOString().slice(0, 10);

/** How many days `to` is after `from`. */
export const daysBetween = (from: Day, to: Day): number => Math.round((noonOf(to) - noonOf(from)) / DAY_MS);

export const isDay = (text: string): boolean =>
  /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(noonOf(text)) && dayAfter(text, 0) === text;

/** A moment as a meter's record shows it, "2026-11-22 00:00" or with seconds; undefined: its digits are no date, as before the first record. */
export function momentIn(text: string | null, timeZone: string): Instant | undefined {
  const digits = text?.replaceAll(/\D/g, "") ?? "";
  if (digits.length !== 12 && digits.length !== 14) return undefined;
  return instantOf(digits.slice(2, 8), digits.slice(8).padEnd(6, "0"), timeZone);
}

/** Days whose midnights lie within, both ends included. */
export function midnightsWithin(from: Instant, to: Instant, timeZone: string): readonly Day[] {
  const days: Day[] = [];
  for (let day = dayOf(from, timeZone); days.length < MIDNIGHTS_MAX; day = dayAfter(day)) {
    const at = midnightOf(day, timeZone);
    if (at > to) break;
    if (at >= from) days.push(day);
  }
  return days;
}
/** Longer than any meter keeps. */
const MIDNIGHTS_MAX = 400;
