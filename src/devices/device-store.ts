/** What reading intake needs of a database: the last believed reading of an item, and a place for new ones. */
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Instant } from "../kernel/clock.ts";
import type { Transaction } from "../kernel/transaction.ts";

export interface DeviceStore {
  /** The newest believed reading, locked until the transaction ends. */
  latest(tx: Transaction, meter: MeterAddress, item: string): Promise<Reading | null>;
  /** Keeps it; a suspect one is kept aside and never becomes the latest. */
  keep(tx: Transaction, reading: Reading, suspect: string | null): Promise<void>;
  /** Keeps a believed reading of earlier, a midnight fetched afterwards: it does not become the latest, however old that is. */
  keepOlder(tx: Transaction, reading: Reading): Promise<void>;
}

/** One day of a register, in 0.01 kWh as text with two decimals: first and last believed reading. */
export interface EnergyOfDay {
  readonly day: string;
  readonly first: string;
  readonly last: string;
}

/** A reading as it is kept: numbered, and with the doubt about it. */
export interface KeptReading extends Reading {
  readonly id: bigint;
  readonly suspect: string | null;
}

/** Readings of one meter from `from` on and before `to`. */
export interface ReadingQuery {
  /** Null: every item. */
  readonly item: string | null;
  readonly from: Instant;
  readonly to: Instant;
  /** The last of the page before. */
  readonly before: Pick<KeptReading, "takenAt" | "id"> | null;
  readonly limit: number;
}

/** What those who show readings need beside it. */
export interface ReadingStore extends DeviceStore {
  /** The newest readings of these meters, all items. */
  latestOf(meters: readonly MeterAddress[]): Promise<readonly Reading[]>;
  /** Newest first. */
  list(meter: MeterAddress, query: ReadingQuery): Promise<readonly KeptReading[]>;
  /** Newest day first; a day is one of this time zone. */
  energyByDay(meter: MeterAddress, timeZone: string, limit: number): Promise<readonly EnergyOfDay[]>;
}
