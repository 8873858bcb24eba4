/**
 * What indicators need of a database: rows of a sheet for a span, raw or counted together. A store says what is in the books and
 * judges nothing: what counts is said once, in table.ts.
 */
import type { Instant } from "../kernel/clock.ts";
import type { SheetName } from "./sheets.ts";

/** Moments as milliseconds, energy in 0.01 kWh. */
export type Cell = string | number | bigint | null;
export type RawRow = Readonly<Record<string, Cell>>;

/** Rows that are alike in what the figures look at. */
export interface RawCount {
  readonly row: RawRow;
  readonly n: number;
}

/** Whole days of the site. `from` is in it, `until` is not. */
export interface Span {
  readonly fromDay: string;
  readonly toDay: string;
  readonly from: Instant;
  readonly until: Instant;
  /** Books are looked at as they are known then. */
  readonly asOf: Instant;
  /** The ends of its days that have passed. */
  readonly dayEnds: readonly { readonly day: string; readonly end: Instant }[];
  readonly timeZone: string;
}

/** Drawn from rows alone; cuts need the strategy that decided as well. */
export type PlainSheet = Exclude<SheetName, "rule-cuts">;

/** A verified cut by a rule and what the books hold of that moment, as known now. */
export interface CutEvidence {
  readonly command: string;
  readonly meter: string;
  readonly class: string | null;
  readonly bus: string;
  readonly model: string;
  readonly sentAt: Instant;
  readonly cutAt: Instant;
  readonly restoredAt: Instant | null;
  /** Fen, of all entries up to then. */
  readonly available: bigint;
  /** Yuan, of the decision; null: nobody kept it. */
  readonly cutBelow: string | null;
  /** Of the strategy that decided, as they are kept; null: nobody kept it. */
  readonly rules: readonly unknown[] | null;
  readonly exemption: string | null;
  readonly noticeDeliveredAt: Instant | null;
  /** kWh as it was read. */
  readonly registerThen: string | null;
  /** 0.01 kWh. */
  readonly takenBackTo: bigint | null;
  readonly contradictedAt: Instant | null;
  readonly quarantinedAt: Instant | null;
}

export interface IndicatorStore {
  /** In no order. */
  rows(sheet: PlainSheet, span: Span): Promise<readonly RawRow[]>;
  /** By the columns that the sheet folds by; of a sheet that does not fold, its rows, each once. */
  counted(sheet: PlainSheet, span: Span): Promise<readonly RawCount[]>;
  cuts(span: Span): Promise<readonly CutEvidence[]>;
}

/** Stages of the rules that warn; a notice of a cut is more than a warning. */
export const warningStages: readonly string[] = ["forecast", "warn-1", "warn-2"];
export const cutKinds: readonly string[] = ["disconnect", "disconnect-for"];
export const restoreKinds: readonly string[] = ["reconnect", "arm"];
