/** Rows of what holds cuts back, and what they are outside: stops, lists and those who stand on them. */
import { Instant } from "../kernel/clock.ts";
import type { AccountId, CommandId, MeterAddress } from "../kernel/ids.ts";
import { Fen } from "../kernel/money.ts";
import type { CutBatch, CutMember, Halt, Said } from "../policy/guard-store.ts";
import { at } from "./database.ts";

export const orNull = (when: Instant | null): unknown => (when === null ? null : at(when));
const maybe = (ms: number | null): Instant | null => (ms === null ? null : Instant(ms));
const saidOf = (by: string | null, when: number | null, note: string | null): Said | null =>
  by === null || when === null ? null : { by, at: Instant(when), note: note ?? "" };

export interface HaltRow {
  id: string;
  kind: Halt["kind"];
  because: string;
  reason: string;
  figures: Halt["figures"];
  begun_at: number;
  begun_by: string;
  asked_by: string | null;
  asked_at: number | null;
  asked_note: string | null;
  released_by: string | null;
  released_at: number | null;
  released_note: string | null;
}
export const haltOf = (row: HaltRow): Halt => ({
  ...{ id: row.id, kind: row.kind, because: row.because, reason: row.reason, figures: row.figures },
  begunAt: Instant(row.begun_at),
  begunBy: row.begun_by,
  asked: saidOf(row.asked_by, row.asked_at, row.asked_note),
  released: saidOf(row.released_by, row.released_at, row.released_note),
});

/** Put in; whoever may find one there says what then. */
export const HALT =
  "INSERT INTO cut_halts (id, kind, because, reason, figures, begun_at, begun_by) VALUES ($1, $2, $3, $4, $5, $6, $7)";
export const haltColumns = ({ id, kind, because, reason, figures, begunAt, begunBy }: Halt): readonly unknown[] => [
  ...[id, kind, because, reason, JSON.stringify(figures), at(begunAt), begunBy],
];

export interface BatchRow {
  id: string;
  state: CutBatch["state"];
  proposed_by: string;
  proposed_at: number;
  reason: string;
  raises_brake: boolean;
  first_by: string | null;
  first_at: number | null;
  first_note: string | null;
  first_raises: boolean | null;
  second_by: string | null;
  second_at: number | null;
  second_note: string | null;
  good_until: number | null;
  canary: number;
  version: string;
  because: string | null;
  ended_at: number | null;
  ended_by: string | null;
}
export function batchOf(row: BatchRow): CutBatch {
  const first = saidOf(row.first_by, row.first_at, row.first_note);
  return {
    ...{ id: row.id, state: row.state, proposedBy: row.proposed_by, proposedAt: Instant(row.proposed_at), reason: row.reason },
    raisesBrake: row.raises_brake,
    first: first === null ? null : { ...first, raisesBrake: row.first_raises ?? false },
    second: saidOf(row.second_by, row.second_at, row.second_note),
    goodUntil: maybe(row.good_until),
    ...{ canary: row.canary, version: row.version, because: row.because, endedBy: row.ended_by },
    endedAt: maybe(row.ended_at),
  };
}
/** As a batch is written: all of it, since few are and rarely. */
export const columnsOf = (b: CutBatch): readonly unknown[] => [
  ...[b.id, b.state, b.proposedBy, at(b.proposedAt), b.reason, b.raisesBrake],
  ...(b.first === null ? [null, null, null, null] : [b.first.by, at(b.first.at), b.first.note, b.first.raisesBrake]),
  ...(b.second === null ? [null, null, null] : [b.second.by, at(b.second.at), b.second.note]),
  ...[orNull(b.goodUntil), b.canary, b.version, b.because, orNull(b.endedAt), b.endedBy],
];

export interface MemberRow {
  meter: string;
  account: string;
  line: string;
  is_canary: boolean;
  state: CutMember["state"];
  available: bigint;
  read_at: number | null;
  noticed_at: number | null;
  strategy: string;
  facts: CutMember["facts"];
  command: string | null;
  because: string | null;
}
export const memberOf = (row: MemberRow): CutMember => ({
  meter: row.meter as MeterAddress,
  account: row.account as AccountId,
  ...{ line: row.line, isCanary: row.is_canary, state: row.state, strategy: row.strategy, facts: row.facts },
  available: Fen(row.available),
  readAt: maybe(row.read_at),
  noticedAt: maybe(row.noticed_at),
  command: row.command as CommandId | null,
  because: row.because,
});
