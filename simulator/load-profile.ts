/**
 * The load profile (06, dlt645-2007 section 9): what the meter showed every quarter of an hour. Nothing is written down at the
 * quarters; the moments at which a record would have been made are found in the load log, and what it would have said is worked
 * out when somebody asks. The order is that in which it was lived, also where the clock was set back.
 */
import { Instant } from "../src/kernel/clock.ts";
import type { LoadLog, Stretch } from "./load-log.ts";
import { wallMoment } from "./wall-time.ts";

export const CLASSES = [1, 2, 3, 4, 5, 6] as const;
export type LoadClass = (typeof CLASSES)[number];

/** A moment at which a record was due. */
export interface Mark {
  /** By the meter's clock. */
  readonly shown: Instant;
  /** By the street's. */
  readonly at: Instant;
  readonly stretch: Stretch;
  /** Which classes were due then. */
  readonly classes: readonly LoadClass[];
}

/** Wall midnight of a day from which intervals are counted where no start was written. */
const BEGINNING = wallMoment(2000, 1, 1);
const MINUTE_MS = 60_000;

export class LoadProfile {
  /** 04000901: a bit a class. */
  mode = 0x3f;
  /** 04000A01, MMDDhhmm; no date: always. */
  start = "00000000";
  /** What the start meant when it was written. */
  startAt: Instant | undefined;
  /** 04000A02 to 07, minutes. */
  readonly intervals: [number, number, number, number, number, number] = [15, 15, 15, 15, 15, 15];

  isOn(loadClass: LoadClass): boolean {
    return ((this.mode >> (loadClass - 1)) & 1) === 1 && this.intervals[loadClass - 1]! > 0;
  }

  /** The oldest records, or the oldest from a moment on. */
  from(log: LoadLog, wanted: readonly LoadClass[], count: number, since = Instant(Number.MIN_SAFE_INTEGER)): Mark[] {
    const found: Mark[] = [];
    const { stretches } = log;
    for (let i = 0; i < stretches.length && found.length < count; i += 1) {
      const [begin, end] = [stretches[i]!, stretches[i + 1]?.from ?? log.until];
      if (!begin.powered || begin.clock.at(end) < since) continue;
      found.push(...this.#marksIn(begin, end, wanted).filter(({ shown }) => shown >= since));
    }
    return found.slice(0, count);
  }

  /** The newest records, the oldest of them first. */
  latest(log: LoadLog, wanted: readonly LoadClass[], count: number): Mark[] {
    const found: Mark[] = [];
    const { stretches } = log;
    for (let i = stretches.length - 1; i >= 0 && found.length < count; i -= 1) {
      const stretch = stretches[i]!;
      if (stretch.powered) found.unshift(...this.#marksIn(stretch, stretches[i + 1]?.from ?? log.until, wanted));
    }
    return found.slice(-count);
  }

  /** After the clock was at the stretch's beginning, up to and with its end. */
  #marksIn(stretch: Stretch, end: Instant, wanted: readonly LoadClass[]): Mark[] {
    const on = wanted.filter((loadClass) => this.isOn(loadClass));
    const base = this.startAt ?? BEGINNING;
    const last = stretch.clock.at(end);
    const due = new Map<number, LoadClass[]>();
    for (const loadClass of on) {
      const ms = this.intervals[loadClass - 1]! * MINUTE_MS;
      const first = base + Math.max(0, Math.floor((stretch.clock.at(stretch.from) - base) / ms) + 1) * ms;
      for (let shown = first; shown <= last; shown += ms) due.set(shown, [...(due.get(shown) ?? []), loadClass]);
    }
    return [...due.entries()]
      .sort(([a], [b]) => a - b)
      .map(([shown, classes]) => ({
        shown: Instant(shown),
        at: stretch.clock.firstAt(Instant(shown), stretch.from),
        stretch,
        classes,
      }));
  }
}
