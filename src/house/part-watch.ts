/** Looks at the parts of the house now and then, and writes into the log when one of them changes: whoever reads it afterwards sees since when. */
import type { PartReport } from "../api/books.ts";
import { seconds, type Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { Rounds } from "../kernel/rounds.ts";

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
  readonly #rounds: Rounds;
  readonly #known = new Map<string, 0 | 1 | 2>();

  constructor(parts: PartWatchParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#rounds = new Rounds({
      ...{ clock, log, everyMs: LOOK_EVERY_MS, work: () => this.#round() },
      failed: "the parts of the house could not be looked at",
      level: "warn",
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #round(): Promise<void> {
    for (const part of await this.#parts.readiness()) this.#look(part);
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
