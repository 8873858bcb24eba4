/**
 * What a poll plan asks of one line, before a byte is sent: exchanges per hour, the share of the line's time, and what has to wait
 * where that share is more than all of it. Pure.
 *
 * A plan that does not fit is stretched: the coldest tier first, up to ten times its period, then the next. A meter that is dead
 * costs its probes alone; while it is, nobody waits for what it would have said.
 */
import { hours } from "../kernel/clock.ts";
import { answeredMs, probesWithin, silentMs, type ExchangeBytes } from "./airtime.ts";
import { tierNames, type TierName } from "./poll-tiers.ts";
import type { LineTiming } from "./timing.ts";

export interface PlannedMeter {
  readonly duties: readonly {
    readonly tier: TierName;
    readonly everyMs: number;
    readonly exchanges: readonly ExchangeBytes[];
  }[];
  /** What is asked once a day whatever else waits (collection); left out: nothing. It is little, and never stretched. */
  readonly daily?: readonly ExchangeBytes[];
  /** From the last byte of a question to the first of its answer, on the average. */
  readonly answerMs: number;
  /** Silences in a row of a meter that is silent; null: it answers. */
  readonly failures: number | null;
  /** How long it is waited for while it is silent; undefined: the whole allowance of its line. */
  readonly silenceMs?: number | undefined;
}

export interface LinePlan {
  /** Of the line's time, as the site file wants it; 1.31 cannot be done. */
  readonly share: number;
  readonly exchangesPerHour: number;
  /** By how much the period of each tier is longer than wanted; 1: not at all. */
  readonly stretch: Readonly<Record<TierName, number>>;
  /** What it comes to when stretched like that. */
  readonly stretchedShare: number;
}

/** A plan looks so far ahead: the pauses of a dead meter are at their longest well before. */
const AHEAD_MS = hours(1);
const A_DAY_MS = hours(24);
/** Beyond this the next tier gives way too. */
const STRETCH_MAX = 10;
/** Shares are sums of many small ones. */
const ROUNDING = 1e-9;

export function planLine(timing: LineTiming, meters: readonly PlannedMeter[]): LinePlan {
  const wanted: Record<TierName, number> = { hot: 0, warm: 0, cold: 0 };
  let unstretched = 0;
  let exchangesPerHour = 0;
  for (const { duties, daily = [], answerMs, failures, silenceMs } of meters) {
    if (failures !== null) {
      const probe = duties[0]?.exchanges[0];
      if (probe === undefined) continue;
      const probeMs = silentMs(timing, probe, silenceMs);
      const probes = probesWithin(AHEAD_MS, failures, probeMs);
      unstretched += (probes * probeMs) / AHEAD_MS;
      exchangesPerHour += probes;
      continue;
    }
    unstretched += daily.reduce((sum, exchange) => sum + answeredMs(timing, exchange, answerMs), 0) / A_DAY_MS;
    exchangesPerHour += (daily.length * AHEAD_MS) / A_DAY_MS;
    for (const { tier, everyMs, exchanges } of duties) {
      const takesMs = exchanges.reduce((sum, exchange) => sum + answeredMs(timing, exchange, answerMs), 0);
      wanted[tier] += takesMs / everyMs;
      exchangesPerHour += (exchanges.length * AHEAD_MS) / everyMs;
    }
  }
  const stretch = stretched(wanted, 1 - unstretched);
  const total = (of: (tier: TierName) => number): number => tierNames.reduce((sum, tier) => sum + of(tier), unstretched);
  return {
    share: total((tier) => wanted[tier]),
    exchangesPerHour: Math.round(exchangesPerHour),
    stretch,
    stretchedShare: total((tier) => wanted[tier] / stretch[tier]),
  };
}

/** Coldest first; what still does not fit then is simply late. */
function stretched(wanted: Readonly<Record<TierName, number>>, room: number): Record<TierName, number> {
  const stretch: Record<TierName, number> = { hot: 1, warm: 1, cold: 1 };
  for (const tier of tierNames.toReversed()) {
    const excess = tierNames.reduce((sum, each) => sum + wanted[each] / stretch[each], -room);
    if (excess <= ROUNDING) break;
    const left = wanted[tier] - excess;
    stretch[tier] = left <= 0 ? STRETCH_MAX : Math.min(STRETCH_MAX, wanted[tier] / left);
  }
  return stretch;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

/** "this plan needs 131 % of the line; cold is read 10 times and warm 1.2 times as seldom": for log and pictures; null: it fits. */
export function complaintAboutPlan({ share, stretch, stretchedShare }: LinePlan): string | null {
  if (share <= 1) return null;
  const given = tierNames
    .toReversed()
    .filter((tier) => stretch[tier] > 1)
    .map((tier) => `${tier} is read ${String(Math.round(stretch[tier] * 10) / 10)} times as seldom`);
  const late = stretchedShare > 1.005 ? [`that still needs ${percent(stretchedShare)}: every round comes late`] : [];
  return [`this plan needs ${percent(share)} of the line`, ...given, ...late].join("; ");
}
