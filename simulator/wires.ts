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
import type { HeardFrame } from "./wire.ts";
import { superposed } from "./spoiling.ts";

export interface Timing {
  /** 0: bytes take no time. */
  readonly msPerByte: number;
  readonly answerDelayMs: number;
}

export type Deliver = (bytes: Uint8Array) => void;

/** What the wires ask of the meters that hang on them. */
export interface Company {
  /** Called when the request is completely there. `lateMs`: spoken so much later, wires free meanwhile. */
  answer(request: HeardFrame): { readonly bytes: Uint8Array; readonly lateMs: number }[];
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
  request(frame: HeardFrame, from: Deliver): void {
    if (this.#closed.signal.aborted) return;
    const busy = this.#current;
    if (busy !== undefined) {
      if (this.#waiting !== undefined) this.#waiting.push(() => this.request(frame, from));
      else {
        busy.disturbedBy = frame;
        this.#company.lost(frame);
      }
      return;
    }
    const { msPerByte, answerDelayMs } = this.#timing;
    if (msPerByte === 0 && answerDelayMs === 0) {
      this.#tellOthers(frame, from);
      for (const { bytes, lateMs } of this.#company.answer(frame)) {
        if (lateMs === 0) this.#deliver(bytes);
        else this.#background(this.#speakAt(this.#clock.now() + lateMs, bytes));
      }
      return;
    }
    this.#background(this.#exchange(frame, from));
  }

  close(): void {
    this.#closed.abort();
    this.#ends.clear();
  }

  async #exchange(frame: HeardFrame, from: Deliver): Promise<void> {
    const exchange: Exchange = { disturbedBy: undefined };
    this.#current = exchange;
    try {
      const { msPerByte, answerDelayMs } = this.#timing;
      const heardAt = this.#clock.now() - this.#wokeLateMs + frame.wireBytes * msPerByte;
      this.#wokeLateMs = 0;
      await this.#until(heardAt);
      if (exchange.disturbedBy !== undefined) {
        this.#company.lost(frame);
        return;
      }
      this.#tellOthers(frame, from);
      let freeAt = heardAt;
      for (const { bytes, lateMs } of this.#company.answer(frame)) {
        const spokenAt = heardAt + answerDelayMs + lateMs + bytes.length * msPerByte;
        if (lateMs > 0) {
          this.#background(this.#speakAt(spokenAt, bytes));
          continue;
        }
        freeAt = Math.max(freeAt, spokenAt);
        await this.#until(spokenAt);
        this.#deliver(this.#disturbance(exchange, bytes));
      }
      this.#wokeLateMs = Math.max(0, this.#clock.now() - freeAt);
    } finally {
      this.#current = undefined;
      this.#waiting?.shift()?.();
    }
  }

  #disturbance({ disturbedBy }: Exchange, bytes: Uint8Array): Uint8Array {
    return disturbedBy === undefined ? bytes : superposed(bytes, disturbedBy.raw);
  }

  async #speakAt(at: number, bytes: Uint8Array): Promise<void> {
    await this.#until(at);
    this.#deliver(bytes);
  }

  async #until(at: number): Promise<void> {
    const { signal } = this.#closed;
    for (let left = at - this.#clock.now(); left > 0 && !signal.aborted; left = at - this.#clock.now())
      await this.#clock.wait(left, signal);
  }

  #deliver(bytes: Uint8Array): void {
    for (const end of this.#ends) end(bytes);
  }

  #tellOthers(frame: HeardFrame, from: Deliver): void {
    for (const end of this.#ends) if (end !== from) end(frame.raw);
  }

  #background(work: Promise<void>): void {
    void work.catch((error: unknown) => this.#company.failed(error));
  }
}
