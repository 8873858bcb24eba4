/**
 * The last bytes of one line, both ways, with their moments: what one wants to see when a line has gone mad. A ring of packed rows in
 * one buffer that grows up to its bound and then forgets the oldest; nothing is decoded and no object is made until somebody looks.
 *
 * **Masked where it is stored.** Of a whole frame the secret bytes (`hiddenIn`: passwords, keys, MACs, ciphers, and the checksum with
 * them) are zeros here and a note of where they stood. Bytes that belong to no frame are never kept, only their number, their shape
 * and what they look like: half an echo, a torn write of another master, a frame with one bit turned may all hold a
 * password, and there is no way to see from such bytes that they do not.
 *
 *     row: kind 1 · hidden ranges 1 · bytes 2 · moment 8 | bytes | hidden ranges 4 each
 */
import { Instant } from "../kernel/clock.ts";
import { hiddenIn, type Hidden } from "../protocols/dlt645/index.ts";
import { shapeOf, type ByteShape } from "./byte-shape.ts";

export const TAPE_BYTES_MAX = 64 * 1_024;
const TAPE_BYTES_FIRST = 1_024;
const HEAD_BYTES = 12;
const RANGE_BYTES = 4;

export type Direction = "sent" | "received";
export const noiseLooks = ["stray bytes", "a damaged frame", "the beginning of a frame"] as const;
export type NoiseLook = (typeof noiseLooks)[number];

interface Entry {
  /** Counts up for the life of the line. */
  readonly n: number;
  readonly at: Instant;
  readonly direction: Direction;
}
export type TapeEntry =
  | (Entry & { readonly kind: "frame"; readonly bytes: Uint8Array; readonly hidden: readonly Hidden[] })
  | (Entry & { readonly kind: "noise"; readonly looks: NoiseLook; readonly shape: ByteShape });

export interface TapeQuery {
  /** Only what came after this row. */
  readonly after?: number | undefined;
  readonly before?: number | undefined;
  readonly since?: Instant | undefined;
  readonly limit: number;
}

/** Whoever looks at it; only the line writes. */
export interface TapeReader {
  readonly rows: number;
  readonly bytes: number;
  readonly newest: number;
  /** The newest that fit, oldest first. */
  entries(query: TapeQuery): readonly TapeEntry[];
}

const SHAPE: readonly (keyof ByteShape)[] = ["length", "zeros", "ones", "high", "starts", "ends", "wakeUps", "stretched"];
const U16_MAX = 0xffff;

export class LineTape implements TapeReader {
  readonly #bytesMax: number;
  readonly #head = new Uint8Array(HEAD_BYTES);
  readonly #headView = new DataView(this.#head.buffer);
  #ring = new Uint8Array(0);
  #from = 0;
  #used = 0;
  #rows = 0;
  #newest = 0;

  constructor(bytesMax = TAPE_BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  get rows(): number {
    return this.#rows;
  }

  get bytes(): number {
    return this.#used;
  }

  get newest(): number {
    return this.#newest;
  }

  /** A whole frame, with whatever wake-up bytes stand before it. */
  frame(direction: Direction, bytes: Uint8Array, at: Instant): void {
    const hidden = hiddenIn(bytes);
    const ranges = hidden.length === 0 ? undefined : packedRanges(hidden);
    let kept = bytes;
    if (hidden.length > 0) {
      kept = Uint8Array.from(bytes);
      for (const { from, to } of hidden) kept.fill(0, from, to);
    }
    this.#add(direction === "sent" ? 0 : 1, kept, at, ranges);
  }

  /** Bytes that belong to no frame; they are not kept. */
  noise(direction: Direction, bytes: Uint8Array, at: Instant): void {
    const shape = shapeOf(bytes);
    const packed = new Uint8Array(1 + SHAPE.length * 2);
    const view = new DataView(packed.buffer);
    packed[0] = lookOf(bytes);
    for (const [i, name] of SHAPE.entries()) view.setUint16(1 + i * 2, Math.min(shape[name], U16_MAX));
    this.#add(direction === "sent" ? 2 : 3, packed, at);
  }

  entries({ after = 0, before = Infinity, since, limit }: TapeQuery): readonly TapeEntry[] {
    const found: TapeEntry[] = [];
    let at = this.#from;
    for (let n = this.#newest - this.#rows + 1; n <= this.#newest; n += 1) {
      this.#copyOut(at, this.#head);
      const size = this.#sizeOfHead();
      const moment = this.#headView.getFloat64(4);
      if (n > after && n < before && (since === undefined || moment >= since)) {
        const body = new Uint8Array(size - HEAD_BYTES);
        this.#copyOut((at + HEAD_BYTES) % this.#ring.length, body);
        found.push(entryOf(n, this.#head[0]!, this.#head[1]!, Instant(moment), body));
        if (found.length > limit) found.shift();
      }
      at = (at + size) % this.#ring.length;
    }
    return found;
  }

  #add(kind: number, body: Uint8Array, at: Instant, ranges?: Uint8Array): void {
    const rangeBytes = ranges?.length ?? 0;
    const size = HEAD_BYTES + body.length + rangeBytes;
    if (size > this.#bytesMax) return;
    this.#makeRoom(size);
    this.#head[0] = kind;
    this.#head[1] = rangeBytes / RANGE_BYTES;
    this.#headView.setUint16(2, body.length);
    this.#headView.setFloat64(4, at);
    let to = (this.#from + this.#used) % this.#ring.length;
    to = this.#copyIn(to, this.#head);
    to = this.#copyIn(to, body);
    if (ranges !== undefined) this.#copyIn(to, ranges);
    this.#used += size;
    this.#rows += 1;
    this.#newest += 1;
  }

  #makeRoom(size: number): void {
    if (this.#used + size > this.#ring.length && this.#ring.length < this.#bytesMax) this.#grow(this.#used + size);
    while (this.#used + size > this.#ring.length) {
      this.#copyOut(this.#from, this.#head);
      const oldest = this.#sizeOfHead();
      this.#from = (this.#from + oldest) % this.#ring.length;
      this.#used -= oldest;
      this.#rows -= 1;
    }
  }

  #grow(needed: number): void {
    const wanted = Math.max(needed, TAPE_BYTES_FIRST, this.#ring.length * 2);
    const ring = new Uint8Array(Math.min(this.#bytesMax, wanted));
    this.#copyOut(this.#from, ring.subarray(0, this.#used));
    this.#ring = ring;
    this.#from = 0;
  }

  #sizeOfHead(): number {
    return HEAD_BYTES + this.#headView.getUint16(2) + this.#head[1]! * RANGE_BYTES;
  }

  #copyIn(at: number, bytes: Uint8Array): number {
    const first = Math.min(bytes.length, this.#ring.length - at);
    this.#ring.set(first === bytes.length ? bytes : bytes.subarray(0, first), at);
    if (first < bytes.length) this.#ring.set(bytes.subarray(first), 0);
    return (at + bytes.length) % this.#ring.length;
  }

  #copyOut(at: number, into: Uint8Array): void {
    const first = Math.min(into.length, this.#ring.length - at);
    into.set(this.#ring.subarray(at, at + first), 0);
    if (first < into.length) into.set(this.#ring.subarray(0, into.length - first), first);
  }
}

function packedRanges(hidden: readonly Hidden[]): Uint8Array {
  const packed = new Uint8Array(hidden.length * RANGE_BYTES);
  const view = new DataView(packed.buffer);
  for (const [i, { from, to }] of hidden.entries()) {
    view.setUint16(i * RANGE_BYTES, from);
    view.setUint16(i * RANGE_BYTES + 2, to);
  }
  return packed;
}

function entryOf(n: number, kind: number, ranges: number, at: Instant, body: Uint8Array): TapeEntry {
  const view = new DataView(body.buffer);
  const common = { n, at, direction: kind % 2 === 0 ? ("sent" as const) : ("received" as const) };
  if (kind >= 2) {
    const shape = Object.fromEntries(SHAPE.map((name, i) => [name, view.getUint16(1 + i * 2)])) as unknown as ByteShape;
    return { ...common, kind: "noise", looks: noiseLooks[body[0]!] ?? noiseLooks[0], shape };
  }
  const length = body.length - ranges * RANGE_BYTES;
  const hidden = Array.from({ length: ranges }, (_, i) => ({
    from: view.getUint16(length + i * RANGE_BYTES),
    to: view.getUint16(length + i * RANGE_BYTES + 2),
  }));
  return { ...common, kind: "frame", bytes: body.subarray(0, length), hidden };
}

/** An index into `noiseLooks`. */
export function lookOf(bytes: Uint8Array): number {
  const start = bytes.findIndex((byte, i) => byte === 0x68 && (bytes[i + 7] === 0x68 || i + 7 >= bytes.length));
  if (start < 0) return 0;
  const length = bytes[start + 9];
  return length === undefined || start + length + 12 > bytes.length ? 2 : 1;
}
