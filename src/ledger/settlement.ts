/**
 * From what was seen to a bill: pure, and the same whatever the order in which it was seen.
 *
 *     measured   days of one stretch that follow each other  →  from where to where each counts
 *     priced     days of one account in their order          →  what each costs, rounded once per day of the account
 *
 * A day is settled when the meter's midnights on both sides are known, and never changes after that but by steps that an earlier day
 * moved. Until then it is provisional. Where no midnight comes for three days its readings settle it; a midnight that comes after all
 * settles it anew.
 */
import { Fen } from "../kernel/money.ts";
import { costOfDay, isUnpriced, roundedFen } from "../tariff/cost.ts";
import { dayPlus } from "../tariff/days.ts";
import { stepPeriodStart, versionOn, type Tariff, type TariffVersion, type Tariffs } from "../tariff/tariff.ts";
import { beginnings, boundsOf, totalOf, type BegunBy, type Beginning, type Seen, type Track, type Values } from "./day-points.ts";
import { isClosed, type Bounds, type SettlementDay } from "./settlement-day.ts";

/** Days without their midnights are settled by readings when so many more have passed. */
export const READINGS_SETTLE_AFTER_DAYS = 3;

/** Of one stretch, one day after the other, the first beginning as it stands: each as what was seen says. */
export function measured(days: readonly SettlementDay[], newest: string): readonly SettlementDay[] {
  const [head] = days;
  if (head === undefined) return [];
  const tail = days.at(-1)!;
  // the last one's end is told by days that are not looked at here, or by nobody yet
  const keepsEnd = tail.endBy !== null && tail.endBy !== "close";
  const begun = (track: Track, first: Values | null, next: Values | null, along?: readonly bigint[]) =>
    beginnings(
      days.map(({ seen }) => (track === "total" ? totalOf(seen) : seen[track])),
      {
        first: first === null ? null : { values: first, by: head.startBy },
        next: keepsEnd ? next : null,
        ...(along === undefined ? {} : { along }),
      },
    );
  const ratesAt = ({ total, rates: values }: Bounds): Values | null => (values === null ? null : [total, ...values]);
  const exportedAt = ({ exported: value }: Bounds): Values | null => (value === null ? null : [value]);
  const totals = begun("total", [head.from.total], [tail.to.total]);
  const rates = begun(
    "rates",
    ratesAt(head.from),
    ratesAt(tail.to),
    totals.map((each) => each!.values[0]!),
  );
  const exported = begun("exported", exportedAt(head.from), exportedAt(tail.to));

  return days.map((day, index) => {
    const isLast = index === days.length - 1;
    const endBy = isLast ? day.endBy : totals[index + 1]!.by;
    const next = (list: readonly (Beginning | null)[], kept: Values | null): Values | null =>
      isLast ? (keepsEnd ? kept : null) : (list[index + 1]?.values ?? null);
    const bounds = (seen: Seen | undefined, list: readonly (Beginning | null)[], kept: Values | null) =>
      boundsOf(seen, list[index]?.values ?? null, next(list, kept));
    const total = bounds(totalOf(day.seen), totals, [day.to.total])!;
    const rate = bounds(day.seen.rates, rates, ratesAt(day.to));
    const out = bounds(day.seen.exported, exported, exportedAt(day.to));
    const startBy = totals[index]!.by;
    const from: Bounds = { total: total.from[0]!, rates: rate?.from.slice(1) ?? null, exported: out?.from[0] ?? null };
    const to: Bounds = { total: total.to[0]!, rates: rate?.to.slice(1) ?? null, exported: out?.to[0] ?? null };
    return {
      ...day,
      ...{ from, to, startBy, endBy },
      ...energyBetween(from, to),
      estimated: startBy === "spread" || endBy === "spread" || isEstimate(day) || isEstimate(days[index - 1]),
      settledBy: settledBy({ ...day, startBy, endBy }, newest),
    };
  });
}

const energyBetween = (from: Bounds, to: Bounds): Pick<SettlementDay, "energy" | "rates" | "exported"> => ({
  energy: to.total - from.total,
  rates: to.rates === null ? null : to.rates.map((value, index) => value - from.rates![index]!),
  exported: to.exported === null ? null : to.exported - from.exported!,
});

const isEstimate = (day: SettlementDay | undefined): boolean => day?.seen.estimate !== undefined;
const isKnown = (by: BegunBy | "close" | null): boolean => by === "midnight" || by === "begin" || by === "close";

function settledBy({ startBy, endBy, day, settledBy: before }: SettlementDay, newest: string): SettlementDay["settledBy"] {
  if (endBy === null) return null;
  if (isKnown(startBy) && isKnown(endBy)) return "midnights";
  return before === "readings" || day < dayPlus(newest, -READINGS_SETTLE_AFTER_DAYS) ? "readings" : null;
}

/** What a day is billed by; null: an older program billed it. */
export function versionOf({ tariff, day }: Pick<SettlementDay, "tariff" | "day">, tariffs: Tariffs): TariffVersion | null {
  const found: Tariff | undefined = tariff === null ? undefined : tariffs.get(tariff);
  return found === undefined ? null : versionOn(found, day);
}

/** The site file had its tariff once, and has it no more. */
export const hasLostTariff = (day: Pick<SettlementDay, "tariff" | "day">, tariffs: Tariffs): boolean =>
  day.tariff !== null && versionOf(day, tariffs) === null;

/** Null: its version has no steps. */
export const periodOf = (version: TariffVersion | null, day: string): string | null =>
  version?.steps == null ? null : stepPeriodStart(version.steps, day);

/**
 * All days of an account from the first on, in their order: each with its bill. `used` tells what the account had used from the
 * beginning of a step period up to the first of these days.
 */
export function priced(
  days: readonly SettlementDay[],
  tariffs: Tariffs,
  used: (periodStart: string) => bigint,
): readonly SettlementDay[] {
  let today = { day: "", micro: 0n, feedIn: 0n };
  const done: SettlementDay[] = [];
  for (const day of days) {
    if (day.day !== today.day) today = { day: day.day, micro: 0n, feedIn: 0n };
    const start = periodOf(versionOf(day, tariffs), day.day);
    const before = start === null ? 0n : done.reduce((sum, each) => (each.day >= start ? sum + each.energy : sum), used(start));
    const bill = billed(day, tariffs, { usedBefore: before, microBefore: today.micro, feedInMicroBefore: today.feedIn });
    today = { ...today, micro: today.micro + bill.micro, feedIn: today.feedIn + bill.feedInMicro };
    done.push(bill);
  }
  return done;
}

/** One day, when what comes before it is known. */
export function billed(
  day: SettlementDay,
  tariffs: Tariffs,
  before: Pick<SettlementDay, "usedBefore" | "microBefore" | "feedInMicroBefore">,
): SettlementDay {
  const version = versionOf(day, tariffs);
  // what an older program billed stays; a tariff that the site lost has no prices, and what was charged by it stays charged
  if (version === null) return day.tariff === null ? day : { ...day, ratesMissing: isClosed(day) && !isChargedWhole(day) };
  const { usedBefore, microBefore, feedInMicroBefore } = before;
  const cost = costOfDay(
    version,
    { total: day.energy, rates: day.rates ?? undefined, exported: day.exported ?? undefined },
    usedBefore,
  );
  const feedInMicro = isClosed(day) ? cost.feedIn : 0n; // settled at midnight, since it is owed and not feared
  return {
    ...day,
    ...{ usedBefore, microBefore, feedInMicroBefore },
    version: version.from,
    parts: { rates: cost.rates, steps: cost.steps },
    ...{ micro: cost.micro, feedInMicro },
    cost: roundedPart(microBefore, cost.micro),
    feedIn: roundedPart(feedInMicroBefore, feedInMicro),
    ratesMissing: isClosed(day) && isUnpriced(cost),
  };
}

/** Is the bill that stands there one of all the day's energy? Registers of rates are cut off at 0.01 kWh, each by itself. */
function isChargedWhole({ energy, parts: { rates } }: SettlementDay): boolean {
  const apart = rates.reduce((left, part) => left - part.energy, energy);
  const slack = rates.length > 1 ? BigInt(rates.length) : 0n;
  return apart <= slack && apart >= -slack;
}

/** Of a day that is rounded once, the share of a later stretch. */
const roundedPart = (before: bigint, micro: bigint): Fen => Fen(roundedFen(before + micro) - roundedFen(before));

/** Does anything of it differ that somebody would see or pay? */
export function differs(a: SettlementDay, b: SettlementDay): boolean {
  return written(a) !== written(b);
}
const written = (day: SettlementDay): string =>
  JSON.stringify(day, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
