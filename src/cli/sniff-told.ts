/** What a listening tool heard, on its way to the screen, to programs and to the file that the street replays. */
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { finished, pipeline } from "node:stream/promises";
import { ROW_BYTES, type Sniffed } from "../devices/line-sniffer.ts";
import { frameLine, headLine, noiseLine, noiseZh, wall, type Passed } from "../devices/recorded-line.ts";
import type { Side } from "../devices/topic-listening.ts";
import { systemClock, type Instant } from "../kernel/clock.ts";
import { printLine, type Explaining, type Language } from "../protocols/dlt645/index.ts";

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
  /** Over MQTT: messages that hold no bytes in the form agreed upon, and those that lay on the broker before we came. */
  readonly malformed?: number;
  readonly retained?: number;
  readonly export: string | null;
}

/** Over MQTT: on which topic it passed, and to or from the meter. */
export interface OnTopic {
  readonly topic: string;
  readonly side: Side;
  readonly retained: boolean;
}

const BUS = "line-1";

/** What was heard, on its way to the screen and to the file. */
export class Told {
  readonly #wish: SniffWish;
  readonly #startedAt: Instant = systemClock.now();
  readonly #meters = new Map<string, { requests: number; replies: number }>();
  readonly #file: ReturnType<typeof createWriteStream> | undefined;
  #requests = 0;
  #replies = 0;
  #noiseBytes = 0;
  #n = 0;
  /** By topic's address, or the line's only: the last request, which the next reply answers. */
  readonly #lastAsked = new Map<string, number>();
  #topic = "";
  #malformed = 0;
  #retained = 0;

  constructor(wish: SniffWish) {
    this.#wish = wish;
    // The head names the meters, and they are known at the end; until then the lines stand beside it.
    if (wish.exportTo !== undefined) this.#file = createWriteStream(linesOf(wish.exportTo));
  }

  /** A message with something about it, beside what its bytes say: it lay on the broker, or holds no bytes. */
  message(on: OnTopic, at: Instant, wrong: string | null): void {
    const { json, language, out, timeZone } = this.#wish;
    if (on.retained) this.#retained += 1;
    if (wrong !== null) this.#malformed += 1;
    if (wrong === null && !on.retained) return;
    if (json) {
      out(JSON.stringify({ what: "message", at: wall(at, timeZone), ...on, wrong }));
      return;
    }
    this.#title(on, at);
    if (on.retained)
      out(`${INDENT}✗ ${language === "zh" ? "保留消息，并非刚刚发出" : "retained: said before this listening began"}`);
    if (wrong !== null) out(`${INDENT}✗ ${wrong}`);
  }

  #title({ topic, side }: Pick<OnTopic, "topic" | "side">, at: Instant): void {
    if (topic === this.#topic) return;
    this.#topic = topic;
    this.#wish.out(`${wall(at, this.#wish.timeZone).slice(11, 23)}  ${side === "down" ? "↓" : "↑"} ${topic}`);
  }

  take(sniffed: Sniffed, on?: Pick<OnTopic, "topic" | "side">, address = ""): void {
    const { json, language, out, timeZone } = this.#wish;
    const where = on === undefined ? {} : { topic: on.topic, side: on.side };
    const passed: Passed = {
      n: (this.#n += sniffed.what === "row" ? 0 : 1),
      at: sniffed.at,
      bus: BUS,
      timeZone,
      re: this.#lastAsked.get(address),
    };
    if (sniffed.what === "row") {
      if (json)
        out(
          JSON.stringify({
            what: "row",
            at: wall(sniffed.at, timeZone),
            ...where,
            offset: sniffed.offset,
            hex: sniffed.hex.join(""),
          }),
        );
      else {
        if (on !== undefined) this.#title(on, sniffed.at);
        out(rowLine(sniffed, timeZone));
      }
      return;
    }
    const line =
      sniffed.what === "frame"
        ? frameLine(passed, sniffed.row)
        : noiseLine(passed, sniffed.looks, sniffed.hex, sniffed.shape.length);
    if (sniffed.what === "frame" && sniffed.row.direction === "request") this.#lastAsked.set(address, this.#n);
    this.#file?.write(`${JSON.stringify(line)}\n`);
    this.#count(sniffed);
    if (json)
      out(
        JSON.stringify(
          sniffed.what === "frame" ? { ...line, ...where, ...decoded(sniffed.row) } : { ...line, ...where, shape: sniffed.shape },
        ),
      );
    else out(`${INDENT}${meaningOf(sniffed, language)}`);
  }

  async end(bytes: number, overTopics = false): Promise<SniffSummary> {
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
      ...(overTopics ? { malformed: this.#malformed, retained: this.#retained } : {}),
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
