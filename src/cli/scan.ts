/**
 * `meterctl scan --link …`: all meters of a line, also where they answer at once. Only reads are sent. Says at the start what it may take,
 * tells how far it is while it goes (on standard error), and ends with a table, or with JSON alone on standard output.
 */
import type { LineSettings } from "../devices/bare-link.ts";
import { eachMeterAlone } from "../devices/bus-config.ts";
import { isMqtt, parseLink } from "../devices/link-url.ts";
import { levelMsMax, questionTo, searchMeters, type FoundMeter, type SearchStep } from "../devices/meter-search.ts";
import type { Language } from "../protocols/dlt645/index.ts";
import { systemClock } from "../kernel/clock.ts";
import { NoConnection } from "./exits.ts";
import { openProbe, span, type OpenProbe } from "./line-options.ts";
import { scanTopics } from "./scan-topics.ts";

export interface ScanWish {
  readonly link: string;
  /** One after the other; none: the link's own. */
  readonly bauds: readonly number[];
  readonly waitMs?: number | undefined;
  readonly minutesMax: number;
  /** Over MQTT topics with an address: how long to listen. */
  readonly listenS?: number | undefined;
  readonly language: Language;
  readonly stop?: AbortSignal | undefined;
  /** For people, while it goes. */
  readonly progress: (line: string) => void;
}

export interface ScannedMeter extends FoundMeter {
  readonly baud: number | null;
}
export interface ScanResult {
  readonly meters: readonly ScannedMeter[];
  /** False: it was ended before every branch had been asked, or nobody could be searched for. */
  readonly complete: boolean;
  /** `heard`: there was no search, only those were asked whose address passed on the topics. */
  readonly way: "search" | "heard";
  readonly questions: number;
  readonly tookMs: number;
  /** Something answered there, and nobody could ever read it. */
  readonly unreadable: readonly string[];
}

/** Progress is told when something is found, and otherwise every so many branches. */
const TOLD_EVERY = 10;

export async function scan(wish: ScanWish): Promise<ScanResult> {
  const target = parseLink(wish.link);
  if (wish.bauds.length === 0 && isMqtt(target) && eachMeterAlone(target.transport)) return scanTopics(wish, target);
  const startedAt = systemClock.now();
  const until = startedAt + wish.minutesMax * 60_000;
  const meters = new Map<string, ScannedMeter>();
  const unreadable: string[] = [];
  let [complete, questions] = [true, 0];
  for (const other of wish.bauds.length === 0 ? [{}] : wish.bauds.map((baudRate) => ({ baudRate }))) {
    const open = await openProbe(wish.link, wish.waitMs, other);
    try {
      const result = await one(open, wish, () => systemClock.now() < until && wish.stop?.aborted !== true);
      const baud = open.link.settings?.baudRate ?? null;
      for (const meter of result.meters)
        if (meters.get(meter.address)?.confirmed !== true) meters.set(meter.address, { ...meter, baud });
      unreadable.push(...result.unreadable);
      complete &&= result.complete;
      questions += result.asked;
      if (open.probe.closed !== null) throw new NoConnection(`The link closed in the middle: ${open.probe.closed}.`);
    } finally {
      await open.close();
    }
  }
  const found = [...meters.values()].sort((a, b) => a.address.localeCompare(b.address));
  return { meters: found, complete, way: "search", questions, tookMs: systemClock.now() - startedAt, unreadable };
}

function one({ link, probe }: OpenProbe, wish: ScanWish, mayGoOn: () => boolean): ReturnType<typeof searchMeters> {
  const say = wish.language === "zh" ? chinese : english;
  const silenceMs = probe.silenceMs(questionTo("00"));
  wish.progress(say.start(link.settings, 2 * silenceMs, levelMsMax(silenceMs), wish.minutesMax, wish.language));
  let [told, found] = [0, 0];
  return searchMeters({
    ask: (frame) => probe.ask(frame),
    mayGoOn: () => mayGoOn() && probe.closed === null,
    step: (step) => {
      told += 1;
      if (step.found === found && step.outcome !== "several" && told % TOLD_EVERY !== 0) return;
      found = step.found;
      wish.progress(say.step(step, step.open * 2 * silenceMs, wish.language));
    },
  });
}

const english = {
  start: (settings: LineSettings | null, least: number, level: number, minutesMax: number, language: Language): string =>
    `${settings === null ? "" : `at ${settings.baudRate} ${settings.parity}: `}one meter or none takes ${span(least, language)}; ` +
    `where several answer at once, each two digits more take up to ${span(level, language)}; ended after ${minutesMax} min at the latest (--minutes)`,
  step: ({ ending, outcome, found, open }: SearchStep, rest: number, language: Language): string =>
    `${ending.padStart(12, "A")}  ${{ silent: "silent", one: "one meter", several: "several at once: looking closer" }[outcome]}; ` +
    `${found} found${open === 0 ? "" : `, ${open} branches to ask, ${span(rest, language)} at most as far as is known`}`,
};
const chinese: typeof english = {
  start: (settings, least, level, minutesMax, language) =>
    `${settings === null ? "" : `${settings.baudRate} ${settings.parity}：`}只有一块表或没有表需 ${span(least, language)}；` +
    `多表同时应答时，每多查两位地址最多 ${span(level, language)}；最迟 ${minutesMax} 分钟结束（--minutes）`,
  step: ({ ending, outcome, found, open }, rest, language) =>
    `${ending.padStart(12, "A")}  ${{ silent: "无应答", one: "一块表", several: "多表同时应答，继续细分" }[outcome]}；` +
    `已找到 ${found} 块${open === 0 ? "" : `，剩余 ${open} 个分支，目前估计最多 ${span(rest, language)}`}`,
};

export function printScan({ meters, complete, way, questions, tookMs, unreadable }: ScanResult, language: Language): string {
  const isZh = language === "zh";
  const rows = meters.map(({ address, confirmed, answerMs, doubled, baud }) =>
    [
      address,
      baud === null ? "" : String(baud),
      answerMs === null ? "" : `${answerMs} ms`,
      confirmed ? "" : way === "heard" ? (isZh ? "未应答" : "did not answer") : isZh ? "未能单独应答" : "did not answer alone",
      doubled ? (isZh ? "地址可能重复" : "perhaps two meters of one address") : "",
    ]
      .filter((word) => word !== "")
      .join("  "),
  );
  const early = isZh ? "；未查完" : "; NOT complete: it was ended early";
  const onlyHeard = isZh ? "；仅限监听到的表" : "; only those that were heard, there may be more";
  const rest = complete ? "" : way === "heard" ? onlyHeard : early;
  const sum = isZh
    ? `${meters.length} 块表，${questions} 次询问，${span(tookMs, language)}${rest}`
    : `${meters.length} meters, ${questions} questions, ${span(tookMs, language)}${rest}`;
  const strange = unreadable.map((ending) =>
    isZh ? `${ending}：有应答但无法识别` : `${ending}: something answers that nobody can read`,
  );
  return [...rows, ...strange, sum].join("\n");
}
