/**
 * The clock of one life of a gateway: the world's, seen from a machine whose own clock may be wrong. Who has died waits for ever; who is
 * stopped wakes when he is let go on, however long ago his moment was.
 */
import { Instant, type Clock } from "../../src/kernel/clock.ts";
import type { StormClock } from "./storm-clock.ts";

/** A machine: its clock may be set, and stays as it was set when a gateway on it dies. */
export interface Machine {
  readonly name: string;
  aheadMs: number;
}

export class LifeClock implements Clock {
  readonly #world: StormClock;
  readonly #machine: Machine;
  /** What happens to a life when its moment comes: at once, later, or never. */
  readonly #whenAwake: (act: () => void) => void;

  constructor(world: StormClock, machine: Machine, whenAwake: (act: () => void) => void) {
    this.#world = world;
    this.#machine = machine;
    this.#whenAwake = whenAwake;
  }

  now(): Instant {
    return Instant(this.#world.now() + this.#machine.aheadMs);
  }

  /** Timers do not heed a clock that is set: they last. */
  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    await this.#world.wait(ms, signal);
    return new Promise((resolve) => this.#whenAwake(resolve));
  }
}

/**
 * So much slower that a day of leases is cheap to keep: every moment is there, but there are fewer of them. Leases of 15 seconds last a quarter
 * of an hour on it, and their margins with them.
 */
export const LEASES_SLOWER = 60;

export const slowed = (clock: Clock, factor: number): Clock => ({
  now: () => Instant(clock.now() / factor),
  wait: (ms, signal) => clock.wait(ms * factor, signal),
});
