/** How values travel: the list of formats. What a format is, and what a meter may say instead of a value, is told in `format.ts`. */
export { parseDecimal, printDecimal } from "./decimal.ts";
export type { Decimal } from "./decimal.ts";
export { Unreadable, plain, set, turned, written } from "./format.ts";
export type { Decoded, Detail, Format, FormatKind } from "./format.ts";
export { bcdFen, bcdOfDigits, binaryCount, binaryFen, count, decimal, digits, digitsOfBcd, energy } from "./numbers.ts";
export { moment } from "./moments.ts";
export type { MomentPattern } from "./moments.ts";
export { bits, flags, wideFlags } from "./bit-words.ts";
export type { FlagRow, Flags, WideFlags } from "./bit-words.ts";
export { ascii, hex, identifier, operatorCode, password } from "./letters.ts";
