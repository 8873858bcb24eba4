/**
 * Serial servers and concentrators that we dial. The byte stream passes unchanged: one segment may hold half a frame or three.
 * How the socket is set up, and why, stands in `tcp-socket.ts`.
 */
import { connect, type Socket } from "node:net";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { Listeners } from "./listeners.ts";
import { hangUp, listenTo, SOCKET_OPTIONS } from "./tcp-socket.ts";
import type { Transport } from "./transport.ts";

export const CONNECT_TIMEOUT_MS = 5_000; // a serial server on a mobile network may take seconds to accept

export interface TcpOptions {
  readonly host: string;
  readonly port: number;
  readonly connectTimeoutMs?: number;
}

export class TcpTransport implements Transport {
  readonly name: string;
  readonly #options: TcpOptions;
  readonly #clock: Clock;
  readonly #listeners = new Listeners();
  #socket: Socket | undefined;
  #isOpen = false;

  constructor(options: TcpOptions, clock: Clock) {
    this.#options = options;
    this.#clock = clock;
    this.name = `tcp:${options.host}:${options.port}`;
  }

  get isOpen(): boolean {
    return this.#isOpen && this.#socket?.writable === true;
  }

  async open(): Promise<void> {
    const { host, port, connectTimeoutMs = CONNECT_TIMEOUT_MS } = this.#options;
    if (this.#socket !== undefined || this.#listeners.why !== null) throw new Error(`${this.name} is opened once only`);
    const socket = connect({ host, port, ...SOCKET_OPTIONS });
    this.#socket = socket;
    const settled = new AbortController();
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once("connect", resolve);
        socket.once("error", reject);
        socket.once("close", () => reject(new Error("closed while connecting")));
        void this.#clock.wait(connectTimeoutMs, settled.signal).then(() => {
          if (!settled.signal.aborted) reject(new Error(`no connection within ${connectTimeoutMs} ms`));
        });
      });
    } catch (cause) {
      socket.on("error", () => undefined);
      socket.destroy();
      throw new Fault(
        "line-down",
        { transport: this.name, why: cause instanceof Error ? cause.message : String(cause) },
        { cause },
      );
    } finally {
      settled.abort();
    }
    this.#isOpen = true;
    listenTo(socket, this.#listeners, (why) => this.#ended(why));
  }

  /**
   * Rejects only where nothing was sent. A write that breaks in the middle resolves, and `closed` tells the rest: how
   * many of the bytes arrived is known to nobody.
   */
  send(bytes: Uint8Array): Promise<void> {
    const socket = this.#socket;
    if (!this.isOpen || socket === undefined) {
      return Promise.reject(new Fault("line-down", { transport: this.name, why: this.#listeners.why ?? "not open" }));
    }
    return this.#listeners.untilClosed((done) => socket.write(bytes, done));
  }

  async close(): Promise<void> {
    const socket = this.#socket;
    this.#ended("closed by us");
    if (socket === undefined || socket.closed) return;
    await new Promise<void>((resolve) => void socket.once("close", () => resolve()));
  }

  onReceived(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.onReceived(listener);
  }

  onClosed(listener: (why: string) => void): void {
    this.#listeners.onClosed(listener);
  }

  #ended(why: string): void {
    this.#isOpen = false;
    this.#listeners.closed(why);
    if (this.#socket !== undefined) hangUp(this.#socket);
  }
}
