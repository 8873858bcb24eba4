/**
 * Behind which age does a midnight lie? Freezes are numbered by age, 01 the newest, and a meter that was without power, whose clock was
 * set, or that froze twice has other numbers than the calendar says: so the number is only a guess, and the freeze's own time decides.
 *
 *     age    1          2          3          4          5
 *     time   11-25      11-24      11-22      11-22      11-21       wanted 11-21: guessed 5, found 5
 *                                                                    wanted 11-23: between 2 and 3 there is none: absent
 *                                                                    wanted 11-22: 3; of two the newer, the clock was set back between
 *
 * Each guess costs an exchange, so it is made from the nearest time that is known; what was learned is kept in `known` by the caller for
 * as long as the meter does not freeze again.
 */
import type { Instant } from "../kernel/clock.ts";
import { DAY_MS } from "./days.ts";

/** 050600NN: kept, as the standard has it. */
export const FREEZES_KEPT = 62;
/** A meter whose ages make no sense at all is not searched for ever. */
const GUESSES_MAX = 12;
/** After so many that the calendar got wrong, or one beyond all that is kept, the rest is halved. */
const CALENDAR_GUESSES = 3;

export type FoundFreeze =
  | { readonly is: "found"; readonly age: number }
  /** Its newest is older: it has not frozen this one, yet or ever. */
  | { readonly is: "not-yet" }
  /** Newer and older ones are there, this one is not. */
  | { readonly is: "absent" }
  /** It keeps none as old as this. */
  | { readonly is: "beyond" }
  /** It keeps none at all. */
  | { readonly is: "lacking" };

/** Null: no data at that age, or digits that are no date. */
export type TimeAt = (age: number) => Promise<Instant | null>;

export async function findFreeze(
  midnight: Instant,
  timeAt: TimeAt,
  known: ReadonlyMap<number, Instant | null> = new Map(),
): Promise<FoundFreeze> {
  const newest = await timeAt(1);
  if (newest === null) return { is: "lacking" };
  if (newest < midnight) return { is: "not-yet" };
  if (newest === midnight) return { is: "found", age: 1 };
  let newer = { age: 1, at: newest };
  let older: { readonly age: number; readonly at: Instant | null } = { age: FREEZES_KEPT + 1, at: null };
  const weigh = async (age: number, at: Instant | null): Promise<FoundFreeze | null> => {
    if (at === midnight) return { is: "found", age: await newerTwin(age, newest, midnight, timeAt) };
    if (at !== null && at > midnight) {
      if (age > newer.age) newer = { age, at };
    } else if (age < older.age) older = { age, at };
    return null;
  };
  for (const [age, at] of known) {
    const found = await weigh(age, at);
    if (found !== null) return found;
  }
  for (let guesses = 0; guesses < GUESSES_MAX && older.age - newer.age > 1; guesses += 1) {
    const isLost = guesses >= CALENDAR_GUESSES || (older.at === null && older.age <= FREEZES_KEPT);
    const age = isLost ? Math.floor((newer.age + older.age) / 2) : guessBetween(newer, older, midnight);
    const found = await weigh(age, await timeAt(age));
    if (found !== null) return found;
  }
  return { is: older.at === null ? "beyond" : "absent" };
}

/** From whichever known time is nearer, kept between the two. */
function guessBetween(
  newer: { readonly age: number; readonly at: Instant },
  older: { readonly age: number; readonly at: Instant | null },
  midnight: Instant,
): number {
  const down = Math.max(1, Math.round((newer.at - midnight) / DAY_MS));
  const up = older.at === null ? Number.POSITIVE_INFINITY : Math.max(1, Math.round((midnight - older.at) / DAY_MS));
  const guess = down <= up ? newer.age + down : older.age - up;
  return Math.min(older.age - 1, Math.max(newer.age + 1, guess));
}

/** Only where there are more freezes than nights is there one too many; elsewhere nobody is asked. */
async function newerTwin(age: number, newest: Instant, midnight: Instant, timeAt: TimeAt): Promise<number> {
  const nights = Math.round((newest - midnight) / DAY_MS);
  let found = age;
  while (found > 1 + nights && (await timeAt(found - 1)) === midnight) found -= 1;
  return found;
}
