/**
 * Stands before a bus's transports: none is opened until the bus is leased, and the open one is closed when the lease is gone. A serial
 * port, a serial server with one place, a subscription: what the next holder needs is free for it.
 */
import { Fault } from "../kernel/faults.ts";
import type { Transport } from "../transports/transport.ts";
import type { LineGuard } from "./line-leases.ts";

export class LeaseGate {
  readonly #guard: LineGuard;
  readonly #bus: string;
  readonly #waiting = new Set<() => void>();
  readonly #taken: (() => void)[] = [];
  #open: Transport | undefined;

  constructor(guard: LineGuard, bus: string) {
    this.#guard = guard;
    this.#bus = bus;
    guard.onTaken((buses) => {
      if (!buses.includes(bus)) return;
      for (const go of [...this.#waiting]) go();
      for (const listener of this.#taken) listener();
    });
    guard.onLost((buses) => {
      if (buses.includes(bus)) void this.close().catch(() => undefined); // a transport that cannot even close is dropped by its owner
    });
  }

  onTaken(listener: () => void): void {
    this.#taken.push(listener);
  }

  /** Closes what is open; whoever keeps the line makes another one, which waits here. */
  async close(): Promise<void> {
    await this.#open?.close();
  }

  before(inner: Transport): Transport {
    const closing = new AbortController();
    let closed: Promise<void> | undefined;
    // Whoever closes it a second time waits as well: a new one must not subscribe while the old one still unsubscribes.
    const close = (): Promise<void> => {
      closing.abort();
      return (closed ??= inner.close());
    };
    const outer: Transport = {
      name: inner.name,
      get isOpen() {
        return inner.isOpen;
      },
      open: async () => {
        await this.#untilHeld(closing.signal);
        if (closing.signal.aborted) throw this.#notOurs();
        this.#open = outer;
        await inner.open();
        if (this.#guard.holds(this.#bus)) return;
        await close(); // lost while it was being opened
        throw this.#notOurs();
      },
      // Once more, with nothing between this and the system call: a process stopped since the line's own look has lost the lease.
      send: (bytes) => (this.#guard.holds(this.#bus) ? inner.send(bytes) : Promise.reject(this.#notOurs())),
      close,
      onReceived: (listener) => inner.onReceived(listener),
      onClosed: (listener) => inner.onClosed(listener),
    };
    return outer;
  }

  #notOurs(): Fault {
    return new Fault("line-not-ours", { bus: this.#bus, holder: this.#guard.holderOf(this.#bus) ?? "nobody" });
  }

  async #untilHeld(closing: AbortSignal): Promise<void> {
    while (!this.#guard.holds(this.#bus) && !closing.aborted) {
      await new Promise<void>((resolve) => {
        const go = (): void => {
          this.#waiting.delete(go);
          closing.removeEventListener("abort", go);
          resolve();
        };
        this.#waiting.add(go);
        closing.addEventListener("abort", go, { once: true });
      });
    }
  }
}
