/**
 * Work that is done again and again until it is told to stop: do it, say what failed, wait so long or until somebody nudges. What fails is
 * tried again in the next round; nothing that one round throws ends the others.
 *
 * Not for whoever waits by what the round found (the outbox, the rules, the leases): they have loops of their own.
 */
import type { Clock } from "./clock.ts";
import { reasonOf } from "./faults.ts";
import type { Logger } from "./log.ts";

export interface RoundsParts {
  readonly clock: Clock;
  readonly log: Logger;
  /** One round. */
  readonly work: () => Promise<unknown>;
  /** Between the end of a round and the next. */
  readonly everyMs: number;
  /** The sentence by which the log says that a round failed. */
  readonly failed: string;
  /** How loudly; left out: as an error. */
  readonly level?: "error" | "warn" | "debug";
  /** The first round is not at once: somebody has done it already. */
  readonly waitsFirst?: boolean;
}

export class Rounds {
  readonly #parts: RoundsParts;
  readonly #stop = new AbortController();
  /** Ends the wait before the next round. */
  #next = new AbortController();
  #loop: Promise<void> | undefined;

  constructor(parts: RoundsParts) {
    this.#parts = parts;
  }

  /** May be called twice. */
  start(): void {
    this.#loop ??= this.#run();
  }

  /** The next round is at once; where one is under way, directly after it, since it may have looked already. */
  nudge(): void {
    this.#next.abort();
  }

  /** For work that is long and can be left in the middle. */
  get isStopped(): boolean {
    return this.#stop.signal.aborted;
  }

  /** Waits for the round under way. */
  async stop(): Promise<void> {
    this.#stop.abort();
    this.#next.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, log, work, everyMs, failed, level = "error", waitsFirst = false } = this.#parts;
    if (waitsFirst) await clock.wait(everyMs, this.#next.signal);
    while (!this.isStopped) {
      this.#next = new AbortController();
      try {
        await work();
      } catch (error) {
        log[level]({ reason: reasonOf(error) }, failed);
      }
      await clock.wait(everyMs, this.#next.signal);
    }
  }
}
