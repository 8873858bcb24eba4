/**
 * How much is too much: the site's settings with their defaults and reasons, and what one meter can carry.
 */
import { hours, minutes } from "../kernel/clock.ts";

export interface GateSettings {
  /** Of the typical use, above which a day is a jump. */
  readonly jumpTimes: bigint;
  /** 0.01 kWh a day below which nothing is a jump: a home heats, a guest comes. */
  readonly jumpFloor: bigint;
  /** Of the peers' typical use, for a meter that has no days of its own yet. */
  readonly peersTimes: bigint;
  /** 0.01 kWh that is no leap, however soon: a quarter of an hour of a large load. */
  readonly leapFree: bigint;
  /** 0.01 kWh a day, by hours, on top of that: 3 kW all the time, which a household that only sits at home does not reach for long. */
  readonly leapPerDay: bigint;
  /** Of the usual use of a day, where that is more: whoever uses 30 kWh a day does so in a few hours of it. */
  readonly leapTimes: bigint;
  /** Amperes of a meter whose record names none. */
  readonly currentMaxA: number;
  /** 0.01 kWh between total and rates: they are truncated each for itself, and not read in the same instant. */
  readonly ratesApart: bigint;
  /** How far from midnight a daily freeze may have been made: a clock within five minutes may be set by broadcast. */
  readonly midnightWithinMs: number;
  /** Days without advance after which a meter that was used before is listed as frozen. */
  readonly frozenDays: number;
  /** Paid and connected, and no energy for so long: listed as silent. */
  readonly silentMs: number;
}

export const gateDefaults: GateSettings = {
  jumpTimes: 3n,
  jumpFloor: 6_000n,
  peersTimes: 20n,
  leapFree: 500n,
  leapPerDay: 7_200n,
  leapTimes: 6n,
  currentMaxA: 60,
  ratesApart: 100n,
  midnightWithinMs: minutes(5),
  frozenDays: 7,
  silentMs: hours(24),
};

/** 0.01 kWh per hour and ampere: 3 × 220 V, and a quarter more for voltage, overload and clocks. Single-phase meters are let pass with it. */
const STEPS_PER_HOUR_AND_60_A = 5_000n;
/** Below this a jump is not worth doubting: clocks differ, registers round. */
export const STEPS_FREE = 200n;

export interface MeterLimits {
  /** One more than its register can show, 0.01 kWh. */
  readonly registerEnd: bigint;
  readonly stepsPerHour: bigint;
}

export const stepsPerHourAt = (currentMaxA: number): bigint => (STEPS_PER_HOUR_AND_60_A * BigInt(Math.ceil(currentMaxA))) / 60n;

/** The most that such a meter counts in so many milliseconds, begun hours taken for whole ones. */
export const mostIn = (ms: number, { stepsPerHour }: MeterLimits): bigint =>
  STEPS_FREE + stepsPerHour * BigInt(Math.ceil(Math.abs(ms) / hours(1)));
