/** Settlement days as names, "2026-11-22": which comes next, how many lie between. No zone and no clock: a day is a name, not a moment. */

const DAY_MS = 86_400_000;
const DAY = /^(\d{4})-(\d\d)-(\d\d)$/;

/** Milliseconds of the day's own midnight as if the world were in UTC, where every day is as long as the next. */
const numberOf = (day: string): number => numbers.get(day) ?? Date.parse(`${day}T00:00:00Z`);
const nameOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);

/** Both ways, as far as they were met: a house goes over the same days again and again, and writing one out costs more than all it is written for. */
const names = new Map<number, string>();
const numbers = new Map<string, number>();
/** Eleven years of them. Whoever asks for more has them written out. */
const KNOWN_MAX = 4_000;

function nameOfKnown(ms: number): string {
  const known = names.get(ms);
  if (known !== undefined) return known;
  const name = nameOf(ms);
  if (names.size < KNOWN_MAX) {
    names.set(ms, name);
    numbers.set(name, ms);
  }
  return name;
}

/** "2026-02-30" is none. */
export const isDay = (text: string): boolean => {
  if (!DAY.test(text)) return false;
  const at = numberOf(text);
  return !Number.isNaN(at) && nameOf(at) === text;
};

export const dayPlus = (day: string, days: number): string => nameOfKnown(numberOf(day) + days * DAY_MS);

/** From the one to the other; 1 from a day to the next. */
export const daysFrom = (from: string, to: string): number => Math.round((numberOf(to) - numberOf(from)) / DAY_MS);

/** Every day from the first to the last, both in it. */
export function* daysBetween(first: string, last: string): Generator<string> {
  for (let day = first; day <= last; day = dayPlus(day, 1)) yield day;
}
