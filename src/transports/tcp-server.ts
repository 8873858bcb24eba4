/**
 * Meters and modems that dial us: one port, and a transport for each connection that comes in. Who a caller is, is not known here;
 * `onCaller` gets it before it is opened, and from then on owns it.
 *
 * A port that is taken does not stop the start: it is tried again with the pauses of every other line. Beyond `callersMax` open
 * connections a new one is closed at once: the old ones carry exchanges.
 */
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { Listeners } from "./listeners.ts";
import { PAUSE_FIRST_MS, PAUSE_MAX_MS } from "./reconnecting.ts";
import { listenTo, SOCKET_OPTIONS } from "./tcp-socket.ts";
import type { Transport } from "./transport.ts";

export const CALLERS_MAX = 4_096;
/** A street whose mobile network comes back calls all at once; the kernel cuts this to its own limit. */
const BACKLOG = 4_096;

export interface TcpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly callersMax?: number;
  readonly onCaller: (caller: CallerTransport) => void;
}

interface Surroundings {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
}

export class TcpServer {
  readonly #options: TcpServerOptions;
  readonly #around: Surroundings;
  readonly #ended = new AbortController();
  readonly #callers = new Set<CallerTransport>();
  #server: Server | undefined;
  #why: string | null = "not opened yet";
  #running: Promise<void> | undefined;
  #turnedAway = 0;

  constructor(options: TcpServerOptions, around: Surroundings) {
    this.#options = options;
    this.#around = around;
  }

  /** With the port that was given to us where we asked for any (0). */
  get name(): string {
    const { host, port } = this.#options;
    const at = this.#server?.address() as AddressInfo | null | undefined;
    return `tcp-server:${host}:${at?.port ?? port}`;
  }

  get isOpen(): boolean {
    return this.#why === null;
  }

  get why(): string | null {
    return this.#why;
  }

  get callers(): number {
    return this.#callers.size;
  }

  get turnedAway(): number {
    return this.#turnedAway;
  }

  /** Resolves after the first try, whatever came of it. */
  start(): Promise<void> {
    return new Promise((firstTry) => {
      this.#running ??= this.#run(firstTry);
    });
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await Promise.all([...this.#callers].map((caller) => caller.close()));
    await this.#running;
  }

  async #run(firstTry: () => void): Promise<void> {
    const { clock, chance, log } = this.#around;
    const { signal } = this.#ended;
    for (let failures = 0; !signal.aborted; failures += 1) {
      try {
        const { broken } = await this.#listen();
        this.#why = null;
        failures = 0;
        log.info({ transport: this.name }, "callers are expected");
        firstTry();
        this.#why = await broken;
      } catch (error) {
        if (this.#why !== reasonOf(error))
          log.warn({ transport: this.name, why: reasonOf(error) }, "callers cannot be expected; it is tried again");
        this.#why = reasonOf(error);
        firstTry();
      }
      await this.#release();
      if (!signal.aborted)
        await clock.wait(chance.next() * Math.min(PAUSE_MAX_MS, PAUSE_FIRST_MS * 2 ** Math.min(failures, 16)), signal);
    }
    this.#why = "closed by us";
    firstTry();
  }

  /** Resolves when it listens; `broken` when it no longer does, with the reason. */
  #listen(): Promise<{ readonly broken: Promise<string> }> {
    const { host, port } = this.#options;
    const { signal } = this.#ended;
    const server = createServer(SOCKET_OPTIONS, (socket) => this.#accept(socket));
    this.#server = server;
    return new Promise((resolve, reject) => {
      server.once("error", (error: NodeJS.ErrnoException) => {
        const next = error.code === "EADDRINUSE" ? "; stop the other program or choose another port" : "";
        reject(new Error(`${error.message}${next}`));
      });
      server.listen({ host, port, backlog: BACKLOG }, () => {
        const broken = new Promise<string>((ended) => {
          server.on("error", (error) => ended(error.message));
          const closed = () => ended("closed by us");
          if (signal.aborted) closed();
          else signal.addEventListener("abort", closed, { once: true });
        });
        resolve({ broken });
      });
    });
  }

  #accept(socket: Socket): void {
    const { log } = this.#around;
    const { callersMax = CALLERS_MAX, onCaller } = this.#options;
    if (this.#callers.size >= callersMax || this.#ended.signal.aborted) {
      socket.on("error", () => undefined);
      socket.destroy();
      this.#turnedAway += 1;
      if (this.#turnedAway % 100 === 1) log.warn({ callersMax, turnedAway: this.#turnedAway }, "too many callers: one was turned away");
      return;
    }
    const caller = new CallerTransport(socket);
    this.#callers.add(caller);
    caller.onClosed(() => this.#callers.delete(caller));
    onCaller(caller);
  }

  #release(): Promise<void> {
    const server = this.#server;
    return new Promise((resolve) => {
      if (server?.listening === true) server.close(() => resolve());
      else resolve();
    });
  }
}

/** One connection that came in. Nothing is read from it before it is opened, so nothing it says is missed. */
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
    const gone = this.#socket.closed ? Promise.resolve() : new Promise<void>((resolve) => void this.#socket.once("close", () => resolve()));
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
    this.#socket.destroy();
  }
}
