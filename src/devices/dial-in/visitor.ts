/**
 * One connection that came in, from its first byte to its end. It becomes known by where it calls from, by what it says, by a
 * frame of a meter that is ours, or by a probe; until then it is a stranger, is sent nothing but the probe's two questions, and what
 * it says is kept in short for a person to see.
 *
 *     stranger ──known──► seated at a line ──says another name──► seated at that one
 *        └──── nobody knows it: quarantined ──(says who it is, or answers a later probe)──► seated
 *                                   └──ten minutes──► hung up on
 */
import { Instant, minutes, seconds, type Clock } from "../../kernel/clock.ts";
import type { Logger } from "../../kernel/log.ts";
import { reasonOf } from "../../kernel/faults.ts";
import { Deframer, isReply } from "../../protocols/dlt645/index.ts";
import type { CallerTransport } from "../../transports/tcp-caller.ts";
import { BYTE_GAP_MS, type LineTiming } from "../timing.ts";
import { CallerEar } from "./caller-ear.ts";
import type { CallerBook, Known } from "./caller-book.ts";
import type { Said } from "./patterns.ts";
import { Probe } from "./probe.ts";
import type { Seat, Sitting } from "./seat.ts";

/** Before each probe: a registration comes at once or never, and a meter behind a modem that lost power takes its time. */
const PROBE_AFTER_MS = [seconds(2), seconds(30), seconds(120)] as const;
export const QUARANTINE_MS = minutes(10);
/** More than any modem says of itself; beyond it somebody talks another protocol. */
export const STRANGER_BYTES_MAX = 2_048;
const KEPT_BYTES = 64;
/** Longer than inside a frame: a modem that has just dialled may pause in the middle of its name. */
const STRANGER_GAP_MS = seconds(3);
const HEARTBEATS_MISSING_MAX = 3;

export interface VisitorParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly book: CallerBook;
  readonly timing: LineTiming;
  readonly probes: boolean;
  readonly heartbeatEveryMs: number | undefined;
  readonly seatOf: (line: string) => Seat;
  /** Each time it turns out anew that nobody knows it. */
  readonly onUnknown: (visitor: Visitor) => void;
  readonly onKnown: (visitor: Visitor) => void;
  readonly onGone: (visitor: Visitor) => void;
}

export class Visitor implements Sitting {
  readonly name: string;
  readonly since: Instant;
  readonly #caller: CallerTransport;
  readonly #parts: VisitorParts;
  readonly #ear: CallerEar;
  readonly #frames = new Deframer();
  /** Aborted when it is known or gone. */
  readonly #settled = new AbortController();
  readonly #over = new AbortController();
  #gap = new AbortController();
  #kept: Uint8Array = new Uint8Array(0);
  #bytes = 0;
  #heardAt: Instant;
  #probe: Probe | undefined;
  #seat: Seat | undefined;
  #why = "it says nothing of itself";

  constructor(caller: CallerTransport, parts: VisitorParts) {
    this.#caller = caller;
    this.#parts = parts;
    this.name = caller.name;
    this.since = parts.clock.now();
    this.#heardAt = this.since;
    this.#ear = new CallerEar({
      patterns: parts.book.patterns,
      said: (said, bytes) => this.#said(said, bytes),
      rest: (bytes) => this.#rest(bytes),
    });
  }

  get isOpen(): boolean {
    return this.#caller.isOpen;
  }

  get isKnown(): boolean {
    return this.#seat !== undefined;
  }

  /** Why nobody knows it. */
  get why(): string {
    return this.#why;
  }

  /** The first bytes it said, as a person can read and search them. */
  get saidFirst(): string {
    const text = Array.from(this.#kept, (byte) =>
      byte >= 0x20 && byte < 0x7f && byte !== 0x5c ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
    ).join("");
    return this.#bytes > KEPT_BYTES ? `${text}… (${this.#bytes} bytes)` : text;
  }

  async receive(): Promise<void> {
    const { book } = this.#parts;
    this.#caller.onClosed((why) => this.#gone(why));
    this.#caller.onReceived((bytes) => this.#received(bytes));
    const line = book.bySource(this.#caller.source);
    const opened = this.#caller.open(); // open before it sits: whoever waits for the line speaks at once
    if (line !== undefined) this.#known({ line });
    await opened;
    await Promise.all([this.#introduce(), this.#watchHeartbeat()]);
  }

  send(bytes: Uint8Array): Promise<void> {
    return this.#caller.send(bytes);
  }

  end(why: string): Promise<void> {
    return this.#caller.end(why);
  }

  #received(bytes: Uint8Array): void {
    this.#heardAt = this.#parts.clock.now();
    this.#bytes += bytes.length;
    if (this.#seat === undefined) {
      const room = KEPT_BYTES - this.#kept.length;
      if (room > 0) this.#kept = Uint8Array.from([...this.#kept, ...bytes.subarray(0, room)]);
    }
    this.#gap.abort();
    this.#ear.push(bytes);
    if (this.#seat === undefined && this.#bytes > STRANGER_BYTES_MAX) {
      this.#why = "it talks and talks, and never says who it is";
      this.#parts.onUnknown(this);
      void this.end(this.#why);
    } else if (this.#ear.isHolding) void this.#awaitRest();
  }

  async #awaitRest(): Promise<void> {
    const gap = (this.#gap = new AbortController());
    await this.#parts.clock.wait(this.#seat === undefined ? STRANGER_GAP_MS : BYTE_GAP_MS, gap.signal);
    if (!gap.signal.aborted) this.#ear.flush();
  }

  #said(said: Said, bytes: Uint8Array): void {
    const { book, log } = this.#parts;
    if (said.isFrame === true && this.#probe !== undefined) {
      this.#probe.hear(bytes);
      return;
    }
    this.#seat?.alive(this);
    if (said.answer !== undefined)
      this.send(said.answer).catch((error: unknown) => log.debug({ why: reasonOf(error) }, "a heartbeat could not be answered"));
    if (said.address !== undefined) this.#known(book.byMeter(said.address));
    else if (said.id !== undefined) this.#known(book.byRegistration(said.id, this.#caller.source));
  }

  #rest(bytes: Uint8Array): void {
    if (this.#seat !== undefined) this.#seat.hear(this, bytes);
    else if (this.#probe !== undefined) this.#probe.hear(bytes);
    else
      for (const piece of this.#frames.push(bytes)) {
        // An answer that its meter had no time to give on the connection before.
        if (piece.kind !== "frame" || !isReply(piece.frame.control)) continue;
        this.#known(this.#parts.book.byMeter(piece.frame.address))?.hear(this, piece.bytes);
      }
  }

  /** Where it sits now. */
  #known(known: Known): Seat | undefined {
    if ("why" in known) {
      this.#why = known.why;
      return this.#seat;
    }
    const seat = this.#parts.seatOf(known.line);
    if (this.#over.signal.aborted || seat === this.#seat) return this.#seat;
    const before = this.#seat;
    this.#seat = seat;
    this.#probe = undefined;
    this.#settled.abort();
    before?.release(this, `it now says that it is ${known.line}`);
    this.#parts.onKnown(this);
    seat.take(this);
    return seat;
  }

  #gone(why: string): void {
    this.#settled.abort();
    this.#over.abort();
    this.#gap.abort();
    this.#seat?.release(this, why);
    this.#parts.onGone(this);
  }

  async #introduce(): Promise<void> {
    const { clock, probes, onUnknown } = this.#parts;
    const { signal } = this.#settled;
    const isSettled = (): boolean => signal.aborted;
    for (const pause of PROBE_AFTER_MS) {
      await clock.wait(pause, signal);
      if (isSettled()) return;
      const why = probes ? await this.#ask(signal) : null;
      if (isSettled()) return;
      // What it said of itself tells more than that no meter answers.
      if (why !== null && this.#bytes === 0) this.#why = `it says nothing of itself; ${why}`;
      onUnknown(this);
    }
    await clock.wait(QUARANTINE_MS, signal);
    if (!isSettled()) await this.end("nobody knew it for ten minutes");
  }

  /** Null: it is known now. */
  async #ask(signal: AbortSignal): Promise<string | null> {
    const { clock, timing, book } = this.#parts;
    const probe = new Probe({
      clock,
      answerMs: timing.answerMs,
      quietMs: timing.quietMs,
      send: (bytes) => this.send(bytes),
      signal,
    });
    this.#probe = probe;
    const probed = await probe.run();
    this.#probe = undefined;
    if (signal.aborted) return null;
    const known = "meter" in probed ? book.byMeter(probed.meter) : probed;
    if ("why" in known) return known.why;
    this.#known(known);
    return null;
  }

  async #watchHeartbeat(): Promise<void> {
    const { clock, heartbeatEveryMs } = this.#parts;
    if (heartbeatEveryMs === undefined) return;
    const longest = HEARTBEATS_MISSING_MAX * heartbeatEveryMs;
    const { signal } = this.#over;
    while (!signal.aborted) {
      this.#heardAt = Instant(Math.min(this.#heardAt, clock.now())); // the clock may have been set back since
      const rest = this.#heardAt + longest - clock.now();
      if (rest <= 0) await this.end(`nothing was heard for ${Math.round(longest / 1_000)} s: its heartbeats are missing`);
      else await clock.wait(rest, signal);
    }
  }
}
