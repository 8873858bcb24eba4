/** Which meters hang on the street when the books know of replacements that the site file does not. */
import { expect, test } from "vitest";
import type { BookedMeter } from "../../src/commands/replacement/replacement.ts";
import type { MeterRecord } from "../../src/devices/meter.ts";
import { metersInUse } from "../../src/house/meters-in-use.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { Secret } from "../../src/kernel/secret.ts";

const addressOf = (n: number): MeterAddress => MeterAddress(String(202611220000 + n));
const booked = (n: number, account: number): BookedMeter => ({
  ...{ address: addressOf(n), meterNumber: addressOf(n), customerNumber: addressOf(n), bus: BusId("tcp-1") },
  ...{ account: AccountId(String(account)), model: "remote-ledger" },
});
const relayPassword = { level: "02", secret: new Secret("123456") } as const;
const inFile: MeterRecord = { ...booked(1, 7), relayPassword, feeder: "transformer-7" };

test("who took a meter's place hangs on its feeder and is told by its password, however often it was replaced", () => {
  const replaced = [
    { meter: addressOf(1), by: booked(2, 7) },
    { meter: addressOf(2), by: booked(3, 7) },
  ];
  expect(metersInUse([inFile], replaced, () => undefined)).toEqual([{ ...booked(3, 7), relayPassword, feeder: "transformer-7" }]);
});

test("a meter that the file names itself hangs where the file says", () => {
  const own: MeterRecord = { ...booked(2, 7), relayPassword: null, feeder: "transformer-8" };
  expect(metersInUse([own], [{ meter: addressOf(1), by: booked(2, 7) }], () => undefined)).toEqual([own]);
});
