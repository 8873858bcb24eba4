/**
 * npm run month: a virtual month of a street, and every bill of it held against the truth.
 *
 *     npm run month -- --households 1000 --days 30 --seed 1
 *
 * Prints what was looked at and how long it took; each mistake is told with its household and day, and the exit code is 1 then.
 */
import { parseArgs } from "node:util";
import { systemElapsed } from "../../src/kernel/clock.ts";
import { playMonth } from "./month.ts";

const MISTAKES_TOLD_MAX = 40;
const STORIES_TOLD_MAX = 8;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    households: { type: "string", default: "1000" },
    days: { type: "string", default: "30" },
    json: { type: "boolean", default: false },
  },
});

const number = (name: string, text: string, least: number): number => {
  const n = Number(text);
  if (Number.isInteger(n) && n >= least) return n;
  throw new Error(`--${name}: ${text} is not a whole number from ${least} on`);
};

// Faults are thrown by the thousand, and nobody reads where from.
Error.stackTraceLimit = 0;
const wish = {
  seed: number("seed", values.seed, 0),
  households: number("households", values.households, 10),
  days: number("days", values.days, 8),
};
const began = systemElapsed();
const seconds = (): string => ((systemElapsed() - began) / 1_000).toFixed(1);
const report = await playMonth(wish, values.json ? {} : { tell: (day) => console.error(`${day} is over after ${seconds()} s`) });
if (values.json) console.log(JSON.stringify({ ...report, wallSeconds: Number(seconds()) }));
else {
  for (const [name, figure] of Object.entries(report.figures).sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${name}: ${figure}`);
  for (const { what, of, text } of report.mistakes.slice(0, MISTAKES_TOLD_MAX)) console.log(`WRONG ${what} | ${of} | ${text}`);
  const told = new Set(report.mistakes.map(({ of }) => of.slice(0, 12)).filter((address) => /^\d{12}$/.test(address)));
  for (const address of [...told].slice(0, STORIES_TOLD_MAX)) {
    console.log(`\n${address}`);
    for (const line of report.storyOf(address)) console.log(`  ${line}`);
  }
  const { households, days, seed } = wish;
  console.log(
    `${households} households, ${days} days, seed ${seed}: ${report.mistakes.length} mistakes, ${report.turns} turns, ${seconds()} s`,
  );
}
process.exitCode = report.mistakes.length === 0 ? 0 : 1;
