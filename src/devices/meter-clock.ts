/**
 * The meter's own clock, in both directions: moments → the digits a meter writes, and back. Meters run on local time and know
 * no offset, so the zone of the site is the one conversion point.
 */
import { Instant, minutes, seconds, wallClock, type Clock } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";

/** Below this the meter's clock is as good as ours. */
export const CLOCK_TOLERANCE_MS = seconds(30);
/** An offset that was read is believed for so long. */
const OFFSET_BELIEVED_MS = minutes(10);

const two = (n: number): string => n.toString().padStart(2, "0");

/** YYMMDDhhmmss as the wall clock of the zone shows it. */
export function digitsOf(at: Instant, timeZone: string): string {
  const p = wallClock(at, timeZone);
  return [p.year % 100, p.month, p.day, p.hour, p.minute, p.second].map(two).join("");
}

/** `date`: YYMMDD and whatever follows; `time`: hhmmss. Undefined when the digits are no date. */
export function instantOf(date: string, time: string, timeZone: string): Instant | undefined {
  const numbers = /^(\d\d)(\d\d)(\d\d)\d*$/
    .exec(date)
    ?.slice(1)
    .concat(/^(\d\d)(\d\d)(\d\d)$/.exec(time)?.slice(1) ?? [])
    .map(Number);
  if (numbers?.length !== 6) return undefined;
  const [year, month, day, hour, minute, second] = numbers as [number, number, number, number, number, number];
  const asUtc = Date.UTC(2000 + year, month - 1, day, hour, minute, second);
  const back = new Date(asUtc);
  if (back.getUTCMonth() !== month - 1 || back.getUTCDate() !== day || hour > 23 || minute > 59 || second > 59) return undefined;
  // The offset that holds at the guess is the one that holds at the moment itself, but for the hour of a clock change.
  return Instant(asUtc - offsetMs(Instant(asUtc - offsetMs(Instant(asUtc), timeZone)), timeZone));
}

function offsetMs(at: Instant, timeZone: string): number {
  const p = wallClock(at, timeZone);
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(at / 1_000) * 1_000;
}

/** How far each meter's clock is ahead of ours, as last read. */
export class MeterClocks {
  readonly #clock: Clock;
  readonly #told = new Map<string, Instant>();
  readonly #offsets = new Map<MeterAddress, { readonly aheadMs: number; readonly readAt: Instant }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  aheadMs(meter: MeterAddress): number | undefined {
    const known = this.#offsets.get(meter);
    if (known === undefined) return undefined;
    const age = this.#clock.now() - known.readAt;
    return age >= 0 && age <= OFFSET_BELIEVED_MS ? known.aheadMs : undefined; // a clock that went back knows nothing of the meter's
  }

  /** When the line was last told the time, all its meters with it; undefined: never, as far as this process knows. */
  toldAt(line: string): Instant | undefined {
    return this.#told.get(line);
  }

  told(line: string, at: Instant): void {
    this.#told.set(line, at);
  }

  forget(meter: MeterAddress): void {
    this.#offsets.delete(meter);
  }

  note(meter: MeterAddress, aheadMs: number): void {
    this.#offsets.set(meter, { aheadMs, readAt: this.#clock.now() });
  }
}
