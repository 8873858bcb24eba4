/**
 * RS-485 through a serial port.
 *
 * A `SerialPort` object that is closed keeps what is written to it and **sends it at its next open** (measured): a
 * disconnect ordered before lunch would cut at two. So an object of this class is opened once, writes only while the port
 * is open, and is thrown away after `closed`; whoever wants to go on makes a new one. A vanished adapter is often noticed only at
 * the next write, and 'close' may then come twice. `SerialPort.list()` is never called: it ends the process where udev is missing.
 */
import { SerialPort } from "serialport";
import { Fault, reasonOf } from "../kernel/faults.ts";
import { Listeners } from "./listeners.ts";
import type { Transport } from "./transport.ts";

export interface SerialOptions {
  readonly path: string;
  readonly baudRate: number;
  readonly dataBits: 7 | 8;
  readonly parity: "even" | "odd" | "none";
  readonly stopBits: 1 | 2;
}

export class SerialTransport implements Transport {
  readonly name: string;
  readonly #options: SerialOptions;
  readonly #listeners = new Listeners();
  #port: SerialPort | undefined;

  constructor(options: SerialOptions) {
    this.#options = options;
    this.name = `serial:${options.path}`;
  }

  get isOpen(): boolean {
    return this.#listeners.why === null && this.#port?.isOpen === true;
  }

  async open(): Promise<void> {
    if (this.#port !== undefined || this.#listeners.why !== null) throw new Error(`${this.name} is opened once only`);
    const { path, baudRate, dataBits, parity, stopBits } = this.#options;
    try {
      // lock: two programs on one pair of wires hear nothing, so the second is refused.
      const port = new SerialPort({ path, baudRate, dataBits, parity, stopBits, lock: true, autoOpen: false });
      this.#port = port;
      port.on("error", (error) => this.#ended(error.message));
      port.on("close", (error: Error | null | undefined) => this.#ended(error?.message ?? "the port was closed"));
      port.on("data", (bytes: Uint8Array) => this.#listeners.received(bytes));
      await new Promise<void>((resolve, reject) => {
        port.open((error) => (error === null ? resolve() : reject(error)));
      });
    } catch (cause) {
      throw new Fault("serial-unavailable", { path, why: reasonOf(cause), hint: hintFor(reasonOf(cause)) }, { cause });
    }
  }

  /** Rejects only where nothing was sent; a write that breaks in the middle resolves, and `closed` tells the rest. */
  send(bytes: Uint8Array): Promise<void> {
    const port = this.#port;
    if (!this.isOpen || port === undefined) {
      return Promise.reject(new Fault("line-down", { transport: this.name, why: this.#listeners.why ?? "not open" }));
    }
    return this.#listeners.untilClosed((done) => {
      port.write(bytes, (error) => {
        if (error !== null && error !== undefined) this.#ended(error.message);
        done();
      });
    });
  }

  async close(): Promise<void> {
    this.#ended("closed by us");
    await this.#release();
  }

  onReceived(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.onReceived(listener);
  }

  onClosed(listener: (why: string) => void): void {
    this.#listeners.onClosed(listener);
  }

  #ended(why: string): void {
    if (this.#listeners.why !== null) return;
    this.#listeners.closed(why);
    void this.#release();
  }

  /** Gives the device back, so that the next object can lock it. */
  #release(): Promise<void> {
    const port = this.#port;
    if (port === undefined || !port.isOpen) return Promise.resolve();
    return new Promise((resolve) => port.close(() => resolve()));
  }
}

/** What to do next, for a person standing in front of the box. */
function hintFor(why: string): string {
  if (/ENOENT|No such file/i.test(why)) {
    return "no such device: is the adapter plugged in, and passed into the container? names under /dev/serial/by-id do not change";
  }
  if (/EACCES|Permission denied/i.test(why))
    return "no right to open it: add the gateway's user to the group that owns it (mostly dialout)";
  if (/lock|EBUSY|temporarily unavailable/i.test(why)) return "another program holds it: stop that program, one master per line";
  if (/EIO|Input\/output/i.test(why)) return "the adapter is gone or its far end is closed: plug it in again";
  return "check path, rights and line settings";
}
