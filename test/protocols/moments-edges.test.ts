/** Dates and times at the edges of what a calendar and the standard allow: what is written is looked at, what is read is shown. */
import { describe, expect, test } from "vitest";
import { moment } from "../../src/protocols/dlt645/formats/moments.ts";
import type { MomentPattern } from "../../src/protocols/dlt645/formats/moments.ts";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { refusalOf } from "./refusal-of.ts";

/** Pattern, digits that are all different where they can be, how a person reads them, how they stand on the wire. */
const WRITTEN: readonly (readonly [MomentPattern, string, string, string])[] = [
  ["YYMMDD", "261123", "2026-11-23", "23 11 26"],
  ["hhmmss", "214305", "21:43:05", "05 43 21"],
  ["hhmm", "2143", "21:43", "43 21"],
  ["DDhh", "2314", "23 14:00", "14 23"],
  ["MMDDhh", "112314", "11-23 14:00", "14 23 11"],
  ["MMDDhhmm", "11231459", "11-23 14:59", "59 14 23 11"],
  ["YYMMDDhhmm", "2611231459", "2026-11-23 14:59", "59 14 23 11 26"],
  ["YYMMDDhhmmss", "261123145907", "2026-11-23 14:59:07", "07 59 14 23 11 26"],
  ["YYMMDDWW", "26112301", "2026-11-23", "01 23 11 26"],
  ["YYMMDDWWhhmmss", "26112301145907", "2026-11-23 14:59:07", "07 59 14 01 23 11 26"],
  ["MMDDNN", "112307", "11-23 #07", "07 23 11"],
  ["hhmmNN", "214307", "21:43 #07", "07 43 21"],
  ["YYMMDDNN", "26112307", "2026-11-23 #07", "07 23 11 26"],
];

describe("a moment", () => {
  test.each(WRITTEN)("%s is written, shown and read again", (pattern, digits, shown, wire) => {
    const format = moment(pattern);
    expect(format.pattern).toBe(pattern);
    expect(format.bytes).toBe(pattern.length / 2);
    expect(hexBytes(format.encode(digits))).toBe(wire);
    expect(format.decode(bytesOfHex(wire))).toEqual({ value: digits });
    expect(format.print(digits)).toBe(shown);
    // what is shown may be typed again, and the digits themselves as well
    expect(format.parse(shown)).toBe(digits);
    expect(format.parse(digits)).toBe(digits);
  });

  test("stands anywhere in its data, and FF everywhere in its own bytes is no data", () => {
    const format = moment("hhmm");
    expect(format.decodeAt(bytesOfHex("FF 43 21 FF"), 1)).toBe("2143");
    expect(format.decodeAt(bytesOfHex("00 FF FF 00"), 1)).toBeNull();
    expect(format.decodeAt(bytesOfHex("00 FF 2F 00"), 1)).toEqual({ why: "not BCD: 2FFF" });
  });

  test("knows its weekday when it carries one, Sunday being 0", () => {
    expect(moment("YYMMDDWW").details?.("26112206")).toEqual([{ name: "weekday", value: "6" }]);
    expect(moment("YYMMDDWWhhmmss").details?.("26112200123456")).toEqual([{ name: "weekday", value: "0" }]);
    expect(moment("YYMMDDhhmmss")).not.toHaveProperty("details");
  });

  test("is given its weekday when a person leaves it out", () => {
    expect(moment("YYMMDDWW").parse("2026-11-22")).toBe("26112200");
    expect(moment("YYMMDDWW").parse("2026-11-23")).toBe("26112301");
    expect(moment("YYMMDDWW").parse("261128")).toBe("26112806");
    expect(moment("YYMMDDWW").parse("2000-01-01")).toBe("00010106");
    expect(moment("YYMMDDWWhhmmss").parse("2026-12-01 00:00:01")).toBe("26120102000001");
    expect(moment("YYMMDDWWhhmmss").parse("2024-02-29 08:15:30")).toBe("24022904081530");
  });

  test("may be typed with its century or without, unless it has no year", () => {
    expect(moment("YYMMDD").parse("2026-11-23")).toBe("261123");
    expect(moment("YYMMDD").parse("26-11-23")).toBe("261123");
    expect(moment("YYMMDD").parse("201123")).toBe("201123");
    expect(moment("hhmmss").parse("20:11:23")).toBe("201123");
    // with a weekday, digits of the pattern's own length are the pattern's: this is October of 2020, not December of 2010
    expect(moment("YYMMDDWW").parse("20101203")).toBe("20101203");
    expect(moment("YYMMDDWW").parse("2010-12-03")).toBe("10120305");
    expect(moment("YYMMDDWWhhmmss").parse("20112200103000")).toBe("20112200103000");
    // only an hour is shown with minutes it does not have
    expect(refusalOf(() => moment("hhmm").parse("21:43:00"))).toMatchObject({ given: "214300" });
    expect(refusalOf(() => moment("DDhh").parse("23 14:30"))).toMatchObject({ given: "231430" });
    expect(refusalOf(() => moment("hhmmss").parse("20 20:11:23"))).toMatchObject({ why: "hhmmss wants 6 digits" });
    expect(refusalOf(() => moment("YYMMDD").parse("1926-11-23", "date"))).toEqual({
      field: "date",
      why: "YYMMDD wants 6 digits",
      given: "19261123",
    });
  });
});

describe("a moment that a meter must not be told of", () => {
  test.each([
    ["MMDDhh", "001001", "MM is 1 to 12"],
    ["MMDDhh", "131001", "MM is 1 to 12"],
    ["MMDDhh", "120010", "DD is 1 to 31"],
    ["MMDDhh", "123210", "DD is 1 to 31"],
    ["YYMMDDWW", "26112207", "WW is 0 to 6"],
    ["DDhh", "0124", "hh is 0 to 23"],
    ["hhmmss", "016000", "mm is 0 to 59"],
    ["hhmmss", "000060", "ss is 0 to 59"],
  ] as const)("%s %s: %s", (pattern, digits, why) => {
    expect(refusalOf(() => moment(pattern).encode(digits, "time"))).toEqual({
      field: "time",
      why: `${pattern}: ${why}, or 99 for "not used"`,
      given: digits,
    });
    expect(refusalOf(() => moment(pattern).parse(digits, "time"))).toMatchObject({ field: "time", given: digits });
  });

  test.each([
    ["MMDDhhmm", "01010000"],
    ["MMDDhhmm", "12312359"],
    ["YYMMDDWW", "00010100"],
    ["YYMMDDWW", "99123106"],
    ["hhmmss", "235959"],
    ["hhmmNN", "000099"],
    ["hhmmNN", "235900"],
  ] as const)("and one step inside it is taken: %s %s", (pattern, digits) => {
    expect(moment(pattern).decode(moment(pattern).encode(digits))).toEqual({ value: digits });
  });

  test("99 stands for each and for never used, at any place, and all zeros for never", () => {
    for (const [pattern, digits] of [
      ["MMDDhhmm", "99999999"],
      ["MMDDhhmm", "99990030"],
      ["MMDDhhmm", "99310000"],
      ["MMDDhhmm", "02991200"],
      ["YYMMDDhhmm", "9999999999"],
      ["YYMMDDhhmm", "0000000000"],
      ["MMDDNN", "000000"],
    ] as const)
      expect(moment(pattern).decode(moment(pattern).encode(digits))).toEqual({ value: digits });
    // zeros somewhere are not zeros everywhere
    expect(refusalOf(() => moment("MMDDhh").encode("000010"))).toMatchObject({ given: "000010" });
    expect(refusalOf(() => moment("MMDDhh").encode("131000"))).toMatchObject({ given: "131000" });
  });

  test("no month has a day too many", () => {
    const longest = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    const two = (n: number) => String(n).padStart(2, "0");
    longest.forEach((day, i) => {
      const month = two(i + 1);
      expect(hexBytes(moment("MMDDhh").encode(`${month}${two(day)}10`), "")).toBe(`10${two(day)}${month}`);
      if (day < 31)
        expect(refusalOf(() => moment("MMDDhh").encode(`${month}${two(day + 1)}10`, "freeze"))).toEqual({
          field: "freeze",
          why: `MMDDhh: that month has no day ${day + 1}`,
          given: `${month}${two(day + 1)}10`,
        });
    });
  });

  test("29 February needs a leap year where there is a year, and none where there is none", () => {
    for (const year of ["00", "24", "96"]) expect(moment("YYMMDD").encode(`${year}0229`)).toHaveLength(3);
    for (const year of ["01", "25", "26", "99"])
      expect(refusalOf(() => moment("YYMMDD").encode(`${year}0229`))).toMatchObject({ why: "YYMMDD: that month has no day 29" });
    expect(moment("YYMMDD").encode("250228")).toHaveLength(3);
    for (const [pattern, digits] of [
      ["MMDDhhmm", "02290000"],
      ["MMDDhh", "022910"],
      ["MMDDNN", "022901"],
    ] as const)
      expect(moment(pattern).decode(moment(pattern).encode(digits))).toEqual({ value: digits });
  });

  test("digits too few, too many, or none at all", () => {
    for (const digits of ["26112", "2611230", "26112x", "x61123", ""])
      expect(refusalOf(() => moment("YYMMDD").encode(digits))).toEqual({
        field: "value",
        why: "YYMMDD wants 6 digits",
        given: digits,
      });
    expect(refusalOf(() => moment("YYMMDD").parse("today"))).toMatchObject({ field: "value", given: "" });
  });
});
