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
import { PREAMBLE, frameAt, measureFrame } from "./frame.ts";
import type { Frame } from "./frame.ts";

export type Piece =
  | { readonly kind: "frame"; readonly frame: Frame; readonly bytes: Uint8Array }
  | { readonly kind: "noise"; readonly bytes: Uint8Array; readonly why: string };

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
    this.#held = bytes.slice(rest);
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
  let noiseFrom = 0;
  let noiseWhy = "noise";
  let at = 0;
  const noiseUpTo = (to: number) => {
    const bare = withoutPreamble(bytes, noiseFrom, to);
    if (bare.length > 0) pieces.push({ kind: "noise", bytes: bare, why: noiseWhy });
    noiseWhy = "noise";
  };
  while (at < bytes.length) {
    const found = measureFrame(bytes, at);
    if (found.is === "frame") {
      noiseUpTo(at);
      pieces.push({ kind: "frame", frame: frameAt(bytes, at), bytes: bytes.slice(at, at + found.length) });
      at += found.length;
      noiseFrom = at;
      continue;
    }
    if (found.is === "short" && expect === "more may come") break;
    // The first start that led nowhere names the reason; what follows is usually its own body.
    if (noiseWhy === "noise") noiseWhy = found.why;
    at += 1;
  }
  noiseUpTo(at);
  return { pieces, rest: at };
}

/** Wake-up bytes are no noise: they are swallowed without a word. */
function withoutPreamble(bytes: Uint8Array, from: number, to: number): Uint8Array {
  let start = from;
  let end = to;
  while (start < end && bytes[start] === PREAMBLE) start += 1;
  while (end > start && bytes[end - 1] === PREAMBLE) end -= 1;
  return bytes.slice(start, end);
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
