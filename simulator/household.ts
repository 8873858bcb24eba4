/**
 * What a household draws: a curve over the day, a size of its own, and some chance every hour. The load of an hour depends on
 * nothing but the seed and the hour, so that a month can be worked out in one go and comes out the same every time.
 * Loads are whole milliwatts: energy is counted, never rounded on the way.
 */
import type { Instant } from "../src/kernel/clock.ts";
import type { Chance } from "../src/kernel/chance.ts";
import type { Keeps } from "./state/keeping.ts";
import { hourNumber } from "./wall-time.ts";

/** Watts of a middling flat, hour by hour: asleep, breakfast, away, cooking and an evening at home. About 8 kWh a day. */
// prettier-ignore
const WATTS_BY_HOUR = [150, 130, 120, 120, 130, 180, 350, 480, 360, 260, 250, 320, 420, 330, 260, 250, 300, 480, 720, 800, 760, 620, 420, 240];

interface HouseholdState {
  readonly override: bigint | null;
  readonly paused: boolean;
}

export class Household implements Keeps<HouseholdState> {
  readonly keptAs = "household";
  readonly #size: number;
  readonly #salt: number;
  #override: bigint | null = null;
  paused = false;

  constructor(chance: Chance) {
    this.#size = 0.5 + chance.next() * 1.5;
    this.#salt = Math.floor(chance.next() * 4_294_967_296);
  }

  /** Milliwatts by a person's hand; null gives the household back its own life. */
  set override(milliwatts: bigint | null) {
    this.#override = milliwatts;
  }

  get override(): bigint | null {
    return this.#override;
  }

  save(): HouseholdState {
    return { override: this.#override, paused: this.paused };
  }

  load({ override, paused }: HouseholdState): void {
    this.#override = override;
    this.paused = paused;
  }

  milliwattsAt(at: Instant): bigint {
    if (this.paused) return 0n;
    if (this.#override !== null) return this.#override;
    const hour = hourNumber(at);
    const watts = WATTS_BY_HOUR[((hour % 24) + 24) % 24]!;
    const mood = 0.6 + (scrambled(this.#salt ^ hour) / 4_294_967_296) * 0.8;
    return BigInt(Math.round(watts * this.#size * mood * 1_000));
  }
}

/** A well-mixed number from a number; no state, so hours can be asked in any order. */
function scrambled(n: number): number {
  let x = n | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}
