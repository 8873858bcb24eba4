/**
 * npm run storm: storms one after the other, on every core, each from a seed of its own.
 *
 *     npm run storm -- --seed 1 --storms 10000 --days 1 --meters 20
 *     npm run storm -- --seed 4711 --trace storm.txt     one storm again, with everything that happened in it
 *
 * Says how fast virtual days pass. A storm that breaks something is told with its seed, the invariant, and what befell the command or the
 * meter; the exit code is 1 then.
 */
import { availableParallelism } from "node:os";
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { systemElapsed } from "../../src/kernel/clock.ts";
import { isPlantName, plants } from "./plants.ts";
import { storyOf } from "./story-of.ts";
import { FAULTS_A_DAY, runStorm, type StormPlan, type StormReport } from "./storm.ts";
import { written } from "./trace.ts";

const PROGRESS_MS = 5_000;
/** What a storm throws away it throws away soon: with room for it, it is swept up seldom. */
const YOUNG_MB = 64;
/** A life that was killed leaves waits behind, whose signals Node keeps for as long as its thread lives: 4 MB a storm. */
const STORMS_A_WORKER = 50;

interface Wanted {
  readonly first: number;
  readonly storms: number;
  readonly jobs: number;
  readonly trace: string | undefined;
  readonly keepsOn: boolean;
  readonly plan: Omit<StormPlan, "seed">;
}

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    storms: { type: "string", default: "1" },
    days: { type: "string", default: "1" },
    meters: { type: "string", default: "20" },
    faults: { type: "string" },
    plant: { type: "string", default: "nothing" },
    jobs: { type: "string" },
    trace: { type: "string" },
    "keep-on": { type: "boolean", default: false },
  },
});

process.exitCode = await main(wanted());

function wanted(): Wanted {
  const number = (name: string, text: string, least: number): number => {
    const n = Number(text);
    if (Number.isInteger(n) && n >= least) return n;
    throw new Error(`--${name}: ${text} is not a whole number from ${least} on`);
  };
  const days = number("days", values.days, 1);
  if (!isPlantName(values.plant)) throw new Error(`--plant: one of ${Object.keys(plants).join(", ")}`);
  return {
    first: number("seed", values.seed, 0),
    storms: number("storms", values.storms, 1),
    jobs: number("jobs", values.jobs ?? String(availableParallelism()), 1),
    trace: values.trace,
    keepsOn: values["keep-on"],
    plan: {
      days,
      meters: number("meters", values.meters, 1),
      faults: number("faults", values.faults ?? String(FAULTS_A_DAY * days), 0),
      plant: values.plant,
    },
  };
}

async function main({ first, storms, jobs, trace, keepsOn, plan }: Wanted): Promise<number> {
  if (trace !== undefined) {
    const report = await runStorm({ ...plan, seed: first }, "all");
    writeFileSync(trace, report.trace.lines.map((line) => `${written(line)}\n`).join(""));
    console.log(`${report.trace.lines.length} lines in ${trace}; digest ${report.digest}`);
    return await tell(report);
  }
  const began = systemElapsed();
  let next = first;
  let done = 0;
  let virtualDays = 0;
  let coreMs = 0;
  let struck = 0;
  let orders = 0;
  let toldAt = began;
  const broken: StormReport[] = [];
  const ends: Record<string, number> = {};
  const progress = (): string => {
    const seconds = (systemElapsed() - began) / 1_000;
    return `${done} of ${storms} storms, ${virtualDays.toFixed(0)} virtual days in ${seconds.toFixed(0)} s: ${(virtualDays / seconds).toFixed(2)} a second, ${((1_000 * virtualDays) / coreMs).toFixed(2)} a second of one core; ${struck} troubles, ${orders} orders, ${broken.length} broken`;
  };
  const take = (report: StormReport, cpuMs: number): void => {
    done += 1;
    coreMs += cpuMs;
    virtualDays += report.virtualDays;
    struck += report.struck;
    orders += report.orders;
    for (const [end, count] of Object.entries(report.commands)) ends[end] = (ends[end] ?? 0) + count;
    if (report.violations.length > 0) {
      broken.push(report);
      console.log(
        `seed ${report.plan.seed}: ${report.violations[0]!.invariant} | ${report.violations[0]!.of} | ${report.violations[0]!.text}`,
      );
    }
    if (systemElapsed() - toldAt < PROGRESS_MS) return;
    toldAt = systemElapsed();
    console.log(progress());
  };
  const more = (): StormPlan | null =>
    next >= first + storms || (broken.length > 0 && !keepsOn) ? null : { ...plan, seed: next++ };
  await Promise.all(Array.from({ length: Math.min(jobs, storms) }, () => work(more, take)));
  console.log(progress());
  for (const [end, count] of Object.entries(ends).sort()) console.log(`  ${end}: ${count}`);
  if (broken.length === 0) return 0;
  return tell(broken.sort((a, b) => a.plan.seed - b.plan.seed)[0]!);
}

/** One core: storm after storm, until there are no more. */
async function work(more: () => StormPlan | null, take: (report: StormReport, cpuMs: number) => void): Promise<void> {
  for (let plan = more(); plan !== null; plan = more()) await shift(plan, more, take);
}

/** As many as one worker does. */
function shift(plan: StormPlan, more: () => StormPlan | null, take: (report: StormReport, cpuMs: number) => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./crew.ts", import.meta.url), { resourceLimits: { maxYoungGenerationSizeMb: YOUNG_MB } });
    let given = 0;
    const give = (): void => {
      const next = given === 0 ? plan : given < STORMS_A_WORKER ? more() : null;
      given += 1;
      if (next === null) void worker.terminate().then(() => resolve());
      else worker.postMessage(next);
    };
    worker.on("message", ({ report, cpuMs }: { report: StormReport; cpuMs: number }) => {
      take(report, cpuMs);
      give();
    });
    worker.on("error", reject);
    give();
  });
}

/** What broke, and how it came to it: the storm is run once more, and this time everything is written down. */
async function tell({ plan, violations }: Pick<StormReport, "plan" | "violations">): Promise<number> {
  const [first] = violations;
  if (first === undefined) return 0;
  console.log(`\nseed ${plan.seed} broke: ${first.invariant}\n  ${first.of}: ${first.text}\n`);
  const again = await runStorm(plan, "all");
  for (const line of storyOf(again)) console.log(written(line));
  const { days, meters, faults, plant, seed } = plan;
  const named = plant === "nothing" ? "" : ` --plant ${plant}`;
  console.log(
    `\nagain: npm run storm -- --seed ${seed} --days ${days} --meters ${meters} --faults ${faults}${named} --trace storm.txt`,
  );
  return 1;
}
