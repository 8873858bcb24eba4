/**
 * Asks one meter what it wrote down since it was last asked: the count of each kind first, and only where that moved the records, oldest
 * first. A count that did not move costs one exchange a day.
 */
import type { Clock } from "../kernel/clock.ts";
import type { Reading } from "../kernel/reading.ts";
import type { MeterSession } from "../devices/meter.ts";
import { momentIn } from "./days.ts";
import { kindRow, newRecords, type EventKind, type MeterEvent } from "./event-kinds.ts";

export interface EventParts {
  readonly session: MeterSession;
  readonly clock: Clock;
  readonly timeZone: string;
  /** The operator code that our own orders leave in the meter. */
  readonly operator: string;
}

export interface EventLook {
  readonly count: number;
  readonly events: readonly MeterEvent[];
}

/** Null: the meter has no such count. */
export async function readEvents(kind: EventKind, known: number | undefined, parts: EventParts): Promise<EventLook | null> {
  const { session } = parts;
  const [told] = await session.read([kindRow(kind).count], "poll");
  if (told?.value == null || !/^\d+$/.test(told.value)) return null;
  const count = Number(told.value);
  const events: MeterEvent[] = [];
  for (let age = newRecords(known, count); age >= 1; age -= 1) {
    const event = await readRecord(kind, age, count - age + 1, parts);
    if (event !== null) events.push(event);
  }
  return { count, events };
}

async function readRecord(kind: EventKind, age: number, number: number, parts: EventParts): Promise<MeterEvent | null> {
  const { session, timeZone, operator: own, clock } = parts;
  const row = kindRow(kind);
  const nn = age.toString(16).toUpperCase().padStart(2, "0");
  let readings: readonly Reading[] = await session.read(
    row.record.map((di) => di(nn)),
    "poll",
  );
  if (row.pieces !== undefined && !readings.some(({ item, value }) => item === row.at && value !== null))
    readings = await session.read(
      row.pieces.map((di) => di(nn)),
      "poll",
    );
  const fields = Object.fromEntries(readings.flatMap(({ item, value }) => (isEmpty(value) ? [] : [[item, value!]])));
  if (Object.keys(fields).length === 0) return null; // fewer are kept than the count says
  const operator = row.operator === undefined ? null : (readings.find(({ item }) => item === row.operator)?.value ?? null);
  return {
    meter: session.meter.address,
    kind,
    number,
    at: momentIn(fields[row.at] ?? null, timeZone) ?? null,
    until: row.until === undefined ? null : (momentIn(fields[row.until] ?? null, timeZone) ?? null),
    operator,
    ours: operator === null ? null : operator === own,
    fields,
    readAt: clock.now(),
  };
}

/** FF, and the zeros and nines with which records fill what they do not need. */
const isEmpty = (value: string | null): boolean => value === null || /^[0F]{8}$/.test(value) || value.startsWith("2000-00-00");
