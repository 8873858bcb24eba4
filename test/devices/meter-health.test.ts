/** Silent meters are asked less often, and who was silent is announced when it answers. */
import { expect, test, vi } from "vitest";
import { HealthBook } from "../../src/devices/meter-health.ts";
import { minutes, seconds } from "../../src/kernel/clock.ts";
import { MeterAddress } from "../../src/kernel/ids.ts";
import { HandClock } from "../transports/hand-clock.ts";

const meter = MeterAddress("202611220001");

test("two seconds more with each failure, five minutes at most; one answer wipes it out", () => {
  const clock = new HandClock();
  const health = new HealthBook(clock);
  expect(health.of(meter)).toEqual({ state: "unknown", failures: 0, lastHeardAt: null, askAgainAt: null });
  const pauses = Array.from({ length: 200 }, () => {
    health.silent(meter);
    return (health.of(meter).askAgainAt ?? 0) - clock.now();
  });
  expect(pauses.slice(0, 3)).toEqual([seconds(2), seconds(4), seconds(6)]);
  expect(Math.max(...pauses)).toBe(minutes(5));
  health.heard(meter);
  expect(health.of(meter)).toEqual({ state: "answering", failures: 0, lastHeardAt: clock.now(), askAgainAt: null });
  health.silent(meter);
  expect(health.of(meter)).toMatchObject({ state: "silent", failures: 1, lastHeardAt: clock.now() });
});

test("a silent meter is worth asking when its pause is over, or its line was opened anew; one that answers always is", () => {
  const clock = new HandClock();
  const health = new HealthBook(clock);
  expect(health.isWorthAsking(meter)).toBe(true);
  health.doubt(meter);
  expect(health.of(meter).state).toBe("unknown");
  health.silent(meter);
  expect(health.isWorthAsking(meter)).toBe(false);
  clock.advance(seconds(2));
  expect(health.isWorthAsking(meter)).toBe(true);
  health.silent(meter);
  expect(health.isWorthAsking(meter)).toBe(false);
  health.doubt(meter);
  expect(health.isWorthAsking(meter)).toBe(true);
  expect(health.of(meter).failures).toBe(2);
});

test("heard is announced when a meter was unknown or silent, and only then", () => {
  const health = new HealthBook(new HandClock());
  const listener = vi.fn();
  health.onHeard(listener);
  health.heard(meter);
  health.heard(meter);
  health.silent(meter);
  health.heard(meter);
  expect(listener).toHaveBeenCalledTimes(2);
});
