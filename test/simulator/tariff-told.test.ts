/** What the control door tells of a meter's tariff, past everything the meter says on the wire. */
import { expect, test } from "vitest";
import { hours } from "../../src/kernel/clock.ts";
import { tariffTold } from "../../simulator/tariff-told.ts";
import { bench } from "./support/frames.ts";

test("both sets are told, what runs first, and they change places with the switch", () => {
  const b = bench({
    tariff: {
      prices: ["1.0000", "0.5000", "0.3000", "0.1000"],
      steps: { thresholds: ["10.00"], prices: ["0.0000", "0.1000"], yearly: ["01-01"] },
      next: { at: "2026-11-22T11:00", prices: ["2.0000"] },
    },
  });
  const before = tariffTold(b.meter);
  expect(before.running).toMatchObject({
    prices: ["1.0000", "0.5000", "0.3000", "0.1000"],
    steps: { upTo: ["10.00"], add: ["0.0000", "0.1000"], yearly: ["01-01 00:00"] },
  });
  expect(before.switchAt).toMatchObject({ prices: "2026-11-22T11:00:00+08:00", steps: null });
  b.clock.ms += hours(3);
  b.meter.settle();
  const after = tariffTold(b.meter);
  expect(after.running.prices).toEqual(Array(4).fill("2.0000"));
  expect(after.spare.prices).toEqual(before.running.prices);
  expect(after.switchAt.prices).toBeNull();
});
