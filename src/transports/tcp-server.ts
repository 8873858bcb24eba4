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
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { PAUSE_FIRST_MS, PAUSE_MAX_MS } from "./reconnecting.ts";
import { CallerTransport } from "./tcp-caller.ts";
import { SOCKET_OPTIONS } from "./tcp-socket.ts";

export const CALLERS_MAX = 4_096;
/** A street whose mobile network comes back calls all at once; the kernel cuts this to its own limit. */
const BACKLOG = 4_096;

export interface TcpServerOptions {
  readonly host: string;
  readonly port: number;
  readonly callersMax?: number;
  /** False: who calls now is hung up on at once. */
  readonly isExpecting?: () => boolean;
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

  /** Everybody who is connected now. */
  async hangUp(): Promise<void> {
    await Promise.all([...this.#callers].map((caller) => caller.close()));
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.hangUp();
    await this.#running;
  }

  async #run(firstTry: () => void): Promise<void> {
    const { clock, chance, log } = this.#around;
    const { signal } = this.#ended;
    const isEnded = (): boolean => signal.aborted;
    for (let failures = 0; !isEnded(); failures += 1) {
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
      if (!isEnded())
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
    const { callersMax = CALLERS_MAX, onCaller, isExpecting } = this.#options;
    if (isExpecting?.() === false) {
      socket.on("error", () => undefined);
      socket.destroy();
      return;
    }
    if (this.#callers.size >= callersMax || this.#ended.signal.aborted) {
      socket.on("error", () => undefined);
      socket.destroy();
      this.#turnedAway += 1;
      if (this.#turnedAway % 100 === 1)
        log.warn({ callersMax, turnedAway: this.#turnedAway }, "too many callers: one was turned away");
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
