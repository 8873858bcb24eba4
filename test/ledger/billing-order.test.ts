/**
 * Whatever the order, splitting, repetition or delay of readings: once all midnights are known, each day's bill is what the midnights
 * alone say, worked out here in another way. And on the way there nobody is charged more than the newest registers cost.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { parsePrice } from "../../src/kernel/money.ts";
import type { Steps, Tariff, TariffVersion } from "../../src/tariff/tariff.ts";
import { aWorld, dayName } from "./billing-world.ts";

const DAYS = 8;
const micro = (energy: bigint, price: bigint): bigint => energy * price;
const most = (values: readonly bigint[]): bigint => values.reduce((a, b) => (a > b ? a : b));
const halfUp = (amount: bigint): bigint => (amount + 5_000n) / 10_000n;

const steps = fc.record({
  startsOn: fc.integer({ min: 1, max: 9 }),
  upTo: fc.bigInt(1n, 3_000n),
  adds: fc.tuple(fc.bigInt(0n, 3_000n), fc.bigInt(0n, 3_000n)),
});
const aVersion = fc.record({
  prices: fc.oneof(
    fc.array(fc.bigInt(1n, 12_000n), { minLength: 1, maxLength: 1 }),
    fc.array(fc.bigInt(1n, 12_000n), { minLength: 3, maxLength: 3 }),
  ),
  steps: fc.option(steps, { nil: null }),
});
/** Registers by rate and reverse, what each day adds. */
const load = fc.array(fc.tuple(fc.bigInt(0n, 400n), fc.bigInt(0n, 400n), fc.bigInt(0n, 400n), fc.bigInt(0n, 300n)), {
  minLength: DAYS,
  maxLength: DAYS,
});
/** Day, share of the day in quarters, whether it brings rates, and when it is delivered. */
const readings = fc.array(
  fc.record({
    day: fc.integer({ min: 1, max: DAYS }),
    part: fc.integer({ min: 0, max: 3 }),
    full: fc.boolean(),
    late: fc.integer({ min: 0, max: 30 }),
    twice: fc.boolean(),
  }),
  { maxLength: 30 },
);
const delays = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: DAYS, maxLength: DAYS });

type Drawn = typeof aVersion extends fc.Arbitrary<infer V> ? V : never;
const versionOf = (drawn: Drawn, from: string): TariffVersion => ({
  from,
  prices: drawn.prices as unknown as TariffVersion["prices"],
  steps:
    drawn.steps === null
      ? null
      : ({
          every: "month",
          startsOn: { month: 1, day: drawn.steps.startsOn },
          upTo: [drawn.steps.upTo],
          add: drawn.steps.adds as unknown as Steps["add"],
        } satisfies Steps),
  timetable: null,
  exported: parsePrice("0.4153"),
});

test("the bill of each day is that of its midnights", async () => {
  await fc.assert(
    fc.asyncProperty(
      aVersion,
      aVersion,
      fc.integer({ min: 2, max: DAYS }),
      load,
      readings,
      delays,
      async (one, two, change, used, seen, late) => {
        const tariff: Tariff = { id: "t", versions: [versionOf(one, "2026-01-01"), versionOf(two, dayName(change))] };
        const world = await aWorld([tariff]);
        const at = (day: number, quarter = 0): { register: bigint; rates: bigint[]; exported: bigint } => {
          const past = used.slice(0, day - 1);
          const today = used[day - 1] ?? [0n, 0n, 0n, 0n];
          const sums = [0, 1, 2, 3].map(
            (index) => past.reduce((sum, each) => sum + each[index]!, 0n) + (today[index]! * BigInt(quarter)) / 4n,
          );
          const rates = sums.slice(0, 3);
          return { register: rates.reduce((a, b) => a + b, 0n), rates, exported: sums[3]! };
        };
        const deliveries: { at: number; run: () => Promise<unknown>; upTo: bigint }[] = [];
        for (const { day, part, full, late: by, twice } of seen) {
          const { register, rates, exported } = at(day, part);
          const more = full ? { rates, exported } : {};
          const run = (): Promise<unknown> => world.read(day, part * 6 + 1, register, more);
          deliveries.push({ at: day * 4 + part + 0.5, run, upTo: register });
          if (twice || by > 0) deliveries.push({ at: day * 4 + part + by, run, upTo: register });
        }
        late.forEach((by, index) => {
          const day = index + 2;
          const { register, ...more } = at(day);
          deliveries.push({ at: day * 4 + by * 4, run: () => world.midnight(day, register, more), upTo: register });
        });
        const { register, ...more } = at(1);
        await world.midnight(1, register, more);
        let newest = 0n;
        const dearest = most([one, two].map((each) => most(each.prices) + most(each.steps?.adds ?? [0n])));
        for (const delivery of deliveries.sort((a, b) => a.at - b.at)) {
          await delivery.run();
          if (delivery.upTo > newest) newest = delivery.upTo;
          expect(await world.charged()).toBeLessThanOrEqual(halfUp(newest * dearest) + BigInt(DAYS + 1));
        }

        const days = await world.days();
        for (let day = 1; day <= DAYS; day += 1) {
          const drawn = day < change ? one : two;
          const energy = used[day - 1]!;
          const total = energy[0] + energy[1] + energy[2];
          let cost =
            drawn.prices.length === 1
              ? micro(total, drawn.prices[0]!)
              : [0, 1, 2].reduce((sum, rate) => sum + micro(energy[rate]!, drawn.prices[rate]!), 0n);
          if (drawn.steps !== null) {
            const start = drawn.steps.startsOn <= day ? drawn.steps.startsOn : 1; // September is not billed
            // unit by unit, as slowly as can be
            let before = 0n;
            for (let past = start; past < day; past += 1) before += used[past - 1]![0] + used[past - 1]![1] + used[past - 1]![2];
            for (let unit = 1n; unit <= total; unit += 1n)
              cost += before + unit <= drawn.steps.upTo ? drawn.steps.adds[0] : drawn.steps.adds[1];
          }
          expect(days[day - 1]).toMatchObject({
            ...{ day: dayName(day), energy: total, cost: halfUp(cost), exported: energy[3] },
            ...{ feedIn: halfUp(micro(energy[3], 4_153n)), state: "settled", settledBy: "midnights", estimated: false },
          });
        }
        expect(await world.charged()).toBe(days.reduce((sum, { cost, feedIn }) => sum + cost - feedIn, 0n));
      },
    ),
    { numRuns: 60 },
  );
});
