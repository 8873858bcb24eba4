/**
 * What a format is: so many bytes in, a T out, and back again. The formats themselves stand in `numbers.ts`, `moments.ts`,
 * `letters.ts` and `bit-words.ts`; `formats.ts` is the list of them.
 *
 * Bytes are given as they stand on the wire after -33H: the lowest first. A meter may say three things instead of a value, and
 * they are told apart: FF in every byte is "no data" (null), a digit above 9 is a fault of the meter and keeps its bytes, too
 * few or too many bytes are a fault as well. None of them ever becomes a number.
 */
import { hexBytes } from "../frame.ts";

export type Decoded<T> = { readonly value: T | null } | { readonly fault: string };

export interface Detail {
  readonly name: string;
  readonly value: string;
}

/** Bytes that are no value of their format. */
export class Unreadable {
  readonly why: string;
  constructor(why: string) {
    this.why = why;
  }
}

/** What the bytes are made of, whatever they mean: packed digits, a moment in digits, bits, letters, bytes, a plain binary number. */
export type FormatKind = "digits" | "moment" | "bits" | "letters" | "bytes" | "binary";

export interface Format<T> {
  readonly kind: FormatKind;
  /** As the standard writes it: "XXXXXX.XX", "YYMMDDhhmm", "XXXX". */
  readonly pattern: string;
  readonly bytes: number;
  readonly unit: string | null;
  readonly signed: boolean;
  /** All of the bytes given; none at all is "no data". */
  decode(wire: Uint8Array): Decoded<T>;
  /** `bytes` bytes from `at`, which the caller knows to be there. The quick way: nothing is copied, nothing wrapped. */
  decodeAt(wire: Uint8Array, at: number): T | null | Unreadable;
  /** Throws the fault `unencodable` with the name of the field when the value does not fit. */
  encode(value: T, field?: string): Uint8Array;
  print(value: T): string;
  /** The way back from `print`, and from what people type; throws as `encode` does. */
  parse(text: string, field?: string): T;
  /** What else a person would want to see of it: the bits of a word, the weekday of a date. */
  details?(value: T): readonly Detail[];
}

/** The parts in which formats differ. */
export interface FormatParts<T> {
  readonly kind?: FormatKind;
  readonly pattern: string;
  readonly bytes: number;
  readonly unit?: string | null;
  readonly signed?: boolean;
  readonly decodeAt: (wire: Uint8Array, at: number) => T | null | Unreadable;
  readonly encode: (value: T, field: string) => Uint8Array;
  readonly print: (value: T) => string;
  readonly parse: (text: string, field: string) => T;
  readonly details?: ((value: T) => readonly Detail[]) | undefined;
}

export function format<T>(parts: FormatParts<T>): Format<T> {
  const { kind = "digits", pattern, bytes, unit = null, signed = false, decodeAt, print, details } = parts;
  return {
    kind,
    pattern,
    bytes,
    unit,
    signed,
    decodeAt,
    print,
    decode(wire) {
      if (wire.length !== bytes) return wire.length === 0 ? { value: null } : { fault: wrongLength(wire, bytes).why };
      const read = decodeAt(wire, 0);
      return read instanceof Unreadable ? { fault: read.why } : { value: read };
    },
    encode: (value, field = "value") => parts.encode(value, field),
    parse: (text, field = "value") => parts.parse(text, field),
    ...(details === undefined ? {} : { details }),
  };
}

/** The same format as the standard writes it elsewhere: it says N for digits that are set and X for those that are measured. */
export const written = <F extends { readonly pattern: string }>(pattern: string, as: F): F => ({ ...as, pattern });

/** N instead of X. */
export const set = <F extends { readonly pattern: string }>(as: F): F => written(as.pattern.replaceAll("X", "N"), as);

/** Inside a block a word stands without its bits and a date without its weekday, so that every place of the block is one value. */
export const plain = <T>(as: Format<T>): Format<T> => ({ ...as, details: () => [] });

export const wrongLength = (wire: Uint8Array, bytes: number): Unreadable =>
  new Unreadable(`${wire.length} bytes where ${bytes} are expected: ${hexBytes(wire, "")} in wire order`);

export function isAllFf(wire: Uint8Array, at: number, bytes: number): boolean {
  for (let i = at; i < at + bytes; i += 1) if (wire[i] !== 0xff) return false;
  return true;
}

/** Highest byte first, as people write it. */
export const hexTurned = (wire: Uint8Array, at: number, bytes: number): string =>
  hexBytes(turned(wire.subarray(at, at + bytes)), "");

/** Turns a value round between the order people write it in and the order of the wire. */
export const turned = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes).reverse();
