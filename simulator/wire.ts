/**
 * DL/T 645-2007 frames as the meter's side reads and writes them.
 *
 * This is the simulator's own small reader. It shares no line with the gateway's codec: a mistake made on both sides in the
 * same way would pass every test. It looks for 68, six address bytes and 68 again, waits for the length byte's worth of data,
 * and believes the frame only when checksum and end byte agree; otherwise it steps on by one byte.
 *
 *     68 | A0..A5 | 68 | C | L | data + 33H | sum of all before | 16
 */
import { fromHex, hex, joined, reversed } from "./bytes.ts";

export interface Frame {
  /** Twelve digits, highest first; AA and 99 stand for wildcards and broadcast. */
  readonly address: string;
  readonly control: number;
  /** In wire order, 33H already taken away. */
  readonly data: Uint8Array;
}

/** A frame with what it cost on the wire: itself and whatever stood before it. */
export interface HeardFrame extends Frame {
  readonly raw: Uint8Array;
  readonly wireBytes: number;
  /** Which party on the wires said it, where that is known. */
  readonly connection?: string;
  /** The number under which was written down what was sent, where the wires have changed it. */
  readonly sentAs?: number | undefined;
}

const START = 0x68;
const END = 0x16;
const WAKE_UP = 0xfe;
const HEAD_BYTES = 10;
const TAIL_BYTES = 2;
/** Beyond this silence inside a frame the rest will not come (base standard, recalled). */
const GAP_MS_MAX = 500;

const sumOf = (bytes: Uint8Array): number => bytes.reduce((sum, byte) => (sum + byte) & 0xff, 0);

export function writeFrame({ address, control, data }: Frame, wakeUps = 0): Uint8Array {
  const body = joined(
    Uint8Array.of(START),
    reversed(fromHex(address)),
    Uint8Array.of(START, control, data.length),
    data.map((byte) => (byte + 0x33) & 0xff),
  );
  return joined(new Uint8Array(wakeUps).fill(WAKE_UP), body, Uint8Array.of(sumOf(body), END));
}

/** One direction of one connection: bytes in, whole frames out; what is sure to be part of none, to whoever asks for noise. */
export class FrameReader {
  readonly #onNoise: ((bytes: Uint8Array) => void) | undefined;
  #noise: Uint8Array[] = [];
  #rest: Uint8Array = new Uint8Array(0);
  #skipped = 0;
  #lastAt = 0;

  constructor(onNoise?: (bytes: Uint8Array) => void) {
    this.#onNoise = onNoise;
  }

  push(bytes: Uint8Array, at: number): HeardFrame[] {
    if (this.#rest.length > 0 && at - this.#lastAt > GAP_MS_MAX) this.end();
    this.#lastAt = at;
    this.#rest = this.#rest.length === 0 ? bytes : joined(this.#rest, bytes);
    const frames: HeardFrame[] = [];
    for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    if (this.#rest.length === 0) this.#tellNoise();
    return frames;
  }

  /** The rest will not come. */
  end(): void {
    this.#skip(this.#rest.length);
    this.#tellNoise();
  }

  #next(): HeardFrame | undefined {
    while (this.#rest.length > 0) {
      const start = this.#rest.indexOf(START);
      this.#skip(start < 0 ? this.#rest.length : start);
      if (this.#rest.length > 7 && this.#rest[7] !== START) {
        this.#skip(1);
        continue;
      }
      if (this.#rest.length < HEAD_BYTES) return undefined;
      const length = HEAD_BYTES + this.#rest[9]! + TAIL_BYTES;
      if (this.#rest.length < length) return undefined;
      const raw = this.#rest.slice(0, length);
      if (raw[length - 1] !== END || raw[length - 2] !== sumOf(raw.subarray(0, length - 2))) {
        this.#skip(1);
        continue;
      }
      const wireBytes = this.#skipped + length;
      this.#tellNoise();
      this.#rest = this.#rest.slice(length);
      this.#skipped = 0;
      const data = raw.slice(HEAD_BYTES, length - TAIL_BYTES).map((byte) => (byte - 0x33) & 0xff);
      return { address: hex(reversed(raw.subarray(1, 7))), control: raw[8]!, data, raw, wireBytes };
    }
    return undefined;
  }

  #skip(count: number): void {
    if (this.#onNoise !== undefined && count > 0) this.#noise.push(this.#rest.slice(0, count));
    this.#rest = this.#rest.slice(count);
    this.#skipped += count;
  }

  /** Wake-up bytes are none. */
  #tellNoise(): void {
    if (this.#noise.length === 0) return;
    const noise = joined(...this.#noise);
    this.#noise = [];
    const last = noise.findLastIndex((byte) => byte !== WAKE_UP);
    if (last >= 0) this.#onNoise?.(noise.slice(0, last + 1));
  }
}

export const FunctionCode = {
  security: 0x03,
  broadcastTime: 0x08,
  read: 0x11,
  readOn: 0x12,
  readAddress: 0x13,
  write: 0x14,
  writeAddress: 0x15,
  freeze: 0x16,
  changeBaud: 0x17,
  changePassword: 0x18,
  clearDemand: 0x19,
  clearMeter: 0x1a,
  clearEvents: 0x1b,
  control: 0x1c,
  output: 0x1d,
} as const;

/** A reply of a meter: normal (data as asked) or an exception (D6 set). */
export const yes = (request: Frame, data: Uint8Array = new Uint8Array(0)): Pick<Frame, "control" | "data"> => ({
  control: request.control | 0x80,
  data,
});
export const no = (request: Frame, ...error: readonly number[]): Pick<Frame, "control" | "data"> => ({
  control: request.control | 0xc0,
  data: Uint8Array.from(error),
});

/** The data identifier at the head of the data, as people write it: "00010000". */
export const dataItemOf = (data: Uint8Array): string => hex(reversed(data.subarray(0, 4)));
export const dataItemBytes = (di: string): Uint8Array => reversed(fromHex(di));
