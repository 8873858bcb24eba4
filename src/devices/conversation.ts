/**
 * What is said to one meter in one session, exchange by exchange: how often a question may be asked, what a reply means for the
 * caller, and the evidence of it all, passwords masked.
 *
 * Questions may be asked twice when nobody answers; anything that changes the meter is said exactly once. A meter that is known as
 * silent is asked by one in each of its pauses (meter-health.ts), whoever wants to know; the others are told at once. After each exchange
 * the line is free for others, so an urgent order waits for one exchange of a long poll and never for all of it.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { WireEvidence } from "../kernel/reading.ts";
import { PartsJoiner, maskedHex, permit, requests } from "../protocols/dlt645/index.ts";
import type { Frame, ModelProfile, Reply, Row } from "../protocols/dlt645/index.ts";
import type { Sign } from "./foreign-master.ts";
import type { Line } from "./line.ts";
import type { Urgency } from "./exchange-queue.ts";
import type { LineAnswer, LineRequest } from "./line-request.ts";
import type { MeterRecord, SendOptions, Sent } from "./meter.ts";
import type { HealthBook } from "./meter-health.ts";
import type { MeterModel } from "./meter-models.ts";
import { readReplyBytes } from "./timing.ts";

/** For a meter that has been answering. One that is known as silent is asked once: each try costs its line seconds. */
const QUESTIONS_MAX = 2;

export interface ConversationParts {
  readonly meter: MeterRecord;
  readonly model: MeterModel;
  readonly line: Line;
  readonly priority: Urgency;
  readonly health: HealthBook;
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal?: AbortSignal | undefined;
  /** The first question may be asked in the middle of a pause: a wish that must not wait for the next. */
  readonly mayProbe?: boolean | undefined;
}

/** A reply that says something, and when it came. */
export interface Heard {
  readonly reply: Extract<Reply, { is: "value" | "more" | "acknowledged" }>;
  readonly sentAt: Instant;
  readonly at: Instant;
}

export class Conversation {
  readonly evidence: WireEvidence[] = [];
  readonly #parts: ConversationParts;
  #mayProbe: boolean;

  constructor(parts: ConversationParts) {
    this.#parts = parts;
    this.#mayProbe = parts.mayProbe ?? false;
  }

  /** A sign of another master that only a session can see. */
  suspect(sign: Sign): void {
    this.#parts.line.suspect(sign, this.#parts.meter.address);
  }

  /** A count that moved further than our own purchases explain was moved by somebody else. */
  sawPurchaseCount(count: number): void {
    const { line, meter } = this.#parts;
    if (line.others.countSeen(meter.address, count)) this.suspect("count");
  }

  sendsPurchase(count: number): void {
    this.#parts.line.others.purchaseSent(this.#parts.meter.address, count);
  }

  /** The bytes behind an identifier, all parts joined. Throws `meter-no-data` where the meter has none. */
  async bytes(di: string, valueBytes?: number): Promise<{ readonly bytes: Uint8Array; readonly at: Instant }> {
    const { meter, model } = this.#parts;
    const parts = new PartsJoiner(requests.read(meter.address, di), model.profile.choices);
    let replyBytes = valueBytes === undefined ? undefined : readReplyBytes(valueBytes);
    for (;;) {
      const { reply, at } = await this.#answered(() => Promise.resolve(parts.asked), replyBytes);
      const joined = parts.heard(reply);
      if (joined.is === "joined") return { bytes: joined.bytes, at };
      if (joined.is !== "ask") throw this.#complaint(joined, { di });
      // Nobody knows how long the next part is.
      replyBytes = undefined;
    }
  }

  /** One item of the dictionary; null when the meter says that it has no such data or no value. */
  async value<T>(row: Row<T>): Promise<{ readonly value: T | null; readonly at: Instant }> {
    try {
      const { bytes, at } = await this.bytes(row.di, row.format.bytes);
      const decoded = row.format.decode(bytes);
      if ("fault" in decoded) throw this.#fault("meter-fault", { di: row.di, why: decoded.fault });
      return { value: decoded.value, at };
    } catch (error) {
      if (error instanceof Fault && error.code === "meter-no-data") return { value: null, at: this.#parts.clock.now() };
      throw error;
    }
  }

  /** As `value`, where having none is a fault. */
  async known<T>(row: Row<T>): Promise<{ readonly value: T; readonly at: Instant }> {
    const { value, at } = await this.value(row);
    if (value === null) throw this.#fault("meter-no-data", { di: row.di });
    return { value, at };
  }

  /** Asked again on silence; the frame is built anew each time, since a challenge must never be used twice. */
  async question(build: () => Promise<Frame>, replyBytes?: number): Promise<Heard> {
    const { reply, sentAt, at } = await this.#answered(build, replyBytes);
    if (reply.is === "value" || reply.is === "more" || reply.is === "acknowledged") return { reply, sentAt, at };
    throw this.#complaint(reply);
  }

  async #answered(build: () => Promise<Frame>, replyBytes?: number): Promise<Extract<LineAnswer, { outcome: "answered" }>> {
    const { health, meter } = this.#parts;
    const { state, askAgainAt } = health.of(meter.address);
    if (!this.#mayProbe && !health.isWorthAsking(meter.address))
      throw this.#fault("meter-silent", {
        why: "it was silent a moment ago and is not asked again yet; nothing was sent",
        askAgainAt,
      });
    this.#mayProbe = false;
    const triesMax = state === "silent" ? 1 : QUESTIONS_MAX;
    for (let tries = 1; ; tries += 1) {
      const answer = await this.#ask({ frame: await build(), ...(replyBytes === undefined ? {} : { replyBytes }) });
      if (answer.outcome === "answered") return answer;
      if (answer.outcome === "said") throw new Error("a question was said as if nobody answered it");
      // A line that closed under the question is asked again as well: it says itself whether it is down.
      if (tries < triesMax) continue;
      throw this.#fault("meter-silent", { why: answer.why });
    }
  }

  /** Said once and never repeated. What came back, and nothing about whether it was done. `letThrough`: an order that is denied otherwise. */
  async order(frame: Frame, { notAfter, beforeFirstByte }: SendOptions, letThrough?: string): Promise<Sent> {
    const within = beforeFirstByte === undefined ? {} : { beforeFirstByte };
    const answer = await this.#ask({ frame, notAfter, ...within }, letThrough);
    const { sentAt } = answer;
    if (answer.outcome === "said") throw new Error("an order was said as if nobody answered it");
    if (answer.outcome === "silent") {
      this.#mayProbe = true; // whether it was obeyed is looked at now, not after a pause
      return { sent: "silent", sentAt, ...(answer.lineClosed ? { lineClosed: true } : {}) };
    }
    const { reply, at } = answer;
    switch (reply.is) {
      case "acknowledged":
      case "value": // some vendors add the new balance to their yes
        return { sent: "acknowledged", sentAt, at };
      case "refused":
        return { sent: "refused", sentAt, fault: reply.fault, bits: reply.bits };
      case "more":
      case "no-data":
      case "not-ours":
      case "malformed":
        // The meter spoke, and nobody can say what it said: whoever ordered has to look, as after silence.
        this.#parts.log.warn(
          { meter: this.#parts.meter.address, reply: reply.is },
          "an order was answered with something unreadable",
        );
        return { sent: "silent", sentAt };
    }
  }

  /** Said to everybody on the line, answered by nobody: that it left is all there is to know. */
  async tell(frame: Frame, { notAfter, beforeFirstByte }: SendOptions): Promise<Sent> {
    const { sentAt } = await this.#ask({
      frame,
      notAfter,
      expectsReply: false,
      ...(beforeFirstByte === undefined ? {} : { beforeFirstByte }),
    });
    return { sent: "silent", sentAt, asExpected: true };
  }

  async #ask(
    what: Pick<LineRequest, "frame" | "replyBytes" | "notAfter" | "beforeFirstByte" | "expectsReply">,
    letThrough?: string,
  ): Promise<LineAnswer> {
    const { line, meter, model, priority, health, signal } = this.#parts;
    const verdict = permit(letThrough === undefined ? model.profile : allowing(model.profile, letThrough), what.frame);
    if (!verdict.allowed) throw this.#fault("order-forbidden", { model: model.profile.name, why: verdict.why });
    const answer = await line.ask({
      ...what,
      priority,
      choices: model.profile.choices,
      preamble: model.preamble,
      ...(signal === undefined ? {} : { signal }),
      onFrame: (direction, bytes, at) => this.evidence.push({ at, direction, hex: maskedHex(bytes, model.profile.choices) }),
    });
    if (answer.outcome === "answered") health.heard(meter.address);
    else if (answer.outcome === "silent" && !answer.lineClosed) health.silent(meter.address);
    return answer;
  }

  /** What a reply that answers nothing is to the one who asked. */
  #complaint(
    reply: Extract<Reply, { is: "refused" | "no-data" | "not-ours" | "malformed" }>,
    context: Readonly<Record<string, unknown>> = {},
  ): Fault {
    switch (reply.is) {
      case "refused":
        return this.#fault(reply.fault, { ...context, code: reply.code, bits: reply.bits });
      case "no-data":
        return this.#fault("meter-no-data", context);
      case "not-ours":
      case "malformed":
        return this.#fault("reply-malformed", { ...context, why: reply.why });
    }
  }

  #fault(code: ConstructorParameters<typeof Fault>[0], context: Readonly<Record<string, unknown>>): Fault {
    const { meter } = this.#parts;
    return new Fault(code, { meter: meter.address, bus: meter.bus, ...context });
  }
}

/** The same profile, with one of its destructive orders allowed; what it does not name stays denied. */
const allowing = (profile: ModelProfile, letThrough: string): ModelProfile => ({
  ...profile,
  orders: profile.orders.map((order) => (order.di === letThrough ? { ...order, allowed: true } : order)),
});
