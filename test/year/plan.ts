/**
 * A year, drawn from its seed: the households of a month with a class, a habit and an exemption each, and what is to befall them, their
 * lines and whoever carries messages. Plain data; nothing here knows how it is played.
 */
import { hours, Instant, later } from "../../src/kernel/clock.ts";
import { seededChance, type Chance } from "../../src/kernel/chance.ts";
import type { MeterPlan } from "../../simulator/plans.ts";
import { dayAfter } from "../oracle/calendar.ts";
import { lieKinds } from "../months/lies.ts";
import { DAY_MS, METERS_PER_LINE, drawHousehold, type Household, type Month, type Trouble } from "../months/plan.ts";
import { between, happens, weighed } from "../storms/draws.ts";
import { classTable, type ClassName } from "./classes.ts";
import { habitTable, type HabitName } from "./habits.ts";
import { tariffsOfYear } from "./tariffs.ts";

export const FIRST_DAY = "2027-01-01";
/** Nothing befalls anybody any more, so that what is late comes. */
export const CALM_DAYS = 2;

export interface YearWish {
  readonly seed: number;
  readonly households: number;
  readonly days: number;
}

export type ExemptKind = "medical" | "guarantee" | "important";
export interface Exempt {
  readonly kind: ExemptKind;
  readonly from: Instant;
  readonly until: Instant;
}

export interface Home extends Household {
  readonly class: ClassName;
  readonly habit: HabitName;
  readonly hasContact: boolean;
  readonly exempt: Exempt | null;
  /** Which meter takes the place of the first, and when somebody comes with it. */
  readonly replaced: { readonly at: Instant; readonly spare: MeterPlan } | null;
}

/** From a moment on for so long; null: whoever carries messages. */
export interface Outage {
  readonly line: string | null;
  readonly at: Instant;
  readonly ms: number;
}

export interface Year extends Month {
  readonly homes: readonly Home[];
  readonly outages: readonly Outage[];
}

/** How often in a year; the days that are played have their share of it, and at least a little. */
const A_YEAR = { silences: 3, powerFailures: 1, lies: 1.2, oddDays: 0.3, lineOutages: 2, channelOutages: 4 };
const YEAR_MS = 365 * DAY_MS;
const REPLACED_SHARE = 0.12;
const EXEMPT_SHARE = 0.08;
const NO_CONTACT_SHARE = 0.02;
const EXEMPT_KINDS = { medical: 2, guarantee: 2, important: 1 } as const;
const SPARES_BEGIN = 500_000;

export function drawYear(wish: YearWish): Year {
  const chance = seededChance(`year/${wish.seed}`);
  const firstMidnight = Instant(Date.parse(`${FIRST_DAY}T00:00:00+08:00`));
  const days = [FIRST_DAY];
  while (days.length < wish.days) days.push(dayAfter(days.at(-1)!));
  const tariffs = tariffsOfYear((n) => days[n]!, wish.days);
  const lines = Array.from({ length: Math.ceil(wish.households / METERS_PER_LINE) }, (_, n) => `line-${n + 1}`);
  const drawn = chance.child("households");
  const span: Span = { from: firstMidnight, ms: (wish.days - CALM_DAYS) * DAY_MS };
  const homes = Array.from({ length: wish.households }, (_, n) =>
    drawHome(drawHousehold(drawn, { n, line: lines[n % lines.length]!, tariffs }), chance.child(`home/${n}`), span),
  );
  const startAt = later(firstMidnight, -hours(2));
  const troubles = homes
    .flatMap((home) => drawTroubles(home, chance.child(`troubles/${home.account}`), span))
    .sort((a, b) => a.at - b.at);
  const outages = drawOutages(lines, chance.child("outages"), span);
  return { wish, startAt, firstMidnight, days, lines, tariffs, households: homes, homes, troubles, outages };
}

interface Span {
  readonly from: Instant;
  readonly ms: number;
}

const shares = <Name extends string>(table: Readonly<Record<Name, { readonly share: number }>>): Record<Name, number> =>
  Object.fromEntries(Object.entries<{ share: number }>(table).map(([name, { share }]) => [name, share])) as Record<Name, number>;

function drawHome(household: Household, chance: Chance, span: Span): Home {
  const { address, isRemote, plan } = household;
  const moment = (from: number, to: number): Instant => later(span.from, Math.round(between(chance, from, to) * span.ms));
  const exempt = happens(chance, EXEMPT_SHARE) && isRemote ? drawExempt(chance, moment) : null;
  const isReplaced = happens(chance, REPLACED_SHARE);
  return {
    ...household,
    class: isRemote ? weighed(chance, shares(classTable)) : "residential",
    habit: isRemote ? weighed(chance, shares(habitTable)) : "steady",
    hasContact: !happens(chance, NO_CONTACT_SHARE),
    exempt,
    replaced: isReplaced ? { at: moment(0.15, 0.9), spare: spareOf(plan, address, chance) } : null,
  };
}

const drawExempt = (chance: Chance, moment: (from: number, to: number) => Instant): Exempt => ({
  kind: weighed(chance, EXEMPT_KINDS),
  from: moment(0.05, 0.5),
  until: moment(0.6, 0.95),
});

/** Uses nothing until it hangs on the wall. */
function spareOf(old: MeterPlan, address: string, chance: Chance): MeterPlan {
  return {
    ...old,
    address: String(Number(address) + SPARES_BEGIN),
    customerNumber: `00${address.slice(2)}`,
    energyKwh: `${Math.floor(between(chance, 0, 40))}.00`,
    loadKw: 0,
    ...(old.balance === undefined ? {} : { balance: "0.00", purchaseCount: Math.floor(between(chance, 0, 3)) }),
  };
}

function drawTroubles({ address: meter, isRemote }: Home, chance: Chance, { from, ms }: Span): Trouble[] {
  const share = ms / YEAR_MS;
  const moment = (roomMs: number): Instant => later(from, Math.round(between(chance, DAY_MS, Math.max(DAY_MS + 1, ms - roomMs))));
  /** So many, the last by luck. */
  const times = (aYear: number): number => Math.floor(aYear * share) + (happens(chance, (aYear * share) % 1) ? 1 : 0);
  const each = (aYear: number, draw: () => Trouble): Trouble[] => Array.from({ length: times(aYear) }, draw);
  const lasting = (least: number, most: number): { at: Instant; ms: number } => {
    const long = Math.round(between(chance, hours(least), hours(most)));
    return { at: moment(long), ms: long };
  };
  return [
    ...each(A_YEAR.silences, () => ({ kind: "silence", meter, ...lasting(1, 12) })),
    ...each(A_YEAR.powerFailures, () => ({ kind: "power", meter, ...lasting(1, 6) })),
    ...each(A_YEAR.lies, () => ({
      ...{ kind: "lie", meter, at: moment(DAY_MS), ms: 0, lie: weighed(chance, lieKinds) },
      about: happens(chance, 0.75) ? "poll" : "freeze",
    })),
    // Guests and a heater, or nobody at home.
    ...each(isRemote ? A_YEAR.oddDays : 0, () => ({
      ...{ kind: "outlier", meter, ...lasting(20, 60) },
      loadKw: happens(chance, 0.5) ? 0.02 : Math.round(between(chance, 20, 45)) / 10,
    })),
  ];
}

function drawOutages(lines: readonly string[], chance: Chance, { from, ms }: Span): Outage[] {
  const aTime = (line: string | null): Outage => {
    const long = Math.round(between(chance, hours(1), hours(10)));
    return { line, ms: long, at: later(from, Math.round(between(chance, DAY_MS, Math.max(DAY_MS + 1, ms - long)))) };
  };
  const times = (aYear: number): number => Math.max(1, Math.round((aYear * ms) / YEAR_MS));
  return [
    ...lines.flatMap((line) => Array.from({ length: times(A_YEAR.lineOutages) }, () => aTime(line))),
    ...Array.from({ length: times(A_YEAR.channelOutages) }, () => aTime(null)),
  ];
}
