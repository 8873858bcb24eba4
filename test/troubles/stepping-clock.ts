/** The world's clock, until somebody sets it. Waits go on as they were begun, as timers do. */
import { Instant, systemClock, type Clock } from "../../src/kernel/clock.ts";

export class SteppingClock implements Clock {
  #byMs = 0;

  now(): Instant {
    return Instant(systemClock.now() + this.#byMs);
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return systemClock.wait(ms, signal);
  }

  step(byMs: number): void {
    this.#byMs += byMs;
  }
}
