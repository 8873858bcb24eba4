/**
 * What a meter holds of a tariff, as bytes: every item read by name, kept as it travels. A picture is compared with another byte by
 * byte, also where nothing was to change; what the bytes say to people is told in `said.ts`.
 */
import type { Instant } from "../../kernel/clock.ts";
import { Fault, isFault } from "../../kernel/faults.ts";
import { decodeWord3, hexBytes, turned, type Word3Layout } from "../../protocols/dlt645/index.ts";
import type { Conversation } from "../conversation.ts";
import type { MeterModel } from "../meter-models.ts";
import {
  HOLIDAY_COUNT,
  holiday,
  HOLIDAYS_MAX,
  REST_TABLE,
  RUNNING_PRICES,
  RUNNING_STEPS,
  runningItems,
  SETTLEMENT_DAY,
  setKinds,
  SLOT_COUNT,
  SPARE_PRICES,
  SPARE_STEPS,
  spareItems,
  switchTimes,
  WORD_3,
  WORKDAYS,
  type Place,
} from "./items.ts";

export interface TariffPicture {
  /** When its first item was heard, and its last: which tables run is asked first, the clock last. */
  readonly begunAt: Instant;
  readonly takenAt: Instant;
  /** By identifier, hex in the order of the wire; what the meter does not have is not there. */
  readonly bytes: Readonly<Record<string, string>>;
  readonly running: Running;
  /** Its clock, YYMMDDhhmm; null: it shows no time, or was not asked. */
  readonly shown: string | null;
}

/** Which place holds the tables that run; null: this generation's word 3 does not say. */
export interface Running {
  readonly zones: Place | null;
  readonly slots: Place | null;
}

/**
 * everything: both sets and all around them. running: what the meter charges by, without tables where it shows one price; with tables:
 * whatever it shows, since it is held against a tariff of several. Or these items alone.
 */
export type TariffExtent = "everything" | "running" | "running-with-tables" | readonly string[];

export async function readTariff(talk: Conversation, model: MeterModel, extent: TariffExtent): Promise<TariffPicture> {
  const reader = new Reader(talk);
  await reader.all(typeof extent === "string" ? [WORD_3] : extent);
  const begunAt = reader.at!;
  const { choices } = model.profile;
  const running = runningOf(reader.bytes[WORD_3], choices.word3);
  if (extent === "running" || extent === "running-with-tables") {
    await reader.all([RUNNING_PRICES, RUNNING_STEPS, ...Object.values(switchTimes), SETTLEMENT_DAY]);
    if (extent === "running-with-tables" || !isOnePrice(reader.bytes[RUNNING_PRICES])) {
      await reader.all([...runningItems("zones", running.zones), ...runningItems("slots", running.slots)]);
      await reader.holidays();
      await reader.all([WORKDAYS, REST_TABLE]);
    }
  }
  if (extent === "everything") {
    await reader.all([RUNNING_PRICES, SPARE_PRICES, RUNNING_STEPS, SPARE_STEPS, ...Object.values(switchTimes)]);
    await reader.all([SLOT_COUNT, WORKDAYS, REST_TABLE, SETTLEMENT_DAY]);
    for (const kind of setKinds.filter((each) => each === "zones" || each === "slots"))
      await reader.all([...runningItems(kind, running[kind]), ...spareItems(kind, running[kind])]);
    await reader.holidays();
  }
  const shown = typeof extent === "string" ? await reader.clock() : null;
  return { begunAt, takenAt: reader.at!, bytes: reader.bytes, running, shown };
}

const [DATE, TIME] = ["04000101", "04000102"];
/** Close after midnight the date may have been read on the day before. */
const MIDNIGHT_GUARD = "000030";

class Reader {
  readonly bytes: Record<string, string> = {};
  at: Instant | undefined;
  readonly #talk: Conversation;

  constructor(talk: Conversation) {
    this.#talk = talk;
  }

  async all(items: readonly string[]): Promise<void> {
    for (const di of items) {
      try {
        const { bytes, at } = await this.#talk.bytes(di);
        this.at = at;
        // A few meters answer an item they lack with nothing behind its identifier (clause 5.1).
        if (bytes.length > 0) this.bytes[di] = hexBytes(bytes, "");
      } catch (error) {
        if (!isFault(error, "meter-no-data")) throw error;
        this.at = this.#talk.evidence.at(-1)?.at ?? this.at;
      }
    }
  }

  async clock(): Promise<string | null> {
    const seen = new Reader(this.#talk);
    await seen.all([DATE, TIME]);
    const time = seen.bytes[TIME] === undefined ? "" : digitsOf(seen.bytes[TIME]);
    if (time < MIDNIGHT_GUARD) await seen.all([DATE]);
    this.at = seen.at ?? this.at;
    const date = seen.bytes[DATE] === undefined ? "" : digitsOf(seen.bytes[DATE]);
    return /^\d{8}$/.test(date) && /^\d{6}$/.test(time) ? date.slice(0, 6) + time.slice(0, 4) : null;
  }

  /** As many as it says it keeps. */
  async holidays(): Promise<void> {
    await this.all([HOLIDAY_COUNT]);
    const kept = numberIn(this.bytes[HOLIDAY_COUNT]);
    await this.all(Array.from({ length: Math.min(kept, HOLIDAYS_MAX) }, (_, i) => holiday(i + 1)));
  }
}

const SET_OF = { slotTable: "slots", zoneTable: "zones" } as const;

function runningOf(wire: string | undefined, layout: Word3Layout): Running {
  const running: { zones: Place | null; slots: Place | null } = { zones: null, slots: null };
  if (wire === undefined) return running;
  const word = Number.parseInt(digitsOf(wire), 16);
  for (const { name, value } of decodeWord3(layout, word))
    if (name === "slotTable" || name === "zoneTable") running[SET_OF[name]] = value === "first set" ? 0 : 1;
  return running;
}

/** Wire order to the digits people write, highest first. */
export const digitsOf = (wire: string): string => hexBytes(turned(Buffer.from(wire, "hex")), "");
export const wireOf = (digits: string): string => digitsOf(digits);
export const numberIn = (wire: string | undefined): number => (wire === undefined ? 0 : Number(digitsOf(wire)));
/** A block of equal entries, each as people write it. */
export function entriesIn(wire: string, bytes: number): readonly string[] {
  const digits = bytes * 2;
  return Array.from({ length: Math.floor(wire.length / digits) }, (_, i) => digitsOf(wire.slice(i * digits, (i + 1) * digits)));
}

function isOnePrice(wire: string | undefined): boolean {
  return wire === undefined || new Set(entriesIn(wire, 4)).size <= 1;
}

/** What must be there for a tariff to be written at all; throws by name. */
export function mustHave(picture: TariffPicture, items: readonly string[], meter: string, model: string): void {
  const missing = items.filter((di) => picture.bytes[di] === undefined);
  if (missing.length > 0)
    throw new Fault("not-supported", {
      meter,
      model,
      items: missing,
      why: "this meter has no such items, so it keeps no such tariff",
    });
}
