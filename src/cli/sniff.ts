/**
 * `meterctl sniff --link …`: listens and never sends. Rows of sixteen bytes as they passed, beneath each the frames that ended in it and
 * what they mean; ends with Ctrl-C (or after `--for` seconds) and a summary.
 *
 *     10:42:07.518  000010  FE FE FE FE 68 01 00 22 11 26 20 68 11 04 33 33
 *     10:42:07.604  000020  34 33 B1 16
 *                           → 202611220001 read data 00010000 importedEnergy
 */
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { finished, pipeline } from "node:stream/promises";
import { bareLink } from "../devices/bare-link.ts";
import { LineSniffer, ROW_BYTES, type Sniffed } from "../devices/line-sniffer.ts";
import { frameLine, headLine, noiseLine, noiseZh, wall, type Passed } from "../devices/recorded-line.ts";
import { systemClock, type Instant } from "../kernel/clock.ts";
import { printLine, type Explaining, type Language } from "../protocols/dlt645/index.ts";
import { NoConnection } from "./exits.ts";

export interface SniffWish {
  readonly link: string;
  readonly language: Language;
  readonly json: boolean;
  readonly unmasked: boolean;
  readonly exportTo?: string | undefined;
  readonly seconds?: number | undefined;
  readonly explaining: Explaining;
  readonly timeZone: string;
  readonly stop: AbortSignal;
  readonly out: (line: string) => void;
}

export interface SniffSummary {
  readonly what: "summary";
  readonly bytes: number;
  readonly requests: number;
  readonly replies: number;
  readonly noiseBytes: number;
  readonly meters: readonly { readonly address: string; readonly requests: number; readonly replies: number }[];
  readonly export: string | null;
}

const BUS = "line-1";

export async function sniff(wish: SniffWish): Promise<SniffSummary> {
  const { transport } = bareLink(wish.link, systemClock);
  const told = new Told(wish);
  const sniffer = new LineSniffer({ clock: systemClock, tell: (one) => told.take(one), ...wish });
  const ended = new AbortController();
  transport.onReceived((bytes) => sniffer.hear(bytes));
  transport.onClosed((why) => ended.abort(why));
  await transport.open();
  const stop = AbortSignal.any([wish.stop, ended.signal]);
  await systemClock.wait(wish.seconds === undefined ? FOR_EVER_MS : wish.seconds * 1_000, stop);
  while (wish.seconds === undefined && !stop.aborted) await systemClock.wait(FOR_EVER_MS, stop);
  const why = ended.signal.aborted ? String(ended.signal.reason) : null;
  await transport.close();
  await sniffer.end();
  const summary = await told.end(sniffer.bytes);
  if (why !== null) throw new NoConnection(`The link closed: ${why}. ${sumUp(summary, wish.language)}`);
  return summary;
}
/** Timers go no further. */
const FOR_EVER_MS = 2_000_000_000;

/** What was heard, on its way to the screen and to the file. */
class Told {
  readonly #wish: SniffWish;
  readonly #startedAt: Instant = systemClock.now();
  readonly #meters = new Map<string, { requests: number; replies: number }>();
  readonly #file: ReturnType<typeof createWriteStream> | undefined;
  #requests = 0;
  #replies = 0;
  #noiseBytes = 0;
  #n = 0;
  #lastAsked: number | undefined;

  constructor(wish: SniffWish) {
    this.#wish = wish;
    // The head names the meters, and they are known at the end; until then the lines stand beside it.
    if (wish.exportTo !== undefined) this.#file = createWriteStream(linesOf(wish.exportTo));
  }

  take(sniffed: Sniffed): void {
    const { json, language, out, timeZone } = this.#wish;
    const passed: Passed = {
      n: (this.#n += sniffed.what === "row" ? 0 : 1),
      at: sniffed.at,
      bus: BUS,
      timeZone,
      re: this.#lastAsked,
    };
    if (sniffed.what === "row") {
      if (json)
        out(JSON.stringify({ what: "row", at: wall(sniffed.at, timeZone), offset: sniffed.offset, hex: sniffed.hex.join("") }));
      else out(rowLine(sniffed, timeZone));
      return;
    }
    const line =
      sniffed.what === "frame"
        ? frameLine(passed, sniffed.row)
        : noiseLine(passed, sniffed.looks, sniffed.hex, sniffed.shape.length);
    if (sniffed.what === "frame" && sniffed.row.direction === "request") this.#lastAsked = this.#n;
    this.#file?.write(`${JSON.stringify(line)}\n`);
    this.#count(sniffed);
    if (json)
      out(JSON.stringify(sniffed.what === "frame" ? { ...line, ...decoded(sniffed.row) } : { ...line, shape: sniffed.shape }));
    else out(`${INDENT}${meaningOf(sniffed, language)}`);
  }

  async end(bytes: number): Promise<SniffSummary> {
    const { exportTo } = this.#wish;
    const meters = [...this.#meters].map(([address, counts]) => ({ address, ...counts }));
    if (this.#file !== undefined && exportTo !== undefined) {
      this.#file.end();
      await finished(this.#file);
      await this.#putTogether(
        exportTo,
        meters.map(({ address }) => address),
      );
    }
    return {
      what: "summary",
      bytes,
      requests: this.#requests,
      replies: this.#replies,
      noiseBytes: this.#noiseBytes,
      meters,
      export: exportTo ?? null,
    };
  }

  async #putTogether(file: string, meters: readonly string[]): Promise<void> {
    const { unmasked, timeZone } = this.#wish;
    const whole = createWriteStream(`${file}.new`);
    whole.write(`${JSON.stringify(headLine({ at: this.#startedAt, bus: BUS, timeZone, meters, unmasked }))}\n`);
    await pipeline(createReadStream(linesOf(file)), whole);
    await rename(`${file}.new`, file);
    await rm(linesOf(file));
  }

  #count(sniffed: Exclude<Sniffed, { what: "row" }>): void {
    if (sniffed.what === "noise") {
      this.#noiseBytes += sniffed.shape.length;
      return;
    }
    const { address, direction } = sniffed.row;
    const side = direction === "request" ? "requests" : "replies";
    if (side === "requests") this.#requests += 1;
    else this.#replies += 1;
    if (address === null || !/^\d{12}$/.test(address) || address === "999999999999") return;
    const counts = this.#meters.get(address) ?? { requests: 0, replies: 0 };
    counts[side] += 1;
    this.#meters.set(address, counts);
  }
}

const linesOf = (file: string): string => `${file}.lines`;
const decoded = ({ protocol, control, function: word, error, di, name, values }: Extract<Sniffed, { what: "frame" }>["row"]) => ({
  protocol,
  control,
  function: word,
  error,
  di,
  name,
  values,
});

const INDENT = " ".repeat(22);
const rowLine = ({ at, offset, hex }: Extract<Sniffed, { what: "row" }>, timeZone: string): string =>
  `${wall(at, timeZone).slice(11, 23)}  ${offset.toString(16).toUpperCase().padStart(6, "0")}  ${hex.join(" ").padEnd(ROW_BYTES * 3 - 1)}`.trimEnd();

function meaningOf(sniffed: Exclude<Sniffed, { what: "row" }>, language: Language): string {
  if (sniffed.what === "frame") return printLine(sniffed.row, language);
  const { looks, shape, why } = sniffed;
  const named = language === "zh" ? `✗ ${shape.length} 字节，${noiseZh[looks]}` : `✗ ${shape.length} bytes, ${looks}`;
  return why === null || why === "noise" ? named : `${named}: ${why}`;
}

/** For people, and what to do when nothing could be read. */
export function sumUp({ bytes, requests, replies, noiseBytes, meters, export: file }: SniffSummary, language: Language): string {
  const isZh = language === "zh";
  const rows = meters.map(({ address, requests: asked, replies: answered }) =>
    isZh ? `${address}  请求 ${asked}，应答 ${answered}` : `${address}  ${asked} requests, ${answered} replies`,
  );
  const sum = isZh
    ? `${bytes} 字节：请求 ${requests}，应答 ${replies}，不属于任何帧 ${noiseBytes} 字节`
    : `${bytes} bytes: ${requests} requests, ${replies} replies, ${noiseBytes} bytes that belong to no frame`;
  const lost = requests + replies === 0 && bytes > 0;
  const next = lost
    ? [
        isZh
          ? "没有一帧可读：波特率或校验不对？请用 meterctl doctor --link … --try"
          : "Not one frame: wrong speed or parity? meterctl doctor --link … --try",
      ]
    : [];
  return [...rows, sum, ...next, ...(file === null ? [] : [isZh ? `已写入 ${file}` : `written to ${file}`])].join("\n");
}
