/**
 * What is due by the meter's own clock: freezes, settlements, switches of sets, the next tariff. Every entry knows its next
 * moment after a given one; the agenda keeps these and says which comes first. Whoever was without power, or had the clock set
 * ahead of some of them, meets what was missed in the order in which it was due.
 *
 * The entries are a table that all meters share; whose they are (`Whose`) is handed to them.
 */
import { Instant } from "../src/kernel/clock.ts";
import { refill } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";

export interface Entry<Whose> {
  nextAfter(whose: Whose, shown: Instant): Instant | undefined;
  /** `now` is what the clock shows; more than a moment past `due` when it was missed. */
  fall(whose: Whose, due: Instant, now: Instant): void;
}

const NEVER = Instant(Number.MAX_SAFE_INTEGER);

/** Past this an entry was missed, not met: a clock that drifts may be a few milliseconds beyond. */
const MISSED_MS = 1_000;
export const wasMissed = (due: Instant, now: Instant): boolean => now - due > MISSED_MS;

export class Agenda<Whose> {
  readonly #whose: Whose;
  readonly #entries: readonly Entry<Whose>[];
  readonly #next: Instant[];
  #first = NEVER;

  /** Of entries due at the same moment the earlier in the list goes first. */
  constructor(whose: Whose, entries: readonly Entry<Whose>[], shown: Instant) {
    this.#whose = whose;
    this.#entries = entries;
    this.#next = entries.map((entry) => entry.nextAfter(whose, shown) ?? NEVER);
    this.#pick();
  }

  /** By the meter's clock. */
  get next(): Instant {
    return this.#first;
  }

  /** After anything that moves moments: settings written, the clock set. */
  plan(shown: Instant): void {
    this.#entries.forEach((entry, i) => (this.#next[i] = entry.nextAfter(this.#whose, shown) ?? NEVER));
    this.#pick();
  }

  fall(now: Instant): void {
    while (this.#first <= now) {
      const due = this.#first;
      const i = this.#next.indexOf(due);
      this.#entries[i]!.fall(this.#whose, due, now);
      this.#next[i] = this.#entries[i]!.nextAfter(this.#whose, due) ?? NEVER;
      this.#pick();
    }
  }

  get keeps(): Keeps {
    return {
      keptAs: "agenda",
      save: () => ({ next: this.#next }),
      load: ({ next }: { next: Instant[] }) => {
        refill(this.#next, next);
        this.#pick();
      },
    };
  }

  #pick(): void {
    this.#first = this.#next.reduce((first, next) => (next < first ? next : first), NEVER);
  }
}
