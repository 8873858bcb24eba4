/**
 * Asks one question on a bare link and tells everything that was heard, or only listens. Nothing is judged or thrown away here: two
 * answers, an echo, another master's question and bytes nobody can read all come back, for whoever wants to know what a line is like.
 *
 * It sends what reads, and nothing else; anything else is a mistake in this program.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import { Deframer, encodeFrame, isReply, PREAMBLE_BYTES, type Frame, type Piece } from "../protocols/dlt645/index.ts";
import type { Transport } from "../transports/transport.ts";
import { lookOf, noiseLooks, type NoiseLook } from "./line-tape.ts";
import { shapeOf, type ByteShape } from "./byte-shape.ts";
import { BYTE_GAP_MS } from "./timing.ts";

/** Reading, reading on, and the address: functions 11H, 12H and 13H. */
const ONLY_READS = new Set([0x11, 0x12, 0x13]);

export interface HeardFrame {
  readonly frame: Frame;
  /** After the question, or after the listening began. */
  readonly afterMs: number;
}

export interface Heard {
  /** Our own question, word by word. */
  readonly echoes: number;
  /** What meters said. */
  readonly replies: readonly HeardFrame[];
  /** Questions that are not ours. */
  readonly strangers: readonly HeardFrame[];
  readonly noise: readonly { readonly looks: NoiseLook; readonly shape: ByteShape }[];
}

export interface ProbeTiming {
  readonly byteMs: number;
  /** From the last byte of the question to the first of an answer; beyond it nobody answers. */
  readonly answerMs: number;
  /** After an answer, until it counts as the only one. */
  readonly settleMs: number;
}

export class WireProbe {
  readonly #transport: Transport;
  readonly #clock: Clock;
  readonly #timing: ProbeTiming;
  readonly #deframer = new Deframer();
  #pieces: { readonly piece: Piece; readonly at: Instant }[] = [];
  #heardAt: Instant | undefined;
  #closed: string | null = null;
  asked = 0;

  constructor(transport: Transport, clock: Clock, timing: ProbeTiming) {
    this.#transport = transport;
    this.#clock = clock;
    this.#timing = timing;
    transport.onReceived((bytes) => {
      this.#heardAt = clock.now();
      this.#take(this.#deframer.push(bytes));
    });
    transport.onClosed((why) => (this.#closed = why));
  }

  /** Why the link is gone; null while it stands. */
  get closed(): string | null {
    return this.#closed;
  }

  /** What one question costs when nobody answers it. */
  silenceMs(frame: Frame): number {
    return (frame.data.length + 12 + PREAMBLE_BYTES) * this.#timing.byteMs + this.#timing.answerMs;
  }

  async ask(frame: Frame): Promise<Heard> {
    if (!ONLY_READS.has(frame.control)) throw new Error("a tool that looks sends reads alone");
    const bytes = encodeFrame(frame, { preamble: PREAMBLE_BYTES });
    const startedAt = this.#begin();
    this.asked += 1;
    await this.#transport.send(bytes);
    const deadline = startedAt + this.silenceMs(frame);
    await this.#until(() => {
      if (!this.#answered()) return deadline;
      return this.#heardAt! + (this.#deframer.heldBytes > 0 ? BYTE_GAP_MS : this.#timing.settleMs);
    });
    return this.#told(startedAt, bytes.subarray(PREAMBLE_BYTES));
  }

  async listen(ms: number): Promise<Heard> {
    const startedAt = this.#begin();
    await this.#until(() => startedAt + ms);
    return this.#told(startedAt, undefined);
  }

  #begin(): Instant {
    this.#deframer.flush();
    this.#pieces = [];
    this.#heardAt = undefined;
    return this.#clock.now();
  }

  async #until(end: () => number): Promise<void> {
    for (;;) {
      const rest = end() - this.#clock.now();
      if (rest <= 0 || this.#closed !== null) break;
      // Short steps: what is heard meanwhile moves the end.
      await this.#clock.wait(Math.min(rest, this.#timing.settleMs));
    }
    this.#take(this.#deframer.flush());
  }

  /** Something of a meter's came: an echo and another's question are none, and bytes that may still become one are waited for. */
  #answered(): boolean {
    if (this.#deframer.heldBytes > 0) return true;
    return this.#pieces.some(({ piece }) => piece.kind === "noise" || isReply(piece.frame.control));
  }

  #take(pieces: readonly Piece[]): void {
    const at = this.#heardAt ?? this.#clock.now();
    for (const piece of pieces) this.#pieces.push({ piece, at });
  }

  #told(startedAt: Instant, question: Uint8Array | undefined): Heard {
    const heard = {
      echoes: 0,
      replies: [] as HeardFrame[],
      strangers: [] as HeardFrame[],
      noise: [] as Heard["noise"][number][],
    };
    for (const { piece, at } of this.#pieces) {
      if (piece.kind === "noise") heard.noise.push({ looks: noiseLooks[lookOf(piece.bytes)]!, shape: shapeOf(piece.bytes) });
      else if (isReply(piece.frame.control)) heard.replies.push({ frame: piece.frame, afterMs: at - startedAt });
      else if (question !== undefined && Buffer.compare(piece.bytes, question) === 0) heard.echoes += 1;
      else heard.strangers.push({ frame: piece.frame, afterMs: at - startedAt });
    }
    return heard;
  }
}
