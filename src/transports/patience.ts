/**
 * A far end that vanished without a FIN takes what is written to it for a quarter of an hour, and says nothing. It is noticed by
 * that: when nothing at all was heard through a few requests, the next is refused (nothing of it left) and the connection ends.
 *
 * A dead meter behind a living serial server looks almost the same, and must not have its line dialled again and again:
 * - On a connection over which something was heard, only those count who answered on it; who was silent twice no longer does,
 *   unless nobody else is there. So it takes two who fall silent at once, or the only one.
 * - A connection over which nothing was heard at all doubles the patience for the next one; the first byte restores it.
 *
 * Patience therefore belongs to a line, and outlives the connections it judges. Whom a request is for is told by `whom`, since
 * nothing of frames is known here.
 */
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { Listeners } from "./listeners.ts";
import type { Transport } from "./transport.ts";

export const UNANSWERED_FIRST = 3;
export const UNANSWERED_MAX = 96;
/** Whoever sent has to hear "nothing left" before he hears "closed": the one means try again, the other means look first. */
export const REFUSED_FIRST_MS = 1;
const MISSES_MAX = 2;

export class Patience {
  readonly #whom: (bytes: Uint8Array) => string;
  readonly #first: number;
  #limit: number;
  /** In a row, of those that count. */
  #unanswered = 0;
  #wasHeard = false;
  #lastTo: string | undefined;
  /** Who answered on this connection, and how often each was asked in vain since. */
  readonly #answering = new Set<string>();
  readonly #misses = new Map<string, number>();

  constructor(whom: (bytes: Uint8Array) => string = () => "", first = UNANSWERED_FIRST) {
    this.#whom = whom;
    this.#first = first;
    this.#limit = first;
  }

  /** Why this connection is to be given up instead of sending; null: send. */
  get over(): string | null {
    if (this.#unanswered < (this.#wasHeard ? this.#first : this.#limit)) return null;
    return `nothing was heard through ${this.#unanswered} requests: the far end is gone, or nobody is behind it`;
  }

  /** A new connection knows nothing of the one before. */
  begin(): void {
    this.#unanswered = 0;
    this.#wasHeard = false;
    this.#lastTo = undefined;
    this.#answering.clear();
    this.#misses.clear();
  }

  sent(bytes: Uint8Array): void {
    const to = this.#whom(bytes);
    const misses = this.#misses.get(to) ?? 0;
    if (misses >= MISSES_MAX && this.#answering.size > 1) this.#answering.delete(to);
    if (!this.#wasHeard || this.#answering.has(to)) this.#unanswered += 1;
    this.#misses.set(to, misses + 1);
    this.#lastTo = to;
  }

  /** Any byte, even of noise. */
  heard(): void {
    this.alive();
    if (this.#lastTo === undefined) return;
    this.#answering.add(this.#lastTo);
    this.#misses.delete(this.#lastTo);
  }

  /** The far end said something of its own: it lives, whoever is behind it. */
  alive(): void {
    this.#unanswered = 0;
    this.#wasHeard = true;
    this.#limit = this.#first;
  }

  /** The connection was given up. */
  lost(): void {
    if (!this.#wasHeard) this.#limit = Math.min(UNANSWERED_MAX, this.#limit * 2);
  }
}

/** The same transport, given up when nothing comes back. */
export function patient(inner: Transport, patience: Patience, clock: Clock): Transport {
  const listeners = new Listeners();
  let givenUp: string | null = null;
  inner.onReceived((bytes) => {
    patience.heard();
    listeners.received(bytes);
  });
  inner.onClosed((why) => listeners.closed(why));
  return {
    name: inner.name,
    get isOpen() {
      return inner.isOpen && givenUp === null;
    },
    open: () => {
      patience.begin();
      return inner.open();
    },
    send: async (bytes) => {
      if (givenUp === null && inner.isOpen && patience.over !== null) {
        const why = (givenUp = patience.over);
        patience.lost();
        void clock.wait(REFUSED_FIRST_MS).then(() => {
          listeners.closed(why);
          return inner.close();
        });
      }
      if (givenUp !== null) throw new Fault("line-down", { transport: inner.name, why: givenUp });
      if (inner.isOpen) patience.sent(bytes);
      await inner.send(bytes);
    },
    close: () => inner.close(),
    onReceived: (listener) => listeners.onReceived(listener),
    onClosed: (listener) => listeners.onClosed(listener),
  };
}
