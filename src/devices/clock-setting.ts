/**
 * The meter's clock, read and set; and freezes, which go by it.
 *
 *     write      0400010C to this meter alone, under cipher and MAC or by password: it answers, and any deviation is mended
 *     broadcast  08H to everybody on the line: nobody answers, and meters are careful with it (clause 5.6): at most five minutes off,
 *                once a day, not within five minutes of midnight
 *
 * What is told is the time at which the frame leaves, so a frame that grew old while it waited for the line is thrown away and made
 * anew. A password is used where the record names one, or where the model has no keys; it is never guessed against a chip that counts.
 */
import { later, minutes, seconds, wallClock, type Clock, type Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { dictionary, requests, type Frame } from "../protocols/dlt645/index.ts";
import { passwordFor } from "./meter-password.ts";
import { digitsOf, type MeterClocks } from "./meter-clock.ts";
import type { MeterModel } from "./meter-models.ts";
import type { ClockPicture, SendOptions, Sent } from "./meter.ts";
import type { Prover } from "./prove-identity.ts";
import { readClock } from "./readings.ts";
import { beReadyToWrite, writeSecured } from "./secured-writing.ts";

/** Clause 5.6: beyond it, and as near to midnight, a broadcast is ignored. */
export const BROADCAST_CARE_MS = minutes(5);
/** A frame that waited longer tells a time that has passed. */
const TOLD_TIME_FRESH_MS = seconds(1);
/** What made a frame grow old within this is a cipher machine, and it will take as long again; what takes longer is the line. */
const PREPARED_WITHIN_MS = seconds(5);
const WRITES = 0x14;
const TELLS = 0x08;
const FREEZES = 0x16;

export interface ClockSetting {
  readonly prover: Prover;
  readonly model: MeterModel;
  readonly clocks: MeterClocks;
  readonly clock: Clock;
  readonly timeZone: string;
  /** The line's name: who hears a broadcast. */
  readonly line: string;
}

export async function readMeterClock(parts: ClockSetting): Promise<ClockPicture> {
  const { prover, clocks, timeZone } = parts;
  const { talk, meter } = prover;
  mustHaveClock(parts);
  const { clock, at } = await readClock(talk, timeZone);
  if (clock === null) return { aheadMs: null, takenAt: at };
  clocks.note(meter.address, clock - at);
  return { aheadMs: clock - at, takenAt: at };
}

export async function writeTheTime(parts: ClockSetting, options: SendOptions): Promise<Sent> {
  const { prover, model, clocks } = parts;
  const { meter } = prover;
  mustHaveClock(parts);
  mustKnow(parts, WRITES, "its clock cannot be written");
  const secured = model.keys && meter.relayPassword === null;
  const sent = await (secured ? writeUnderCipher(parts, options) : writePlain(parts, options));
  clocks.forget(meter.address);
  return sent;
}

const { di, format } = dictionary.dateTime;

async function writePlain(parts: ClockSetting, options: SendOptions): Promise<Sent> {
  const { prover, model } = parts;
  const { talk, meter, operator } = prover;
  const by = await passwordFor(prover, model); // a machine that keeps it may take longer than a told time is fresh
  return whileFresh(parts, options, (digits, within) => {
    const data = format.encode(digits, "dateTime");
    const frame = requests.write({ address: meter.address, ...by, operator, di, data }, model.profile.choices);
    return talk.order(frame, within);
  });
}

async function writeUnderCipher(parts: ClockSetting, options: SendOptions): Promise<Sent> {
  const writing = { ...parts, di, under: "cipher" } as const;
  await beReadyToWrite(writing); // proving takes longer than a told time is fresh
  return whileFresh(parts, options, (digits, within) => writeSecured(writing, format.encode(digits, "dateTime"), within));
}

/** Thrown within the line's turn: somebody else's broadcast has left while this one waited. */
class ToldAlready extends Error {}

export async function tellTheTime(parts: ClockSetting, lookedAt: Instant, options: SendOptions): Promise<Sent> {
  const { prover, clocks, line, clock, timeZone, model } = parts;
  const { talk, meter } = prover;
  mustHaveClock(parts);
  mustKnow(parts, TELLS, "it takes no broadcast");
  const toldSince = (): Instant | undefined => {
    const at = clocks.toldAt(line);
    return at !== undefined && at >= lookedAt ? at : undefined;
  };
  const mayLeave = async (): Promise<void> => {
    if (toldSince() !== undefined) throw new ToldAlready();
    await options.beforeFirstByte?.();
  };
  if (toldSince() === undefined) {
    mustBeInWindow(parts);
    const told = clocks.toldAt(line);
    if (told !== undefined && dayText(told, timeZone) === dayText(clock.now(), timeZone))
      throw new Fault("clock-told-today", { meter: meter.address, bus: meter.bus });
    try {
      const sent = await whileFresh(parts, { ...options, beforeFirstByte: mayLeave }, (digits, within) =>
        talk.tell(requests.broadcastTime(withoutWeekday(digits), undefined, model.profile.choices), within),
      );
      clocks.told(line, sent.sentAt);
      return sent;
    } catch (error) {
      if (!(error instanceof ToldAlready)) throw error;
    }
  }
  await options.beforeFirstByte?.();
  return { sent: "silent", sentAt: toldSince()!, asExpected: true };
}

/** Thrown within the line's turn, before anything was written down. */
class GrownOld extends Error {}

/** `digits`: as 0400010C has them, of the moment at which the frame leaves. */
async function whileFresh(
  { clock, timeZone, prover }: ClockSetting,
  options: SendOptions,
  say: (digits: string, within: SendOptions) => Promise<Sent>,
): Promise<Sent> {
  let preparesMs = 0;
  for (;;) {
    const now = clock.now();
    const leavesAt = later(now, preparesMs);
    if (now > options.notAfter) throw new Fault("deadline-passed", { meter: prover.meter.address });
    const beforeFirstByte = async (): Promise<void> => {
      if (Math.abs(clock.now() - leavesAt) > TOLD_TIME_FRESH_MS) throw new GrownOld();
      await options.beforeFirstByte?.();
    };
    try {
      return await say(withWeekday(later(leavesAt, TOLD_TIME_FRESH_MS / 2), timeZone), { ...options, beforeFirstByte });
    } catch (error) {
      if (!(error instanceof GrownOld)) throw error;
      const tookMs = clock.now() - now;
      preparesMs = tookMs > PREPARED_WITHIN_MS ? 0 : tookMs;
    }
  }
}

export async function freeze(parts: ClockSetting, when: string, options: SendOptions): Promise<Sent> {
  const { prover, model } = parts;
  const { talk, meter } = prover;
  mustKnow(parts, FREEZES, "it freezes nothing when asked");
  const frame: Frame = requests.freeze(meter.address, when, model.profile.choices);
  return talk.order(frame, options);
}

function mustHaveClock({ model, prover: { meter } }: ClockSetting): void {
  if (model.profile.items.date === null)
    throw new Fault("not-supported", { meter: meter.address, model: meter.model, why: "this model has no clock" });
}

function mustKnow({ model, prover: { meter } }: ClockSetting, control: number, why: string): void {
  if (!model.profile.functions.includes(control))
    throw new Fault("not-supported", { meter: meter.address, model: meter.model, why });
}

/** By the meter's clock, as far as it is known; ours is within five minutes of it or the broadcast is not sent at all. */
function mustBeInWindow({ clock, clocks, prover: { meter }, timeZone }: ClockSetting): void {
  const { hour, minute, second } = wallClock(later(clock.now(), clocks.aheadMs(meter.address) ?? 0), timeZone);
  const intoDayMs = ((hour * 60 + minute) * 60 + second) * 1_000;
  const midnightMs = Math.min(intoDayMs, minutes(24 * 60) - intoDayMs);
  if (midnightMs <= BROADCAST_CARE_MS) throw new Fault("clock-near-midnight", { meter: meter.address, bus: meter.bus });
}

const dayText = (at: Instant, timeZone: string): string => digitsOf(at, timeZone).slice(0, 6);
const withoutWeekday = (digits: string): string => digits.slice(0, 6) + digits.slice(8);
function withWeekday(at: Instant, timeZone: string): string {
  const digits = digitsOf(at, timeZone);
  return `${digits.slice(0, 6)}0${wallClock(at, timeZone).weekday}${digits.slice(6)}`;
}
