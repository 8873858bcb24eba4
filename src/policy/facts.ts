/** The picture a decision is made from: what rows show of one account and its meter, at one moment. */
import type { Instant } from "../kernel/clock.ts";
import { dayNumberOf } from "../kernel/clock.ts";
import { Fen } from "../kernel/money.ts";
import type { ExemptionKind } from "./exemptions.ts";
import { isOver, type NoCutSpan } from "./no-cuts.ts";
import type { RemoteMeter } from "./policy-store.ts";

/** The newest notice of a cut that was delivered. */
export interface DeliveredNotice {
  readonly at: Instant;
  readonly deliveredAt: Instant;
  /** The balance that it told. */
  readonly available: Fen;
}

export interface Facts {
  readonly now: Instant;
  /** What the customer may still use, in the ledger. */
  readonly available: Fen;
  readonly relay: "unknown" | "connected" | "armed" | "disconnected";
  /** Bit 6 of word 3 as last seen. */
  readonly order: "connect" | "disconnect" | null;
  /** A cut by the rules has left, and nobody has seen the relay since: whatever it showed before, it may be open. Left out: no. */
  readonly mayBeCut?: boolean;
  readonly cutBy: "person" | "rule" | null;
  readonly protectedSupply: boolean;
  readonly identity: "unread" | "confirmed" | "quarantined";
  readonly disputed: boolean;
  /** When the energy that was charged last was read; null: never. */
  readonly readAt: Instant | null;
  /** What the meter shows is not believed, and nobody is charged for it; or what was charged was estimated. */
  readonly readingInDoubt: boolean;
  /** The meter shows less now than the register that was believed and charged: one of the two is false. */
  readonly registerContradicted: boolean;
  readonly exemptions: readonly { readonly kind: ExemptionKind; readonly until: Instant }[];
  /** What somebody has said of bad weather and outages here, and is not over; also what has not begun. */
  readonly noCuts: readonly NoCutSpan[];
  readonly hasContact: boolean;
  readonly notice: DeliveredNotice | null;
  /** When the newest payment was taken. */
  readonly paidAt: Instant | null;
  /** Since when a cut would be due by the balance alone; null: it was not when somebody looked last. */
  readonly arrearsSince: Instant | null;
  /** Null: no day was billed yet. */
  readonly meanDailyCost: Fen | null;
}

export interface DayCost {
  readonly day: string;
  readonly cost: Fen;
}

const DAY_MS = 86_400_000;
export const MEAN_DAYS = 7;

export const factsOf = (picture: RemoteMeter, now: Instant, timeZone: string, hasContact: boolean): Facts => ({
  now,
  available: picture.available,
  relay: picture.relay,
  order: picture.order,
  mayBeCut: picture.mayBeCut ?? false,
  cutBy: picture.cutBy,
  protectedSupply: picture.protectedSupply,
  identity: picture.identity,
  disputed: picture.disputed,
  readAt: picture.readAt,
  readingInDoubt: picture.readingInDoubt ?? false,
  registerContradicted: picture.registerContradicted ?? false,
  exemptions: picture.exemptions.filter(({ until }) => until > now),
  noCuts: (picture.noCuts ?? []).filter((span) => !isOver(span, now)),
  hasContact,
  notice: picture.notice,
  paidAt: picture.paidAt,
  arrearsSince: picture.standing?.arrearsSince ?? null,
  meanDailyCost: meanDailyCost(picture.recentDays, now, timeZone),
});

/** Of the last seven whole days, or of those that there are; today is not over. Rounded down: a forecast is no bill. */
export function meanDailyCost(days: readonly DayCost[], now: Instant, timeZone: string): Fen | null {
  if (days.length === 0) return null;
  const today = dayNumberOf(now, timeZone);
  let sum = 0n;
  let span = 0;
  for (const { day, cost } of days) {
    const ago = today - Date.parse(day) / DAY_MS;
    if (ago < 1 || ago > MEAN_DAYS) continue;
    sum += cost;
    span = Math.max(span, ago);
  }
  return span === 0 ? null : Fen(sum / BigInt(span));
}
