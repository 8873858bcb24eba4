/** Rows of incidents and watched cuts, and what they mean: every column in one place. */
import { Instant } from "../kernel/clock.ts";
import { CommandId, type AccountId, type MeterAddress } from "../kernel/ids.ts";
import { ExceptionId } from "../exceptions/item.ts";
import type { FailureClass } from "../exceptions/kinds.ts";
import type { Cause, Compensation } from "../recovery/causes.ts";
import { IncidentId, type Incident } from "../recovery/incident.ts";
import type { Reason } from "../recovery/reasons.ts";
import type { Mark, WatchEnd, WatchedCut } from "../recovery/recovery-store.ts";
import { at } from "./database.ts";

export interface IncidentRow {
  id: string;
  cause: Cause;
  also: Cause[];
  class: FailureClass;
  meter: string;
  account: string | null;
  model: string;
  bus: string;
  firmware: string | null;
  cut: string | null;
  dark_since: number;
  wished_at: number | null;
  found_at: number;
  level: number;
  reason: Reason | null;
  restored_at: number | null;
  restored_by: string | null;
  ended_at: number | null;
  energy_before: string | null;
  energy_after: string | null;
  compensation: Compensation;
  compensation_note: string | null;
  compensation_by: string | null;
  follow_up_at: number | null;
  reminded_at: number | null;
  followed_up_at: number | null;
  followed_up_by: string | null;
  follow_up_note: string | null;
  exception: string | null;
}

const moment = (value: number | null): Instant | null => (value === null ? null : Instant(value));
const commandId = (value: string | null): CommandId | null => (value === null ? null : CommandId(value));

export const incidentOf = (row: IncidentRow): Incident => ({
  ...{ id: IncidentId(row.id), cause: row.cause, also: row.also, class: row.class },
  ...{ meter: row.meter as MeterAddress, account: row.account as AccountId | null },
  ...{ model: row.model, bus: row.bus, firmware: row.firmware, cut: commandId(row.cut) },
  ...{ darkSince: Instant(row.dark_since), wishedAt: moment(row.wished_at), foundAt: Instant(row.found_at) },
  ...{ level: row.level, reason: row.reason },
  ...{ restoredAt: moment(row.restored_at), restoredBy: commandId(row.restored_by), endedAt: moment(row.ended_at) },
  ...{ energyBefore: row.energy_before, energyAfter: row.energy_after },
  ...{ compensation: row.compensation, compensationNote: row.compensation_note, compensationBy: row.compensation_by },
  ...{ followUpAt: moment(row.follow_up_at), remindedAt: moment(row.reminded_at), followedUpAt: moment(row.followed_up_at) },
  ...{ followedUpBy: row.followed_up_by, followUpNote: row.follow_up_note },
  exception: row.exception === null ? null : ExceptionId(row.exception),
});

export const incidentColumns: Record<keyof Incident, string> = {
  id: "id",
  cause: "cause",
  also: "also",
  class: "class",
  meter: "meter",
  account: "account",
  model: "model",
  bus: "bus",
  firmware: "firmware",
  cut: "cut",
  darkSince: "dark_since",
  wishedAt: "wished_at",
  foundAt: "found_at",
  level: "level",
  reason: "reason",
  restoredAt: "restored_at",
  restoredBy: "restored_by",
  endedAt: "ended_at",
  energyBefore: "energy_before",
  energyAfter: "energy_after",
  compensation: "compensation",
  compensationNote: "compensation_note",
  compensationBy: "compensation_by",
  followUpAt: "follow_up_at",
  remindedAt: "reminded_at",
  followedUpAt: "followed_up_at",
  followedUpBy: "followed_up_by",
  followUpNote: "follow_up_note",
  exception: "exception",
};
const moments = /(?:At|Since)$/;
export const columnValue = (field: string, value: unknown): unknown =>
  typeof value === "number" && moments.test(field) ? at(value as Instant) : value;

export interface WatchedRow {
  command: string;
  meter: string;
  account: string | null;
  by_rule: boolean;
  cut_at: number;
  register: string | null;
  marks: Mark[];
  ended_at: number | null;
  because: WatchEnd | null;
}
export const watchedOf = (row: WatchedRow): WatchedCut => ({
  ...{ command: CommandId(row.command), meter: row.meter as MeterAddress, account: row.account as AccountId | null },
  ...{ byRule: row.by_rule, cutAt: Instant(row.cut_at), register: row.register, marks: row.marks },
  ...{ endedAt: moment(row.ended_at), because: row.because },
});
