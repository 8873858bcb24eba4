/**
 * A clock that runs as fast as the work does: when nothing is left to do at this moment, it jumps to the next one somebody waits for.
 * An hour of a line passes in a second, and the same hour every time. Only for houses joined in memory: whoever waits for a socket, a
 * disk or another process is overtaken.
 */
import { Instant, type Clock } from "../../src/kernel/clock.ts";

interface Sleeper {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

export class VirtualClock implements Clock {
  #now: number;
  #made = 0;
  readonly #sleepers = new Set<Sleeper>();

  constructor(startAt: Instant) {
    this.#now = startAt;
  }

  now(): Instant {
    return Instant(Math.floor(this.#now));
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const done = (): void => {
        this.#sleepers.delete(sleeper);
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const sleeper: Sleeper = { at: this.#now + Math.max(0, ms), order: (this.#made += 1), wake: done };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  /** Lets so much time pass, moment by moment. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (;;) {
      await idle();
      let next: Sleeper | undefined;
      for (const each of this.#sleepers)
        if (next === undefined || each.at < next.at || (each.at === next.at && each.order < next.order)) next = each;
      if (next === undefined || next.at > until) break;
      this.#now = Math.max(this.#now, next.at);
      next.wake();
    }
    this.#now = until;
  }
}

/** Whatever was set going by promises alone has come to rest. */
const idle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));
