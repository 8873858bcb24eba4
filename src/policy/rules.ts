/**
 * Why a supply is cut or restored. Pure: same facts, same strategy, same decision. No clock, no database, no meter.
 *
 * The order of the lines is the policy, and the tests read like it. Each line is a reason why nobody is cut now; the first that holds decides,
 * all that hold are told to whoever asks "why was I not cut?". `because` travels with the command to the receipt, the console and the
 * customer's message; `stage` says how far an account has come from "fine" to "cut".
 */
import { later, type Instant } from "../kernel/clock.ts";
import { exemptionKinds, exemptionTable, type ExemptionKind } from "./exemptions.ts";
import { windowCodes, type WindowCode } from "./calendar.ts";
import type { Facts } from "./facts.ts";
import { isHolding } from "./no-cuts.ts";
import type { Strategy } from "./strategy.ts";

export type { Facts } from "./facts.ts";

export interface Intent {
  readonly want: "connected" | "disconnected" | "as-is";
  readonly because: string;
}

export const stages = [
  "fine",
  "warn-1",
  "warn-2",
  "forecast",
  "notice-due",
  "noticed-waiting",
  "cut-due",
  "cut",
  "restore",
] as const;
export type Stage = (typeof stages)[number];

export interface Decision extends Intent {
  readonly stage: Stage;
  /** Every reason why nobody is cut now, in the order of the policy; none where a cut is wanted. */
  readonly blocks: readonly Block[];
  /** When time alone may change it; null: it does not. */
  readonly nextAt: Instant | null;
}

export type Block =
  | "meter-quarantined"
  | "cut-by-person"
  | "supply-protected"
  | `exempt-${ExemptionKind}`
  | "in-credit"
  | "cut-contradicted"
  | "nothing-left"
  | "account-disputed"
  | "class-protected"
  | "conversion-grace"
  | "contact-missing"
  | "reading-in-doubt"
  | "reading-stale"
  | WindowCode
  | "notice-due"
  | "noticed-waiting"
  | "grace";

interface Guard {
  readonly code: Block;
  readonly holds: (f: Facts, s: Strategy) => boolean;
}

/** A reading from the future was taken before the clock went back: its age is not known. So with a notice. */
const CLOCK_SLACK_MS = 60_000;

const isExempt = (f: Facts, kind: ExemptionKind): boolean =>
  f.exemptions.length > 0 && f.exemptions.some((one) => one.kind === kind && one.until > f.now);
const restores = (kind: ExemptionKind): boolean => "restores" in exemptionTable[kind];
const exempt = (kinds: readonly ExemptionKind[]): readonly Guard[] =>
  kinds.map((kind) => ({ code: `exempt-${kind}`, holds: (f) => isExempt(f, kind) }));

/** By the site file, or because somebody has said so. */
const isWindow = (f: Facts, s: Strategy, code: WindowCode): boolean =>
  s.calendar.at(f.now).codes.includes(code) || f.noCuts.some((span) => span.kind === code && isHolding(span, f.now));

/** The first of the windows that hold, in the order of the policy; null: none does. */
export const windowOver = (f: Facts, s: Strategy): WindowCode | null => windowCodes.find((code) => isWindow(f, s, code)) ?? null;

/** What is said of everybody, also of who is cut already. */
const foremost: readonly Guard[] = [
  { code: "meter-quarantined", holds: (f) => f.identity === "quarantined" }, // whose supply would it be?
  { code: "cut-by-person", holds: (f) => f.cutBy === "person" }, // someone may be working on that line
  { code: "supply-protected", holds: (f) => f.protectedSupply },
  ...exempt(exemptionKinds.filter(restores)),
  { code: "in-credit", holds: (f, s) => f.available > s.cutAt },
  // the picture that the cut rested on is gone; once connected, the doubt holds the next one back
  {
    code: "cut-contradicted",
    holds: (f) => f.registerContradicted && f.relay === "disconnected" && f.cutBy === "rule",
  },
  { code: "nothing-left", holds: (f, s) => f.available === s.cutAt }, // not in arrears, not in credit
  { code: "account-disputed", holds: (f) => f.disputed },
];

/** What holds a cut back that has not happened yet. Who is cut and still owes stays cut, also at night. */
const holdingBack: readonly Guard[] = [
  ...exempt(exemptionKinds.filter((kind) => !restores(kind))),
  { code: "class-protected", holds: (_, s) => s.isProtected },
  { code: "conversion-grace", holds: (f, s) => s.warnOnlyUntil !== null && f.now < s.warnOnlyUntil },
  { code: "contact-missing", holds: (f, s) => s.contactRequired && !f.hasContact },
  // before its age: a newer reading alone would not help
  { code: "reading-in-doubt", holds: (f) => f.readingInDoubt },
  {
    code: "reading-stale",
    holds: (f, s) => f.readAt === null || f.now - f.readAt > s.freshMs || f.now < f.readAt - CLOCK_SLACK_MS,
  },
  ...windowCodes.map((code): Guard => ({ code, holds: (f, s) => isWindow(f, s, code) })),
  { code: "notice-due", holds: (f, s) => s.noticesRequired && !isNoticed(f, s) },
  { code: "noticed-waiting", holds: (f, s) => s.noticesRequired && isNoticed(f, s) && f.now < noticeOver(f, s) },
  { code: "grace", holds: (f, s) => !s.noticesRequired && s.graceMs > 0 && f.now < graceOver(f, s) },
];

/** Whoever supply is wanted for, whatever the relay shows. */
const wantsSupply: ReadonlySet<string> = new Set<Block>([
  "supply-protected",
  "in-credit",
  "cut-contradicted",
  ...exemptionKinds.filter(restores).map((kind) => `exempt-${kind}` as const),
]);
/** These pass by themselves, or with a reading or a notice; whoever is held back by anything else is not threatened with a cut. */
const passing: ReadonlySet<string> = new Set<Block>([
  "reading-in-doubt",
  "reading-stale",
  ...windowCodes,
  "notice-due",
  "noticed-waiting",
  "grace",
]);

export function decide(f: Facts, s: Strategy): Decision {
  const blocks: Block[] = [];
  for (const { code, holds } of foremost) if (holds(f, s)) blocks.push(code);
  const isCut = blocks.length === 0 && f.relay === "disconnected";
  if (!isCut) for (const { code, holds } of holdingBack) if (holds(f, s)) blocks.push(code);
  const first = blocks[0];
  const intent: Intent =
    first === undefined
      ? { want: "disconnected", because: "credit-exhausted" }
      : { want: wantsSupply.has(first) ? "connected" : "as-is", because: first };
  return { ...intent, stage: stageOf(f, s, intent, blocks), blocks, nextAt: nextOf(f, s) };
}

/**
 * An armed relay counts as connected: what is left to do is the customer's. A relay that still conducts while its order says
 * disconnect (a trip delay runs, the current is too high) does not: it will open although it was paid. Nor does one that was seen before a cut
 * whose answer was lost.
 */
export const fulfils = (seen: Pick<Facts, "relay" | "order" | "mayBeCut">, want: Intent["want"]): boolean => {
  if (want === "as-is") return true;
  if (want === "disconnected") return seen.relay === "disconnected";
  return (seen.relay === "connected" || seen.relay === "armed") && seen.order !== "disconnect" && seen.mayBeCut !== true;
};

/** Told after this debt began and after the last payment, of a balance that was no worse, not too long ago. */
const isNoticed = ({ notice, now, available, paidAt, arrearsSince }: Facts, s: Strategy): boolean =>
  notice !== null &&
  notice.deliveredAt <= now + CLOCK_SLACK_MS &&
  now - notice.deliveredAt < s.noticeGoodMs &&
  available <= notice.available &&
  (paidAt === null || notice.at > paidAt) &&
  notice.at >= (arrearsSince ?? now); // a debt begins with the look that finds it, and nobody was told of it before

const noticeOver = (f: Facts, s: Strategy): Instant => later(f.notice!.deliveredAt, Math.max(s.noticeMs, s.graceMs));
const graceOver = (f: Facts, s: Strategy): Instant => later(f.arrearsSince ?? f.now, s.graceMs);

function stageOf(f: Facts, s: Strategy, intent: Intent, blocks: readonly Block[]): Stage {
  if (intent.want === "connected" && f.relay !== "unknown" && !fulfils(f, "connected")) return "restore";
  if (f.relay === "disconnected") return "cut";
  if (f.available > s.cutAt) return warningOf(f, s);
  if (f.available === s.cutAt || blocks.some((code) => !passing.has(code)) || blocks.includes("grace")) return "warn-2";
  if (blocks.includes("notice-due")) return "notice-due";
  return blocks.includes("noticed-waiting") ? "noticed-waiting" : "cut-due";
}

function warningOf({ available, meanDailyCost }: Facts, { warn1, warn2, forecastDays }: Strategy): Stage {
  if (warn2 !== null && available < warn2) return "warn-2";
  if (warn1 !== null && available < warn1) return "warn-1";
  return meanDailyCost !== null && available < meanDailyCost * BigInt(forecastDays) ? "forecast" : "fine";
}

/** Of whoever owes: the nearest moment after now at which a line above may change by itself. */
function nextOf(f: Facts, s: Strategy): Instant | null {
  let nearest: number = Number.POSITIVE_INFINITY;
  const perhaps = (at: number | null): void => {
    if (at !== null && at > f.now && at < nearest) nearest = at;
  };
  for (const { until } of f.exemptions) perhaps(until);
  if (f.available < s.cutAt) {
    perhaps(s.calendar.at(f.now).until);
    for (const { from, until } of f.noCuts) [from, until].forEach(perhaps);
    perhaps(s.warnOnlyUntil);
    perhaps(f.readAt === null ? null : f.readAt + s.freshMs + 1);
    if (!s.noticesRequired) perhaps(s.graceMs === 0 ? null : graceOver(f, s));
    else if (f.notice !== null) {
      perhaps(noticeOver(f, s));
      perhaps(f.notice.deliveredAt + s.noticeGoodMs);
    }
  }
  return nearest === Number.POSITIVE_INFINITY ? null : (nearest as Instant);
}
