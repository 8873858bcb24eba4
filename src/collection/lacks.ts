/**
 * What a meter has said it has not. It is believed, and asked again seldom: a meter that gets a new firmware, or a meter of whose first
 * midnight there simply was no freeze yet, is not given up for ever, and a street of old meters does not answer "no data" every night.
 */
import { minutes, type Instant } from "../kernel/clock.ts";
import { DAY_MS } from "./days.ts";

export type Lacking = "daily-freeze" | "exported" | "hourly-freeze" | `event/${string}`;

/** Plain JSON: what, how often it said so in a row, and when last. */
export type Lacks = Readonly<Partial<Record<Lacking, { readonly times: number; readonly at: number }>>>;

const MONTH_MS = 30 * DAY_MS;
/** A meter that never froze may do so at the next midnight, or hour; it has three of them to show it. */
const CHANCES = 3;
const NEXT_CHANCE_MS: Readonly<Partial<Record<Lacking, number>>> = { "daily-freeze": DAY_MS / 2, "hourly-freeze": minutes(50) };

/** True where it need not be asked now. */
export function isLacking(lacks: Lacks, what: Lacking, now: Instant): boolean {
  const known = lacks[what];
  if (known === undefined) return false;
  const restMs = known.times < CHANCES ? (NEXT_CHANCE_MS[what] ?? MONTH_MS) : MONTH_MS;
  return Math.abs(now - known.at) < restMs; // a clock that was set back asks again
}

export const noteLacking = (lacks: Lacks, what: Lacking, now: Instant): Lacks => ({
  ...lacks,
  [what]: { times: (lacks[what]?.times ?? 0) + 1, at: now },
});

export function noteHaving(lacks: Lacks, what: Lacking): Lacks {
  if (lacks[what] === undefined) return lacks;
  const { [what]: _had, ...rest } = lacks;
  return rest;
}
