/**
 * Asks one meter for the midnights it owes, oldest first: which age, by the freeze's own time (find-freeze.ts), then its registers.
 *
 *     050600NN  when            which midnight it is
 *     050601NN  forward         importedEnergy, importedEnergyTariff1 …, as many as the meter has
 *     050602NN  reverse         exportedEnergy, where the meter has it and it can be read
 *
 * What is handed on is taken at the midnight itself, as the meter's own clock had it. Its known deviation is not applied: that clock
 * bounds the day for the meter, for what it deducts by itself and for both neighbouring days alike, so no energy is counted twice or lost;
 * and what the clock is off by today is not what it was off by then.
 *
 * Between the question for the time and the last register the meter must not freeze again, or the ages have moved under us: a midnight of
 * the meter's clock in between throws away what was read.
 */
import { dayOf, later, minutes, type Clock, type Instant } from "../kernel/clock.ts";
import { isFault } from "../kernel/faults.ts";
import type { Reading } from "../kernel/reading.ts";
import type { MeterSession } from "../devices/meter.ts";
import { momentIn, type Day } from "./days.ts";
import { findFreeze, type FoundFreeze } from "./find-freeze.ts";

/** What was learned of a meter's ages, and the half of a midnight that an exchange too few left behind. */
export interface FreezeMemory {
  /** The day by the meter's clock within which it holds. */
  day: Day;
  readonly ages: Map<number, Instant | null>;
  half: { readonly age: number; readonly imported: readonly Reading[] } | null;
}

export interface FreezeParts {
  readonly session: MeterSession;
  readonly clock: Clock;
  readonly timeZone: string;
  /** By how much the meter's clock is ahead, as last known. */
  readonly aheadMs: number;
  /** False: it is known to have no reverse registers. */
  readonly wantsExported: boolean;
}

export type Midnight =
  /** `hasExported` null: the meter has one, and it cannot be read. */
  | { readonly is: "read"; readonly readings: readonly Reading[]; readonly hasExported: boolean | null }
  /** It froze meanwhile; nothing that was read counts. */
  | { readonly is: "moved" }
  /** There is a time without a register: FF. */
  | { readonly is: "empty" }
  | Exclude<FoundFreeze, { readonly is: "found" }>;

/** Clocks are known to a few seconds, and a meter freezes when it comes to it. */
const FREEZE_CARE_MS = minutes(2);

export const emptyMemory = (): FreezeMemory => ({ day: "", ages: new Map(), half: null });

export async function readMidnight(midnight: Instant, memory: FreezeMemory, parts: FreezeParts): Promise<Midnight> {
  const { session, timeZone } = parts;
  if (!holds(memory, parts)) {
    forget(memory, parts);
    if (!holds(memory, parts)) return { is: "moved" }; // about to freeze, or doing it
  }
  const timeAt = async (age: number): Promise<Instant | null> => {
    const learned = memory.ages.get(age);
    if (learned !== undefined) return learned;
    const [time] = await session.read([itemAt("00", age)], "freeze");
    const at = momentIn(time?.value ?? null, timeZone) ?? null;
    memory.ages.set(age, at);
    return at;
  };
  let found = await findFreeze(midnight, timeAt, memory.ages);
  if (found.is === "absent" || found.is === "beyond" || found.is === "lacking") {
    // A day is given up by this, or all of them: what the ages told is asked once more, since a time may have been broken on its way and still fit its sum.
    memory.ages.clear();
    found = await findFreeze(midnight, timeAt, memory.ages);
  }
  if (!holds(memory, parts)) return moved(memory);
  if (found.is !== "found") {
    // What is not there yet may be there at the next look, and what there is at all is looked at anew.
    if (found.is === "not-yet" || found.is === "lacking") memory.ages.delete(1);
    return found;
  }
  const { age } = found;
  if (memory.half?.age !== age) memory.half = { age, imported: await session.read([itemAt("01", age)], "freeze") };
  const { imported } = memory.half;
  const exported = parts.wantsExported ? await reverseOf(session, itemAt("02", age)) : [];
  if (!holds(memory, parts)) return moved(memory);
  memory.half = null;
  const readings = [
    ...registersOf("importedEnergy", imported, midnight),
    ...registersOf("exportedEnergy", exported?.slice(0, 1) ?? [], midnight),
  ];
  if (!readings.some(({ item }) => item === "importedEnergy")) return { is: "empty" };
  return { is: "read", readings, hasExported: exported === null ? null : readings.some(({ item }) => item === "exportedEnergy") };
}

/** It answered, and what it answered is no register: digits that are none, another shape than was asked for. */
export const isUnreadable = (error: unknown): boolean => isFault(error, "meter-fault") || isFault(error, "reply-malformed");

/**
 * Null: it cannot be read, and the midnight counts without it: one that is broken must not stop the forward bill. Asked twice, since a reply
 * may have been broken on its way, and nobody comes back to a midnight that has come.
 */
async function reverseOf(session: MeterSession, item: string): Promise<readonly Reading[] | null> {
  for (let again = true; ; again = false)
    try {
      return await session.read([item], "freeze");
    } catch (error) {
      if (!isUnreadable(error)) throw error;
      if (!again) return null;
    }
}

const itemAt = (quantity: string, age: number): string => `0506${quantity}${age.toString(16).toUpperCase().padStart(2, "0")}`;

/** True while the meter's clock stands in the day of the memory, well away from both of its ends. */
function holds({ day }: FreezeMemory, { clock, aheadMs, timeZone }: FreezeParts): boolean {
  const shown = later(clock.now(), aheadMs);
  return [-FREEZE_CARE_MS, FREEZE_CARE_MS].every((by) => dayOf(later(shown, by), timeZone) === day);
}

function forget(memory: FreezeMemory, { clock, aheadMs, timeZone }: FreezeParts): void {
  memory.day = dayOf(later(clock.now(), aheadMs), timeZone);
  memory.ages.clear();
  memory.half = null;
}

function moved(memory: FreezeMemory): Midnight {
  memory.ages.clear();
  memory.half = null;
  return { is: "moved" };
}

/**
 * A freeze's values as the items of the registers they were taken from, at the midnight they are of. By their places, the total first and then
 * its tariffs: the dictionary puts the age into the names, and 3 behind a tariff's 1 is not tariff 13.
 */
const registersOf = (item: string, frozen: readonly Reading[], midnight: Instant): readonly Reading[] =>
  frozen.flatMap((reading, place) =>
    reading.value === null
      ? []
      : [{ ...reading, item: place === 0 ? item : `${item}Tariff${place}`, takenAt: midnight, source: "freeze" as const }],
  );
