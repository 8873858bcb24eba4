/** Looks at the parts of the house now and then, and writes into the log when one of them changes: whoever reads it afterwards sees since when. */
import type { PartReport } from "../api/books.ts";
import { seconds, type Clock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";

const LOOK_EVERY_MS = seconds(5);

export const stateOf = ({ ready, degraded }: Pick<PartReport, "ready" | "degraded">): 0 | 1 | 2 =>
  !ready ? 2 : degraded === true ? 1 : 0;
const words = ["as it should be", "degraded", "not ready"] as const;

export interface PartWatchParts {
  readonly readiness: () => Promise<readonly PartReport[]>;
  readonly clock: Clock;
  readonly log: Logger;
}

export class PartWatch {
  readonly #parts: PartWatchParts;
  readonly #stop = new AbortController();
  readonly #known = new Map<string, 0 | 1 | 2>();
  #loop: Promise<void> | undefined;

  constructor(parts: PartWatchParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { readiness, clock, log } = this.#parts;
    while (!this.#stop.signal.aborted) {
      try {
        for (const part of await readiness()) this.#look(part);
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, "the parts of the house could not be looked at");
      }
      await clock.wait(LOOK_EVERY_MS, this.#stop.signal);
    }
  }

  #look({ name, why, next, ...part }: PartReport): void {
    const state = stateOf(part);
    const before = this.#known.get(name) ?? 0;
    this.#known.set(name, state);
    if (state === before) return;
    const say = state === 0 ? ({} as const) : { why, ...(next === undefined ? {} : { do: next }) };
    this.#parts.log[state > before ? "warn" : "info"]({ part: name, ...say }, `a part of the house is ${words[state]}`);
  }
}
