/** Bytes as levels in time: what a port hears that is set to something else. The examples were worked out by hand. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { heardOver } from "../../simulator/uart.ts";
import type { LineSettings } from "../../simulator/uart.ts";

const at = (baud: number, parity: LineSettings["parity"] = "none"): LineSettings => ({ baud, parity });
const heard = (bytes: number[], from: LineSettings, to: LineSettings, isReversed = false): string =>
  heardOver(Uint8Array.from(bytes), from, to, isReversed)
    .map(({ value, isIntact }) => value.toString(16).toUpperCase().padStart(2, "0") + (isIntact ? "" : "!"))
    .join(" ");

test("with equal settings, whatever is said is heard, and intact", () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 40 }),
      fc.constantFrom("none" as const, "even" as const, "odd" as const),
      fc.constantFrom(1_200, 2_400, 9_600, 115_200),
      (bytes, parity, baud) => {
        const out = heardOver(bytes, { baud, parity }, { baud, parity });
        expect(out.map(({ value }) => value)).toEqual([...bytes]);
        expect(out.every(({ isIntact }) => isIntact)).toBe(true);
      },
    ),
  );
});

test("a port may be two in a hundred fast or slow and still hear everything", () => {
  const every = Array.from({ length: 256 }, (_, i) => i);
  for (const baud of [2_352, 2_448]) expect(heard(every, at(2_400), at(baud))).toBe(heard(every, at(2_400), at(2_400)));
});

test.each<[string, number[], LineSettings, LineSettings, string]>([
  // 0 10101010 1 at half speed: 00 11 00 11 00 11 00 11 00 11
  ["twice as fast: each bit is seen twice", [0x55], at(2_400), at(4_800), "66! 33"],
  ["half as fast: every other bit is seen", [0xf0], at(4_800), at(2_400), "FE"],
  ["nine low bits are a break at twice the speed", [0x00], at(2_400), at(4_800), "00!"],
  ["a parity bit that is 1 passes for the stop bit", [0x01], at(2_400, "even"), at(2_400), "01"],
  ["a parity bit that is 0 does not, and passes for a start bit", [0x03], at(2_400, "even"), at(2_400), "03! FF"],
  ["even heard as odd: the byte is right, its parity is not", [0x68, 0x16], at(2_400, "even"), at(2_400, "odd"), "68! 16!"],
  ["no parity bit where one is wanted: the stop bit stands in for it", [0x01], at(2_400), at(2_400, "even"), "01"],
])("%s", (_, bytes, from, to, expected) => {
  expect(heard(bytes, from, to)).toBe(expected);
});

test("swapped wires never give a frame's bytes back, and never take for ever", () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 12, maxLength: 40 }), fc.constantFrom(1_200, 2_400, 9_600), (bytes, baud) => {
      const out = heardOver(bytes, at(2_400, "even"), at(baud, "even"), true);
      expect(out.length).toBeLessThan(bytes.length * 12);
      expect(out.map(({ value }) => value)).not.toEqual([...bytes]);
    }),
  );
});
