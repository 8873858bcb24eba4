/**
 * Frames of a line as the lines of a recording, the form in which the street keeps its own (`simulator/recording`): a head that names
 * bus and meters, then one object a line. The street's replay and its `make-test` take such a file; what a real meter answered and a
 * simulated one would differ in is for whoever compares them.
 */
import { iso, type Instant } from "../kernel/clock.ts";
import { printLine, type ExplainRow } from "../protocols/dlt645/index.ts";
import type { NoiseLook } from "./line-tape.ts";

export type RecordedLine = Readonly<Record<string, unknown>>;

const OUTCOME: Readonly<Record<NoiseLook, string>> = {
  "stray bytes": "noise",
  "a damaged frame": "wrong-checksum",
  "the beginning of a frame": "torn",
};

/** Milliseconds matter on a line. */
export const wall = (at: Instant, timeZone: string): string =>
  iso(at, timeZone).replace(/([+-]\d\d:\d\d)$/, `.${String(at % 1_000).padStart(3, "0")}$1`);

export interface Passed {
  readonly n: number;
  readonly at: Instant;
  readonly bus: string;
  readonly timeZone: string;
  /** Of an answer: the number of the question before it. */
  readonly re?: number | undefined;
}

export function frameLine({ n, at, bus, timeZone, re }: Passed, row: ExplainRow): RecordedLine {
  const moment = wall(at, timeZone);
  return {
    what: "frame",
    n,
    at: moment,
    wall: moment,
    bus,
    direction: row.direction === "request" ? "request" : "reply",
    meter: row.address,
    hex: row.hex,
    outcome: row.direction === "request" ? "heard" : "said",
    ...(row.direction === "request" || re === undefined ? {} : { re }),
    en: printLine(row, "en"),
    zh: printLine(row, "zh"),
  };
}

export function noiseLine({ n, at, bus, timeZone }: Passed, looks: NoiseLook, hex: string, length: number): RecordedLine {
  const moment = wall(at, timeZone);
  const [en, zh] = [`${length} bytes, ${looks}`, `${length} 字节，${noiseZh[looks]}`];
  return { what: "noise", n, at: moment, wall: moment, bus, hex, outcome: OUTCOME[looks], en, zh };
}

export const noiseZh: Readonly<Record<NoiseLook, string>> = {
  "stray bytes": "杂散字节",
  "a damaged frame": "损坏的帧",
  "the beginning of a frame": "不完整的帧头",
};

export interface RecordedHead {
  readonly at: Instant;
  readonly bus: string;
  readonly timeZone: string;
  readonly meters: readonly string[];
  readonly unmasked: boolean;
}

/** `unknown`: what was before the first line, and how the meters stood, nobody recorded. */
export function headLine({ at, bus, timeZone, meters, unmasked }: RecordedHead): RecordedLine {
  const moment = wall(at, timeZone);
  return {
    what: "street",
    version: 1,
    at: moment,
    wall: moment,
    unmasked,
    from: "unknown",
    street: {
      seed: 1,
      start: at,
      buses: [{ id: bus, endpoint: { kind: "memory" } }],
      meters: meters.map((address) => ({ address, bus })),
    },
  };
}
