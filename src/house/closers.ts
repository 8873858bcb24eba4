/** What was opened, closed in reverse: within a time for each and one for all, and one that fails does not keep the others open. */
import { seconds, systemClock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";

export interface CloseLimits {
  /** No part may hold up the others for longer; the queue's own grace is shorter. */
  readonly partMs: number;
  /** Half a minute after it was told to stop nobody may hold the data folder: the sum is limited as well. */
  readonly allMs: number;
  /** Given to each, however late it is: whoever comes last is the database, which has to be told. Two dozen of these fit as well. */
  readonly leastMs: number;
}

const LIMITS: CloseLimits = { partMs: seconds(20), allMs: seconds(24), leastMs: 200 };

export class Closers {
  readonly #list: { readonly name: string; readonly close: () => Promise<void> }[] = [];
  readonly #log: Logger;
  readonly #limits: CloseLimits;

  constructor(log: Logger, limits: CloseLimits = LIMITS) {
    this.#log = log;
    this.#limits = limits;
  }

  add(name: string, close: () => Promise<void>): void {
    this.#list.push({ name, close });
  }

  async closeAll(): Promise<void> {
    const { partMs, allMs, leastMs } = this.#limits;
    const startedAt = performance.now();
    for (const { name, close } of this.#list.splice(0).reverse()) {
      const limitMs = Math.max(leastMs, Math.min(partMs, allMs - (performance.now() - startedAt)));
      try {
        const late = new AbortController();
        const inTime = await Promise.race([close().then(() => true), systemClock.wait(limitMs, late.signal).then(() => false)]);
        late.abort();
        if (!inTime)
          this.#log.error({ part: name, limitMs: Math.round(limitMs) }, "did not close in time; going on without waiting for it");
        this.#log.debug({ part: name }, "closed");
      } catch (error) {
        this.#log.error({ part: name, reason: reasonOf(error) }, "could not be closed in order");
      }
    }
  }
}
