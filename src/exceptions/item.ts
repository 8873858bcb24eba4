/**
 * One thing that a person has to look at: what it is about, what was known when it came true, who has it, and how it ended.
 * It is a snapshot beside the command, the payment or the meter, never a second truth about them.
 */
import type { Brand } from "../kernel/brand.ts";
import type { Instant } from "../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress, PaymentId } from "../kernel/ids.ts";
import type { CommandKind } from "../commands/command.ts";
import type { CorrectionLeg } from "../ledger/correction.ts";
import type { ExceptionKind, FailureClass } from "./kinds.ts";

export type ExceptionId = Brand<string, "ExceptionId">;
export const ExceptionId = (text: string): ExceptionId => text as ExceptionId;

/** Plain JSON. */
export type Evidence = Readonly<Record<string, unknown>>;

export interface Suggestion {
  readonly legs: readonly CorrectionLeg[];
  readonly note: string;
}

export interface Subject {
  readonly meter: MeterAddress | null;
  readonly account: AccountId | null;
  readonly command: CommandId | null;
  readonly payment: PaymentId | null;
  readonly orderKind: CommandKind | null;
}

export interface ExceptionItem extends Subject {
  readonly id: ExceptionId;
  readonly kind: ExceptionKind;
  /** What it is about: of each there is one open item. */
  readonly key: string;
  readonly class: FailureClass;
  readonly because: string | null;
  /** How often it came true while it stayed open. */
  readonly count: number;
  readonly owner: string;
  readonly evidence: Evidence;
  readonly suggestion: Suggestion | null;
  readonly openedAt: Instant;
  readonly lastAt: Instant;
  readonly dueAt: Instant;
  readonly alarmedAt: Instant | null;
  readonly closedAt: Instant | null;
  readonly closedBy: string | null;
  readonly closingNote: string | null;
}

/** What raises an item; the rest follows from the table of kinds. */
export interface Draft extends Subject {
  readonly kind: ExceptionKind;
  readonly key: string;
  readonly because: string | null;
  readonly evidence: Evidence;
  readonly suggestion: Suggestion | null;
}

export interface ExceptionStep {
  readonly at: Instant;
  readonly what: "opened" | "became" | "assigned" | "escalated" | "overdue" | "applied" | "closed";
  readonly by: string;
  readonly from: string | null;
  readonly to: string | null;
  readonly note: string | null;
}

export const nobody: Subject = { meter: null, account: null, command: null, payment: null, orderKind: null };
/** Who acts when no person does. */
export const GATEWAY = "gateway";

export const keyOf = {
  command: (id: CommandId): string => `command/${id}`,
  /** A rule that still wishes asks anew: one item for the meter and the cause, however often. */
  rule: (meter: MeterAddress, kind: CommandKind, because: string | null): string => `rule/${meter}/${kind}/${because ?? ""}`,
  payment: (id: PaymentId): string => `payment/${id}`,
  quarantine: (meter: MeterAddress): string => `quarantine/${meter}`,
  reading: (meter: MeterAddress, item: string): string => `reading/${meter}/${item}`,
  rates: (meter: MeterAddress): string => `rates/${meter}`,
  clock: (meter: MeterAddress): string => `clock/${meter}`,
  changed: (meter: MeterAddress): string => `changed/${meter}`,
  garbled: (meter: MeterAddress): string => `garbled/${meter}`,
  ledger: (what: string): string => `ledger/${what}`,
  tariff: (meter: MeterAddress): string => `tariff/${meter}`,
  notices: (account: AccountId): string => `notices/${account}`,
  exemption: (id: string): string => `exemption/${id}`,
  cuts: (what: string): string => `cuts/${what}`,
  incident: (id: string): string => `incident/${id}`,
  followUp: (id: string): string => `follow-up/${id}`,
  flows: (meter: MeterAddress): string => `flows/${meter}`,
};
