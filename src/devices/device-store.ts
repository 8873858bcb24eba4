/** What reading intake needs of a database: the last believed reading of an item, and a place for new ones. */
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
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

/** What those who show readings need beside it. */
export interface ReadingStore extends DeviceStore {
  /** The newest readings of these meters, all items. */
  latestOf(meters: readonly MeterAddress[]): Promise<readonly Reading[]>;
  /** Newest day first; a day is one of this time zone. */
  energyByDay(meter: MeterAddress, timeZone: string, limit: number): Promise<readonly EnergyOfDay[]>;
}
