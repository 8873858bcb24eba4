/**
 * Bad readings of every kind among good ones: none of them charges a fen, each is listed, the good ones are all billed as if the bad had never
 * been, and nobody is cut by them.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { hours, later, minutes } from "../../src/kernel/clock.ts";
import { kwh } from "../../src/kernel/energy.ts";
import type { Doubt } from "../../src/validation/doubts.ts";
import { aBench, begin, METER, type Bench } from "./bench.ts";

const DAY = hours(24);
const HISTORY_DAYS = 9;
/** Where the meter stands when it begins, 0.01 kWh, and what it uses in a quarter of an hour. */
const FIRST = 99_991_200n;
const QUARTER = 10n;

/** Each hands in one reading that cannot be true at this moment, of a meter that really stands at `truth`. */
const plants: Readonly<Record<Exclude<Doubt, "out-of-line-with-peers">, (bench: Bench, truth: bigint) => Promise<unknown>>> = {
  negative: (bench) => bench.read({ importedEnergy: "-5.00" }),
  "not-a-number": (bench) => bench.read({ importedEnergy: "digit A in 0000A100" }),
  backwards: (bench, truth) => bench.read({ importedEnergy: shown(truth - 5_000n > FIRST ? truth - 5_000n : FIRST - 20_000n) }),
  "rolled-over": (bench, truth) =>
    bench.read({ importedEnergy: shown(truth < 100_000_000n ? 100_000_000n + 3_000_000n : truth - 7_000n) }),
  "faster-than-the-meter-can-turn": (bench, truth) => bench.read({ importedEnergy: shown(truth + 50_000n) }),
  jump: async (bench, truth) => {
    const at = bench.now();
    bench.at(at - begin + hours(3)); // time enough for the meter to turn so far, if only it ever did
    await bench.read({ importedEnergy: shown(truth + 12_000n) });
    bench.at(at - begin);
  },
  "rates-do-not-add-up": (bench, truth) =>
    bench.read({ importedEnergy: shown(truth), importedEnergyTariff1: "10.00", importedEnergyTariff2: "20.00" }),
  "clock-wrong": (bench, truth) => bench.read({ importedEnergy: shown(truth) }, "freeze", later(bench.now(), -minutes(7))),
  "from-the-future": (bench, truth) => bench.read({ importedEnergy: shown(truth) }, "poll", later(bench.now(), hours(2))),
  "wrong-identity": async (bench, truth) => {
    await bench.stores.meters.setIdentity(null, METER, "quarantined", "another number");
    await bench.read({ importedEnergy: shown(truth) });
    expect((await bench.intent()).because).toBe("meter-quarantined");
    await bench.stores.meters.setIdentity(null, METER, "confirmed", null);
  },
};
const kinds = Object.keys(plants) as (keyof typeof plants)[];
const shown = (counted: bigint): string => kwh(counted % 100_000_000n);

/** Nine days of a steady meter, near its register's end; on the last the planted ones stand between the good. */
async function played(bad: readonly { readonly kind: keyof typeof plants; readonly quarter: number }[]): Promise<Bench> {
  const bench = await aBench();
  await bench.stores.meters.setIdentity(null, METER, "confirmed", null);
  let truth = FIRST;
  for (let day = 0; day < HISTORY_DAYS; day += 1) {
    bench.at(day * DAY);
    await bench.read({ importedEnergy: shown(truth) }, "freeze");
    truth += QUARTER * 96n;
  }
  for (let quarter = 0; quarter < 40; quarter += 1) {
    bench.at(HISTORY_DAYS * DAY + minutes(15) * quarter);
    await bench.read({ importedEnergy: shown(truth) });
    for (const { kind } of bad.filter((each) => each.quarter === quarter)) {
      const [before, listed, billed] = [await bench.charged(), bench.suspects.length, bench.uses.length];
      await plants[kind](bench, truth);
      expect(
        bench.suspects.slice(listed).map(({ doubt }) => doubt),
        kind,
      ).toHaveLength(1);
      expect(await bench.charged(), kind).toBe(before);
      expect(bench.uses.length, kind).toBe(billed);
      expect((await bench.intent()).want, kind).toBe("as-is");
    }
    truth += QUARTER;
  }
  return bench;
}

test("each kind of bad reading is doubted by its own name, where nothing else is planted", async () => {
  for (const kind of kinds) {
    const quarter = kind === "backwards" || kind === "rolled-over" ? 5 : 20; // before the register's end, or after it
    const bench = await played([{ kind, quarter }]);
    expect(bench.suspects.map(({ doubt }) => doubt)).toEqual([kind]);
  }
});

test("bad readings of every kind among good ones: no fen is charged on them, all are listed, the good are billed, nobody is cut", async () => {
  const clean = await played([]);
  const charged = await clean.charged();
  const uses = clean.uses.map(({ register }) => register);
  expect(charged).toBeGreaterThan(0n);
  expect((await clean.intent()).want).toBe("disconnected"); // in arrears, and well read: the rules would cut
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ kind: fc.constantFrom(...kinds), quarter: fc.integer({ min: 0, max: 38 }) }), {
        minLength: 1,
        maxLength: 12,
      }),
      async (bad) => {
        const bench = await played(bad);
        expect(bench.suspects).toHaveLength(bad.length);
        expect(bench.uses.map(({ register }) => register)).toEqual(uses);
        expect(await bench.charged()).toBe(charged);
        expect((await bench.intent()).want).toBe("disconnected"); // and still would, once good readings came again
      },
    ),
    { numRuns: 25 },
  );
});

test("the register's end is passed without a gap: what is billed is what was used", async () => {
  const bench = await played([]);
  const counted = bench.uses.map(({ register }) => register);
  expect(counted.some((register) => register >= 100_000_000n)).toBe(true);
  expect(counted.at(-1)! - counted[0]!).toBe(QUARTER * (96n * BigInt(HISTORY_DAYS) + 39n));
  expect(bench.uses[1]).toMatchObject({ midnightOf: "2026-11-03" });
});
