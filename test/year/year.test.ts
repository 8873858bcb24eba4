/**
 * A small stretch of a year on every run, the whole of it with `npm run year`. What is looked at is told in README.md.
 *
 * The planted mistakes keep it honest: a policy that forgets the notice, and a ledger that bills a replaced meter's first day twice.
 */
import { expect, test } from "vitest";
import { systemChance } from "../../src/kernel/chance.ts";
import { playYear, type YearReport } from "./year.ts";

const LIMIT_MS = 240_000;
const anySeed = Math.floor(systemChance.next() * 1_000_000_000);

test(
  `books are what meters kept, and nobody is cut who may not be: npm run year -- --households 10 --days 14 --seed ${anySeed}`,
  { timeout: LIMIT_MS },
  async () => {
    const { mistakes, figures } = await playYear({ households: 10, days: 14, seed: anySeed });
    expect(mistakes.map(({ what, of, text }) => `${what} | ${of} | ${text}`)).toEqual([]);
    expect(figures["household days"]).toBeGreaterThan(60); // and it was a street
  },
);

test(
  "supply is cut, every cut is explained, and who pays has it back; people, meters and prices change meanwhile",
  {
    timeout: LIMIT_MS,
  },
  async () => {
    const { mistakes, figures } = await playYear({ households: 16, days: 36, seed: 3 });
    expect(mistakes.map(({ what, of, text }) => `${what} | ${of} | ${text}`)).toEqual([]);
    expect(figures["cuts"]).toBeGreaterThan(2);
    expect(figures["cuts explained"]).toBe(figures["cuts"]);
    expect(figures["restores"]).toBeGreaterThan(1);
    expect(figures["meters replaced"]).toBeGreaterThan(0);
  },
);

test(
  "a policy that forgets the notice, and a replaced meter whose first day is billed twice, are noticed",
  {
    timeout: LIMIT_MS,
  },
  async () => {
    const found = ({ mistakes }: YearReport): string => mistakes.map(({ what, text }) => `${what}: ${text}`).join("\n");
    const untold = found(await playYear({ households: 12, days: 14, seed: 4 }, { plant: "forgets-the-notice" }));
    expect(untold).toMatch(/^false cut: .*no final notice was delivered in time$/m);
    expect(untold).toMatch(/^every cut is explained: .*it rests on a notice that was not delivered/m);
    const twice = found(await playYear({ households: 12, days: 14, seed: 4 }, { plant: "bills-the-first-day-twice" }));
    expect(twice).toMatch(/^paid less billed is left: /m);
  },
);
