/**
 * Which rows grow old, and what becomes of them: a table. Each kind is thinned day by day, the oldest first, in batches that are a
 * transaction each, so that whoever dies in the middle has lost nothing and begins that day again: what was thinned stays thinned.
 *
 * Never thinned: money, commands, payments, the audit, and what these rest on.
 */
import type { Instant } from "../kernel/clock.ts";
import type { CommandKind } from "../commands/command.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Retention } from "./site.ts";

export interface Kind {
  readonly title: string;
  /** After so many days; of the same rows the later one follows the earlier. */
  readonly after: (site: Retention) => number;
}

/** What is done, in this order. */
export const kinds = {
  "readings-daily": { title: "readings: one a day of each meter and item is left", after: (site) => site.readings.all },
  "readings-gone": { title: "readings: the last of each day goes as well", after: (site) => site.readings.daily },
  frames: { title: "frames of readings and relay orders", after: (site) => site.frames },
  "intents-changes": {
    title: "what the rules wanted: only what was other than before is left",
    after: (site) => site.readings.all,
  },
  "intents-gone": { title: "what the rules wanted: only each meter's newest is left", after: (site) => site.events },
  "decisions-changes": {
    title: "decisions without a command: only what was other than before is left",
    after: (site) => site.readings.all,
  },
  "decisions-gone": {
    title: "decisions without a command: only each account's newest is left",
    after: (site) => site.events,
  },
  "meter-events": {
    title: "what meters say has happened to them, unless an exception names it",
    after: (site) => site.events,
  },
} as const satisfies Record<string, Kind>;
export type KindName = keyof typeof kinds;
export const kindNames = Object.keys(kinds) as readonly KindName[];

/** A bill, an item or a person stands on these, so they outlive every number of days; so do readings that an exception names. */
export const SOURCES_KEPT: readonly Reading["source"][] = ["person", "estimate", "freeze"];

/** Whose frames are no evidence of money. A kind that is not named here keeps its frames, and so does every command with a payment or an exception. */
export const KINDS_WITHOUT_MONEY: readonly CommandKind[] = [
  ...(["read-now", "clock-set", "freeze"] as const),
  ...(["disconnect", "disconnect-for", "reconnect", "arm", "protect", "unprotect", "warn", "unwarn"] as const),
];

export interface Stretch {
  readonly kind: KindName;
  readonly from: Instant;
  readonly to: Instant;
}

export interface Batch extends Stretch {
  /** Where the batch before ended; null: at the beginning. */
  readonly after: string | null;
  /** About so many things are looked at: pairs of meter and item, or rows. */
  readonly size: number;
  /** Null: only counted, nothing changes. */
  readonly now: Instant | null;
}

export interface Thinned {
  readonly thinned: number;
  /** Where the next batch begins; null: this stretch is done. */
  readonly next: string | null;
}

export interface Months {
  readonly made: number;
  /** Rows that lay beside and have their month now. */
  readonly moved: number;
  /** Rows whose moment is too far from now for a month of their own. */
  readonly beside: number;
}

export interface RetentionStore {
  /** Makes the months around now, and those of rows that lie beside and are of no moment that cannot be. */
  makeMonths(now: Instant, site: Retention): Promise<Months>;
  /** On how many of these days anything was read. */
  daysRead(days: readonly { readonly from: Instant; readonly to: Instant }[]): Promise<number>;
  /** Up to where this kind was thinned; null: it never was. */
  doneTo(kind: KindName): Promise<Instant | null>;
  /** A moment not after its oldest row, and at most a month before it. Null: there is none. */
  oldest(kind: KindName): Promise<Instant | null>;
  /** Another gateway may have gone further: the mark never goes back by this. */
  markDone(kind: KindName, to: Instant, now: Instant): Promise<void>;
  /** It was noted too far. */
  setBack(kind: KindName, to: Instant, now: Instant): Promise<void>;
  /** Null: another gateway is at this kind just now, and nothing was done. Whoever only counts is in nobody's way. */
  thin(batch: Batch): Promise<Thinned | null>;
}
