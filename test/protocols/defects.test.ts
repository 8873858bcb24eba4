/** Each thing that can be wrong with a frame has a name, and the reader who meets it knows where to look. */
import { expect, test } from "vitest";
import { explain } from "../../src/protocols/dlt645/explain.ts";
import { bytesOfHex, checksum } from "../../src/protocols/dlt645/frame.ts";

const BALANCE = bytesOfHex("68 01 00 22 11 25 20 68 91 08 33 35 C3 33 83 56 34 33 80 16");
const why = (bytes: Uint8Array): readonly (string | null)[] => explain(bytes).map((row) => row.why);
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));
const withChecksum = (sum: number): Uint8Array => BALANCE.with(18, sum & 0xff);

test.each([
  ["a sum from the second 68", checksum(BALANCE, 7, 18)],
  ["a sum without the first 68", checksum(BALANCE, 1, 18)],
  ["a sum from the control byte", checksum(BALANCE, 8, 18)],
  ["a sum over the data alone", checksum(BALANCE, 10, 18)],
  ["a sum over the data before 33 was added", checksum(BALANCE, 0, 18) - 8 * 0x33],
  ["a sum without both 68", checksum(BALANCE, 0, 18) - 2 * 0x68],
  ["a sum without the address", checksum(BALANCE, 0, 18) - checksum(BALANCE, 1, 7)],
  ["a sum from the length byte", checksum(BALANCE, 9, 18)],
  ["a sum with the end byte in it", checksum(BALANCE, 0, 18) + 0x16],
  ["a sum with 1 wake-up byte in it", checksum(BALANCE, 0, 18) + 0xfe],
  ["a sum with 4 wake-up bytes in it", checksum(BALANCE, 0, 18) + 4 * 0xfe],
  ["a sum from offset 2, in the middle of the address", checksum(BALANCE, 2, 18)],
  ["a sum from offset 6, in the middle of the address", checksum(BALANCE, 6, 18)],
])("a checksum that is %s is recognised", (says, sum) => {
  expect(why(withChecksum(sum))).toEqual([
    expect.stringMatching(new RegExp(`^checksum at offset 18 is .., computed 80; it fits ${says}$`)),
  ]);
});

test("a checksum that fits no other sum says only what it is and what it should be", () => {
  expect(why(withChecksum(0x81))).toEqual(["checksum at offset 18 is 81, computed 80"]);
});

test("a second start byte that is none is named, with or without wake-up bytes before it", () => {
  expect(why(BALANCE.with(7, 0x69))).toEqual(["second start byte at offset 7 is 69, not 68"]);
  expect(why(joined(bytesOfHex("FE FE"), BALANCE.with(7, 0x69)))).toEqual(["second start byte at offset 7 is 69, not 68"]);
  // Behind other bytes, and before a good frame: all the rest of the frame says that this 68 was a start.
  expect(why(joined(bytesOfHex("41 54"), BALANCE.with(7, 0x69)))).toEqual([
    "noise",
    "second start byte at offset 7 is 69, not 68",
  ]);
  expect(why(joined(bytesOfHex("12 34"), BALANCE.with(7, 0x69), BALANCE))).toEqual([
    "noise",
    "second start byte at offset 7 is 69, not 68",
    null,
  ]);
  expect(why(joined(bytesOfHex("41 54"), BALANCE.with(7, 0x69).with(9, 7)))).toEqual(["noise"]);
  expect(why(bytesOfHex("68 01 02"))).toEqual(["truncated: 3 of at least 12 bytes"]);
});

test("a first start byte that is none is named where everything else fits", () => {
  expect(why(BALANCE.with(0, 0x48))).toEqual(["first start byte at offset 0 is 48, not 68"]);
  expect(why(joined(bytesOfHex("41 54"), BALANCE.with(0, 0x48), BALANCE))).toEqual([
    "noise",
    "first start byte at offset 0 is 48, not 68",
    null,
  ]);
  expect(why(BALANCE.with(0, 0x48).with(18, 0x81))).toEqual(["noise"]);
});

test("somebody who was cut off in the address by a good frame is told from a stray 68", () => {
  expect(why(joined(bytesOfHex("68 66 55 44 33"), BALANCE))).toEqual(["truncated: 5 of at least 12 bytes", null]);
  expect(why(joined(bytesOfHex("68 AA AA AA"), BALANCE))).toEqual(["truncated: 4 of at least 12 bytes", null]);
  expect(why(joined(bytesOfHex("68 66 55"), BALANCE))).toEqual(["noise", null]);
  expect(why(joined(bytesOfHex("68 66 5F 44"), BALANCE))).toEqual(["noise", null]);
});

test("a length that was changed on the way is told by the checksum that fits the right one", () => {
  const fits = "; or length at offset 9 is wrong: the checksum fits 8 data bytes";
  expect(why(BALANCE.with(9, 0x0b))).toEqual([`truncated: 20 of 23 bytes${fits}`]);
  expect(why(BALANCE.with(9, 0xff))).toEqual([`truncated: 20 of 267 bytes${fits}`]);
  expect(why(joined(BALANCE.with(9, 0x0b), BALANCE))).toEqual([`truncated: 20 of 23 bytes${fits}`, null]);
  expect(why(BALANCE.with(9, 7))).toEqual(["length at offset 9 is 07, but 8 data bytes are present; the checksum fits these"]);
});

test("a length that does not say how many data bytes there are is told from a missing end byte", () => {
  expect(why(BALANCE.with(9, 7).with(18, 0x11))).toEqual(["length at offset 9 is 07, but 8 data bytes are present"]);
  const shorter = BALANCE.with(9, 7).with(18, checksum(BALANCE.with(9, 7), 0, 18));
  expect(why(shorter)).toEqual(["length at offset 9 is 07, but 8 data bytes are present; the checksum fits these"]);
  expect(why(BALANCE.with(19, 0x17))).toEqual(["end byte at offset 19 is 17, not 16"]);
  expect(why(BALANCE.with(9, 9).with(18, 0x11))).toEqual(["truncated: 20 of 21 bytes"]);
  const longer = BALANCE.with(9, 9).with(18, checksum(BALANCE.with(9, 9), 0, 18));
  expect(why(longer)).toEqual(["truncated: 20 of 21 bytes; or length at offset 9 is wrong: the checksum fits 8 data bytes"]);
});
