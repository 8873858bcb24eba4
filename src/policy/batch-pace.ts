/**
 * How many cuts of approved lists may be under way at a time. Enough to keep lines at work, and no more than the books bear: whoever pays
 * meanwhile stands in the same line before the database, and nobody in the dark waits for a crowd of cuts.
 *
 * What a transaction of turns takes tells how long that line is. While it is short, more are let in, step by step; when it grows long, a quarter
 * fewer. Slow meters do not count here: orders that wait for an answer cost the books nothing. Knows no clock: it is told what was measured.
 */

const LEAST = 24;
const FIRST = 64;
const STEP = 8;
const SHRINK = 0.75;
/** Of one turn, its share of a transaction: below the first nobody waits, above the second somebody does. */
const SHORT_MS = 25;
const LONG_MS = 60;

export class BatchPace {
  readonly #most: number;
  #underWay = FIRST;

  constructor(most: number) {
    this.#most = most;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** So many turns took so long together. */
  took(ms: number, turns: number): void {
    const each = ms / turns;
    if (each > LONG_MS) this.#underWay = Math.max(LEAST, Math.floor(this.#underWay * SHRINK));
    else if (each < SHORT_MS) this.#underWay = Math.min(this.#most, this.#underWay + STEP);
  }
}
