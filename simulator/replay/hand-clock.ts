/** A clock that is moved by hand and never by itself: for a street on which a recording is played. */
import type { Clock } from "../../src/kernel/clock.ts";
import { Instant } from "../../src/kernel/clock.ts";

export class HandClock implements Clock {
  #ms: number;

  constructor(ms: number) {
    this.#ms = ms;
  }

  now(): Instant {
    return Instant(this.#ms);
  }

  moveTo(ms: number): void {
    if (ms > this.#ms) this.#ms = ms;
  }

  /** Nobody waits on a street without wires. */
  wait(): Promise<void> {
    return Promise.reject(new Error("this clock is moved by hand: nothing can wait for it"));
  }
}
