/**
 * Writes what happens on a street to a file, one line an event.
 *
 * The wires never wait for the disk: lines that it cannot take yet stand in a queue, and when that is full they are counted and
 * a line says how many are missing. A file that can no longer be written ends the recording and is said in the log.
 */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import type { WriteStream } from "node:fs";
import { Fault, reasonOf } from "../../src/kernel/faults.ts";
import type { Logger } from "../../src/kernel/log.ts";
import { makeFolderOf } from "../folder-of.ts";
import type { StreetEvent } from "../frame-log.ts";
import type { Street } from "../street.ts";
import { headerOf, headerText } from "./header.ts";
import { lineOf } from "./line.ts";
import type { LineForm } from "./line.ts";

export interface RecordingOrder extends LineForm {
  readonly file: string;
  /** Everything since the street was raised; left out, from now on, with the street's state at the head. */
  readonly sinceRaised?: boolean | undefined;
  /** A file of that name is replaced; left out, it is refused. */
  readonly replace?: boolean | undefined;
}

export interface RecordingStatus {
  readonly file: string;
  readonly lines: number;
  /** Events that the disk was too slow for. */
  readonly dropped: number;
}

const QUEUE_MAX = 50_000;

export class Recorder {
  readonly #street: Street;
  readonly #log: Logger;
  readonly #queueMax: number;
  #running: Running | undefined;
  #isOpening = false;

  constructor(street: Street, log: Logger, { queueMax = QUEUE_MAX } = {}) {
    this.#street = street;
    this.#log = log;
    this.#queueMax = queueMax;
  }

  get status(): RecordingStatus | null {
    return this.#running?.status ?? null;
  }

  async start(order: RecordingOrder): Promise<RecordingStatus> {
    const busyWith = this.#running?.status.file;
    if (busyWith !== undefined || this.#isOpening)
      throw new Fault("invalid-request", { field: "file", allowed: `one recording at a time; ${busyWith ?? "one"} is running` });
    this.#isOpening = true;
    try {
      const stream = await opened(order);
      this.#running = new Running(stream, {
        street: this.#street,
        order,
        log: this.#log,
        queueMax: this.#queueMax,
        ended: () => (this.#running = undefined),
      });
      return this.#running.status;
    } finally {
      this.#isOpening = false;
    }
  }

  /** Resolves when everything is in the file; null when nothing was running. */
  async stop(): Promise<RecordingStatus | null> {
    const running = this.#running;
    this.#running = undefined;
    return running === undefined ? null : running.end();
  }
}

async function opened({ file, replace }: RecordingOrder): Promise<WriteStream> {
  try {
    await makeFolderOf(file);
    const stream = createWriteStream(file, { flags: replace === true ? "w" : "wx" });
    await once(stream, "open");
    return stream;
  } catch (error) {
    const allowed =
      replace === true ? "a file that can be written" : 'a new file in a folder that can be written, or "replace": true';
    throw new Fault("invalid-request", { field: "file", given: file, allowed, because: reasonOf(error) }, { cause: error });
  }
}

interface Surroundings {
  readonly street: Street;
  readonly order: RecordingOrder;
  readonly log: Logger;
  readonly queueMax: number;
  readonly ended: () => void;
}

class Running {
  readonly #stream: WriteStream;
  readonly #around: Surroundings;
  readonly #hush: () => void;
  readonly #queue: string[] = [];
  #isFull = false;
  #lines = 0;
  #dropped = 0;
  #unsaid = 0;

  constructor(stream: WriteStream, around: Surroundings) {
    this.#stream = stream;
    this.#around = around;
    const { street, order } = around;
    const { events } = street;
    stream.on("drain", () => this.#drain());
    stream.on("error", (error) => this.#failed(error));
    const since = order.sinceRaised === true;
    const from = since ? (events.isComplete ? "raised" : "unknown") : "state";
    const state = since ? street.raisedFrom : street.state();
    this.#write(headerText(headerOf(street, order, { from, state })));
    if (since) for (const event of events.events()) this.#take(event);
    this.#hush = events.listen((event) => this.#take(event));
  }

  get status(): RecordingStatus {
    return { file: this.#around.order.file, lines: this.#lines, dropped: this.#dropped };
  }

  async end(): Promise<RecordingStatus> {
    this.#hush();
    while (this.#queue.length > 0 && !this.#stream.destroyed) await once(this.#stream, "drain").catch(() => undefined);
    this.#sayGap();
    if (!this.#stream.destroyed) {
      this.#stream.end();
      await once(this.#stream, "close").catch(() => undefined);
    }
    return this.status;
  }

  #take(event: StreetEvent): void {
    if (this.#isFull && this.#queue.length >= this.#around.queueMax) {
      this.#dropped += 1;
      this.#unsaid += 1;
      return;
    }
    this.#sayGap();
    this.#write(JSON.stringify(lineOf(event, this.#around.order)));
    this.#lines += 1;
  }

  #sayGap(): void {
    if (this.#unsaid === 0 || this.#stream.destroyed) return;
    this.#write(JSON.stringify({ what: "gap", dropped: this.#unsaid }));
    this.#unsaid = 0;
  }

  #write(line: string): void {
    if (this.#isFull) this.#queue.push(line);
    else this.#isFull = !this.#stream.write(`${line}\n`);
  }

  #drain(): void {
    this.#isFull = false;
    // In one piece: what was waiting is a few thousand lines at most for each time the disk draws breath.
    const waiting = this.#queue.splice(0);
    if (waiting.length > 0) this.#isFull = !this.#stream.write(`${waiting.join("\n")}\n`);
  }

  #failed(error: Error): void {
    this.#hush();
    this.#queue.length = 0;
    this.#around.log.error(
      { file: this.status.file, error: reasonOf(error) },
      "the recording has ended: its file cannot be written",
    );
    this.#around.ended();
  }
}
