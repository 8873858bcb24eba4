/** The worked frames of the profiles, said to meters that wear them: bytes made by a third program, understood by the simulator. */
import { expect, test } from "vitest";
import { encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { fromHex } from "../../simulator/bytes.ts";
import { profileFrame } from "../protocols/profile-frames.ts";
import { bench } from "./support/frames.ts";
import * as soft from "./support/soft-keys.ts";

const bytes = (key: string): string => hexBytes(encodeFrame(profileFrame(key).frame));
const dataOf = (reply: string): string => reply.slice(20, -4);

test("DL645-TEST-2: identity, a top-up and a cut, from the published key to the last byte", () => {
  const b = bench(
    { model: "chint-soft-esam", customerNumber: "000000123456", purchaseCount: 7, balance: "10.00" },
    { random2: "A1B2C3D4", start: "2026-11-22T10:00:00+08:00" },
  );
  expect(dataOf(b.say(bytes("chint-soft-esam/authenticate")))).toMatch(/^3233333A07F6E5D4/);
  expect(dataOf(b.say(bytes("chint-soft-esam/top-up")))).toBe("3235343A");
  expect(b.meter.wallet.balance).toBe(11_000n);
  expect(b.say(bytes("chint-soft-esam/secured-disconnect"))).toBe(b.say(bytes("chint-soft-esam/secured-disconnect")));
  expect(b.meter.relay.isClosed).toBe(false);
});

test("the key server of the tests finds the same MACs as the golden file", () => {
  const { mac1, mac2, block } = {
    ...profileFrame("chint-soft-esam/top-up").promised,
    ...profileFrame("chint-soft-esam/secured-disconnect").promised,
  };
  const keys = soft.keysOf("202611220001", "A1B2C3D4");
  expect(hexBytes(keys.mac("8432010C", fromHex("0000271000000008")), "")).toBe(mac1);
  expect(hexBytes(keys.mac("04D68224", fromHex("000000123456")), "")).toBe(mac2);
  const cipher = keys.encipher(fromHex("1A00261122103000"));
  expect(hexBytes(cipher, "") + hexBytes(keys.mac("04D68800", cipher), "")).toBe(block);
});

test("kilowatt-hours under a seal that carries its own key", () => {
  const b = bench({ model: "energy-prepay-vendor", balance: "50.00" });
  b.say(bytes("energy-prepay-vendor/top-up"));
  expect(b.meter.wallet.balance).toBe(7_000n);
  b.say(bytes("energy-prepay-vendor/refund"));
  expect(b.meter.wallet.balance).toBe(5_000n);
});

test("an order number of sixteen digits, once", () => {
  const b = bench({ model: "order-number-4g", balance: "0.00" });
  expect(dataOf(b.say(bytes("order-number-4g/top-up")))).toBe("3235343A");
  expect(dataOf(b.say(bytes("order-number-4g/top-up")))).toBe("35");
  expect(b.meter.wallet.balance).toBe(5_000n);
});
