/**
 * How a parameter travels and what may stand in it: layouts (which lengths, cut into which values) and checks (which values make
 * sense). The rows that use them are in `parameters.ts`.
 */
import { Err } from "./behaviours/behaviour.ts";
import { bcdDigits } from "./bytes.ts";

/** Sizes of the values in a field of so many bytes; undefined: no such length. */
export type Layout = (length: number) => readonly number[] | undefined;
export const one =
  (size: number): Layout =>
  (length) =>
    length === size ? [size] : undefined;
export const upTo =
  (max: number, size: number): Layout =>
  (length) =>
    length > 0 && length % size === 0 && length / size <= max ? Array.from({ length: length / size }, () => size) : undefined;
/** Six thresholds, seven prices, four yearly settlement dates. */
export const steps: Layout = (length) => (length === 64 ? [...Array.from({ length: 13 }, () => 4), 3, 3, 3, 3] : undefined);
/** A data identifier, with a screen number or without. */
export const screen: Layout = (length) => (length === 4 || length === 5 ? [length] : undefined);

/** ERR bits, or undefined when the values make sense. Each value as it travels; `tariffs` is how many the meter has. */
export type Check = (values: readonly Uint8Array[], tariffs: number) => number | undefined;

const each =
  (isGood: (digits: string, tariffs: number) => boolean, err: number = Err.other): Check =>
  (values, tariffs) =>
    values.every((value) => {
      const text = bcdDigits(value);
      return text !== undefined && isGood(text, tariffs);
    })
      ? undefined
      : err;

const within = (text: string, from: number, min: number, max: number): boolean =>
  Number(text.slice(from, from + 2)) >= min && Number(text.slice(from, from + 2)) <= max;
const isOff = (text: string): boolean => /^(?:00)+$|^(?:99)+$/.test(text);
const isDay = (text: string, at: number): boolean => within(text, at, 1, 12) && within(text, at + 2, 1, 31);
const isMinute = (text: string, at: number): boolean => within(text, at, 0, 23) && within(text, at + 2, 0, 59);

export const digits = each(() => true);
/** Bit words and texts. */
export const anything: Check = () => undefined;
export const fromTo = (min: number, max: number, err: number = Err.other): Check =>
  each((d) => Number(d) >= min && Number(d) <= max, err);
/** YYMMDDhhmm; all 00 or all 99 switches it off. */
export const switchTime = each((d) => isOff(d) || (isDay(d, 2) && isMinute(d, 6)));
/** (YY)MMDDhhmm; all 00 or all 99 is none. */
export const dateMinute = each((d) => isOff(d) || (isDay(d, d.length - 8) && isMinute(d, d.length - 4)));
export const minuteOfDay = each((d) => isMinute(d, 0));
/** DDhh; 9999 is unused. No month lacks a day up to 28. */
export const settlementDay = each((d) => d === "9999" || (within(d, 0, 1, 28) && within(d, 2, 0, 23)));
/** YYMMDDNN; a holiday without a date is no holiday. */
export const holiday = each((d) => isOff(d.slice(0, 6)) || (isDay(d, 2) && within(d, 6, 1, 8)));
/** MMDDNN. */
export const zones = each((d) => isDay(d, 0) && within(d, 4, 1, 8));
/** hhmmNN: a tariff that the meter does not have is an error of its own. */
export const slots: Check = (values, tariffs) =>
  minuteOfDay(values, tariffs) ?? each((d) => within(d, 4, 1, tariffs), Err.tariffs)(values, tariffs);
/** MMDDhhmm of a freeze: 99 from the month down as far as it likes, never below a date or an hour; no month lacks a day up to 28. */
export const freezePattern = each((d) => {
  const given = d.replace(/^(?:99)+/, "").padStart(8, "-");
  const month = given.startsWith("-") || within(given, 0, 1, 12);
  const day = given.startsWith("----") || within(given, 2, 1, 28);
  const hour = given.startsWith("------") || within(given, 4, 0, 23);
  return month && day && hour && (d === "99999999" || within(given, 6, 0, 59));
});
/** Exactly one of bits 1 to 6. */
export const baudByte: Check = ([value]) => (baudOf(value![0]!) !== undefined ? undefined : Err.other);

/** Bit map of 17H and 0400070x; undefined: no such rate, or several. */
export const baudOf = (byte: number): number | undefined =>
  new Map([
    [2, 600],
    [4, 1_200],
    [8, 2_400],
    [16, 4_800],
    [32, 9_600],
    [64, 19_200],
  ]).get(byte);
