/**
 * A far end that vanished without a FIN takes what is written to it for a quarter of an hour, and says nothing. It is noticed by
 * that: when nothing at all was heard through a few requests, the next is refused (nothing of it left) and the connection ends.
 *
 * A dead meter behind a living serial server looks the same. So a fresh connection over which nothing was heard either doubles the
 * patience for the next one, and a line with nobody on it is not dialled again and again; the first byte heard restores it.
 * Patience therefore outlives the connections it judges.
 */
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { Listeners } from "./listeners.ts";
import type { Transport } from "./transport.ts";

export const UNANSWERED_FIRST = 3;
export const UNANSWERED_MAX = 96;
/** Whoever sent has to hear "nothing left" before he hears "closed": the one means try again, the other means look first. */
export const REFUSED_FIRST_MS = 1;

export class Patience {
  #limit: number;
  readonly #first: number;

  constructor(first = UNANSWERED_FIRST) {
    this.#first = first;
    this.#limit = first;
  }

  /** How many requests in a row may go without a byte in return. */
  get limit(): number {
    return this.#limit;
  }

  heard(): void {
    this.#limit = this.#first;
  }

  lost(): void {
    this.#limit = Math.min(UNANSWERED_MAX, this.#limit * 2);
  }
}

/** The same transport, given up when nothing comes back. */
export function patient(inner: Transport, patience: Patience, clock: Clock): Transport {
  const listeners = new Listeners();
  let givenUp: string | null = null;
  let unanswered = 0;
  inner.onReceived((bytes) => {
    unanswered = 0;
    patience.heard();
    listeners.received(bytes);
  });
  inner.onClosed((why) => listeners.closed(why));
  return {
    name: inner.name,
    get isOpen() {
      return inner.isOpen && givenUp === null;
    },
    open: () => inner.open(),
    send: async (bytes) => {
      if (givenUp === null && inner.isOpen && unanswered >= patience.limit) {
        const why = `nothing was heard through ${unanswered} requests: the far end is gone, or nobody is behind it`;
        givenUp = why;
        patience.lost();
        void clock.wait(REFUSED_FIRST_MS).then(() => {
          listeners.closed(why);
          return inner.close();
        });
      }
      if (givenUp !== null) throw new Fault("line-down", { transport: inner.name, why: givenUp });
      unanswered += 1;
      await inner.send(bytes);
    },
    close: () => inner.close(),
    onReceived: (listener) => listeners.onReceived(listener),
    onClosed: (listener) => listeners.onClosed(listener),
  };
}
