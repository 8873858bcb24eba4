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
import { encodeFrame, readReply } from "../protocols/dlt645/index.ts";
import type { Frame } from "../protocols/dlt645/index.ts";
import { exchange, type ExchangeEvent, type ExchangeState } from "./exchange.ts";
import { ExchangeQueue } from "./exchange-queue.ts";
import { LineEar } from "./line-ear.ts";
import { noCounts, type LineAnswer, type LineRequest } from "./line-request.ts";
import { BYTE_GAP_MS, QUEUE_LENGTH_MAX, replyDeadlineMs, SAID_MS, type LineTiming } from "./timing.ts";

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
  readonly bytes: Uint8Array;
  readonly settle: (answer: LineAnswer) => void;
  readonly fail: (cause: unknown) => void;
  /** Hung on the caller's signal; taken off when the turn comes to an end, since a signal may outlive many requests. */
  readonly withdraw: () => void;
  state: ExchangeState;
}

/** A frame that is still coming in at the deadline is waited for, but not for ever. */
const GRACE_PAUSES_MAX = 8;
/** A line that never falls silent must not stop for ever; after so many windows it is used all the same. */
const QUIET_WINDOWS_MAX = 10;

export class Line {
  readonly id: string;
  readonly counts = noCounts();
  readonly #parts: LineParts;
  readonly #queue: ExchangeQueue<Job>;
  readonly #ear: LineEar;
  readonly #closing = new AbortController();
  #holds = 0;
  #worker: Promise<void> | undefined;
  /** The exchange in flight, and where its events go. */
  #current: Job | undefined;
  #tell: ((event: ExchangeEvent) => void) | undefined;

  constructor(parts: LineParts) {
    const { clock, log, link } = parts;
    this.#parts = parts;
    this.id = parts.id;
    this.#queue = new ExchangeQueue(parts.queueLengthMax ?? QUEUE_LENGTH_MAX);
    this.#ear = new LineEar({ clock, log, counts: this.counts, onReply: (frame, bytes) => this.#replied(frame, bytes) });
    link.onReceived((bytes) => this.#ear.hear(bytes));
    link.onDropped((why) => this.#dropped(why));
  }

  get link(): LineLink {
    return this.#parts.link;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Throws a Fault (or what the signal or `beforeFirstByte` threw) when nothing was sent; resolves as soon as bytes have left. */
  async ask(request: LineRequest): Promise<LineAnswer> {
    const { signal } = request;
    if (signal?.aborted === true) return Promise.reject(errorOf(signal.reason));
    if (!this.link.isOpen || this.#closing.signal.aborted) return Promise.reject(this.#down());
    const bytes = encodeFrame(request.frame, { preamble: request.preamble });
    return new Promise<LineAnswer>((settle, reject) => {
      const fail = (cause: unknown) => reject(errorOf(cause));
      const withdraw = () => {
        if (this.#queue.remove(job)) fail(signal?.reason);
        else if (this.#current === job) this.#tell?.({ type: "abort", cause: signal?.reason });
      };
      const job: Job = { request, bytes, settle, fail, state: { at: "queued" }, withdraw };
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
    this.#ear.forget();
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
      await this.#run(job).catch((mistake: unknown) => job.fail(mistake)); // ours, and only this piece of work's
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
      if (effect === "done") ended.abort(effect); // with a reason of our own: the default one is an Error with a stack, for each exchange
    };
    this.#tell({ type: "turn" });
    const prevented = await this.#prepare(job.request);
    this.#tell(prevented === undefined ? { type: "prepared" } : { type: "prevented", cause: prevented.cause });
    if (isSpeaking(job)) {
      // The waiter stands (state `speaking`) before the first byte leaves: some meters answer before `send` resolves.
      this.#ear.forget();
      sentAt = clock.now();
      job.request.onFrame?.("sent", job.bytes, sentAt);
      this.link.send(job.bytes).catch((cause: unknown) => {
        // Only `line-down` promises that nothing left; anything else must be taken for bytes on the wire.
        if (isFault(cause, "line-down")) this.#tell?.({ type: "refused", cause });
        else log.warn({ bus: this.id, why: reasonOf(cause) }, "sending ended oddly; waiting for the meter all the same");
      });
      const deadlineMs =
        job.request.expectsReply === false
          ? Math.ceil(job.bytes.length * timing.byteMs) + SAID_MS
          : replyDeadlineMs(timing, job.request.frame, job.bytes.length, job.request.replyBytes);
      void this.#awaitDeadline(deadlineMs, ended.signal).then(() => {
        if (!ended.signal.aborted) this.#tell?.({ type: "reply-deadline" });
      });
      await untilAborted(ended.signal);
    }
    const endedAt = clock.now();
    this.#tell = undefined;
    this.#current = undefined;
    this.#settle(job, sentAt, endedAt);
    const said = job.request.expectsReply === false;
    if (job.state.at === "answered" || said) await clock.wait(timing.turnaroundMs, this.#closing.signal);
    else if (job.state.at === "silent") await this.#keepQuiet(endedAt);
  }

  /** A deadline passes in silence only: a meter in the middle of a frame may finish it. */
  async #awaitDeadline(ms: number, ended: AbortSignal): Promise<void> {
    const { clock } = this.#parts;
    await clock.wait(ms, ended);
    for (let pauses = 0; pauses < GRACE_PAUSES_MAX && !ended.aborted && this.#ear.isInsideFrame; pauses += 1) {
      const rest = this.#ear.heardAt + BYTE_GAP_MS - clock.now();
      if (rest <= 0) return;
      await clock.wait(rest, ended);
    }
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
    } else if (job.request.expectsReply === false) {
      job.settle({ outcome: "said", sentAt });
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
      const rest = Math.max(from, this.#ear.heardAt) + timing.quietMs - clock.now();
      if (rest <= 0 || this.#closing.signal.aborted) return;
      await clock.wait(rest, this.#closing.signal);
    }
    log.warn({ bus: this.id }, "the line does not fall silent; it is used all the same: look for a second master or noise");
  }

  #replied(frame: Frame, bytes: Uint8Array): void {
    const job = this.#current;
    if (job === undefined || !isSpeaking(job)) {
      this.counts.late += 1;
      return;
    }
    job.request.onFrame?.("received", bytes, this.#parts.clock.now());
    const reply = readReply(job.request.frame, frame, job.request.choices);
    if (reply.is === "not-ours") {
      this.counts.strays += 1;
      this.#parts.log.debug({ bus: this.id, why: reply.why }, "a frame that answers another question");
    }
    this.#tell?.({ type: "reply", reply, frame });
  }

  #dropped(why: string): void {
    this.#ear.forget();
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
