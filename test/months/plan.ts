/**
 * A month, drawn from its seed: households with their tariffs and meters, and everything that is to befall them. Plain data; nothing here
 * knows how it is played.
 *
 * Nobody uses anything before the first midnight, so that every account begins with a whole day and the truth needs no footnote.
 */
import { hours, Instant, later, minutes } from "../../src/kernel/clock.ts";
import { seededChance, type Chance } from "../../src/kernel/chance.ts";
import type { MeterPlan } from "../../simulator/street.ts";
import type { OracleTariff } from "../oracle/oracle.ts";
import { dayAfter } from "../oracle/calendar.ts";
import { between, happens, weighed } from "../storms/draws.ts";
import { lieKinds, type LieKind } from "./lies.ts";
import { tablesOf, tariffsOf, type TariffName } from "./tariffs.ts";

export const TIME_ZONE = "Asia/Shanghai";
export const FIRST_DAY = "2026-11-02";
export const DAY_MS = hours(24);
export const METERS_PER_LINE = 40;

export interface MonthWish {
  readonly seed: number;
  readonly households: number;
  readonly days: number;
}

export interface Household {
  readonly address: string;
  readonly account: string;
  readonly line: string;
  readonly tariff: TariffName;
  readonly isRemote: boolean;
  readonly plan: MeterPlan;
}

/** Something that befalls a meter, a pair of meters or a line, from a moment on and for so long. */
export type Trouble = { readonly at: Instant; readonly ms: number } & (
  | { readonly kind: "silence" | "power" | "twin" | "idle"; readonly meter: string }
  | { readonly kind: "swapped"; readonly meter: string; readonly with: string }
  | { readonly kind: "outlier"; readonly meter: string; readonly loadKw: number }
  | { readonly kind: "lie"; readonly meter: string; readonly lie: LieKind; readonly about: "poll" | "freeze" }
);

export interface Month {
  readonly wish: MonthWish;
  /** Two hours before the first midnight. */
  readonly startAt: Instant;
  readonly firstMidnight: Instant;
  /** Whole days that are played, and looked at. */
  readonly days: readonly string[];
  readonly lines: readonly string[];
  readonly tariffs: Readonly<Record<TariffName, OracleTariff>>;
  readonly households: readonly Household[];
  readonly troubles: readonly Trouble[];
}

const TARIFF_WEIGHTS: Readonly<Record<TariffName, number>> = {
  ...{ flat: 30, yearly: 20, monthly: 10, rates: 15, "stepped-rates": 15 },
  ...{ wallet: 6, "wallet-rates": 4 },
};
const SOLAR_SHARE = 0.2;
const OFFLINE_SHARE = 0.1;
const OFFLINE_MS = hours(6);
const OUTLIER_SHARE = 0.05;
const IDLE_SHARE = 0.03;
/** Households whose meter tells one false register or more. */
const LIED_ABOUT_SHARE = 0.2;
/** Twins, and pairs that were swapped. */
const CONFUSED_SHARE = 0.01;

export function drawMonth(wish: MonthWish): Month {
  const chance = seededChance(`month/${wish.seed}`);
  const firstMidnight = Instant(Date.parse(`${FIRST_DAY}T00:00:00+08:00`));
  const days = [FIRST_DAY];
  while (days.length < wish.days) days.push(dayAfter(days.at(-1)!));
  const tariffs = tariffsOf((n) => days[n]!, wish.days);
  const lines = Array.from({ length: Math.ceil(wish.households / METERS_PER_LINE) }, (_, n) => `line-${n + 1}`);
  const drawn = chance.child("households");
  const households = Array.from({ length: wish.households }, (_, n) =>
    drawHousehold(drawn, { n, line: lines[n % lines.length]!, tariffs }),
  );
  const startAt = later(firstMidnight, -hours(2));
  const month = { wish, startAt, firstMidnight, days, lines, tariffs, households };
  return { ...month, troubles: drawTroubles(month, chance.child("troubles")) };
}

export function drawHousehold(
  chance: Chance,
  { n, line, tariffs }: { n: number; line: string; tariffs: Month["tariffs"] },
): Household {
  const address = String(202_611_220_001 + n);
  const tariff = weighed(chance, TARIFF_WEIGHTS);
  const isRemote = !tariff.startsWith("wallet");
  const hasSun = happens(chance, SOLAR_SHARE) && isRemote;
  const plan: MeterPlan = {
    address,
    bus: line,
    model: isRemote ? "remote-ledger" : "standard-wallet",
    energyKwh: `${Math.floor(between(chance, 0, 90_000))}.${String(Math.floor(between(chance, 0, 100))).padStart(2, "0")}`,
    clockDriftPpm: Math.round(between(chance, -4, 4)),
    ...tablesOf(tariff, tariffs[tariff]),
    ...(isRemote ? {} : { balance: "9000.00" }),
    ...(hasSun ? { solarKw: Math.round(between(chance, 1, 5) * 10) / 10 } : {}),
  };
  return { address, account: address.slice(2), line, tariff, isRemote, plan };
}

function drawTroubles(month: Omit<Month, "troubles">, chance: Chance): Trouble[] {
  const { households, firstMidnight, wish } = month;
  const lengthMs = wish.days * DAY_MS;
  /** From the second day on: the first lets everybody be seen. */
  const moment = (roomMs: number): Instant =>
    later(firstMidnight, Math.round(between(chance, DAY_MS, Math.max(DAY_MS + 1, lengthMs - roomMs))));
  const midnight = (): Instant => later(firstMidnight, DAY_MS * (2 + Math.floor(chance.next() * Math.max(1, wish.days - 3))));
  const troubles: Trouble[] = [];

  for (const { address: meter } of somewhere(chance, households, OFFLINE_SHARE)) {
    // Half of them across a midnight, which is the moment that matters.
    const at = happens(chance, 0.5) ? later(midnight(), -Math.round(between(chance, minutes(10), hours(5.5)))) : moment(DAY_MS);
    troubles.push({ kind: happens(chance, 0.8) ? "silence" : "power", meter, at, ms: OFFLINE_MS });
  }
  // Those whose use is odd are odd for whole days, in the second half, when it is known what is usual for them.
  const odd = somewhere(chance, households, OUTLIER_SHARE + IDLE_SHARE);
  const outliers = Math.round(households.length * OUTLIER_SHARE);
  for (const [n, { address: meter }] of odd.entries()) {
    const day = Math.floor(between(chance, wish.days / 2, Math.max(wish.days / 2, wish.days - 2)));
    const at = later(firstMidnight, day * DAY_MS + minutes(1));
    if (n < outliers)
      troubles.push({ kind: "outlier", meter, at, ms: 2 * DAY_MS, loadKw: Math.round(between(chance, 25, 60)) / 10 });
    else troubles.push({ kind: "idle", meter, at: later(firstMidnight, DAY_MS * 2), ms: lengthMs });
  }
  const plain = households.filter(({ address }) => !odd.some((each) => each.address === address));
  const confused = somewhere(chance, plain, CONFUSED_SHARE * 2);
  for (const [n, one] of confused.entries()) {
    const at = later(moment(3 * DAY_MS), 0);
    const other = plain.find(
      ({ address, line, isRemote }) =>
        line === one.line && isRemote === one.isRemote && !confused.some((each) => each.address === address),
    );
    if (n % 2 === 0 || other === undefined) troubles.push({ kind: "twin", meter: one.address, at, ms: hours(20) });
    else {
      troubles.push({ kind: "swapped", meter: one.address, with: other.address, at, ms: hours(20) });
      confused.push(other);
    }
  }
  const calm = plain.filter(({ address }) => !confused.some((each) => each.address === address));
  for (const { address: meter } of somewhere(chance, calm, LIED_ABOUT_SHARE)) {
    const told = new Set<LieKind>();
    for (let lies = 1 + Math.floor(chance.next() * 3); lies > 0; lies -= 1) {
      const at = moment(DAY_MS);
      const lie = weighed(chance, lieKinds);
      const about = happens(chance, 0.75) ? "poll" : "freeze";
      // What a meter says of one midnight twice, minutes apart, is what it keeps; and two that are due by then are told of the same one.
      if (about === "poll" || !told.has(lie)) troubles.push({ ...{ kind: "lie", meter, at, ms: 0 }, lie, about });
      if (about === "freeze") told.add(lie);
    }
  }
  return troubles.sort((a, b) => a.at - b.at);
}

/** A share of them, drawn without drawing one twice. */
function somewhere(chance: Chance, from: readonly Household[], share: number): Household[] {
  const left = [...from];
  return Array.from(
    { length: Math.min(left.length, Math.max(1, Math.round(from.length * share))) },
    () => left.splice(Math.floor(chance.next() * left.length), 1)[0]!,
  );
}
