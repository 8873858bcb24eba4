/**
 * Cuts a stream of bytes into DL/T 645 frames.
 *
 * A line is never quiet: wake-up bytes (FE) stand before frames, echoes and halves of frames between them, and the
 * start and end bytes may occur inside data. So a start byte is only a guess until second start, length, end and
 * checksum agree; a wrong guess costs one byte, never more, because the true start may lie inside the wrong one.
 *
 *     bytes ─► find 68 ─► second 68 seven bytes on? ─► all of L there? ─► 16 and checksum? ─► frame
 *                 ▲                 │ no                  │ wait           │ no
 *                 └── step one byte ┴─────────────────────┼────────────────┘
 *                                                     flush(): the rest will not come, step on
 *
 * Knows nothing of time. Whoever owns the line decides when silence means that the rest will not come, and calls flush.
 * Holds at most one unfinished frame, which is less than FRAME_BYTES_MAX bytes.
 */
import { MORE, PREAMBLE, START, frameAt, frameLength, measureFrame } from "./frame.ts";
import type { Frame } from "./frame.ts";

/**
 * A frame, or bytes that belong to none. `bytes` are a view of what was pushed, nothing is copied: whoever keeps a piece keeps
 * the chunk it came in, and whoever pushes must not write into a chunk again. A frame is decoded when it is asked for.
 */
export type Piece =
  | { readonly kind: "frame"; readonly frame: Frame; readonly bytes: Uint8Array }
  | { readonly kind: "noise"; readonly bytes: Uint8Array; readonly why: string };

class FramePiece {
  readonly kind = "frame";
  readonly bytes: Uint8Array;
  #frame: Frame | undefined;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }
  get frame(): Frame {
    return (this.#frame ??= frameAt(this.bytes, 0));
  }
}

const NOTHING = new Uint8Array(0);

export class Deframer {
  #held: Uint8Array = NOTHING;

  /** What is waiting for its rest. */
  get heldBytes(): number {
    return this.#held.length;
  }

  push(chunk: Uint8Array): Piece[] {
    if (chunk.length === 0) return [];
    const bytes = this.#held.length === 0 ? chunk : joined(this.#held, chunk);
    const { pieces, rest } = cut(bytes, "more may come");
    this.#held = rest === bytes.length ? NOTHING : Uint8Array.prototype.slice.call(bytes, rest);
    return pieces;
  }

  /** The line went silent: what is held will not be completed. A whole frame may hide inside a start that led nowhere. */
  flush(): Piece[] {
    const { pieces } = cut(this.#held, "nothing more comes");
    this.#held = NOTHING;
    return pieces;
  }
}

function cut(bytes: Uint8Array, expect: "more may come" | "nothing more comes"): { pieces: Piece[]; rest: number } {
  const pieces: Piece[] = [];
  const { length } = bytes;
  let noiseFrom = 0;
  /** The first start of a noise that led nowhere names its reason; what follows is usually its own body. */
  let firstStart = -1;
  let at = 0;
  while (at < length) {
    if (bytes[at] !== START) {
      at += 1;
      continue;
    }
    const found = frameLength(bytes, at);
    if (found > 0) {
      if (at > noiseFrom) addNoise(pieces, bytes, noiseFrom, at, firstStart);
      pieces.push(new FramePiece(bytes.subarray(at, at + found)));
      at += found;
      noiseFrom = at;
      firstStart = -1;
      continue;
    }
    if (found === MORE && expect === "more may come") break;
    if (firstStart < 0 && isHead(bytes, at)) firstStart = at;
    at += 1;
  }
  if (at > noiseFrom) addNoise(pieces, bytes, noiseFrom, at, firstStart);
  return { pieces, rest: at };
}

/** A start that has its second, or whose second cannot have come yet: more than a stray 68. */
const isHead = (bytes: Uint8Array, at: number): boolean => at + 7 >= bytes.length || bytes[at + 7] === START;

function addNoise(pieces: Piece[], bytes: Uint8Array, noiseFrom: number, noiseTo: number, firstStart: number): void {
  // Wake-up bytes are no noise: they are swallowed without a word.
  let from = noiseFrom;
  let to = noiseTo;
  while (from < to && bytes[from] === PREAMBLE) from += 1;
  while (to > from && bytes[to - 1] === PREAMBLE) to -= 1;
  if (from === to) return;
  const found = firstStart < 0 ? undefined : measureFrame(bytes, firstStart);
  pieces.push({
    kind: "noise",
    bytes: bytes.subarray(from, to),
    why: found === undefined || found.is === "frame" ? "noise" : found.why,
  });
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
