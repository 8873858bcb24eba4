/** The collection rate: of the midnights that were owed, the part that came. Rounded down, so that 1 means all of them. */
import type { DayCount } from "./collection-store.ts";

export const collectedOf = ({ byFreeze, byReading, byPerson }: DayCount): number => byFreeze + byReading + byPerson;

/** 0 to 1; null where nobody owed anything. */
export const rateOf = (count: DayCount): number | null =>
  count.expected === 0 ? null : Math.floor((collectedOf(count) * 10_000) / count.expected) / 10_000;
