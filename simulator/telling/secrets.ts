/**
 * Passwords as dots. A frame that carries one (write, clear, change of password, relay order) is shown without its three password
 * bytes, and without its checksum, which would narrow them down. Bytes that only begin like such a frame are dots behind their
 * head: nobody knows where in them the password lies. Ciphers and MACs stay: they are no secret on the wire.
 */
import { hex } from "../bytes.ts";

const DOT = "••";
const HEAD_BYTES = 10;
const PASSWORD_BYTES = 3;

/** Control byte → where its password fields (level and three bytes) begin in the data. 04, 0F and 8F are 1997's. */
const passwordsAt: Readonly<Record<number, readonly number[]>> = {
  0x04: [2],
  0x0f: [0, 4],
  0x14: [4],
  0x18: [4, 8],
  0x19: [0],
  0x1a: [0],
  0x1b: [0],
  0x1c: [0],
  0x8f: [0],
  0x98: [0],
};

/** Under these levels a MAC proves who writes, and the password bytes are flags. */
const SECURED_LEVELS: readonly number[] = [0x96, 0x97, 0x98, 0x99];

/** Where a whole frame that begins here ends, or undefined when it is none. */
function endOf(bytes: Uint8Array, start: number): number | undefined {
  const sumAt = start + HEAD_BYTES + (bytes[start + 9] ?? 255);
  const sum = bytes.subarray(start, sumAt).reduce((total, byte) => (total + byte) & 0xff, 0);
  return bytes[sumAt] === sum && bytes[sumAt + 1] === 0x16 ? sumAt + 2 : undefined;
}

const range = (from: number, to: number): number[] => Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);

/** The places that must not be shown, by index; empty when nothing is secret. */
export function secretBytes(bytes: Uint8Array): readonly number[] {
  const places: number[] = [];
  for (let start = 0; start + HEAD_BYTES <= bytes.length; start += 1) {
    if (bytes[start] !== 0x68 || bytes[start + 7] !== 0x68) continue;
    const fields = passwordsAt[bytes[start + 8]!];
    const end = endOf(bytes, start);
    if (end === undefined) {
      if (fields !== undefined) return [...places, ...range(start + HEAD_BYTES, bytes.length)];
      continue;
    }
    const data = start + HEAD_BYTES;
    const open = (fields ?? [])
      .filter((at) => data + at < end - 2 && !SECURED_LEVELS.includes((bytes[data + at]! - 0x33) & 0xff))
      .map((at) => data + at + 1);
    for (const from of open) places.push(...range(from, Math.min(from + PASSWORD_BYTES, end - 2)));
    if (open.length > 0) places.push(end - 2);
    start = end - 1;
  }
  return places;
}

/** Hex, with dots where a password is. */
export function maskedHex(bytes: Uint8Array): string {
  const secret = new Set(secretBytes(bytes));
  return secret.size === 0
    ? hex(bytes)
    : Array.from(bytes, (byte, i) => (secret.has(i) ? DOT : hex(Uint8Array.of(byte)))).join("");
}

export const isMasked = (text: string): boolean => text.includes("•");
