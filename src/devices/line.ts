/**
 * The line actor: the one who speaks on one pair of wires. Exactly one request is in flight; between two exchanges the line
 * rests; everything else waits its turn by urgency.
 *
 *     ask ─► queue ─► deadline? ours? ─► beforeFirstByte ─► deadline? ours? ─► waiter, then bytes ─► reply ──► turnaround ──► next
 *                                                                                               └──► silence ► quiet ───────► next
 *
 * After silence the line keeps quiet for longer: what is heard then is a late reply and belongs to no one; taken for the
 * next answer it would be the wrong meter's. A question given up before its whole allowance (answer-times.ts) leaves its meter
 * alone until that has passed, and the line serves others meanwhile. A request for a line that is down fails at once, so nothing
 * waits here to do harm later. What a frame means to a meter is not known here.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import { Fault, isFault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { encodeFrame, readReply } from "../protocols/dlt645/index.ts";
import type { Frame } from "../protocols/dlt645/index.ts";
import type { MeterAnswers } from "./answer-times.ts";
import { Answering } from "./answering.ts";
import { Doubles } from "./doubles.ts";
import { exchange, type ExchangeEvent, type ExchangeState } from "./exchange.ts";
import { ExchangeQueue } from "./exchange-queue.ts";
import { ForeignMaster, type Sign } from "./foreign-master.ts";
import { LineEar } from "./line-ear.ts";
import type { LineLink } from "./line-link.ts";
import { LinePatience, untilAborted } from "./line-patience.ts";
import { noCounts, type LineAnswer, type LineRequest } from "./line-request.ts";
import { LineTape } from "./line-tape.ts";
import { QUEUE_LENGTH_MAX, replyDeadlineMs, SAID_MS, type LineTiming } from "./timing.ts";
import { Twins } from "./twins.ts";

export type { LineLink } from "./line-link.ts";

export interface LineParts {
  readonly id: string;
  readonly link: LineLink;
  readonly timing: LineTiming;
  readonly clock: Clock;
  readonly log: Logger;
  readonly queueLengthMax?: number;
  readonly tape?: LineTape;
  /** Why we may not drive this line just now: asked in the last moment before a first byte, so from memory alone. */
  readonly notOurs?: () => Fault | undefined;
}

interface Job {
  readonly request: LineRequest;
  readonly bytes: Uint8Array;
  readonly settle: (answer: LineAnswer) => void;
  readonly fail: (cause: unknown) => void;
  state: ExchangeState;
}

export class Line {
  readonly id: string;
  readonly counts = noCounts();
  readonly tape: LineTape;
  /** Signs of another master, also those that only a session sees. */
  readonly others = new ForeignMaster();
  /** Signs of two meters under one address. */
  readonly twins: Twins;
  readonly #parts: LineParts;
  readonly #queue: ExchangeQueue<Job>;
  readonly #ear: LineEar;
  readonly #patience: LinePatience;
  readonly #answering: Answering;
  readonly #closing = new AbortController();
  readonly #doubles: Doubles;
  /** Ends the wait for a meter that is left alone: somebody else came, or nothing may begin. */
  #stir = new AbortController();
  #holds = 0;
  #worker: Promise<void> | undefined;
  /** The exchange in flight, and where its events go. */
  #current: Job | undefined;
  #tell: ((event: ExchangeEvent) => void) | undefined;

  constructor(parts: LineParts) {
    const { clock, log, link, timing } = parts;
    this.#parts = parts;
    this.id = parts.id;
    this.#doubles = new Doubles(clock);
    this.twins = new Twins(timing.answerMs + timing.quietMs);
    this.#queue = new ExchangeQueue(parts.queueLengthMax ?? QUEUE_LENGTH_MAX);
    this.tape = parts.tape ?? new LineTape();
    this.#ear = new LineEar({
      clock,
      log,
      counts: this.counts,
      tape: this.tape,
      onReply: (frame, bytes) => this.#replied(frame, bytes),
      onRequest: (frame, bytes) => this.#strangerAsked(frame, bytes),
      onNoise: (bytes) => this.twins.noise(bytes),
    });
    const { others, id } = this;
    this.#patience = new LinePatience({ id, clock, log, timing, ear: this.#ear, others, closing: this.#closing.signal });
    this.#answering = new Answering(timing);
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
      const withdraw = () => {
        if (this.#queue.remove(job)) job.fail(signal?.reason);
        else if (this.#current === job) this.#tell?.({ type: "abort", cause: signal?.reason });
      };
      // Taken off however the request ends, since a signal may outlive many of them.
      const ended = () => signal?.removeEventListener("abort", withdraw);
      const job: Job = {
        request,
        bytes,
        state: { at: "queued" },
        settle: (answer) => {
          ended();
          settle(answer);
        },
        fail: (cause) => {
          ended();
          reject(errorOf(cause));
        },
      };
      if (!this.#queue.add(request.priority, job)) {
        job.fail(new Fault("bus-queue-full", { bus: this.id, waiting: this.#queue.length }));
        return;
      }
      signal?.addEventListener("abort", withdraw, { once: true });
      this.#wake();
    });
  }

  /** Resolves when nothing is under way; nothing new begins until the returned function is called. */
  async hold(): Promise<() => void> {
    this.#holds += 1;
    this.#stir.abort("stirred");
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
    return (
      this.#parts.notOurs?.() ??
      new Fault("line-down", { bus: this.id, transport: this.link.name, why: this.link.why ?? "closing" })
    );
  }

  /** What this meter's answers have been taking. */
  answers(meter: string): MeterAnswers {
    return this.#answering.times.of(meter);
  }

  /** A sign of another master; told to people once in a while. */
  suspect(sign: Sign, meter: string): void {
    const { clock, log } = this.#parts;
    if (this.others.note(sign, clock.now()))
      log.warn({ bus: this.id, meter, sign, ...this.others.picture }, "another master seems to use this line");
  }

  #wake(): void {
    this.#stir.abort("stirred");
    if (this.#worker !== undefined || this.#holds > 0 || this.#queue.length === 0) return;
    this.#worker = this.#work().finally(() => {
      this.#worker = undefined;
      this.#wake();
    });
  }

  async #work(): Promise<void> {
    for (;;) {
      if (this.others.isAsking) await this.#patience.untilOthersAreDone();
      if (this.#holds > 0) return;
      const job = this.#queue.next(({ request }) => this.#answering.leftAloneMs(request.frame, this.#parts.clock.now()) <= 0);
      if (job === undefined) {
        if (this.#queue.length === 0) return;
        await this.#untilSomebodyMay();
        continue;
      }
      await this.#run(job).catch((mistake: unknown) => job.fail(mistake)); // ours, and only this piece of work's
    }
  }

  async #untilSomebodyMay(): Promise<void> {
    const { clock } = this.#parts;
    const waits = this.#queue.waiting.map(({ request }) => this.#answering.leftAloneMs(request.frame, clock.now()));
    this.#stir = new AbortController();
    await clock.wait(Math.min(...waits), this.#stir.signal);
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
      this.#ear.speaking(job.bytes);
      this.twins.asked();
      sentAt = clock.now();
      job.request.onFrame?.("sent", job.bytes, sentAt);
      this.tape.frame("sent", job.bytes, sentAt);
      this.link.send(job.bytes).catch((cause: unknown) => {
        // Only these two promise that nothing left; anything else must be taken for bytes on the wire.
        if (isFault(cause, "line-down") || isFault(cause, "line-not-ours")) this.#tell?.({ type: "refused", cause });
        else log.warn({ bus: this.id, why: reasonOf(cause) }, "sending ended oddly; waiting for the meter all the same");
      });
      const deadlineMs =
        job.request.expectsReply === false
          ? Math.ceil(job.bytes.length * timing.byteMs) + SAID_MS
          : this.#answering.asked(job.request, job.bytes.length, sentAt);
      void this.#patience.untilAnswerIsLate(deadlineMs, ended.signal).then(() => {
        if (!ended.signal.aborted) this.#tell?.({ type: "reply-deadline" });
      });
      await untilAborted(ended.signal);
    }
    const endedAt = clock.now();
    this.#tell = undefined;
    this.#current = undefined;
    this.#settle(job, sentAt, endedAt);
    await this.#rest(job, endedAt);
    if (sentAt !== undefined && job.state.at !== "unsent") this.counts.occupiedMs += clock.now() - sentAt;
  }

  /** What the line needs before the next may speak. What was said to everybody is followed by no late reply. */
  async #rest({ state, request }: Job, endedAt: Instant): Promise<void> {
    const { clock, timing } = this.#parts;
    const twinMs = this.twins.restMs(request.frame.address, endedAt);
    if (state.at === "answered")
      await clock.wait(timing.turnaroundMs + Math.max(this.#doubles.restMs, twinMs), this.#closing.signal);
    else if (state.at === "silent" && request.expectsReply === false) await clock.wait(timing.turnaroundMs, this.#closing.signal);
    else if (state.at === "silent") {
      if (!state.lineClosed) this.#answering.silent();
      await this.#patience.untilQuiet(endedAt);
    }
  }

  /** The last moment before the first byte. Deadline, then the caller's own look, then the deadline again. */
  async #prepare({ notAfter, beforeFirstByte }: LineRequest): Promise<{ cause: unknown } | undefined> {
    const { clock } = this.#parts;
    const passed = () =>
      notAfter !== undefined && clock.now() > notAfter
        ? { cause: new Fault("deadline-passed", { bus: this.id, notAfter }) }
        : undefined;
    const down = () => {
      const notOurs = this.#parts.notOurs?.();
      if (notOurs !== undefined) return { cause: notOurs };
      return this.link.isOpen ? undefined : { cause: this.#down() };
    };
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
    if (sentAt === undefined || state.at === "unsent") {
      job.fail(state.at === "unsent" ? state.cause : this.#down());
      return;
    }
    this.counts.exchanges += 1;
    this.counts.busyMs += at - sentAt;
    if (state.at === "answered") {
      this.twins.ended(job.request.frame.address, "answered", at);
      job.settle({ outcome: "answered", reply: state.reply, sentAt, at });
    } else if (job.request.expectsReply === false) {
      job.settle({ outcome: "said", sentAt });
    } else {
      this.counts.silences += 1;
      this.counts.silentMs += at - sentAt;
      const { why, lineClosed } = state.at === "silent" ? state : { why: "ended without a word", lineClosed: false };
      this.twins.ended(job.request.frame.address, "silent", at);
      job.settle({ outcome: "silent", why, lineClosed, sentAt });
    }
  }

  #replied(frame: Frame, bytes: Uint8Array): void {
    const now = this.#parts.clock.now();
    if (this.others.takesReply(frame, now)) return;
    const job = this.#current;
    if (job === undefined || !isSpeaking(job)) {
      this.counts.late += 1;
      this.#doubles.stray(bytes);
      this.twins.stray(frame, now);
      if (!this.#answering.late(frame, bytes.length, now)) this.suspect("reply", frame.address);
      return;
    }
    job.request.onFrame?.("received", bytes, now);
    const reply = readReply(job.request.frame, frame, job.request.choices);
    if (reply.is === "not-ours") {
      this.counts.strays += 1;
      this.#doubles.stray(bytes);
      this.twins.stray(frame, now);
      this.#parts.log.debug({ bus: this.id, why: reply.why }, "a frame that answers another question");
    } else {
      this.#doubles.took(bytes);
      this.twins.took(frame, now);
      this.#answering.answered(bytes.length, now);
    }
    this.#tell?.({ type: "reply", reply, frame });
  }

  /** Not ours, and no echo: the wire belongs to its answer for as long as a meter may take. */
  #strangerAsked(frame: Frame, bytes: Uint8Array): void {
    const { clock, timing } = this.#parts;
    this.counts.foreignRequests += 1;
    this.others.asked(frame, clock.now(), replyDeadlineMs(timing, frame, bytes.length));
    this.suspect("request", frame.address);
  }

  #dropped(why: string): void {
    this.#ear.forget();
    this.others.forgetCounts();
    this.#tell?.({ type: "closed", cause: new Fault("line-down", { bus: this.id, transport: this.link.name, why }) });
    for (const job of this.#queue.empty()) job.fail(this.#down());
  }
}

const errorOf = (cause: unknown): Error => (cause instanceof Error ? cause : new Error(String(cause)));
const isSpeaking = (job: Job): boolean => job.state.at === "speaking";
