/**
 * The ear at one caller's connection: takes out what the caller says of itself, and passes on the rest. Registrations come glued to
 * a frame, in pieces, and before every packet; heartbeats at any moment. None of it reaches the deframer, where it would be noise.
 *
 * A pattern may occur inside a frame by chance, so it is looked for only where a frame does not go on: the ear follows the length
 * bytes of frames, as far as they can be believed. What may still become a pattern or the head of a frame is held; whoever owns
 * the ear calls `flush` when nothing more comes. Holds at most a pattern's length.
 */
import { headAt, type Pattern, type Said } from "./patterns.ts";

export interface CallerEarParts {
  /** The first that fits is taken, so the more telling stand before. */
  readonly patterns: readonly Pattern[];
  readonly said: (said: Said, bytes: Uint8Array) => void;
  readonly rest: (bytes: Uint8Array) => void;
}

const NOTHING = new Uint8Array(0);
const [CR, LF] = [0x0d, 0x0a];

export class CallerEar {
  readonly #parts: CallerEarParts;
  #held: Uint8Array = NOTHING;
  /** Bytes of the frame under way that are still to come. */
  #frameRest = 0;
  /** A line end behind something that was said belongs to it. */
  #mayEndLine = false;

  constructor(parts: CallerEarParts) {
    this.#parts = parts;
  }

  get isHolding(): boolean {
    return this.#held.length > 0;
  }

  push(chunk: Uint8Array): void {
    this.#take(this.#held.length === 0 ? chunk : Uint8Array.from(Buffer.concat([this.#held, chunk])), false);
  }

  /** Nothing more comes: what is held is what it is, and a frame that stopped in the middle is over. */
  flush(): void {
    this.#frameRest = 0;
    this.#take(this.#held, true);
    this.#frameRest = 0;
  }

  #take(bytes: Uint8Array, ended: boolean): void {
    let at = 0;
    let restFrom = 0;
    const passOn = (to: number): void => {
      if (to > restFrom) this.#parts.rest(bytes.subarray(restFrom, to));
    };
    this.#held = NOTHING;
    while (at < bytes.length) {
      if (this.#frameRest > 0) {
        const taken = Math.min(this.#frameRest, bytes.length - at);
        this.#frameRest -= taken;
        at += taken;
        continue;
      }
      const found = this.#saidAt(bytes, at, ended);
      const head = found === "no" ? headAt(bytes, at) : "no";
      if (found === "more" || (head === "more" && !ended)) {
        passOn(at);
        this.#held = bytes.slice(at);
        return;
      }
      if (found !== "no") {
        passOn(at);
        this.#parts.said(found, bytes.subarray(at, at + found.length));
        at = restFrom = at + found.length;
        this.#mayEndLine = true;
      } else if (this.#mayEndLine && (bytes[at] === CR || bytes[at] === LF)) {
        passOn(at);
        at = restFrom = at + 1;
      } else {
        this.#mayEndLine = false;
        if (typeof head === "number") this.#frameRest = head;
        else at += 1;
      }
    }
    passOn(at);
  }

  #saidAt(bytes: Uint8Array, at: number, ended: boolean): Said | "no" | "more" {
    for (const pattern of this.#parts.patterns) {
      const match = pattern.match(bytes, at, ended);
      if (match !== "no") return match;
    }
    return "no";
  }
}
