/** How much a smaller balance says: what may have been used up between two looks, and no more. Pure. */

/** What one meter can use up in an hour at most: 20 kW at 1 yuan. Beyond it a smaller rise is not explained by consumption. */
const DRAIN_PER_HOUR_MAX = 2_000;
/** The purse lags behind the balance shown by up to a quarter of an hour. */
const PURSE_LAG_HOURS = 0.25;

/** In fen; a wallet of kilowatt-hours drains as many hundredths at 20 kW. */
const atMost = (hours: number): bigint => BigInt(Math.ceil(DRAIN_PER_HOUR_MAX * hours));
const hoursBetween = (from: number, to: number): number => Math.max(0, to - from) / 3_600_000;

/** What can have been used up between two moments. */
export const usedAtMost = (from: number, to: number): bigint => atMost(hoursBetween(from, to));
/** By how much a balance can be smaller at the second. */
export const drainedAtMost = (from: number, to: number): bigint => atMost(hoursBetween(from, to) + PURSE_LAG_HOURS);

/** What a balance says about a movement of `amount` (below zero: taken back), alone. */
export function balanceSays(
  before: { readonly net: bigint; readonly takenAt: number },
  amount: bigint,
  now: { readonly net: bigint; readonly takenAt: number },
): "moved" | "unmoved" | "either" | "neither" {
  const drained = drainedAtMost(before.takenAt, now.takenAt);
  const fits = (highest: bigint): boolean => now.net <= highest && now.net >= highest - drained;
  const moved = fits(before.net + amount);
  const unmoved = fits(before.net);
  if (moved && unmoved) return "either";
  return moved ? "moved" : unmoved ? "unmoved" : "neither";
}
