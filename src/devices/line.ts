/**
 * The line actor: the one who speaks on one pair of wires. Exactly one request is in flight; between two exchanges the line
 * rests; everything else waits its turn by urgency.
 *
 *     ask ─► queue ─► deadline? ─► beforeFirstByte ─► deadline? ─► waiter, then bytes ─► reply ──► turnaround ──► next
 *                                                                                   └──► silence ► quiet ───────► next
 *
 * After silence the line keeps quiet for longer: what is heard then is a late reply and belongs to no one; taken for the
 * next answer it would be the wrong meter's. A request for a line that is down fails at once, so nothing waits here to
 * do harm later. What a frame means to a meter is not known here.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import { Fault, isFault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { Deframer, encodeFrame, readReply } from "../protocols/dlt645/index.ts";
import type { Frame, Piece, Reply } from "../protocols/dlt645/index.ts";
import { exchange, type ExchangeEvent, type ExchangeState } from "./exchange.ts";
import { ExchangeQueue } from "./exchange-queue.ts";
import type { Priority } from "./meter.ts";
import { BYTE_GAP_MS, QUEUE_LENGTH_MAX, replyDeadlineMs, type LineTiming } from "./timing.ts";

/** What the line speaks through; `Reconnecting` of the transports fulfils it. */
export interface LineLink {
  readonly name: string;
  readonly isOpen: boolean;
  readonly why: string | null;
  start(): Promise<void>;
  send(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
  onReceived(listener: (bytes: Uint8Array) => void): void;
  onDropped(listener: (why: string) => void): void;
}

export interface LineRequest {
  readonly frame: Frame;
  readonly preamble: number;
  readonly priority: Priority;
  readonly notAfter?: Instant;
  readonly beforeFirstByte?: () => Promise<void>;
  /** Removes the request while no byte has left; afterwards it is ignored. */
  readonly signal?: AbortSignal;
  /** Every whole frame of this exchange, as evidence. Passwords are not masked here. */
  readonly onFrame?: (direction: "sent" | "received", bytes: Uint8Array, at: Instant) => void;
}

export type LineAnswer =
  | { readonly outcome: "answered"; readonly reply: Reply; readonly sentAt: Instant; readonly at: Instant }
  /** `lineClosed`: the line went away under the exchange, so the silence says nothing about the meter. */
  | { readonly outcome: "silent"; readonly why: string; readonly lineClosed: boolean; readonly sentAt: Instant };

/** Where the numbers on the dashboard come from. */
export interface LineCounts {
  exchanges: number;
  silences: number;
  busyMs: number;
  /** Frames that came after their exchange had ended, or belonged to nobody. */
  late: number;
  strays: number;
  echoes: number;
  noiseBytes: number;
}

export interface LineParts {
  readonly id: string;
  readonly link: LineLink;
  readonly timing: LineTiming;
  readonly clock: Clock;
  readonly log: Logger;
  readonly queueLengthMax?: number;
}

interface Job {
  readonly request: LineRequest;
  readonly settle: (answer: LineAnswer) => void;
  readonly fail: (cause: unknown) => void;
  /** Hung on the caller's signal; taken off when the turn comes to an end, since a signal may outlive many requests. */
  readonly withdraw: () => void;
  state: ExchangeState;
}

/** A line that never falls silent must not stop for ever; after so many windows it is used all the same. */
const QUIET_WINDOWS_MAX = 10;

export class Line {
  readonly id: string;
  readonly counts: LineCounts = { exchanges: 0, silences: 0, busyMs: 0, late: 0, strays: 0, echoes: 0, noiseBytes: 0 };
  readonly #parts: LineParts;
  readonly #queue: ExchangeQueue<Job>;
  readonly #deframer = new Deframer();
  readonly #closing = new AbortController();
  #holds = 0;
  #worker: Promise<void> | undefined;
  #heardAt: Instant;
  #gap = new AbortController();
  /** The exchange in flight: where events go. */
  #tell: ((event: ExchangeEvent) => void) | undefined;
  #current: Job | undefined;

  constructor(parts: LineParts) {
    this.#parts = parts;
    this.id = parts.id;
    this.#queue = new ExchangeQueue(parts.queueLengthMax ?? QUEUE_LENGTH_MAX);
    this.#heardAt = parts.clock.now();
    parts.link.onReceived((bytes) => this.#received(bytes));
    parts.link.onDropped((why) => this.#dropped(why));
  }

  get link(): LineLink {
    return this.#parts.link;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Throws a Fault (or what the signal or `beforeFirstByte` threw) when nothing was sent; resolves as soon as bytes have left. */
  ask(request: LineRequest): Promise<LineAnswer> {
    const { signal } = request;
    if (signal?.aborted === true) return Promise.reject(errorOf(signal.reason));
    if (!this.link.isOpen || this.#closing.signal.aborted) return Promise.reject(this.#down());
    return new Promise<LineAnswer>((settle, reject) => {
      const fail = (cause: unknown) => reject(errorOf(cause));
      const withdraw = () => {
        if (this.#queue.remove(job)) fail(signal?.reason);
        else if (this.#current === job) this.#tell?.({ type: "abort", cause: signal?.reason });
      };
      const job: Job = { request, settle, fail, state: { at: "queued" }, withdraw };
      if (!this.#queue.add(request.priority, job)) {
        fail(new Fault("bus-queue-full", { bus: this.id, waiting: this.#queue.length }));
        return;
      }
      signal?.addEventListener("abort", withdraw, { once: true });
      this.#wake();
    });
  }

  /** Resolves when nothing is under way; nothing new begins until the returned function is called. */
  async hold(): Promise<() => void> {
    this.#holds += 1;
    await this.#worker;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#holds -= 1;
      this.#wake();
    };
  }

  /** What is under way may end; what waits is told that nothing was sent. */
  async close(): Promise<void> {
    this.#closing.abort();
    for (const job of this.#queue.empty()) job.fail(this.#down());
    await this.#worker;
    this.#gap.abort();
    await this.link.close();
  }

  #down(): Fault {
    return new Fault("line-down", { bus: this.id, transport: this.link.name, why: this.link.why ?? "closing" });
  }

  #wake(): void {
    if (this.#worker !== undefined || this.#holds > 0 || this.#queue.length === 0) return;
    this.#worker = this.#work().finally(() => {
      this.#worker = undefined;
      this.#wake();
    });
  }

  async #work(): Promise<void> {
    while (this.#holds === 0) {
      const job = this.#queue.next();
      if (job === undefined) return;
      await this.#run(job);
    }
  }

  /** One exchange, and the rest that the line needs after it. */
  async #run(job: Job): Promise<void> {
    const { clock, timing, log } = this.#parts;
    const ended = new AbortController();
    let sentAt: Instant | undefined;
    this.#current = job;
    this.#tell = (event) => {
      const [state, effect] = exchange(job.state, event);
      job.state = state;
      if (effect === "done") ended.abort();
    };
    this.#tell({ type: "turn" });
    const prevented = await this.#prepare(job.request);
    this.#tell(prevented === undefined ? { type: "prepared" } : { type: "prevented", cause: prevented.cause });
    if (isSpeaking(job)) {
      // The waiter stands (state `speaking`) before the first byte leaves: some meters answer before `send` resolves.
      const bytes = encodeFrame(job.request.frame, { preamble: job.request.preamble });
      this.#deframer.flush();
      sentAt = clock.now();
      job.request.onFrame?.("sent", bytes, sentAt);
      this.link.send(bytes).catch((cause: unknown) => {
        // Only `line-down` promises that nothing left; anything else must be taken for bytes on the wire.
        if (isFault(cause, "line-down")) this.#tell?.({ type: "refused", cause });
        else log.warn({ bus: this.id, why: reasonOf(cause) }, "sending ended oddly; waiting for the meter all the same");
      });
      const deadlineMs = replyDeadlineMs(timing, job.request.frame, bytes.length);
      void clock.wait(deadlineMs, ended.signal).then(() => this.#current === job && this.#tell?.({ type: "reply-deadline" }));
      await untilAborted(ended.signal);
    }
    const endedAt = clock.now();
    this.#tell = undefined;
    this.#current = undefined;
    this.#settle(job, sentAt, endedAt);
    if (job.state.at === "answered") await clock.wait(timing.turnaroundMs, this.#closing.signal);
    if (job.state.at === "silent") await this.#keepQuiet(endedAt);
  }

  /** The last moment before the first byte. Deadline, then the caller's own look, then the deadline again. */
  async #prepare({ notAfter, beforeFirstByte }: LineRequest): Promise<{ cause: unknown } | undefined> {
    const { clock } = this.#parts;
    const passed = () =>
      notAfter !== undefined && clock.now() > notAfter
        ? { cause: new Fault("deadline-passed", { bus: this.id, notAfter }) }
        : undefined;
    const down = () => (this.link.isOpen ? undefined : { cause: this.#down() });
    try {
      const early = passed() ?? down();
      if (early !== undefined) return early;
      await beforeFirstByte?.();
      return passed() ?? down();
    } catch (cause) {
      return { cause };
    }
  }

  #settle(job: Job, sentAt: Instant | undefined, at: Instant): void {
    const { state } = job;
    job.request.signal?.removeEventListener("abort", job.withdraw);
    if (sentAt === undefined || state.at === "unsent") {
      job.fail(state.at === "unsent" ? state.cause : this.#down());
      return;
    }
    this.counts.exchanges += 1;
    this.counts.busyMs += at - sentAt;
    if (state.at === "answered") {
      job.settle({ outcome: "answered", reply: state.reply, sentAt, at });
    } else {
      this.counts.silences += 1;
      const { why, lineClosed } = state.at === "silent" ? state : { why: "ended without a word", lineClosed: false };
      job.settle({ outcome: "silent", why, lineClosed, sentAt });
    }
  }

  /** Until nothing has been heard for a whole window. */
  async #keepQuiet(from: Instant): Promise<void> {
    const { clock, timing, log } = this.#parts;
    for (let windows = 0; windows < QUIET_WINDOWS_MAX; windows += 1) {
      const rest = Math.max(from, this.#heardAt) + timing.quietMs - clock.now();
      if (rest <= 0 || this.#closing.signal.aborted) return;
      await clock.wait(rest, this.#closing.signal);
    }
    log.warn({ bus: this.id }, "the line does not fall silent; it is used all the same: look for a second master or noise");
  }

  #received(bytes: Uint8Array): void {
    this.#heardAt = this.#parts.clock.now();
    this.#gap.abort();
    this.#take(this.#deframer.push(bytes));
    if (this.#deframer.heldBytes > 0) this.#awaitRest();
  }

  /** A frame that stops in the middle is given up after the longest pause the standard allows. */
  #awaitRest(): void {
    const gap = new AbortController();
    this.#gap = gap;
    void this.#parts.clock.wait(BYTE_GAP_MS, gap.signal).then(() => {
      if (!gap.signal.aborted) this.#take(this.#deframer.flush());
    });
  }

  #take(pieces: readonly Piece[]): void {
    for (const piece of pieces) {
      if (piece.kind === "noise") {
        // Never the bytes themselves: half an echo may hold a password.
        this.counts.noiseBytes += piece.bytes.length;
        this.#parts.log.debug({ bus: this.id, bytes: piece.bytes.length, why: piece.why }, "noise");
      } else {
        this.#frame(piece.frame, piece.bytes);
      }
    }
  }

  #frame(frame: Frame, bytes: Uint8Array): void {
    if ((frame.control & 0x80) === 0) {
      this.counts.echoes += 1;
      return;
    }
    const job = this.#current;
    if (job === undefined || !isSpeaking(job)) {
      this.counts.late += 1;
      return;
    }
    job.request.onFrame?.("received", bytes, this.#parts.clock.now());
    const reply = readReply(job.request.frame, frame);
    if (reply.is === "not-ours") {
      this.counts.strays += 1;
      this.#parts.log.debug({ bus: this.id, why: reply.why }, "a frame that answers another question");
    }
    this.#tell?.({ type: "reply", reply, frame });
  }

  #dropped(why: string): void {
    this.#gap.abort();
    this.#deframer.flush();
    this.#tell?.({ type: "closed", cause: new Fault("line-down", { bus: this.id, transport: this.link.name, why }) });
    for (const job of this.#queue.empty()) job.fail(this.#down());
  }
}

const errorOf = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)));
const isSpeaking = (job: Job): boolean => job.state.at === "speaking";

const untilAborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
