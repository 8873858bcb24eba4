/** Faults that come by themselves: as many as were asked for, the same for the same seed, and none that moves money. */
import { expect, test } from "vitest";
import { Instant, hours } from "../../src/kernel/clock.ts";
import { faultKinds, isFaultKind, rowOf } from "../../simulator/faults.ts";
import type { Street, WeatherPlan } from "../../simulator/street.ts";
import { A, B, C, question } from "./faults/wire-bench.ts";
import { HandClock } from "../transports/hand-clock.ts";
import { raise } from "./support/street.ts";

interface View {
  readonly seed: number | string;
  readonly faultsPerHour: number;
  readonly struck: number;
}

async function stormy(weather?: WeatherPlan): Promise<{ street: Street; clock: HandClock }> {
  const clock = new HandClock();
  const street = await raise({
    clock,
    start: Instant(Date.parse("2026-11-22T10:00:00+08:00")),
    weather,
    buses: [{ id: "m", endpoint: { kind: "memory" } }],
    meters: [A, B, C].map((address) => ({ address, bus: "m" })),
  });
  return { street, clock };
}

/** A question a minute to each meter in turn, for a day; what was noted of it. */
async function day({ street, clock }: Awaited<ReturnType<typeof stormy>>): Promise<string[]> {
  const end = street.memoryEnd("m");
  for (let minute = 0; minute < 24 * 60; minute += 1) {
    end.send(question([A, B, C][minute % 3]!));
    for (let second = 0; second < 60; second += 10) {
      clock.advance(10_000);
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    }
  }
  return street.frames().map(({ direction, fault, hex }) => `${direction} ${fault ?? "-"} ${hex}`);
}
const struckBy = (log: readonly string[]): string[] =>
  log
    .filter((line) => line.startsWith("request"))
    .map((line) => line.split(" ")[1]!)
    .filter((kind) => kind !== "-");

test("the same seed brings the same day to the byte, another seed another one, and none a calm one", async () => {
  const log = await day(await stormy({ seed: 4711, faultsPerHour: 6 }));
  expect(await day(await stormy({ seed: 4711, faultsPerHour: 6 }))).toEqual(log);
  expect(await day(await stormy({ seed: 4712, faultsPerHour: 6 }))).not.toEqual(log);
  expect(struckBy(await day(await stormy()))).toEqual([]);
});

test("about as many strike as were asked for, of many kinds, and what a street cannot suffer does not", async () => {
  const struck = struckBy(await day(await stormy({ seed: 1, faultsPerHour: 6 })));
  // 144 are expected; a place that still carries one is spared.
  expect(struck.length).toBeGreaterThan(100);
  expect(struck.length).toBeLessThan(170);
  expect(new Set(struck).size).toBeGreaterThan(12);
  for (const kind of struck) {
    expect(isFaultKind(kind) && (rowOf(kind).weather ?? 0) > 0 && rowOf(kind).lasts === "once", kind).toBe(true);
    expect(isFaultKind(kind) && rowOf(kind).endpoints, kind).toBeUndefined();
  }
});

test("no weather moves money, clocks, relays or numbers", () => {
  const byHand = [
    "count-jump",
    "clock-jump",
    "clock-drift",
    "stuck-relay",
    "welded-relay",
    "wrong-customer",
    "twin",
    "refused-though-done",
    "empty-acknowledgement",
    "mqtt-retained-order",
  ];
  for (const kind of byHand) expect(isFaultKind(kind) && rowOf(kind).weather, kind).toBeUndefined();
  for (const kind of Object.keys(faultKinds).filter(isFaultKind))
    if (rowOf(kind).weather !== undefined) expect([kind, rowOf(kind).lasts]).toEqual([kind, "once"]);
});

test("a month without a question leaves one fault a place at most; calm weather brings no more", async () => {
  const { street } = await stormy({ seed: 7, faultsPerHour: 50 });
  street.advance(hours(24 * 30));
  const end = street.memoryEnd("m");
  end.send(question(A));
  expect(street.standingFaults().length).toBeGreaterThan(0);
  for (const { address, faults } of street.meters.values()) expect(faults.standing.length, address).toBeLessThanOrEqual(1);
  expect(street.bus("m").faults.standing.length).toBeLessThanOrEqual(1);
  street.weather.change({ faultsPerHour: 0 });
  street.clearAllFaults();
  const { struck } = street.weather.view as View;
  street.advance(hours(24));
  end.send(question(A));
  expect([street.standingFaults(), street.weather.view]).toEqual([[], { seed: 7, faultsPerHour: 0, struck }]);
});
