/** Moments as a meter's clock shows them, YYMMDDhhmm, and the midnight at which a tariff takes over. Pure; no zone is needed. */
const asDate = (shown: string): number => {
  const [year, month, day, hour, minute] = [0, 2, 4, 6, 8].map((at) => Number(shown.slice(at, at + 2))) as [
    number,
    number,
    number,
    number,
    number,
  ];
  return Date.UTC(2000 + year, month - 1, day, hour, minute);
};
const shownOf = (date: number): string => new Date(date).toISOString().replaceAll(/\D/g, "").slice(2, 12);
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** So long before a switch nothing is begun, and so long before it nothing is written any more: no switch finds a tariff half there. */
const BEGUN_BEFORE_MINUTES = 15;
export const WRITTEN_BEFORE_MINUTES = 5;
/** Nor so long after one: which set runs was asked before the clock was. */
const SETTLED_AFTER_MINUTES = 5;

export const minutesLater = (shown: string, minutes: number): string => shownOf(asDate(shown) + minutes * MINUTE_MS);

/** "2027-01-01" → its midnight; where that has passed or is too near, the next one: settlement days begin at midnights. */
export function switchMoment(from: string, shown: string): string {
  const wanted = `${from.slice(2).replaceAll("-", "")}0000`;
  const earliest = asDate(minutesLater(shown, BEGUN_BEFORE_MINUTES));
  if (asDate(wanted) >= earliest) return wanted;
  return shownOf(Math.ceil(earliest / DAY_MS) * DAY_MS);
}

/** Whether a switch is too near to a look that took so long and ended when the meter showed this: before it, within it, or just past. */
export function isNear(at: string, shown: string, tookMs: number): boolean {
  const behindMs = asDate(shown) - asDate(at);
  return behindMs >= -BEGUN_BEFORE_MINUTES * MINUTE_MS && behindMs <= SETTLED_AFTER_MINUTES * MINUTE_MS + tookMs;
}

/** Whether a switch came while somebody looked for so long, or in the minute before: which set runs was asked first. */
export function fellWithin(at: string, shown: string, tookMs: number): boolean {
  const behindMs = asDate(shown) - asDate(at);
  return behindMs >= 0 && behindMs <= MINUTE_MS + tookMs;
}

export const minutesBetween = (from: string, to: string): number => (asDate(to) - asDate(from)) / MINUTE_MS;
