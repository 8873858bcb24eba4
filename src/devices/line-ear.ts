/**
 * The ear of a line: bytes of any size become replies; noise, and the echo of our own requests, is counted and dropped; a request
 * that is not ours is somebody else's. Always listening, whether an exchange is under way or not.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { Deframer, isReply } from "../protocols/dlt645/index.ts";
import type { Frame, Piece } from "../protocols/dlt645/index.ts";
import { EchoCanceller } from "./echo.ts";
import type { LineCounts } from "./line-request.ts";
import type { LineTape } from "./line-tape.ts";
import { BYTE_GAP_MS } from "./timing.ts";

interface EarParts {
  readonly clock: Clock;
  readonly log: Logger;
  readonly counts: LineCounts;
  readonly tape: LineTape;
  readonly onReply: (frame: Frame, bytes: Uint8Array) => void;
  /** Bytes that are no frame. */
  readonly onNoise: (bytes: Uint8Array) => void;
  /** A request that we did not send. */
  readonly onRequest: (frame: Frame, bytes: Uint8Array) => void;
}

/** Named, because an abort without a reason builds an Error with a stack, and this one happens with each reply. */
const OVER = "over";

export class LineEar {
  readonly #parts: EarParts;
  readonly #deframer = new Deframer();
  readonly #echo: EchoCanceller;
  #heardAt: Instant;
  #gap = new AbortController();

  constructor(parts: EarParts) {
    this.#parts = parts;
    this.#heardAt = parts.clock.now();
    this.#echo = new EchoCanceller(() => (parts.counts.echoes += 1));
  }

  /** When the last byte came, whatever it was. */
  get heardAt(): Instant {
    return this.#heardAt;
  }

  get isInsideFrame(): boolean {
    return this.#deframer.heldBytes > 0 || this.#echo.heldBytes > 0;
  }

  hear(bytes: Uint8Array): void {
    this.#heardAt = this.#parts.clock.now();
    this.#gap.abort(OVER);
    this.#take(this.#deframer.push(this.#echo.hear(bytes)));
    if (this.isInsideFrame) this.#awaitRest();
  }

  /** We are about to speak: half a frame of before is no beginning of what comes next, and these bytes may come back. */
  speaking(bytes: Uint8Array): void {
    this.forget();
    this.#echo.sent(bytes);
  }

  forget(): void {
    this.#gap.abort(OVER);
    this.#echo.release();
    for (const piece of this.#deframer.flush()) this.#parts.tape[piece.kind]("received", piece.bytes, this.#heardAt);
  }

  /** A frame that stops in the middle is given up after the longest pause the standard allows; a whole one may hide behind it. */
  #awaitRest(): void {
    const gap = new AbortController();
    this.#gap = gap;
    void this.#parts.clock.wait(BYTE_GAP_MS, gap.signal).then(() => {
      if (gap.signal.aborted) return;
      this.#take(this.#deframer.push(this.#echo.release()));
      this.#take(this.#deframer.flush());
    });
  }

  #take(pieces: readonly Piece[]): void {
    const { counts, log, tape, onReply, onRequest, onNoise } = this.#parts;
    for (const piece of pieces) {
      tape[piece.kind]("received", piece.bytes, this.#heardAt);
      if (piece.kind === "noise") {
        // Never the bytes themselves: half an echo may hold a password.
        counts.noiseBytes += piece.bytes.length;
        onNoise(piece.bytes);
        log.debug({ bytes: piece.bytes.length, why: piece.why }, "noise");
      } else if (this.#echo.isEcho(piece.bytes)) {
        counts.echoes += 1; // behind other bytes, so it was not cancelled in time
      } else if (isReply(piece.frame.control)) {
        onReply(piece.frame, piece.bytes);
      } else {
        onRequest(piece.frame, piece.bytes);
      }
    }
  }
}
