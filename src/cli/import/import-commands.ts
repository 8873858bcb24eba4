/** `meterctl import payments FILE.csv`: reads the file, runs the import, and tells a person, or a program, what became of it. */
import type { Command } from "commander";
import { minutes, systemClock } from "../../kernel/clock.ts";
import type { ApiClient, ApiOptions } from "../api-client.ts";
import { argument } from "../arguments.ts";
import { Exit } from "../exits.ts";
import type { Terminal } from "../terminal.ts";
import { importPayments, type ImportEnd } from "./import-payments.ts";
import { resultTable, type LineResult, type Outcome } from "./outcome.ts";
import { complain, count, readBytes, resultKeeper, resultOf, summaryOf, withPacer } from "./files.ts";
import { meterImport } from "./meter-import.ts";
import { paymentColumns, readPayments } from "./payments-file.ts";

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
      const resultPath = options.result ?? resultOf(path);
      const write = resultKeeper(resultPath);
      const keep = (results: readonly LineResult[]): void => write(resultTable(results));
      const done = await withPacer(terminal, (pacer) =>
        importPayments(
          file,
          { skipFaulty: options.skipFaulty === true, followMs: minutes(options.followMinutes) },
          { api: clientOf(options), clock: systemClock, pacer, keep },
        ),
      );
      keep(done.results);
      if (options.json === true) terminal.out(JSON.stringify(summaryOf(done, resultPath), null, 2));
      else tell(done, { terminal, path, resultPath });
      end(done.code);
    });
  meterImport(group, { terminal, end, throughGateway, clientOf });
}

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

function tell(done: ImportEnd, { terminal, path, resultPath }: { terminal: Terminal; path: string; resultPath: string }): void {
  complain(done.complaints, terminal, resultPath);
  count(done.results, words, terminal);
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
