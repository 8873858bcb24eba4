/**
 * Wrong passwords, counted level by level. A right one forgives the wrong ones before it; after too many in a row the level is
 * locked for a time, and then even the right password is refused (dlt645-2007 section 6).
 */
import type { Instant } from "../src/kernel/clock.ts";
import { later } from "../src/kernel/clock.ts";
import type { Keeps } from "./state/keeping.ts";

type Levels = Map<string, { readonly wrong: number; readonly until?: Instant }>;

export class PasswordLock {
  readonly #triesMax: number;
  readonly #lockMs: number;
  #levels: Levels | undefined;

  constructor(triesMax: number, lockMs: number) {
    this.#triesMax = triesMax;
    this.#lockMs = lockMs;
  }

  get keeps(): Keeps {
    return {
      keptAs: "passwordLock",
      save: () => ({ levels: this.#levels }),
      load: ({ levels }: { levels: Levels | undefined }) => void (this.#levels = levels),
    };
  }

  isLocked(level: string, at: Instant): boolean {
    const { until } = this.#levels?.get(level) ?? {};
    if (until !== undefined && at >= until) this.#levels?.delete(level);
    return until !== undefined && at < until;
  }

  /** One try at a level that the meter keeps; true when it may pass. A locked level does not count on. */
  try(level: string, isRight: boolean, at: Instant): boolean {
    if (this.isLocked(level, at)) return false;
    const wrong = (this.#levels?.get(level)?.wrong ?? 0) + 1;
    if (isRight) this.#levels?.delete(level);
    else (this.#levels ??= new Map()).set(level, wrong >= this.#triesMax ? { wrong, until: later(at, this.#lockMs) } : { wrong });
    return isRight;
  }
}
