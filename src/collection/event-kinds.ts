/**
 * What a meter writes down by itself, as a table: where its count stands, where its records are, and which of their fields say when and
 * by whom. To follow a further kind, add its row; the dictionary has to know its items.
 */
import { later, type Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";

interface KindRow {
  readonly title: { readonly en: string; readonly zh: string };
  /** How often it happened, three bytes that go on for ever. */
  readonly count: string;
  /** Identifiers of one record by its age, two hex digits; several where the record may have to be read piece by piece. */
  readonly record: readonly ((age: string) => string)[];
  readonly pieces?: readonly ((age: string) => string)[];
  readonly at: string;
  readonly until?: string;
  readonly operator?: string;
  /** Somebody changed the meter: if we did not, a person has to know. */
  readonly changes?: true;
}

export const eventKinds = {
  "power-down": {
    title: { en: "without power", zh: "停电" },
    count: "03110000",
    record: [(age) => `031100${age}`],
    at: "start",
    until: "end",
  },
  programming: {
    title: { en: "programmed", zh: "编程" },
    count: "03300000",
    record: [(age) => `033000${age}`],
    at: "time",
    operator: "operator",
    changes: true,
  },
  "meter-clear": {
    title: { en: "meter cleared", zh: "电表清零" },
    count: "03300100",
    record: [(age) => `033001${age}`],
    at: "time",
    operator: "operator",
    changes: true,
  },
  "demand-clear": {
    title: { en: "demand cleared", zh: "需量清零" },
    count: "03300200",
    record: [(age) => `033002${age}`],
    at: "time",
    operator: "operator",
  },
  "event-clear": {
    title: { en: "events cleared", zh: "事件清零" },
    count: "03300300",
    record: [(age) => `033003${age}`],
    at: "time",
    operator: "operator",
    changes: true,
  },
  "clock-setting": {
    title: { en: "clock set", zh: "校时" },
    count: "03300400",
    record: [(age) => `033004${age}`],
    at: "after",
    operator: "operator",
  },
  "cover-opening": {
    title: { en: "meter cover opened", zh: "开表盖" },
    count: "03300D00",
    record: [(age) => `03300D${age}`],
    at: "start",
    until: "end",
    changes: true,
  },
  "terminal-cover-opening": {
    title: { en: "terminal cover opened", zh: "开端钮盒" },
    count: "03300E00",
    record: [(age) => `03300E${age}`],
    at: "start",
    until: "end",
    changes: true,
  },
  disconnect: {
    title: { en: "supply cut", zh: "跳闸" },
    count: "1D000001",
    record: [(age) => `1D00FF${age}`],
    // Single-phase meters often know the first four items and no whole record.
    pieces: [(age) => `1D0001${age}`, (age) => `1D0002${age}`],
    at: "disconnectTime",
    operator: "disconnectOperator",
  },
  reconnect: {
    title: { en: "supply restored", zh: "合闸" },
    count: "1E000001",
    record: [(age) => `1E00FF${age}`],
    pieces: [(age) => `1E0001${age}`, (age) => `1E0002${age}`],
    at: "reconnectTime",
    operator: "reconnectOperator",
  },
} as const satisfies Record<string, KindRow>;

export type EventKind = keyof typeof eventKinds;
export const eventKindNames = Object.keys(eventKinds) as [EventKind, ...EventKind[]];
export const kindRow = (kind: EventKind): KindRow => eventKinds[kind];

/** Ten records of a class are kept. */
export const RECORDS_KEPT = 10;

export interface MeterEvent {
  readonly meter: MeterAddress;
  readonly kind: EventKind;
  /** Which of its kind, as the meter counts; a clearing begins anew. */
  readonly number: number;
  /** By the meter's clock; null: its digits are no date. */
  readonly at: Instant | null;
  readonly until: Instant | null;
  /** Eight hex digits. */
  readonly operator: string | null;
  /** Ordered by this gateway; null where the record does not say by whom. */
  readonly ours: boolean | null;
  /** The record's fields by name, as the dictionary prints them; what is empty is left out. */
  readonly fields: Readonly<Record<string, string>>;
  readonly readAt: Instant;
}

/** How many records are new: the count rose, or fell because somebody cleared it. At the first look a few tell what the meter is like. */
export function newRecords(known: number | undefined, count: number): number {
  const since = known === undefined ? Math.min(count, FIRST_LOOK) : count >= known ? count - known : count;
  return Math.min(since, RECORDS_KEPT);
}
const FIRST_LOOK = 3;

/** A power failure that goes on has no end yet; who could ask has power, so by now it is over. */
export const outageOf = ({ at, until, readAt }: MeterEvent): { readonly from: Instant; readonly to: Instant } | null =>
  at === null ? null : { from: at, to: until !== null && until >= at ? until : later(readAt, 0) };
