/**
 * Is somebody else the master here too? A concentrator or a DTU that polls the same meters, a handheld, a second gateway. Four
 * signs, none of them proof alone but the first:
 *
 *     request    a request on the wire that we did not send, and no echo of ours           certain
 *     reply      an answer to a question that we did not ask                                with the third: late frames happen
 *     session    a meter forgets our proof of identity before its time                      with the second: power cuts happen
 *     count      a purchase count that moved further than our own top-ups explain           certain
 *
 * What is noticed is counted and named (`picture`), and told once in a while rather than at each frame. After a foreign request
 * the wire belongs to its answer: `quietUntil` says how long.
 *
 * Pure: told what was heard and when; keeps no timer and touches no wire.
 */
import { Instant, later, minutes } from "../kernel/clock.ts";
import { readReply } from "../protocols/dlt645/index.ts";
import type { Frame } from "../protocols/dlt645/index.ts";

export type Sign = "request" | "reply" | "session" | "count";

/** What people see; null in its place where nobody else was noticed. */
export interface OtherMaster {
  /** The last sign. */
  readonly seenAt: Instant;
  readonly requests: number;
  readonly replies: number;
  readonly sessions: number;
  readonly counts: number;
}

/** So many of a sign make it one. */
const signsMin: Readonly<Record<Sign, number>> = { request: 1, reply: 3, session: 2, count: 1 };
/** Signs that are no proof count as often as that only within this time. */
export const FORGET_AFTER_MS = minutes(60);
export const TELL_EVERY_MS = minutes(10);

const none = (): Record<Sign, number> => ({ request: 0, reply: 0, session: 0, count: 0 });

export class ForeignMaster {
  readonly #seen = none();
  /** Since the last long pause: what the judgement is made of. */
  #lately = none();
  #seenAt: Instant | null = null;
  #toldAt: Instant | null = null;
  #isNamed = false;
  #question: { readonly frame: Frame; readonly until: Instant; readonly quietMs: number } | null = null;
  readonly #purchases = new Map<string, number>();

  get picture(): OtherMaster | null {
    if (!this.#isNamed || this.#seenAt === null) return null;
    const { request, reply, session, count } = this.#seen;
    return { seenAt: this.#seenAt, requests: request, replies: reply, sessions: session, counts: count };
  }

  /** A foreign request was heard, and its answer not yet. */
  get isAsking(): boolean {
    return this.#question !== null;
  }

  /** Until then the wire is somebody else's. */
  get quietUntil(): Instant {
    return this.#question?.until ?? Instant(0);
  }

  /** How long that was to be when it began. */
  get quietMs(): number {
    return this.#question?.quietMs ?? 0;
  }

  /** True: it is time to tell people. */
  note(sign: Sign, at: Instant): boolean {
    if (this.#seenAt !== null && at - this.#seenAt > FORGET_AFTER_MS) this.#lately = none();
    this.#seenAt = at;
    this.#seen[sign] += 1;
    this.#lately[sign] += 1;
    if (this.#lately[sign] < signsMin[sign]) return false;
    this.#isNamed = true;
    if (this.#toldAt !== null && at - this.#toldAt < TELL_EVERY_MS) return false;
    this.#toldAt = at;
    return true;
  }

  /** A foreign request at this moment: its answer may take so long. */
  asked(frame: Frame, at: Instant, quietMs: number): void {
    this.#question = { frame, until: later(at, quietMs), quietMs };
  }

  /** Whether this is the answer that somebody else waits for; it is so once, and the wire is free again. */
  takesReply(frame: Frame, at: Instant): boolean {
    const question = this.#question;
    if (question === null || at > question.until || readReply(question.frame, frame).is === "not-ours") return false;
    this.#question = null;
    return true;
  }

  /** Nobody answered the foreign request in time. */
  giveUp(at: Instant): void {
    if (at >= this.quietUntil) this.#question = null;
  }

  /** We are about to send a purchase that would move the count to this. */
  purchaseSent(meter: string, count: number): void {
    const known = this.#purchases.get(meter);
    if (known !== undefined) this.#purchases.set(meter, Math.max(known, count));
  }

  /** True: the count is higher than anything of ours explains. */
  countSeen(meter: string, count: number): boolean {
    const explained = this.#purchases.get(meter);
    this.#purchases.set(meter, count);
    return explained !== undefined && count > explained;
  }

  /** Another meter may hang there now. */
  forgetCounts(): void {
    this.#purchases.clear();
  }
}
