/**
 * What a Chinese meter's clock shows: UTC+8, no summer time, two digits of the year, weekday 0 for Sunday. Dates travel as
 * BCD, lowest field first, and are believed only when the calendar knows them (99 and 00 fills are no dates).
 */
import { Instant } from "../src/kernel/clock.ts";
import { bcdDigits, fromHex, reversed } from "./bytes.ts";

const ZONE_MS = 8 * 3_600_000;
const two = (n: number): string => n.toString().padStart(2, "0");

export interface WallDigits {
  readonly date: string;
  readonly weekday: string;
  readonly time: string;
}

/** Digits highest first: date YYMMDD, weekday 00..06, time hhmmss. */
export function wallDigits(at: Instant): WallDigits {
  const wall = new Date(at + ZONE_MS);
  return {
    date: `${two(wall.getUTCFullYear() % 100)}${two(wall.getUTCMonth() + 1)}${two(wall.getUTCDate())}`,
    weekday: two(wall.getUTCDay()),
    time: `${two(wall.getUTCHours())}${two(wall.getUTCMinutes())}${two(wall.getUTCSeconds())}`,
  };
}

/** YYMMDDhhmmss in wire order. */
export const wireDateTime = (at: Instant): Uint8Array => wireDigits(wallDigits(at).date + wallDigits(at).time);
/** YYMMDDhhmm in wire order. */
export const wireMinute = (at: Instant): Uint8Array => wireDigits((wallDigits(at).date + wallDigits(at).time).slice(0, 10));
export const wireDigits = (digits: string): Uint8Array => reversed(fromHex(digits));

/** The wall's day, for counters that are cleared at midnight. */
export const dayNumber = (at: Instant): number => Math.floor((at + ZONE_MS) / 86_400_000);
export const hourNumber = (at: Instant): number => Math.floor((at + ZONE_MS) / 3_600_000);
export const hourStart = (hour: number): Instant => Instant(hour * 3_600_000 - ZONE_MS);
export const dayStart = (day: number): Instant => Instant(day * 86_400_000 - ZONE_MS);

/** The date on the wall, as numbers and as YYMMDD; weekday 0 is Sunday. */
export function wallDate(at: Instant): { yymmdd: string; year: number; month: number; day: number; weekday: number } {
  const wall = new Date(at + ZONE_MS);
  const [year, month, day] = [wall.getUTCFullYear(), wall.getUTCMonth() + 1, wall.getUTCDate()];
  return { yymmdd: `${two(year % 100)}${two(month)}${two(day)}`, year, month, day, weekday: wall.getUTCDay() };
}

/** A moment on the wall; days and hours beyond their range run over into the next, as the calendar does. */
export const wallMoment = (year: number, month: number, day: number, hour = 0, minute = 0): Instant =>
  Instant(Date.UTC(year, month - 1, day, hour, minute) - ZONE_MS);

export const msIntoDay = (at: Instant): number => (at + ZONE_MS) % 86_400_000;

/** "YYMMDDhhmmss" → the moment, or undefined when the calendar does not know it. */
export function momentOf(digits: string): Instant | undefined {
  if (!/^\d{12}$/.test(digits)) return undefined;
  const [year, month, day, hour, minute, second] = [0, 2, 4, 6, 8, 10].map((i) => Number(digits.slice(i, i + 2))) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const utc = Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  const back = new Date(utc);
  const exists =
    back.getUTCMonth() === month - 1 && back.getUTCDate() === day && back.getUTCHours() === hour && minute < 60 && second < 60;
  return exists ? Instant(utc - ZONE_MS) : undefined;
}

/** ss mm hh DD MM YY from the wire → the moment. */
export function momentFromWire(bytes: Uint8Array): Instant | undefined {
  const digits = bcdDigits(bytes);
  return digits === undefined ? undefined : momentOf(digits);
}

/** ISO with UTC+8, to the second or to the millisecond. */
export function isoWall(at: Instant, precise = false): string {
  const text = new Date(at + ZONE_MS).toISOString();
  return `${precise ? text.slice(0, 23) : text.slice(0, 19)}+08:00`;
}
