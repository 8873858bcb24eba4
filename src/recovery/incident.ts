/** One stretch of dark hours that should not have been, or lasted too long: a snapshot beside commands, readings and the item of its owner. */
import type { Brand } from "../kernel/brand.ts";
import type { Instant } from "../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress } from "../kernel/ids.ts";
import type { ExceptionId } from "../exceptions/item.ts";
import type { FailureClass } from "../exceptions/kinds.ts";
import type { Cause, Compensation } from "./causes.ts";
import type { Reason } from "./reasons.ts";

export type IncidentId = Brand<string, "IncidentId">;
export const IncidentId = (text: string): IncidentId => text as IncidentId;

export interface Incident {
  readonly id: IncidentId;
  readonly cause: Cause;
  /** Further causes of the same dark hours. */
  readonly also: readonly Cause[];
  readonly class: FailureClass;
  readonly meter: MeterAddress;
  readonly account: AccountId | null;
  readonly model: string;
  readonly bus: string;
  readonly firmware: string | null;
  /** By which it went dark; null: none of our orders. */
  readonly cut: CommandId | null;
  readonly darkSince: Instant;
  /** Since when supply is wanted back; null: it is not. */
  readonly wishedAt: Instant | null;
  readonly foundAt: Instant;
  /** 0 found, 1 a work order, 2 and 3 escalated. */
  readonly level: number;
  readonly reason: Reason | null;
  readonly restoredAt: Instant | null;
  readonly restoredBy: CommandId | null;
  /** Restored, or wanted no more. */
  readonly endedAt: Instant | null;
  readonly energyBefore: string | null;
  readonly energyAfter: string | null;
  readonly compensation: Compensation;
  readonly compensationNote: string | null;
  readonly compensationBy: string | null;
  readonly followUpAt: Instant | null;
  readonly remindedAt: Instant | null;
  readonly followedUpAt: Instant | null;
  readonly followedUpBy: string | null;
  readonly followUpNote: string | null;
  readonly exception: ExceptionId | null;
}

export type IncidentChange = Partial<Omit<Incident, "id" | "meter" | "account" | "model" | "bus" | "cut" | "foundAt">>;

export interface IncidentStep {
  readonly at: Instant;
  readonly what:
    | "found"
    | "cause-added"
    | "restore-asked"
    | "work-order"
    | "escalated"
    | "restored"
    | "withdrawn"
    | "wanted-again"
    | "compensation"
    | "reminded"
    | "followed-up";
  readonly by: string;
  readonly note: string | null;
}

/** Ms in the dark; null: it is dark still, or nobody saw the end. */
export const durationOf = ({ darkSince, restoredAt }: Pick<Incident, "darkSince" | "restoredAt">): number | null =>
  restoredAt === null ? null : Math.max(0, restoredAt - darkSince);
