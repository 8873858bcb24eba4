/** What the imports of many things share: the file that is read, the one that tells what became of each line, and words for a person. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { systemClock } from "../../kernel/clock.ts";
import { reasonOf } from "../../kernel/faults.ts";
import { Failed, WrongUse } from "../exits.ts";
import { untilInterrupted } from "../line-commands.ts";
import type { Terminal } from "../terminal.ts";
import { Pacer } from "./pacer.ts";
import type { Complaint } from "./table.ts";

const COMPLAINTS_SHOWN_MAX = 50;

export const resultOf = (path: string): string => `${path.replace(/\.csv$/i, "")}.result.csv`;

export function withPacer<T>(terminal: Terminal, work: (pacer: Pacer) => Promise<T>): Promise<T> {
  return untilInterrupted(terminal, async (stop) => {
    const pacer = new Pacer({ ...terminal, stop }, systemClock);
    try {
      return await work(pacer);
    } finally {
      pacer.end();
    }
  });
}

export function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new WrongUse(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

/**
 * Writes the result file, whole: whoever opens it meanwhile sees the one before, or this one, and no half. The first time is before anything
 * is sent, so that a place that takes no file is found then; later it is no wrong use, since something has happened.
 */
export function resultKeeper(path: string): (text: string) => void {
  let isKept = false;
  return (text) => {
    const half = `${path}.part`;
    try {
      writeFileSync(half, text);
      renameSync(half, path);
      isKept = true;
    } catch (error) {
      const say = `The result file cannot be written: ${reasonOf(error)}.`;
      if (!isKept) throw new WrongUse(`${say} Nothing was sent. Name another place with --result.`);
      throw new Failed(
        `${say} What was sent stays sent and goes on. Import the same file again, with another place in --result: nothing is done twice.`,
      );
    }
  };
}

const countsOf = <O extends string>(results: readonly { readonly outcome: O }[]): readonly (readonly [O, number])[] =>
  [...Map.groupBy(results, ({ outcome }) => outcome)].map(([outcome, those]) => [outcome, those.length] as const);

/** What every import tells at its end. */
export interface Ended {
  readonly results: readonly { readonly outcome: string }[];
  readonly complaints: readonly Complaint[];
  readonly stopped: boolean;
}

export const summaryOf = (done: Ended, resultPath: string) => ({
  lines: done.results.length,
  outcomes: Object.fromEntries(countsOf(done.results)),
  complaints: done.complaints,
  stopped: done.stopped,
  result: resultPath,
});

const placeOf = ({ line, column }: Complaint): string => `line ${line}${column === null ? "" : `, column ${column}`}`;

export function complain(complaints: readonly Complaint[], terminal: Terminal, resultPath: string): void {
  for (const complaint of complaints.slice(0, COMPLAINTS_SHOWN_MAX)) terminal.error(`${placeOf(complaint)}: ${complaint.say}`);
  const more = complaints.length - COMPLAINTS_SHOWN_MAX;
  if (more > 0) terminal.error(`… and ${more} more; ${resultPath} has them all.`);
}

export function count<O extends string>(
  results: readonly { readonly outcome: O }[],
  said: Readonly<Record<O, string>>,
  terminal: Terminal,
): void {
  for (const [outcome, those] of countsOf(results)) terminal.out(`${String(those).padStart(7)}  ${said[outcome]}`);
}
