/** What the gate needs of a database. Whoever asks inside a transaction has locked the meter's row before: it stands for all of this. */
import type { Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Believed, DayRow, Point } from "./believed.ts";
import type { Entry } from "./entries.ts";

/** The newest doubt about a meter's registers. */
export interface DoubtRow {
  readonly meter: MeterAddress;
  readonly doubt: string;
  /** The register that was doubted, as the meter showed it; null: it was no number. */
  readonly register: bigint | null;
  readonly item: string;
  readonly takenAt: Instant;
  readonly source: Reading["source"];
  /** Nothing newer was believed since: nobody is cut meanwhile. */
  readonly open: boolean;
  /** How often in a row. */
  readonly times: number;
}

export interface ValidationStore {
  believed(tx: Transaction, meter: MeterAddress): Promise<Believed | null>;
  /** Also ends an open doubt. */
  saveBelieved(tx: Transaction, meter: MeterAddress, believed: Believed): Promise<void>;
  /** Of a reverse register, or rates, that are newest although the total is not; says nothing of that one, and ends no doubt. */
  saveExported(tx: Transaction, meter: MeterAddress, believed: Believed): Promise<void>;
  /** The newest believed registers, without a lock, for those who show them. */
  validated(meters: readonly MeterAddress[]): Promise<ReadonlyMap<MeterAddress, Believed>>;

  doubt(tx: Transaction | null, meter: MeterAddress): Promise<DoubtRow | null>;
  noteDoubt(tx: Transaction, doubt: Omit<DoubtRow, "open" | "times">): Promise<void>;
  /** A person decided about it. */
  settleDoubt(tx: Transaction, meter: MeterAddress): Promise<void>;

  noteDay(tx: Transaction, meter: MeterAddress, day: string, point: Point): Promise<void>;
  /** Days have nothing above this count any more: it was false. */
  takeBackDays(tx: Transaction, meter: MeterAddress, counted: bigint): Promise<void>;
  /** From this day on, oldest first. */
  days(tx: Transaction | null, meter: MeterAddress, since: string): Promise<readonly DayRow[]>;
  /** The newest point not after this moment, and the oldest one after it; `day` is the moment's. */
  around(tx: Transaction, meter: MeterAddress, at: Instant, day: string): Promise<{ before: Point | null; after: Point | null }>;
  /** The median of what meters of the same class use in a day, of those with a week of days since then; null: fewer than five such. */
  peersTypical(tx: Transaction, meter: MeterAddress, since: string): Promise<bigint | null>;

  keepEntry(tx: Transaction, entry: Entry): Promise<void>;
  /** Newest first. */
  entries(meter: MeterAddress, limit: number): Promise<readonly Entry[]>;
  /** The newest estimate of this meter after this moment. */
  lastEstimate(tx: Transaction, meter: MeterAddress, after: Instant): Promise<Entry | null>;
}

/** Peers by whom a meter is measured: fewer are no measure. */
export const PEERS_MIN = 5;
