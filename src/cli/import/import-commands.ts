/** `meterctl import payments FILE.csv`: reads the file, runs the import, and tells a person, or a program, what became of it. */
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { minutes, systemClock } from "../../kernel/clock.ts";
import { reasonOf } from "../../kernel/faults.ts";
import type { ApiClient, ApiOptions } from "../api-client.ts";
import { argument } from "../arguments.ts";
import { Exit, WrongUse } from "../exits.ts";
import { untilInterrupted } from "../line-commands.ts";
import type { Terminal } from "../terminal.ts";
import { importPayments, type ImportEnd } from "./import-payments.ts";
import { resultTable, type LineResult, type Outcome } from "./outcome.ts";
import { Pacer } from "./pacer.ts";
import { paymentColumns, readPayments } from "./payments-file.ts";
import type { Complaint } from "./table.ts";

const COMPLAINTS_SHOWN_MAX = 50;
const FOLLOW_MINUTES = 30;

export interface ImportCommandParts {
  readonly program: Command;
  readonly terminal: Terminal;
  readonly end: (code: number) => void;
  readonly throughGateway: (command: Command) => Command;
  readonly clientOf: (options: ApiOptions) => ApiClient;
}

interface PaymentsOptions extends ApiOptions {
  readonly channel: string;
  readonly result?: string;
  readonly skipFaulty?: boolean;
  readonly followMinutes: number;
}

export function importCommands({ program, terminal, end, throughGateway, clientOf }: ImportCommandParts): void {
  const group = program.command("import").description("many at once, from a file · 批量导入");
  throughGateway(group.command("payments"))
    .description(
      `payments from a table with ${paymentColumns.map(({ name, needed }) => (needed ? name : `[${name}]`)).join(", ")} · 批量缴费`,
    )
    .argument("<file>", "CSV with a head line; UTF-8 or GB 18030")
    .option("--channel <name>", "channel of lines that name none", "import")
    .option("--result <file>", "where each line's outcome is written (default: FILE.result.csv)")
    .option("--skip-faulty", "send the lines that are in order although others are not")
    .option("--follow-minutes <count>", "how long to wait for the meters; 0: only hand over", minutesArgument, FOLLOW_MINUTES)
    .action(async (path: string, options: PaymentsOptions) => {
      const file = readPayments(readBytes(path), options.channel);
      const resultPath = options.result ?? `${path.replace(/\.csv$/i, "")}.result.csv`;
      const keep = (results: readonly LineResult[]): void => writeWhole(resultPath, resultTable(results));
      const done = await untilInterrupted(terminal, async (stop) => {
        const pacer = new Pacer({ ...terminal, stop }, systemClock);
        try {
          return await importPayments(
            file,
            { skipFaulty: options.skipFaulty === true, followMs: minutes(options.followMinutes) },
            { api: clientOf(options), clock: systemClock, pacer, keep },
          );
        } finally {
          pacer.end();
        }
      });
      keep(done.results);
      if (options.json === true) terminal.out(JSON.stringify(summaryOf(done, resultPath), null, 2));
      else tell(done, { terminal, path, resultPath });
      end(done.code);
    });
}

function readBytes(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new WrongUse(`${path} cannot be read: ${reasonOf(error)}`);
  }
}

/** Whoever opens it while we write sees the one before, or this one, and no half. */
function writeWhole(path: string, text: string): void {
  const half = `${path}.part`;
  try {
    writeFileSync(half, text);
    renameSync(half, path);
  } catch (error) {
    throw new WrongUse(`The result file cannot be written: ${reasonOf(error)}. Name another place with --result.`);
  }
}

const countsOf = ({ results }: ImportEnd): readonly (readonly [Outcome, number])[] =>
  [...Map.groupBy(results, ({ outcome }) => outcome)].map(([outcome, those]) => [outcome, those.length] as const);

const summaryOf = (done: ImportEnd, resultPath: string) => ({
  lines: done.results.length,
  outcomes: Object.fromEntries(countsOf(done)),
  complaints: done.complaints,
  stopped: done.stopped,
  result: resultPath,
});

const words: Readonly<Record<Outcome, string>> = {
  allocated: "confirmed 已到账",
  open: "under way 进行中",
  unallocated: "not on the meter, the money is free 未到账,款项可用",
  disputed: "nobody can tell, a person decides 存疑,待人工处理",
  refunded: "refunded 已退费",
  refused: "refused 被拒绝",
  faulty: "faulty 有误",
  "not-sent": "not sent 未提交",
};

const placeOf = ({ line, column }: Complaint): string => `line ${line}${column === null ? "" : `, column ${column}`}`;

function tell(done: ImportEnd, { terminal, path, resultPath }: { terminal: Terminal; path: string; resultPath: string }): void {
  for (const complaint of done.complaints.slice(0, COMPLAINTS_SHOWN_MAX))
    terminal.error(`${placeOf(complaint)}: ${complaint.say}`);
  const more = done.complaints.length - COMPLAINTS_SHOWN_MAX;
  if (more > 0) terminal.error(`… and ${more} more; ${resultPath} has them all.`);
  for (const [outcome, count] of countsOf(done)) terminal.out(`${String(count).padStart(7)}  ${words[outcome]}`);
  terminal.out(`result file 结果文件: ${resultPath}`);
  if (done.code === Exit.wrongUse)
    terminal.error(
      `Nothing was sent. Mend these lines and import again, or send the others with --skip-faulty. 未提交任何缴费。`,
    );
  else if (done.stopped || done.results.some(({ outcome }) => outcome === "open"))
    terminal.error(
      `What was taken goes on by itself. Run it again to go on and to fill the result file; nothing is paid twice: meterctl import payments ${path}`,
    );
}

const minutesArgument = argument((text) => {
  if (!/^\d{1,4}$/.test(text)) throw new Error("Whole minutes.");
  return Number(text);
});
