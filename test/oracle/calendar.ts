/**
 * Days of a zone, found by looking: which moment begins a day, which day follows, where a step period began, which rate runs in a minute.
 *
 * Everything is found by walking (quarter by quarter, day by day), never by arithmetic on offsets or months, so that it is slow and plainly
 * right. Part of the oracle: it knows nothing of the product.
 */
const QUARTER_MS = 15 * 60_000;

const spoken = new Map<string, Intl.DateTimeFormat>();

/** The day of the zone in which a moment lies, "2026-11-22". */
export function dayOf(at: number, zone: string): string {
  let format = spoken.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
    spoken.set(zone, format);
  }
  return format.format(at);
}

const begun = new Map<string, number>();

/** The first moment of a day: walked to from well before it, since no zone is further than 14 h from the meridian. */
export function beginOf(day: string, zone: string): number {
  const known = begun.get(`${zone} ${day}`);
  if (known !== undefined) return known;
  let at = Date.parse(`${day}T00:00:00Z`) - 60 * QUARTER_MS;
  while (dayOf(at, zone) < day) at += QUARTER_MS;
  begun.set(`${zone} ${day}`, at);
  return at;
}

const shifted = (day: string, days: number): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
export const dayAfter = (day: string): string => shifted(day, 1);
export const dayBefore = (day: string): string => shifted(day, -1);

/** The days from one to another, both among them. */
export function daysBetween(first: string, last: string): string[] {
  const days: string[] = [];
  for (let day = first; day <= last; day = dayAfter(day)) days.push(day);
  return days;
}

/** The day with which the step period of a day began: walked back to. `startsOn` is "MM-DD" of a year or the day of a month. */
export function periodStart(day: string, every: "year" | "month", startsOn: string | number): string {
  const wanted = every === "year" ? String(startsOn) : String(startsOn).padStart(2, "0");
  let start = day;
  while (!start.endsWith(wanted)) start = dayBefore(start);
  return start;
}

/** Which rate runs at a minute of a day: the last slot ("10:00 2") that has begun. */
export function rateIn(slots: readonly string[], minuteOfDay: number): number {
  let rate: number | undefined;
  for (const slot of slots) {
    const [, hour, minute, number] = /^(\d\d):(\d\d) (\d)$/.exec(slot)!;
    if (Number(hour) * 60 + Number(minute) <= minuteOfDay) rate = Number(number);
  }
  if (rate === undefined) throw new Error(`no slot runs at minute ${minuteOfDay}`);
  return rate;
}
