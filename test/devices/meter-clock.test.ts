/** The meter's clock in both directions, and what is believed of it. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { digitsOf, instantOf, MeterClocks } from "../../src/devices/meter-clock.ts";
import { Instant, minutes } from "../../src/kernel/clock.ts";
import { MeterAddress } from "../../src/kernel/ids.ts";
import { HandClock } from "../transports/hand-clock.ts";

test("a moment becomes the digits on the wall, and the digits the moment again", () => {
  const at = Instant(Date.parse("2026-11-22T10:30:05+08:00"));
  expect(digitsOf(at, "Asia/Shanghai")).toBe("261122103005");
  expect(instantOf("26112200", "103005", "Asia/Shanghai")).toBe(at);
  fc.assert(
    fc.property(fc.integer({ min: Date.UTC(2000, 0, 2), max: Date.UTC(2098, 0, 1) }), (ms) => {
      const whole = Math.floor(ms / 1_000) * 1_000;
      const digits = digitsOf(Instant(whole), "Asia/Shanghai");
      expect(instantOf(digits.slice(0, 6), digits.slice(6), "Asia/Shanghai")).toBe(whole);
    }),
  );
});

test("digits that are no date are no moment", () => {
  for (const [date, time] of [
    ["000000", "000000"],
    ["261322", "100000"],
    ["260230", "100000"],
    ["261122", "246000"],
    ["2611", "10"],
  ] as const) {
    expect(instantOf(date, time, "Asia/Shanghai")).toBeUndefined();
  }
});

test("an offset is believed for ten minutes", () => {
  const clock = new HandClock();
  const clocks = new MeterClocks(clock);
  const meter = MeterAddress("202611220001");
  clocks.note(meter, 42_000);
  clock.advance(minutes(10));
  expect(clocks.aheadMs(meter)).toBe(42_000);
  clock.advance(1);
  expect(clocks.aheadMs(meter)).toBeUndefined();
});
