/** What was opened, closed in reverse: with a deadline each, and one that fails does not keep the others open. */
import { seconds, systemClock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";

/** No part may hold up the others for longer; the queue's own grace is shorter. */
const CLOSE_MS_MAX = seconds(20);

export class Closers {
  readonly #list: { readonly name: string; readonly close: () => Promise<void> }[] = [];
  readonly #log: Logger;

  constructor(log: Logger) {
    this.#log = log;
  }

  add(name: string, close: () => Promise<void>): void {
    this.#list.push({ name, close });
  }

  async closeAll(): Promise<void> {
    for (const { name, close } of this.#list.splice(0).reverse()) {
      try {
        const late = new AbortController();
        const inTime = await Promise.race([
          close().then(() => true),
          systemClock.wait(CLOSE_MS_MAX, late.signal).then(() => false),
        ]);
        late.abort();
        if (!inTime)
          this.#log.error({ part: name, limitMs: CLOSE_MS_MAX }, "did not close in time; going on without waiting for it");
        this.#log.debug({ part: name }, "closed");
      } catch (error) {
        this.#log.error({ part: name, reason: reasonOf(error) }, "could not be closed in order");
      }
    }
  }
}
