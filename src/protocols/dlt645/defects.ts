/**
 * Names what is wrong with bytes that look like a frame: the second start, the length, the checksum and the sum it would fit, the
 * end byte, or simply that the rest is missing. For people at a line; the deframer only needs to know that it is no frame.
 */
import { END, FRAME_BYTES_MIN, OFFSET, START, checksum, hexByte, measureFrame } from "./frame.ts";

export interface Defect {
  readonly why: string;
  /** How many bytes seem to belong to it. */
  readonly length: number;
}

/** Where a frame seems to begin: both start bytes, or at the very end one with the bytes running out behind it. */
export function defectAt(bytes: Uint8Array, at: number, atTheEnd: boolean): Defect | undefined {
  const found = measureFrame(bytes, at);
  if (found.is === "short" && !atTheEnd && bytes.length - at < 8) return undefined;
  if (found.is === "short") return { why: `${found.why}${fittingLength(bytes, at)}`, length: bytes.length - at };
  if (found.is !== "wrong" || found.why === "noise") return undefined;
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

/** The last byte is an end byte all the same: then it is L that does not say how many data bytes stand before it. */
function lengthDoubt(bytes: Uint8Array, at: number, to: number): string | undefined {
  const present = to - at - FRAME_BYTES_MIN;
  if (present < 0 || bytes[to - 1] !== END) return undefined;
  const right = bytes[to - 2] === checksum(bytes, at, to - 2) ? "; the checksum fits these" : "";
  return `length at offset 9 is ${hexByte(bytes[at + 9]!)}, but ${present} data bytes are present${right}`;
}

/** Cut short, or told too long? When an end byte and the right checksum close what is there, L may be the liar. */
function fittingLength(bytes: Uint8Array, at: number): string {
  const present = bytes.length - at - FRAME_BYTES_MIN;
  if (present < 0 || bytes.at(-1) !== END || bytes.at(-2) !== checksum(bytes, at, bytes.length - 2)) return "";
  return `; or length at offset 9 is wrong: the checksum fits ${present} data bytes`;
}

/** Sums that other programs make: `from` and `to` the bytes in it, `less` what they leave out of every data byte. */
const WINDOWS: readonly { readonly says: string; readonly from: number; readonly less: number }[] = [
  { says: "a sum from the second 68", from: 7, less: 0 },
  { says: "a sum without the first 68", from: 1, less: 0 },
  { says: "a sum from the control byte", from: 8, less: 0 },
  { says: "a sum over the data alone", from: 10, less: 0 },
  { says: "a sum over the data before 33 was added", from: 0, less: OFFSET },
];

/** Which of the common wrong sums the given checksum is, for a frame that is whole but for its checksum. */
function otherWindow(frame: Uint8Array): string | undefined {
  const given = frame[frame.length - 2]!;
  const to = frame.length - 2;
  return WINDOWS.find(({ from, less }) => ((checksum(frame, from, to) - less * (to - 10)) & 0xff) === given)?.says;
}

/** Bytes without a second start are noise; those that begin like a frame say at least where they stop being one. */
export function defectOfNoise(bytes: Uint8Array): string {
  return bytes[0] === START && bytes.length >= FRAME_BYTES_MIN
    ? `second start byte at offset 7 is ${hexByte(bytes[7]!)}, not 68`
    : "noise";
}
