/** What recovery needs of a database. Writes join the transaction they are given. */
import { hours, type Instant } from "../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Command } from "../commands/command.ts";
import type { ExceptionId } from "../exceptions/item.ts";
import type { Period } from "../ledger/period.ts";
import type { Intent } from "../policy/rules.ts";
import type { Cause } from "./causes.ts";
import type { Incident, IncidentChange, IncidentId, IncidentStep } from "./incident.ts";

/** After an order to end a protection that failed: its meter may have been silent. */
export const UNPROTECT_AGAIN_MS = hours(1);

/** One meter in use as recovery sees it. */
export interface Point {
  readonly meter: MeterAddress;
  readonly account: AccountId | null;
  readonly class: string | null;
  readonly mode: "local" | "remote" | null;
  readonly model: string;
  readonly bus: string;
  readonly relay: "unknown" | "connected" | "armed" | "disconnected";
  readonly relayAt: Instant | null;
  readonly identity: "unread" | "confirmed" | "quarantined";
  readonly cutBy: "person" | "rule" | null;
  /** The newest order to cut whose bytes left, or that found the relay open. */
  readonly cut: Command | null;
  /** The newest order to restore. */
  readonly restore: Command | null;
  /** What the rules want, and since when; null: they never said anything. */
  readonly wanted: (Intent & { readonly since: Instant }) | null;
  /** Of a wallet in the meter: when its newest purchase was shown, where credit stands in it since; null otherwise. */
  readonly walletPaidAt: Instant | null;
  /** The newest believed register, kWh. */
  readonly register: string | null;
  readonly readAt: Instant | null;
}

/** A cut whose bytes left, and what was read behind it. */
export interface WatchedCut {
  readonly command: CommandId;
  readonly meter: MeterAddress;
  readonly account: AccountId | null;
  readonly byRule: boolean;
  readonly cutAt: Instant;
  /** kWh at the cut, or the first that was read behind it. */
  readonly register: string | null;
  readonly marks: readonly Mark[];
  readonly endedAt: Instant | null;
  readonly because: WatchEnd | null;
}
export interface Mark {
  /** So long after the cut. */
  readonly dueMs: number;
  readonly kwh: string;
  readonly at: Instant;
}
export type WatchEnd = "quiet" | "energy-flows" | "restored" | "cut-anew" | "gone";

export interface IncidentFilter {
  readonly state?: "open" | "ended";
  readonly cause?: Cause;
  readonly meter?: MeterAddress;
  readonly account?: AccountId;
  readonly limit: number;
  readonly before?: IncidentId;
}

export interface RecoveryStore {
  /** Whose relay is open, or may have been opened since it was seen, and whose supply is wanted back by somebody, or who is quarantined; by address. */
  darkPoints(): Promise<readonly Point[]>;
  point(tx: Transaction | null, meter: MeterAddress): Promise<Point | null>;

  /** Orders to cut whose bytes left since then, and that nobody watches yet; oldest first. */
  unwatchedCuts(since: Instant, limit: number): Promise<readonly Command[]>;
  /** False: it is watched already. Ends the watch on older cuts of the same meter. */
  watchCut(tx: Transaction, cut: WatchedCut): Promise<boolean>;
  /** Those that are watched still, oldest order first, behind the one that is named. */
  watchedCuts(limit: number, after: CommandId | null): Promise<readonly WatchedCut[]>;
  /** Locked; null: its watch has ended. */
  lockWatched(tx: Transaction, command: CommandId): Promise<WatchedCut | null>;
  changeWatched(
    tx: Transaction,
    command: CommandId,
    change: Partial<Pick<WatchedCut, "register" | "marks" | "endedAt" | "because">>,
  ): Promise<void>;
  /** By which strategy the rules ordered it; null: nobody noted it. */
  strategyOf(cut: CommandId): Promise<{ readonly version: string; readonly rules: readonly unknown[] | null } | null>;
  /** Cuts by rules since then whose meter is quarantined now, and no incident says so. */
  cutsOfStrangers(since: Instant): Promise<readonly CommandId[]>;
  /** Cuts by rules since then after which a person entered a lower register than stood there at the cut, and no incident says so. */
  cutsOnFalseRegisters(since: Instant): Promise<readonly CommandId[]>;

  /**
   * Protections that were ordered with an end which has come, and after which nothing was ordered of them: an order to end one that failed
   * is made again after an hour. One without an end that was ordered before stands, and so does one that the first order found there already.
   */
  protectionsOver(now: Instant): Promise<readonly { readonly meter: MeterAddress; readonly account: AccountId | null }[]>;

  /** False: there is one of this cut, or an open one of this meter; waits for a transaction that is writing it right now. */
  insert(tx: Transaction, incident: Incident): Promise<boolean>;
  /** Of this cut, or else the meter's open one; locked. */
  lockOf(tx: Transaction, of: { readonly meter: MeterAddress; readonly cut: CommandId | null }): Promise<Incident | null>;
  lock(tx: Transaction, id: IncidentId): Promise<Incident | null>;
  change(tx: Transaction, id: IncidentId, change: IncidentChange): Promise<void>;
  addStep(tx: Transaction, id: IncidentId, step: IncidentStep): Promise<void>;
  /** The first order that restored a meter since then; one that only freed its relay counts where it did so before `armedBefore`. */
  firstRestore(
    tx: Transaction,
    meter: MeterAddress,
    of: { readonly since: Instant; readonly armedBefore: Instant },
  ): Promise<Command | null>;
  /** What incidents say of cuts, the gravest first; a cut of which none says anything is left out. */
  causesOf(cuts: readonly CommandId[]): Promise<ReadonlyMap<CommandId, readonly Cause[]>>;
  find(id: IncidentId): Promise<Incident | null>;
  byException(exception: ExceptionId): Promise<Incident | null>;
  steps(id: IncidentId): Promise<readonly IncidentStep[]>;
  /** Newest first. */
  list(filter: IncidentFilter): Promise<readonly Incident[]>;
  open(): Promise<readonly Incident[]>;
  /** Those that are open, by level: for metrics. */
  counts(): Promise<readonly { readonly level: number; readonly open: number }[]>;
  /** Over, nobody asked the customer yet, nobody was reminded, and the day comes before this. */
  toRemind(before: Instant, limit: number): Promise<readonly IncidentId[]>;
  /** Found in a period, oldest first. */
  foundIn(period: Period): Promise<readonly Incident[]>;
}
