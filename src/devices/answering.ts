/**
 * What a line knows of the exchange it had last: how long the answer was waited for, what it took, and whether it may still come.
 *
 *     asked ──► answered   measured, if it was a question
 *       └─────► silent ──► late reply          measured all the same: so slow has this meter become
 *                    └───► whole allowance and quiet window over: nothing of it will be heard any more
 *
 * A question may be given up early, but its answer may come as late as it always might. Until then its meter is asked nothing
 * (`leftAloneMs`): the same question asked again would take the old answer for the new one.
 */
import { later, type Instant } from "../kernel/clock.ts";
import { readReply } from "../protocols/dlt645/index.ts";
import type { Frame } from "../protocols/dlt645/index.ts";
import { AnswerTimes } from "./answer-times.ts";
import type { LineRequest } from "./line-request.ts";
import { isQuestion, replyBytesMax, replyDeadlineMs, type LineTiming } from "./timing.ts";

interface Asked {
  readonly frame: Frame;
  readonly requestBytes: number;
  readonly sentAt: Instant;
  /** Before that its answer may still come. */
  readonly overAt: Instant;
}

export class Answering {
  readonly times: AnswerTimes;
  readonly #timing: LineTiming;
  readonly #leftAlone = new Map<string, Asked>();
  #last: Asked | undefined;

  constructor(timing: LineTiming) {
    this.#timing = timing;
    this.times = new AnswerTimes({ allowanceMs: timing.answerMs, wireIsKnown: timing.byteMs > 0 });
  }

  /** We have spoken; how long the answer may take. Whatever changes a meter has the whole allowance. */
  asked({ frame, replyBytes }: Pick<LineRequest, "frame" | "replyBytes">, requestBytes: number, sentAt: Instant): number {
    const wholeMs = replyDeadlineMs(this.#timing, frame, requestBytes, replyBytes);
    this.#last = { frame, requestBytes, sentAt, overAt: later(sentAt, wholeMs + this.#timing.quietMs) };
    this.#leftAlone.delete(frame.address);
    if (!isQuestion(frame)) return wholeMs;
    const savedMs = this.#timing.answerMs - this.times.allowanceMs(frame.address, replyBytes ?? replyBytesMax(frame));
    return wholeMs - savedMs;
  }

  answered(replyBytes: number, at: Instant): void {
    if (this.#last !== undefined) this.#measure(this.#last, replyBytes, at);
  }

  silent(): void {
    if (this.#last === undefined || !isQuestion(this.#last.frame)) return;
    const { address } = this.#last.frame;
    this.times.silent(address);
    this.#leftAlone.set(address, this.#last);
  }

  /** A reply while nobody waits. False: it answers nothing that we asked last. */
  late(frame: Frame, replyBytes: number, at: Instant): boolean {
    const asked = this.#last;
    if (asked === undefined || readReply(asked.frame, frame).is === "not-ours") return false;
    // Again what was heard already, or the answer that was given up; then nothing more of it is to come.
    if (this.#leftAlone.delete(asked.frame.address)) this.#measure(asked, replyBytes, at);
    return true;
  }

  /** How long this meter is still to be asked nothing. A clock that was set back since tells of no moment that counts. */
  leftAloneMs({ address }: Frame, now: Instant): number {
    const asked = this.#leftAlone.get(address);
    if (asked === undefined) return 0;
    if (now < asked.overAt && now >= asked.sentAt) return asked.overAt - now;
    this.#leftAlone.delete(address);
    return 0;
  }

  #measure({ frame, requestBytes, sentAt }: Asked, replyBytes: number, at: Instant): void {
    if (!isQuestion(frame)) return;
    const ms = at - sentAt - (requestBytes + replyBytes) * this.#timing.byteMs;
    this.times.answered(frame.address, Math.max(0, ms), replyBytes);
  }
}
