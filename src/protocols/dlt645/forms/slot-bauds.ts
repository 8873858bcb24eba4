/** The byte that names a rate: one bit for each in the standard, the rate / 300 in BCD in one library, other bits in 1997. */
import { BAUDS, baudOfByte, byteOfBaud } from "../formats/bauds.ts";
import { bcdOfDigits, digitsOfBcd } from "../formats/numbers.ts";
import { Unreadable } from "../formats/format.ts";
import { hexByte } from "../frame.ts";
import type { Slot } from "./layout.ts";
import { refuse } from "../refusal.ts";
import { slot } from "./slots.ts";

const BAUDS_FROM_300 = [300, 600, 1200, 2400, 4800, 9600];

const STEP = 300;

export const baudBits = (lowest: 600 | 300 = 600): Slot<number, "value"> => {
  const bauds = lowest === 600 ? BAUDS : BAUDS_FROM_300;
  return baud(
    bauds,
    (byte) => baudOfByte(byte, bauds),
    (rate) => byteOfBaud(rate, bauds),
  );
};

/** 16H for 4800. */
export const baudDigits: Slot<number, "value"> = baud(
  BAUDS,
  (byte) => BAUDS.find((rate) => String(rate / STEP) === String(Number(digitsOfBcd(Uint8Array.of(byte)) ?? "0"))),
  (rate) => bcdOfDigits(String(rate / STEP), 1)[0]!,
);

function baud(
  bauds: readonly number[],
  rateOf: (byte: number) => number | undefined,
  byteOf: (rate: number) => number,
): Slot<number, "value"> {
  const read = (wire: Uint8Array): number | Unreadable =>
    rateOf(wire[0]!) ?? new Unreadable(`${hexByte(wire[0]!)} has not exactly one rate set`);
  return slot<number>({
    pattern: `one of ${bauds.join(", ")} baud`,
    bytes: 1,
    read,
    write: (rate, field) =>
      bauds.includes(rate) ? Uint8Array.of(byteOf(rate)) : refuse(field, `not one of ${bauds.join(", ")} baud`, rate),
    show(wire) {
      if (wire.length === 0) return { field: "baud byte", values: [] };
      const rate = read(wire);
      const value = { name: "baud", unit: "baud" };
      return {
        field: "baud byte",
        values: [rate instanceof Unreadable ? { ...value, value: null, fault: rate.why } : { ...value, value: String(rate) }],
      };
    },
  });
}
