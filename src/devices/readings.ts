/**
 * Readings by name: what a person, a poll or a command asks for, and one value per item with its unit and moment. All names are
 * looked up before the first byte leaves, so a misspelt one costs nobody a second.
 */
import { iso, type Instant } from "../kernel/clock.ts";
import { Fault, isFault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import { dictionary, itemOf } from "../protocols/dlt645/index.ts";
import type { Item, Value } from "../protocols/dlt645/index.ts";
import type { Conversation } from "./conversation.ts";
import { instantOf } from "./meter-clock.ts";

/** Close after midnight the date may have been read on the day before. */
const MIDNIGHT_GUARD = "000030";

export async function readItems(
  talk: Conversation,
  names: readonly string[],
  { meter, source, timeZone }: { readonly meter: MeterAddress; readonly source: Reading["source"]; readonly timeZone: string },
): Promise<readonly Reading[]> {
  const wanted = names.map((name) => ({ name, item: name === "clock" ? undefined : known(name) }));
  const readings: Reading[] = [];
  const add = (item: string, value: string | null, unit: string | null, takenAt: Instant) =>
    void readings.push({ meter, item, value, unit, takenAt, source });
  for (const { name, item } of wanted) {
    if (item === undefined) {
      const { at, clock } = await readClock(talk, timeZone);
      add(name, clock === null ? null : iso(clock, timeZone), null, at);
    } else if (name === "purchaseCount") {
      // Before the first purchase meters answer "no such item", FF or 0, and mean the same.
      const { value, at } = await talk.value(dictionary.purchaseCount);
      add(name, String(value ?? 0), null, at);
    } else {
      const { values, at } = await valuesOf(talk, item, meter);
      for (const value of values) add(value.name, value.value, value.unit, at);
    }
  }
  return readings;
}

function known(name: string): Item {
  const item = itemOf(name);
  if (item === undefined) throw new Fault("unknown-item", { item: name });
  // Asked for by its digits: names of such items are not found at all.
  if (item.row.access === "w") throw new Fault("item-not-readable", { item: name, title: item.title });
  return item;
}

async function valuesOf(talk: Conversation, item: Item, meter: MeterAddress): Promise<{ values: readonly Value[]; at: Instant }> {
  try {
    const { bytes, at } = await talk.bytes(item.di, item.shape.bytes ?? undefined);
    const values = item.read(bytes);
    const broken = values.find((value) => value.fault !== undefined);
    if (broken !== undefined) throw new Fault("meter-fault", { meter, item: broken.name, why: broken.fault });
    return { values, at };
  } catch (error) {
    if (!isFault(error, "meter-no-data")) throw error;
    const { at } = talk.evidence.at(-1)!;
    // An item reads "nothing" as one null of its own name and unit.
    return { values: item.read(new Uint8Array()).slice(0, 1), at };
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
