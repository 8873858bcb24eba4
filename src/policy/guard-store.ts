/**
 * What the guard rails need of a database: what stands, what has left, and the lists that wait for two persons. Whoever asks for a cut, sends
 * one or holds them all does so behind one lock of the site, so that two gateways cannot both pass a limit; of a meter's own rows, that lock
 * comes last.
 */
import type { Instant } from "../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress } from "../kernel/ids.ts";
import type { Fen } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Command } from "../commands/command.ts";
import type { BatchState, MemberState, RunMember } from "./batch-run.ts";
import type { SiteFigures } from "./guard-rails.ts";

export const haltKinds = ["stop", "brake"] as const;
export type HaltKind = (typeof haltKinds)[number];

/** A person who said something, when and why. */
export interface Said {
  readonly by: string;
  readonly at: Instant;
  readonly note: string;
}

/** An emergency stop, or the brake that tripped; of each kind at most one stands. */
export interface Halt {
  readonly id: string;
  readonly kind: HaltKind;
  /** Of the brake its cause, of a stop "person". */
  readonly because: string;
  readonly reason: string;
  /** What was counted when it tripped; plain JSON. */
  readonly figures: Readonly<Record<string, unknown>>;
  readonly begunAt: Instant;
  readonly begunBy: string;
  /** The first of the two who let it go. */
  readonly asked: Said | null;
  readonly released: Said | null;
}

export interface CutBatch {
  readonly id: string;
  readonly state: BatchState;
  /** The name of a key, or the rules. */
  readonly proposedBy: string;
  readonly proposedAt: Instant;
  readonly reason: string;
  /** Both persons said so. */
  readonly raisesBrake: boolean;
  /** The first of the two, and whether he would raise the brake for it. */
  readonly first: (Said & { readonly raisesBrake: boolean }) | null;
  readonly second: Said | null;
  readonly goodUntil: Instant | null;
  readonly canary: number;
  /** Of the guard rails by which it was drawn up. */
  readonly version: string;
  /** Why it ended as it did. */
  readonly because: string | null;
  readonly endedAt: Instant | null;
  readonly endedBy: string | null;
}

export interface CutMember {
  readonly meter: MeterAddress;
  readonly account: AccountId;
  readonly line: string;
  readonly isCanary: boolean;
  readonly state: MemberState;
  /** As they stood when it was put on the list. */
  readonly available: Fen;
  readonly readAt: Instant | null;
  readonly noticedAt: Instant | null;
  readonly strategy: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly command: CommandId | null;
  readonly because: string | null;
}

export interface Left {
  readonly command: CommandId;
  readonly meter: MeterAddress;
  readonly at: Instant;
  /** Of a list that two persons approved, and of one that raised the brake. */
  readonly approved: boolean;
  readonly raised: boolean;
}

/** A meter that stands on a list. */
export interface Listed {
  readonly meter: MeterAddress;
  readonly batch: string;
  readonly state: BatchState;
  readonly member: MemberState;
}

export interface FigureWish {
  readonly now: Instant;
  /** What left after this counts for the brake. */
  readonly leftSince: Instant;
  /** None named: of any. Null: nobody asks when payments were brought in. */
  readonly importChannels: readonly string[] | null;
  /** Meters that rules may cut, as they were counted a moment ago; left out: counted now. */
  readonly meters?: number;
}

/** One of a list whose order has ended, and how. */
/** `left`: bytes of its order were sent; one whose meter was cut already never left. */
export type MemberEnd = Pick<CutMember, "meter"> & Pick<Command, "state" | "because"> & { readonly left: boolean };
export type EndedMember = Pick<CutMember, "meter" | "state" | "because">;

export type HaltChange = Partial<Pick<Halt, "asked" | "released">>;
export type BatchChange = Partial<Omit<CutBatch, "id" | "proposedBy" | "proposedAt">>;
export type MemberChange = Partial<Pick<CutMember, "isCanary" | "state" | "command" | "because">>;

export interface GuardStore {
  /**
   * Until the transaction ends: alone, one at a time among all gateways; or beside others that count nothing against each other, and never
   * beside whoever is alone.
   */
  lock(tx: Transaction, how?: "alone" | "beside"): Promise<void>;
  /**
   * Before the lock, of whoever puts these on a list: a list names their rows, and a cut that leaves holds its meter's row while it waits for
   * the lock. Waits for them in one order, and lets others name them as well.
   */
  hold(tx: Transaction, meters: readonly MeterAddress[]): Promise<void>;
  figures(tx: Transaction | null, wish: FigureWish): Promise<SiteFigures>;
  /** Meters of automatic cuts that were asked for or left since, or have not left yet, outside of lists: they are cut, or may be still. */
  askedSince(tx: Transaction | null, since: Instant): Promise<readonly MeterAddress[]>;
  noteLeft(tx: Transaction, left: Left): Promise<void>;
  /** Cuts of any origin of which no byte has left. */
  unsentCuts(): Promise<readonly Pick<Command, "id" | "meter" | "askedBy">[]>;
  /** Somebody who brings payments in says that he has none. */
  noteImport(tx: Transaction, channel: string, at: Instant, by: string): Promise<void>;

  halt(tx: Transaction, halt: Halt): Promise<void>;
  /** False: one of its kind stands already, and this one is not kept. */
  haltOnce(tx: Transaction, halt: Halt): Promise<boolean>;
  changeHalt(tx: Transaction, id: string, change: HaltChange): Promise<void>;
  standing(tx: Transaction | null): Promise<readonly Halt[]>;
  /** Newest first. */
  halts(limit: number): Promise<readonly Halt[]>;

  insertBatch(tx: Transaction, batch: CutBatch): Promise<void>;
  addMembers(tx: Transaction, batch: string, members: readonly CutMember[]): Promise<void>;
  changeBatch(tx: Transaction, id: string, change: BatchChange): Promise<void>;
  changeMember(tx: Transaction, batch: string, meter: MeterAddress, change: MemberChange): Promise<void>;
  /** What became of those that were asked for, many at once. */
  endMembers(tx: Transaction, batch: string, ended: readonly EndedMember[]): Promise<void>;
  batch(tx: Transaction | null, id: string): Promise<CutBatch | null>;
  /** In the order in which they were put on it; of these meters, or all. */
  members(tx: Transaction | null, batch: string, meters?: readonly MeterAddress[]): Promise<readonly CutMember[]>;
  memberCount(tx: Transaction | null, batch: string): Promise<number>;
  /** As far as the next step needs them, in order: its canaries, those that are asked for, and the first that wait (null: all of those). */
  runMembers(batch: string, waitingMax: number | null): Promise<readonly RunMember[]>;
  /** Asked for, and the order has ended since. */
  endedMembers(batch: string, limit: number): Promise<readonly MemberEnd[]>;
  /** Newest first. */
  batches(limit: number, before: string | null): Promise<readonly CutBatch[]>;
  /** That have not ended, or of which something is still under way; oldest first. */
  liveBatches(tx: Transaction | null): Promise<readonly CutBatch[]>;
  /** Meters of open lists, and of lists that were declined since; or of those these alone. */
  listed(tx: Transaction | null, declinedSince: Instant, meters?: readonly MeterAddress[]): Promise<readonly Listed[]>;
  /** The list by which this command was asked for. */
  batchOf(tx: Transaction | null, command: CommandId): Promise<CutBatch | null>;
  /** Somebody has called this account important, and it holds. */
  isImportant(tx: Transaction, account: AccountId, now: Instant): Promise<boolean>;
}
