/** The rows of `meterctl decode`: every frame, every damaged frame, every byte that belongs to none. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Deframer } from "../../src/protocols/dlt645/deframer.ts";
import { explain } from "../../src/protocols/dlt645/explain.ts";
import { bytesOfHex, encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { maskedHex } from "../../src/protocols/dlt645/masked-hex.ts";
import { printExplanation } from "../../src/protocols/dlt645/print-explanation.ts";
import { goldenFrame, goldenFrames } from "./golden-frames.ts";

const RUNS = { seed: 645, numRuns: 1_000 };
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const why = (bytes: Uint8Array) => explain(bytes, 0).map((row) => row.why ?? row.name ?? row.function);
const balance = goldenFrame("F2 balance");
const order = goldenFrame("F5 disconnect, plain");

describe("rows", () => {
  test("have the shape the contract promises", () => {
    expect(explain(balance, 2)).toEqual([
      {
        input: 2,
        valid: true,
        why: null,
        protocol: "2007",
        address: "202611220001",
        control: "91",
        function: "read",
        direction: "response",
        error: null,
        di: "00900200",
        name: "balance",
        values: [{ name: "balance", value: "23.45", unit: "yuan" }],
        hex: hexBytes(balance, ""),
      },
    ]);
    expect(Object.keys(explain(bytesOfHex("0102"), 0)[0]!)).toEqual(expect.arrayContaining(Object.keys(explain(balance, 0)[0]!)));
  });

  test("come in the order of the bytes, noise and all", () => {
    const noise = bytesOfHex("41 54");
    expect(why(joined(noise, balance, bytesOfHex("FE FE"), order, noise))).toEqual(["noise", "balance", "relay", "noise"]);
    expect(why(bytesOfHex("FE FE FE"))).toEqual([]);
    expect(why(new Uint8Array())).toEqual([]);
  });

  test("name what is cut short, at the end and before a whole frame", () => {
    for (let length = 1; length < balance.length; length += 1) {
      const rows = explain(balance.slice(0, length), 0);
      expect(rows).toHaveLength(1);
      expect(rows[0]?.valid).toBe(false);
      expect(rows[0]?.why).toMatch(/^truncated/);
    }
    expect(why(joined(balance.slice(0, 13), order))).toEqual(["truncated: 13 of 20 bytes", "relay"]);
    expect(explain(balance.slice(0, 13), 0)[0]).toMatchObject({ address: "202611220001", control: "91", di: null, values: [] });
    // a single start byte before a frame is a stray byte, not a frame that was cut
    expect(why(joined(bytesOfHex("68"), order))).toEqual(["noise", "relay"]);
  });

  test("let a damaged frame not hide the next", () => {
    expect(why(joined(balance.with(18, 0), order))).toEqual(["checksum at offset 18 is 00, computed 75", "relay"]);
    expect(why(joined(balance.with(18, 0), bytesOfHex("41 54")))).toEqual(["checksum at offset 18 is 00, computed 75", "noise"]);
    expect(why(joined(balance.with(19, 0x17), order))).toEqual(["end byte at offset 19 is 17, not 16", "relay"]);
    // the true frame lies inside what the wrong length claims
    expect(why(joined(balance.with(9, 0x20), order))).toHaveLength(2);
  });

  test("agree with the deframer on what is a frame", () => {
    const parts = fc.array(fc.oneof(fc.constantFrom(balance, order, balance.slice(0, 9)), fc.uint8Array({ maxLength: 20 })), {
      maxLength: 6,
    });
    fc.assert(
      fc.property(parts, (chunks) => {
        const bytes = joined(...chunks);
        const deframer = new Deframer();
        const frames = [...deframer.push(bytes), ...deframer.flush()].flatMap((piece) =>
          piece.kind === "frame" ? [hexBytes(piece.bytes, "")] : [],
        );
        expect(explain(bytes, 0).flatMap((row) => (row.valid ? [row.hex] : []))).toEqual(frames);
      }),
      RUNS,
    );
  });

  test("survive any frame with any content, and the printed page too", () => {
    const frame = fc.record({
      address: fc.constant("202611220001"),
      control: fc.integer({ min: 0, max: 255 }),
      data: fc.uint8Array({ maxLength: 60 }),
    });
    fc.assert(
      fc.property(frame, (any) => {
        const rows = explain(encodeFrame(any), 0);
        expect(rows).toHaveLength(1);
        expect(rows[0]?.valid).toBe(true);
        expect(printExplanation(rows)).toContain("checksum");
      }),
      RUNS,
    );
  });
});

describe("passwords", () => {
  const secretive = goldenFrames().filter(({ promised }) => promised.some((promise) => promise.includes("••••")));

  test.each(secretive.map((frame) => [frame.key, frame.bytes] as const))("%s shows none", (_key, bytes) => {
    const rows = explain(bytes, 0);
    const { hex: _given, ...row } = rows[0]!;
    // 123456, 654321 and 000000 as digits and as they stand on the wire
    const page = printExplanation(rows);
    expect(JSON.stringify(row)).not.toMatch(/password","value":"(?!••••)/i);
    expect(page).toContain("••••");
    for (const shown of ["89 67 45", "56 34 12", "54 76 98", "21 43 65"]) {
      expect(page).not.toContain(shown);
      expect(maskedHex(bytes)).not.toContain(shown);
    }
    expect(hexBytes(bytes)).toMatch(/89 67 45|54 76 98/);
  });

  test("a password written or read as a data item is one as well", () => {
    const data = bytesOfHex("030C0004 02563412 01000000 02214365");
    const written = encodeFrame({ address: "202611220001", control: 0x14, data });
    const shown = encodeFrame({ address: "202611220001", control: 0x91, data: bytesOfHex("030C0004 02214365") });
    expect(explain(written, 0)[0]?.values.at(-1)).toEqual({ name: "newPassword", value: "••••", unit: null });
    expect(explain(shown, 0)[0]?.values).toEqual([{ name: "password", value: "••••", unit: null }]);
    for (const bytes of [written, shown]) expect(maskedHex(bytes)).not.toContain("54 76 98");
    expect(hexBytes(written)).toContain("54 76 98");
  });

  test("there are frames with passwords to look at", () => {
    expect(secretive.length).toBeGreaterThan(10);
  });

  test("evidence keeps everything else; the checksum goes with the password", () => {
    expect(maskedHex(order)).toBe("68 01 00 22 11 26 20 68 1C 10 35 •• •• •• 34 33 33 33 4D 33 33 63 43 55 44 59 •• 16");
    expect(maskedHex(balance)).toBe(hexBytes(balance));
    // of a secured order neither the cipher nor the MAC is kept
    expect(maskedHex(goldenFrame("S5 request"))).toBe(
      `${hexBytes(goldenFrame("S5 request").subarray(0, 18))}${" ••".repeat(21)} 16`,
    );
    // cut short, it could not be taken apart: nothing behind the head is shown
    expect(printExplanation(explain(order.with(26, 0), 0))).not.toContain("89 67 45");
    expect(maskedHex(order.slice(0, 15))).toBe("68 01 00 22 11 26 20 68 1C 10 •• •• •• •• ••");
  });
});

test("the values of a block stand each beside its own bytes; where bytes stand between them the block is one piece", () => {
  const page = (di: string, wire: string): string[] => {
    const data = Uint8Array.of(...bytesOfHex(di).reverse(), ...bytesOfHex(wire));
    return printExplanation(explain(encodeFrame({ address: "202511220001", control: 0x91, data })), "en").split("\n");
  };
  const tariffs = page("0001FF00", "50200100 25100000 00400000 25500000 00200000");
  expect(tariffs.filter((line) => line.includes("kWh")).map((line) => line.trim().split(/ {2,}/).slice(-2))).toEqual([
    ["50 20 01 00", "importedEnergy 120.50 kWh"],
    ["25 10 00 00", "importedEnergyTariff1 10.25 kWh"],
    ["00 40 00 00", "importedEnergyTariff2 40.00 kWh"],
    ["25 50 00 00", "importedEnergyTariff3 50.25 kWh"],
    ["00 20 00 00", "importedEnergyTariff4 20.00 kWh"],
  ]);
  const freeze = page("0506FF01", "30 08 22 11 26 AA 10 00 00 00 AA");
  expect(freeze.filter((line) => line.includes("30 08 22 11 26 AA 10 00 00 00 AA"))).toHaveLength(1);
});

test("a page is read from left to right: bytes, field, less 33H, meaning", () => {
  expect(
    printExplanation(explain(balance, 0))
      .split("\n")
      .map((line) => line.trim().split(/\s{2,}/)),
  ).toEqual([
    ["on the wire", "field", "less 33H", "meaning"],
    ["68", "start"],
    ["01 00 22 11 26 20", "address", "202611220001"],
    ["68", "start"],
    ["91", "control", "read data, response (2007)"],
    ["08", "length", "8 data bytes"],
    ["33 35 C3 33", "data identifier", "00 02 90 00", "remaining amount held by the meter"],
    ["78 56 33 33", "remaining amount held by the meter", "45 23 00 00", "balance 23.45 yuan"],
    ["75", "checksum", "right"],
    ["16", "end"],
  ]);
  expect(printExplanation(explain(balance.with(18, 0), 0))).toBe(
    `✗ checksum at offset 18 is 00, computed 75\n  ${hexBytes(balance.with(18, 0))}`,
  );
});
