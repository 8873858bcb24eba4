/**
 * How a line waits: for an answer, for silence after silence, and for somebody else's exchange to be over. Three waits that end
 * early when the line closes, and never go on for ever: a line must not stand still because another babbles.
 */
import { later, type Clock, type Instant } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import type { ForeignMaster } from "./foreign-master.ts";
import type { LineEar } from "./line-ear.ts";
import { BYTE_GAP_MS, type LineTiming } from "./timing.ts";

/** A frame that is still coming in at the deadline is waited for, but not for ever. */
const GRACE_PAUSES_MAX = 8;
/** A line that never falls silent must not stop for ever; after so many windows it is used all the same. */
const QUIET_WINDOWS_MAX = 10;
/** Another master that never rests is interrupted: our restores may not wait for its polls. */
const FOREIGN_EXCHANGES_MAX = 5;
const STEP_MS = 10;

interface PatienceParts {
  readonly id: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timing: LineTiming;
  readonly ear: LineEar;
  readonly others: ForeignMaster;
  readonly closing: AbortSignal;
}

/** A clock that is set back in the middle of a wait must not stretch it: none of them is longer than its own window. */
const noLongerThan = (windowMs: number, ms: number): number => Math.min(ms, windowMs);

export class LinePatience {
  readonly #parts: PatienceParts;

  constructor(parts: PatienceParts) {
    this.#parts = parts;
  }

  /** A deadline passes in silence only: a meter in the middle of a frame may finish it. */
  async untilAnswerIsLate(ms: number, ended: AbortSignal): Promise<void> {
    const { clock, ear } = this.#parts;
    await clock.wait(ms, ended);
    for (let pauses = 0; pauses < GRACE_PAUSES_MAX && !ended.aborted && ear.isInsideFrame; pauses += 1) {
      const rest = noLongerThan(BYTE_GAP_MS, ear.heardAt + BYTE_GAP_MS - clock.now());
      if (rest <= 0) return;
      await clock.wait(rest, ended);
    }
  }

  /** Until nothing has been heard for a whole window. */
  async untilQuiet(from: Instant): Promise<void> {
    const { clock, timing, log, ear, closing, id } = this.#parts;
    for (let windows = 0; windows < QUIET_WINDOWS_MAX; windows += 1) {
      const rest = noLongerThan(timing.quietMs, Math.max(from, ear.heardAt) + timing.quietMs - clock.now());
      if (rest <= 0 || closing.aborted) return;
      await clock.wait(rest, closing);
    }
    log.warn({ bus: id }, "the line does not fall silent; it is used all the same: look for a second master or noise");
  }

  /** Until the answer to a foreign request has come and the line has rested, or its time is over. */
  async untilOthersAreDone(): Promise<void> {
    const { clock, timing, ear, others, closing } = this.#parts;
    let waited = false;
    for (let asked = 0, known = 0; !closing.aborted;) {
      const until = others.quietUntil;
      const now = clock.now();
      if (until - now > others.quietMs) others.giveUp(until); // the clock was set back: that moment is long over
      if (now < until) {
        if (until !== known) asked += 1;
        if (asked > FOREIGN_EXCHANGES_MAX) return;
        known = until;
        waited = true;
        await clock.wait(Math.min(until - now, STEP_MS), closing); // in steps: the answer ends the wait, and nobody tells of it
        continue;
      }
      others.giveUp(now);
      const rest = noLongerThan(timing.turnaroundMs, later(ear.heardAt, timing.turnaroundMs) - now);
      if (!waited || rest <= 0) return;
      await clock.wait(rest, closing);
    }
  }
}

export const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
