/** What commands need of a database. A write that names a fence changes nothing when another worker has taken the command since. */
import type { AccountId, CommandId, MeterAddress, PaymentId } from "../kernel/ids.ts";
import type { Fen } from "../kernel/money.ts";
import type { Instant } from "../kernel/clock.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { WireEvidence } from "../kernel/reading.ts";
import type { MeterRecord, RelayPicture } from "../devices/meter.ts";
import type { Attempt, Command, CommandKind, CommandState } from "./command.ts";

export interface CommandChange {
  readonly state?: CommandState;
  readonly waitingFor?: string | null;
  readonly because?: string | null;
  readonly looks?: number;
  /** When a worker should look again; null: no more. */
  readonly lookAt?: Instant | null;
  readonly sentAt?: Instant;
  readonly acknowledgedAt?: Instant;
  readonly verifiedAt?: Instant;
  readonly endedAt?: Instant;
  readonly receipt?: Readonly<Record<string, unknown>>;
  readonly approvedBy?: string;
  readonly approvedAt?: Instant;
  readonly approvalNote?: string;
}

export interface CommandFilter {
  readonly state?: CommandState;
  readonly meter?: MeterAddress;
  readonly kind?: string;
  readonly since?: Instant;
  readonly limit: number;
  readonly before?: CommandId;
}

export interface CommandStore {
  insert(tx: Transaction, command: Command): Promise<void>;
  find(tx: Transaction | null, id: CommandId): Promise<Command | null>;
  /** The greatest id of this meter's commands. Behind the meter's row nobody adds another meanwhile. */
  newestOf(tx: Transaction, meter: MeterAddress): Promise<CommandId | null>;
  list(filter: CommandFilter): Promise<readonly Command[]>;
  attempts(id: CommandId): Promise<readonly Attempt[]>;
  lastAttempt(id: CommandId): Promise<Attempt | null>;
  /** Takes an open command: fence + 1. Null when it has ended, waits for a second person, or when its line is another gateway's. */
  take(id: CommandId): Promise<Command | null>;
  /** Open commands of one meter, oldest first, locked until the transaction ends. */
  lockOpen(tx: Transaction, meter: MeterAddress): Promise<readonly Command[]>;
  /** False when the fence is no longer ours or the command is in none of these states. */
  change(
    tx: Transaction | null,
    id: CommandId,
    fence: number,
    from: readonly CommandState[],
    change: CommandChange,
  ): Promise<boolean>;
  /**
   * Writes the attempt and moves the command to sending, in one transaction, on disk when it resolves. "blocked": another
   * command that adds to this meter is on the wire or disputed; "superseded": a newer one of `rivals` exists and was not taken
   * back; "lost": cancelled or taken by someone else meanwhile; "not-ours": the line is no longer held under the number under
   * which the command was taken.
   */
  beginAttempt(
    tx: Transaction,
    id: CommandId,
    fence: number,
    attempt: Attempt,
    rivals: readonly CommandKind[],
  ): Promise<"begun" | "blocked" | "superseded" | "lost" | "not-ours">;
  /** Changes nothing when the fence is no longer ours. */
  endAttempt(
    tx: Transaction | null,
    id: CommandId,
    fence: number,
    number: number,
    outcome: string,
    frames: readonly WireEvidence[],
  ): Promise<void>;
  /** Ids whose time to be looked at has come, oldest first, without the first few; of these buses (left out: of all), and what anybody may end. */
  due(now: Instant, limit: number, buses?: readonly string[], skip?: number): Promise<readonly CommandId[]>;
  /** Makes every open command of a meter due: it was heard again. */
  wakeMeter(meter: MeterAddress, now: Instant): Promise<readonly CommandId[]>;
  /** Most recent ended command of a kind on a meter. */
  lastEnded(tx: Transaction | null, meter: MeterAddress, kinds: readonly CommandKind[]): Promise<Command | null>;
}

/** What is enough to find a command's place in the waiting room. */
export interface CommandOutline {
  readonly id: CommandId;
  readonly meter: MeterAddress;
  readonly kind: CommandKind;
  /** The meter's line by the books, which also know a meter that has left the street. */
  readonly bus: string;
  /** Out of time, and unsent or of a meter that hangs nowhere any more: whoever finds it ends it, whoever holds the line. */
  readonly isAnybodys: boolean;
}

/** What the engine around the commands needs beside them: waiting room, sweeper, take-over of lines, those who show and count. */
export interface EngineCommandStore extends CommandStore {
  outlines(ids: readonly CommandId[]): Promise<readonly CommandOutline[]>;
  /** Accepted commands that have a job now; answers those that were not queued before. */
  markQueued(ids: readonly CommandId[]): Promise<readonly Command[]>;
  /** A job went astray, to a gateway that does not hold the line: the holder's sweeper finds the command at once. */
  putBack(ids: readonly CommandId[], now: Instant): Promise<void>;
  /** After a start, and after taking a line, every open command of its meters is looked at: whoever had taken it is gone. Buses left out: all. */
  makeAllDue(now: Instant, buses?: readonly string[]): Promise<number>;
  /** Unsent commands of these kinds have so much less time: the clock by which their deadlines were given was set back. */
  shorten(kinds: readonly CommandKind[], byMs: number): Promise<number>;
  /** A gateway that takes over a hundred lines hears of a hundred meters in the same moment. */
  wakeMeters(meters: readonly MeterAddress[], now: Instant): Promise<readonly CommandId[]>;
  /** What waits for one thing is due now, whatever meter it is for. */
  wakeWaitingFor(what: string, now: Instant): Promise<readonly CommandId[]>;
  /** The attempts of many commands, oldest first: for those who show them. */
  attemptsOf(tx: Transaction | null, ids: readonly CommandId[]): Promise<readonly (Attempt & { readonly command: CommandId })[]>;
  /** Commands by state: for metrics. */
  counts(): Promise<readonly { readonly state: CommandState; readonly count: number }[]>;
}

export interface Payment {
  readonly id: PaymentId;
  readonly account: AccountId;
  readonly amount: Fen;
  readonly channel: string;
  readonly orderId: string;
  readonly state: "taken" | "allocated" | "unallocated" | "disputed" | "refunded";
  readonly command: CommandId | null;
  /** The newest command that takes it back out of a meter. */
  readonly refund: CommandId | null;
  readonly createdAt: Instant;
  /** Invoice and tax fields, as they were given; left out: none were. */
  readonly invoice?: Invoice;
}

export type Invoice = Readonly<Record<string, string>>;

export interface PaymentStore {
  /** Null when (channel, orderId) is taken; waits for a transaction that is taking it right now. */
  insert(tx: Transaction, payment: Payment): Promise<boolean>;
  find(tx: Transaction | null, id: PaymentId): Promise<Payment | null>;
  /** As find, and nobody else may change it before this transaction ends. */
  lock(tx: Transaction, id: PaymentId): Promise<Payment | null>;
  byOrder(tx: Transaction | null, channel: string, orderId: string): Promise<Payment | null>;
  setState(tx: Transaction, id: PaymentId, state: Payment["state"], command: CommandId | null): Promise<void>;
  setRefund(tx: Transaction, id: PaymentId, refund: CommandId): Promise<void>;
  /** An open dispute of this account, if there is one. */
  disputed(tx: Transaction | null, account: AccountId): Promise<PaymentId | null>;
  list(page: {
    readonly limit: number;
    readonly before: PaymentId | null;
    readonly account: AccountId | null;
  }): Promise<readonly Payment[]>;
}

/** What the books say of a meter, beside the registry. */
export interface MeterBook {
  readonly address: MeterAddress;
  readonly account: AccountId | null;
  readonly identity: "unread" | "confirmed" | "quarantined";
  readonly identityNote: string | null;
  readonly relay: "unknown" | "connected" | "armed" | "disconnected";
  readonly relayWord: number | null;
  readonly relayProtected: boolean;
  readonly relayAt: Instant | null;
  readonly relayDesired: "connected" | "armed" | "disconnected" | null;
  readonly cutBy: "person" | "rule" | null;
  /** May be wiped: it hangs on a test bench and serves nobody. */
  readonly testBench?: boolean;
  /** Another meter is taking its place: nothing is ordered, and no money taken for it, meanwhile. */
  readonly beingReplaced?: boolean;
  /** Hangs here no more. */
  readonly replacedBy?: MeterAddress | null;
}

export interface AccountBook {
  readonly account: AccountId;
  readonly name: string;
  readonly class: string;
  readonly mode: "local" | "remote";
  readonly tariff: string;
  /** When the site file first said so; left out: the account has had no other that is remembered. */
  readonly tariffSince?: Instant;
  readonly meter: MeterAddress | null;
}

export interface MeterStore {
  /** Inside a transaction the row is locked: it stands for what may be asked of the meter. */
  meter(tx: Transaction | null, address: MeterAddress): Promise<MeterBook | null>;
  account(tx: Transaction | null, account: AccountId): Promise<AccountBook | null>;
  setIdentity(
    tx: Transaction | null,
    address: MeterAddress,
    identity: "confirmed" | "quarantined",
    note: string | null,
    at: Instant,
  ): Promise<void>;
  /** Of a meter that stands confirmed, and without a note: its numbers were found right once more. False: it does not stand so, and nothing was written. */
  confirmAgain(address: MeterAddress, at: Instant): Promise<boolean>;
  /** Answers whether what is shown differs from what was known. */
  setRelay(tx: Transaction | null, address: MeterAddress, picture: RelayPicture): Promise<boolean>;
  /** An order that did not happen is wished no more: what is wished is what stands. */
  forgetRelayWish(tx: Transaction, address: MeterAddress): Promise<void>;
  /** Who has cut this supply, once it may be cut; null when it was restored. */
  setCutBy(tx: Transaction, address: MeterAddress, cutBy: "person" | "rule" | null): Promise<void>;
  setRelayWish(tx: Transaction, address: MeterAddress, desired: "connected" | "armed" | "disconnected"): Promise<void>;
}

/** An account as the site file says it. */
export interface AccountSetting {
  readonly account: AccountId;
  readonly name: string;
  readonly class: string;
  readonly mode: "local" | "remote";
  readonly tariff: string;
}

/** What the engine around the commands needs beside it: the site file brought in, and lists for those who show them. */
export interface EngineMeterStore extends MeterStore {
  /** The site file is the source of which accounts and meters there are; what the books know of them stays. */
  bringIn(accounts: readonly AccountSetting[], meters: readonly MeterRecord[]): Promise<void>;
  /** Those the site file names, by address. */
  all(): Promise<readonly MeterBook[]>;
  /** By their names. */
  accounts(page: { readonly limit: number; readonly after: AccountId | null }): Promise<readonly AccountBook[]>;
  /** The ledger holds this account's money from now on, whatever the site file says. */
  switchToRemote(tx: Transaction, account: AccountId, at: Instant): Promise<void>;
  /** Whose money the ledger holds. */
  remoteAccounts(): Promise<readonly AccountId[]>;
}
