/**
 * What is owed and what has come, by meter and day; and what is looked at beside it once a day: the meter's clock and its own records.
 *
 * A day of a meter is opened once, at its midnight, also for a meter that nobody can reach: what was never asked for must not be missing
 * from the count.
 */
import type { Instant } from "../kernel/clock.ts";
import type { AccountId, BusId, MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { ClockVerdict } from "./clock-check.ts";
import type { Day } from "./days.ts";
import type { EventKind, MeterEvent } from "./event-kinds.ts";
import type { Lacks } from "./lacks.ts";
import type { DayState, How, MissingBecause } from "./states.ts";

/** What one meter owes, as of today. */
export interface Dues {
  readonly meter: MeterAddress;
  /** The first midnight after it came. */
  readonly since: Day;
  /** Due or missing, oldest first; none of tomorrow. */
  readonly days: readonly Day[];
  /** When its clock and its records were last looked at; null: never. */
  readonly clockOn: Day | null;
  readonly eventsOn: Day | null;
  /** As last read. */
  readonly aheadMs: number | null;
  readonly lacks: Lacks;
}

export interface Opening {
  readonly today: Day;
  /** What is due of this day or before is missing by now. */
  readonly missingTo: Day;
  /** No meter keeps what is before this day. */
  readonly oldest: Day;
}

/** A reading of the register near a midnight. */
export type NearReading = Pick<Reading, "takenAt" | "source">;

export const rateKeys = ["day", "line", "class"] as const;
export type RateBy = (typeof rateKeys)[number];

/** How many meters owed a day, and what became of it. */
export interface DayCount {
  readonly day: Day;
  /** Line or class; null where the days alone are counted, or a meter has no account. */
  readonly key: string | null;
  readonly expected: number;
  readonly byFreeze: number;
  readonly byReading: number;
  readonly byPerson: number;
  readonly due: number;
  readonly missing: number;
  readonly givenUp: number;
}

export interface Gap {
  readonly meter: MeterAddress;
  readonly day: Day;
  readonly line: BusId;
  readonly account: AccountId | null;
  readonly class: string | null;
  readonly state: Extract<DayState, "missing" | "given-up">;
  readonly because: MissingBecause | null;
  /** When it was last asked for; null: nobody could ask. */
  readonly askedAt: Instant | null;
}

export interface GapPage {
  readonly from: Day | null;
  readonly to: Day | null;
  readonly meter: MeterAddress | null;
  readonly line: string | null;
  readonly class: string | null;
  readonly limit: number;
  /** Behind this one; newest day first, then by address. */
  readonly after: { readonly day: Day; readonly meter: MeterAddress } | null;
}

export interface CollectionStore {
  /** Opens the days up to today of every meter that hangs here; calls missing what is late, and gives up what no meter keeps any more. */
  open(opening: Opening): Promise<void>;
  dues(today: Day): Promise<readonly Dues[]>;
  /** False: it had come already, or nobody owes it. */
  collect(
    meter: MeterAddress,
    day: Day,
    come: { readonly how: How; readonly takenAt: Instant; readonly at: Instant },
  ): Promise<boolean>;
  /** It did not come, this time or for good. A day that has come stays so. */
  miss(
    meter: MeterAddress,
    days: readonly Day[],
    why: { readonly state: "missing" | "given-up"; readonly because: MissingBecause; readonly at: Instant },
  ): Promise<void>;
  /** Says why, of these days, a freeze was not there. */
  explain(meter: MeterAddress, days: readonly Day[], because: MissingBecause): Promise<void>;
  keepLacks(meter: MeterAddress, lacks: Lacks): Promise<void>;
  /** A midnight of it has come by freeze: it keeps some. */
  hasFrozen(meter: MeterAddress): Promise<boolean>;
  /** The believed reading of imported energy nearest to this moment, freezes left out; null: none within so many milliseconds. */
  nearest(meter: MeterAddress, midnight: Instant, withinMs: number): Promise<NearReading | null>;
  /** What was given up, and near whose midnight a person has put a register in since, is collected by that; answers how many. */
  collectEntries(near: { readonly timeZone: string; readonly withinMs: number; readonly at: Instant }): Promise<number>;

  counts(range: { readonly from: Day; readonly to: Day; readonly by: RateBy }): Promise<readonly DayCount[]>;
  gaps(page: GapPage): Promise<readonly Gap[]>;
  /** Of all pages together. */
  gapCount(of: Omit<GapPage, "limit" | "after">): Promise<number>;
}

export interface ClockRow {
  readonly at: Instant;
  readonly aheadMs: number;
  readonly verdict: ClockVerdict;
}

export interface EventPage {
  readonly meter: MeterAddress;
  readonly kind: EventKind | null;
  readonly limit: number;
  /** The id of the last one of the page before. */
  readonly before: bigint | null;
}

/** The meter's clock and its own records. */
export interface MeterLookStore {
  keepClock(tx: Transaction, meter: MeterAddress, day: Day, row: ClockRow): Promise<void>;
  /** Nothing was to be read of its clock on this day: it has none, or its digits are none. */
  clockDone(meter: MeterAddress, day: Day): Promise<void>;
  /** Newest first. */
  clocks(meter: MeterAddress, limit: number): Promise<readonly ClockRow[]>;
  /** What each count stood at when it was last read. */
  eventCounts(meter: MeterAddress): Promise<ReadonlyMap<EventKind, number>>;
  /** The count as it is now, and the records that came with it; answers those that were not known. */
  keepEvents(
    tx: Transaction,
    meter: MeterAddress,
    kind: EventKind,
    count: number,
    events: readonly MeterEvent[],
  ): Promise<readonly MeterEvent[]>;
  eventsDone(meter: MeterAddress, day: Day): Promise<void>;
  /** Newest first. */
  events(page: EventPage): Promise<readonly (MeterEvent & { readonly id: bigint })[]>;
  keepHours(meter: MeterAddress, rows: readonly HourRow[]): Promise<void>;
  /** Newest first. */
  hours(meter: MeterAddress, range: { readonly before: Instant | null; readonly limit: number }): Promise<readonly HourRow[]>;
}

/** What the totals showed on an hour, kWh as the wire gave them. */
export interface HourRow {
  readonly at: Instant;
  readonly imported: string | null;
  readonly exported: string | null;
}
