/**
 * What can be said of bytes without keeping them: how many, and of what kind. Noise on a line may be half a frame with half a
 * password in it, so it is counted and never kept; yet how it is made tells a wrong speed from a wrong parity from two that talk at once.
 */
export interface ByteShape {
  readonly length: number;
  /** 00, and FF. */
  readonly zeros: number;
  readonly ones: number;
  /** 80 and above. */
  readonly high: number;
  /** 68 and 16, the marks of a frame; FE, the wake-up byte. */
  readonly starts: number;
  readonly ends: number;
  readonly wakeUps: number;
  /** Bits in pairs: what a port makes of a slower talker, whose every bit it samples several times. */
  readonly stretched: number;
}

export const NO_BYTES: ByteShape = { length: 0, zeros: 0, ones: 0, high: 0, starts: 0, ends: 0, wakeUps: 0, stretched: 0 };

/**
 * A talker half as fast, or slower still: our start bit and the bit behind it are both within the other's start bit, and from there on
 * samples come in equal pairs. Sixteen bytes of 256 look so by chance.
 */
const isStretched = (byte: number): boolean => {
  const pairs = byte >> 1;
  return (byte & 1) === 0 && ((pairs ^ (pairs >> 1)) & 0b010101) === 0;
};

export function shapeOf(bytes: Uint8Array): ByteShape {
  let [zeros, ones, high, starts, ends, wakeUps, stretched] = [0, 0, 0, 0, 0, 0, 0];
  for (const byte of bytes) {
    if (byte === 0x00) zeros += 1;
    if (byte === 0xff) ones += 1;
    if (byte >= 0x80) high += 1;
    if (byte === 0x68) starts += 1;
    if (byte === 0x16) ends += 1;
    if (byte === 0xfe) wakeUps += 1;
    if (isStretched(byte)) stretched += 1;
  }
  return { length: bytes.length, zeros, ones, high, starts, ends, wakeUps, stretched };
}

const counts = Object.keys(NO_BYTES) as (keyof ByteShape)[];

export function together(shapes: readonly ByteShape[]): ByteShape {
  const sum: Record<keyof ByteShape, number> = { ...NO_BYTES };
  for (const shape of shapes) for (const name of counts) sum[name] += shape[name];
  return sum;
}
