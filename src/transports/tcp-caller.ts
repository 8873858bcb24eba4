/** One connection that came in, as a transport. Nothing is read from it before it is opened, so nothing it says is missed. */
import type { Socket } from "node:net";
import { Fault } from "../kernel/faults.ts";
import { Listeners } from "./listeners.ts";
import { hangUp, listenTo } from "./tcp-socket.ts";
import type { Transport } from "./transport.ts";

export class CallerTransport implements Transport {
  readonly name: string;
  /** Where it calls from, without the port. */
  readonly source: string;
  readonly #socket: Socket;
  readonly #listeners = new Listeners();
  #isOpen = false;

  constructor(socket: Socket) {
    this.#socket = socket;
    // An IPv4 caller on a socket of both families.
    this.source = (socket.remoteAddress ?? "unknown").replace(/^::ffff:/, "");
    this.name = `tcp-caller:${this.source}:${socket.remotePort ?? 0}`;
    socket.pause();
    socket.on("error", () => undefined);
    socket.once("close", () => this.#end("the far end closed the connection"));
  }

  get isOpen(): boolean {
    return this.#isOpen && this.#socket.writable;
  }

  open(): Promise<void> {
    const { why } = this.#listeners;
    if (why !== null || this.#socket.destroyed)
      return Promise.reject(new Fault("line-down", { transport: this.name, why: why ?? "it has hung up" }));
    if (this.#isOpen) return Promise.reject(new Error(`${this.name} is opened once only`));
    this.#isOpen = true;
    listenTo(this.#socket, this.#listeners, (reason) => this.#end(reason));
    this.#socket.resume();
    return Promise.resolve();
  }

  /** As over every transport: rejects only where nothing left. */
  send(bytes: Uint8Array): Promise<void> {
    if (!this.isOpen)
      return Promise.reject(new Fault("line-down", { transport: this.name, why: this.#listeners.why ?? "not open" }));
    return this.#listeners.untilClosed((done) => this.#socket.write(bytes, () => done()));
  }

  close(): Promise<void> {
    return this.end("closed by us");
  }

  /** As `close`, with a reason that those who listen can tell a person. */
  async end(why: string): Promise<void> {
    const gone = this.#socket.closed
      ? Promise.resolve()
      : new Promise<void>((resolve) => void this.#socket.once("close", () => resolve()));
    this.#end(why);
    await gone;
  }

  onReceived(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.onReceived(listener);
  }

  onClosed(listener: (why: string) => void): void {
    this.#listeners.onClosed(listener);
  }

  #end(why: string): void {
    this.#isOpen = false;
    this.#listeners.closed(why);
    hangUp(this.#socket);
  }
}
