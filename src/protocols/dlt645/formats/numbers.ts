/**
 * Numbers: packed decimal digits (BCD, annex A of the standard) for everything function 11 shows, and the plain binary numbers
 * of function 03. The two kinds of money look alike and are not: 50.00 yuan is 5000H in BCD and 1388H in binary, so each has a
 * type of its own and no helper serves both.
 */
import { CentiKwh, kwh } from "../../../kernel/energy.ts";
import { Fen, yuan } from "../../../kernel/money.ts";
import { parseDecimal, printDecimal } from "./decimal.ts";
import type { Decimal } from "./decimal.ts";
import { Unreadable, format, hexTurned, isAllFf } from "./format.ts";
import { refuse } from "../refusal.ts";
import type { Format } from "./format.ts";

/** Up to seven bytes: fourteen digits, which a number still holds exactly. */
const EXACT_BYTES_MAX = 7;
const NOT_BCD = -1;

/** The digits of `bytes` bytes as one number, or NOT_BCD. `sign`: the top bit of the highest byte is left out. */
function digitsAt(wire: Uint8Array, at: number, bytes: number, sign: boolean): number {
  let number = 0;
  for (let i = at + bytes - 1; i >= at; i -= 1) {
    let byte = wire[i]!;
    if (sign && i === at + bytes - 1) byte &= 0x7f;
    const high = byte >> 4;
    const low = byte & 15;
    if (high > 9 || low > 9) return NOT_BCD;
    number = number * 100 + high * 10 + low;
  }
  return number;
}

/** Highest digit first, as on the display; undefined when a nibble is no digit. */
export function digitsOfBcd(wire: Uint8Array, at = 0, bytes = wire.length): string | undefined {
  let digits = "";
  for (let i = at + bytes - 1; i >= at; i -= 1) {
    const byte = wire[i]!;
    if (byte >> 4 > 9 || (byte & 15) > 9) return undefined;
    digits += String(byte >> 4) + String(byte & 15);
  }
  return digits;
}

export function bcdOfDigits(digits: string, bytes: number, field = "value"): Uint8Array {
  if (!/^\d*$/.test(digits) || digits.length > bytes * 2) refuse(field, `not ${bytes * 2} digits`, digits);
  const padded = digits.padStart(bytes * 2, "0");
  return Uint8Array.from({ length: bytes }, (_, i) => Number.parseInt(padded.slice((bytes - 1 - i) * 2, (bytes - i) * 2), 16));
}

/** No value: FF everywhere says so, anything else is a digit that is none. */
export const noNumber = (wire: Uint8Array, at: number, bytes: number): null | Unreadable =>
  isAllFf(wire, at, bytes) ? null : new Unreadable(`not BCD: ${hexTurned(wire, at, bytes)}`);

/** Sign and magnitude: the top bit of the highest byte is the sign, so the first digit only reaches 7; there is no complement. */
function encodeUnits(units: bigint, bytes: number, signed: boolean, field: string): Uint8Array {
  const wire = bcdOfDigits((units < 0n ? -units : units).toString(), bytes, field);
  if (signed && wire[bytes - 1]! >= 0x80) refuse(field, "the first digit of a signed value reaches 7", units.toString());
  if (units < 0n && !signed) refuse(field, "this item knows no sign", units.toString());
  if (units < 0n) wire[bytes - 1] = wire[bytes - 1]! | 0x80;
  return wire;
}

/** "XXXXXX.XX": the digits of so many bytes, the last `scale` of them behind the point. */
const patternOf = (bytes: number, scale: number): string =>
  `${"X".repeat(Math.max(0, bytes * 2 - scale))}${scale === 0 ? "" : `.${"X".repeat(scale)}`}`;

interface UnitsShape<T> {
  readonly bytes: number;
  readonly scale: number;
  readonly unit: string | null;
  readonly signed: boolean;
  readonly of: (units: bigint) => T;
  readonly unitsOf: (value: T) => bigint;
  readonly print: (value: T) => string;
}

function unitsFormat<T>({ bytes, scale, unit, signed, of, unitsOf, print }: UnitsShape<T>): Format<T> {
  if (bytes > EXACT_BYTES_MAX) throw new Error(`${bytes} bytes of digits are more than a number holds exactly`);
  return format<T>({
    pattern: patternOf(bytes, scale),
    bytes,
    unit,
    signed,
    print,
    decodeAt: (wire, at) => {
      const digits = digitsAt(wire, at, bytes, signed);
      if (digits === NOT_BCD) return noNumber(wire, at, bytes);
      return of(BigInt(signed && wire[at + bytes - 1]! >= 0x80 ? -digits : digits));
    },
    encode: (value, field) => encodeUnits(unitsOf(value), bytes, signed, field),
    parse: (text, field) => of(parseDecimal(text, scale, field).units),
  });
}

export const decimal = (bytes: number, scale: number, unit: string | null, signed = false): Format<Decimal> =>
  unitsFormat({
    bytes,
    scale,
    unit,
    signed,
    of: (units) => ({ units, scale }),
    unitsOf: (value) => value.units,
    print: printDecimal,
  });

/** XXXXXX.XX yuan, as function 11 shows money. Not to be confused with `binaryFen` of function 03. */
export const bcdFen: Format<Fen> = unitsFormat({
  bytes: 4,
  scale: 2,
  unit: "yuan",
  signed: false,
  of: Fen,
  unitsOf: (value) => value,
  print: yuan,
});

export const energy = (signed = false): Format<CentiKwh> =>
  unitsFormat({ bytes: 4, scale: 2, unit: "kWh", signed, of: CentiKwh, unitsOf: (value) => value, print: kwh });

/** Whole numbers small enough to count on: times, minutes, numbers of tables. */
export function count(bytes: number, unit: string | null = null): Format<number> {
  return format<number>({
    pattern: patternOf(bytes, 0),
    bytes,
    unit,
    print: String,
    decodeAt: (wire, at) => {
      const digits = digitsAt(wire, at, bytes, false);
      return digits === NOT_BCD ? noNumber(wire, at, bytes) : digits;
    },
    encode: (value, field) => {
      if (!Number.isSafeInteger(value) || value < 0) refuse(field, "a count is a whole number from 0", value);
      return bcdOfDigits(String(value), bytes, field);
    },
    parse: (text, field) => wholeNumber(text, field),
  });
}

/** Digits that are a name and no number: their zeros stay. */
export function digits(bytes: number): Format<string> {
  return format<string>({
    pattern: patternOf(bytes, 0),
    bytes,
    print: (text) => text,
    decodeAt: (wire, at) => digitsOfBcd(wire, at, bytes) ?? noNumber(wire, at, bytes),
    encode: (text, field) => bcdOfDigits(exactDigits(text, bytes, field), bytes, field),
    parse: (text, field) => exactDigits(text, bytes, field),
  });
}

function exactDigits(text: string, bytes: number, field: string): string {
  if (text.length !== bytes * 2 || !/^\d*$/.test(text)) refuse(field, `not ${bytes * 2} digits`, text);
  return text;
}

function wholeNumber(text: string, field: string): number {
  if (!/^\d{1,15}$/.test(text)) refuse(field, "not a whole number", text);
  return Number(text);
}

/** Four bytes, lowest first: what function 03 counts in. FF is a number here, not "no data". */
function binary<T extends bigint | number>(unit: string | null, of: (n: number) => T, print: (value: T) => string): Format<T> {
  return format<T>({
    kind: "binary",
    pattern: "binary 4",
    bytes: 4,
    unit,
    print,
    decodeAt: (wire, at) => of(wire[at]! + wire[at + 1]! * 0x100 + wire[at + 2]! * 0x1_0000 + wire[at + 3]! * 0x100_0000),
    encode: (value, field) => {
      const isWhole = typeof value === "bigint" || Number.isSafeInteger(value);
      if (!isWhole) refuse(field, "not a whole number", String(value));
      if (value < 0 || value > 0xffff_ffff) refuse(field, "does not fit four bytes", String(value));
      const wire = new Uint8Array(4);
      new DataView(wire.buffer).setUint32(0, Number(value), true);
      return wire;
    },
    parse: (text, field) => of(Number(parseDecimal(text, unit === "yuan" ? 2 : 0, field).units)),
  });
}

/** Function 03 counts money in binary hundredths of a yuan, not in BCD (clause 5.13 of the reference). */
export const binaryFen: Format<Fen> = binary("yuan", (n) => Fen(BigInt(n)), yuan);
/** The purchase count of function 03: binary, like the money beside it. */
export const binaryCount: Format<number> = binary(null, Number, String);
