/** What a person estimated stands until it is known better, and leaves nothing behind: higher or lower, by a poll or by midnights alone. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePrice, yuan } from "../../src/kernel/money.ts";
import { flatTariff } from "../../src/tariff/tariff.ts";
import { ANNA, aWorld, BEN, dayName, type World } from "./billing-world.ts";

const flat = flatTariff("flat", parsePrice("0.5000"));
const estimated = { estimated: true } as const;
const bill = async (world: World): Promise<string[]> =>
  (await world.days()).map(
    ({ day, energy, cost, estimated: by }) => `${day.slice(8)} ${energy} ${yuan(cost)}${by ? " estimated" : ""}`,
  );

/** Read up to 1000.00 on the first, and estimated 400 kWh too high on the second. */
async function tooHigh(): Promise<World> {
  const world = await aWorld([flat]);
  await world.midnight(1, 100_000n);
  await world.read(1, 12, 100_500n);
  await world.read(2, 6, 140_500n, estimated);
  expect(await bill(world)).toEqual(["01 500 2.50", "02 40000 200.00 estimated"]);
  return world;
}

describe("an estimate that was too high", () => {
  test("is given back by the first register that is read after it, on the same day", async () => {
    const world = await tooHigh();
    expect((await world.read(2, 7, 101_200n)).map(({ amount }) => amount)).toEqual([-19_650n]);
    expect(await bill(world)).toEqual(["01 500 2.50", "02 700 3.50"]);
    await world.read(2, 8, 101_300n);
    expect(await world.charged()).toBe(650n);
  });
  test("is given back by a register of a later day, and the days between share what was really used", async () => {
    const world = await tooHigh();
    await world.read(4, 12, 101_400n);
    expect(await bill(world)).toEqual(["01 500 2.50", "02 300 1.50 estimated", "03 300 1.50 estimated", "04 300 1.50 estimated"]);
  });
  test("does not keep later midnights out, though the one of its own day never came", async () => {
    const world = await tooHigh();
    await world.midnight(4, 101_500n);
    await world.midnight(5, 102_000n);
    expect(await world.charged()).toBe(1_000n);
    expect((await bill(world)).slice(2)).toEqual(["03 500 2.50 estimated", "04 500 2.50", "05 0 0.00"]);
  });
  test("is given back by the midnight that ends its day", async () => {
    const world = await tooHigh();
    await world.midnight(2, 101_000n); // its own: the estimate is of later
    expect(await bill(world)).toEqual(["01 1000 5.00", "02 39500 197.50 estimated"]);
    await world.midnight(3, 102_000n);
    expect(await bill(world)).toEqual(["01 1000 5.00", "02 1000 5.00", "03 0 0.00"]);
  });
  test("and was estimated on from, is given back with all of it", async () => {
    const world = await tooHigh();
    await world.read(3, 6, 150_500n, estimated);
    await world.read(3, 7, 102_500n);
    expect(await world.charged()).toBe(1_250n);
  });
});

test("an estimate that was too low is charged on, of its own day or a later one", async () => {
  const world = await aWorld([flat]);
  await world.midnight(1, 100_000n);
  await world.read(2, 6, 100_100n, estimated);
  await world.read(2, 7, 101_000n);
  expect(await world.charged()).toBe(500n);
  await world.read(3, 6, 101_100n, estimated);
  await world.midnight(3, 101_400n); // the day began above it
  expect((await world.days()).map(({ estimated: by }) => by)).toEqual([true, true, false]); // the second midnight never came
  expect(await world.charged()).toBe(700n);
});

test("an estimate neither begins a bill nor ends one", async () => {
  const world = await aWorld([flat]);
  const refused = { code: "entry-impossible" };
  await expect(world.read(1, 1, 5_000n, estimated)).rejects.toMatchObject(refused);
  await world.read(1, 2, 5_000n);
  await expect(world.read(1, 3, 6_000n, { ...estimated, account: BEN })).rejects.toMatchObject(refused);
  expect(await world.charged()).toBe(0n);
  await world.read(1, 4, 5_100n, estimated);
  await world.read(1, 5, 5_040n, { account: BEN }); // he moves in, and what was read then is the end of hers
  expect(await world.charged(ANNA)).toBe(20n);
});

test("whenever anything is estimated, once the midnights are known the bill is what they alone say", async () => {
  const DAYS = 5;
  const event = fc.record({
    hour: fc.integer({ min: 1, max: DAYS * 24 - 1 }),
    late: fc.constantFrom(0, 0, 0, 12, 40),
    guess: fc.option(fc.bigInt(0n, 3_000n), { nil: null }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { maxLength: 14 }),
      fc.array(fc.bigInt(0n, 20n), { minLength: DAYS * 24, maxLength: DAYS * 24 }),
      fc.array(fc.integer({ min: 0, max: 60 }), { minLength: DAYS, maxLength: DAYS }),
      async (events, used, late) => {
        const world = await aWorld([flat]);
        const at = (hour: number): bigint => used.slice(0, hour).reduce((sum, each) => sum + each, 10_000n);
        let counted = 0n;
        await world.midnight(1, at(0));
        const all = [
          ...events.map(({ hour, late: by, guess }) => ({
            due: hour + by,
            run: (): Promise<unknown> => {
              const [day, rest] = [1 + Math.floor(hour / 24), hour % 24];
              counted = guess === null ? at(hour) : (counted > at(hour) ? counted : at(hour)) + guess;
              return guess === null ? world.read(day, rest, at(hour)) : world.read(day, rest, counted, estimated);
            },
          })),
          ...late.map((by, day) => ({
            due: (day + 1) * 24 + by,
            run: (): Promise<unknown> => world.midnight(day + 2, at((day + 1) * 24)),
          })),
        ];
        for (const { run } of all.sort((a, b) => a.due - b.due)) await run();
        // the day after brings a register: nothing that was guessed is left
        await world.read(DAYS + 1, 1, at(DAYS * 24));
        const days = await world.days();
        for (let day = 1; day <= DAYS; day += 1)
          expect(days[day - 1]).toMatchObject({
            ...{ day: dayName(day), energy: at(day * 24) - at((day - 1) * 24), estimated: false, settledBy: "midnights" },
          });
        expect(await world.charged()).toBe(days.reduce((sum, { cost }) => sum + cost, 0n));
      },
    ),
    { numRuns: 200 },
  );
});
