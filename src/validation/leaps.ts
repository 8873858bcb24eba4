/**
 * An advance that is large for the time that has passed, and not large enough to be doubted, is believed when it was seen twice, a minute
 * or more apart. Pure.
 *
 *     believed 100.00 ──── half an hour ────► 150.00, a leap: put aside, and read again
 *                                               ├─ 150.02   at once: it waits on; a minute later: seen twice, and believed, as any
 *                                               ├─ 100.31   the first was false: judged alone, and no leap
 *                                               └─ 171.40   another leap: this one waits now
 *
 * A frame that was broken on its way and still fits its sum, an answer of another meter, two meters that changed places: each is found
 * by asking once more, which costs some exchanges, where a wrong belief costs a bill that only a person can put right. So the measure is
 * narrow: hardly anybody is asked twice, and whoever really used so much is billed a minute later. A minute, since whatever broke one answer may
 * still stand when it is asked again in the same breath.
 *
 * What one gateway has seen once is kept in its memory (energy-gate.ts): after a restart it is read once more, and nothing else is lost.
 */
import { hours, minutes, type Instant } from "../kernel/clock.ts";
import { countedOf, type Believed, type DayRow } from "./believed.ts";
import type { Measure } from "./gate.ts";
import { median, usesOf } from "./typical.ts";

/** What a meter said once, as it was counted. */
export interface SeenOnce {
  readonly counted: bigint;
  readonly takenAt: Instant;
}

/** So far apart two looks have to be to bear each other out. A second one that contradicts the first may come at once. */
export const APART_MS = minutes(1);

const DAY_MS = hours(24);
const LAST_DAYS = 14;
/** Of what a meter can carry, as long as nobody knows what it uses: of 60 A 5 kW. */
const SHARE_OF_UNKNOWN = 10n;
/** 0.01 kWh by which two that are read one after the other may differ, however fast: clocks and steps. */
const A_LITTLE = 50n;

const perDay = (days: bigint, ms: number): bigint => (days * BigInt(Math.abs(ms))) / BigInt(DAY_MS);

/** Whether days have to be known at all. Cheap: what no measure calls a leap is hardly ever more. */
export const mayBeLeap = (used: bigint, ms: number, { settings }: Measure): boolean =>
  used > settings.leapFree + perDay(settings.leapPerDay, ms);

export interface Usual {
  /** Oldest first; may be none. */
  readonly days: readonly DayRow[];
  readonly peersTypical: bigint | null;
}

/** The most that is believed at once after so long. What is usual is a median of however few days: it is only ever asked to be generous. */
export function leapLimit(ms: number, { days, peersTypical }: Usual, { settings, limits }: Measure): bigint {
  const usual = median(
    usesOf(days)
      .slice(-LAST_DAYS)
      .map(({ energy }) => energy),
  );
  const known = usual ?? peersTypical;
  const most = known === null ? (limits.stepsPerHour * 24n) / SHARE_OF_UNKNOWN : known * settings.leapTimes;
  return settings.leapFree + perDay(most > settings.leapPerDay ? most : settings.leapPerDay, ms);
}

export function isLeap(to: SeenOnce, newest: Believed, usual: Usual, measure: Measure): boolean {
  return to.counted - countedOf(newest) > leapLimit(to.takenAt - newest.takenAt, usual, measure);
}

/**
 * Do the two bear each other out? The later one lies at the earlier one or above it, by no more than can have flowed between them and by no
 * leap of its own. A midnight fetched after a poll is the earlier of the two.
 */
export function agree(one: SeenOnce, other: SeenOnce, usual: Usual, measure: Measure): boolean {
  const [first, second] = other.takenAt < one.takenAt ? [other, one] : [one, other];
  const ms = second.takenAt - first.takenAt;
  const flows = A_LITTLE + (measure.limits.stepsPerHour * BigInt(ms)) / BigInt(hours(1));
  const limit = leapLimit(ms, usual, measure);
  const more = second.counted - first.counted;
  return more >= 0n && more <= (flows < limit ? flows : limit);
}
