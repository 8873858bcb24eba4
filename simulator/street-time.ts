/**
 * The street's time: it follows the clock that was handed in, from a start of its own, faster or slower, standing still, or
 * moved ahead. Meters and households live by it; the wire does not: bytes take their real time at any speed, and a session
 * holds its five minutes of it (`unhurried`), or nobody could finish a top-up on a street that runs a day a minute.
 * Nothing here holds a timer. Whoever wants to know the time computes it.
 */
import { Instant } from "../src/kernel/clock.ts";
import type { Clock } from "../src/kernel/clock.ts";
import { Fault } from "../src/kernel/faults.ts";
import type { Keeps } from "./state/keeping.ts";

export const SPEED_MAX = 100_000;

interface TimeState {
  /** To the fraction, or a street at an odd speed would lose it. */
  readonly at: number;
  readonly unhurried: number;
  readonly speed: number;
}

export class StreetTime implements Keeps<TimeState> {
  readonly keptAs = "time";
  readonly #clock: Clock;
  #streetAt: number;
  #clockAt: number;
  #speed: number;
  #advanced = 0;

  constructor(clock: Clock, start?: Instant, speed = 1) {
    this.#clock = clock;
    this.#clockAt = clock.now();
    this.#streetAt = start ?? this.#clockAt;
    this.#speed = checkedSpeed(speed);
  }

  get speed(): number {
    return this.#speed;
  }

  now(): Instant {
    return Instant(Math.floor(this.#exactly));
  }

  /** Runs at the clock's own pace whatever the speed, and is moved ahead with the street. */
  unhurried(): Instant {
    return Instant(this.#clock.now() + this.#advanced);
  }

  setSpeed(speed: number): void {
    checkedSpeed(speed);
    this.#rebase(0);
    this.#speed = speed;
  }

  advance(ms: number): void {
    if (!Number.isFinite(ms) || ms < 0)
      throw new Fault("invalid-request", { field: "advanceMs", given: ms, allowed: "milliseconds, 0 or more" });
    this.#rebase(ms);
    this.#advanced += Math.floor(ms);
  }

  save(): TimeState {
    return { at: this.#exactly, unhurried: this.unhurried(), speed: this.#speed };
  }

  /** The street goes on from there, whatever this clock shows. */
  load({ at, unhurried, speed }: TimeState): void {
    this.#speed = checkedSpeed(speed);
    this.#clockAt = this.#clock.now();
    this.#streetAt = at;
    this.#advanced = unhurried - this.#clockAt;
  }

  get #exactly(): number {
    // A machine whose clock is set back must not make the street younger: energy has been counted up to here.
    const passed = Math.max(0, this.#clock.now() - this.#clockAt);
    return this.#streetAt + passed * this.#speed;
  }

  #rebase(ahead: number): void {
    const now = this.now();
    this.#clockAt = this.#clock.now();
    this.#streetAt = now + Math.floor(ahead);
  }
}

function checkedSpeed(speed: number): number {
  if (Number.isFinite(speed) && speed >= 0 && speed <= SPEED_MAX) return speed;
  throw new Fault("invalid-request", { field: "speed", given: speed, allowed: `0 to ${SPEED_MAX}; 0 stands still` });
}
