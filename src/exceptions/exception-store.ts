/** What exceptions need of a database. Writes join the transaction they are given. */
import type { Instant } from "../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress, PaymentId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Command } from "../commands/command.ts";
import type { ExceptionId, ExceptionItem, ExceptionStep } from "./item.ts";
import type { Period } from "../ledger/period.ts";
import type { ExceptionKind, FailureClass } from "./kinds.ts";

export type ItemChange = Partial<
  Pick<
    ExceptionItem,
    | "kind"
    | "key"
    | "class"
    | "because"
    | "count"
    | "owner"
    | "evidence"
    | "suggestion"
    | "lastAt"
    | "dueAt"
    | "alarmedAt"
    | "closedAt"
    | "closedBy"
    | "closingNote"
  >
>;

export interface ItemFilter {
  readonly state?: "open" | "closed";
  readonly kind?: ExceptionKind;
  readonly owner?: string;
  readonly meter?: MeterAddress;
  readonly account?: AccountId;
  /** Open, and its time was over at this moment. */
  readonly overdueAt?: Instant;
  readonly limit: number;
  readonly before?: ExceptionId;
}

/** What was known of a command and its meter: attempts by number, frames counted (they stay with the attempt), readings with their times. */
export interface Known {
  readonly attempts: readonly {
    readonly number: number;
    readonly at: Instant;
    readonly outcome: string;
    readonly before: Readonly<Record<string, unknown>>;
    readonly frames: number;
  }[];
  readonly readings: readonly {
    readonly item: string;
    readonly value: string | null;
    readonly unit: string | null;
    readonly takenAt: Instant;
    readonly source: string;
  }[];
}

export interface SummaryRow {
  readonly class: FailureClass;
  readonly kind: ExceptionKind;
  readonly because: string | null;
  readonly model: string | null;
  readonly bus: string | null;
  readonly items: number;
  /** With what came true again while an item stayed open. */
  readonly times: number;
  readonly stillOpen: number;
}

export interface ExceptionStore {
  /** The open item of this key, locked until the transaction ends. */
  lockOpen(tx: Transaction, key: string): Promise<ExceptionItem | null>;
  /** Open items about this meter, locked, oldest first. */
  lockOpenOf(tx: Transaction, meter: MeterAddress): Promise<readonly ExceptionItem[]>;
  lock(tx: Transaction, id: ExceptionId): Promise<ExceptionItem | null>;
  /** False when an open item of this key exists; waits for a transaction that is raising it right now. */
  insert(tx: Transaction, item: ExceptionItem): Promise<boolean>;
  change(tx: Transaction, id: ExceptionId, change: ItemChange): Promise<void>;
  addStep(tx: Transaction, id: ExceptionId, step: ExceptionStep): Promise<void>;
  find(id: ExceptionId): Promise<ExceptionItem | null>;
  steps(id: ExceptionId): Promise<readonly ExceptionStep[]>;
  /** Newest first. */
  list(filter: ItemFilter): Promise<readonly ExceptionItem[]>;
  known(tx: Transaction, of: { readonly command: CommandId | null; readonly meter: MeterAddress | null }): Promise<Known>;
  /** Open items by kind, and how many of them are overdue. */
  counts(now: Instant): Promise<readonly { readonly kind: string; readonly open: number; readonly overdue: number }[]>;

  /** What was opened in a period, by class, kind, cause, model and bus: for reports, and to learn from. */
  summary(period: Period): Promise<readonly SummaryRow[]>;

  // what the watch looks for
  /** Open commands accepted before this moment about which nothing is open, oldest first. */
  lateCommands(before: Instant, limit: number): Promise<readonly Command[]>;
  /** Disputed commands about which nothing is open. */
  silentDisputes(limit: number): Promise<readonly Command[]>;
  /** Payments that reached nothing, and about which there never was an item. */
  silentPayments(limit: number): Promise<
    readonly {
      readonly id: PaymentId;
      readonly account: AccountId;
      readonly command: CommandId | null;
      readonly meter: MeterAddress | null;
    }[]
  >;
  /** Quarantined meters about which nothing is open. */
  silentQuarantines(
    limit: number,
  ): Promise<readonly { readonly meter: MeterAddress; readonly account: AccountId | null; readonly note: string | null }[]>;
  /** Open items of quarantine whose meter is no longer quarantined, or no longer ours. */
  endedQuarantines(limit: number): Promise<readonly ExceptionId[]>;
  overdue(now: Instant, limit: number): Promise<readonly ExceptionId[]>;
}
