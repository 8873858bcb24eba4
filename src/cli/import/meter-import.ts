/** `meterctl import meters FILE.csv`: a street from a table. */
import type { Command } from "commander";
import { systemClock } from "../../kernel/clock.ts";
import type { ApiOptions } from "../api-client.ts";
import { Exit } from "../exits.ts";
import { complain, count, readBytes, resultKeeper, resultOf, summaryOf, withPacer } from "./files.ts";
import type { ImportCommandParts } from "./import-commands.ts";
import { importMeters, meterResultTable, type MeterOutcome, type MeterResult } from "./import-meters.ts";
import { meterColumns, readMeters } from "./meters-file.ts";

const words: Readonly<Record<MeterOutcome, string>> = {
  added: "added 已建档",
  known: "there already 已存在",
  refused: "refused 被拒绝",
  faulty: "faulty 有误",
  "not-sent": "not added 未提交",
};

export function meterImport(
  group: Command,
  { terminal, end, throughGateway, clientOf }: Omit<ImportCommandParts, "program">,
): void {
  throughGateway(group.command("meters"))
    .description(
      `meters from a table with ${meterColumns.map(({ name, needed }) => (needed ? name : `[${name}]`)).join(", ")} · 批量建档`,
    )
    .argument("<file>", "CSV with a head line; UTF-8 or GB 18030")
    .option("--result <file>", "where each line's outcome is written (default: FILE.result.csv)")
    .option("--skip-faulty", "add the lines that are in order although others are not")
    .action(async (path: string, options: ApiOptions & { readonly result?: string; readonly skipFaulty?: boolean }) => {
      const file = readMeters(readBytes(path));
      const resultPath = options.result ?? resultOf(path);
      const write = resultKeeper(resultPath);
      const keep = (results: readonly MeterResult[]): void => write(meterResultTable(results));
      const done = await withPacer(terminal, (pacer) =>
        importMeters(file, options.skipFaulty === true, { api: clientOf(options), clock: systemClock, pacer, keep }),
      );
      keep(done.results);
      if (options.json === true) terminal.out(JSON.stringify(summaryOf(done, resultPath), null, 2));
      else {
        complain(done.complaints, terminal, resultPath);
        count(done.results, words, terminal);
        terminal.out(`result file 结果文件: ${resultPath}`);
        if (done.code === Exit.wrongUse)
          terminal.error("Nothing was added. Mend these lines and import again, or add the others with --skip-faulty. 未建档。");
      }
      end(done.code);
    });
}
