/**
 * A meter that takes another's place: the record, and what it needs of a database. Each step is one transaction, and the record says
 * where it stands, so that whoever comes after a crash goes on from there.
 *
 *     begun ──► old-read ──► new-read ──► moved ──► done
 *       │           │            │          the money and the account in one transaction; a balance goes on by a command
 *       └───────────┴────────────┴──► abandoned     nothing was moved
 */
import type { Instant } from "../../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress } from "../../kernel/ids.ts";
import type { Fen } from "../../kernel/money.ts";
import type { Reading } from "../../kernel/reading.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { MeterRecord } from "../../devices/meter.ts";

export type ReplacementStep = "begun" | "old-read" | "new-read" | "moved" | "done" | "abandoned";

/** Plain JSON: decimal texts as the meter gave them. */
export interface SeenReadings {
  /** Imported energy, kWh. */
  readonly energy: string | null;
  /** Yuan; an overdraft makes it negative. Null where there is no wallet. */
  readonly balance: string | null;
  readonly count: number | null;
  readonly takenAt: number;
  readonly source: "command" | "person";
  /** Of a new wallet meter: its account is open already. */
  readonly opened?: boolean;
  /** Where a bill begins: all registers of that moment. Left out by an older program, which read the total alone. */
  readonly registers?: readonly Reading[];
}

export interface Replacement {
  readonly id: string;
  readonly oldMeter: MeterAddress;
  readonly newMeter: MeterAddress;
  readonly account: AccountId | null;
  /** Where the account's money is kept; null without an account. */
  readonly mode: "local" | "remote" | null;
  readonly step: ReplacementStep;
  /** What keeps it from its next step; null while nothing does. */
  readonly waitingFor: string | null;
  /** The last readings as a person gave them, for an old meter that answers no more. */
  readonly given: SeenReadings | null;
  readonly final: SeenReadings | null;
  readonly begin: SeenReadings | null;
  /** What goes on to the new wallet; null before the money moved. */
  readonly carried: Fen | null;
  readonly command: CommandId | null;
  readonly askedByName: string;
  readonly reason: string;
  readonly createdAt: Instant;
  readonly movedAt: Instant | null;
  readonly endedAt: Instant | null;
}

export type ReplacementChange = Partial<
  Pick<
    Replacement,
    "step" | "waitingFor" | "given" | "final" | "begin" | "carried" | "command" | "movedAt" | "endedAt" | "reason"
  >
>;

/** A meter as the books keep it: without secrets. */
export type BookedMeter = Omit<MeterRecord, "relayPassword" | "testBench">;

export interface ReplacementStore {
  insert(tx: Transaction, replacement: Replacement): Promise<void>;
  /** In a transaction it is locked. */
  find(tx: Transaction | null, id: string): Promise<Replacement | null>;
  /** Neither done nor abandoned, oldest first. */
  open(): Promise<readonly Replacement[]>;
  openOf(tx: Transaction, oldMeter: MeterAddress): Promise<Replacement | null>;
  list(page: {
    readonly limit: number;
    readonly before: string | null;
    readonly meter: MeterAddress | null;
  }): Promise<readonly Replacement[]>;
  /** False: it has ended, and what has ended changes no more. */
  change(tx: Transaction | null, id: string, change: ReplacementChange): Promise<boolean>;
  /** Writes the new meter down: it hangs there, and belongs to nobody yet. */
  bringNew(tx: Transaction, meter: BookedMeter): Promise<void>;
  bookedMeter(address: MeterAddress): Promise<BookedMeter | null>;
  /** By the books it hangs nowhere, and takes nobody's place. */
  isFree(tx: Transaction | null, address: MeterAddress): Promise<boolean>;
  setBeingReplaced(tx: Transaction, oldMeter: MeterAddress, isIt: boolean): Promise<void>;
  /** The account goes over; the old meter is inactive and quarantined from here on. */
  moveAccount(tx: Transaction, replacement: Pick<Replacement, "oldMeter" | "newMeter" | "account">, at: Instant): Promise<void>;
  /** Meters that were replaced, and by whom: what wins over a site file that still names them. */
  replaced(): Promise<readonly { readonly meter: MeterAddress; readonly by: BookedMeter }[]>;
}
