/** Values at the edges of their formats: the last digit that fits, the first that does not, and what is said of it. */
import { describe, expect, test } from "vitest";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { Fen } from "../../src/kernel/money.ts";
import { flags, wideFlags, wordAt, wordBytes } from "../../src/protocols/dlt645/formats/bit-words.ts";
import { format, isAllFf, plain, set, written as writtenAs } from "../../src/protocols/dlt645/formats/format.ts";
import {
  ascii,
  bcdFen,
  bcdOfDigits,
  binaryCount,
  binaryFen,
  bits,
  count,
  decimal,
  digits,
  digitsOfBcd,
  energy,
  hex,
  identifier,
  parseDecimal,
  printDecimal,
} from "../../src/protocols/dlt645/formats/formats.ts";
import { operatorCode, password } from "../../src/protocols/dlt645/formats/letters.ts";
import { moment } from "../../src/protocols/dlt645/formats/moments.ts";
import type { Format } from "../../src/protocols/dlt645/formats/formats.ts";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { one } from "../../src/protocols/dlt645/item.ts";
import { refusalOf } from "./refusal-of.ts";

/** Read in the middle of other bytes, none of which may matter. */
const readAmong = <T>(format: Format<T>, wire: string): unknown => {
  const own = bytesOfHex(wire);
  const [low, high] = [0x00, 0xff].map((around) => format.decodeAt(Uint8Array.from([around, around, ...own, around, around]), 2));
  expect(high).toEqual(low);
  return low;
};
const written = <T>(format: Format<T>, value: T): string => hexBytes(format.encode(value));

describe("any format", () => {
  test("has a length, and other lengths are told with their bytes", () => {
    expect(count(2).decode(bytesOfHex("01 02 03"))).toEqual({ fault: "3 bytes where 2 are expected: 010203 in wire order" });
    expect(count(2).decode(bytesOfHex("A1"))).toEqual({ fault: "1 bytes where 2 are expected: A1 in wire order" });
    expect(count(2).decode(new Uint8Array())).toEqual({ value: null });
    expect(count(2).decode(bytesOfHex("34 12"))).toEqual({ value: 1234 });
    expect(count(2).decode(bytesOfHex("34 1A"))).toEqual({ fault: "not BCD: 1A34" });
  });

  test("says what it is: pattern, unit, sign", () => {
    const is = ({ pattern, bytes, unit, signed }: Format<unknown>) => ({ pattern, bytes, unit, signed });
    expect(is(decimal(3, 4, "kW", true))).toEqual({ pattern: "XX.XXXX", bytes: 3, unit: "kW", signed: true });
    expect(is(decimal(2, 1, "V"))).toEqual({ pattern: "XXX.X", bytes: 2, unit: "V", signed: false });
    expect(is(decimal(1, 2, null))).toEqual({ pattern: ".XX", bytes: 1, unit: null, signed: false });
    expect(is(energy())).toEqual({ pattern: "XXXXXX.XX", bytes: 4, unit: "kWh", signed: false });
    expect(is(energy(true))).toMatchObject({ signed: true });
    expect(is(bcdFen)).toEqual({ pattern: "XXXXXX.XX", bytes: 4, unit: "yuan", signed: false });
    expect(is(count(3, "min"))).toEqual({ pattern: "XXXXXX", bytes: 3, unit: "min", signed: false });
    expect(is(digits(6))).toEqual({ pattern: "XXXXXXXXXXXX", bytes: 6, unit: null, signed: false });
    expect(is(binaryFen)).toEqual({ pattern: "binary 4", bytes: 4, unit: "yuan", signed: false });
    expect(is(binaryCount)).toMatchObject({ unit: null });
    expect(is(bits(2))).toEqual({ pattern: "XXXX", bytes: 2, unit: null, signed: false });
    expect(is(flags(3, "on", []))).toEqual({ pattern: "XXXXXX", bytes: 3, unit: null, signed: false });
    expect(is(ascii(6))).toMatchObject({ pattern: "X(6)", bytes: 6 });
    expect(is(hex(4))).toMatchObject({ pattern: "hex 4", bytes: 4 });
    expect(is(identifier)).toMatchObject({ pattern: "DI", bytes: 4 });
  });

  test("says what its bytes are made of", () => {
    const kinds = [decimal(1, 0, null), count(1), digits(1), moment("hhmm"), bits(1), flags(1, "on", []), wideFlags(8, "on", [])];
    expect(kinds.map(({ kind }) => kind)).toEqual(["digits", "digits", "digits", "moment", "bits", "bits", "bits"]);
    expect([ascii(1), hex(1), identifier, binaryFen].map(({ kind }) => kind)).toEqual(["letters", "bytes", "bytes", "binary"]);
  });

  test("may be written otherwise where it is set and not measured, or stand without its details in a block", () => {
    const volts = decimal(2, 1, "V");
    expect(set(volts)).toEqual({ ...volts, pattern: "NNN.N" });
    expect(writtenAs("NNNN", volts)).toEqual({ ...volts, pattern: "NNNN" });
    const week = moment("YYMMDDWW");
    expect(week.details?.("26112206")).toHaveLength(1);
    expect(plain(week).details?.("26112206")).toEqual([]);
    expect(plain(week).print("26112206")).toBe("2026-11-22");
  });

  test("of which nothing else is told is of digits, without unit and sign", () => {
    const { kind, unit, signed } = format<string>({
      pattern: "?",
      bytes: 1,
      decodeAt: () => "read",
      encode: () => new Uint8Array(1),
      print: (text) => text,
      parse: (text) => text,
    });
    expect({ kind, unit, signed }).toEqual({ kind: "digits", unit: null, signed: false });
  });

  test("names the field it refuses, or calls it a value", () => {
    const everyFormat: readonly (readonly [Format<unknown>, unknown, string])[] = [
      [decimal(1, 0, null), { units: 100n, scale: 0 }, "x"],
      [count(1), 100, "x"],
      [digits(1), "123", "123"],
      [binaryFen, -1n, "x"],
      [binaryCount, -1, "x"],
      [bits(1), 256, "x"],
      [flags(1, "on", []), { word: 256, on: [] }, "x"],
      [wideFlags(1, "on", []), { word: 256n, on: [] }, "x"],
      [ascii(1), "ab", "ab"],
      [hex(1), "123", "123"],
      [identifier, "123", "123"],
    ];
    for (const [format, value, text] of everyFormat) {
      expect(refusalOf(() => format.encode(value))).toMatchObject({ field: "value" });
      expect(refusalOf(() => format.encode(value, "limit"))).toMatchObject({ field: "limit" });
      expect(refusalOf(() => format.parse(text))).toMatchObject({ field: "value", given: text });
      expect(refusalOf(() => format.parse(text, "limit"))).toMatchObject({ field: "limit", given: text });
    }
  });

  test("takes FF for no data only where all of its bytes are", () => {
    expect(isAllFf(bytesOfHex("00 FF FF 00"), 1, 2)).toBe(true);
    expect(isAllFf(bytesOfHex("00 FF FF 00"), 1, 3)).toBe(false);
    expect(isAllFf(bytesOfHex("00 FF FF 00"), 0, 2)).toBe(false);
  });

  test("reads its own bytes and no others", () => {
    expect(readAmong(decimal(2, 1, "V"), "05 23")).toEqual({ units: 2305n, scale: 1 });
    expect(readAmong(decimal(2, 1, "V"), "FF FF")).toBeNull();
    expect(readAmong(decimal(2, 1, "V"), "FF 1F")).toEqual({ why: "not BCD: 1FFF" });
    expect(readAmong(decimal(2, 1, "A", true), "05 83")).toEqual({ units: -305n, scale: 1 });
    expect(readAmong(count(3), "56 34 12")).toBe(123_456);
    expect(readAmong(digits(2), "01 00")).toBe("0001");
    expect(readAmong(digits(2), "FF FF")).toBeNull();
    expect(readAmong(digits(2), "FF FE")).toEqual({ why: "not BCD: FEFF" });
    expect(readAmong(binaryFen, "04 03 02 01")).toBe(0x01020304n);
    expect(readAmong(binaryCount, "FF FF FF FF")).toBe(0xffffffff);
    expect(readAmong(bits(2), "34 12")).toBe(0x1234);
    expect(readAmong(bits(2), "FF FF")).toBeNull();
    expect(readAmong(ascii(3), "43 42 41")).toBe("ABC");
    expect(readAmong(ascii(3), "FF FF FF")).toBeNull();
    expect(readAmong(ascii(3), "07 42 FF")).toEqual({ why: "not ASCII: FF4207" });
    expect(readAmong(hex(2), "FF FF")).toBe("FFFF");
    expect(readAmong(identifier, "00 02 90 00")).toBe("00900200");
    expect(readAmong(identifier, "FF FF FF FF")).toBeNull();
  });
});

test("a refusal tells what was given, and nothing of it where nothing was", () => {
  expect(refusalOf(() => count(1).parse(""))).toStrictEqual({ field: "value", why: "not a whole number", given: "" });
  expect(refusalOf(() => count(1).encode(-1))).toHaveProperty("given", -1);
  expect(refusalOf(() => one("voltage", decimal(2, 1, "V")).encode([]))).toStrictEqual({ field: "voltage", why: "is missing" });
});

describe("decimal digits on the wire", () => {
  test("are 0 to 9 in both halves of each byte", () => {
    expect(digitsOfBcd(bytesOfHex("09 90"))).toBe("9009");
    expect(digitsOfBcd(bytesOfHex("01 02 03 04"), 1, 2)).toBe("0302");
    for (const wire of ["0A 00", "A0 00", "00 0A", "00 A0", "00 FF"]) {
      expect(digitsOfBcd(bytesOfHex(wire))).toBeUndefined();
      expect(count(2).decode(bytesOfHex(wire))).toHaveProperty("fault");
    }
    expect(count(2).decode(bytesOfHex("99 99"))).toEqual({ value: 9999 });
  });

  test("are filled up with zeros in front, and never cut", () => {
    expect(hexBytes(bcdOfDigits("123", 3))).toBe("23 01 00");
    expect(hexBytes(bcdOfDigits("9999", 2))).toBe("99 99");
    expect(refusalOf(() => bcdOfDigits("12345", 2))).toEqual({ field: "value", why: "not 4 digits", given: "12345" });
    for (const text of ["x1", "1x", "-1", "1.5"])
      expect(refusalOf(() => bcdOfDigits(text, 2, "minutes"))).toEqual({ field: "minutes", why: "not 4 digits", given: text });
  });

  test("have their sign in the top bit of the highest byte alone", () => {
    const signed = decimal(2, 0, null, true);
    expect(written(signed, { units: -1n, scale: 0 })).toBe("01 80");
    expect(written(signed, { units: 0n, scale: 0 })).toBe("00 00");
    expect(written(signed, { units: 7999n, scale: 0 })).toBe("99 79");
    expect(written(signed, { units: -7999n, scale: 0 })).toBe("99 F9");
    expect(signed.decode(bytesOfHex("99 F9"))).toEqual({ value: { units: -7999n, scale: 0 } });
    expect(signed.decode(bytesOfHex("80 79"))).toEqual({ value: { units: 7980n, scale: 0 } });
    expect(signed.decode(bytesOfHex("00 80"))).toEqual({ value: { units: 0n, scale: 0 } });
    // the lower byte has no sign, so its 8 is a digit and its F is none
    expect(signed.decode(bytesOfHex("F0 00"))).toEqual({ fault: "not BCD: 00F0" });
    expect(refusalOf(() => signed.encode({ units: 8000n, scale: 0 }, "limit"))).toEqual({
      field: "limit",
      why: "the first digit of a signed value reaches 7",
      given: "8000",
    });
    expect(refusalOf(() => signed.encode({ units: -8000n, scale: 0 }))).toMatchObject({ given: "-8000" });
  });

  test("without a sign reach 9 and stop at zero", () => {
    const plain = decimal(2, 0, null);
    expect(written(plain, { units: 9999n, scale: 0 })).toBe("99 99");
    expect(written(plain, { units: 0n, scale: 0 })).toBe("00 00");
    expect(plain.decode(bytesOfHex("00 80"))).toEqual({ value: { units: 8000n, scale: 0 } });
    expect(refusalOf(() => plain.encode({ units: -1n, scale: 0 }, "limit"))).toEqual({
      field: "limit",
      why: "this item knows no sign",
      given: "-1",
    });
  });

  test("are exact up to fourteen, and a format of more is not made", () => {
    expect(decimal(7, 0, null).decode(bytesOfHex("99 99 99 99 99 99 99"))).toEqual({
      value: { units: 99_999_999_999_999n, scale: 0 },
    });
    expect(() => decimal(8, 0, null)).toThrow("8 bytes");
  });
});

describe("decimals as text", () => {
  test.each([
    [0n, 0, "0"],
    [0n, 2, "0.00"],
    [-5n, 2, "-0.05"],
    [5n, 4, "0.0005"],
    [-12_345n, 3, "-12.345"],
    [100n, 0, "100"],
    [-1n, 0, "-1"],
  ])("%i with scale %i is %s, both ways", (units, scale, text) => {
    expect(printDecimal({ units, scale })).toBe(text);
    expect(parseDecimal(text, scale)).toEqual({ units, scale });
  });

  test("fewer places than the item has are zeros, more are refused", () => {
    expect(parseDecimal("12.5", 4)).toEqual({ units: 125_000n, scale: 4 });
    expect(parseDecimal("12", 2)).toEqual({ units: 1200n, scale: 2 });
    expect(parseDecimal("-0.5", 2)).toEqual({ units: -50n, scale: 2 });
    expect(parseDecimal("007", 0)).toEqual({ units: 7n, scale: 0 });
    expect(refusalOf(() => parseDecimal("1.5", 0, "limit"))).toEqual({
      field: "limit",
      why: "not a decimal with at most 0 places",
      given: "1.5",
    });
  });

  test.each(["", "-", ".5", "5.", "1.2.3", "x1", "1x", " 1", "+1", "1e3", "--1"])("%j is no decimal", (text) => {
    expect(refusalOf(() => parseDecimal(text, 4))).toEqual({
      field: "value",
      why: "not a decimal with at most 4 places",
      given: text,
    });
  });
});

describe("counts and numbers that are names", () => {
  test("a count is whole, not negative, and fits its digits", () => {
    expect(written(count(2), 0)).toBe("00 00");
    expect(written(count(2), 9999)).toBe("99 99");
    for (const value of [-1, 1.5, Number.NaN, 2 ** 53])
      expect(refusalOf(() => count(2).encode(value))).toEqual({
        field: "value",
        why: "a count is a whole number from 0",
        given: value,
      });
    expect(refusalOf(() => count(2).encode(10_000))).toMatchObject({ why: "not 4 digits", given: "10000" });
    expect(count(2).parse("0")).toBe(0);
    expect(count(3).parse("000123")).toBe(123);
    expect(count(2).parse("123456789012345")).toBe(123_456_789_012_345);
    for (const text of ["", "-1", "1.5", "1e3", "x1", "1x", "1234567890123456"])
      expect(refusalOf(() => count(2).parse(text))).toEqual({ field: "value", why: "not a whole number", given: text });
  });

  test("a name has all of its digits, and its zeros stay", () => {
    expect(written(digits(3), "000120")).toBe("20 01 00");
    expect(digits(3).parse("000120")).toBe("000120");
    expect(digits(3).print("000120")).toBe("000120");
    const asset = "12345678901234567890123456789012";
    expect(digits(16).decode(digits(16).encode(asset))).toEqual({ value: asset });
    expect(written(digits(16), asset)).toBe("12 90 78 56 34 12 90 78 56 34 12 90 78 56 34 12");
    for (const text of ["12", "0001200", "00012x", "x00120"])
      expect(refusalOf(() => digits(3).parse(text))).toEqual({ field: "value", why: "not 6 digits", given: text });
  });
});

describe("money and counts in binary", () => {
  test("fill four bytes to the last bit", () => {
    expect(written(binaryFen, Fen(0n))).toBe("00 00 00 00");
    expect(written(binaryFen, Fen(0x0102_0304n))).toBe("04 03 02 01");
    expect(written(binaryFen, Fen(0xffff_ffffn))).toBe("FF FF FF FF");
    for (const fen of [-1n, 0x1_0000_0000n])
      expect(refusalOf(() => binaryFen.encode(Fen(fen), "amount"))).toEqual({
        field: "amount",
        why: "does not fit four bytes",
        given: fen.toString(),
      });
  });

  test("are typed as they are printed", () => {
    expect(binaryFen.print(Fen(5000n))).toBe("50.00");
    expect(binaryFen.parse("50.00")).toBe(5000n);
    expect(binaryFen.parse("50.5")).toBe(5050n);
    expect(binaryCount.parse("8")).toBe(8);
    expect(binaryCount.print(8)).toBe("8");
    expect(refusalOf(() => binaryCount.parse("8.5", "count"))).toMatchObject({ field: "count", given: "8.5" });
    expect(refusalOf(() => binaryFen.parse("1.005"))).toMatchObject({ given: "1.005" });
    expect(bcdFen.parse("12.34")).toBe(1234n);
    expect(energy().parse("12.3")).toBe(1230n);
    expect(energy().print(CentiKwh(1230n))).toBe("12.30");
    expect(written(energy(), CentiKwh(1230n))).toBe("30 12 00 00");
    expect(decimal(2, 1, "V").parse("230.5")).toEqual({ units: 2305n, scale: 1 });
  });
});

describe("bit words", () => {
  test("are whole numbers of their width, printed as hex and typed as hex", () => {
    expect(written(bits(2), 0)).toBe("00 00");
    expect(written(bits(2), 0xffff)).toBe("FF FF");
    expect(written(bits(4), 0x89ab_cdef)).toBe("EF CD AB 89");
    expect(bits(2).print(0x0a)).toBe("000A");
    expect(bits(2).parse("0aF0")).toBe(0x0af0);
    for (const word of [-1, 0x1_0000, 1.5])
      expect(refusalOf(() => bits(2).encode(word))).toEqual({ field: "value", why: "does not fit 2 bytes", given: word });
    for (const text of ["0A", "000A0", "000G", "G000", ""])
      expect(refusalOf(() => bits(2).parse(text))).toEqual({ field: "value", why: "not 4 hex digits", given: text });
    expect(bits(4).decode(bytesOfHex("00 00 00 80"))).toEqual({ value: 0x8000_0000 });
    expect(wordAt(bytesOfHex("01 02 03 04"), 1, 2)).toBe(0x0302);
    expect(hexBytes(wordBytes(0x0302, 3))).toBe("02 03 00");
  });

  test("have details when somebody has named them", () => {
    expect(bits(1)).not.toHaveProperty("details");
    expect(bits(1, (word) => [{ name: "lamp", value: String(word) }]).details?.(1)).toEqual([{ name: "lamp", value: "1" }]);
  });

  const faultsOf = flags(2, "faults", [
    [0, "battery", "电池"],
    [9, "clock", "时钟"],
    [15, "memory", "存储"],
  ]);

  test("name the bits that are set, the lowest first, and unknown ones by their number", () => {
    expect(faultsOf.decode(bytesOfHex("01 82"))).toEqual({ value: { word: 0x8201, on: ["battery", "clock", "memory"] } });
    expect(faultsOf.decode(bytesOfHex("06 00"))).toEqual({ value: { word: 6, on: ["bit 1", "bit 2"] } });
    expect(faultsOf.decode(bytesOfHex("00 00"))).toEqual({ value: { word: 0, on: [] } });
    expect(faultsOf.decode(bytesOfHex("FF FF"))).toEqual({ value: null });
    expect(faultsOf.details?.({ word: 0x201, on: ["battery", "clock"] })).toEqual([{ name: "faults", value: "battery, clock" }]);
    expect(faultsOf.table).toHaveLength(3);
    expect(faultsOf).toMatchObject({ bytes: 2, unit: null });
    const wide = flags(4, "on", [
      [0, "first", "首位"],
      [31, "last", "末位"],
    ]);
    expect(wide.decode(bytesOfHex("01 00 00 80"))).toEqual({ value: { word: 0x8000_0001, on: ["first", "last"] } });
  });

  const reportsOf = wideFlags(8, "reports", [
    [0, "first", "首位"],
    [33, "cover", "开盖"],
    [63, "last", "末位"],
  ]);

  test("wider than a number are named in the same way, to the last bit", () => {
    expect(reportsOf.decode(bytesOfHex("01 00 00 00 02 00 00 80"))).toEqual({
      value: { word: 0x8000_0002_0000_0001n, on: ["first", "cover", "last"] },
    });
    expect(reportsOf.decode(bytesOfHex("06 00 00 00 00 00 00 00"))).toEqual({ value: { word: 6n, on: ["bit 1", "bit 2"] } });
    expect(reportsOf.decode(bytesOfHex("FF FF FF FF FF FF FF FF"))).toEqual({ value: null });
    expect(reportsOf.decode(bytesOfHex("FF FF FF FF FF FF FF 7F"))).toMatchObject({ value: { word: 0x7fff_ffff_ffff_ffffn } });
    expect(reportsOf.details?.({ word: 3n, on: ["first", "bit 1"] })).toEqual([{ name: "reports", value: "first, bit 1" }]);
    expect(reportsOf).toMatchObject({ pattern: "XXXXXXXXXXXXXXXX", bytes: 8, unit: null });
    expect(reportsOf.table).toHaveLength(3);
    expect(readAmong(reportsOf, "01 00 00 00 00 00 00 00")).toEqual({ word: 1n, on: ["first"] });
  });

  test("wider than a number are written, printed and typed to the last bit, and no further", () => {
    expect(written(reportsOf, { word: 0x8000_0002_0000_00abn, on: [] })).toBe("AB 00 00 00 02 00 00 80");
    expect(written(reportsOf, { word: 0n, on: [] })).toBe("00 00 00 00 00 00 00 00");
    expect(written(reportsOf, { word: 0xffff_ffff_ffff_ffffn, on: [] })).toBe("FF FF FF FF FF FF FF FF");
    for (const word of [-1n, 0x1_0000_0000_0000_0000n])
      expect(refusalOf(() => reportsOf.encode({ word, on: [] }, "reports"))).toEqual({
        field: "reports",
        why: "does not fit 8 bytes",
        given: word.toString(),
      });
    expect(reportsOf.print({ word: 0xabn, on: [] })).toBe("00000000000000AB");
    expect(reportsOf.parse("00000002000000ab")).toEqual({
      word: 0x2_0000_00abn,
      on: ["first", "bit 1", "bit 3", "bit 5", "bit 7", "cover"],
    });
    for (const text of ["00000002000000A", "00000002000000AB0", "0000000200000G00", "G000000200000000", ""])
      expect(refusalOf(() => reportsOf.parse(text, "reports"))).toEqual({
        field: "reports",
        why: "not 16 hex digits",
        given: text,
      });
  });

  test("with names are written and typed by the word alone", () => {
    expect(written(faultsOf, { word: 0x8201, on: [] })).toBe("01 82");
    expect(faultsOf.print({ word: 0x21, on: [] })).toBe("0021");
    expect(faultsOf.parse("8201")).toEqual({ word: 0x8201, on: ["battery", "clock", "memory"] });
    expect(refusalOf(() => faultsOf.encode({ word: 0x1_0000, on: [] }))).toMatchObject({
      why: "does not fit 2 bytes",
      given: 0x1_0000,
    });
  });
});

describe("letters", () => {
  test("are the printable ones of ASCII", () => {
    expect(ascii(2).decode(bytesOfHex("7E 21"))).toEqual({ value: "!~" });
    expect(ascii(3).decode(bytesOfHex("42 20 41"))).toEqual({ value: "A B" });
    for (const wire of ["41 1F", "41 7F", "1F 41", "80 41"])
      expect(ascii(2).decode(bytesOfHex(wire))).toMatchObject({ fault: expect.stringMatching(/^not ASCII: /) as unknown });
  });

  test("are padded with zeros at the low end, and blanks around them are no part of the text", () => {
    expect(written(ascii(4), "AB")).toBe("00 00 42 41");
    expect(written(ascii(2), "AB")).toBe("42 41");
    expect(written(ascii(2), "")).toBe("00 00");
    expect(ascii(4).decode(bytesOfHex("20 42 41 20"))).toEqual({ value: "AB" });
    expect(ascii(4).decode(bytesOfHex("00 00 00 00"))).toEqual({ value: "" });
    expect(ascii(4).parse("A ~")).toBe("A ~");
    expect(ascii(4).print("AB")).toBe("AB");
    for (const text of ["ABCDE", "é", "Aé", "éA", "\t", "\x7f"])
      expect(refusalOf(() => ascii(4).parse(text))).toEqual({
        field: "value",
        why: "not ASCII of at most 4 letters",
        given: text,
      });
  });

  test("hex is turned round for the wire and is always in capitals", () => {
    expect(written(hex(3), "0a0b0c")).toBe("0C 0B 0A");
    expect(hex(3).decode(bytesOfHex("0C 0B 0A"))).toEqual({ value: "0A0B0C" });
    expect(hex(3).parse("0a0b0c")).toBe("0A0B0C");
    expect(hex(3).print("0A0B0C")).toBe("0A0B0C");
    for (const text of ["0a0b", "0a0b0c0d", "0a0b0x", "x0b0c0", ""])
      expect(refusalOf(() => hex(3).parse(text))).toEqual({ field: "value", why: "not 6 hex digits", given: text });
  });

  test("an operator is four bytes of hex, and a password is written like them and never shown", () => {
    expect(written(operatorCode, "A1B2C3D4")).toBe("D4 C3 B2 A1");
    expect(operatorCode).toMatchObject({ pattern: "C3C2C1C0", bytes: 4 });
    expect(operatorCode.print("A1B2C3D4")).toBe("A1B2C3D4");
    expect(password.decode(password.encode("12345602"))).toEqual({ value: "12345602" });
    expect(password.print("12345602")).toBe("••••");
    expect(password).toMatchObject({ pattern: "NNNNNNNN", bytes: 4 });
  });

  test("an identifier inside data is one, or an unused place", () => {
    expect(written(identifier, "00900200")).toBe("00 02 90 00");
    // FF stands for all of a class; only FF everywhere is an unused place
    expect(identifier.decode(bytesOfHex("FF FF FF 03"))).toEqual({ value: "03FFFFFF" });
    expect(identifier.decode(bytesOfHex("00 FF FF FF"))).toEqual({ value: "FFFFFF00" });
    expect(identifier.parse("0400010c")).toBe("0400010C");
    expect(identifier.print("0400010C")).toBe("0400010C");
    expect(refusalOf(() => identifier.parse("9010"))).toMatchObject({ why: "not 8 hex digits" });
  });
});
