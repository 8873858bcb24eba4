/**
 * What the energy of one settlement day costs: the sum over rates of energy × price, and the sum over steps of energy × what the
 * step adds. Exact: 0.01 kWh × 0.0001 yuan is a millionth of a yuan, so nothing is lost before the one rounding of the day.
 *
 *     day's energy     ├──────────────────────────┤
 *     used before it   0 ─────────────┬───────────┬──────────►  an account's energy since the step period began
 *     steps            │   step 1     │  step 2   │  step 3
 *
 * Energy whose rate nobody knows is not priced by rate: it is told as `unpriced`, and never guessed from the clock. Rounding
 * (`roundedFen`) is the caller's, once per settlement day of an account.
 */
import { Fen, type PricePerKwh } from "../kernel/money.ts";
import type { TariffVersion } from "./tariff.ts";

/** 0.01 kWh × 0.0001 yuan; one fen is 10,000 of these. */
export const MICRO_YUAN_PER_FEN = 10_000n;

/** Energy of a day, 0.01 kWh. */
export interface DayEnergy {
  readonly total: bigint;
  /** By rate, the first rate first; left out: the meter gave none. */
  readonly rates?: readonly bigint[] | undefined;
  readonly exported?: bigint | undefined;
}

/** A part of the bill: so much energy at this price; micro yuan. */
export interface CostPart {
  readonly energy: bigint;
  readonly price: PricePerKwh;
  readonly micro: bigint;
}

export interface DayCost {
  /** Millionths of a yuan: what all parts cost together. */
  readonly micro: bigint;
  /** As many as the version has prices. */
  readonly rates: readonly CostPart[];
  /** As many as the version has steps; none without. */
  readonly steps: readonly CostPart[];
  /** Energy for which no rate is known, or none has a price. Registers are cut off at 0.01 kWh, so a step for each rate means nothing. */
  readonly unpriced: bigint;
  /** What reverse energy earns, millionths of a yuan: never taken off the bill. */
  readonly feedIn: bigint;
}

/** Pure. `stepEnergyBefore`: what the account had used in the step period before this energy, 0.01 kWh. */
export function costOfDay(version: TariffVersion, energy: DayEnergy, stepEnergyBefore: bigint): DayCost {
  const byRate = version.prices.map((_, index) => energyByRate(version, energy)[index] ?? 0n);
  const within = withinTotal(version, byRate, energy.total);
  const rates = version.prices.map((price, index) => part(within[index]!, price));
  const steps = stepsOf(version, energy.total, stepEnergyBefore);
  return {
    micro: sum([...rates, ...steps].map(({ micro }) => micro)),
    rates,
    steps,
    unpriced: energy.total - sum(byRate),
    feedIn: version.exported === null ? 0n : (energy.exported ?? 0n) * version.exported,
  };
}

/** With one price the total is the rate. */
const energyByRate = ({ prices }: TariffVersion, { total, rates }: DayEnergy): readonly bigint[] =>
  prices.length === 1 ? [total] : (rates ?? []);

/**
 * Never more than the total shows, but for the step by which each rate is cut off: what the rates say beyond it is taken off the dearest
 * first, since nobody pays for energy that only one of two registers has seen. It stays told as `unpriced`, below zero, for a person.
 */
function withinTotal({ prices }: TariffVersion, byRate: readonly bigint[], total: bigint): readonly bigint[] {
  let over = sum(byRate) - total;
  if (prices.length === 1 || over <= BigInt(byRate.length)) return byRate;
  const within = [...byRate];
  const dearestFirst = byRate.map((_, rate) => rate).sort((a, b) => ((prices[a] ?? 0n) < (prices[b] ?? 0n) ? 1 : -1));
  for (const rate of dearestFirst) {
    const energy = within[rate]!;
    const off = energy < 0n ? 0n : energy < over ? energy : over;
    within[rate] = energy - off;
    over -= off;
  }
  return within;
}

function stepsOf({ steps }: TariffVersion, energy: bigint, before: bigint): readonly CostPart[] {
  if (steps === null) return [];
  return steps.add.map((add, index) => {
    const from = index === 0 ? 0n : steps.upTo[index - 1]!;
    const to = steps.upTo[index];
    return part(within(before + energy, from, to) - within(before, from, to), add);
  });
}

/** How much of the first `used` lies between the two thresholds. */
function within(used: bigint, from: bigint, to: bigint | undefined): bigint {
  const upTo = to !== undefined && used > to ? to : used;
  return upTo > from ? upTo - from : 0n;
}

const part = (energy: bigint, price: PricePerKwh): CostPart => ({ energy, price, micro: energy * price });
const sum = (parts: readonly bigint[]): bigint => parts.reduce((total, each) => total + each, 0n);

/** Half up. Costs are never below zero. */
export const roundedFen = (micro: bigint): Fen => Fen((micro + MICRO_YUAN_PER_FEN / 2n) / MICRO_YUAN_PER_FEN);

/** Pure: registers are cut off, not rounded, so so many steps may be missing on either side without anything being wrong. */
export const isUnpriced = ({ unpriced, rates }: Pick<DayCost, "unpriced" | "rates">): boolean =>
  rates.length > 1 && (unpriced > BigInt(rates.length) || unpriced < -BigInt(rates.length));
