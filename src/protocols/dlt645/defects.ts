/**
 * Names what is wrong with bytes that look like a frame: the second start, the length, the checksum and the sum it would fit, the
 * end byte, or simply that the rest is missing. For people at a line; the deframer only needs to know that it is no frame.
 */
import { END, FRAME_BYTES_MIN, OFFSET, PREAMBLE, PREAMBLE_BYTES, START, checksum, hexByte, measureFrame } from "./frame.ts";

export interface Defect {
  readonly why: string;
  /** How many bytes seem to belong to it. */
  readonly length: number;
}

/** Where a frame seems to begin: both start bytes, one with a frame's bytes around it, or one with the bytes running out behind it. */
export function defectAt(bytes: Uint8Array, at: number, atTheEnd: boolean): Defect | undefined {
  const found = measureFrame(bytes, at);
  if (found.is === "short" && !atTheEnd && bytes.length - at < 8 && !isAddressBegun(bytes.subarray(at + 1))) return undefined;
  if (found.is === "short") return { why: `${found.why}${fittingLength(bytes, at)}`, length: bytes.length - at };
  if (found.is !== "wrong") return undefined;
  if (found.why === "noise") return startDefect(bytes, at);
  if (found.why.startsWith("checksum")) {
    const fits = otherWindow(bytes.subarray(at, at + found.length));
    return { why: fits === undefined ? found.why : `${found.why}; it fits ${fits}`, length: found.length };
  }
  // The end byte is not where L says: L itself is doubtful, and what follows up to the next head belongs to this one.
  let next = at + FRAME_BYTES_MIN;
  while (next < bytes.length && !(bytes[next] === START && bytes[next + 7] === START)) next += 1;
  const end = Math.min(next, bytes.length);
  return { why: lengthDoubt(bytes, at, end) ?? found.why, length: end - at };
}

/** Before a good frame a lone 68 is noise; with half an address behind it somebody began to speak and was cut off. */
const isAddressBegun = (bytes: Uint8Array): boolean =>
  bytes.length >= 3 && bytes.every((byte) => byte === 0xaa || (byte >> 4 <= 9 && (byte & 15) <= 9));

/** Everything of a frame is there but one of its two starts: L, checksum and end byte agree as soon as 68 is put in its place. */
function startDefect(bytes: Uint8Array, at: number): Defect | undefined {
  if (bytes.length - at < FRAME_BYTES_MIN || (bytes[at] === START) === (bytes[at + 7] === START)) return undefined;
  const wrong = bytes[at] === START ? 7 : 0;
  const whole = bytes.slice(at, at + FRAME_BYTES_MIN + bytes[at + 9]!);
  const given = hexByte(whole[wrong]!);
  whole[wrong] = START;
  if (measureFrame(whole).is !== "frame") return undefined;
  const which = wrong === 0 ? "first" : "second";
  return { why: `${which} start byte at offset ${wrong} is ${given}, not 68`, length: whole.length };
}

/** The last byte is an end byte all the same: then it is L that does not say how many data bytes stand before it. */
function lengthDoubt(bytes: Uint8Array, at: number, to: number): string | undefined {
  const present = to - at - FRAME_BYTES_MIN;
  if (present < 0 || bytes[to - 1] !== END) return undefined;
  const right = sumFits(bytes, at, to, present) ? "; the checksum fits these" : "";
  return `length at offset 9 is ${hexByte(bytes[at + 9]!)}, but ${present} data bytes are present${right}`;
}

/** Cut short, or told too long? When an end byte and the right checksum close what is there, L may be the liar. */
function fittingLength(bytes: Uint8Array, at: number): string {
  const present = bytes.length - at - FRAME_BYTES_MIN;
  if (present < 0 || present > 0xff || bytes.at(-1) !== END || !sumFits(bytes, at, bytes.length, present)) return "";
  return `; or length at offset 9 is wrong: the checksum fits ${present} data bytes`;
}

/** Made by a sender who wrote this L, or by one whose L was right and was changed on the way. */
function sumFits(bytes: Uint8Array, at: number, to: number, present: number): boolean {
  const sum = checksum(bytes, at, to - 2);
  return bytes[to - 2] === sum || bytes[to - 2] === ((sum - bytes[at + 9]! + present) & 0xff);
}

/**
 * Sums that other programs make: which bytes are in it, from the offset `from` on, without those in `without`; and what is left
 * out of every data byte or added from outside of the sum's right place. The first that fits is told.
 */
interface Window {
  readonly says: string;
  readonly from: number;
  readonly without?: readonly number[];
  readonly less?: number;
  readonly more?: number;
}
const ADDRESS = [1, 2, 3, 4, 5, 6];
const WINDOWS: readonly Window[] = [
  { says: "a sum from the second 68", from: 7 },
  { says: "a sum without the first 68", from: 1 },
  { says: "a sum without both 68", from: 1, without: [7] },
  { says: "a sum without the address", from: 0, without: ADDRESS },
  { says: "a sum from the control byte", from: 8 },
  { says: "a sum from the length byte", from: 9 },
  { says: "a sum over the data alone", from: 10 },
  { says: "a sum over the data before 33 was added", from: 0, less: OFFSET },
  { says: "a sum with the end byte in it", from: 0, more: END },
  ...Array.from({ length: PREAMBLE_BYTES }, (_, i) => ({
    says: `a sum with ${i + 1} wake-up ${i === 0 ? "byte" : "bytes"} in it`,
    from: 0,
    more: (i + 1) * PREAMBLE,
  })),
  ...[2, 3, 4, 5, 6].map((from) => ({ says: `a sum from offset ${from}, in the middle of the address`, from })),
];

/** Which of the common wrong sums the given checksum is, for a frame that is whole but for its checksum. */
function otherWindow(frame: Uint8Array): string | undefined {
  const given = frame[frame.length - 2]!;
  const to = frame.length - 2;
  const fits = ({ from, without = [], less = 0, more = 0 }: Window): boolean =>
    ((checksum(frame, from, to) - without.reduce((sum, i) => sum + frame[i]!, 0) - less * (to - 10) + more) & 0xff) === given;
  return WINDOWS.find(fits)?.says;
}

/** Bytes without a second start are noise; those that begin like a frame say at least where they stop being one. */
export function defectOfNoise(bytes: Uint8Array): string {
  return bytes[0] === START && bytes.length >= FRAME_BYTES_MIN
    ? `second start byte at offset 7 is ${hexByte(bytes[7]!)}, not 68`
    : "noise";
}
