/** Faults that come by themselves: as many as were asked for, the same for the same seed, and none that moves money. */
import { expect, test } from "vitest";
import { Instant, hours } from "../../src/kernel/clock.ts";
import { faultKinds, isFaultKind, rowOf } from "../../simulator/faults.ts";
import type { Street, WeatherPlan } from "../../simulator/street.ts";
import { scenarioIn } from "../../simulator/scenario-file.ts";
import { checkedWeather } from "../../simulator/weather-kinds.ts";
import { A, B, C, question } from "./faults/wire-bench.ts";
import { HandClock } from "../transports/hand-clock.ts";
import { planOf } from "./support/scenario.ts";
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

/** What the weather made of it, one day of questions. */
const standing = ({ street }: { street: Street }) => street.standingFaults().map(({ kind }) => kind);

test("kinds that were named come, with their parameters, and no others; the same seed brings the same day", async () => {
  const kinds = { "refused-though-done": {}, "late-reply": { delayMs: 1_500 }, "count-jump": { amount: "1.00", by: 2 } } as const;
  const house = await stormy({ seed: 4711, faultsPerHour: 12, kinds });
  const log = await day(house);
  expect(await day(await stormy({ seed: 4711, faultsPerHour: 12, kinds }))).toEqual(log);
  // Nobody orders anything, so what is aimed at orders stays where it is.
  expect(new Set(struckBy(log))).toEqual(new Set(["late-reply", "count-jump"]));
  expect(new Set(standing(house))).toEqual(new Set(["refused-though-done"]));
  const [meter] = house.street.meters.values();
  expect([meter!.purchaseCount % 2n, meter!.wallet.credited % 100n]).toEqual([0n, 0n]);
});

test("every kind of the table can be named, and whatever the weather brings ends", async () => {
  const all = Object.keys(faultKinds).filter(isFaultKind);
  const house = await stormy({ seed: 2, faultsPerHour: 60, kinds: all });
  await day(house);
  expect((house.street.weather.view as View).struck).toBeGreaterThan(60);
  house.street.changeWeather({ faultsPerHour: 0 });
  house.street.advance(hours(1));
  // Those that lasted are over; those that come once wait for an exchange that they can spoil.
  for (const { kind, times } of house.street.standingFaults()) expect([kind, times === null]).toEqual([kind, false]);
});

test("a kind that lasts stands for as long as it was told, by the street's time, however late somebody looks", async () => {
  const { street } = await stormy({ seed: 9, faultsPerHour: 3_600, kinds: { "slow-drip": { gapMs: 1, forMs: 60_000 } } });
  const end = street.memoryEnd("m");
  const strikes = (): void => {
    street.advance(10_000);
    end.send(question(A));
  };
  strikes();
  expect(standing({ street })).toEqual(["slow-drip"]);
  street.changeWeather({ faultsPerHour: 0 });
  street.advance(30_000);
  expect(standing({ street })).toEqual(["slow-drip"]);
  street.advance(30_000);
  expect(standing({ street })).toEqual([]);
});

test("a lasting fault of the weather ends in a street that was saved and loaded as well", async () => {
  const { street } = await stormy({ seed: 9, faultsPerHour: 3_600, kinds: ["swapped-addresses"] });
  street.advance(10_000);
  street.memoryEnd("m").send(question(A));
  street.changeWeather({ faultsPerHour: 0 });
  expect(standing({ street })).toContain("swapped-addresses");
  const { buses, meters } = street.plan;
  const loaded = await raise({ clock: new HandClock(), buses, meters, state: street.state() });
  expect(standing({ street: loaded })).toEqual(standing({ street }));
  loaded.advance(600_000);
  expect(standing({ street: loaded })).toEqual([]);
});

test("kinds stay until others are named, null brings the usual ones back, and what is wrong is named", async () => {
  const { street } = await stormy({ faultsPerHour: 1 });
  const view = () => street.weather.view as View & { kinds?: unknown };
  street.changeWeather({ faultsPerHour: 2, kinds: ["echo"] });
  street.changeWeather({ faultsPerHour: 3 });
  expect(view()).toMatchObject({ faultsPerHour: 3, kinds: ["echo"] });
  street.changeWeather({ faultsPerHour: 3, kinds: null });
  expect(view().kinds).toBeUndefined();
  for (const [kinds, wrong] of [
    [["rain"], /kinds\.rain/],
    [[], /kinds/],
    [{ echo: { amount: "1.00" } }, /kinds\.echo\.amount/],
    [{ "late-reply": { delayMs: -1 } }, /kinds\.late-reply\.delayMs/],
    [{ twin: { forMs: 0 } }, /kinds\.twin\.forMs/],
  ] as const) {
    expect(() => checkedWeather({ faultsPerHour: 1, kinds })).toThrow(wrong);
    expect(() => street.changeWeather({ faultsPerHour: 1, kinds: kinds as unknown as readonly [] })).toThrow(wrong);
  }
  expect(view().faultsPerHour).toBe(3);
});

test("the command line and a scenario file name kinds as well", () => {
  const plan = (...more: string[]) => planOf("--tcp", "0", ...more).weather;
  expect(plan("--weather-kind", "echo,times=2", "--weather-kind", "late-reply,delayMs=1500", "--faults-per-hour", "9")).toEqual({
    faultsPerHour: 9,
    kinds: { echo: { times: 2 }, "late-reply": { delayMs: 1_500 } },
  });
  expect(plan("--weather", "7", "--weather-kind", "twin,forMs=60000")).toEqual({
    seed: "7",
    faultsPerHour: 6,
    kinds: { twin: { forMs: 60_000 } },
  });
  expect(() => plan("--weather-kind", "twin,forMs=soon")).toThrow(/--weather-kind twin\.forMs: whole milliseconds/);
  expect(() => plan("--weather-kind", "rain")).toThrow(/--weather-kind rain: kinds of faults are/);
  const { weather } = scenarioIn("weather:\n  faultsPerHour: 3\n  kinds:\n    echo:\n    noise: { bytes: 3 }\n").scenario;
  expect(weather).toEqual({ faultsPerHour: 3, kinds: { echo: null, noise: { bytes: 3 } } });
  expect(() => scenarioIn("weather:\n  faultsPerHour: 3\n  kinds:\n    noise: { bytes: 0 }\n")).toThrow(
    /line 4: weather\.kinds\.noise\.bytes/,
  );
});
