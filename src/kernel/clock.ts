/**
 * Time is given, never taken. This file is the only place in the house that asks the machine for the time or sets a timer.
 *
 * `systemClock` is the world's clock. `ShiftableClock` runs as fast as the world but starts where it is told and can be
 * moved ahead: the demonstration and the tests jump it between the steps of a story, never in the middle of an exchange.
 */
import type { Brand } from "./brand.ts";

/** Milliseconds since 1970-01-01T00:00:00Z. */
export type Instant = Brand<number, "Instant">;
export const Instant = (ms: number): Instant => ms as Instant;

export interface Clock {
  now(): Instant;
  /** Resolves after `ms`. When the signal is aborted it resolves early and does not throw: ask `signal.aborted`. */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
}

/**
 * Milliseconds since some moment of this process, never set back: for how long something has lasted. It goes on while the process
 * is stopped (SIGSTOP), but perhaps not while the machine sleeps: whoever must be sure asks a Clock as well.
 */
export type Elapsed = () => number;
export const systemElapsed: Elapsed = () => performance.now();

export const later = (at: Instant, ms: number): Instant => Instant(at + ms);
export const seconds = (n: number): number => n * 1_000;
export const minutes = (n: number): number => n * 60_000;
export const hours = (n: number): number => n * 3_600_000;

/** setTimeout fires at once beyond this many milliseconds. */
const TIMER_MS_MAX = 2_147_483_647;

function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) {
      resolve();
      return;
    }
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(Math.max(ms, 0), TIMER_MS_MAX));
    signal?.addEventListener("abort", done, { once: true });
  });
}

export const systemClock: Clock = {
  now: () => Instant(Date.now()),
  wait: sleep,
};

interface Sleeper {
  readonly until: number;
  readonly wake: () => void;
}

/** Runs at the world's pace from a start of its own, and can be moved ahead. Sleepers whose moment has passed wake in order. */
export class ShiftableClock implements Clock {
  readonly #startedAt: number;
  readonly #origin = performance.now();
  readonly #sleepers = new Set<Sleeper>();
  #shifted = 0;

  constructor(startAt: Instant) {
    this.#startedAt = startAt;
  }

  now(): Instant {
    return Instant(Math.floor(this.#startedAt + (performance.now() - this.#origin) + this.#shifted));
  }

  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    const until = this.now() + ms;
    while (!signal?.aborted && this.now() < until) {
      const early = new AbortController();
      const sleeper = { until, wake: () => early.abort() };
      this.#sleepers.add(sleeper);
      await sleep(until - this.now(), signal === undefined ? early.signal : AbortSignal.any([signal, early.signal]));
      this.#sleepers.delete(sleeper);
    }
  }

  /** Moves the clock ahead and wakes those whose moment has come, earliest first. */
  async jump(ms: number): Promise<void> {
    this.#shifted += ms;
    const now = this.now();
    for (const sleeper of [...this.#sleepers].filter((s) => s.until <= now).sort((a, b) => a.until - b.until)) {
      sleeper.wake();
      await Promise.resolve();
    }
  }
}

const pad = (n: number, digits = 2): string => n.toString().padStart(digits, "0");

/** ISO 8601 with the offset of the zone, to the second: the one way moments are written outside. Zone: IANA name. */
export function iso(at: Instant, timeZone = "Asia/Shanghai"): string {
  const p = wallClock(at, timeZone);
  const offsetMinutes = Math.round(
    (Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - Math.floor(at / 1_000) * 1_000) / 60_000,
  );
  const sign = offsetMinutes < 0 ? "-" : "+";
  const offset = `${sign}${pad(Math.floor(Math.abs(offsetMinutes) / 60))}:${pad(Math.abs(offsetMinutes) % 60)}`;
  return `${pad(p.year, 4)}-${pad(p.month)}-${pad(p.day)}T${pad(p.hour)}:${pad(p.minute)}:${pad(p.second)}${offset}`;
}

export interface WallClock {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
  /** 0 is Sunday, as DL/T 645 counts. */
  readonly weekday: number;
}

const zones = new Map<string, Intl.DateTimeFormat>();
/** No zone changes its offset but at a full quarter of an hour, so within one an answer holds. */
const QUARTER_MS = 15 * 60_000;
const DAY_MS = 24 * 60 * 60_000;
/** By zone and quarter: what the wall shows beyond the world's time. */
const offsets = new Map<string, Map<number, number>>();
const OFFSETS_KEPT_MAX = 1_000;

/** What the clock on the wall shows in a zone. Asked for at every look of the rules at every meter, so not of Intl each time. */
export function wallClock(at: Instant, timeZone: string): WallClock {
  const local = new Date(at + offsetMs(Math.floor(at / QUARTER_MS), timeZone));
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    weekday: local.getUTCDay(),
  };
}

/** Which day it is in a zone, counted from 1970-01-01: one subtraction tells how many days ago another was. */
export const dayNumberOf = (at: Instant, timeZone: string): number =>
  Math.floor((at + offsetMs(Math.floor(at / QUARTER_MS), timeZone)) / DAY_MS);

function offsetMs(quarter: number, timeZone: string): number {
  let known = offsets.get(timeZone);
  if (known === undefined) offsets.set(timeZone, (known = new Map<number, number>()));
  let offset = known.get(quarter);
  if (offset === undefined) {
    const { year, month, day, hour, minute, second } = shownByIntl(quarter * QUARTER_MS, timeZone);
    offset = Date.UTC(year, month - 1, day, hour, minute, second) - quarter * QUARTER_MS;
    if (known.size >= OFFSETS_KEPT_MAX) known.clear();
    known.set(quarter, offset);
  }
  return offset;
}

function shownByIntl(at: number, timeZone: string): Omit<WallClock, "weekday"> {
  let format = zones.get(timeZone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-CA", {
      timeZone,
      hourCycle: "h23",
      year: "numeric",
      month: "2-digit",
      day: "2-digit",
      hour: "2-digit",
      minute: "2-digit",
      second: "2-digit",
    });
    zones.set(timeZone, format);
  }
  const part: Record<string, number> = {};
  for (const { type, value } of format.formatToParts(at)) part[type] = Number(value);
  return {
    year: part["year"]!,
    month: part["month"]!,
    day: part["day"]!,
    hour: part["hour"]!,
    minute: part["minute"]!,
    second: part["second"]!,
  };
}

/** "2026-11-22": the settlement day a moment belongs to. */
export function dayOf(at: Instant, timeZone: string): string {
  const p = wallClock(at, timeZone);
  return `${pad(p.year, 4)}-${pad(p.month)}-${pad(p.day)}`;
}
