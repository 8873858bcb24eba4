/**
 * How long things take on a line, and what the limits are. The wire's own time is computed; what a meter, a serial server or a mobile
 * network adds is an allowance, measured in the field and overridable per bus.
 */
import { PREAMBLE_BYTES, type Frame } from "../protocols/dlt645/index.ts";
import type { BusConfig } from "./bus-config.ts";

/** After a reply: lets the slowest driver release the line (20 to 50 ms in the reference, 30 in most tools). */
export const TURNAROUND_MS = 30;
/** After what nobody answers: a serial server between may still be speaking it, and nobody says when the meters have taken it in. */
export const SAID_MS = 200;
/** Longest pause inside a frame (clause 5.1); beyond it the rest does not come. */
export const BYTE_GAP_MS = 500;
/** At 2400 baud this is already more than a minute of work. */
export const QUEUE_LENGTH_MAX = 256;

export interface LineTiming {
  readonly turnaroundMs: number;
  /** Beyond the wire's own time: the meter thinks (up to 500 ms), a serial server gathers, a mobile network sleeps. */
  readonly answerMs: number;
  /** After silence everything heard within this time is a late reply and belongs to no one. */
  readonly quietMs: number;
  /** One byte on the wire; 0 where the transport has no speed of its own. */
  readonly byteMs: number;
}

export const timingDefaults = {
  serial: { turnaroundMs: TURNAROUND_MS, answerMs: 1_500, quietMs: 1_000 },
  tcp: { turnaroundMs: TURNAROUND_MS, answerMs: 3_000, quietMs: 1_000 }, // mostly a serial server with a bus behind it
  "tcp-server": { turnaroundMs: TURNAROUND_MS, answerMs: 8_000, quietMs: 2_000 }, // mostly a modem on a mobile network
  mqtt: { turnaroundMs: 0, answerMs: 8_000, quietMs: 2_000 }, // one meter behind each topic, and a network that takes longer than any driver
} as const;

/** Start bit, data, parity, stop: 11 bits with 8E1, so 4.58 ms at 2400 baud. */
export function byteMsOf(line: {
  readonly baudRate: number;
  readonly dataBits: number;
  readonly parity: string;
  readonly stopBits: number;
}): number {
  const bits = 1 + line.dataBits + (line.parity === "none" ? 0 : 1) + line.stopBits;
  return (bits * 1_000) / line.baudRate;
}

const SECURITY_REPLY_BYTES_MAX = 64; // the status query, 42 bytes, is the longest we ask for
const SHORT_REPLY_BYTES_MAX = 20;
const READ_REPLY_BYTES_MAX = 212; // 200 data bytes, the standard's limit

/** Reading changes nothing: it may be asked again, and its deadline may follow what was measured (answer-times.ts). */
export const isQuestion = ({ control }: Frame): boolean => control === 0x11 || control === 0x12;

/** The longest reply to expect where nobody knows better. */
export function replyBytesMax(request: Frame): number {
  if (isQuestion(request)) return PREAMBLE_BYTES + READ_REPLY_BYTES_MAX;
  return PREAMBLE_BYTES + (request.control === 0x03 ? SECURITY_REPLY_BYTES_MAX : SHORT_REPLY_BYTES_MAX);
}

/** Twelve bytes of frame, four of identifier, and the value: the whole reply to a read. */
export const readReplyBytes = (valueBytes: number): number => PREAMBLE_BYTES + FRAME_BYTES_MIN + IDENTIFIER_BYTES + valueBytes;
const FRAME_BYTES_MIN = 12;
const IDENTIFIER_BYTES = 4;

/** How long an answer may take: request and longest reply on the wire, and what meter and network add. */
export const replyDeadlineMs = (
  timing: LineTiming,
  request: Frame,
  requestBytes: number,
  replyBytes = replyBytesMax(request),
): number => Math.ceil((requestBytes + replyBytes) * timing.byteMs) + timing.answerMs;

/** From the first byte of a request to the moment at which nobody waits for the reply any more. */
export const longestExchangeMs = (timing: LineTiming): number =>
  Math.ceil(2 * (PREAMBLE_BYTES + READ_REPLY_BYTES_MAX) * timing.byteMs) + timing.answerMs;

export function timingOf({ transport, turnaroundMs, replyDeadlineMs, quietMs }: Omit<BusConfig, "id">): LineTiming {
  const defaults = timingDefaults[transport.kind];
  return {
    turnaroundMs: turnaroundMs ?? defaults.turnaroundMs,
    answerMs: replyDeadlineMs ?? defaults.answerMs,
    quietMs: quietMs ?? defaults.quietMs,
    byteMs: transport.kind === "serial" ? byteMsOf(transport) : 0,
  };
}
