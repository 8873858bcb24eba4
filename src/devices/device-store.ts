/** What reading intake needs of a database: the last believed reading of an item, and a place for new ones. */
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";

export interface DeviceStore {
  /** The newest believed reading, locked until the transaction ends. */
  latest(tx: Transaction, meter: MeterAddress, item: string): Promise<Reading | null>;
  /** Keeps it; a suspect one is kept aside and never becomes the latest. */
  keep(tx: Transaction, reading: Reading, suspect: string | null): Promise<void>;
}
