/** Energy into money: by price, by rate, by step, and the days on which each begins. Every figure was worked out by hand. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePrice } from "../../src/kernel/money.ts";
import { costOfDay, isUnpriced, roundedFen } from "../../src/tariff/cost.ts";
import { dayPlus, daysBetween, daysFrom, isDay } from "../../src/tariff/days.ts";
import { flatPrice, flatTariff, stepPeriodStart, versionOn, type Steps, type TariffVersion } from "../../src/tariff/tariff.ts";

const priced = (prices: readonly string[], more: Partial<TariffVersion> = {}): TariffVersion => ({
  from: "2026-01-01",
  prices: prices.map((text) => parsePrice(text)),
  steps: null,
  timetable: null,
  exported: null,
  ...more,
});
const yearly: Steps = {
  every: "year",
  startsOn: { month: 1, day: 1 },
  upTo: [288_000n, 480_000n],
  add: [parsePrice("0"), parsePrice("0.05"), parsePrice("0.3")],
};

describe("one price", () => {
  test.each([
    // 0.01 kWh, price, fen
    [0n, "0.5283", 0n],
    [1n, "0.5283", 1n], // 0.005283 yuan: half a fen is a fen
    [100n, "0.5283", 53n],
    [10_000n, "0.5283", 5_283n],
    [95n, "0.5263", 50n], // 0.499985
    [1n, "0.4999", 0n], // 0.004999
    [1n, "0.5000", 1n], // 0.005: half up
  ])("%s x 0.01 kWh at %s is %s fen", (energy, price, fen) => {
    expect(roundedFen(costOfDay(priced([price]), { total: energy }, 0n).micro)).toBe(fen);
  });

  test("needs no rate registers, and is told as one part", () => {
    const cost = costOfDay(priced(["0.5283"]), { total: 200n }, 0n);
    expect(cost).toMatchObject({ rates: [{ energy: 200n, micro: 1_056_600n }], steps: [], unpriced: 0n, feedIn: 0n });
    expect(isUnpriced(cost)).toBe(false);
  });
});

describe("rates", () => {
  const four = priced(["0.9283", "0.7283", "0.5283", "0.2783"]);

  test("each rate's energy has its price", () => {
    // 1.00 x 0.9283 + 2.00 x 0.7283 + 3.00 x 0.5283 + 4.00 x 0.2783 = 0.9283 + 1.4566 + 1.5849 + 1.1132 = 5.0830
    const cost = costOfDay(four, { total: 1_000n, rates: [100n, 200n, 300n, 400n] }, 0n);
    expect(cost.micro).toBe(5_083_000n);
    expect(cost.rates.map(({ micro }) => micro)).toEqual([928_300n, 1_456_600n, 1_584_900n, 1_113_200n]);
    expect(isUnpriced(cost)).toBe(false);
  });

  test("energy whose rate nobody knows costs nothing by rate, and is told", () => {
    const cost = costOfDay(four, { total: 1_000n }, 0n);
    expect(cost).toMatchObject({ micro: 0n, unpriced: 1_000n });
    expect(isUnpriced(cost)).toBe(true);
  });

  test("energy of a rate that has no price is told, too", () => {
    const two = priced(["0.7", "0.3"]);
    const cost = costOfDay(two, { total: 1_000n, rates: [400n, 300n, 300n] }, 0n);
    expect(cost).toMatchObject({ micro: 400n * 7_000n + 300n * 3_000n, unpriced: 300n });
    expect(isUnpriced(cost)).toBe(true);
  });

  test("registers that are cut off at 0.01 kWh may differ by a step for each", () => {
    expect(isUnpriced(costOfDay(four, { total: 1_004n, rates: [100n, 200n, 300n, 400n] }, 0n))).toBe(false);
    expect(isUnpriced(costOfDay(four, { total: 1_005n, rates: [100n, 200n, 300n, 400n] }, 0n))).toBe(true);
  });
});

describe("rates that say more than the total", () => {
  const four = priced(["0.9283", "0.7283", "0.5283", "0.2783"]);

  test("cost no more energy than it shows, the dearest is left out first, and the difference is told", () => {
    const cost = costOfDay(four, { total: 800n, rates: [100n, 200n, 300n, 400n] }, 0n);
    expect(cost.rates.map(({ energy }) => energy)).toEqual([0n, 100n, 300n, 400n]);
    expect(cost.micro).toBe(100n * 7_283n + 300n * 5_283n + 400n * 2_783n);
    expect(cost.unpriced).toBe(-200n);
    expect(isUnpriced(cost)).toBe(true);
  });

  test("by a step for each are cut off registers, and all of them is priced", () => {
    const cost = costOfDay(four, { total: 996n, rates: [100n, 200n, 300n, 400n] }, 0n);
    expect(cost).toMatchObject({ micro: 5_083_000n, unpriced: -4n });
    expect(isUnpriced(cost)).toBe(false);
  });

  test("whatever they say: never more is priced than the total and a step for each", () => {
    const energy = fc.bigInt({ min: 0n, max: 5_000n });
    fc.assert(
      fc.property(energy, fc.array(energy, { maxLength: 4 }), (total, rates) => {
        const priced = costOfDay(four, { total, rates }, 0n).rates.map((rate) => rate.energy);
        expect(priced.every((rate) => rate >= 0n)).toBe(true);
        expect(priced.reduce((sum, rate) => sum + rate, 0n)).toBeLessThanOrEqual(total + 4n);
      }),
    );
  });
});

describe("steps", () => {
  const stepped = priced(["0.5000"], { steps: yearly });

  test.each([
    // used before, the day's energy, energy by step
    [0n, 1_000n, [1_000n, 0n, 0n]],
    [288_000n, 1_000n, [0n, 1_000n, 0n]], // the threshold itself was still the first step's
    [287_400n, 1_000n, [600n, 400n, 0n]],
    [287_999n, 200_000n, [1n, 192_000n, 7_999n]], // over both
    [480_000n, 1_000n, [0n, 0n, 1_000n]],
  ])("after %s x 0.01 kWh, %s are split %s", (before, energy, split) => {
    const cost = costOfDay(stepped, { total: energy }, before);
    expect(cost.steps.map((step) => step.energy)).toEqual(split);
    expect(cost.micro).toBe(energy * 5_000n + split[1]! * 500n + split[2]! * 3_000n);
  });

  test("add to the price whatever the rate", () => {
    const both = priced(["0.9", "0.3"], { steps: yearly });
    // 6.00 x 0.9 + 4.00 x 0.3 + 4.00 x 0.05 = 5.4 + 1.2 + 0.2
    expect(costOfDay(both, { total: 1_000n, rates: [600n, 400n] }, 287_400n).micro).toBe(6_800_000n);
  });

  test("a day in pieces costs what the day costs", () => {
    fc.assert(
      fc.property(
        fc.array(fc.bigInt(0n, 300_000n), { minLength: 1, maxLength: 6 }),
        fc.bigInt(0n, 600_000n),
        (pieces, before) => {
          const whole = costOfDay(stepped, { total: pieces.reduce((sum, each) => sum + each, 0n) }, before);
          let used = before;
          let micro = 0n;
          for (const piece of pieces) {
            micro += costOfDay(stepped, { total: piece }, used).micro;
            used += piece;
          }
          expect(micro).toBe(whole.micro);
        },
      ),
    );
  });
});

describe("reverse energy", () => {
  test("earns its own price and is never taken off the bill", () => {
    const sunny = priced(["0.5283"], { exported: parsePrice("0.4153") });
    expect(costOfDay(sunny, { total: 100n, exported: 1_000n }, 0n)).toMatchObject({ micro: 528_300n, feedIn: 4_153_000n });
  });
  test("without a price it is counted and not paid", () => {
    expect(costOfDay(priced(["0.5283"]), { total: 100n, exported: 1_000n }, 0n).feedIn).toBe(0n);
  });
});

describe("days", () => {
  const tariff = {
    id: "home",
    versions: [priced(["0.5"]), priced(["0.6"], { from: "2026-07-01" }), priced(["0.7"], { from: "2027-01-01" })],
  };

  test.each([
    ["1999-05-05", "2026-01-01"], // the first covers all before it
    ["2026-06-30", "2026-01-01"],
    ["2026-07-01", "2026-07-01"],
    ["2026-12-31", "2026-07-01"],
    ["2031-01-01", "2027-01-01"],
  ])("%s is billed by the version of %s", (day, from) => {
    expect(versionOn(tariff, day).from).toBe(from);
  });

  test.each<[Steps["every"], number, number, string, string]>([
    ["year", 1, 1, "2026-01-01", "2026-01-01"],
    ["year", 1, 1, "2026-12-31", "2026-01-01"],
    ["year", 7, 15, "2026-07-14", "2025-07-15"],
    ["year", 7, 15, "2026-07-15", "2026-07-15"],
    ["month", 1, 1, "2026-02-28", "2026-02-01"],
    ["month", 1, 15, "2026-03-14", "2026-02-15"],
    ["month", 1, 15, "2026-03-15", "2026-03-15"],
    ["month", 1, 28, "2027-01-03", "2026-12-28"],
  ])("steps by %s from %i-%i: %s lies in the period from %s", (every, month, date, day, start) => {
    expect(stepPeriodStart({ ...yearly, every, startsOn: { month, day: date } }, day)).toBe(start);
  });

  test("are counted over leap days and ends of years", () => {
    expect(dayPlus("2028-02-28", 1)).toBe("2028-02-29");
    expect(dayPlus("2027-02-28", 1)).toBe("2027-03-01");
    expect(dayPlus("2027-01-01", -1)).toBe("2026-12-31");
    expect(daysFrom("2026-03-01", "2026-10-01")).toBe(214);
    expect([...daysBetween("2026-12-30", "2027-01-02")]).toEqual(["2026-12-30", "2026-12-31", "2027-01-01", "2027-01-02"]);
    expect(["2026-02-29", "2026-2-1", "2026-13-01", ""].filter(isDay)).toEqual([]);
  });

  test("a flat tariff is one price", () => {
    const flat = flatTariff("flat", parsePrice("0.5283"));
    expect(flatPrice(versionOn(flat, "1990-01-01"))).toBe(5_283n);
    expect(flatPrice(priced(["0.5", "0.3"]))).toBe(null);
    expect(flatPrice(priced(["0.5"], { steps: yearly }))).toBe(null);
  });
});
