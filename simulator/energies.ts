/**
 * What a meter counts: energy by kind (forward, reverse, the four reactive quadrants), in total and by tariff, and by phase.
 * A register is whole steps of 0.01 kWh and a rest in milliwatt-milliseconds, two whole numbers, so nothing is ever rounded.
 * Total and tariffs count the same energy apart; shown, they agree to within a step.
 */
import type { Load } from "./household.ts";
import { keepsContents } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";

/** Milliwatt-milliseconds in one step of the register, 0.01 kWh. */
export const ENERGY_PER_STEP = 36_000_000_000;
export const TARIFFS = 4;

/** In the order in which the standard numbers them, the combined ones left out: they are sums, made when asked. */
export const Kind = { forward: 0, reverse: 1, q1: 2, q2: 3, q3: 4, q4: 5 } as const;
export type Kind = (typeof Kind)[keyof typeof Kind];
export const KINDS: readonly Kind[] = [0, 1, 2, 3, 4, 5];

/** Which registers run at this flow, and how fast. */
export function flowsOf({ active, reactive }: Load): { real: Kind; speed: number; quadrant: Kind; reactiveSpeed: number } {
  const inward = active >= 0;
  const quadrant = reactive >= 0 ? (inward ? Kind.q1 : Kind.q2) : inward ? Kind.q4 : Kind.q3;
  return { real: inward ? Kind.forward : Kind.reverse, speed: Math.abs(active), quadrant, reactiveSpeed: Math.abs(reactive) };
}

/** A counter that can be put back to nothing: a settlement period's consumption. */
export class Count {
  steps = 0;
  rest = 0;

  add(milliwattMs: number): void {
    this.rest += milliwattMs;
    const steps = Math.floor(this.rest / ENERGY_PER_STEP);
    this.steps += steps;
    this.rest -= steps * ENERGY_PER_STEP;
  }

  /** Milliwatt-milliseconds, all of them. */
  get whole(): bigint {
    return BigInt(this.steps) * BigInt(ENERGY_PER_STEP) + BigInt(this.rest);
  }

  clear(): void {
    this.steps = 0;
    this.rest = 0;
  }
}

const PER_KIND = TARIFFS + 1;
const BY_TARIFF = KINDS.length * PER_KIND;

/** Steps of every register at one moment: what settlements and freezes keep. */
export type Snapshot = readonly number[];
/** Place of a register in a snapshot; tariff 0 is the total. */
export const placeOf = (kind: Kind, tariff: number): number => kind * PER_KIND + tariff;
export const placeOfPhase = (kind: Kind, phase: number): number => BY_TARIFF + phase * KINDS.length + kind;

export class Registers {
  readonly #steps: Float64Array;
  readonly #rest: Float64Array;

  constructor(phases: 1 | 3) {
    const size = BY_TARIFF + (phases === 3 ? 3 * KINDS.length : 0);
    const both = new Float64Array(2 * size);
    this.#steps = both.subarray(0, size);
    this.#rest = both.subarray(size);
  }

  count(load: Load, ms: number, tariff: number): void {
    const { real, speed, quadrant, reactiveSpeed } = flowsOf(load);
    const [energy, reactive] = [speed * ms, reactiveSpeed * ms];
    if (energy > 0) {
      this.#add(placeOf(real, 0), energy);
      this.#add(placeOf(real, tariff), energy);
    }
    if (reactive > 0) {
      this.#add(placeOf(quadrant, 0), reactive);
      this.#add(placeOf(quadrant, tariff), reactive);
    }
  }

  countPhase(phase: number, load: Load, ms: number): void {
    const { real, speed, quadrant, reactiveSpeed } = flowsOf(load);
    if (speed > 0) this.#add(placeOfPhase(real, phase), speed * ms);
    if (reactiveSpeed > 0) this.#add(placeOfPhase(quadrant, phase), reactiveSpeed * ms);
  }

  /** Where a register starts: in total, and shared out over tariffs and phases so that they add up. */
  start(kind: Kind, steps: number, shares: readonly number[]): void {
    let left = steps;
    shares.forEach((share, i) => {
      const part = i === shares.length - 1 ? left : Math.floor((steps * share) / 100);
      this.#steps[placeOf(kind, i + 1)] = part;
      left -= part;
    });
    this.#steps[placeOf(kind, 0)] = steps;
    if (this.#steps.length > BY_TARIFF)
      [0, 1, 2].forEach((phase) => (this.#steps[placeOfPhase(kind, phase)] = Math.floor((steps + phase) / 3)));
  }

  steps(place: number): number {
    return this.#steps[place] ?? 0;
  }

  /** A total to the last milliwatt-millisecond. */
  whole(kind: Kind): bigint {
    const place = placeOf(kind, 0);
    return BigInt(this.#steps[place]!) * BigInt(ENERGY_PER_STEP) + BigInt(this.#rest[place]!);
  }

  /** Forward and reverse in total, in the places where a whole snapshot has them; the tariffs between are left out. */
  totals(): Snapshot {
    return [this.#steps[placeOf(Kind.forward, 0)]!, 0, 0, 0, 0, this.#steps[placeOf(Kind.reverse, 0)]!];
  }

  snapshot(): Snapshot {
    return Array.from(this.#steps);
  }

  get keeps(): Keeps {
    return keepsContents("registers", { steps: this.#steps, rest: this.#rest });
  }

  /** 1AH, meter clear: everything begins at nothing. */
  clear(): void {
    this.#steps.fill(0);
    this.#rest.fill(0);
  }

  #add(place: number, milliwattMs: number): void {
    const rest = this.#rest[place]! + milliwattMs;
    const steps = Math.floor(rest / ENERGY_PER_STEP);
    this.#steps[place]! += steps;
    this.#rest[place] = rest - steps * ENERGY_PER_STEP;
  }
}

export interface Combinations {
  active: number;
  reactive1: number;
  reactive2: number;
}

/** 04000601 to 04000603: for each component two bits, 01 adds it, 10 takes it away, lowest bits first. */
export function combined(word: number, components: readonly number[]): number {
  let sum = 0;
  for (let i = 0; i < components.length; i += 1) {
    const code = (word >> (i * 2)) & 0b11;
    if (code === 0b01) sum += components[i]!;
    else if (code === 0b10) sum -= components[i]!;
  }
  return sum;
}
