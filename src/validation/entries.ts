/**
 * What a person enters about a meter's register, and what follows from it. Pure.
 *
 *     accept     the doubted reading is right                       a reading of that moment
 *     correct    the register really was …                          a reading of that moment
 *       … instead of what is believed, which is false               the count goes back, and what it cost is given back
 *     estimate   nothing can be read; so much was used until …      billed, and settled by the next reading; no rule cuts by it
 *     rebase     the meter was reset: billed up to …, begins anew   the count goes on, under another shift
 *
 * None of them is silent: each has a reason, a name and a row that the audit keeps. None is done twice: whoever looked at a register names
 * it (accept, insteadOf), and whoever says how much was used says until when: the second time it is another, or over.
 */
import type { Instant } from "../kernel/clock.ts";
import { kwh } from "../kernel/energy.ts";
import { Fault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import { countedOf, type Believed, type DayRow } from "./believed.ts";
import { mostIn, type MeterLimits } from "./limits.ts";
import { median, usesOf } from "./typical.ts";

export const entryKinds = ["accept", "correct", "estimate", "rebase"] as const;
export type EntryKind = (typeof entryKinds)[number];

export interface Entry {
  readonly id: string;
  readonly meter: MeterAddress;
  readonly kind: EntryKind;
  /** As the meter shows it, or would. */
  readonly register: bigint;
  /** Up to where this counts. */
  readonly counted: bigint;
  readonly takenAt: Instant;
  readonly reason: string;
  readonly by: string;
  readonly at: Instant;
  /** Of an estimate: what it was reckoned from. */
  readonly basis: string | null;
}

const DAY_MS = 86_400_000;

export interface EstimateWish {
  readonly until: Instant;
  /** Of so many last days; left out where `energy` is given. */
  readonly days: number;
  /** 0.01 kWh; null: to be reckoned. */
  readonly energy: bigint | null;
}

/** How much was used from `from` until then: as given, or by the median day of the last days. */
export function estimate(
  { until, days, energy }: EstimateWish,
  from: { readonly at: Instant; readonly counted: bigint },
  rows: readonly DayRow[],
): { readonly counted: bigint; readonly basis: string } {
  if (until <= from.at) throw new Fault("invalid-request", { field: "takenAt", problem: "not after what is billed already" });
  if (energy !== null) return { counted: from.counted + energy, basis: `given: ${kwh(energy)} kWh` };
  const uses = usesOf(rows).slice(-days);
  const mean = uses.length === 0 ? null : uses.reduce((sum, use) => sum + use.energy, 0n) / BigInt(uses.length);
  const typical = median(uses.map((use) => use.energy));
  if (mean === null || typical === null)
    throw new Fault("invalid-request", { field: "energy", problem: "no whole day of this meter is known; say how much it was" });
  const used = (mean * BigInt(until - from.at)) / BigInt(DAY_MS);
  return { counted: from.counted + used, basis: `mean of ${uses.length} days: ${kwh(mean)} kWh a day (median ${kwh(typical)})` };
}

export interface TakeBackWish {
  /** As the meter shows it. */
  readonly register: bigint;
  /** What is believed, and was looked at. */
  readonly insteadOf: bigint;
  readonly at: Instant;
}

/** What is believed is false, and so is everything above what the meter shows: it counts on from there, as it was counted. */
export function takenBack(newest: Believed, { register, insteadOf, at }: TakeBackWish): Believed {
  if (insteadOf !== newest.register) throw registerChanged("insteadOf", insteadOf, newest.register);
  if (register >= newest.register)
    throw new Fault("invalid-request", {
      field: "register",
      problem: "not lower than what is believed; enter it without insteadOf",
      believed: kwh(newest.register),
    });
  if (at < newest.takenAt)
    throw new Fault("invalid-request", {
      field: "takenAt",
      problem: "before the reading that was false: what came after it counts",
    });
  const counted = register + newest.shift;
  return {
    ...newest,
    ...{ takenAt: at, register, vouched: { counted, at }, advancedAt: at },
    // they may have been false with it: whatever each rate shows next is what it has come to, by its shift
    ...(newest.rates === null ? {} : { rates: newest.rates.map(() => 0n), ratesAt: null }),
    cut: newest.cut === null || newest.cut.counted <= counted ? newest.cut : { ...newest.cut, counted },
  };
}

/** Somebody looked at one register, and there is another by now. */
export const registerChanged = (field: string, seen: bigint, now: bigint): Fault =>
  new Fault("register-changed", { field, seen: kwh(seen), now: kwh(now) });

export interface RebaseWish {
  readonly register: bigint;
  /** What is believed, and was looked at. */
  readonly insteadOf: bigint;
  /** As the meter showed it last before it was reset. */
  readonly billedTo: bigint;
  readonly at: Instant;
}

/** The meter was reset: up to `billedTo` the old register counts, and from then on the new one. */
export function rebased(
  newest: Believed,
  { register, insteadOf, billedTo, at }: RebaseWish,
  { disconnected, limits }: { readonly disconnected: boolean; readonly limits: MeterLimits },
): Believed {
  if (insteadOf !== newest.register) throw registerChanged("insteadOf", insteadOf, newest.register);
  if (billedTo < newest.register)
    throw new Fault("invalid-request", {
      field: "billedTo",
      problem: "less than was believed already",
      believed: kwh(newest.register),
    });
  if (at < newest.takenAt)
    throw new Fault("invalid-request", { field: "takenAt", problem: "before the newest believed reading of this meter" });
  // the measure of the gate, which nobody gets past here: a digit too many would be billed with nobody to doubt it
  const most = mostIn(at - newest.takenAt, limits);
  if (billedTo - newest.register > most)
    throw new Fault("invalid-request", {
      field: "billedTo",
      problem: "more than this meter can have counted since what was believed last; if it did, enter that as correct first",
      ...{ believed: kwh(newest.register), most: kwh(most) },
    });
  const counted = billedTo + newest.shift;
  const ratesCounted = newest.rates?.map((rate, i) => rate + (newest.rateShifts[i] ?? 0n)) ?? newest.rateShifts;
  return {
    ...{ takenAt: at, register, shift: counted - register },
    // a meter that begins at zero begins so with every rate; of any other each rate begins where it is read next
    rates: register === 0n && ratesCounted.length > 0 ? ratesCounted.map(() => 0n) : null,
    rateShifts: ratesCounted,
    ratesAt: at,
    exported: null,
    vouched: { counted, at },
    advancedAt: counted === countedOf(newest) ? newest.advancedAt : at,
    cut: disconnected ? { counted, since: at } : null,
  };
}
