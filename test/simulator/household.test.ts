/** What households draw: the shape of a day, of a week, of a year, the same for the same seed. */
import { expect, test } from "vitest";
import { seededChance } from "../../src/kernel/chance.ts";
import { Instant } from "../../src/kernel/clock.ts";
import { Household } from "../../simulator/household.ts";
import type { HouseholdPlan } from "../../simulator/household.ts";
import { phaseLoads, sumOf } from "../../simulator/power.ts";
import { Supply } from "../../simulator/supply.ts";

const at = (iso: string): Instant => Instant(Date.parse(`${iso}+08:00`));
const households = (plan: HouseholdPlan = {}): Household[] =>
  Array.from({ length: 200 }, (_, i) => new Household(seededChance(i), plan));
/** Of all two hundred over some days, in watts. */
function mean(hours: readonly number[], from: string, days: number, plan: HouseholdPlan = {}): number {
  const moments = Array.from({ length: days }, (_, day) => hours.map((hour) => at(from) + (day * 24 + hour) * 3_600_000)).flat();
  const all = households(plan).flatMap((household) => moments.map((moment) => household.loadAt(Instant(moment)).active));
  return all.reduce((sum, active) => sum + active, 0) / all.length / 1_000;
}

test("evenings beat nights, weekends have a noon, winter and summer beat spring", () => {
  // 9 to 13 November 2026 are Monday to Friday.
  const [night, noon, evening] = [
    [2, 3],
    [12, 13],
    [18, 19, 20],
  ].map((hours) => mean(hours, "2026-11-09T00:00:00", 5)) as [number, number, number];
  expect(evening).toBeGreaterThan(4 * night);
  expect(evening).toBeGreaterThan(1.5 * noon);
  expect(mean([12, 13], "2026-11-14T00:00:00", 2)).toBeGreaterThan(1.3 * noon);
  const all = Array.from({ length: 24 }, (_, i) => i);
  const [january, may, august] = ["2026-01-05", "2026-05-04", "2026-08-03"].map((day) => mean(all, `${day}T00:00:00`, 5)) as [
    number,
    number,
    number,
  ];
  expect(january).toBeGreaterThan(1.3 * may);
  expect(august).toBeGreaterThan(1.3 * may);
});

test("the same seed gives the same hours in any order, another seed others", () => {
  const hours = Array.from({ length: 100 }, (_, i) => Instant(at("2026-11-22T00:00:00") + i * 3_600_000));
  const [one, two, other] = [new Household(seededChance(3)), new Household(seededChance(3)), new Household(seededChance(4))];
  const forwards = hours.map((hour) => one.loadAt(hour));
  expect([...hours].reverse().map((hour) => two.loadAt(hour))).toEqual([...forwards].reverse());
  expect(hours.map((hour) => other.loadAt(hour))).not.toEqual(forwards);
  expect(forwards.every(({ active, reactive }) => Number.isInteger(active) && Number.isInteger(reactive) && active > 0)).toBe(
    true,
  );
});

test("power factors are those of homes, a little capacitive by night", () => {
  const loads = households().flatMap((household) =>
    [3, 20].map((hour) => household.loadAt(Instant(at("2026-11-22T00:00:00") + hour * 3_600_000))),
  );
  for (const { active, reactive } of loads) expect(active / Math.hypot(active, reactive)).toBeGreaterThan(0.88);
  expect(loads.some(({ reactive }) => reactive < 0)).toBe(true);
});

test("three phases share the load out and add up to it; a dead phase carries nothing", () => {
  const household = new Household(seededChance(5), { phases: 3 });
  const supply = new Supply(seededChance(5), 3);
  const moment = at("2026-11-22T19:00:00");
  const load = household.loadAt(moment);
  const loads = phaseLoads(load, supply, household.splitAt(moment));
  expect(sumOf(loads)).toEqual(load);
  for (const { active } of loads) expect(active / load.active).toBeCloseTo(1 / 3, 1);
  supply.volts = [null, 0, null];
  expect(phaseLoads(load, supply, household.splitAt(moment))[1]).toEqual({ active: 0, reactive: 0 });
});

test("a steady load is what was said, with its power factor; a roof turns the flow round at noon, never by night", () => {
  const household = new Household(seededChance(5), { solarKw: 5 });
  expect(household.loadAt(at("2026-05-20T12:00:00")).active).toBeLessThan(0);
  expect(household.loadAt(at("2026-05-20T22:00:00")).active).toBeGreaterThan(0);
  household.override = 3_000_000n;
  expect(household.loadAt(at("2026-05-20T12:00:00"))).toEqual({ active: 3_000_000, reactive: 0 });
  household.powerFactor = 0.8;
  expect(household.loadAt(at("2026-05-20T12:00:00"))).toEqual({ active: 3_000_000, reactive: 2_250_000 });
  household.paused = true;
  expect(household.loadAt(at("2026-05-20T12:00:00"))).toEqual({ active: 0, reactive: 0 });
});
