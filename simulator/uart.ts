/**
 * What one serial port hears when another speaks: bytes become levels in time, and levels are sampled in the middle of each bit
 * at the hearer's own speed. With equal settings that is the identity; with unequal ones it is the garbage a real line gives,
 * the same every time. Eight data bits, lowest first, one stop bit; all times are whole numbers of a common unit.
 *
 *     idle 1 | start 0 | d0 … d7 | parity? | stop 1 | …
 *
 * A byte whose stop bit is low has a framing error. As common chips do, the hearer then takes that low level for the next start
 * bit; a line that is low throughout is a break, after which it waits for the line to rise.
 */
export type Parity = "none" | "even" | "odd";

export interface LineSettings {
  readonly baud: number;
  readonly parity: Parity;
}

export interface HeardByte {
  readonly value: number;
  /** Stop bit high and parity right. */
  readonly isIntact: boolean;
}

const DATA_BITS = 8;

const onesIn = (byte: number): number => {
  let ones = 0;
  for (let rest = byte; rest > 0; rest >>= 1) ones += rest & 1;
  return ones;
};
const parityBit = (byte: number, parity: Parity): number => (parity === "even" ? onesIn(byte) & 1 : (onesIn(byte) & 1) ^ 1);

/** The bits of these bytes, spoken without a pause. */
function bitsOf(bytes: Uint8Array, parity: Parity): number[] {
  const bits: number[] = [];
  for (const byte of bytes) {
    bits.push(0);
    for (let i = 0; i < DATA_BITS; i += 1) bits.push((byte >> i) & 1);
    if (parity !== "none") bits.push(parityBit(byte, parity));
    bits.push(1);
  }
  return bits;
}

/** `isReversed`: A and B are swapped, so every level is turned over, the idle one too. */
export function heardOver(bytes: Uint8Array, from: LineSettings, to: LineSettings, isReversed = false): HeardByte[] {
  const bits = bitsOf(bytes, from.parity);
  const [spokenBit, heardBit] = [2 * to.baud, 2 * from.baud];
  const end = bits.length * spokenBit;
  const levelAt = (at: number): number => (bits[Math.floor(at / spokenBit)] ?? 1) ^ (isReversed ? 1 : 0);
  /** The first moment from here on at which the line is at this level. */
  const next = (level: number, from: number): number => {
    for (let at = from; at < end; at = (Math.floor(at / spokenBit) + 1) * spokenBit) if (levelAt(at) === level) return at;
    return end;
  };
  const out: HeardByte[] = [];
  let start = next(0, isReversed ? next(1, 0) : 0);
  while (start < end) {
    const sample = (bit: number): number => levelAt(start + heardBit * bit + heardBit / 2);
    if (sample(0) !== 0) {
      start = next(0, start + heardBit / 2);
      continue;
    }
    let value = 0;
    for (let i = 0; i < DATA_BITS; i += 1) value |= sample(1 + i) << i;
    const hasParity = to.parity !== "none";
    const parityIsRight = !hasParity || sample(1 + DATA_BITS) === parityBit(value, to.parity);
    const stopBit = 1 + DATA_BITS + (hasParity ? 1 : 0);
    const hasStop = sample(stopBit) === 1;
    out.push({ value, isIntact: hasStop && parityIsRight });
    const stopAt = start + heardBit * stopBit;
    if (hasStop) start = next(0, stopAt + heardBit / 2);
    else if (value === 0 && (!hasParity || sample(1 + DATA_BITS) === 0)) start = next(0, next(1, stopAt + heardBit / 2));
    else start = stopAt;
  }
  return out;
}
