/** Numbers stay exact both ways, and what is no number never becomes one. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { Fen } from "../../src/kernel/money.ts";
import {
  ascii,
  bcdFen,
  binaryCount,
  binaryFen,
  bits,
  count,
  decimal,
  digits,
  energy,
  hex,
  moment,
  parseDecimal,
  printDecimal,
} from "../../src/protocols/dlt645/formats/formats.ts";
import type { Format } from "../../src/protocols/dlt645/formats/formats.ts";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { relayStateOfWord3, runStateWord3Of } from "../../src/protocols/dlt645/formats/status-words.ts";

const RUNS = { seed: 645, numRuns: 500 };
const printed = <T>(format: Format<T>, wire: string): string | null => {
  const decoded = format.decode(bytesOfHex(wire));
  if ("fault" in decoded) return `fault: ${decoded.fault}`;
  return decoded.value === null ? null : format.print(decoded.value);
};

describe("decimals", () => {
  test("make the round trip through the wire, with and without sign", () => {
    const shape = fc.record({
      bytes: fc.integer({ min: 1, max: 6 }),
      scale: fc.integer({ min: 0, max: 4 }),
      signed: fc.boolean(),
      seed: fc.bigInt({ min: 0n, max: 10n ** 12n }),
      negative: fc.boolean(),
    });
    fc.assert(
      fc.property(shape, ({ bytes, scale, signed, seed, negative }) => {
        // a signed value has only seven in its first digit
        const limit = signed ? 8n * 10n ** BigInt(bytes * 2 - 1) : 10n ** BigInt(bytes * 2);
        const units = (seed % limit) * (signed && negative ? -1n : 1n);
        const format = decimal(bytes, scale, null, signed);
        // FF in every byte is no BCD, so no number is lost to "no data"
        expect(format.decode(format.encode({ units, scale }))).toEqual({ value: { units, scale } });
        expect(parseDecimal(printDecimal({ units, scale }), scale)).toEqual({ units, scale });
      }),
      RUNS,
    );
  });

  test("print as the display does", () => {
    expect(printed(decimal(3, 4, "kW", true), "45 23 81")).toBe("-1.2345");
    expect(printed(decimal(2, 1, "V"), "05 23")).toBe("230.5");
    expect(printed(decimal(3, 3, "A", true), "99 49 00")).toBe("4.999");
    expect(printed(decimal(2, 3, null, true), "01 05")).toBe("0.501");
    expect(printed(decimal(4, 4, "yuan/kWh"), "83 52 00 00")).toBe("0.5283");
    expect(printed(count(3), "27 00 00")).toBe("27");
    expect(printed(energy(true), "00 00 00 80")).toBe("0.00");
    expect(printed(bcdFen, "99 99 99 99")).toBe("999999.99");
  });

  test("a sign where there is none, a digit that is none, too few bytes: never a number", () => {
    expect(printed(decimal(3, 4, "kW"), "45 23 81")).toBe("81.2345");
    expect(printed(decimal(2, 1, "V"), "05 A3")).toBe("fault: not BCD: A305");
    expect(printed(decimal(3, 4, "kW", true), "45 23 FA")).toBe("fault: not BCD: FA2345");
    expect(printed(decimal(2, 1, "V"), "05")).toBe("fault: 1 bytes where 2 are expected: 05 in wire order");
    expect(printed(decimal(2, 1, "V"), "FF FF")).toBeNull();
    expect(printed(decimal(2, 1, "V"), "")).toBeNull();
    expect(printed(decimal(2, 1, "V"), "FF 0F")).toBe("fault: not BCD: 0FFF");
  });

  test("any bytes at all are a value, no data, or a fault that keeps them", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 8 }), fc.boolean(), (wire, signed) => {
        const decoded = decimal(4, 2, "kWh", signed).decode(wire);
        if ("fault" in decoded)
          expect(decoded.fault).toContain(wire.length === 4 ? hexBytes(wire.toReversed(), "") : hexBytes(wire, ""));
        else if (decoded.value === null) expect(wire.every((byte) => byte === 0xff)).toBe(true);
        else expect(decimal(4, 2, "kWh", signed).encode(decoded.value).with(3, 0)).toEqual(wire.with(3, 0));
      }),
      RUNS,
    );
  });

  test("what does not fit is refused before it leaves", () => {
    expect(() => decimal(2, 1, "V").encode({ units: 12_345n, scale: 1 })).toThrow("4 digits");
    expect(() => decimal(2, 1, "V").encode({ units: -1n, scale: 1 })).toThrow("no sign");
    expect(() => energy(true).encode(CentiKwh(80_000_000n))).toThrow("reaches 7");
    expect(() => parseDecimal("1.23456", 4)).toThrow("at most 4");
  });
});

describe("money of two kinds", () => {
  test("the classic mistake: 50.00 yuan of function 03 read as BCD", () => {
    const wire = "88 13 00 00";
    expect(printed(binaryFen, wire)).toBe("50.00");
    expect(printed(bcdFen, wire)).toBe("13.88");
  });

  test("binary knows no FF and no BCD", () => {
    expect(printed(binaryFen, "FF FF FF FF")).toBe("42949672.95");
    expect(printed(binaryCount, "0A 00 00 00")).toBe("10");
    expect(hexBytes(binaryFen.encode(Fen(10_000n)))).toBe("10 27 00 00");
    expect(hexBytes(bcdFen.encode(Fen(10_000n)))).toBe("00 00 01 00");
  });
});

describe("the rest", () => {
  test("moments are shown as they came", () => {
    expect(printed(moment("YYMMDDWW"), "01 11 01 16")).toBe("2016-01-11");
    expect(printed(moment("hhmmss"), "55 53 21")).toBe("21:53:55");
    expect(printed(moment("YYMMDDWWhhmmss"), "00 15 08 03 03 07 26")).toBe("2026-07-03 08:15:00");
    expect(printed(moment("YYMMDDhhmm"), "99 99 99 99 99")).toBe("2099-99-99 99:99");
    expect(printed(moment("hhmmNN"), "03 00 17")).toBe("17:00 #03");
    expect(() => moment("YYMMDDhhmmss").encode("2611221030")).toThrow("12 digits");
  });

  test("letters come last first, padded at the low end", () => {
    expect(printed(ascii(6), "00 00 56 30 32 32")).toBe("220V");
    expect(printed(ascii(4), "00 30 2E 32")).toBe("2.0");
    expect(hexBytes(ascii(6).encode("220V"))).toBe("00 00 56 30 32 32");
    expect(printed(ascii(2), "07 41")).toBe("fault: not ASCII: 4107");
  });

  test("bits, names and hex", () => {
    expect(printed(bits(2), "50 82")).toBe("8250");
    expect(printed(bits(2), "FF FF")).toBeNull();
    expect(printed(digits(6), "56 34 12 00 00 00")).toBe("000000123456");
    expect(printed(hex(4), "FF FF FF FF")).toBe("FFFFFFFF");
    expect(hexBytes(hex(4).encode("01020304"))).toBe("04 03 02 01");
    expect(hexBytes(bits(2).encode(0x8250))).toBe("50 82");
  });

  test.each([
    [0x0000, "connected"],
    [0x0040, "connected"],
    [0x0050, "disconnected"],
    [0x0010, "armed"],
  ] as const)("word 3 %i: the supply is %s", (word, state) => {
    expect(relayStateOfWord3(runStateWord3Of(word))).toBe(state);
  });

  test("each bit of word 3 is its own", () => {
    expect(runStateWord3Of(0x1080)).toMatchObject({
      preTripAlarm: true,
      protected: true,
      identityValid: false,
      accountOpened: true,
      prepayment: "none",
    });
    expect(runStateWord3Of(0x6200)).toMatchObject({
      preTripAlarm: false,
      protected: false,
      identityValid: true,
      accountOpened: false,
      prepayment: "money",
    });
  });
});
