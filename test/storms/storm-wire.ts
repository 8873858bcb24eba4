/** A life's connection to one pair of wires of the street: a serial server that can be unplugged, and that outlives who spoke through it. */
import type { MemoryEnd } from "../../simulator/street.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { Listeners } from "../../src/transports/listeners.ts";
import type { Transport } from "../../src/transports/transport.ts";

export interface WireParts {
  readonly bus: string;
  readonly isDown: () => boolean;
  readonly connect: () => MemoryEnd;
  /** Asked before bytes are put on the wire; false: the life has just ended. */
  readonly mayLeave: (bytes: Uint8Array) => boolean;
  readonly cameBack: () => void;
  readonly left: (bytes: Uint8Array) => void;
  readonly whenAwake: (act: () => void) => void;
}

export class StormWire implements Transport {
  readonly name: string;
  readonly #parts: WireParts;
  readonly #listeners = new Listeners();
  #end: MemoryEnd | undefined;

  constructor(parts: WireParts) {
    this.#parts = parts;
    this.name = `wire:${parts.bus}`;
  }

  get isOpen(): boolean {
    return this.#end !== undefined;
  }

  open(): Promise<void> {
    const { bus, isDown, connect, whenAwake } = this.#parts;
    if (isDown()) return Promise.reject(new Fault("line-down", { transport: this.name, why: `${bus} is unplugged` }));
    this.#end = connect();
    this.#end.onBytes((bytes) => {
      this.#parts.cameBack();
      whenAwake(() => this.#listeners.received(bytes));
    });
    return Promise.resolve();
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.#end === undefined) return Promise.reject(new Fault("line-down", { transport: this.name, why: "not open" }));
    if (!this.#parts.mayLeave(bytes)) return new Promise(() => undefined);
    this.#end.send(bytes);
    this.#parts.left(bytes);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#drop("closed by us");
    return Promise.resolve();
  }

  /** Somebody pulled the plug. */
  cut(): void {
    if (this.isOpen) this.#parts.whenAwake(() => this.#drop("unplugged"));
  }

  /** The process that held it is gone: nobody hears of it. */
  abandon(): void {
    this.#end?.close();
    this.#end = undefined;
  }

  onReceived(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.onReceived(listener);
  }

  onClosed(listener: (why: string) => void): void {
    this.#listeners.onClosed(listener);
  }

  #drop(why: string): void {
    this.abandon();
    this.#listeners.closed(why);
  }
}
