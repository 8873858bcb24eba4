/**
 * A clock that moves by itself, to the next moment somebody waits for, as soon as nobody has anything left to do now. A day of a
 * line passes in a second, the same way each time. Only for worlds in memory: bytes that travel through a socket are not seen, so
 * time would not wait for them.
 */
import { Instant, type Clock } from "../../src/kernel/clock.ts";

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

export class IdleClock implements Clock {
  #now: number;
  readonly #sleepers = new Set<Sleeper>();
  #turn: NodeJS.Immediate | undefined;
  #stopped = false;

  constructor(start: Instant = Instant(Date.parse("2026-11-22T10:00:00+08:00"))) {
    this.#now = start;
  }

  now(): Instant {
    return Instant(this.#now);
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const sleeper: Sleeper = { until: this.#now + Math.max(0, ms), wake: done };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", done, { once: true });
      this.#arm();
    });
  }

  /** Time stands still from now on; who still sleeps is left to it. */
  stop(): void {
    this.#stopped = true;
    clearImmediate(this.#turn);
  }

  /** After all that is ready to happen: promises are through before the event loop comes round. */
  #arm(): void {
    if (this.#turn !== undefined || this.#stopped || this.#sleepers.size === 0) return;
    this.#turn = setImmediate(() => {
      this.#turn = undefined;
      this.#step();
      this.#arm();
    });
  }

  #step(): void {
    let next: Sleeper | undefined;
    for (const sleeper of this.#sleepers) if (next === undefined || sleeper.until < next.until) next = sleeper;
    if (next === undefined) return;
    this.#now = Math.max(this.#now, next.until);
    next.wake();
  }
}
