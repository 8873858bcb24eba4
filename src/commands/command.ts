/** The record of a wish of a person, a payment or a rule: who asked, why, where it stands, what was tried, what was seen. */
import type { AccountId, CommandId, MeterAddress, PaymentId } from "../kernel/ids.ts";
import type { Instant } from "../kernel/clock.ts";
import type { WireEvidence } from "../kernel/reading.ts";

export type CommandKind =
  | "top-up"
  | "open-account"
  | "refund"
  | "disconnect"
  | "reconnect"
  | "arm"
  | "disconnect-for"
  | "protect"
  | "unprotect"
  | "warn"
  | "unwarn"
  | "clock-set"
  | "freeze"
  | "wallet-reset"
  | "mode-switch"
  | "tariff-set"
  | "read-now";

export type OpenState = "accepted" | "queued" | "sending" | "verifying";
export type EndState = "confirmed" | "refused" | "expired" | "cancelled" | "unanswered" | "disputed";
export type CommandState = OpenState | EndState;

export const openStates: readonly OpenState[] = ["accepted", "queued", "sending", "verifying"];
export const isOpen = (state: CommandState): state is OpenState => (openStates as readonly string[]).includes(state);
/** No byte has left; may still be cancelled. */
export const isUnsent = (state: CommandState): boolean => state === "accepted" || state === "queued";

/** Obeying twice equals once (sets), is twice (adds), or changes nothing (reads). */
export type Effect = "sets" | "adds" | "reads";
export type AskedBy = "person" | "rule" | "payment";

export interface Command {
  readonly id: CommandId;
  readonly kind: CommandKind;
  readonly effect: Effect;
  readonly meter: MeterAddress;
  readonly account: AccountId | null;
  readonly payment: PaymentId | null;
  readonly params: Readonly<Record<string, unknown>>;
  readonly askedBy: AskedBy;
  readonly reason: string;
  readonly state: CommandState;
  readonly waitingFor: string | null;
  readonly because: string | null;
  /** Rises by one with each worker that takes the command; writes with an older number change nothing. */
  readonly fence: number;
  /** How often in a row a look found nobody; the pause before the next grows with it. */
  readonly looks: number;
  readonly createdAt: Instant;
  readonly notAfter: Instant;
  readonly sentAt: Instant | null;
  readonly acknowledgedAt: Instant | null;
  readonly verifiedAt: Instant | null;
  readonly endedAt: Instant | null;
  readonly receipt: Readonly<Record<string, unknown>> | null;
  /** The name with which a person asked; null where a rule or a payment did. */
  readonly askedByName?: string | null;
  /** Absent where one person is enough. */
  readonly approval?: Approval | null;
}

/** The second person of a command that needs two; until he has said yes, no byte leaves (two-persons.ts). */
export interface Approval {
  readonly by: string | null;
  readonly at: Instant | null;
  readonly note: string | null;
}

export const waitsForApproval = ({ approval }: Pick<Command, "approval">): boolean => approval != null && approval.at === null;

export interface Attempt {
  readonly number: number;
  readonly fence: number;
  readonly at: Instant;
  /** What the look showed and what was chosen from it; plain JSON. */
  readonly before: Readonly<Record<string, unknown>>;
  readonly outcome: string;
  readonly frames: readonly WireEvidence[];
  /** Its frames were let go then, because they were old and no evidence of money; left out: they are as they were. */
  readonly thinnedAt?: Instant;
}
