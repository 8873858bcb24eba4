/**
 * One DL/T 645 message as bytes with structure (clause 5.2 of the 2007 edition; the 1997 edition has the same skeleton):
 *
 *     FE … │ 68 │ A0 … A5 │ 68 │ C │ L │ DATA, each byte + 33H │ CS │ 16
 *          └──────────────── CS = sum modulo 256 ─────────────┘
 *
 * Here addresses are turned round and the 33H comes and goes; above this file nobody sees either. What the data means
 * is not known here, and neither is whether the address is one of ours.
 */

import { refuse } from "./refusal.ts";

export const START = 0x68;
export const END = 0x16;
export const PREAMBLE = 0xfe;
/** Added to every data byte by the sender, so that a line without current (all ones or all zeros) does not look like data. */
export const OFFSET = 0x33;

/** 68, six of address, 68, C, L, CS, 16. */
export const FRAME_BYTES_MIN = 12;
/** The base standard stops at 200 in a reply; later documents and vendors do not, and L is one byte. */
export const DATA_BYTES_MAX = 255;
export const FRAME_BYTES_MAX = FRAME_BYTES_MIN + DATA_BYTES_MAX;
/** Four wake-up bytes stand before each request (clause 5.1); they belong to no frame. */
export const PREAMBLE_BYTES = 4;

export interface Frame {
  /** Twelve characters as printed on the meter, top digit first; A stands for "any" in a wildcard. */
  readonly address: string;
  readonly control: number;
  /** The 33H already removed. */
  readonly data: Uint8Array;
}

/** All A: the only meter on the bus, whatever its address. */
export const ANY_METER = "AAAAAAAAAAAA";
/** All 9: everyone listens and nobody answers. */
export const EVERY_METER = "999999999999";

const HEX_PAIRS: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).toUpperCase().padStart(2, "0"));

export function encodeFrame({ address, control, data }: Frame, options?: { readonly preamble?: number }): Uint8Array {
  const { length } = data;
  if (length > DATA_BYTES_MAX) refuse("data", `${length} bytes; a frame carries at most ${DATA_BYTES_MAX}`);
  const at = options?.preamble ?? 0;
  const bytes = new Uint8Array(at + FRAME_BYTES_MIN + length);
  for (let i = 0; i < at; i += 1) bytes[i] = PREAMBLE;
  bytes[at] = START;
  writeAddress(address, bytes, at + 1);
  bytes[at + 7] = START;
  bytes[at + 8] = control;
  bytes[at + 9] = length;
  for (let i = 0; i < length; i += 1) bytes[at + 10 + i] = data[i]! + OFFSET;
  bytes[at + 10 + length] = checksum(bytes, at, at + 10 + length);
  bytes[at + 11 + length] = END;
  return bytes;
}

/** Twelve characters, lowest pair first on the wire. Refused: anything but digits and the A of a wildcard. */
function writeAddress(address: string, bytes: Uint8Array, at: number): void {
  if (address.length !== 12) refuse("address", "an address is twelve digits, A for any", address);
  for (let pair = 0; pair < 6; pair += 1)
    bytes[at + 5 - pair] = addressDigit(address, pair * 2) * 16 + addressDigit(address, pair * 2 + 1);
}
function addressDigit(address: string, at: number): number {
  const code = address.charCodeAt(at);
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  return code === 0x41 ? 10 : refuse("address", "an address is twelve digits, A for any", address);
}

/** Sum modulo 256 of bytes `from` up to, not including, `to`. */
export function checksum(bytes: Uint8Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i += 1) sum += bytes[i]!;
  return sum & 0xff;
}

/**
 * How long the frame is that begins at an offset; NONE: no frame begins here; MORE: right so far, the rest has not come. The quick
 * question, asked at every byte of a line: it makes no object and no sentence. What is wrong is told by `measureFrame`.
 */
export function frameLength(bytes: Uint8Array, at: number): number {
  const there = bytes.length - at;
  if (bytes[at] !== START || (there > 7 && bytes[at + 7] !== START)) return NONE;
  if (there < 10) return MORE;
  const length = FRAME_BYTES_MIN + bytes[at + 9]!;
  if (there < length) return MORE;
  // The end byte first: it is the cheaper question, and a stream of start bytes must not cost a checksum each.
  if (bytes[at + length - 1] !== END) return NONE;
  return bytes[at + length - 2] === checksum(bytes, at, at + length - 2) ? length : NONE;
}
export const NONE = -1;
export const MORE = 0;

/**
 * What stands at an offset: `frame` of so many bytes · `short`: right so far, the rest has not come · `wrong`: no frame
 * begins here. A wrong one whose length byte could be read says how far it would have reached.
 */
export type Measure =
  | { readonly is: "frame"; readonly length: number }
  | { readonly is: "short"; readonly why: string; readonly lengthMin: number }
  | { readonly is: "wrong"; readonly why: string; readonly length: number };

export function measureFrame(bytes: Uint8Array, at = 0): Measure {
  const found = frameLength(bytes, at);
  if (found > 0) return { is: "frame", length: found };
  const there = bytes.length - at;
  const length = there < 10 ? FRAME_BYTES_MIN : FRAME_BYTES_MIN + bytes[at + 9]!;
  if (found === MORE) {
    const least = there < 10 ? "at least " : "";
    return { is: "short", why: `truncated: ${there} of ${least}${length} bytes`, lengthMin: length };
  }
  if (bytes[at] !== START || bytes[at + 7] !== START) return { is: "wrong", why: "noise", length: 1 };
  const end = bytes[at + length - 1]!;
  if (end !== END) return { is: "wrong", why: `end byte at offset ${length - 1} is ${hexByte(end)}, not 16`, length };
  const given = hexByte(bytes[at + length - 2]!);
  const computed = hexByte(checksum(bytes, at, at + length - 2));
  return { is: "wrong", why: `checksum at offset ${length - 2} is ${given}, computed ${computed}`, length };
}

/** The frame at an offset where one was found. */
export function frameAt(bytes: Uint8Array, at: number): Frame {
  const length = bytes[at + 9]!;
  const data = new Uint8Array(length);
  for (let i = 0; i < length; i += 1) data[i] = bytes[at + 10 + i]! - OFFSET;
  return { address: addressAt(bytes, at + 1), control: bytes[at + 8]!, data };
}

/**
 * Six bytes as printed on the meter, the last on the wire first. The meters of a line are asked again and again and differ in their
 * last two digits: the address spelled last is kept for each lowest byte, for comparing six bytes is cheaper than spelling twelve
 * characters. It changes no answer.
 */
function addressAt(bytes: Uint8Array, at: number): string {
  const slot = bytes[at]!;
  let isKnown = true;
  for (let i = 0; i < 6; i += 1) isKnown &&= bytes[at + i] === spelledBytes[slot * 6 + i];
  if (isKnown) return spelledAddresses[slot]!;
  for (let i = 0; i < 6; i += 1) spelledBytes[slot * 6 + i] = bytes[at + i]!;
  return (spelledAddresses[slot] = spelledAddress(bytes, at));
}
const spelledBytes = new Uint8Array(256 * 6);
const spelledAddresses: string[] = new Array<string>(256).fill("000000000000");

/** One string at once: put together from pairs it would be five more. */
const spelledAddress = (bytes: Uint8Array, at: number): string =>
  String.fromCharCode(
    HIGH[bytes[at + 5]!]!,
    LOW[bytes[at + 5]!]!,
    HIGH[bytes[at + 4]!]!,
    LOW[bytes[at + 4]!]!,
    HIGH[bytes[at + 3]!]!,
    LOW[bytes[at + 3]!]!,
    HIGH[bytes[at + 2]!]!,
    LOW[bytes[at + 2]!]!,
    HIGH[bytes[at + 1]!]!,
    LOW[bytes[at + 1]!]!,
    HIGH[bytes[at + 0]!]!,
    LOW[bytes[at + 0]!]!,
  );
/** Character codes of the two digits of a byte. */
const [HIGH, LOW] = [4, 0].map((shift) =>
  Uint8Array.from({ length: 256 }, (_, byte) => HEX_PAIRS[(byte >> shift) & 15]!.charCodeAt(1)),
) as [Uint8Array, Uint8Array];

/** Exactly one frame, wake-up bytes before it allowed, nothing behind it. */
export function decodeFrame(bytes: Uint8Array): { readonly frame: Frame } | { readonly fault: string } {
  let at = 0;
  while (bytes[at] === PREAMBLE) at += 1;
  if (at === bytes.length) return { fault: "truncated: no start byte" };
  const length = frameLength(bytes, at);
  if (length <= 0) {
    const found = measureFrame(bytes, at);
    if (found.is === "frame") throw new Error("two measures of one frame");
    return { fault: found.why === "noise" ? "start bytes 68 are not where they belong" : found.why };
  }
  const behind = bytes.length - at - length;
  if (behind > 0) return { fault: `${behind} bytes stand behind the end byte` };
  return { frame: frameAt(bytes, at) };
}

/** "0F": two upper-case hex digits. */
export const hexByte = (byte: number): string => HEX_PAIRS[byte & 0xff]!;

/** "68 01 …": as frames are written in golden files and logs. */
export const hexBytes = (bytes: Uint8Array, separator = " "): string => Array.from(bytes, hexByte).join(separator);

/** An identifier as it is written, eight or four hex digits, in wire order. Made for every request, so without a detour. */
export function identifierBytesOf(di: string): Uint8Array {
  const { length } = di;
  if (length !== 8 && length !== 4) refuse("di", "an identifier is eight hex digits, or four in the 1997 edition", di);
  const wire = new Uint8Array(length / 2);
  for (let i = 0; i < wire.length; i += 1)
    wire[wire.length - 1 - i] = hexDigit(di.charCodeAt(2 * i), di) * 16 + hexDigit(di.charCodeAt(2 * i + 1), di);
  return wire;
}
function hexDigit(code: number, di: string): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  if (code >= 0x41 && code <= 0x46) return code - 0x37;
  return code >= 0x61 && code <= 0x66 ? code - 0x57 : refuse("di", "not hex digits", di);
}

export function bytesOfHex(text: string): Uint8Array {
  const digits = text.replaceAll(/\s/g, "");
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(digits)) throw new Error(`not hex pairs: ${JSON.stringify(text.slice(0, 60))}`);
  return Uint8Array.from({ length: digits.length / 2 }, (_, i) => Number.parseInt(digits.slice(i * 2, i * 2 + 2), 16));
}
