/**
 * Watches that work goes on, not that something is connected: a worker may hold the best of connections and take nothing.
 *
 * Every few seconds it asks whether anything is due that has no place at any line, and whether anything was taken since. Due and nothing
 * taken, look after look: that is told, and the clerks of the queue are made anew. Judged by elapsed time and by counts,
 * because a clock that is set would make everything due at once, or nothing.
 *
 * It is no second way of working: what seems lost is handed out again by the sweeper.
 */
import { seconds, type Clock, type Elapsed } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { Rounds } from "../kernel/rounds.ts";

const LOOK_EVERY_MS = seconds(5);
/** Three times as long as a lost job needs to be found. */
export const STANDS_STILL_MS = seconds(30);
/** Then the process is said to be dead: somebody starts another one. */
export const GIVE_UP_MS = seconds(180);

export interface ProgressParts {
  /** Due commands of our lines that nobody has in hand. */
  readonly waiting: () => Promise<number>;
  /** Taken since the start. */
  readonly taken: () => number;
  /** Makes the clerks of the queue anew. */
  readonly renew: () => Promise<void>;
  readonly clock: Clock;
  readonly elapsed: Elapsed;
  readonly log: Logger;
}

export class Progress {
  readonly #parts: ProgressParts;
  readonly #rounds: Rounds;
  #seen = { waiting: 0, taken: 0, since: 0 };
  #renewedAt = -Infinity;

  constructor(parts: ProgressParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#rounds = new Rounds({
      ...{ clock, log, everyMs: LOOK_EVERY_MS, work: () => this.#round() },
      failed: "whether work goes on could not be seen",
      level: "debug",
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** For how long nothing has been taken though something was due. */
  get standsStillMs(): number {
    return this.#seen.waiting === 0 ? 0 : this.#parts.elapsed() - this.#seen.since;
  }

  /** Null, or how long and how much. */
  get trouble(): string | null {
    const ms = this.standsStillMs;
    if (ms < STANDS_STILL_MS) return null;
    return `${this.#seen.waiting} commands are due and none was taken for ${Math.round(ms / 1_000)} s`;
  }

  /** Whether another process would do better. */
  get isDead(): boolean {
    return this.standsStillMs >= GIVE_UP_MS;
  }

  async look(): Promise<void> {
    const { elapsed, taken, waiting, renew, log } = this.#parts;
    const now = { waiting: await waiting(), taken: taken() };
    const goesOn = now.waiting === 0 || this.#seen.waiting === 0 || now.taken !== this.#seen.taken;
    this.#seen = { ...now, since: goesOn ? elapsed() : this.#seen.since };
    if (this.trouble === null || elapsed() - this.#renewedAt < STANDS_STILL_MS) return;
    this.#renewedAt = elapsed();
    log.error({ why: this.trouble }, "work stands still; the clerks of the queue are made anew");
    await renew();
  }

  async #round(): Promise<void> {
    try {
      await this.look();
    } catch (error) {
      // A database that is away is told by itself, and nobody could take anything: this is not what stands still.
      this.#seen = { ...this.#seen, waiting: 0 };
      throw error;
    }
  }
}
