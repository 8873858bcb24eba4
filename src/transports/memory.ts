/**
 * Two ends joined by nothing but code. The near end is an ordinary transport; the far end is held by a test or a simulator.
 * Bytes arrive a moment later, in order, as copies, like on any wire; `cut` is the digger in the street.
 */
import { Fault } from "../kernel/faults.ts";
import { Listeners } from "./listeners.ts";
import type { Transport } from "./transport.ts";

export interface FarEnd {
  /** To whoever is connected; nobody is connected: the bytes are gone, as on a wire. */
  send(bytes: Uint8Array): void;
  onReceived(listener: (bytes: Uint8Array) => void): void;
}

export class MemoryWire {
  readonly name: string;
  readonly far: FarEnd;
  /** False: nobody can connect. */
  accepts = true;
  readonly #heardFar: ((bytes: Uint8Array) => void)[] = [];
  #near: MemoryTransport | undefined;

  constructor(name = "memory:wire") {
    this.name = name;
    this.far = {
      send: (bytes) => {
        const near = this.#near;
        const copy = Uint8Array.from(bytes);
        queueMicrotask(() => near?.hear(copy));
      },
      onReceived: (listener) => this.#heardFar.push(listener),
    };
  }

  /** A new near end; it replaces the one before, since a wire has one master. */
  transport(): Transport {
    return new MemoryTransport(this);
  }

  cut(why = "the wire was cut"): void {
    this.#near?.end(why);
  }

  /** For the near end only. */
  attach(near: MemoryTransport): void {
    if (!this.accepts) throw new Fault("line-down", { transport: this.name, why: "nobody accepts" });
    this.#near?.end("replaced");
    this.#near = near;
  }

  detach(near: MemoryTransport): void {
    if (this.#near === near) this.#near = undefined;
  }

  carry(bytes: Uint8Array): void {
    const copy = Uint8Array.from(bytes);
    queueMicrotask(() => {
      for (const listener of this.#heardFar) listener(copy);
    });
  }
}

class MemoryTransport implements Transport {
  readonly name: string;
  readonly #wire: MemoryWire;
  readonly #listeners = new Listeners();
  #isOpen = false;

  constructor(wire: MemoryWire) {
    this.#wire = wire;
    this.name = wire.name;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  open(): Promise<void> {
    try {
      if (this.#isOpen || this.#listeners.why !== null) throw new Error(`${this.name} is opened once only`);
      this.#wire.attach(this);
      this.#isOpen = true;
      return Promise.resolve();
    } catch (error) {
      return Promise.reject(error instanceof Error ? error : new Error(String(error)));
    }
  }

  send(bytes: Uint8Array): Promise<void> {
    if (!this.#isOpen)
      return Promise.reject(new Fault("line-down", { transport: this.name, why: this.#listeners.why ?? "not open" }));
    this.#wire.carry(bytes);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.end("closed by us");
    return Promise.resolve();
  }

  onReceived(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.onReceived(listener);
  }

  onClosed(listener: (why: string) => void): void {
    this.#listeners.onClosed(listener);
  }

  hear(bytes: Uint8Array): void {
    this.#listeners.received(bytes);
  }

  end(why: string): void {
    this.#isOpen = false;
    this.#wire.detach(this);
    this.#listeners.closed(why);
  }
}
