/**
 * One connection to an HSM, from dialling to its end: requests go out with an id, answers find their way back by it.
 *
 * Several requests may be under way, and answers may come in any order. Each has a deadline; an answer that comes later belongs to
 * no one. A line that is no answer, or an answer nobody asked for, ends the connection: whatever speaks there cannot be believed.
 * Three deadlines in a row end it too, since a peer that vanished without a word looks just like that.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Clock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { answerIn, declinedBecause, LineCutter, type Fields, type Verb } from "./hsm-protocol.ts";

/** Requests that may wait for answers at once; more are refused at once, and whoever asked comes again. */
export const PENDING_MAX = 256;
const DEADLINES_IN_A_ROW_MAX = 3;
const KEEP_ALIVE_AFTER_MS = 30_000;

export interface HsmPlace {
  readonly host: string;
  readonly port: number;
  /** Null: plain TCP. `ca` is PEM text, null for the authorities Node knows. */
  readonly tls: { readonly ca: string | null } | null;
}

export interface ConnectionParts {
  readonly place: HsmPlace;
  /** For the connection to stand, and for each answer. */
  readonly deadlineMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Waiting {
  readonly answered: (fields: Fields) => void;
  readonly failed: (why: Error) => void;
}

export class HsmConnection {
  readonly #parts: ConnectionParts;
  readonly #socket: Socket;
  readonly #cutter = new LineCutter();
  readonly #waiting = new Map<number, Waiting>();
  readonly #ended = Promise.withResolvers<string>();
  #why: string | null = null;
  #lastId = 0;
  #deadlinesInARow = 0;

  private constructor(parts: ConnectionParts, socket: Socket) {
    this.#parts = parts;
    this.#socket = socket;
    let broke = "the far end closed the connection";
    socket.on("error", (error) => (broke = error.message));
    socket.on("data", (bytes) => this.#received(bytes));
    socket.on("end", () => this.#end(broke));
    socket.on("close", () => this.#end(broke));
  }

  /** Rejects with an Error that says why when no connection stands within the deadline, or when the signal ends it. */
  static async open(parts: ConnectionParts, signal: AbortSignal): Promise<HsmConnection> {
    const { place, deadlineMs, clock } = parts;
    const at = { host: place.host, port: place.port, keepAlive: true, keepAliveInitialDelay: KEEP_ALIVE_AFTER_MS };
    const socket =
      place.tls === null ? connectTcp(at) : connectTls({ ...at, ...(place.tls.ca === null ? {} : { ca: place.tls.ca }) });
    socket.setNoDelay(true);
    const settled = new AbortController();
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once(place.tls === null ? "connect" : "secureConnect", resolve);
        socket.once("error", reject);
        socket.once("close", () => reject(new Error("closed while connecting")));
        void clock.wait(deadlineMs, AbortSignal.any([settled.signal, signal])).then(() => {
          if (!settled.signal.aborted)
            reject(new Error(signal.aborted ? "closed by us" : `no connection within ${deadlineMs} ms`));
        });
      });
    } catch (error) {
      socket.on("error", () => undefined);
      socket.destroy();
      throw new Error(reasonOf(error) || (error as NodeJS.ErrnoException).code, { cause: error });
    } finally {
      settled.abort();
    }
    return new HsmConnection(parts, socket);
  }

  /** Resolves with the reason when the connection has ended. */
  get ended(): Promise<string> {
    return this.#ended.promise;
  }

  /** Resolves with what the server answered; rejects with HsmDeclined when it declined, with another Error when no answer came. */
  async ask(verb: Verb, fields: Fields): Promise<Fields> {
    if (this.#why !== null) throw new Error(this.#why);
    if (this.#waiting.size >= PENDING_MAX) throw new Error(`${PENDING_MAX} requests wait for it already`);
    const { clock, deadlineMs } = this.#parts;
    const id = ++this.#lastId;
    const over = new AbortController();
    try {
      return await new Promise((answered, failed) => {
        this.#waiting.set(id, { answered, failed });
        this.#socket.write(`${JSON.stringify({ id, verb, ...fields })}\n`);
        void clock.wait(deadlineMs, over.signal).then(() => {
          if (!over.signal.aborted) this.#late(verb, failed);
        });
      });
    } finally {
      over.abort();
      this.#waiting.delete(id);
    }
  }

  close(why = "closed by us"): void {
    this.#end(why);
  }

  #received(bytes: Uint8Array): void {
    try {
      for (const line of this.#cutter.push(bytes)) if (this.#why === null) this.#answer(line);
    } catch (error) {
      this.#end(`it sent ${reasonOf(error)}`);
    }
  }

  #answer(line: string): void {
    const { id, ok, fields } = answerIn(line);
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) {
      if (id < 1 || id > this.#lastId) this.#end("it answered a request that nobody made");
      else this.#parts.log.debug({ id }, "an answer of the HSM came too late and belongs to no one");
      return;
    }
    this.#waiting.delete(id); // a second answer to it comes too late
    this.#deadlinesInARow = 0;
    if (ok) waiting.answered(fields);
    else waiting.failed(declinedBecause(fields));
  }

  #late(verb: Verb, failed: (why: Error) => void): void {
    failed(new Error(`it did not answer ${verb} within ${this.#parts.deadlineMs} ms`));
    this.#deadlinesInARow += 1;
    if (this.#deadlinesInARow >= DEADLINES_IN_A_ROW_MAX)
      this.#end(`it left ${DEADLINES_IN_A_ROW_MAX} requests in a row without an answer`);
  }

  #end(why: string): void {
    if (this.#why !== null) return;
    this.#why = why;
    this.#socket.destroy();
    for (const { failed } of this.#waiting.values()) failed(new Error(why));
    this.#waiting.clear();
    this.#ended.resolve(why);
  }
}
