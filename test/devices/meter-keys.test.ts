/** The keys of a meter are named to the security module as its model has them. */
import { expect, test } from "vitest";
import { keysOf } from "../../src/devices/meter-keys.ts";
import { meterModels, modelOf } from "../../src/devices/meter-models.ts";
import { choicesWith, profileOf } from "../../src/protocols/dlt645/index.ts";

test("by its number, and by the one factor where its profile says so", () => {
  const meter = { meterNumber: "202611220001", model: "standard-wallet" } as const;
  expect(keysOf(meter)).toEqual({ meterNumber: "202611220001", testFactor: "meter-number" });
  const profile = { ...profileOf("standard-wallet")!, choices: choicesWith({ testFactor: "fixed" }) };
  expect(keysOf(meter, modelOf(profile))).toEqual({ meterNumber: "202611220001", testFactor: "fixed" });
  for (const { profile: known } of Object.values(meterModels)) expect(known.choices.testFactor).toBe("meter-number");
});
