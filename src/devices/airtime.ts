/**
 * How long things keep a line: bytes there and back, the meter's thinking, the rest before the next one may speak; and what silence
 * costs. Pure arithmetic: the limits are those of timing.ts, the mean answer time is measured elsewhere and handed in.
 *
 *     answered   request ─► meter thinks ─► reply ─► turnaround
 *     silent     request ─► reply deadline ────────► quiet
 */
import { encodeFrame, requests, type Item } from "../protocols/dlt645/index.ts";
import { usualBytes } from "./block-reads.ts";
import { backOffMs } from "./meter-health.ts";
import type { BusTransport } from "./bus-config.ts";
import { readReplyBytes, type LineTiming } from "./timing.ts";

/** One exchange, in bytes on the wire, wake-up bytes included. */
export interface ExchangeBytes {
  readonly sent: number;
  readonly received: number;
}

/**
 * From the last byte of a question to the first of its answer, where nobody has measured. Meters may think for 500 ms and mostly take
 * a tenth; behind TCP and MQTT the wire's own time is unknown and stands in here as well.
 */
export const ANSWER_MS_DEFAULT: Readonly<Record<BusTransport["kind"], number>> = {
  serial: 60,
  tcp: 250,
  "tcp-server": 1_500,
  mqtt: 1_500,
};

const ANYBODY = "000000000000";

/** Reading an item or a block of them. */
export const readBytes = (item: Pick<Item, "di" | "shape">, preamble: number): ExchangeBytes => ({
  sent: encodeFrame(requests.read(ANYBODY, item.di), { preamble }).length,
  received: readReplyBytes(usualBytes(item)),
});

/** An exchange that is answered, with the rest that the line needs after it. */
export const answeredMs = (timing: LineTiming, { sent, received }: ExchangeBytes, answerMs: number): number =>
  (sent + received) * timing.byteMs + answerMs + timing.turnaroundMs;

/** An exchange that nobody answers: its deadline, which may be a measured one (answer-times.ts), and the quiet after it. */
export const silentMs = (timing: LineTiming, { sent, received }: ExchangeBytes, waitMs = timing.answerMs): number =>
  Math.ceil((sent + received) * timing.byteMs) + waitMs + timing.quietMs;

/** How often a meter that has been silent so many times is tried within a time, its pauses growing as `meter-health.ts` lets them. */
export function probesWithin(ms: number, failures: number, probeMs: number): number {
  let probes = 0;
  for (let at = backOffMs(failures); at < ms; at += probeMs + backOffMs(failures + probes)) probes += 1;
  return probes;
}
