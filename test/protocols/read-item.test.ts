/** The short way from a reply to its values says the same as the long one. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { readItem, readReply, requests, itemOf } from "../../src/protocols/dlt645/index.ts";
import type { Frame } from "../../src/protocols/dlt645/index.ts";
import { bytesOfHex } from "../../src/protocols/dlt645/frame.ts";

const ADDRESS = "202611220001";
const ITEMS = ["00900200", "0001FF00", "0333FF01", "0506FF01", "06000001", "04000503", "04001501", "1D00FF01", "04000403"];

test("whatever comes as a reply, both ways read the same of it", () => {
  const reply = fc.record({
    address: fc.constantFrom(ADDRESS, "202611220002"),
    control: fc.constantFrom(0x91, 0x91, 0x91, 0xb1, 0xd1, 0x92, 0x11, 0x83),
    rest: fc.uint8Array({ maxLength: 60 }),
    whole: fc.boolean(),
  });
  let values = 0;
  fc.assert(
    fc.property(fc.constantFrom(...ITEMS), reply, fc.boolean(), (di, { address, control, rest, whole }, wildcard) => {
      const request = requests.read(wildcard ? "AAAAAAAAAAAA" : ADDRESS, di);
      const item = itemOf(di)!;
      const data = whole ? Uint8Array.of(...bytesOfHex(di).reverse(), ...rest) : rest;
      const frame: Frame = { address, control, data };
      const long = readReply(request, frame);
      const short = readItem(request, frame, item);
      if (short.is === "values") values += 1;
      expect(short).toEqual(long.is === "value" ? { is: "values", members: item.shape.members(long.bytes) } : long);
    }),
    { seed: 645, numRuns: 4_000 },
  );
  expect(values).toBeGreaterThan(300);
});
