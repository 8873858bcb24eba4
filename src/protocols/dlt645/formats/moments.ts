/**
 * Dates and times, and the entries of tables that begin with one (annex A). A value is its digits, "261122103000": they are shown
 * as they came, for 99 stands for "not used", 00 for "never", and a month 34 tells a reader more than a refusal would. Written
 * into a frame they are looked at: a meter must not be told of a month 34.
 */
import { format } from "./format.ts";
import { refuse } from "../refusal.ts";
import type { Format } from "./format.ts";
import { bcdOfDigits, digitsOfBcd, noNumber } from "./numbers.ts";

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

/** What two digits may say at a place of a pattern; 99 ("each", "not used") and all zero ("never") are looked at apart. */
const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  YY: [0, 99],
  MM: [1, 12],
  DD: [1, 31],
  WW: [0, 6],
  hh: [0, 23],
  mm: [0, 59],
  ss: [0, 59],
  NN: [0, 99],
};

const NOT_USED = 99;

export function moment(pattern: MomentPattern): Format<string> {
  const bytes = pattern.length / 2;
  const week = pattern.indexOf("WW");
  const print: (d: string) => string = MOMENTS[pattern];
  return format<string>({
    kind: "moment",
    pattern,
    bytes,
    print,
    decodeAt: (wire, at) => digitsOfBcd(wire, at, bytes) ?? noNumber(wire, at, bytes),
    encode: (d, field) => {
      checkDigits(d, pattern, field);
      return bcdOfDigits(d, bytes, field);
    },
    parse: (text, field) => digitsOfText(text, pattern, field),
    ...(week < 0 ? {} : { details: (d: string) => [{ name: "weekday", value: String(Number(d.slice(week, week + 2))) }] }),
  });
}

function checkDigits(d: string, pattern: MomentPattern, field: string): void {
  if (d.length !== pattern.length || !/^\d*$/.test(d)) refuse(field, `${pattern} wants ${pattern.length} digits`, d);
  if (/^0+$/.test(d)) return; // "never", and midnight
  for (let at = 0; at < pattern.length; at += 2) {
    const what = pattern.slice(at, at + 2);
    const given = Number(d.slice(at, at + 2));
    const [low, high] = RANGES[what]!;
    if (given !== NOT_USED && (given < low || given > high))
      refuse(field, `${pattern}: ${what} is ${low} to ${high}, or 99 for "not used"`, d);
  }
  const [month, day] = [partOf(d, pattern, "MM"), partOf(d, pattern, "DD")];
  if (month !== undefined && day !== undefined && day > daysIn(month, partOf(d, pattern, "YY")))
    refuse(field, `${pattern}: that month has no day ${day}`, d);
}

/** Two digits by their letters; undefined where the pattern has none or they say "not used". */
function partOf(d: string, pattern: MomentPattern, what: string): number | undefined {
  const at = pattern.indexOf(what);
  if (at < 0) return undefined;
  const given = Number(d.slice(at, at + 2));
  return given === NOT_USED && what !== "YY" ? undefined : given;
}

/** Without a year every February may be a long one; two digits mean 2000 to 2099. */
const daysIn = (month: number, year = 0): number =>
  month === 2 ? (year % 4 === 0 ? 29 : 28) : month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;

/** Digits as they are, or with the signs people put between them: "2026-11-22 10:30:00", "10:30 #03". A weekday may be left out. */
function digitsOfText(text: string, pattern: MomentPattern, field: string): string {
  let d = text.replaceAll(/[^0-9]/g, "");
  const week = pattern.indexOf("WW");
  if (pattern.startsWith("YY") && hasCentury(text, d, pattern)) d = d.slice(2);
  // An hour is shown with minutes that are not in the pattern: "23 14:00".
  if (pattern.endsWith("hh") && text.endsWith(":00") && d.length === pattern.length + 2) d = d.slice(0, -2);
  if (week > 0 && d.length === pattern.length - 2) d = `${d.slice(0, 6)}0${weekdayOf(d)}${d.slice(6)}`;
  checkDigits(d, pattern, field);
  return d;
}

/** Four digits of a year stand before a sign of their own, or make the digits longer than the pattern: "20" alone may be a year. */
const hasCentury = (text: string, d: string, pattern: MomentPattern): boolean =>
  d.startsWith("20") && (/^\s*\d{4}\D/.test(text) || d.length === pattern.length + 2);

/** 0 is Sunday, as on the wire. */
const weekdayOf = (d: string): number =>
  new Date(Date.UTC(2000 + Number(d.slice(0, 2)), Number(d.slice(2, 4)) - 1, Number(d.slice(4, 6)))).getUTCDay();
