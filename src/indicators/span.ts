/** A period as people name it: a day, a month, from one day to another; both ends whole days of the site. Throws the Fault. */
import { dayAfter, daysBetween } from "../collection/days.ts";
import { dayOf, type Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { startOfDay } from "../ledger/period.ts";
import type { Span } from "./indicator-store.ts";

/** A quarter. Whoever wants a year adds up its months: what is exported is exported by day anyway. */
export const SPAN_DAYS_MAX = 92;

export interface Wanted {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
}

/** `from` left out: the first of this month; `to` left out: today, or the end of the month that `from` names. */
export function spanOf({ from, to }: Wanted, now: Instant, timeZone: string): Span {
  const today = dayOf(now, timeZone);
  const fromDay = firstOf(from ?? today.slice(0, 7));
  const toDay = lastOf(to ?? (from?.length === MONTH_LETTERS ? from : later(fromDay, today)));
  const days = daysBetween(fromDay, toDay) + 1;
  if (days < 1) throw new Fault("period-malformed", { from: fromDay, to: toDay, problem: "from has to be before to" });
  if (days > SPAN_DAYS_MAX)
    throw new Fault("period-malformed", { from: fromDay, to: toDay, problem: `at most ${SPAN_DAYS_MAX} days` });
  return daysOf(fromDay, toDay, now, timeZone);
}

const MONTH_LETTERS = "2026-11".length;
const later = (one: string, other: string): string => (one > other ? one : other);
const firstOf = (text: string): string => (text.length === MONTH_LETTERS ? `${text}-01` : text);
const lastOf = (text: string): string => {
  if (text.length !== MONTH_LETTERS) return text;
  const [year, month] = text.split("-").map(Number) as [number, number];
  return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
};

export function daysOf(fromDay: string, toDay: string, asOf: Instant, timeZone: string): Span {
  const dayEnds: { day: string; end: Instant }[] = [];
  for (let day = fromDay; day <= toDay; day = dayAfter(day)) {
    const end = startOfDay(day, timeZone, 1);
    if (end <= asOf) dayEnds.push({ day, end });
  }
  const [from, until] = [startOfDay(fromDay, timeZone), startOfDay(toDay, timeZone, 1)];
  return { fromDay, toDay, from, until, asOf, dayEnds, timeZone };
}

/** Its days one by one, oldest first: a sheet is handed out in pieces of a day. */
export function* daysIn({ fromDay, toDay, asOf, timeZone }: Span): Generator<Span> {
  for (let day = fromDay; day <= toDay; day = dayAfter(day)) yield daysOf(day, day, asOf, timeZone);
}
