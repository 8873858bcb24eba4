/** Review lists: who stands on each, and whether those whose use swings are found among a street that lives. */
import { describe, expect, test } from "vitest";
import { seededChance } from "../../src/kernel/chance.ts";
import { hours, Instant, later } from "../../src/kernel/clock.ts";
import { AccountId, MeterAddress } from "../../src/kernel/ids.ts";
import type { Believed, DayRow } from "../../src/validation/believed.ts";
import { gateDefaults } from "../../src/validation/limits.ts";
import { reviews, sorted, type ReviewList } from "../../src/validation/review/lists.ts";
import { Reviewer } from "../../src/validation/review/reviewer.ts";
import type { MeterSight, ReviewRow } from "../../src/validation/review/sight.ts";
import { swingsOf } from "../../src/validation/review/swings.ts";

const DAY = hours(24);
const now = Instant(Date.UTC(2026, 10, 29, 20)); // four in the morning of the 30th in Shanghai
const midnight = Instant(Date.UTC(2026, 10, 29, 16));
const dayText = (at: Instant): string => new Date(at + hours(8)).toISOString().slice(0, 10);

/** Days of such energies, oldest first; the last of them ends at today's midnight. */
const daysOf = (energies: readonly number[]): readonly DayRow[] => {
  let counted = 100_000n;
  return [...energies, 0].map((energy, n) => {
    const at = later(midnight, -DAY * (energies.length - n));
    const first = { at, counted, shift: 0n };
    counted += BigInt(energy);
    return { day: dayText(at), first, last: { at: later(at, n === energies.length ? 0 : hours(23)), counted, shift: 0n } };
  });
};
const believed = (changes: Partial<Believed> = {}): Believed => ({
  ...{
    takenAt: now,
    register: 100_000n,
    shift: 0n,
    rates: null,
    rateShifts: [],
    ratesAt: null,
    exported: null,
    advancedAt: now,
    cut: null,
    vouched: null,
  },
  ...changes,
});
const sight = (n: number, changes: Partial<MeterSight> = {}): MeterSight => {
  const meter = MeterAddress(String(202611220001 + n));
  return {
    ...{ meter, account: AccountId(meter.slice(2)), class: "residential", bus: "tcp-1", model: "remote-ledger" },
    ...{ relay: "connected", inCredit: true, createdAt: later(now, -40 * DAY), believed: believed(), doubt: null, days: [] },
    ...changes,
  };
};
const listed = (list: ReviewList, ...sights: readonly MeterSight[]): readonly ReviewRow[] =>
  reviews[list].of(sights, { now, settings: gateDefaults });

describe("on the list stands", () => {
  const still = { advancedAt: later(now, -hours(24)) };
  test("silent: who has credit, is connected, and used nothing for a day", () => {
    expect(listed("silent", sight(1, { believed: believed(still) }))).toMatchObject([{ score: 24, why: "no-energy" }]);
    expect(
      listed("silent", sight(1, { believed: believed({ takenAt: later(now, -hours(30)), advancedAt: later(now, -hours(31)) }) })),
    ).toMatchObject([{ score: 31, why: "not-read" }]);
    const fine: readonly Partial<MeterSight>[] = [
      { believed: believed({ advancedAt: later(now, -hours(23)) }) },
      { believed: believed(still), inCredit: false },
      { believed: believed(still), relay: "disconnected" },
      { believed: null },
    ];
    for (const changes of fine) expect(listed("silent", sight(1, changes))).toEqual([]);
  });
  test("energy-while-cut: whose count went on behind the cut, by more than a step", () => {
    const cut = { counted: 99_990n, since: later(now, -hours(5)) };
    expect(listed("energy-while-cut", sight(1, { believed: believed({ cut }) }))).toMatchObject([
      { score: 0.1, since: cut.since },
    ]);
    expect(listed("energy-while-cut", sight(1, { believed: believed({ cut: { ...cut, counted: 99_999n } }) }), sight(2))).toEqual(
      [],
    );
  });
  test("frozen: what was used every day and stands still for a week; not what is empty since ever", () => {
    const since = later(now, -8 * DAY);
    const used = daysOf([...Array.from({ length: 10 }, () => 500), ...Array.from({ length: 9 }, () => 0)]);
    const frozen = { believed: believed({ advancedAt: since }), days: used };
    expect(listed("frozen", sight(1, frozen))).toMatchObject([{ score: 8, figures: { usual: "5.00" } }]);
    expect(listed("frozen", sight(1, { ...frozen, relay: "disconnected" }))).toEqual([]);
    expect(listed("frozen", sight(1, { ...frozen, days: daysOf(Array.from({ length: 19 }, () => 0)) }))).toEqual([]);
    expect(listed("frozen", sight(1, { ...frozen, believed: believed({ advancedAt: later(now, -6 * DAY) }) }))).toEqual([]);
  });
  test("never-read and suspects: of whom nothing is believed, and of whom something is doubted", () => {
    expect(listed("never-read", sight(1, { believed: null }), sight(2))).toMatchObject([{ score: 40, why: "never-read" }]);
    const doubt = {
      doubt: "jump",
      item: "importedEnergy",
      register: 999n,
      takenAt: now,
      source: "poll",
      open: true,
      times: 3,
    } as const;
    const [row] = listed("suspects", sight(1, { doubt: { ...doubt, meter: sight(1).meter } }), sight(2));
    expect(row).toMatchObject({ score: 3, why: "jump", figures: { register: "9.99", believed: "1000.00", open: "true" } });
  });
});

test("lists are sorted by what is asked, the size of a swing whichever way it goes, and drawn of one class or bus", async () => {
  const rows = listed(
    "never-read",
    sight(3, { believed: null, createdAt: later(now, -DAY), bus: "b" }),
    sight(1, { believed: null }),
    sight(2, { believed: null }),
  );
  const order = (by: Parameters<typeof sorted>[1], way: "asc" | "desc"): string =>
    sorted(rows, by, way)
      .map(({ meter }) => meter.at(-1))
      .join("");
  expect([
    order("score", "desc"),
    order("score", "asc"),
    order("meter", "desc"),
    order("bus", "asc"),
    order("since", "asc"),
  ]).toEqual([...["234", "423", "432", "423"], "234"]);
  const signed = [
    { ...rows[0]!, score: -9 },
    { ...rows[1]!, score: 5 },
  ];
  expect(sorted(signed, "score", "desc")[0]!.score).toBe(-9);
  const asked: unknown[] = [];
  const reviewer = new Reviewer({
    store: {
      sights: (wish) =>
        Promise.resolve((asked.push(wish), [sight(1, { believed: null }), sight(2, { believed: null, bus: "b" })])),
    },
    clock: { now: () => now, wait: () => Promise.resolve() },
    timeZone: "Asia/Shanghai",
    settings: gateDefaults,
  });
  expect(await reviewer.draw({ list: "never-read", sort: "score", order: "desc", class: "shop", bus: "b" })).toHaveLength(1);
  await reviewer.draw({ list: "swings", sort: "score", order: "desc" });
  expect(asked).toEqual([{ daysSince: null, class: "shop" }, { daysSince: "2026-10-29" }]);
});

/** A street of homes that cook, wash on Saturdays, sweat through a heat wave, and are never the same twice; one in twenty swings. */
function aStreet(seed: number, homes: number) {
  const chance = seededChance(`reviews/${seed}`);
  const bell = (): number => {
    let sum = 0;
    for (let n = 0; n < 12; n += 1) sum += chance.next();
    return sum - 6;
  };
  const odd = new Set<MeterAddress>();
  const sights = Array.from({ length: homes }, (_, n) => {
    const base = 400 + chance.next() * 1_200;
    const restless = 0.1 + chance.next() * 0.2;
    const energies = Array.from({ length: 31 }, (_day, day) => {
      const weekend = day % 7 === 5 ? 1.4 : 1;
      const weather = day >= 29 ? 1.5 : 1; // the heat wave comes with the days that are judged
      return Math.round(base * weekend * weather * Math.exp(restless * bell()));
    });
    const home = sight(n);
    if (chance.next() < 0.05) {
      odd.add(home.meter);
      const times = chance.next() < 0.7 ? 4 + chance.next() * 4 : 0.05 + chance.next() * 0.1;
      for (const day of [28, 29, 30]) energies[day] = Math.round(energies[day]! * times);
    }
    return { ...home, days: daysOf(energies) };
  });
  return { sights, odd };
}

test("of one in twenty homes whose use swings at least 95 % are found, and few others, although a heat wave moves everybody", () => {
  let [found, planted, listedOnes] = [0, 0, 0];
  for (const seed of [1, 2, 3]) {
    const { sights, odd } = aStreet(seed, 400);
    const swings = swingsOf(sights);
    planted += odd.size;
    listedOnes += swings.size;
    for (const { meter } of swings.keys()) if (odd.has(meter)) found += 1;
  }
  expect(planted).toBeGreaterThan(30);
  const [recall, precision] = [found / planted, found / listedOnes];
  expect(recall).toBeGreaterThanOrEqual(0.95);
  expect(precision).toBeGreaterThanOrEqual(0.9);
});

test("a home with less than a week of days has no usual, and swings with nobody", () => {
  expect(swingsOf([sight(1, { days: daysOf([100, 100, 100, 9_000]) })]).size).toBe(0);
});
