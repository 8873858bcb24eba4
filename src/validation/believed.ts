/**
 * What is believed of a meter: its newest measured registers, and how they are counted on.
 *
 * A meter shows a register; the books count. `counted = register + shift`, and the shift changes only where the register begins anew: at its
 * end (999999.99 → 0, by the register's length) or because a person said that the meter was reset. So what is counted never goes
 * back, and whoever bills it need not know how many digits a meter has.
 */
import type { Instant } from "../kernel/clock.ts";

/** Registers as the meter shows them, 0.01 kWh. */
export interface Registers {
  readonly total: bigint;
  /** By rate, the first rate first; null: not read. */
  readonly rates: readonly bigint[] | null;
  readonly exported: bigint | null;
}

export interface Believed {
  readonly takenAt: Instant;
  readonly register: bigint;
  readonly shift: bigint;
  /** Null: never read, or begun anew by a person; then `rateShifts` says up to where each was counted. */
  readonly rates: readonly bigint[] | null;
  readonly rateShifts: readonly bigint[];
  /** Polls bring no rates, and midnights do: so their moment is their own. */
  readonly ratesAt: Instant | null;
  readonly exported: { readonly register: bigint; readonly shift: bigint; readonly takenAt: Instant } | null;
  /** Where a person last said that so much is right: from there on a day's use is measured again. */
  readonly vouched: { readonly counted: bigint; readonly at: Instant } | null;
  /** When the count was first seen where it stands now: a meter that turns has this close to `takenAt`. */
  readonly advancedAt: Instant;
  /** Where the count stood when the supply was first seen disconnected; null: it is not. */
  readonly cut: { readonly counted: bigint; readonly since: Instant } | null;
}

export const countedOf = ({ register, shift }: Pick<Believed, "register" | "shift">): bigint => register + shift;

/** A believed register at a moment, as it was counted. */
export interface Point {
  readonly at: Instant;
  readonly counted: bigint;
  readonly shift: bigint;
}

/** One day of the site of one meter: where its count stood first and last. A midnight's freeze is the first of its day. */
export interface DayRow {
  readonly day: string;
  readonly first: Point;
  readonly last: Point;
}
