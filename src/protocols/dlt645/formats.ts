/** How values travel: the list of formats. What a format is, and what a meter may say instead of a value, is told in `format.ts`. */
export { parseDecimal, printDecimal } from "./decimal.ts";
export type { Decimal } from "./decimal.ts";
export { Unreadable, turned } from "./format.ts";
export type { Decoded, Detail, Format } from "./format.ts";
export { bcdFen, bcdOfDigits, binaryCount, binaryFen, count, decimal, digits, digitsOfBcd, energy } from "./numbers.ts";
export { moment } from "./moments.ts";
export type { MomentPattern } from "./moments.ts";
export { bits, flags } from "./bit-words.ts";
export type { FlagRow, Flags } from "./bit-words.ts";
export { ascii, hex, identifier } from "./letters.ts";
