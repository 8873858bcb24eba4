/**
 * Whose use swings: a settled day beside the meter's own usual days, and beside what its kind did on that day. Pure.
 *
 * By logarithms, since a home that doubles and one that halves swing alike; by median and median deviation (MAD), since outliers must not
 * hide each other. A day counts only as far as both measures find it odd: a heat wave moves everybody, and a home that is never the
 * same twice has a wide measure of its own. 3.5 deviations is the usual bound of such scores (Iglewicz and Hoaglin).
 */
import type { MeterSight } from "./sight.ts";
import { DAYS_MIN, usesOf, type DayUse } from "../typical.ts";

export const SWING_MIN = 3.5;
/** Days that are judged: the newest settled ones. */
const RECENT_DAYS = 3;
const OWN_DAYS = 28;
const PEERS_MIN = 5;
/** MAD of a normal distribution, in its standard deviations. */
const MAD_OF_ONE = 0.6745;
/** Nothing is steadier than this, and nothing below 1 kWh a day is worth a visit. */
const LEAST_DEVIATION = { own: 0.1, peers: 0.1 };
const LEAST_DIFFERENCE = 100;
/** 0.5 kWh: keeps the logarithm of empty days on the ground. */
const GROUND = 50;

export interface Swing {
  readonly score: number;
  readonly day: string;
  /** 0.01 kWh. */
  readonly used: bigint;
  readonly usual: bigint;
}

const middle = (values: readonly number[]): number => {
  const sorted = values.toSorted((a, b) => a - b);
  const half = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
};
const deviation = (values: readonly number[], around: number): number => middle(values.map((value) => Math.abs(value - around)));
const level = (energy: bigint): number => Math.log(Number(energy) + GROUND);

interface Own {
  readonly sight: MeterSight;
  readonly usual: number;
  readonly spread: number;
  readonly recent: readonly DayUse[];
}

/** Each meter's oddest day among the newest, where it is odd. A meter with less than a week of days has no usual. */
export function swingsOf(sights: readonly MeterSight[]): ReadonlyMap<MeterSight, Swing> {
  const known = sights.flatMap((sight) => ownOf(sight) ?? []);
  const peers = new Map<string, readonly number[]>();
  for (const [key, moves] of Map.groupBy(known.flatMap(movesOf), ({ peerKey }) => peerKey))
    peers.set(
      key,
      moves.map(({ moved }) => moved),
    );
  const found = new Map<MeterSight, Swing>();
  for (const own of known)
    for (const { use, moved, peerKey } of movesOf(own)) {
      const score = scoreOf(moved, own.spread, peers.get(peerKey)!);
      const usual = BigInt(Math.max(0, Math.round(Math.exp(own.usual) - GROUND)));
      const isWorthIt = Math.abs(Number(use.energy - usual)) >= LEAST_DIFFERENCE;
      if (!isWorthIt || Math.abs(score) < SWING_MIN || Math.abs(score) <= Math.abs(found.get(own.sight)?.score ?? 0)) continue;
      found.set(own.sight, { score, day: use.day, used: use.energy, usual });
    }
  return found;
}

function ownOf(sight: MeterSight): Own | null {
  const uses = usesOf(sight.days);
  const recent = uses.slice(-RECENT_DAYS);
  const before = uses.slice(0, -RECENT_DAYS).slice(-OWN_DAYS);
  if (before.length < DAYS_MIN || recent.length === 0) return null;
  const levels = before.map(({ energy }) => level(energy));
  const usual = middle(levels);
  return { sight, usual, spread: deviation(levels, usual), recent };
}

const movesOf = (own: Own) =>
  own.recent.map((use) => ({
    use,
    moved: level(use.energy) - own.usual,
    peerKey: JSON.stringify([own.sight.class, use.day]),
  }));

/** Signed; the smaller of the two measures. */
function scoreOf(moved: number, spread: number, peers: readonly number[]): number {
  const byOwn = (MAD_OF_ONE * moved) / Math.max(spread, LEAST_DEVIATION.own);
  if (peers.length < PEERS_MIN) return byOwn;
  const usual = middle(peers);
  const byPeers = (MAD_OF_ONE * (moved - usual)) / Math.max(deviation(peers, usual), LEAST_DEVIATION.peers);
  if (Math.sign(byOwn) !== Math.sign(byPeers)) return 0;
  return Math.sign(byOwn) * Math.min(Math.abs(byOwn), Math.abs(byPeers));
}
