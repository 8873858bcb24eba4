/**
 * How values travel: packed decimal digits (BCD), dates and times, bit words, letters, and the binary numbers of function
 * 03 (clauses 5.2 and annex A). Each is a Format<T>: so many bytes in, a T out, and back again.
 *
 * Bytes are given as they stand on the wire after -33H: the lowest first. Numbers stay exact; there is no float here.
 * Three things a meter may say instead of a value are told apart: FF in every byte is "no data" (null), a digit above 9 is
 * a fault of the meter and comes back with its raw bytes, and neither ever becomes a number.
 */
import { CentiKwh, kwh } from "../../kernel/energy.ts";
import { Fen, yuan } from "../../kernel/money.ts";
import { hexBytes } from "./frame.ts";

export type Decoded<T> = { readonly value: T | null } | { readonly fault: string };

export interface Detail {
  readonly name: string;
  readonly value: string;
}

export interface Format<T> {
  readonly bytes: number;
  readonly unit: string | null;
  decode(wire: Uint8Array): Decoded<T>;
  encode(value: T): Uint8Array;
  print(value: T): string;
  /** What else a person would want to see of it: the bits of a word, the weekday of a date. */
  details?(value: T): readonly Detail[];
}

/** An exact decimal: units × 10^-scale. */
export interface Decimal {
  readonly units: bigint;
  readonly scale: number;
}

export function printDecimal({ units, scale }: Decimal): string {
  const digits = (units < 0n ? -units : units).toString().padStart(scale + 1, "0");
  const whole = digits.slice(0, digits.length - scale);
  return `${units < 0n ? "-" : ""}${whole}${scale === 0 ? "" : `.${digits.slice(-scale)}`}`;
}

/** "12.5" with scale 4 → 125000 units. More decimals than the item has are refused: a rounded number is a wrong one. */
export function parseDecimal(text: string, scale: number): Decimal {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  const fraction = match?.[3] ?? "";
  if (match === null || fraction.length > scale) throw new Error(`not a decimal with at most ${scale} places: ${text}`);
  const units = BigInt(match[2]! + fraction.padEnd(scale, "0"));
  return { units: match[1] === "-" ? -units : units, scale };
}

/** Turns a value round between the order people write it in and the order of the wire. */
export const turned = (bytes: Uint8Array): Uint8Array => Uint8Array.from(bytes).reverse();

/** Highest digit first, as on the display; undefined when a nibble is no digit. */
export function digitsOfBcd(wire: Uint8Array): string | undefined {
  let digits = "";
  for (let i = wire.length - 1; i >= 0; i -= 1) {
    const byte = wire[i]!;
    if (byte >> 4 > 9 || (byte & 15) > 9) return undefined;
    digits += String(byte >> 4) + String(byte & 15);
  }
  return digits;
}

export function bcdOfDigits(digits: string, bytes: number): Uint8Array {
  if (!/^\d*$/.test(digits) || digits.length > bytes * 2) throw new Error(`not ${bytes * 2} digits: ${digits}`);
  const padded = digits.padStart(bytes * 2, "0");
  return Uint8Array.from({ length: bytes }, (_, i) => Number.parseInt(padded.slice((bytes - 1 - i) * 2, (bytes - i) * 2), 16));
}

const allFf = (wire: Uint8Array): boolean => wire.length > 0 && wire.every((byte) => byte === 0xff);
const notBcd = (wire: Uint8Array): Decoded<never> => ({ fault: `not BCD: ${hexBytes(turned(wire), "")}` });
const wrongLength = (wire: Uint8Array, bytes: number): Decoded<never> => ({
  fault: `${wire.length} bytes where ${bytes} are expected: ${hexBytes(wire, "")} in wire order`,
});

interface BcdShape<T> {
  readonly bytes: number;
  readonly unit: string | null;
  readonly signed?: boolean;
  readonly ofDigits: (digits: string, negative: boolean) => T;
  readonly toDigits: (value: T) => { readonly digits: string; readonly negative: boolean };
  readonly print: (value: T) => string;
  readonly details?: (value: T) => readonly Detail[];
}

function bcd<T>(shape: BcdShape<T>): Format<T> {
  const { bytes, unit, print, details } = shape;
  return {
    bytes,
    unit,
    print,
    ...(details === undefined ? {} : { details }),
    decode(wire) {
      if (wire.length !== bytes) return wire.length === 0 ? { value: null } : wrongLength(wire, bytes);
      if (allFf(wire)) return { value: null };
      const top = wire[bytes - 1]!;
      // Sign and magnitude: the top bit of the highest byte; there is no complement (annex A, "C.2").
      const negative = shape.signed === true && top >= 0x80;
      const digits = digitsOfBcd(negative ? wire.with(bytes - 1, top & 0x7f) : wire);
      return digits === undefined ? notBcd(wire) : { value: shape.ofDigits(digits, negative) };
    },
    encode(value) {
      const { digits, negative } = shape.toDigits(value);
      const wire = bcdOfDigits(digits, bytes);
      if (shape.signed === true && wire[bytes - 1]! >= 0x80)
        throw new Error(`the first digit of a signed value reaches 7: ${digits}`);
      if (negative && shape.signed !== true) throw new Error("this item knows no sign");
      if (negative) wire[bytes - 1] = wire[bytes - 1]! | 0x80;
      return wire;
    },
  };
}

const magnitude = (units: bigint) => ({ digits: (units < 0n ? -units : units).toString(), negative: units < 0n });
const unitsOf = (digits: string, negative: boolean): bigint => (negative ? -BigInt(digits) : BigInt(digits));

export const decimal = (bytes: number, scale: number, unit: string | null, signed = false): Format<Decimal> =>
  bcd({
    bytes,
    unit,
    signed,
    ofDigits: (digits, negative) => ({ units: unitsOf(digits, negative), scale }),
    toDigits: (value) => magnitude(value.units),
    print: printDecimal,
  });

/** XXXXXX.XX yuan, as function 11 shows money. Not to be confused with `binaryFen` of function 03. */
export const bcdFen: Format<Fen> = bcd({
  bytes: 4,
  unit: "yuan",
  ofDigits: (d) => Fen(BigInt(d)),
  toDigits: magnitude,
  print: yuan,
});

export const energy = (signed = false): Format<CentiKwh> =>
  bcd({ bytes: 4, unit: "kWh", signed, ofDigits: (d, n) => CentiKwh(unitsOf(d, n)), toDigits: magnitude, print: kwh });

/** Whole numbers small enough to count on: times, minutes, numbers of tables. */
export const count = (bytes: number, unit: string | null = null): Format<number> =>
  bcd({ bytes, unit, ofDigits: Number, toDigits: (n) => ({ digits: String(n), negative: n < 0 }), print: String });

/** Digits that are a name and no number: their zeros stay. */
export const digits = (bytes: number): Format<string> =>
  bcd({ bytes, unit: null, ofDigits: (d) => d, toDigits: (d) => ({ digits: d, negative: false }), print: (d) => d });

const MOMENTS = {
  YYMMDD: (d: string) => `20${d.slice(0, 2)}-${d.slice(2, 4)}-${d.slice(4, 6)}`,
  hhmmss: (d: string) => `${d.slice(0, 2)}:${d.slice(2, 4)}:${d.slice(4, 6)}`,
  hhmm: (d: string) => `${d.slice(0, 2)}:${d.slice(2, 4)}`,
  DDhh: (d: string) => `${d.slice(0, 2)} ${d.slice(2, 4)}:00`,
  MMDDhh: (d: string) => `${d.slice(0, 2)}-${d.slice(2, 4)} ${d.slice(4, 6)}:00`,
  MMDDhhmm: (d: string) => `${d.slice(0, 2)}-${d.slice(2, 4)} ${d.slice(4, 6)}:${d.slice(6, 8)}`,
  YYMMDDhhmm: (d: string) => `20${d.slice(0, 2)}-${d.slice(2, 4)}-${d.slice(4, 6)} ${d.slice(6, 8)}:${d.slice(8, 10)}`,
  YYMMDDhhmmss: (d: string) => `${MOMENTS.YYMMDDhhmm(d.slice(0, 10))}:${d.slice(10, 12)}`,
  YYMMDDWW: (d: string) => MOMENTS.YYMMDD(d.slice(0, 6)),
  YYMMDDWWhhmmss: (d: string) => `${MOMENTS.YYMMDD(d.slice(0, 6))} ${MOMENTS.hhmmss(d.slice(8, 14))}`,
  /** Table entries: a moment, and the number of the table or tariff that begins then. */
  MMDDNN: (d: string) => `${d.slice(0, 2)}-${d.slice(2, 4)} #${d.slice(4, 6)}`,
  hhmmNN: (d: string) => `${d.slice(0, 2)}:${d.slice(2, 4)} #${d.slice(4, 6)}`,
  YYMMDDNN: (d: string) => `${MOMENTS.YYMMDD(d.slice(0, 6))} #${d.slice(6, 8)}`,
} as const;
export type MomentPattern = keyof typeof MOMENTS;

/**
 * A date or time as its digits, "261122103000". Digits are shown as they came: 99 stands for "not used", 00 for "never",
 * and a month 34 tells a reader more than a refusal would.
 */
export function moment(pattern: MomentPattern): Format<string> {
  const bytes = pattern.length / 2;
  const week = pattern.indexOf("WW");
  const details = (d: string) => [{ name: "weekday", value: String(Number(d.slice(week, week + 2))) }];
  return bcd({
    bytes,
    unit: null,
    ofDigits: (d) => d,
    toDigits: (d) => {
      if (d.length !== bytes * 2) throw new Error(`${pattern} wants ${bytes * 2} digits: ${d}`);
      return { digits: d, negative: false };
    },
    print: MOMENTS[pattern],
    ...(week < 0 ? {} : { details }),
  });
}

/** Bits, the lowest byte first; printed as hex, the highest byte first. */
export function bits(bytes: number, details?: (word: number) => readonly Detail[]): Format<number> {
  return {
    bytes,
    unit: null,
    ...(details === undefined ? {} : { details }),
    decode: (wire) => (wire.length !== bytes ? absentOr(wire, bytes) : { value: allFf(wire) ? null : littleEndian(wire) }),
    encode: (word) => Uint8Array.from({ length: bytes }, (_, i) => Math.floor(word / 256 ** i) & 0xff),
    print: (word) =>
      word
        .toString(16)
        .toUpperCase()
        .padStart(bytes * 2, "0"),
  };
}

/** Letters: the last comes first, short texts are padded with 00 at the low end (annex A). */
export function ascii(bytes: number): Format<string> {
  return {
    bytes,
    unit: null,
    decode(wire) {
      if (wire.length !== bytes) return absentOr(wire, bytes);
      if (allFf(wire)) return { value: null };
      const text = turned(wire).filter((byte) => byte !== 0);
      if (text.some((byte) => byte < 0x20 || byte > 0x7e)) return { fault: `not ASCII: ${hexBytes(turned(wire), "")}` };
      return { value: String.fromCharCode(...text).trim() };
    },
    encode: (text) => turned(Uint8Array.from({ length: bytes }, (_, i) => (i < text.length ? text.charCodeAt(i) & 0x7f : 0))),
    print: (text) => text,
  };
}

/** Bytes without a meaning of ours, such as an operator code or a MAC: hex, the highest byte first. Never "no data". */
export function hex(bytes: number): Format<string> {
  return {
    bytes,
    unit: null,
    decode: (wire) => (wire.length === bytes ? { value: hexBytes(turned(wire), "") } : wrongLength(wire, bytes)),
    encode: (text) =>
      Uint8Array.from({ length: bytes }, (_, i) => Number.parseInt(text.slice((bytes - 1 - i) * 2, (bytes - i) * 2), 16)),
    print: (text) => text,
  };
}

/** A data identifier inside data (programming records, display tables); FF means that the place is unused. */
export const identifier: Format<string> = {
  ...hex(4),
  decode: (wire) => (wire.length !== 4 ? absentOr(wire, 4) : { value: allFf(wire) ? null : hexBytes(turned(wire), "") }),
};

/** Function 03 counts money in binary hundredths of a yuan, not in BCD (clause 5.13 of the reference). FF is a number here. */
export const binaryFen: Format<Fen> = {
  bytes: 4,
  unit: "yuan",
  decode: (wire) => (wire.length === 4 ? { value: Fen(BigInt(littleEndian(wire))) } : wrongLength(wire, 4)),
  encode: (fen) => binary(fen),
  print: yuan,
};

/** The purchase count of function 03: binary, like the money beside it. */
export const binaryCount: Format<number> = {
  bytes: 4,
  unit: null,
  decode: (wire) => (wire.length === 4 ? { value: littleEndian(wire) } : wrongLength(wire, 4)),
  encode: (n) => binary(BigInt(n)),
  print: String,
};

function absentOr(wire: Uint8Array, bytes: number): Decoded<never> {
  return wire.length === 0 ? { value: null } : wrongLength(wire, bytes);
}

function littleEndian(wire: Uint8Array): number {
  let word = 0;
  for (let i = wire.length - 1; i >= 0; i -= 1) word = word * 256 + wire[i]!;
  return word;
}

function binary(amount: bigint): Uint8Array {
  if (amount < 0n || amount > 0xffff_ffffn) throw new Error(`does not fit four bytes: ${amount.toString()}`);
  const wire = new Uint8Array(4);
  new DataView(wire.buffer).setUint32(0, Number(amount), true);
  return wire;
}
