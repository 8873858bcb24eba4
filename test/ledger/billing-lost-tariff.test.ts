/** A tariff that the site file does not have: what was charged by it stays, what is used since is charged nothing, and people hear of it by its name. */
import { describe, expect, test } from "vitest";
import { parsePrice, yuan } from "../../src/kernel/money.ts";
import type { BilledDay } from "../../src/ledger/billing-store.ts";
import { flatTariff } from "../../src/tariff/tariff.ts";
import { aWorld, dayName, type World } from "./billing-world.ts";

const [flat, dear] = [flatTariff("flat", parsePrice("0.5000")), flatTariff("dear", parsePrice("1.0000"))];
const told = ({ day, energy, cost, state, settledBy }: BilledDay): string =>
  `${day.slice(8)} ${energy} ${yuan(cost)} ${state === "settled" ? `by ${settledBy}` : state}`;
const bill = async (world: World): Promise<string[]> => (await world.days()).map(told);
/** Whatever happens, entries and days are the same money. */
const conserved = async (world: World): Promise<void> => {
  const days = await world.days();
  expect(await world.charged()).toBe(days.reduce((sum, { cost, feedIn }) => sum + cost - feedIn, 0n));
};

test("a tariff that the site does not know charges nothing, and what was used is charged when it does", async () => {
  const world = await aWorld([flat]);
  await world.read(1, 8, 1_000n, { tariff: "gone" });
  expect(await world.read(1, 9, 1_100n, { tariff: "gone" })).toEqual([]);
  await world.read(1, 10, 1_200n);
  expect(await world.charged()).toBe(100n);
  await world.read(1, 20, 1_300n, { tariff: "gone" });
  await world.midnight(2, 1_400n, { tariff: "gone" });
  expect(await world.charged()).toBe(100n);
  expect(world.told).toEqual({ missing: [[dayName(1)]], lost: ["gone"], found: 0 });
});

describe("days that were charged by a tariff which the site file lost", () => {
  test("stay charged, and nobody is told that their rates are missing", async () => {
    const world = await aWorld([flat, dear]);
    await world.midnight(1, 1_000n);
    await world.read(1, 20, 1_200n);
    world.loses("flat");
    for (const day of [2, 3, 4, 5]) await world.read(day, 8, BigInt(1_300 + day), { tariff: "dear" });
    expect((await bill(world))[0]).toBe("01 200 1.00 by readings");
    expect(world.told.missing).toEqual([]);
    await conserved(world);
  });

  test("keep their energy when a midnight comes late: nothing is given back that nobody can charge elsewhere", async () => {
    const world = await aWorld([flat, dear]);
    await world.midnight(1, 1_000n);
    await world.read(1, 20, 1_200n);
    await world.read(2, 8, 1_300n, { tariff: "dear" });
    const charged = await world.charged();
    world.loses("flat");
    for (const register of [1_280n, 1_210n]) expect(await world.midnight(2, register, { tariff: "dear" })).toEqual([]);
    expect(await world.charged()).toBe(charged);
    expect(await bill(world)).toEqual(["01 200 1.00 provisional", "02 100 1.00 provisional"]);
    await conserved(world);
  });

  test("go on with energy that is charged when the tariff is there again, of which people hear with its name", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 1_000n);
    await world.read(1, 12, 1_100n);
    world.loses("flat");
    await world.read(1, 20, 1_200n);
    await world.midnight(2, 1_250n);
    expect(await bill(world)).toEqual(["01 250 0.50 by midnights", "02 0 0.00 provisional"]);
    expect(world.told).toMatchObject({ missing: [[dayName(1)]], lost: ["flat"] });
    await conserved(world);
  });
});
