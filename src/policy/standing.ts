/** What stands after a decision, and whether that is news. Pure. A row is written for news only: a look at a quiet street writes nothing. */
import { yuan } from "../kernel/money.ts";
import type { Facts } from "./facts.ts";
import type { RemoteMeter, Standing } from "./policy-store.ts";
import { isHolding } from "./no-cuts.ts";
import { windowOver, type Decision } from "./rules.ts";
import type { Strategy } from "./strategy.ts";

/** One account as it is seen, by which rules, and what follows. */
export interface Look {
  readonly picture: RemoteMeter;
  readonly facts: Facts;
  readonly strategy: Strategy;
  readonly decision: Decision;
}

export interface After {
  readonly standing: Standing;
  /** Another decision than the last: it is kept with its facts. */
  readonly isNews: boolean;
  /** The row is another than before, with or without news. */
  readonly isOther: boolean;
  readonly stageChanged: boolean;
}

/** Of whom nothing was ever said is fine. */
const UNSAID = { stage: "fine", want: "connected", because: "in-credit" } as const;

export function standingAfter(
  before: Standing | null,
  { stage, want, because }: Decision,
  facts: Facts,
  strategy: Strategy,
): After {
  const was = before ?? UNSAID;
  // other rules alone are none: two gateways, one of which has another file, would write of every account for ever
  const isNews = was.stage !== stage || was.want !== want || was.because !== because;
  const arrearsSince = facts.available < strategy.cutAt ? (before?.arrearsSince ?? facts.now) : null;
  const since = isNews || before === null ? facts.now : before.since;
  const version = isNews || before === null ? strategy.version : before.strategy;
  return {
    standing: { stage, want, because, strategy: version, since, arrearsSince },
    isNews,
    isOther: isNews || (before?.arrearsSince ?? null) !== arrearsSince,
    stageChanged: was.stage !== stage,
  };
}

/** As they are kept with a decision: money in yuan, moments in milliseconds, what is not there as null. */
export function factsToKeep(facts: Facts, strategy: Strategy): Readonly<Record<string, unknown>> {
  const { available, meanDailyCost, notice, now, noCuts, ...rest } = facts;
  return {
    ...rest,
    at: now,
    available: yuan(available),
    cutBelow: yuan(strategy.cutAt),
    meanDailyCost: meanDailyCost === null ? null : yuan(meanDailyCost),
    notice: notice === null ? null : { ...notice, available: yuan(notice.available) },
    protectedTime: windowOver(facts, strategy),
    noCuts: noCuts
      .filter((span) => isHolding(span, now))
      .map(({ id, kind, scope, from, until, saidBy, reason }) => ({ id, kind, scope, from, until, saidBy, reason })),
  };
}
