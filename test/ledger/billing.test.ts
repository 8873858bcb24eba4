/** Registers become bills: what a day costs, when it is settled, and what is given back when the truth comes later. */
import { describe, expect, test } from "vitest";
import { parsePrice, yuan } from "../../src/kernel/money.ts";
import type { BilledDay } from "../../src/ledger/billing-store.ts";
import { flatTariff, type Tariff, type TariffVersion } from "../../src/tariff/tariff.ts";
import { ANNA, aWorld, BEN, dayName, METER, moment, NEXT_METER, type World } from "./billing-world.ts";

const flat = flatTariff("flat", parsePrice("0.5000"));
const version = (prices: readonly string[], more: Partial<TariffVersion> = {}): TariffVersion => ({
  ...{ from: "2026-01-01", prices: prices.map((text) => parsePrice(text)), steps: null, timetable: null, exported: null },
  ...more,
});
const tariff = (id: string, ...versions: readonly TariffVersion[]): Tariff => ({ id, versions });
const monthly = (upTo: bigint, startsOn = 1): TariffVersion["steps"] => ({
  ...{ every: "month", startsOn: { month: 1, day: startsOn }, upTo: [upTo] },
  add: [parsePrice("0"), parsePrice("0.1")],
});

const told = ({ day, energy, cost, state, settledBy, estimated }: BilledDay): string =>
  `${day.slice(8)} ${energy} ${yuan(cost)} ${state === "settled" ? `by ${settledBy}` : state}${estimated ? " estimated" : ""}`;
const bill = async (world: World, account = ANNA): Promise<string[]> => (await world.days(account)).map(told);
/** Whatever happens, entries and days are the same money. */
const conserved = async (world: World, account = ANNA): Promise<void> => {
  const days = await world.days(account);
  expect(await world.charged(account)).toBe(days.reduce((sum, { cost, feedIn }) => sum + cost - feedIn, 0n));
};

describe("a day", () => {
  test("is charged as it goes, and settled by the midnights on both sides of it", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 1_000n);
    await world.read(1, 8, 1_300n);
    expect(await bill(world)).toEqual(["01 300 1.50 provisional"]);
    await world.read(1, 23, 1_400n);
    await world.midnight(2, 1_500n);
    await world.read(2, 1, 1_510n);
    expect(await bill(world)).toEqual(["01 500 2.50 by midnights", "02 10 0.05 provisional"]);
    expect(await world.charged()).toBe(255n);
  });

  test("without midnight ends with its last reading, and what came between belongs to the next", async () => {
    const world = await aWorld([flat]);
    await world.read(1, 8, 1_000n);
    await world.read(1, 20, 1_200n);
    await world.read(2, 8, 1_500n);
    expect(await bill(world)).toEqual(["01 200 1.00 provisional", "02 300 1.50 provisional"]);
  });

  test("is settled anew when its midnight comes late: the difference is charged there and given back here", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 1_000n);
    await world.read(1, 20, 1_200n);
    await world.read(2, 8, 1_500n);
    const moved = await world.midnight(2, 1_400n);
    expect(moved.map(({ amount }) => amount)).toEqual([100n, -100n]);
    expect(await bill(world)).toEqual(["01 400 2.00 by midnights", "02 100 0.50 provisional"]);
    expect(await world.midnight(2, 1_400n)).toEqual([]);
    expect(await world.kinds()).toEqual(["charge", "charge", "charge", "charge"]);
    await conserved(world);
  });

  test("to which no midnight comes is settled by its readings after three more", async () => {
    const world = await aWorld([flat]);
    for (const day of [1, 2, 3, 4, 5]) await world.read(day, 12, BigInt(1_000 + day * 100));
    expect((await bill(world)).map((line) => line.slice(0, 2) + line.slice(-12))).toEqual([
      "01 by readings",
      "02 provisional",
      "03 provisional",
      "04 provisional",
      "05 provisional",
    ]);
    await world.midnight(2, 1_150n); // after all
    expect((await bill(world))[0]).toBe("01 50 0.25 by midnights");
    await conserved(world);
  });

  test("of which nothing is known gets an even share of what was used meanwhile, until its midnight comes", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 1_000n);
    await world.midnight(4, 1_301n);
    expect(await bill(world)).toEqual([
      "01 100 0.50 provisional estimated",
      "02 100 0.50 provisional estimated",
      "03 101 0.51 provisional estimated",
      "04 0 0.00 provisional",
    ]);
    await world.midnight(3, 1_290n);
    await world.midnight(2, 1_010n);
    expect(await bill(world)).toEqual([
      "01 10 0.05 by midnights",
      "02 280 1.40 by midnights",
      "03 11 0.06 by midnights",
      "04 0 0.00 provisional",
    ]);
    await conserved(world);
  });

  test("that a silent meter ends gets its share by the first reading after it, too", async () => {
    const world = await aWorld([flat]);
    await world.read(1, 12, 1_000n);
    await world.read(4, 12, 1_300n);
    await world.read(4, 13, 1_310n);
    expect((await bill(world)).map((line) => line.slice(0, 6))).toEqual(["01 0 0", "02 100", "03 100", "04 110"]);
  });
});

describe("nothing is charged", () => {
  test("for the first registers, for the same ones again, and for the past", async () => {
    const world = await aWorld([flat]);
    expect(await world.read(1, 8, 123_456n)).toEqual([]);
    await world.read(1, 9, 123_500n);
    for (const again of [1, 2]) expect([again, await world.read(1, 9, 123_500n)]).toEqual([again, []]);
    expect(await world.read(1, 8.5, 123_480n)).toEqual([]);
    expect(await world.midnight(1, 123_000n)).toEqual([]); // before counting began
    expect(await world.charged()).toBe(22n);
  });

  test("for a midnight that contradicts what is known: it moves no bill", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 1_000n);
    await world.midnight(2, 1_100n);
    await world.midnight(3, 1_200n);
    const before = await bill(world);
    for (const register of [900n, 1_300n]) await world.midnight(2, register);
    expect(await bill(world)).toEqual(before);
  });

  test("for a midnight below the reading with which the day before it began: no day used less than nothing", async () => {
    const world = await aWorld([flat]);
    await world.read(1, 8, 1_000n);
    await world.read(1, 20, 1_200n);
    for (const day of [2, 3]) await world.read(day, 8, BigInt(1_300 + day * 100));
    const before = await bill(world);
    expect(await world.midnight(3, 1_100n)).toEqual([]);
    expect(await bill(world)).toEqual(before);
    await world.midnight(3, 1_200n); // with nothing used on the day before
    expect((await bill(world))[1]).toMatch(/^02 0 0.00/);
    await conserved(world);
  });

  test("by a clock that was set back: the energy is the open day's", async () => {
    const world = await aWorld([flat]);
    await world.read(1, 12, 1_000n);
    await world.read(2, 1, 1_100n);
    await world.read(1, 23, 1_150n);
    expect(await bill(world)).toEqual(["01 0 0.00 provisional", "02 150 0.75 provisional"]);
  });
});

describe("a meter's clock may be some minutes off:", () => {
  test("a midnight that it kept late or early rules over the readings around it", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 1_000n);
    await world.read(2, 0.02, 1_100n);
    await world.midnight(2, 1_104n); // the meter is slow
    await world.read(2, 23.99, 1_300n);
    await world.midnight(3, 1_290n); // the meter is fast
    await world.read(3, 5, 1_320n);
    expect(await bill(world)).toEqual(["01 104 0.52 by midnights", "02 186 0.93 by midnights", "03 30 0.15 provisional"]);
    await conserved(world);
  });
});

describe("rates", () => {
  const rated = tariff("rated", version(["1.0000", "0.2000"]));

  test("come from the meter's registers, whatever the hour", async () => {
    const world = await aWorld([rated]);
    await world.midnight(1, 1_000n, { rates: [400n, 600n] });
    await world.read(1, 12, 1_100n, { rates: [410n, 690n] });
    expect(await world.charged()).toBe(28n); // 0.10 x 1 + 0.90 x 0.2
    await world.midnight(2, 1_200n, { rates: [500n, 700n] });
    const [day] = await world.days();
    expect(day).toMatchObject({ cost: 120n, rates: [{ energy: 100n }, { energy: 100n }], ratesMissing: false });
  });

  test("a reading without them waits for one with them", async () => {
    const world = await aWorld([rated]);
    await world.midnight(1, 1_000n, { rates: [400n, 600n] });
    expect(await world.read(1, 12, 1_100n)).toEqual([]);
    await world.midnight(2, 1_200n, { rates: [500n, 700n] });
    expect(await bill(world)).toEqual(["01 200 1.20 by midnights", "02 0 0.00 provisional"]);
    expect(world.told.missing).toEqual([]);
  });

  test("a meter that never tells them is charged nothing by rate, and a person is told, until they come after all", async () => {
    const world = await aWorld([rated]);
    await world.midnight(1, 1_000n, { rates: [400n, 600n] });
    await world.midnight(2, 1_200n);
    await world.midnight(3, 1_400n);
    expect(await world.charged()).toBe(0n);
    expect(world.told.missing).toEqual([[dayName(1)], [dayName(1), dayName(2)]]);
    await world.midnight(2, 1_200n, { rates: [500n, 700n] });
    await world.midnight(3, 1_400n, { rates: [500n, 900n] });
    expect(await bill(world)).toEqual(["01 200 1.20 by midnights", "02 200 0.40 by midnights", "03 0 0.00 provisional"]);
    expect(world.told.found).toBe(1);
    await conserved(world);
  });

  test("of days between two moments at which they were read follow the total of each day", async () => {
    const world = await aWorld([rated]);
    await world.midnight(1, 1_000n, { rates: [400n, 600n] });
    await world.midnight(2, 1_100n);
    await world.midnight(3, 1_400n, { rates: [600n, 800n] });
    const [one, two] = await world.days();
    expect([one!.rates.map(({ energy }) => energy), two!.rates.map(({ energy }) => energy)]).toEqual([
      [50n, 50n],
      [150n, 150n],
    ]);
    expect([one!.ratesMissing, two!.ratesMissing]).toEqual([false, false]);
  });

  test("nobody is told while the midnight may still bring them: only when readings have settled the day", async () => {
    const world = await aWorld([rated]);
    await world.midnight(1, 1_000n, { rates: [400n, 600n] });
    for (const day of [2, 3, 4]) await world.read(day, 0.2, BigInt(1_000 + day * 50));
    expect(world.told.missing).toEqual([]);
    await world.read(5, 0.2, 1_300n);
    expect(world.told.missing).toEqual([[dayName(1)]]);
    await world.midnight(5, 1_290n, { rates: [490n, 800n] });
    expect(world.told.found).toBe(1);
    await conserved(world);
  });
});

describe("steps", () => {
  test("count an account's energy in the month, and a late midnight over its beginning moves all later days", async () => {
    const world = await aWorld([tariff("stepped", version(["0.5000"], { steps: monthly(300n, 3) }))]);
    await world.midnight(1, 0n);
    await world.midnight(2, 100n);
    await world.read(2, 10, 150n);
    await world.read(3, 10, 400n); // 250 on the 3rd, it seems: the period began with it
    await world.midnight(4, 400n);
    await world.midnight(5, 600n); // 250 + 200: 150 of it in the second step
    expect((await bill(world)).at(-2)).toBe("04 200 1.15 by midnights");
    await world.midnight(3, 350n); // 50 on the 3rd: all of the 4th is in the first step
    expect((await bill(world)).slice(2, 4)).toEqual(["03 50 0.25 by midnights", "04 200 1.00 by midnights"]);
    await conserved(world);
  });

  test("go on over a new meter, and the day of the change is rounded once", async () => {
    const world = await aWorld([tariff("stepped", version(["0.5050"], { steps: monthly(150n) }))]);
    await world.midnight(1, 0n);
    await world.read(1, 12, 101n);
    await world.read(1, 13, 5_000n, { meter: NEXT_METER });
    await world.midnight(2, 5_100n, { meter: NEXT_METER });
    // 2.01 kWh at 0.505 is 1.01505, and 0.51 kWh of it at 0.1 more is 0.051
    expect(await bill(world)).toEqual(["01 201 1.07 by midnights", "02 0 0.00 provisional"]);
    await conserved(world);
  });
});

describe("reverse energy", () => {
  test("is paid at midnight by its own price, and never taken off the bill", async () => {
    const world = await aWorld([tariff("sunny", version(["0.5000"], { exported: parsePrice("0.4153") }))]);
    await world.midnight(1, 1_000n, { exported: 50n });
    await world.read(1, 12, 1_100n, { exported: 1_050n });
    expect(await world.charged()).toBe(50n); // owed, not feared: nothing is earned before midnight
    await world.midnight(2, 1_100n, { exported: 1_050n });
    expect((await world.days())[0]).toMatchObject({ energy: 100n, cost: 50n, exported: 1_000n, feedIn: 415n });
    expect(await world.kinds()).toEqual(["charge", "feed-in"]);
    await conserved(world);
  });
});

describe("who lives there", () => {
  test("changes: the first registers for somebody else close one bill and open the other", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 1_000n);
    await world.read(1, 12, 1_100n);
    await world.read(3, 12, 1_400n, { account: BEN });
    await world.read(3, 13, 1_450n, { account: BEN });
    expect((await bill(world)).map((line) => line.slice(0, 7))).toEqual(["01 100 ", "02 150 ", "03 150 "]);
    expect(await bill(world, BEN)).toEqual(["03 50 0.25 provisional"]);
    await world.midnight(2, 1_120n, { account: BEN }); // kept in Anna's days
    await world.midnight(3, 1_390n, { account: BEN });
    expect(await bill(world)).toEqual(["01 120 0.60 by midnights", "02 270 1.35 by midnights", "03 10 0.05 by midnights"]);
    for (const account of [ANNA, BEN]) await conserved(world, account);
  });

  test("is billed by the tariff of that day: another tariff begins with the open one", async () => {
    const world = await aWorld([flat, flatTariff("dear", parsePrice("1.0000"))]);
    await world.midnight(1, 1_000n);
    await world.midnight(2, 1_100n);
    await world.read(2, 5, 1_200n, { tariff: "dear" });
    expect((await world.days()).map((day) => [day.tariff, day.cost])).toEqual([
      ["flat", 50n],
      ["dear", 100n],
    ]);
  });

  test("and of days of silence by the one of then: another begins with the day on which the account got it", async () => {
    const world = await aWorld([flat, flatTariff("dear", parsePrice("1.0000"))]);
    await world.read(1, 8, 1_000n);
    await world.read(1, 20, 1_100n);
    const dear = { tariff: "dear", tariffSince: moment(4, 9) };
    const tariffs = async () => (await world.days()).map(({ day, tariff: id, energy }) => `${day.slice(8)} ${id} ${energy}`);
    await world.midnight(3, 1_300n, dear); // fetched after the change
    expect(await tariffs()).toEqual(["01 flat 100", "02 flat 200", "03 flat 0"]);
    await world.read(6, 0, 1_600n, dear);
    expect((await tariffs()).map((line) => line.slice(0, 7))).toEqual([
      ...["01 flat", "02 flat", "03 flat"],
      ...["04 dear", "05 dear", "06 dear"],
    ]);
    await world.read(6, 5, 1_650n, dear);
    expect((await world.days()).at(-1)).toMatchObject({ tariff: "dear", energy: 125n }); // a quarter of 300, and 50
    await conserved(world);
  });

  test("an old midnight begins no bill", async () => {
    const world = await aWorld([flat]);
    await world.midnight(1, 1_000n, { mayBegin: false });
    await world.midnight(2, 1_100n, { mayBegin: false });
    await world.read(3, 12, 1_300n);
    await world.midnight(3, 1_250n, { mayBegin: false });
    expect(await bill(world)).toEqual(["03 0 0.00 provisional"]);
  });

  test("a meter that gave way to another and comes back begins anew", async () => {
    const world = await aWorld([flat]);
    await world.read(1, 8, 1_000n);
    await world.read(1, 9, 1_100n);
    await world.read(2, 8, 0n, { meter: NEXT_METER });
    await world.read(2, 9, 50n, { meter: NEXT_METER });
    await world.read(3, 8, 1_700n, { meter: METER });
    await world.read(3, 9, 1_710n, { meter: METER });
    expect((await bill(world)).map((line) => line.slice(0, 9))).toEqual(["01 100 0.", "02 50 0.2", "03 10 0.0"]);
    await conserved(world);
  });

  test("has no midnight for the last days: readings settle them all the same, whoever is read from then on", async () => {
    const world = await aWorld([flat]);
    await world.read(1, 8, 1_000n);
    await world.read(1, 20, 1_100n);
    await world.read(2, 8, 0n, { meter: NEXT_METER }); // Anna's next meter
    await world.read(2, 9, 1_100n, { account: BEN }); // and who lives where she did
    await world.read(3, 9, 1_150n); // and then Anna again
    for (const day of [4, 5, 6, 7]) await world.read(day, 8, 1_150n);
    const settled = async (account = ANNA) => (await world.days(account)).map(({ day, state }) => `${day.slice(8)} ${state}`);
    expect((await settled()).slice(0, 3)).toEqual(["01 settled", "02 settled", "03 settled"]);
    expect(await settled(BEN)).toEqual(["02 settled", "03 settled"]);
  });

  test("moved to another meter: what the next tenant of the old one uses is never charged to whoever left it", async () => {
    const world = await aWorld([flat]);
    await world.read(1, 8, 1_000n);
    await world.read(1, 9, 1_100n);
    await world.read(2, 8, 0n, { meter: NEXT_METER });
    await world.read(3, 8, 1_700n, { account: BEN });
    await world.read(3, 9, 1_710n, { account: BEN });
    expect((await bill(world)).map((line) => line.slice(0, 9))).toEqual(["01 100 0.", "02 0 0.00"]);
    expect(await bill(world, BEN)).toEqual(["03 10 0.05 provisional"]);
    expect((await world.read(3, 10, 10n, { meter: NEXT_METER })).map(({ account }) => account)).toEqual([ANNA]);
    for (const account of [ANNA, BEN]) await conserved(world, account);
  });
});

test("a price change at midnight bills each day by its own version", async () => {
  const world = await aWorld([tariff("home", version(["0.5000"]), version(["1.0000"], { from: dayName(2) }))]);
  await world.midnight(1, 0n);
  await world.read(1, 20, 100n);
  await world.read(2, 8, 300n);
  await world.midnight(2, 200n);
  expect((await world.days()).map((day) => [day.version, day.cost])).toEqual([
    ["2026-01-01", 100n],
    [dayName(2), 100n],
  ]);
});
