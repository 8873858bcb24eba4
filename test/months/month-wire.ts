/** The gateway's connection to one line of the street, on which answers may be changed on their way. */
import type { MemoryEnd } from "../../simulator/street.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { Listeners } from "../../src/transports/listeners.ts";
import type { Transport } from "../../src/transports/transport.ts";

export class MonthWire implements Transport {
  readonly name: string;
  readonly #connect: () => MemoryEnd;
  readonly #changed: (bytes: Uint8Array) => Uint8Array;
  readonly #listeners = new Listeners();
  #end: MemoryEnd | undefined;

  constructor(line: string, { connect, changed }: { connect: () => MemoryEnd; changed: (bytes: Uint8Array) => Uint8Array }) {
    this.name = `wire:${line}`;
    this.#connect = connect;
    this.#changed = changed;
  }

  get isOpen(): boolean {
    return this.#end !== undefined;
  }

  open(): Promise<void> {
    this.#end = this.#connect();
    this.#end.onBytes((bytes) => this.#listeners.received(this.#changed(bytes)));
    return Promise.resolve();
  }

  send(bytes: Uint8Array): Promise<void> {
    if (this.#end === undefined) return Promise.reject(new Fault("line-down", { transport: this.name, why: "not open" }));
    this.#end.send(bytes);
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#end?.close();
    this.#end = undefined;
    this.#listeners.closed("closed by us");
    return Promise.resolve();
  }

  onReceived(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.onReceived(listener);
  }

  onClosed(listener: (why: string) => void): void {
    this.#listeners.onClosed(listener);
  }
}
