/**
 * One pair of wires: whoever is connected shares it, one exchange fits on it at a time, and bytes take their time.
 *
 *     request on the wire ──► answering delay ──► reply on the wire
 *     t0                 t1                   t2                 t3
 *
 * The meter hears at t1, not before: a request that was disturbed until then was never heard. All four moments are worked out
 * at once from t0, and a timer that woke late is taken off the next start, so that the granularity of timers does not add up.
 * Without pacing and without a delay an exchange happens in one go and cannot collide.
 */
import type { Clock } from "../src/kernel/clock.ts";
import type { Spoken } from "./spoken.ts";
import { superposed } from "./spoken.ts";
import type { HeardFrame } from "./wire.ts";

export interface Timing {
  /** 0: bytes take no time. */
  readonly msPerByte: number;
  readonly answerDelayMs: number;
}

/** What comes with the bytes for an endpoint that talks in messages. */
export interface Delivery {
  /** What the endpoint is to do with them. */
  readonly manner?: Spoken["manner"];
  /** Whatever the request was handed in with. */
  readonly label?: unknown;
  /** For an endpoint that hands them over in another way than usual. */
  readonly tell?: (how: string) => void;
}
export type Deliver = (bytes: Uint8Array, delivery: Delivery) => void;

/** What the wires ask of the meters that hang on them. */
export interface Company {
  /** Called when the request is completely there. */
  answer(request: HeardFrame): Spoken[];
  /** What comes out at the far end of what is said to it; nothing when nothing does. */
  carry(bytes: Uint8Array): Uint8Array;
  /** What is left of something said, told before anybody gets it. */
  came(said: Spoken, put: Uint8Array, came: Uint8Array): void;
  handedOver(said: Spoken, how: string): void;
  /** A request that nobody could read. */
  lost(request: HeardFrame): void;
  failed(error: unknown): void;
}

interface Exchange {
  disturbedBy: HeardFrame | undefined;
}

export class Wires {
  readonly #clock: Clock;
  readonly #timing: Timing;
  readonly #company: Company;
  /** A line that is not shared takes one request after another instead of letting them collide. */
  readonly #waiting: (() => void)[] | undefined;
  readonly #ends = new Set<Deliver>();
  readonly #closed = new AbortController();
  #current: Exchange | undefined;
  #wokeLateMs = 0;

  constructor({ clock, timing, company, takesTurns }: { clock: Clock; timing: Timing; company: Company; takesTurns: boolean }) {
    this.#clock = clock;
    this.#timing = timing;
    this.#company = company;
    this.#waiting = takesTurns ? [] : undefined;
  }

  join(end: Deliver): void {
    this.#ends.add(end);
  }

  leave(end: Deliver): void {
    this.#ends.delete(end);
  }

  /** A whole request, whose first byte was put on the wire now. Everybody else on the wires hears it too. */
  request(frame: HeardFrame, from: Deliver, label?: unknown): void {
    if (this.#closed.signal.aborted) return;
    const busy = this.#current;
    if (busy !== undefined) {
      if (this.#waiting !== undefined) this.#waiting.push(() => this.request(frame, from, label));
      else {
        busy.disturbedBy = frame;
        this.#company.lost(frame);
      }
      return;
    }
    const { msPerByte, answerDelayMs } = this.#timing;
    if (msPerByte > 0 || answerDelayMs > 0) {
      this.#background(this.#exchange(frame, from, label));
      return;
    }
    this.#tellOthers(frame, from);
    const answers = this.#company.answer(frame);
    const now = this.#clock.now();
    if (answers.some(({ afterMs }) => afterMs > 0)) this.#background(this.#hold((it) => this.#speak(it, answers, now, label)));
    else for (const answer of answers) this.#sayOrWait(answer, now, label);
  }

  /** Bytes that nobody has asked for, whose first was put on the wire now. */
  interject(said: Spoken): void {
    const wireMs = said.bytes.length * this.#timing.msPerByte;
    if (wireMs === 0) this.#deliver(said, undefined);
    else this.#background(this.#speakAt(this.#clock.now() + wireMs, said, undefined));
  }

  close(): void {
    this.#closed.abort();
    this.#ends.clear();
  }

  /** Keeps the wires while `work` goes on. */
  async #hold(work: (exchange: Exchange) => Promise<unknown>): Promise<void> {
    const exchange: Exchange = { disturbedBy: undefined };
    this.#current = exchange;
    try {
      await work(exchange);
    } finally {
      this.#current = undefined;
      this.#waiting?.shift()?.();
    }
  }

  #exchange(frame: HeardFrame, from: Deliver, label: unknown): Promise<void> {
    return this.#hold(async (exchange) => {
      const { msPerByte, answerDelayMs } = this.#timing;
      const heardAt = this.#clock.now() - this.#wokeLateMs + frame.wireBytes * msPerByte;
      this.#wokeLateMs = 0;
      await this.#until(heardAt);
      if (exchange.disturbedBy !== undefined) {
        this.#company.lost(frame);
        return;
      }
      this.#tellOthers(frame, from);
      const freeAt = await this.#speak(exchange, this.#company.answer(frame), heardAt + answerDelayMs, label);
      this.#wokeLateMs = Math.max(0, this.#clock.now() - freeAt);
    });
  }

  /** One after the other from `at` on; resolves with the moment at which the wires are free. */
  async #speak(exchange: Exchange, answers: readonly Spoken[], at: number, label: unknown): Promise<number> {
    const { msPerByte } = this.#timing;
    let freeAt = at;
    for (const answer of answers) {
      if (answer.lateMs > 0) {
        this.#sayOrWait(answer, at, label);
        continue;
      }
      if (answer.isEcho !== true) freeAt += answer.afterMs + answer.bytes.length * msPerByte;
      if (answer.isEcho !== true) await this.#until(freeAt);
      this.#deliver(answer, label, this.#disturbance(exchange, answer.bytes));
    }
    return freeAt;
  }

  #sayOrWait(answer: Spoken, at: number, label: unknown): void {
    const wireMs = answer.bytes.length * this.#timing.msPerByte;
    if (answer.lateMs === 0) this.#deliver(answer, label);
    else this.#background(this.#speakAt(at + answer.lateMs + wireMs, answer, label));
  }

  /** Somebody talked into the exchange: what comes next is spoiled by it, and no more than that. */
  #disturbance(exchange: Exchange, bytes: Uint8Array): Uint8Array {
    const { disturbedBy } = exchange;
    exchange.disturbedBy = undefined;
    return disturbedBy === undefined ? bytes : superposed(bytes, disturbedBy.raw);
  }

  async #speakAt(at: number, said: Spoken, label: unknown): Promise<void> {
    await this.#until(at);
    this.#deliver(said, label);
  }

  async #until(at: number): Promise<void> {
    const { signal } = this.#closed;
    for (let left = at - this.#clock.now(); left > 0 && !signal.aborted; left = at - this.#clock.now())
      await this.#clock.wait(left, signal);
  }

  #deliver(said: Spoken, label: unknown, put = said.bytes): void {
    if (this.#closed.signal.aborted) return;
    const { manner } = said;
    const came = this.#company.carry(put);
    this.#company.came(said, put, came);
    const tell = (how: string): void => this.#company.handedOver(said, how);
    if (came.length > 0) for (const end of this.#ends) end(came, { manner, label, ...(manner === undefined ? {} : { tell }) });
  }

  #tellOthers(frame: HeardFrame, from: Deliver): void {
    for (const end of this.#ends) if (end !== from) end(frame.raw, {});
  }

  #background(work: Promise<unknown>): void {
    void work.catch((error: unknown) => this.#company.failed(error));
  }
}
