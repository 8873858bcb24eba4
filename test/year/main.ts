/**
 * npm run year: a virtual year of a street whose people pay too late, and every bill, cut and restore of it held against the truth.
 *
 *     npm run year -- --households 1000 --days 365 --seed 1
 *
 * Tells each day as it ends, with the mistakes that it brought; the exit code is 1 when there was one.
 */
import { parseArgs } from "node:util";
import { systemElapsed } from "../../src/kernel/clock.ts";
import type { Mistake } from "../months/verdict.ts";
import { isPlantName } from "./plants.ts";
import { playYear } from "./year.ts";

const MISTAKES_A_DAY_TOLD_MAX = 20;

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    households: { type: "string", default: "1000" },
    days: { type: "string", default: "365" },
    plant: { type: "string", default: "nothing" },
    json: { type: "boolean", default: false },
  },
});

const number = (name: string, text: string, least: number): number => {
  const n = Number(text);
  if (Number.isInteger(n) && n >= least) return n;
  throw new Error(`--${name}: ${text} is not a whole number from ${least} on`);
};
if (!isPlantName(values.plant)) throw new Error(`--plant: ${values.plant} is none`);

// Faults are thrown by the thousand, and nobody reads where from.
Error.stackTraceLimit = 0;
const wish = {
  seed: number("seed", values.seed, 0),
  households: number("households", values.households, 10),
  days: number("days", values.days, 12),
};
const began = systemElapsed();
const seconds = (): string => ((systemElapsed() - began) / 1_000).toFixed(1);
const cpuSeconds = (): number => (process.cpuUsage().user + process.cpuUsage().system) / 1e6;
const memory = (): string => `${Math.round(process.memoryUsage().rss / 2 ** 20)} MiB`;
const toldOf = ({ what, of, text }: Mistake): string => `WRONG ${what} | ${of} | ${text}`;

const report = await playYear(wish, {
  plant: values.plant,
  tell: (day, news) => {
    console.error(`${day} is over after ${seconds()} s, ${cpuSeconds().toFixed(1)} s of processor, ${memory()}`);
    for (const mistake of news.slice(0, MISTAKES_A_DAY_TOLD_MAX)) console.error(toldOf(mistake));
  },
});
const { households, days, seed } = wish;
const msEach = (cpuSeconds() * 1_000) / (households * days);
if (values.json) console.log(JSON.stringify({ ...report, wallSeconds: Number(seconds()), cpuSeconds: cpuSeconds() }));
else {
  for (const [name, figure] of Object.entries(report.figures).sort(([a], [b]) => (a < b ? -1 : 1)))
    console.log(`${name}: ${figure}`);
  for (const mistake of report.mistakes) console.log(toldOf(mistake));
  console.log(
    `${households} households, ${days} days, seed ${seed}: ${report.mistakes.length} mistakes, ${report.turns} turns, ` +
      `${seconds()} s, ${msEach.toFixed(1)} ms of processor for each day of a household, ${memory()}`,
  );
}
process.exitCode = report.mistakes.length === 0 ? 0 : 1;
