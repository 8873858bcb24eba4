/**
 * Times in which nobody is cut because somebody has said so: the weather is bad, an outage is planned. Rows with an end, for the whole site, a
 * class, a feeder or a bus; they count beside the windows of the site file, and like those hold back cuts of the rules alone, never a restore.
 *
 * Pure. One that was said is never edited: bad weather that lasts is said again, and what was said too much a person ends, with a reason.
 */
import { later, type Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { startOfDay } from "../ledger/period.ts";
import type { WindowCode } from "./calendar.ts";

interface NoCutRow {
  readonly en: string;
  readonly zh: string;
  /** How far from now its end may be; left out: as far as one likes. */
  readonly aheadDaysMax?: number;
  /** How long it may last; left out: as long as its end may be away. */
  readonly daysMax?: number;
}

/** Numbers are ours: nobody knows the weather of next week, and works of more than a month are said month by month. */
export const noCutTable = {
  "bad-weather": { en: "the weather is bad", zh: "恶劣天气", aheadDaysMax: 7 },
  maintenance: { en: "an outage is planned", zh: "计划停电检修期间", daysMax: 31 },
} as const satisfies Partial<Record<WindowCode, NoCutRow>>;

export type NoCutKind = keyof typeof noCutTable;
export const noCutKinds = Object.keys(noCutTable) as [NoCutKind, ...NoCutKind[]];

export const noCutStates = ["standing", "coming", "past"] as const;
export type NoCutState = (typeof noCutStates)[number];

export interface NoCutSpan {
  readonly id: string;
  readonly kind: NoCutKind;
  /** "site", "class residential", "feeder transformer-7", "bus tcp-1". */
  readonly scope: string;
  readonly from: Instant;
  readonly until: Instant;
  readonly reason: string;
  readonly saidAt: Instant;
  readonly saidBy: string;
  /** Before its time, by somebody. */
  readonly endedAt: Instant | null;
  readonly endedBy: string | null;
  readonly endReason: string | null;
}

/** Where a meter hangs and whose it is. One that no feeder is named of is fed by its bus, as where restores are spread. */
export interface Place {
  readonly class: string | null;
  readonly bus: string | null;
  readonly feeder?: string | undefined;
}
export const WHOLE_SITE = "site";
export const scopeKinds = ["class", "feeder", "bus"] as const;
export type ScopeKind = (typeof scopeKinds)[number];
export const scopeOf = (kind: ScopeKind, name: string): string => `${kind} ${name}`;

export function scopesOver({ class: className, bus, feeder = bus ?? undefined }: Place): readonly string[] {
  const named = { class: className, feeder, bus };
  return [WHOLE_SITE, ...scopeKinds.flatMap((kind) => (named[kind] == null ? [] : [scopeOf(kind, named[kind])]))];
}

type Times = Pick<NoCutSpan, "from" | "until" | "saidAt" | "endedAt">;

/** What was said for now has begun for every gateway, whatever its own clock shows. */
const hasBegun = ({ from, saidAt }: Times, now: Instant): boolean => from <= saidAt || from <= now;
export const isOver = ({ until, endedAt }: Times, now: Instant): boolean => endedAt !== null || until <= now;
export const isHolding = (span: Times, now: Instant): boolean => !isOver(span, now) && hasBegun(span, now);
export const stateOf = (span: Times, now: Instant): NoCutState =>
  isOver(span, now) ? "past" : hasBegun(span, now) ? "standing" : "coming";

/** It held at that moment, as it stood then: what was said or ended afterwards changes nothing of it. */
export const wasHolding = ({ from, until, saidAt, endedAt }: Times, at: Instant): boolean =>
  saidAt <= at && (from <= saidAt || from <= at) && at < until && (endedAt === null || at < endedAt);

/** Until when, as far as is said now, nobody is cut who could be at this moment; null: he could. */
export const heldUntil = (spans: readonly NoCutSpan[], at: Instant): Instant | null =>
  spans.reduce<Instant | null>(
    (latest, span) => (isHolding(span, at) && (latest === null || span.until > latest) ? span.until : latest),
    null,
  );

export interface NoCutWish {
  readonly kind: NoCutKind;
  /** A day, meant whole, or a moment. `from` left out: now. */
  readonly from: string | undefined;
  readonly until: string | undefined;
}

/** From when to when; throws the Fault that names what is wrong. What is said to have begun already begins now. */
export function timesOf({ kind, from, until }: NoCutWish, now: Instant, timeZone: string): Pick<NoCutSpan, "from" | "until"> {
  if (until === undefined) throw wrong("until", "nobody is held back for ever: every one has an end");
  const begins = from === undefined ? now : momentOf(from, "from", timeZone, 0);
  const times = { from: begins > now ? begins : now, until: momentOf(until, "until", timeZone, 1) };
  const { aheadDaysMax, daysMax }: NoCutRow = noCutTable[kind];
  if (times.until <= times.from) throw wrong("until", times.until <= now ? "it has passed" : "it is not after from");
  if (aheadDaysMax !== undefined && times.until > later(now, aheadDaysMax * DAY_MS))
    throw wrong("until", `more than ${aheadDaysMax} days ahead; say it again when that time has come`);
  if (daysMax !== undefined && times.until > later(times.from, daysMax * DAY_MS))
    throw wrong("until", `more than ${daysMax} days after from; say what comes after them as another one`);
  return times;
}

const DAY_MS = 86_400_000;
const wrong = (field: "from" | "until", problem: string): Fault => new Fault("no-cut-span", { field, problem });

function momentOf(text: string, field: "from" | "until", timeZone: string, wholeDays: number): Instant {
  const allowed = "a day like 2026-12-01, or a moment with its offset like 2026-12-01T18:00:00+08:00";
  if (/^\d{4}-\d{2}-\d{2}$/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString().startsWith(text))
    return startOfDay(text, timeZone, wholeDays);
  const moment = Date.parse(text);
  if (!/^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text) || Number.isNaN(moment))
    throw new Fault("no-cut-span", { field, given: text, allowed });
  return moment as Instant;
}
