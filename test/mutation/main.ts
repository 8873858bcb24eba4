/**
 * `npm run mutate`: makes one small mistake after the other in the codec and looks whether a test notices. `-- FILE…` takes only files
 * whose path contains one of the words, `--jobs N` how many at a time, `--json` one object for machines. Not part of `npm test`: it
 * takes long, and what it measures are the tests, not the code.
 *
 * Exit codes: 0 enough mutants of each file are killed, 1 too few of one, 2 wrong use, or the tests fail without any mutant.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { reasonOf } from "../../src/kernel/faults.ts";
import { equivalentsAmong } from "./equivalents.ts";
import { FILES, KILLED_SHARE_MIN } from "./files.ts";
import type { FileRow } from "./files.ts";
import { mutantsOf } from "./mutants.ts";
import type { Mutant } from "./mutants.ts";
import { isEnough, killedShare, lists, table } from "./report.ts";
import type { FileResult } from "./report.ts";
import { run } from "./run.ts";
import type { Limits } from "./run.ts";
import { withCountedTurns } from "./turns.ts";

/** A mutant may take so many times the turns and the time that the sound file takes: a busy machine must not kill mutants. */
const PATIENCE = 5;
const LIMIT_MS_MIN = 10_000;
const FIRST_LIMIT_MS = 120_000;

const tell = (line: string): void => void process.stderr.write(line);

interface Wish {
  readonly rows: readonly FileRow[];
  readonly jobs: number;
  readonly json: boolean;
}

function readArguments(): Wish | string {
  try {
    const { values, positionals } = parseArgs({
      args: process.argv.slice(2),
      options: { jobs: { type: "string" }, json: { type: "boolean", default: false } },
      allowPositionals: true,
    });
    const jobs = Number(values.jobs ?? availableParallelism());
    if (!Number.isInteger(jobs) || jobs < 1) return `--jobs is a whole number from 1, not ${values.jobs}`;
    const stranger = positionals.find((word) => !FILES.some(({ file }) => file.includes(word)));
    if (stranger !== undefined) return `no file of test/mutation/files.ts is called "${stranger}"`;
    const rows = FILES.filter(({ file }) => positionals.length === 0 || positionals.some((word) => file.includes(word)));
    return { rows, jobs, json: values.json };
  } catch (error) {
    return `${reasonOf(error)}\nUse: npm run mutate -- [FILE…] [--jobs N] [--json]`;
  }
}

async function mutate({ file, tests, tables }: FileRow, jobs: number, means: Omit<Limits, "limitMs">): Promise<FileResult> {
  const text = readFileSync(file, "utf8");
  const begun = performance.now();
  const sound = await run(
    { tests, file, text: withCountedTurns(text), turnsMax: Number.MAX_SAFE_INTEGER },
    { ...means, limitMs: FIRST_LIMIT_MS },
  );
  if (sound.is !== "survived")
    throw new Error(`${file}: its tests fail without any mutant: ${sound.is === "killed" ? sound.by : sound.is}`);
  const limitMs = Math.ceil(Math.max(LIMIT_MS_MIN, (performance.now() - begun) * PATIENCE));
  const turnsMax = (sound.turns + 1_000) * PATIENCE;

  const mutants = mutantsOf(file, text, tables);
  const equivalent = equivalentsAmong(file, mutants);
  const waiting = mutants.filter((mutant) => !equivalent.has(mutant));
  const [all, survived, timedOut] = [waiting.length, [] as Mutant[], [] as Mutant[]];
  let done = 0;
  const work = async (): Promise<void> => {
    for (let mutant = waiting.shift(); mutant !== undefined; mutant = waiting.shift()) {
      const ending = await run({ tests, file, text: withCountedTurns(text, mutant), turnsMax }, { ...means, limitMs });
      if (ending.is === "survived") survived.push(mutant);
      if (ending.is === "timed out") timedOut.push(mutant);
      done += 1;
      if (process.stderr.isTTY || done % 50 === 0 || done === all)
        tell(
          `${process.stderr.isTTY ? "\r" : ""}${file}: ${done} of ${all}, ${survived.length} survived${process.stderr.isTTY ? "" : "\n"}`,
        );
    }
  };
  await Promise.all(Array.from({ length: jobs }, work));
  if (process.stderr.isTTY) tell("\n");
  return { file, killed: all - survived.length - timedOut.length, survived, timedOut, equivalent };
}

async function main(): Promise<number> {
  const wish = readArguments();
  if (typeof wish === "string") {
    tell(`mutate: ${wish}\n`);
    return 2;
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(new Error(`stopped by ${signal}`)));
  const compiled = mkdtempSync(join(tmpdir(), "mutate-"));
  const results: FileResult[] = [];
  let broken = false;
  try {
    for (const row of wish.rows) results.push(await mutate(row, wish.jobs, { signal: stop.signal, compiled }));
  } catch (error) {
    // What was measured so far is told all the same.
    tell(`mutate: ${reasonOf(stop.signal.aborted ? stop.signal.reason : error)}\n`);
    broken = true;
  } finally {
    rmSync(compiled, { recursive: true, force: true });
  }
  const poor = results.filter((result) => !isEnough(result));
  if (wish.json)
    process.stdout.write(
      `${JSON.stringify({
        share: killedShare(results),
        files: results.map((result) => ({ ...result, share: killedShare([result]), equivalent: [...result.equivalent.keys()] })),
      })}\n`,
    );
  else process.stdout.write(`${table(results)}\n${lists(results)}\n`);
  if (poor.length > 0)
    tell(`mutate: fewer than ${KILLED_SHARE_MIN * 100} % killed in ${poor.map(({ file }) => file).join(", ")}\n`);
  if (broken) return 2;
  return poor.length > 0 ? 1 : 0;
}

process.exitCode = await main();
