/**
 * `npm run bench`: how fast and how small, measured on this machine, now. `-- NAME …` runs only those, `--json` prints one object for
 * machines, `--meters N` is another size for those that know one (mass, restores). Exit codes: 0 measured and kept, 1 a result is wrong or below what is promised, 2 wrong use.
 */
import { availableParallelism, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { reasonOf } from "../../src/kernel/faults.ts";
import { print, rounded, type Bench, type BenchOptions, type Findings } from "./bench.ts";
import { audit } from "./audit.ts";
import { bus } from "./bus.ts";
import { codec } from "./codec.ts";
import { commands } from "./commands.ts";
import { lines } from "./lines.ts";
import { mass } from "./mass.ts";
import { memory } from "./memory.ts";
import { indicators } from "./indicators.ts";
import { payments } from "./payments.ts";
import { policy } from "./policy.ts";
import { readings } from "./readings.ts";
import { restores } from "./restores.ts";
import { statements } from "./statements.ts";
import { street } from "./street.ts";
import { Workshop } from "./workshop.ts";

const benches: Readonly<Record<string, Bench>> = {
  codec,
  bus,
  lines,
  commands,
  payments,
  mass,
  restores,
  audit,
  readings,
  statements,
  policy,
  indicators,
  memory,
  street,
};

/** Fewer say nothing. */
const METERS_MIN = 20;
const tell = (line: string): void => void process.stderr.write(`${line}\n`);

function readArguments(): { readonly names: readonly string[]; readonly json: boolean; readonly options: BenchOptions } | string {
  try {
    const { values, positionals } = parseArgs({
      args: process.argv.slice(2),
      options: { json: { type: "boolean", default: false }, meters: { type: "string" } },
      allowPositionals: true,
    });
    const stranger = positionals.find((name) => !Object.hasOwn(benches, name));
    if (stranger !== undefined) return `there is no bench "${stranger}"; there are: ${Object.keys(benches).join(", ")}`;
    const meters = values.meters === undefined ? undefined : Number(values.meters);
    if (meters !== undefined && !(Number.isInteger(meters) && meters >= METERS_MIN))
      return `--meters: a whole number from ${METERS_MIN}`;
    const options = { meters, profile: process.env["BENCH_PROFILE"] };
    return { names: positionals.length === 0 ? Object.keys(benches) : positionals, json: values.json, options };
  } catch (error) {
    return `${reasonOf(error)}\nUse: npm run bench -- [${Object.keys(benches).join(" | ")}] [--meters N] [--json]`;
  }
}

async function measure(name: string, bench: Bench, options: BenchOptions): Promise<Findings> {
  const workshop = new Workshop((sentence) => tell(`${name}: ${sentence}`));
  const leave = (): void => {
    tell(`${name}: stopped by a signal`);
    void workshop.close().finally(() => process.exit(1));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, leave);
  try {
    return await bench.run(workshop, options);
  } catch (error) {
    return { tables: [], notes: [], figures: {}, complaints: [reasonOf(error)] };
  } finally {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, leave);
    await workshop.close();
  }
}

async function main(): Promise<number> {
  const wish = readArguments();
  if (typeof wish === "string") {
    tell(`bench: ${wish}`);
    return 2;
  }
  const machine = { node: process.version, cores: availableParallelism(), load: loadavg().map((load) => rounded(load)) };
  const results: Record<string, object> = {};
  let failed = false;
  if (!wish.json) process.stdout.write(`Node ${machine.node}, ${machine.cores} cores, load before: ${machine.load.join(" ")}\n`);
  for (const name of wish.names) {
    const bench = benches[name]!;
    const { tables, notes, figures, complaints } = await measure(name, bench, wish.options);
    failed ||= complaints.length > 0;
    results[name] = { passed: complaints.length === 0, complaints, notes, ...figures };
    if (wish.json) continue;
    process.stdout.write(`\n${name}: ${bench.title}\n`);
    for (const table of tables) process.stdout.write(`\n${print(table)}\n`);
    for (const note of notes) process.stdout.write(`\n${note}\n`);
    for (const complaint of complaints) process.stdout.write(`\nFAILED: ${complaint}\n`);
  }
  if (wish.json) process.stdout.write(`${JSON.stringify({ machine, benches: results })}\n`);
  return failed ? 1 : 0;
}

process.exitCode = await main();
