/**
 * Demand: the mean power of the last quarter of an hour, and the highest there was, with its time, in total and by tariff.
 * Sliding, it is looked at every step (a minute); block, only at the end of each period. Worked out from the load log: within a
 * stretch of steady load only the first period can bring anything new, so a month costs no more than its stretches.
 * A period in which the meter did not yet run, or runs since the last reset, counts as what it was; units are 0.1 W.
 */
import { Instant } from "../src/kernel/clock.ts";
import type { Kind } from "./energies.ts";
import { KINDS, TARIFFS } from "./energies.ts";
import type { LoadLog } from "./load-log.ts";
import type { MeterClock } from "./meter-clock.ts";

export interface Maximum {
  /** 0.1 W. */
  readonly value: number;
  /** When its period ended, by the meter's clock; undefined: there was none yet. */
  readonly at: Instant | undefined;
}
/** By kind, then total and tariffs. */
export type Demands = readonly (readonly Maximum[])[];
const NONE: Maximum = { value: 0, at: undefined };
const MILLIWATTS_PER_UNIT = 100;

export class Demand {
  periodMinutes = 15;
  stepMinutes = 1;
  isBlock = false;
  #maxima: Maximum[][] = fresh();
  /** Marks beyond this moment can only repeat what was seen. */
  #newUntil = Number.NEGATIVE_INFINITY;
  #tariff = 0;

  get maxima(): Demands {
    return this.#maxima;
  }

  get periodMs(): number {
    return this.periodMinutes * 60_000;
  }

  /** 19H, and every settlement. */
  reset(at: Instant): void {
    this.#maxima = fresh();
    this.#hope(at);
  }

  snapshot(): Demands {
    return this.#maxima.map((row) => [...row]);
  }

  /** After the load ran steadily from `from` to `to` under one tariff. */
  follow(log: LoadLog, clock: MeterClock, { from, to, tariff }: { from: Instant; to: Instant; tariff: number }): void {
    if (log.runningSince === from || tariff !== this.#tariff) this.#hope(from);
    this.#tariff = tariff;
    if (from > this.#newUntil) return;
    const peaks = log.peaksSince(Instant(from - this.periodMs));
    const hopeful = KINDS.filter((kind) => Math.floor(peaks[kind]! / MILLIWATTS_PER_UNIT) > this.#lowest(kind, tariff));
    if (hopeful.length === 0) return;
    const markMs = (this.isBlock ? this.periodMinutes : this.stepMinutes) * 60_000;
    const end = Math.min(to, this.#newUntil);
    for (let shown = nextMark(clock.at(from), markMs); ; shown = Instant(shown + markMs)) {
      const at = clock.firstAt(shown, from);
      if (at > end) return;
      if (at - this.periodMs < log.start) continue;
      const sums = log.between(Instant(at - this.periodMs), at);
      for (const kind of hopeful) this.#offer(kind, tariff, { value: this.#mean(sums[kind]), at: shown });
    }
  }

  /** The mean over the period that ended at `at`, in 0.1 W by kind. */
  present(log: LoadLog, at: Instant, ms = this.periodMs): number[] {
    const sums = log.between(Instant(at - ms), at);
    return KINDS.map((kind) => Number(sums[kind] / BigInt(ms * MILLIWATTS_PER_UNIT)));
  }

  #mean(sum: bigint): number {
    return Number(sum / BigInt(this.periodMs * MILLIWATTS_PER_UNIT));
  }

  #hope(at: Instant): void {
    this.#newUntil = Math.max(this.#newUntil, at + this.periodMs + Math.max(this.stepMinutes, this.periodMinutes) * 60_000);
  }

  #lowest(kind: Kind, tariff: number): number {
    const row = this.#maxima[kind]!;
    return Math.min(row[0]!.value, row[tariff]!.value);
  }

  #offer(kind: Kind, tariff: number, found: Maximum): void {
    const row = this.#maxima[kind]!;
    for (const place of [0, tariff]) if (found.value > row[place]!.value) row[place] = found;
  }
}

const fresh = (): Maximum[][] => KINDS.map(() => Array<Maximum>(TARIFFS + 1).fill(NONE));

function nextMark(shown: Instant, markMs: number): Instant {
  return Instant((Math.floor(shown / markMs) + 1) * markMs);
}
