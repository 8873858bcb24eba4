/**
 * Readings by name: what a person, a poll or a command asks for, and one value per item with its unit and moment. All names are
 * looked up before the first byte leaves, so a misspelt one costs nobody a second.
 */
import { iso, type Instant } from "../kernel/clock.ts";
import { Fault, isFault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import { dictionary, itemOf, printMember } from "../protocols/dlt645/index.ts";
import type { Item, Value } from "../protocols/dlt645/index.ts";
import { questionsFor, type Question } from "./block-reads.ts";
import type { Conversation } from "./conversation.ts";
import type { InParts } from "./meter.ts";
import { instantOf } from "./meter-clock.ts";

/** Close after midnight the date may have been read on the day before. */
const MIDNIGHT_GUARD = "000030";

interface Asking {
  readonly meter: MeterAddress;
  readonly source: Reading["source"];
  readonly timeZone: string;
  /** Identifiers under which this model answers a whole block in one exchange. */
  readonly blocks?: readonly string[];
  readonly inParts?: InParts | undefined;
}

export async function readItems(
  talk: Conversation,
  names: readonly string[],
  { meter, source, timeZone, blocks = [], inParts }: Asking,
): Promise<readonly Reading[]> {
  const isFirst = (name: string): number => (inParts?.first(name) === true ? 0 : 1);
  const inOrder = inParts === undefined ? names : names.toSorted((a, b) => isFirst(a) - isFirst(b));
  const wanted = inOrder.map((name) => ({ name, item: isSpecial(name) ? undefined : known(name) }));
  const found = new Map<Item, Found>();
  const asked = new Set<Question>();
  const questions = questionsFor(
    wanted.flatMap(({ item }) => (item === undefined ? [] : [item])),
    blocks,
  );
  const readings: Reading[] = [];
  const add = (item: string, value: string | null, unit: string | null, takenAt: Instant): void => {
    const reading: Reading = { meter, item, value, unit, takenAt, source };
    readings.push(reading);
    inParts?.came(reading);
  };
  for (const { name, item } of wanted) {
    if (name === "clock") {
      const { at, clock } = await readClock(talk, timeZone);
      add(name, clock === null ? null : iso(clock, timeZone), null, at);
    } else if (item === undefined) {
      // Before the first purchase meters answer "no such item", FF or 0, and mean the same.
      const { value, at } = await talk.value(dictionary.purchaseCount);
      add(name, String(value ?? 0), null, at);
    } else {
      const question = questions.find(({ brings }) => brings.includes(item))!;
      if (question.brings.length > 1 && !asked.has(question))
        for (const [each, what] of await valuesInBlock(talk, question)) found.set(each, what);
      asked.add(question);
      const { values, at } = found.get(item) ?? (await valuesOf(talk, item));
      const broken = values.find((value) => value.fault !== undefined);
      if (broken !== undefined) throw new Fault("meter-fault", { meter, item: broken.name, why: broken.fault });
      for (const value of values) add(value.name, value.value, value.unit, at);
    }
  }
  return readings;
}

/** Throws for a name that cannot be read; sends nothing. */
export function mustBeReadable(names: readonly string[]): void {
  for (const name of names) if (!isSpecial(name)) known(name);
}

/** What is more than one value of the dictionary. */
const isSpecial = (name: string): boolean => name === "clock" || name === "purchaseCount";

function known(name: string): Item {
  const item = itemOf(name);
  if (item === undefined) throw new Fault("unknown-item", { item: name });
  // Asked for by its digits: names of such items are not found at all.
  if (item.row.access === "w") throw new Fault("item-not-readable", { item: name, title: item.title });
  return item;
}

interface Found {
  readonly values: readonly Value[];
  readonly at: Instant;
}

async function valuesOf(talk: Conversation, item: Item): Promise<Found> {
  try {
    const { bytes, at } = await talk.bytes(item.di, item.shape.bytes ?? undefined);
    return { values: item.read(bytes), at };
  } catch (error) {
    if (!isFault(error, "meter-no-data")) throw error;
    const { at } = talk.evidence.at(-1)!;
    // An item reads "nothing" as one null of its own name and unit.
    return { values: item.read(new Uint8Array()).slice(0, 1), at };
  }
}

/** What of it has come. A meter that has no such block after all, or a shorter one, is asked for the rest item by item. */
async function valuesInBlock(talk: Conversation, { di, valueBytes, brings }: Question): Promise<ReadonlyMap<Item, Found>> {
  try {
    const { bytes, at } = await talk.bytes(di, valueBytes ?? undefined);
    const members = known(di).shape.members(bytes);
    return new Map(
      brings.flatMap((item) => {
        const member = members.find(({ name, fault }) => name === item.name && fault === null);
        return member === undefined ? [] : [[item, { values: printMember(member), at }] as const];
      }),
    );
  } catch (error) {
    if (!isFault(error, "meter-no-data")) throw error;
    return new Map();
  }
}

/** Date and time are two items; read around midnight they may not belong together. `clock` null: the digits are no date. */
export async function readClock(
  talk: Conversation,
  timeZone: string,
): Promise<{ readonly clock: Instant | null; readonly at: Instant }> {
  let date = await talk.value(dictionary.date);
  const time = await talk.value(dictionary.time);
  if (time.value !== null && time.value < MIDNIGHT_GUARD) date = await talk.value(dictionary.date);
  const clock = date.value === null || time.value === null ? null : (instantOf(date.value, time.value, timeZone) ?? null);
  return { clock, at: time.at };
}
