/**
 * A small month on every run, the whole thousand with `npm run month`. What is looked at is told in README.md.
 *
 * The planted mistakes keep it honest: a bill that is a fen off, and a false register that is believed, have to be noticed.
 */
import { expect, test } from "vitest";
import { systemChance } from "../../src/kernel/chance.ts";
import { playMonth, type MonthReport } from "./month.ts";

const LIMIT_MS = 240_000;
const small = { households: 40, days: 8 };

const anySeed = Math.floor(systemChance.next() * 1_000_000_000);

test.each([1, anySeed])(
  "every bill of a street is what its meters kept, to 0.01 kWh and to the fen: npm run month -- --households 40 --days 8 --seed %i",
  { timeout: LIMIT_MS },
  async (seed) => {
    const { mistakes, figures, storyOf } = await playMonth({ ...small, seed });
    const told = mistakes.map(({ what, of, text }) => `${what} | ${of} | ${text}`);
    const story = mistakes.length === 0 ? [] : storyOf(mistakes[0]!.of.slice(0, 12));
    expect([...told, ...story]).toEqual([]);
    expect(figures["household days"]).toBeGreaterThan(200); // and it was a street
    expect(figures["readings doubted"]).toBeGreaterThan(5);
  },
);

test("a fen too much, and a false register that was believed, are noticed", { timeout: LIMIT_MS }, async () => {
  const plan = { households: 12, days: 8, seed: 5 };
  const found = (report: MonthReport): string[] => [...new Set(report.mistakes.map(({ what }) => what))];
  expect(found(await playMonth(plan, { plant: "a-fen-too-much" }))).toEqual(
    expect.arrayContaining(["cost of a day", "paid less billed is left"]),
  );
  expect(found(await playMonth(plan, { plant: "deaf-gate" }))).toContain("a false register is listed");
});
