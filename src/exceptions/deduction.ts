/**
 * What a wallet in a meter should have deducted between two looks, by the same arithmetic that bills accounts in the ledger
 * (src/tariff), and between which sums it may really lie.
 *
 *     then ├─────────────┼─────────────┤ now        cut at midnights on which the tariff's version changes, or its steps begin anew;
 *                    midnight                       the registers of a midnight are the meter's own daily freeze
 *
 * A meter counts steps by its own energy, not by its account's: what it had used in its step period is read from it (000B0000).
 * Pure; who reads is told in comparison.ts.
 */
import { minutes, type Instant } from "../kernel/clock.ts";
import type { CentiKwh } from "../kernel/energy.ts";
import { costOfDay, isUnpriced } from "../tariff/cost.ts";
import { daysBetween, dayPlus } from "../tariff/days.ts";
import { needsRates, stepPeriodStart, versionOn, type Tariff, type TariffVersion } from "../tariff/tariff.ts";

const PURSE_LAG_MS = minutes(15);
const STEPS_BETWEEN_READS = 2n;
/** 0.01 kWh × 0.0001 yuan: millionths of a yuan; a fen is 10,000 of them. */
const MICRO_PER_FEN = 10_000n;

/** Registers at one moment, 0.01 kWh. */
export interface Registers {
  readonly register: CentiKwh;
  /** By rate; left out: not read. */
  readonly rates?: readonly CentiKwh[];
  /** Used in the meter's step period so far; left out: not read. */
  readonly period?: CentiKwh;
}

export interface Bounds {
  /** Fen. */
  readonly least: bigint;
  readonly most: bigint;
}
export type Deduction = Bounds | { readonly unknown: string };

/** Midnights between two days at which another arithmetic begins; the registers of each have to be known. */
export function cutsBetween(tariff: Tariff, fromDay: string, toDay: string): readonly string[] {
  if (fromDay >= toDay) return [];
  return [...daysBetween(dayPlus(fromDay, 1), toDay)].filter((day) => {
    const [before, after] = [versionOn(tariff, dayPlus(day, -1)), versionOn(tariff, day)];
    return before !== after || startsPeriod(after, day);
  });
}
const startsPeriod = ({ steps }: TariffVersion, day: string): boolean => steps !== null && stepPeriodStart(steps, day) === day;

/** Does anything of it need the registers by rate, or the step period's? */
export const needsOf = (
  tariff: Tariff,
  fromDay: string,
  toDay: string,
): { readonly rates: boolean; readonly period: boolean } => {
  const versions = new Set([fromDay, toDay, ...cutsBetween(tariff, fromDay, toDay)].map((day) => versionOn(tariff, day)));
  return {
    rates: [...versions].some(needsRates),
    period: [...versions].some(({ steps }) => steps !== null),
  };
};

interface Look {
  readonly day: string;
  readonly at: Instant;
  readonly registers: Registers;
}
export interface Looked {
  readonly then: Look;
  readonly now: Look;
  /** At the midnights of `cutsBetween`, by day. */
  readonly midnights: ReadonlyMap<string, Registers>;
  /** No power flowed at the second look. */
  readonly isIdle: boolean;
}

export function deductionOf(tariff: Tariff, { then, now, midnights, isIdle }: Looked): Deduction {
  const days = [then.day, ...cutsBetween(tariff, then.day, now.day)];
  const marks = [then.registers, ...days.slice(1).map((day) => midnights.get(day)), now.registers];
  let micro = 0n;
  let energy = 0n;
  let dearest = 0n;
  let moved = 0n;
  let before: bigint | null = then.registers.period ?? null;
  for (const [i, day] of days.entries()) {
    const [from, to] = [marks[i], marks[i + 1]];
    if (from === undefined || to === undefined) return { unknown: "a midnight's registers are missing" };
    const version = versionOn(tariff, day);
    const total = to.register - from.register;
    const rates = differencesOf(from.rates, to.rates);
    if (needsRates(version) && rates === undefined) return { unknown: "its registers by rate are missing" };
    const isLast = i === days.length - 1;
    if (i > 0 && startsPeriod(version, day)) before = 0n;
    if (isLast && now.registers.period !== undefined) before = periodBefore(now.registers.period, total);
    if (version.steps !== null && before === null) return { unknown: "how far its steps were is not known" };
    const cost = costOfDay(version, { total, rates }, before ?? 0n);
    if (isUnpriced(cost)) return { unknown: "its rates do not add up to its total" };
    micro += cost.micro;
    energy += total;
    const prices =
      rates === undefined || !needsRates(version) ? version.prices : version.prices.filter((_, n) => (rates[n] ?? 0n) > 0n);
    const adds = cost.steps
      .filter((part, n) => part.energy > 0n || n === 0 || cost.steps[n - 1]!.energy > 0n)
      .map(({ price }) => price);
    dearest = max([dearest, max(prices.length === 0 ? version.prices : prices) + max([0n, ...adds])]);
    moved = max([moved, BigInt(Math.max(1, needsRates(version) ? prices.length : 1))]);
    before = version.steps === null ? null : before! + total;
  }
  return boundsOf({ micro, energy, dearest, slack: STEPS_BETWEEN_READS * moved, lastedMs: now.at - then.at, isIdle });
}

/** What it had used before: the meter counts, so what it shows is asked. Null: it began anew somewhere in between. */
function periodBefore(period: bigint, total: bigint): bigint | null {
  const before = period - total;
  if (before < -STEPS_BETWEEN_READS) return null;
  return before < 0n ? 0n : before;
}

const max = (values: readonly bigint[]): bigint => values.reduce((most, each) => (each > most ? each : most), 0n);

function differencesOf(
  from: readonly CentiKwh[] | undefined,
  to: readonly CentiKwh[] | undefined,
): readonly bigint[] | undefined {
  if (from === undefined || to === undefined) return undefined;
  return to.map((register, n) => register - (from[n] ?? 0n));
}

interface Figures {
  /** What the registers' difference costs, millionths of a yuan. */
  readonly micro: bigint;
  readonly energy: bigint;
  /** What the dearest of it costs, 0.0001 yuan per kWh. */
  readonly dearest: bigint;
  /** Steps of 0.01 kWh that registers and balance may be apart. */
  readonly slack: bigint;
  readonly lastedMs: number;
  readonly isIdle: boolean;
}

/** Energy is known in steps and was not read in the same instant as the balance; the purse lags behind by a quarter of an hour. */
function boundsOf({ micro, energy, dearest, slack, lastedMs, isIdle }: Figures): Bounds {
  if (energy === 0n) return { least: 0n, most: isIdle ? 0n : up(dearest) };
  const lag = lastedMs <= PURSE_LAG_MS ? energy : (energy * BigInt(PURSE_LAG_MS)) / BigInt(Math.floor(lastedMs)) + 1n;
  const fewest = micro - (lag + slack) * dearest;
  return { least: fewest <= 0n ? 0n : fewest / MICRO_PER_FEN, most: up(micro + slack * dearest) };
}
const up = (micro: bigint): bigint => (micro + MICRO_PER_FEN - 1n) / MICRO_PER_FEN;
