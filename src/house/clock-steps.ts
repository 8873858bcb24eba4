/**
 * Notices that the clock was set: somebody corrected it, or the machine woke from sleep. Forward, whatever has come due is found as
 * ever, and deadlines that have passed have passed. Back, every row that waits for a moment would wait until the clock comes there
 * again: all of them are due at once, and each looks before it does anything. Deadlines of unsent cuts come back by as much, so that
 * nobody sits in the dark by an order whose time was over; whoever wants the cut still, orders it again. So does a cut that was ordered in
 * the second before the step was noticed: by the clock alone nobody can tell it from one of an hour before.
 *
 * What only lives in memory looks after itself: no pause is ever longer than the longest it could have been given.
 */
import { seconds, type Clock, type Elapsed } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";

const LOOK_EVERY_MS = seconds(1);
/** A clock that is steered goes wrong by milliseconds; a command waits for seconds at least. */
const STEP_MS_MIN = seconds(2);

export interface ClockStepsParts {
  readonly clock: Clock;
  readonly elapsed: Elapsed;
  readonly log: Logger;
  /** It went back by so much: until it resolves, it is asked again. */
  readonly wentBack: (byMs: number) => Promise<unknown>;
}

export class ClockSteps {
  readonly #parts: ClockStepsParts;
  readonly #stop = new AbortController();
  #ahead: number;
  #loop: Promise<void> | undefined;

  constructor(parts: ClockStepsParts) {
    this.#parts = parts;
    this.#ahead = this.#now();
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, log, wentBack } = this.#parts;
    for (;;) {
      await clock.wait(LOOK_EVERY_MS, this.#stop.signal);
      if (this.#stop.signal.aborted) return;
      const byMs = this.#now() - this.#ahead;
      if (Math.abs(byMs) < STEP_MS_MIN) continue;
      if (byMs > 0) log.info({ byMs }, "the clock was set forward, or the machine slept");
      else {
        log.warn({ byMs }, "the clock was set back: every open command is looked at again");
        const done = await wentBack(Math.round(-byMs)).then(
          () => true,
          (error: unknown) => {
            log.warn(
              { reason: reasonOf(error) },
              "open commands could not be looked at after the clock was set back; it is tried again",
            );
            return false;
          },
        );
        if (!done) continue;
      }
      this.#ahead = this.#now();
    }
  }

  /** By how much the clock is ahead of elapsed time; stays the same while nobody sets it. */
  #now(): number {
    return this.#parts.clock.now() - this.#parts.elapsed();
  }
}
