/** A clock that stands still until it is moved by hand; it remembers how long each wait was meant to be. */
import type { Clock, Instant } from "../../src/kernel/clock.ts";
import { Instant as at } from "../../src/kernel/clock.ts";

export class HandClock implements Clock {
  readonly waits: number[] = [];
  #now = 1_000_000;
  readonly #sleepers = new Set<{ until: number; wake: () => void }>();

  now(): Instant {
    return at(this.#now);
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    this.waits.push(ms);
    return new Promise((resolve) => {
      const sleeper = { until: this.#now + ms, wake: resolve };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        this.#sleepers.delete(sleeper);
        resolve();
      });
    });
  }

  get sleeping(): number {
    return this.#sleepers.size;
  }

  advance(ms: number): void {
    this.#now += ms;
    for (const sleeper of [...this.#sleepers].sort((a, b) => a.until - b.until)) {
      if (sleeper.until > this.#now) continue;
      this.#sleepers.delete(sleeper);
      sleeper.wake();
    }
  }
}
