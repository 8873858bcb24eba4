/** One settlement day of one meter, as long as it belonged to one account: what was seen, from where to where it counts, and its bill. */
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import { ZERO_FEN, type Fen } from "../kernel/money.ts";
import type { CostPart } from "../tariff/cost.ts";
import type { BegunBy, DaySeen, Values } from "./day-points.ts";

/** 0.01 kWh; null: not known. */
export interface Bounds {
  readonly total: bigint;
  readonly rates: Values | null;
  readonly exported: bigint | null;
}

export interface SettlementDay {
  readonly meter: MeterAddress;
  /** Names the time during which the meter was this account's: the moment it began. Orders the stretches of an account. */
  readonly stretch: bigint;
  readonly account: AccountId;
  readonly day: string;
  readonly seen: DaySeen;
  readonly from: Bounds;
  readonly to: Bounds;
  readonly startBy: BegunBy;
  /** How the next day begins; `close`: the stretch ended on this day; null: it goes on. */
  readonly endBy: BegunBy | "close" | null;

  // --- the bill
  readonly energy: bigint;
  readonly rates: Values | null;
  readonly exported: bigint | null;
  /** Null: billed by an older program, and left as it was. */
  readonly tariff: string | null;
  /** The day with which the version of the tariff begins. */
  readonly version: string | null;
  readonly parts: { readonly rates: readonly CostPart[]; readonly steps: readonly CostPart[] };
  /** What the account had used in its step period before this. */
  readonly usedBefore: bigint;
  /** Millionths of a yuan: this, and what the account's earlier stretches of the same day cost, since a day is rounded once. */
  readonly micro: bigint;
  readonly microBefore: bigint;
  readonly feedInMicro: bigint;
  readonly feedInMicroBefore: bigint;
  readonly cost: Fen;
  readonly feedIn: Fen;
  /** The day is over, and a part of its energy has no price, because nobody knows its rate. */
  readonly ratesMissing: boolean;

  /** Energy was spread over days of which nothing is known, or estimated by a person. */
  readonly estimated: boolean;
  /** By the meter's midnights, for good; by its readings, since no midnight came in time; null: provisional. */
  readonly settledBy: "midnights" | "readings" | null;
  /** How often it was billed: names its entries. */
  readonly revision: number;
}

/** A day on which nothing is known yet. */
export function blankDay(
  of: Pick<SettlementDay, "meter" | "stretch" | "account" | "day"> & { readonly tariff: string },
  from: Bounds,
  startBy: BegunBy,
): SettlementDay {
  return {
    ...of,
    seen: {},
    ...{ from, to: from, startBy, endBy: null },
    ...{ energy: 0n, rates: null, exported: null, version: null, parts: { rates: [], steps: [] }, usedBefore: 0n },
    ...{ micro: 0n, microBefore: 0n, feedInMicro: 0n, feedInMicroBefore: 0n, cost: ZERO_FEN, feedIn: ZERO_FEN },
    ...{ ratesMissing: false, estimated: false, settledBy: null, revision: 0 },
  };
}

/** Ended, whatever is still learned about it. */
export const isClosed = ({ endBy }: Pick<SettlementDay, "endBy">): boolean => endBy !== null;
