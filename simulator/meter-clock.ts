/**
 * The clock inside one meter: the street's time, off by so much and running so many millionths too fast or too slow. A value,
 * never changed: setting the clock makes a new one, so whoever noted something under the old clock can still say what it showed.
 * Drift comes in tenths of a ppm, which keeps every sum whole and below 2^53.
 */
import { Instant } from "../src/kernel/clock.ts";

const TENTHS_OF_PPM = 10_000_000;
export const DRIFT_PPM_MAX = 1_000;

export interface ClockState {
  readonly since: Instant;
  readonly offsetMs: number;
  readonly driftPpm: number;
}

export class MeterClock {
  readonly #since: Instant;
  readonly #offsetMs: number;
  readonly #tenths: number;

  /** At the street's `since` it shows `offsetMs` more than the street. */
  constructor(since: Instant, offsetMs: number, driftPpm: number) {
    this.#since = since;
    this.#offsetMs = offsetMs;
    this.#tenths = Math.round(driftPpm * 10);
  }

  get driftPpm(): number {
    return this.#tenths / 10;
  }

  save(): ClockState {
    return { since: this.#since, offsetMs: this.#offsetMs, driftPpm: this.driftPpm };
  }

  static of({ since, offsetMs, driftPpm }: ClockState): MeterClock {
    return new MeterClock(since, offsetMs, driftPpm);
  }

  offsetAt(street: Instant): number {
    return this.#offsetMs + Math.floor(((street - this.#since) * this.#tenths) / TENTHS_OF_PPM);
  }

  at(street: Instant): Instant {
    return Instant(street + this.offsetAt(street));
  }

  set(street: Instant, offsetMs: number): MeterClock {
    return new MeterClock(street, offsetMs, this.driftPpm);
  }

  drifting(street: Instant, driftPpm: number): MeterClock {
    return new MeterClock(street, this.offsetAt(street), driftPpm);
  }

  /** The first moment of the street, not before `from`, at which this clock shows `shown` or more. */
  firstAt(shown: Instant, from: Instant): Instant {
    let guess = Math.max(from, shown - this.offsetAt(from));
    if (this.#tenths === 0) return Instant(guess);
    // The offset grows while one looks: a guess or two more, then the last milliseconds one by one.
    for (let i = 0; i < 4; i += 1) guess = Math.max(from, shown - this.offsetAt(Instant(guess)));
    while (guess > from && this.at(Instant(guess - 1)) >= shown) guess -= 1;
    while (this.at(Instant(guess)) < shown) guess += 1;
    return Instant(guess);
  }
}
