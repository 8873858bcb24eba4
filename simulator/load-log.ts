/**
 * How the load of one meter ran over the last weeks, as stretches of steady load: the ground on which demands, load records and
 * curves are worked out when somebody asks, exactly, since the energy between two moments is a sum of whole numbers.
 * A household makes some 24 stretches a day; a steady load makes one. `DAYS_KEPT` bounds it.
 */
import type { Instant } from "../src/kernel/clock.ts";
import { later } from "../src/kernel/clock.ts";
import type { Kind } from "./energies.ts";
import { flowsOf, KINDS } from "./energies.ts";
import type { Load } from "./household.ts";
import type { MeterClock } from "./meter-clock.ts";

export const DAYS_KEPT = 40;
const KEPT_MS = DAYS_KEPT * 86_400_000;

export interface Stretch {
  /** The street's time. */
  readonly from: Instant;
  readonly load: Load;
  /** By phase. */
  readonly loads: readonly Load[];
  readonly powered: boolean;
  /** Voltages that a person had set. */
  readonly volts: readonly (number | null)[];
  readonly clock: MeterClock;
}

/** Milliwatt-milliseconds by kind. */
export type Sums = [bigint, bigint, bigint, bigint, bigint, bigint];

export class LoadLog {
  readonly stretches: Stretch[] = [];
  #until: Instant;

  constructor(at: Instant) {
    this.#until = at;
  }

  /** Up to where the log goes. */
  get until(): Instant {
    return this.#until;
  }

  get start(): Instant {
    return this.stretches[0]?.from ?? this.#until;
  }

  /** From then on it is like this; the same as before makes no new stretch. */
  note(next: Stretch): void {
    const last = this.stretches.at(-1);
    if (last !== undefined && isSame(last, next)) return;
    this.stretches.push(next);
    while ((this.stretches[1]?.from ?? next.from) < next.from - KEPT_MS) this.stretches.shift();
  }

  reach(until: Instant): void {
    this.#until = until;
  }

  /** Where the running stretch began. */
  get runningSince(): Instant {
    return this.stretches.at(-1)?.from ?? this.#until;
  }

  endOf(index: number): Instant {
    return this.stretches[index + 1]?.from ?? this.#until;
  }

  /** What flowed between two moments of the street. */
  between(from: Instant, to: Instant): Sums {
    const sums: Sums = [0n, 0n, 0n, 0n, 0n, 0n];
    for (let i = this.stretches.length - 1; i >= 0; i -= 1) {
      const stretch = this.stretches[i]!;
      const end = this.endOf(i);
      if (end <= from) break;
      const ms = Math.min(end, to) - Math.max(stretch.from, from);
      if (ms <= 0) continue;
      const { real, speed, quadrant, reactiveSpeed } = flowsOf(stretch.load);
      if (speed > 0) sums[real] += BigInt(speed) * BigInt(ms);
      if (reactiveSpeed > 0) sums[quadrant] += BigInt(reactiveSpeed) * BigInt(ms);
    }
    return sums;
  }

  /** As `between`, for a window so short that its sums stay whole below 2^53: a demand period has many of them. */
  within(from: Instant, to: Instant): number[] {
    const sums = [0, 0, 0, 0, 0, 0];
    for (let i = this.stretches.length - 1; i >= 0; i -= 1) {
      const stretch = this.stretches[i]!;
      const end = this.endOf(i);
      if (end <= from) break;
      const ms = Math.min(end, to) - Math.max(stretch.from, from);
      if (ms <= 0) continue;
      const { real, speed, quadrant, reactiveSpeed } = flowsOf(stretch.load);
      sums[real]! += speed * ms;
      sums[quadrant]! += reactiveSpeed * ms;
    }
    return sums;
  }

  /** The highest flow of each kind since a moment, in milliwatts: no average over that time is above it. */
  peaksSince(from: Instant): number[] {
    const peaks = KINDS.map(() => 0);
    const raise = (kind: Kind, speed: number): void => void (peaks[kind] = Math.max(peaks[kind]!, speed));
    for (let i = this.stretches.length - 1; i >= 0 && this.endOf(i) > from; i -= 1) {
      const { real, speed, quadrant, reactiveSpeed } = flowsOf(this.stretches[i]!.load);
      raise(real, speed);
      raise(quadrant, reactiveSpeed);
    }
    return peaks;
  }

  /** The stretch in which the meter's clock passed `shown`: the latest, if it was set back. A stretch owns its end. */
  passing(shown: Instant): { readonly stretch: Stretch; readonly at: Instant } | undefined {
    for (let i = this.stretches.length - 1; i >= 0; i -= 1) {
      const stretch = this.stretches[i]!;
      if (stretch.clock.at(stretch.from) < shown && shown <= stretch.clock.at(this.endOf(i)))
        return { stretch, at: stretch.clock.firstAt(shown, later(stretch.from, 1)) };
    }
    return undefined;
  }

  clear(): void {
    const last = this.stretches.at(-1);
    this.stretches.length = 0;
    if (last !== undefined) this.stretches.push({ ...last, from: this.#until });
  }
}

const isSame = (a: Stretch, b: Stretch): boolean =>
  a.powered === b.powered &&
  a.clock === b.clock &&
  a.volts === b.volts &&
  a.loads.every(({ active, reactive }, i) => active === b.loads[i]!.active && reactive === b.loads[i]!.reactive);
