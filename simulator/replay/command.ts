/** The sub-commands `replay` and `make-test`: what they take, and what they say. Exit code 0 when all is the same, 1 when not. */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { parseArgs } from "node:util";
import { reasonOf } from "../../src/kernel/faults.ts";
import { startOf, UsageError } from "../options.ts";
import { wrongIn } from "./answers.ts";
import { makeIncident } from "./make-incident.ts";
import { mended, playIncident } from "./incident.ts";
import { readRecording } from "./reading.ts";
import { isSame, replay, replayReport } from "./replay.ts";
import { testFileText } from "./test-file.ts";
import { whyNothingShows } from "./unshown.ts";

export const replayCommands = {
  replay: {
    usage: "simulator replay FILE.jsonl [--json]",
    meaning: "raises the street of a recording, plays what was asked, and names each answer that differs (then exit code 1)",
    options: { json: { type: "boolean" }, help: { type: "boolean" } },
  },
  "make-test": {
    usage:
      "simulator make-test FILE.jsonl [--from ISO] [--to ISO] --out test/…/NAME.test.ts [--expect honest|recorded] [--replace]",
    meaning:
      "writes a vitest file of that stretch: the street, what was asked, and what the same street answers without faults " +
      "(or, with --expect recorded, what was answered); exit code 1 when nothing differs, for such a test shows no trouble",
    options: {
      from: { type: "string" },
      to: { type: "string" },
      out: { type: "string" },
      expect: { type: "string" },
      replace: { type: "boolean" },
      help: { type: "boolean" },
    },
  },
} as const;

export type ReplayCommand = keyof typeof replayCommands;
export const isReplayCommand = (word: string | undefined): word is ReplayCommand =>
  word !== undefined && Object.hasOwn(replayCommands, word);

/** What the command line says, checked; "help" when that was asked for. Throws UsageError. */
export function replayOrder(command: ReplayCommand, argv: readonly string[]): ReplayOrder | "help" {
  const { options } = replayCommands[command];
  const { values, positionals } = parsed(argv, options);
  if (values["help"] === true) return "help";
  const [file, ...more] = positionals;
  if (file === undefined || more.length > 0) throw new UsageError(`one recording is wanted: ${replayCommands[command].usage}`);
  const text = (name: string): string | undefined => values[name] as string | undefined;
  if (command === "replay") return { command, file, json: values["json"] === true };
  const out = text("out");
  if (out === undefined || !/\.test\.ts$/.test(out)) throw new UsageError("--out: a file whose name ends in .test.ts is wanted");
  const expect = text("expect") ?? "honest";
  if (expect !== "honest" && expect !== "recorded") throw new UsageError(`--expect ${expect}: allowed are honest, recorded`);
  const window = { from: startOf(text("from"), "--from"), to: startOf(text("to"), "--to") };
  return { command, file, out, expect, replace: values["replace"] === true, ...window };
}

export type ReplayOrder =
  | { readonly command: "replay"; readonly file: string; readonly json: boolean }
  | {
      readonly command: "make-test";
      readonly file: string;
      readonly out: string;
      readonly expect: "honest" | "recorded";
      readonly replace: boolean;
      readonly from: number | undefined;
      readonly to: number | undefined;
    };

function parsed(argv: readonly string[], options: Readonly<Record<string, { readonly type: "string" | "boolean" }>>) {
  try {
    return parseArgs({ args: [...argv], options, strict: true, allowPositionals: true });
  } catch (error) {
    throw new UsageError(reasonOf(error), { cause: error });
  }
}

export const replayUsage = (command: ReplayCommand): string =>
  `${replayCommands[command].usage}\n\n${replayCommands[command].meaning}\n`;

/** Runs it; what is to be read goes to `say`. */
export async function runReplayCommand(order: ReplayOrder, say: (line: string) => void): Promise<number> {
  const recording = await readRecording(order.file);
  if (order.command === "replay") {
    const result = await replay(recording);
    say(order.json ? JSON.stringify(result) : replayReport(result));
    return isSame(result) ? 0 : 1;
  }
  const { incident, recorded } = await makeIncident(recording, order);
  const now = await playIncident(incident);
  const isHonest = order.expect === "honest";
  const expected = isHonest ? await playIncident(mended(incident)) : recorded;
  const text = await testFileText({ incident, expected, path: order.out, expect: order.expect });
  mkdirSync(dirname(order.out), { recursive: true });
  write(order.out, text, order.replace);
  const wrong = wrongIn(now, expected);
  const verdict =
    wrong === 0 ? "it passes today" : `it fails today: ${wrong} of ${expected.length} answers are not what they should be`;
  say(`${order.out}: ${verdict}`);
  if (!isHonest || wrong > 0) return 0;
  // A test that passes before anything was mended shows no trouble: whoever asked for one has to hear that.
  for (const line of whyNothingShows(incident, recording.lines)) say(line);
  return 1;
}

function write(path: string, text: string, replace: boolean): void {
  try {
    writeFileSync(path, text, { flag: replace ? "w" : "wx" });
  } catch (error) {
    throw new UsageError(`--out ${path}: ${reasonOf(error)} (--replace writes over it)`, { cause: error });
  }
}
