/** A register that was charged and was false: what it cost is given back, whatever was read around it, and later days are as if it had never been. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePrice, yuan } from "../../src/kernel/money.ts";
import { flatTariff, type Tariff } from "../../src/tariff/tariff.ts";
import { aWorld, BEN, dayName, NEXT_METER, type World } from "./billing-world.ts";

const flat = flatTariff("flat", parsePrice("0.5000"));
const takesBack = { takesBack: true } as const;
const bill = async (world: World): Promise<string[]> =>
  (await world.days()).map(({ day, energy, cost }) => `${day.slice(8)} ${energy} ${yuan(cost)}`);

describe("a false register is taken back", () => {
  test("of the same day: the money comes back by one entry, and what stood before it stands", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 100_000n);
    await world.read(1, 8, 100_200n);
    await world.read(1, 9, 105_800n); // false
    expect((await world.read(1, 10, 100_300n, takesBack)).map(({ amount }) => amount)).toEqual([-2_750n]);
    expect(await bill(world)).toEqual(["01 300 1.50"]);
    await world.read(1, 11, 100_400n);
    expect(await world.charged()).toBe(200n);
    expect(await world.kinds()).toEqual(["charge", "charge", "charge", "charge"]);
  });
  test("of days ago: the days since are settled anew by what is left, and by midnights that come after all", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 100_000n);
    await world.read(1, 12, 105_600n); // false
    await world.midnight(2, 100_400n); // contradicts what was read, and within a day it counts
    await world.read(4, 12, 106_000n); // false as well, since it goes on from there
    await world.read(4, 13, 101_300n, takesBack);
    expect((await bill(world)).map((line) => line.slice(0, 6))).toEqual(["01 400", "02 300", "03 300", "04 300"]);
    await world.midnight(3, 100_900n);
    await world.midnight(4, 101_200n);
    expect(await bill(world)).toEqual(["01 400 2.00", "02 500 2.50", "03 300 1.50", "04 100 0.50"]);
    expect(await world.charged()).toBe(650n);
  });
  test("with its rates and a midnight that were false with it; steps are counted anew", async () => {
    const stepped: Tariff = {
      id: "s",
      versions: [
        {
          ...{ from: "2026-01-01", prices: [parsePrice("0.5"), parsePrice("0.2")], timetable: null, exported: null },
          steps: { every: "month", startsOn: { month: 1, day: 1 }, upTo: [1_000n], add: [parsePrice("0"), parsePrice("1")] },
        },
      ],
    };
    const world = await aWorld([stepped]);
    const rates = (one: bigint, two: bigint) => ({ register: one + two, rates: [one, two] });
    await world.midnight(1, 0n, rates(0n, 0n));
    await world.midnight(2, 400n, rates(300n, 100n));
    await world.midnight(3, 9_000n, rates(6_000n, 3_000n)); // false
    await world.read(3, 9, 9_100n);
    await world.read(3, 10, 700n, takesBack);
    await world.midnight(3, 600n, rates(400n, 200n)); // what it had kept really
    await world.midnight(4, 1_200n, rates(900n, 300n));
    expect(await bill(world)).toEqual(["01 400 1.70", "02 200 0.70", "03 600 4.70", "04 0 0.00"]);
    expect(await world.charged()).toBe(170n + 70n + 470n);
  });
  test("and with it what was estimated on from it", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 100_000n);
    await world.read(1, 9, 105_800n);
    await world.read(3, 9, 106_800n, { estimated: true });
    await world.read(4, 9, 100_900n, takesBack);
    expect(await world.charged()).toBe(452n); // four days of 2.25 kWh, each rounded once
  });
  test("once: said again it moves nothing", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 100_000n);
    await world.read(1, 9, 105_800n);
    await world.read(1, 10, 100_300n, takesBack);
    expect(await world.read(1, 10, 100_300n, takesBack)).toEqual([]);
  });
});

test("it is not taken back where the bill began above it, or is another's by now: that is said, and nothing moves", async () => {
  const world = await aWorld([flat]);
  await world.read(1, 1, 100_000n);
  await world.read(1, 9, 105_800n);
  const refused = { code: "entry-impossible", context: { problem: expect.stringMatching(/rebase/) as string } };
  await expect(world.read(1, 10, 99_000n, takesBack)).rejects.toMatchObject(refused);
  await expect(world.read(1, 10, 100_300n, { ...takesBack, account: BEN })).rejects.toMatchObject(refused);
  await world.read(2, 1, 5n, { meter: NEXT_METER });
  await expect(world.read(2, 2, 100_300n, takesBack)).rejects.toMatchObject(refused);
  expect(await world.charged()).toBe(2_900n);
});

test("whatever false registers were charged, once they are taken back and the midnights known the bill is what these alone say", async () => {
  const DAYS = 5;
  const event = fc.record({ hour: fc.integer({ min: 1, max: DAYS * 24 - 1 }), falseBy: fc.constantFrom(0n, 0n, 1_500n, 4_000n) });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 14 }),
      fc.array(fc.bigInt(0n, 20n), { minLength: DAYS * 24, maxLength: DAYS * 24 }),
      fc.array(fc.integer({ min: 0, max: 60 }), { minLength: DAYS, maxLength: DAYS }),
      async (events, used, late) => {
        const world = await aWorld([flat]);
        const at = (hour: number): bigint => used.slice(0, hour).reduce((sum, each) => sum + each, 10_000n);
        const midnight = (day: number): Promise<unknown> => world.midnight(day + 2, at((day + 1) * 24));
        await world.midnight(1, at(0));
        const all = [
          ...events.map(({ hour, falseBy }) => ({
            due: hour,
            run: (): Promise<unknown> => world.read(1 + Math.floor(hour / 24), hour % 24, at(hour) + falseBy),
          })),
          ...late.map((by, day) => ({ due: (day + 1) * 24 + by, run: () => midnight(day) })),
        ];
        for (const { run } of all.sort((a, b) => a.due - b.due)) await run();
        await world.read(DAYS + 1, 1, at(DAYS * 24), takesBack);
        expect(await world.charged()).toBeLessThanOrEqual((at(DAYS * 24) - at(0)) / 2n + BigInt(DAYS + 1));
        // what a midnight could not say against a register of days before, it says when it is fetched again
        for (let day = 0; day < DAYS; day += 1) await midnight(day);
        const days = await world.days();
        for (let day = 1; day <= DAYS; day += 1)
          expect(days[day - 1]).toMatchObject({
            ...{ day: dayName(day), energy: at(day * 24) - at((day - 1) * 24), settledBy: "midnights" },
          });
        expect(await world.charged()).toBe(days.reduce((sum, { cost }) => sum + cost, 0n));
      },
    ),
    { numRuns: 200 },
  );
});
