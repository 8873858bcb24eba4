/**
 * What a meter typically uses in a day, from its own days, by medians: one wrong day, or one feast, moves no median. Pure.
 */
import type { DayRow } from "./believed.ts";

export interface DayUse {
  readonly day: string;
  /** 0.01 kWh. */
  readonly energy: bigint;
}

/** Fewer days than this say nothing typical. */
export const DAYS_MIN = 7;
/** So many of the newest days are looked at. */
const LAST_DAYS = 14;
const WEEKDAYS_MIN = 3;
const WEEKDAYS = 4;
/** Over a longer silence energy is not shared out by days. */
const GAP_DAYS_MAX = 3;
const DAY_MS = 86_400_000;

export const dayNumber = (day: string): number => Date.parse(`${day}T00:00:00Z`) / DAY_MS;
const dayText = (number: number): string => new Date(number * DAY_MS).toISOString().slice(0, 10);
/** So many days before this one. */
export const dayBefore = (day: string, days: number): string => dayText(dayNumber(day) - days);

/** Energy of each whole day: from its first register to the next day's. A gap of up to three days is shared out evenly. `rows` oldest first. */
export function usesOf(rows: readonly DayRow[]): readonly DayUse[] {
  return rows.slice(1).flatMap((next, index) => {
    const row = rows[index]!;
    const days = dayNumber(next.day) - dayNumber(row.day);
    if (days < 1 || days > GAP_DAYS_MAX) return [];
    const energy = (next.first.counted - row.first.counted) / BigInt(days);
    return Array.from({ length: days }, (_, n) => ({ day: dayText(dayNumber(row.day) + n), energy }));
  });
}

export function median(values: readonly bigint[]): bigint | null {
  if (values.length === 0) return null;
  const sorted = values.toSorted((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2n;
}

/** Of the last fortnight or of the same weekday, whichever is more; null: too few days are known. `uses` oldest first. */
export function typicalOf(uses: readonly DayUse[], day: string): bigint | null {
  if (uses.length < DAYS_MIN) return null;
  const energies = (chosen: readonly DayUse[]): bigint[] => chosen.map(({ energy }) => energy);
  const usual = median(energies(uses.slice(-LAST_DAYS)))!;
  const weekday = uses.filter((use) => (dayNumber(day) - dayNumber(use.day)) % 7 === 0).slice(-WEEKDAYS);
  if (weekday.length < WEEKDAYS_MIN) return usual;
  const ofWeekday = median(energies(weekday))!;
  return ofWeekday > usual ? ofWeekday : usual;
}
