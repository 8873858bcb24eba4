/** The tools for whoever stands at a line: `scan`, `sniff`, and `doctor --link`. None of them changes anything on it. */
import type { Command } from "commander";
import type { MeterAddress } from "../kernel/ids.ts";
import { addressArgument, baudsArgument, durationArgument, msArgument, zoneArgument } from "./arguments.ts";
import { explainingOf, languageOf } from "./decode.ts";
import { Exit } from "./exits.ts";
import type { Terminal } from "./terminal.ts";

const ZONE = "Asia/Shanghai";
const LINK_FORMS =
  "tcp://host:port, serial:///dev/ttyUSB0?baud=2400 or mqtt(s)://user:password@host:port?down=…&up=…&payload=raw|hex|json";
const LANGUAGE = "en or zh (default: what the terminal speaks) · 语言";

interface ScanOptions {
  readonly link: string;
  readonly baud?: readonly number[];
  readonly wait?: number;
  readonly minutes: number;
  readonly for?: number;
  readonly lang?: string;
  readonly json?: boolean;
}
interface SniffOptions {
  readonly link: string;
  readonly export?: string;
  readonly for?: number;
  readonly model?: string;
  readonly unmasked?: boolean;
  readonly zone: string;
  readonly lang?: string;
  readonly json?: boolean;
}
export interface DoctorOptions {
  readonly link?: string;
  readonly address?: MeterAddress;
  readonly try?: boolean;
  readonly wait?: number;
  readonly listen?: number;
  readonly zone: string;
  readonly lang?: string;
  readonly json?: boolean;
}

export function lineCommands(program: Command, terminal: Terminal, end: (code: number) => void): void {
  program
    .command("scan")
    .description("find all meters of a line, also where they answer at once; sends reads alone · 搜表")
    .requiredOption("--link <url>", LINK_FORMS)
    .option("--baud <speeds>", "try these one after the other, like 1200,2400,9600 (serial)", baudsArgument)
    .option("--wait <ms>", "how long an answer may take (default: 700 serial, 1500 tcp, 4000 mqtt)", msArgument)
    .option("--minutes <n>", "end after so long at the latest", durationArgument, 60)
    .option("--for <seconds>", "over MQTT topics with {address}: listen so long for addresses (default: 60)", durationArgument)
    .option("--lang <language>", LANGUAGE)
    .option("--json", "JSON alone on standard output")
    .action(async (options: ScanOptions) => {
      const language = languageOf(options.lang, terminal.env);
      const { scan, printScan } = await import("./scan.ts");
      const result = await untilInterrupted(terminal, (stop) =>
        scan({
          link: options.link,
          bauds: options.baud ?? [],
          waitMs: options.wait,
          minutesMax: options.minutes,
          listenS: options.for,
          language,
          stop,
          progress: (line) => terminal.error(line),
        }),
      );
      terminal.out(options.json === true ? JSON.stringify(result, null, 2) : printScan(result, language));
      const isAll = result.complete || result.way === "heard";
      if (result.meters.length === 0 || !isAll) end(Exit.failed);
    });

  program
    .command("sniff")
    .description("listen to a line and explain it; never sends · 监听总线")
    .requiredOption("--link <url>", LINK_FORMS)
    .option("--export <file>", "keep it as lines of JSON, which the simulator's replay takes")
    .option("--for <seconds>", "end by itself (default: with Ctrl-C)", durationArgument)
    .option("--model <name>", "by the layouts of this model of meter · 表型")
    .option("--unmasked", "show passwords, MACs and bytes that belong to no frame · 不屏蔽")
    .option("--zone <zone>", "time zone of the moments", zoneArgument, ZONE)
    .option("--lang <language>", LANGUAGE)
    .option("--json", "one object a line, JSON alone")
    .action(async (options: SniffOptions) => {
      const language = languageOf(options.lang, terminal.env);
      const { sniff, sumUp } = await import("./sniff.ts");
      const summary = await untilInterrupted(terminal, (stop) =>
        sniff({
          link: options.link,
          language,
          json: options.json === true,
          unmasked: options.unmasked === true,
          exportTo: options.export,
          seconds: options.for,
          explaining: explainingOf(options.model),
          timeZone: options.zone,
          stop,
          out: (line) => terminal.out(line),
        }),
      );
      terminal.out(options.json === true ? JSON.stringify(summary) : sumUp(summary, language));
    });
}

/** Added to the site's own `doctor`: with --link it is a line that is examined. */
export const withLineOptions = (doctor: Command): Command =>
  doctor
    .option("--link <url>", `examine this line instead of the site: ${LINK_FORMS} · 线路诊断`)
    .option("--address <address>", "the meter to ask (default: whoever answers)", addressArgument)
    .option("--try", "where nobody answers, try other speeds and parities (serial)")
    .option("--wait <ms>", "how long an answer may take", msArgument)
    .option("--listen <ms>", "how long to listen before asking (default: 2000)", msArgument)
    .option("--zone <zone>", "time zone of the meters' clocks", zoneArgument, ZONE)
    .option("--lang <language>", LANGUAGE);

/** Over MQTT the broker itself is examined: that it is not there, or does not want us, is told like all the rest. */
const NOBODY_THERE = new Set(["no-broker", "credentials", "topic-refused"]);

export async function examineLink(link: string, options: DoctorOptions, terminal: Terminal): Promise<number> {
  const language = languageOf(options.lang, terminal.env);
  const { doctorLine, printLineFindings } = await import("./doctor-line.ts");
  const findings = await doctorLine({
    link,
    address: options.address,
    tryOthers: options.try === true,
    waitMs: options.wait,
    listenMs: options.listen,
    timeZone: options.zone,
    progress: (line) => terminal.error(line),
  });
  terminal.out(options.json === true ? JSON.stringify(findings, null, 2) : printLineFindings(findings, language));
  if (findings.some(({ code }) => NOBODY_THERE.has(code))) return Exit.noConnection;
  return findings.some(({ grade }) => grade === "bad") ? Exit.failed : Exit.done;
}

/** Ctrl-C ends the listening and not the program: what was heard is still summed up. */
export async function untilInterrupted<T>(terminal: Terminal, work: (stop: AbortSignal) => Promise<T>): Promise<T> {
  if (terminal.stop !== undefined) return work(terminal.stop);
  const interrupted = new AbortController();
  const stop = (): void => interrupted.abort();
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    return await work(interrupted.signal);
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
