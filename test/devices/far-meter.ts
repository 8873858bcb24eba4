/**
 * The far end of a memory wire, played by a test: it hears requests as frames and answers what the test tells it to. It also
 * keeps watch that nobody speaks while an exchange is under way.
 */
import { Deframer, encodeFrame, type Frame } from "../../src/protocols/dlt645/index.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock, type Clock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Line, type LineParts } from "../../src/devices/line.ts";
import type { LineTiming } from "../../src/devices/timing.ts";
import { MemoryWire } from "../../src/transports/memory.ts";
import { Reconnecting } from "../../src/transports/reconnecting.ts";

export const A = "202611220001";
export const B = "202611220002";

export const readRequest = (address: string, di = "00010000"): Frame => ({
  address,
  control: 0x11,
  data: Uint8Array.from(Buffer.from(di, "hex")).reverse(),
});

/** A meter's answer to a read: four bytes of value. */
export const readReplyTo = (request: Frame, value = "00012345"): Frame => ({
  address: request.address,
  control: 0x91,
  data: Uint8Array.from([...request.data.subarray(0, 4), ...Uint8Array.from(Buffer.from(value, "hex")).reverse()]),
});

export class FarMeter {
  readonly wire = new MemoryWire();
  readonly heard: Frame[] = [];
  /** Requests that came while one was unanswered, or before the line had rested. */
  readonly collisions: Frame[] = [];
  restMs = 0;
  /** What to answer; undefined stays silent. May take its time. */
  answer: (request: Frame) => Promise<Frame | undefined> | Frame | undefined = (request) => readReplyTo(request);
  readonly #deframer = new Deframer();
  #busyUntil = 0;
  #busy = 0;

  constructor() {
    this.wire.far.onReceived((bytes) => {
      for (const piece of this.#deframer.push(bytes)) if (piece.kind === "frame") void this.#hear(piece.frame);
    });
  }

  say(frame: Frame): void {
    this.wire.far.send(encodeFrame(frame, { preamble: 2 }));
  }

  async #hear(request: Frame): Promise<void> {
    this.heard.push(request);
    if (this.#busy > 0 || performance.now() < this.#busyUntil) this.collisions.push(request);
    this.#busy += 1;
    const reply = await this.answer(request);
    this.#busy -= 1;
    this.#busyUntil = performance.now() + this.restMs;
    if (reply !== undefined) this.say(reply);
  }
}

export const quick: LineTiming = { turnaroundMs: 2, answerMs: 400, quietMs: 40, byteMs: 0 };

/** A line over a memory wire, open and ready; everything on the world's clock, with short limits. */
export async function openLine(
  options: { timing?: Partial<LineTiming>; queueLengthMax?: number; clock?: Clock; notOurs?: LineParts["notOurs"] } = {},
) {
  const far = new FarMeter();
  const clock = options.clock ?? systemClock;
  const link = new Reconnecting({
    make: () => far.wire.transport(),
    clock,
    chance: seededChance(1),
    log: silentLog,
    pauseFirstMs: 1,
  });
  const line = new Line({
    id: "test-line",
    link,
    timing: { ...quick, ...options.timing },
    clock,
    log: silentLog,
    ...(options.notOurs === undefined ? {} : { notOurs: options.notOurs }),
    ...(options.queueLengthMax === undefined ? {} : { queueLengthMax: options.queueLengthMax }),
  });
  await link.start();
  return { far, line, link };
}
