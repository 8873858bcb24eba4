/**
 * Callers that nobody knows: kept for a while so that a person can see what they say, and put the right line into the site file.
 * Nothing here may grow with what strangers do: so many at once, so many remembered after they left, so many told in the log.
 */
import type { Clock, Instant } from "../../kernel/clock.ts";
import type { Logger } from "../../kernel/log.ts";
import type { QuarantinedCaller } from "../meter.ts";
import type { Visitor } from "./visitor.ts";

export const QUARANTINED_MAX = 64;
const REMEMBERED_MAX = 32;
const TOLD_MAX = 256;

export class Quarantine {
  readonly #clock: Clock;
  readonly #log: Logger;
  /** Oldest first. */
  readonly #present = new Set<Visitor>();
  readonly #left: QuarantinedCaller[] = [];
  readonly #told = new Set<string>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  get size(): number {
    return this.#present.size;
  }

  take(visitor: Visitor): void {
    const { name: caller, saidFirst: said, why } = visitor;
    // The same stranger who calls again each minute is told once.
    const story = `${caller.replace(/:\d+$/, "")} ${said} ${why}`;
    if (this.#told.has(story)) this.#log.debug({ caller, said, why }, "an unknown caller again");
    else this.#log.warn({ caller, said, why }, "an unknown caller: quarantined; add it under callers or meters in the site file");
    this.#told.add(story);
    if (this.#told.size > TOLD_MAX) this.#told.clear();
    this.#present.add(visitor);
    const [oldest] = this.#present;
    if (this.#present.size > QUARANTINED_MAX) void oldest?.end("the quarantine is full");
  }

  /** It is known now, or it hung up. */
  release(visitor: Visitor): void {
    if (!this.#present.delete(visitor) || visitor.isKnown) return;
    this.#left.push(pictureOf(visitor, this.#clock.now()));
    if (this.#left.length > REMEMBERED_MAX) this.#left.shift();
  }

  /** Those who are here, then those who left, newest first. */
  list(): readonly QuarantinedCaller[] {
    return [...[...this.#present].map((visitor) => pictureOf(visitor, null)), ...this.#left].reverse();
  }
}

const pictureOf = (visitor: Visitor, until: Instant | null): QuarantinedCaller => ({
  caller: visitor.name,
  since: visitor.since,
  until,
  said: visitor.saidFirst,
  why: visitor.why,
});
