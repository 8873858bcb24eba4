/**
 * Why one account is not cut for a time, as a table: who is meant, and what becomes of somebody who is cut already. Each has an end, because
 * what was set and forgotten protects nobody but debts, and is remembered before it ends.
 */
import { later, type Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { AccountId } from "../kernel/ids.ts";
import { startOfDay } from "../ledger/period.ts";

interface ExemptionRow {
  readonly en: string;
  readonly zh: string;
  /** Restored where it is cut; left out: stays as it is. */
  readonly restores?: true;
  /** How far ahead its end may be; left out: as far as any. */
  readonly daysMax?: number;
}

export const exemptionTable = {
  guarantee: { en: "supply is guaranteed", zh: "保电", restores: true },
  medical: { en: "medical devices or care at home", zh: "医疗、护理用电", restores: true },
  important: { en: "important customer", zh: "重要客户" },
  disputed: { en: "the bill is disputed", zh: "电费有争议" },
  // Anybody at the desk who wants a household left alone until he has looked: short, because it asks for no proof.
  hold: { en: "held back by a person", zh: "人工暂缓停电", daysMax: 7 },
  "work-order": { en: "meter under a work order", zh: "工单处理中" },
  conversion: { en: "has just come over from another way to pay", zh: "结算方式转换期" },
} as const satisfies Record<string, ExemptionRow>;

export type ExemptionKind = keyof typeof exemptionTable;
export const exemptionKinds = Object.keys(exemptionTable) as [ExemptionKind, ...ExemptionKind[]];

/** An end that nobody here will live to see is none. */
export const EXEMPTION_DAYS_MAX = 366;
const DAY_MS = 86_400_000;
export const EXEMPTION_REMINDER_MS = 7 * DAY_MS;
/** One that is shorter than the reminder's time is remembered in the last quarter of it. */
const SHORT_SHARE = 4;

export interface Exemption {
  readonly id: string;
  readonly account: AccountId;
  readonly kind: ExemptionKind;
  readonly from: Instant;
  readonly until: Instant;
  readonly reason: string;
  readonly madeBy: string;
  readonly endedAt: Instant | null;
  readonly endedBy: string | null;
  readonly remindedAt: Instant | null;
}

/** A day of the site's zone, meant whole, or a moment with its offset. Throws the Fault. */
export function endOf(text: string | undefined, timeZone: string): Instant {
  if (text === undefined) throw new Fault("exemption-end", { field: "until", problem: "every exemption has an end" });
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return startOfDay(text, timeZone, 1);
  const moment = Date.parse(text);
  if (!/^\d{4}-\d{2}-\d{2}T.*(?:Z|[+-]\d{2}:\d{2})$/.test(text) || Number.isNaN(moment))
    throw new Fault("exemption-end", {
      field: "until",
      given: text,
      allowed: "a day like 2026-12-01, or a moment with its offset",
    });
  return moment as Instant;
}

/** Throws what is wrong with its end. */
export function mustEnd(from: Instant, until: Instant, kind?: ExemptionKind): void {
  if (until <= from) throw new Fault("exemption-end", { field: "until", problem: "it has passed" });
  const row: ExemptionRow | undefined = kind === undefined ? undefined : exemptionTable[kind];
  const daysMax = row?.daysMax ?? EXEMPTION_DAYS_MAX;
  if (until - from > daysMax * DAY_MS)
    throw new Fault("exemption-end", {
      field: "until",
      problem: `more than ${daysMax} days ahead; extend it when that time has come`,
    });
}

export const remindAt = ({ from, until }: Pick<Exemption, "from" | "until">): Instant =>
  until - from > EXEMPTION_REMINDER_MS
    ? later(until, -EXEMPTION_REMINDER_MS)
    : later(until, -Math.floor((until - from) / SHORT_SHARE));

/** By somebody, before its time. That one ended by itself is a note in the books, and no better than the clock by which it was made. */
export const isTakenBack = ({ until, endedAt }: Pick<Exemption, "until" | "endedAt">): boolean =>
  endedAt !== null && endedAt !== until;

export const holds = (exemption: Pick<Exemption, "until" | "endedAt">, now: Instant): boolean =>
  !isTakenBack(exemption) && exemption.until > now;
