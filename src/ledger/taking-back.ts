/**
 * A register was believed and charged, and was false: what is left of the days of a stretch without it. Pure.
 *
 * A meter counts up, so whoever has seen that it shows 1102.60 now has also said that everything above that was false, whenever it was
 * read; nobody has to find out which. What lies below may stay. The days are measured again from the last day before them that rests on
 * readings which stay, so an earlier day that only ended with a false register is put right, and nothing else moves.
 *
 * Not every false register can be taken back so: where it is the one with which the bill began, there is nothing below it to stand on.
 */
import type { DaySeen, Seen, Track, Values } from "./day-points.ts";
import type { SettlementDay } from "./settlement-day.ts";

/** Tracks whose points carry the total by which they are judged; the reverse register goes its own way. */
const JUDGED = ["total", "rates"] as const satisfies readonly Track[];

/** Days of one stretch from its first on, in their order → those that are to be measured again; null: it began above the limit. */
export function takenBack(days: readonly SettlementDay[], limit: bigint): readonly SettlementDay[] | null {
  if (days.length === 0 || days[0]!.from.total > limit) return null;
  const left = days.map((day) => ({ ...day, seen: upTo(day.seen, limit) }));
  const isTouched = (day: SettlementDay, index: number): boolean =>
    day.from.total > limit || day.to.total > limit || left[index]!.seen !== day.seen;
  const first = days.findIndex(isTouched);
  if (first === -1) return left.slice(-1);
  return left.slice(Math.min(...JUDGED.map((track) => standsBefore(left, first, track))));
}

/** The last day before this one on which the track rests on a reading; the first of all where none does. Rates that were never read ask nothing. */
function standsBefore(days: readonly SettlementDay[], index: number, track: Track): number {
  if (track !== "total" && days.every(({ seen }) => seen[track] === undefined)) return index;
  return Math.max(
    0,
    days.findLastIndex(({ seen }, at) => at < index && seen[track] !== undefined),
  );
}

/** The same object where nothing of it lies above the limit. */
function upTo(seen: DaySeen, limit: bigint): DaySeen {
  const [total, rates] = [belowOf(seen.total, limit), belowOf(seen.rates, limit)];
  if (total === seen.total && rates === seen.rates && seen.estimate === undefined) return seen;
  return {
    ...(total === undefined ? {} : { total }),
    ...(rates === undefined ? {} : { rates }),
    ...(seen.exported === undefined ? {} : { exported: seen.exported }),
  };
}

/** Of readings in between nothing is kept: of a day whose last was false the first stands for both. */
function belowOf(seen: Seen | undefined, limit: bigint): Seen | undefined {
  const isFalse = (values: Values | undefined): boolean => values !== undefined && values[0]! > limit;
  const { midnight, first, last } = seen ?? {};
  if (![midnight, first, last].some(isFalse)) return seen;
  const hasMidnight = midnight !== undefined && !isFalse(midnight);
  const isRead = first !== undefined && !isFalse(first);
  if (!hasMidnight && !isRead) return undefined;
  return {
    ...(hasMidnight ? { midnight } : {}),
    ...(isRead ? { first, last: last === undefined || isFalse(last) ? first : last } : {}),
  };
}
