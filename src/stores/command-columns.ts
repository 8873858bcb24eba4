/** Rows of commands and their attempts, and what they mean: every column in one place, for the store that writes and those that only read. */
import { Instant } from "../kernel/clock.ts";
import { CommandId, type AccountId, type MeterAddress, type PaymentId } from "../kernel/ids.ts";
import type { WireEvidence } from "../kernel/reading.ts";
import type { AskedBy, Attempt, Command, CommandKind, CommandState, Effect } from "../commands/command.ts";
import type { CommandChange } from "../commands/command-store.ts";
import { at } from "./database.ts";

export interface CommandRow {
  id: string;
  kind: CommandKind;
  effect: Effect;
  meter: string;
  account: string | null;
  payment: string | null;
  params: Record<string, unknown>;
  asked_by: AskedBy;
  reason: string;
  state: CommandState;
  waiting_for: string | null;
  because: string | null;
  fence: number;
  looks: number;
  created_at: number;
  not_after: number;
  sent_at: number | null;
  acknowledged_at: number | null;
  verified_at: number | null;
  ended_at: number | null;
  receipt: Record<string, unknown> | null;
  asked_by_name: string | null;
  needs_approval: boolean;
  approved_by: string | null;
  approved_at: number | null;
  approval_note: string | null;
}

const moment = (value: number | null): Instant | null => (value === null ? null : Instant(value));
export const when = (value: Instant | null): Date | null => (value === null ? null : at(value));

export const commandOf = (row: CommandRow): Command => ({
  id: CommandId(row.id),
  kind: row.kind,
  effect: row.effect,
  meter: row.meter as MeterAddress,
  account: row.account as AccountId | null,
  payment: row.payment as PaymentId | null,
  params: row.params,
  askedBy: row.asked_by,
  reason: row.reason,
  state: row.state,
  waitingFor: row.waiting_for,
  because: row.because,
  fence: row.fence,
  looks: row.looks,
  createdAt: Instant(row.created_at),
  notAfter: Instant(row.not_after),
  sentAt: moment(row.sent_at),
  acknowledgedAt: moment(row.acknowledged_at),
  verifiedAt: moment(row.verified_at),
  endedAt: moment(row.ended_at),
  receipt: row.receipt,
  askedByName: row.asked_by_name,
  approval: row.needs_approval ? { by: row.approved_by, at: moment(row.approved_at), note: row.approval_note } : null,
});

export interface AttemptRow {
  number: number;
  fence: number;
  at: number;
  before: Record<string, unknown>;
  outcome: string;
  frames: WireEvidence[];
  thinned_at: number | null;
}
export const attemptOf = ({ thinned_at: thinnedAt, ...row }: AttemptRow): Attempt => ({
  ...row,
  at: Instant(row.at),
  ...(thinnedAt === null ? {} : { thinnedAt: Instant(thinnedAt) }),
});

/** Column of each field a change may name. */
export const columns: Record<keyof CommandChange, string> = {
  state: "state",
  waitingFor: "waiting_for",
  because: "because",
  looks: "looks",
  lookAt: "look_at",
  sentAt: "sent_at",
  acknowledgedAt: "acknowledged_at",
  verifiedAt: "verified_at",
  endedAt: "ended_at",
  receipt: "receipt",
  approvedBy: "approved_by",
  approvedAt: "approved_at",
  approvalNote: "approval_note",
};
export const moments: ReadonlySet<string> = new Set([
  "lookAt",
  "sentAt",
  "acknowledgedAt",
  "verifiedAt",
  "endedAt",
  "approvedAt",
]);
