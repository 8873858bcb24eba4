/**
 * What is due by the meter's own clock: freezes, settlements, switches of sets, the next tariff. Every entry knows its next
 * moment after a given one; the agenda keeps these and says which comes first. Whoever was without power, or had the clock set
 * ahead of some of them, meets what was missed in the order in which it was due.
 */
import { Instant } from "../src/kernel/clock.ts";

export interface Entry {
  nextAfter(shown: Instant): Instant | undefined;
  /** `now` is what the clock shows; more than a moment past `due` when it was missed. */
  fall(due: Instant, now: Instant): void;
}

const NEVER = Instant(Number.MAX_SAFE_INTEGER);

/** Past this an entry was missed, not met: a clock that drifts may be a few milliseconds beyond. */
const MISSED_MS = 1_000;
export const wasMissed = (due: Instant, now: Instant): boolean => now - due > MISSED_MS;

export class Agenda {
  readonly #entries: readonly Entry[];
  readonly #next: Instant[];
  #first = NEVER;

  /** Of entries due at the same moment the earlier in the list goes first. */
  constructor(entries: readonly Entry[], shown: Instant) {
    this.#entries = entries;
    this.#next = entries.map((entry) => entry.nextAfter(shown) ?? NEVER);
    this.#pick();
  }

  /** By the meter's clock. */
  get next(): Instant {
    return this.#first;
  }

  /** After anything that moves moments: settings written, the clock set. */
  plan(shown: Instant): void {
    this.#entries.forEach((entry, i) => (this.#next[i] = entry.nextAfter(shown) ?? NEVER));
    this.#pick();
  }

  fall(now: Instant): void {
    while (this.#first <= now) {
      const due = this.#first;
      const i = this.#next.indexOf(due);
      this.#entries[i]!.fall(due, now);
      this.#next[i] = this.#entries[i]!.nextAfter(due) ?? NEVER;
      this.#pick();
    }
  }

  #pick(): void {
    this.#first = this.#next.reduce((first, next) => (next < first ? next : first), NEVER);
  }
}
