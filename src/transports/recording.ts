/**
 * The last bytes both ways, with their moments: what one wants to see when a line has gone mad. The record outlives the
 * transport that filled it, so a reconnect does not wipe the traces.
 *
 * Bytes are kept as they passed, and passwords travel in clear: the record stays in memory, and whoever shows it masks it first.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import type { Transport } from "./transport.ts";

export const RECORD_LENGTH_MAX = 64; // about thirty exchanges; with a few thousand meters on MQTT still only megabytes

export interface Passage {
  readonly at: Instant;
  readonly direction: "sent" | "received";
  readonly bytes: Uint8Array;
}

export class WireRecord {
  readonly #clock: Clock;
  readonly #passages: Passage[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(direction: Passage["direction"], bytes: Uint8Array): void {
    this.#passages.push({ at: this.#clock.now(), direction, bytes: Uint8Array.from(bytes) });
    if (this.#passages.length > RECORD_LENGTH_MAX) this.#passages.shift();
  }

  /** Oldest first. */
  last(): readonly Passage[] {
    return [...this.#passages];
  }
}

/** The same transport, with everything that passes noted. */
export function recording(inner: Transport, record: WireRecord): Transport {
  inner.onReceived((bytes) => record.note("received", bytes));
  return {
    name: inner.name,
    get isOpen() {
      return inner.isOpen;
    },
    open: () => inner.open(),
    send: async (bytes) => {
      if (inner.isOpen) record.note("sent", bytes);
      await inner.send(bytes);
    },
    close: () => inner.close(),
    onReceived: (listener) => inner.onReceived(listener),
    onClosed: (listener) => inner.onClosed(listener),
  };
}
