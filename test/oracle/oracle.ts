/**
 * What energy costs, worked out a second time: an independent witness against which billing is tested.
 *
 * It takes the very form in which a site file writes tariffs, and the true registers of the meters that hung at an account. Then it walks:
 * every hundredth of a kWh is one unit, and each unit is looked at alone (which rate register counted it, how many units the account had
 * before it in its step period) and drops its price into the jar of its day. One unit at 0.5283 yuan per kWh is 5283 millionths of a yuan,
 * so the jar is exact. At midnight the jar is counted out fen by fen, and what is left is rounded once, half up.
 *
 * Written from the trade's rules alone; it shares no line and no idea of procedure with the product, and it is slow. It knows only
 * whole truth: readings that are late, torn or missing are the business of whoever is compared with it.
 */
import { beginOf, dayAfter, dayOf, daysBetween, periodStart } from "./calendar.ts";

export interface OracleSteps {
  readonly every: "year" | "month";
  readonly startsOn: string | number;
  readonly upTo: readonly string[];
  readonly add: readonly string[];
}

export interface OracleVersion {
  readonly from: string;
  readonly price?: string;
  readonly rates?: {
    readonly prices: readonly string[];
    readonly day?: readonly string[];
    readonly holidays?: { readonly days: readonly string[]; readonly day: readonly string[] };
  };
  readonly steps?: OracleSteps;
}

/** As the site file writes it, with versions. */
export interface OracleTariff {
  readonly exported?: string;
  readonly versions: readonly OracleVersion[];
}

/** What a meter shows at a moment, in hundredths of a kWh. */
export interface Registers {
  readonly total: number;
  /** The first rate first; left out by a meter that counts no rates. */
  readonly rates?: readonly number[];
  readonly exported?: number;
}

/** A meter at the account, from a moment until another; its registers at any moment in between, both ends among them. */
export interface Fitting {
  readonly from: number;
  readonly until: number;
  readonly registers: (at: number) => Registers;
}

export interface OracleAccount {
  readonly zone: string;
  /** Which tariff the account has from which day on; the first covers all before it. */
  readonly tariffs: readonly { readonly from: string; readonly tariff: OracleTariff }[];
  readonly fittings: readonly Fitting[];
}

export interface OracleDay {
  readonly day: string;
  /** The version that was in force, by its first day. */
  readonly version: string;
  /** Hundredths of a kWh. */
  readonly units: number;
  readonly byRate: readonly number[];
  readonly byStep: readonly number[];
  readonly exported: number;
  /** Fen. */
  readonly cost: number;
  readonly feedIn: number;
}

/** "0.5283" → 5283 millionths of a yuan for each unit of 0.01 kWh; "2880.00" → 288000 units. */
const decimal = (text: string, places: number): number => {
  const [whole, fraction = ""] = text.split(".");
  return Number(`${whole!}${fraction.padEnd(places, "0")}`);
};
export const perUnit = (price: string): number => decimal(price, 4);
export const unitsOf = (kWh: string): number => decimal(kWh, 2);

/** The one in force on a day: the last that has begun, or the first of all. */
export function inForce<T extends { readonly from: string }>(versions: readonly T[], day: string): T {
  let found = versions[0]!;
  for (const version of versions) if (version.from <= day) found = version;
  return found;
}

/** Counts out a jar of millionths of a yuan, fen by fen (10,000 each); half a fen and more is one more. */
export function countOut(jar: number): number {
  let fen = 0;
  let left = jar;
  while (left >= 10_000) {
    left -= 10_000;
    fen += 1;
  }
  return left >= 5_000 ? fen + 1 : fen;
}

/** Bills every day from one to another, both among them. Steps count the account's energy since their period began, as far back as a meter hung there. */
export function billDays(account: OracleAccount, first: string, last: string): OracleDay[] {
  const counted = new Map<string, number>();
  const begun = dayOf(Math.min(...account.fittings.map(({ from }) => from)), account.zone);
  const before = (day: string, steps: OracleSteps): number => {
    let units = 0;
    const start = periodStart(day, steps.every, steps.startsOn);
    for (let past = start > begun ? start : begun; past < day; past = dayAfter(past)) {
      let known = counted.get(past);
      if (known === undefined) counted.set(past, (known = used(account, past).total));
      units += known;
    }
    return units;
  };
  return daysBetween(first, last).map((day) => {
    const { tariff } = inForce(account.tariffs, day);
    const version = inForce(tariff.versions, day);
    const { total, rates, exported } = used(account, day);
    counted.set(day, total);

    let jar = 0;
    const byRate: number[] = [];
    const prices = pricesOf(version);
    for (const [number, price] of prices.entries()) {
      const units = prices.length === 1 ? total : rateUnits(rates, number, day);
      const each = perUnit(price);
      for (let unit = 0; unit < units; unit += 1) jar += each;
      byRate.push(units);
    }
    const byStep: number[] = [];
    if (version.steps !== undefined) {
      const [upTo, add] = [version.steps.upTo.map(unitsOf), version.steps.add.map(perUnit)];
      byStep.push(...add.map(() => 0));
      let had = before(day, version.steps);
      for (let unit = 0; unit < total; unit += 1) {
        had += 1;
        let step = 0;
        while (step < upTo.length && upTo[step]! < had) step += 1;
        byStep[step]! += 1;
        jar += add[step]!;
      }
    }
    let fed = 0;
    const paid = perUnit(tariff.exported ?? "0");
    for (let unit = 0; unit < exported; unit += 1) fed += paid;
    return { day, version: version.from, units: total, byRate, byStep, exported, cost: countOut(jar), feedIn: countOut(fed) };
  });
}

/** With one price there is one rate, and the total is all of it. */
const pricesOf = (version: OracleVersion): readonly string[] => version.rates?.prices ?? [version.price!];

function rateUnits(rates: readonly number[] | undefined, number: number, day: string): number {
  const units = rates?.[number];
  if (units === undefined) throw new Error(`${day}: priced by rates, and the meter counts none`);
  return units;
}

/** What the meters of the account counted in a day, each as long as it hung there. */
function used(account: OracleAccount, day: string): { total: number; rates?: readonly number[]; exported: number } {
  const [begin, end] = [beginOf(day, account.zone), beginOf(dayAfter(day), account.zone)];
  let [total, exported] = [0, 0];
  let rates: number[] | undefined;
  for (const { from, until, registers } of account.fittings) {
    const [start, stop] = [Math.max(begin, from), Math.min(end, until)];
    if (start >= stop) continue;
    const [old, now] = [registers(start), registers(stop)];
    total += now.total - old.total;
    exported += (now.exported ?? 0) - (old.exported ?? 0);
    rates = now.rates?.map((register, n) => (rates?.[n] ?? 0) + register - old.rates![n]!) ?? rates;
  }
  return { total, exported, ...(rates === undefined ? {} : { rates }) };
}

/** Energy and money of all days together. */
export function totalsOf(days: readonly OracleDay[]): { units: number; cost: number; exported: number; feedIn: number } {
  const sum = (of: (day: OracleDay) => number): number => days.reduce((all, day) => all + of(day), 0);
  return {
    units: sum(({ units }) => units),
    cost: sum(({ cost }) => cost),
    exported: sum((d) => d.exported),
    feedIn: sum((d) => d.feedIn),
  };
}
