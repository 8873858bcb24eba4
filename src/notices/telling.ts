/**
 * What a look of the rules gives to tell, and whether something that waits is still so. Pure.
 *
 *     coming nearer to a cut          forecast, warn-1, warn-2        once for each spell: until somebody pays, or `noticeDays` are over
 *     standing before the cut         notice-due                      what the rules count, and again where they count it no more
 *     the relay shows it              cut, armed, restored            the cut of a rule, and what became of it
 *
 * In shadow nothing is cut, so nobody is warned of it: what the relay shows is told all the same.
 */
import { hours, Instant, later } from "../kernel/clock.ts";
import { windowCodes } from "../policy/calendar.ts";
import type { Facts } from "../policy/facts.ts";
import { heldUntil } from "../policy/no-cuts.ts";
import type { Look } from "../policy/standing.ts";
import type { Strategy } from "../policy/strategy.ts";
import { FINAL, nearnessOf, supplyKinds, type NoticeKind } from "./kinds.ts";
import type { NoticeRecord } from "./notice.ts";

/** A balance may rise without a payment (a correction, energy fed in); whoever was told today is not told for each of them. */
const FINAL_AGAIN_MS = hours(24);
/** These pass by themselves; whoever is held back by anything else is not threatened. */
const passing: ReadonlySet<string> = new Set([...windowCodes, "grace", "reading-stale", "reading-in-doubt"]);
const cutStages: ReadonlySet<string> = new Set(["cut", "restore"]);
/** He knows of it, or hears of it just now: what waits for its turn was taken back before anybody asks. */
const isTold = ({ state }: NoticeRecord): boolean => state === "delivered" || state === "waiting";

/** Of each kind, what was told last. */
export type Told = (kinds: readonly NoticeKind[]) => Promise<NoticeRecord | null>;

/** Pure but for what was told before, which is asked for only where it matters. */
export async function toTell(look: Look, told: Told): Promise<NoticeKind | null> {
  const { picture, decision, facts, strategy } = look;
  const was = picture.standing?.stage ?? "fine";
  const { stage } = decision;
  if (wantsFinal(look)) return covers(await told([FINAL]), facts, strategy) ? null : FINAL;
  if (stage === was) return null;
  if (stage === "cut") {
    // where nothing was said before, the cut may be a year old
    if (facts.cutBy !== "rule" || picture.standing === null) return null;
    return isOfThisSpell(await told(["cut"]), facts, strategy) ? null : "cut";
  }
  if (cutStages.has(was) && !cutStages.has(stage)) return backAgain(look, told);
  const kind = stage === "forecast" || stage === "warn-1" || stage === "warn-2" ? stage : null;
  if (kind === null || strategy.mode === "shadow" || nearnessOf(stage) <= nearnessOf(was)) return null;
  return isOfThisSpell(await told([kind]), facts, strategy) ? null : kind;
}

/** Whoever was never told of a cut saw at most a flicker, and is only told where he has to press the button. */
async function backAgain({ facts: { relay, paidAt }, strategy }: Look, told: Told): Promise<NoticeKind | null> {
  if (relay !== "armed" && relay !== "connected") return null;
  // ordered to close by itself it shows the same until its contact moves: there is no button to press, and that it moved is told then
  if (relay === "armed" && strategy.restoreBy === "reconnect") return null;
  const last = await told(supplyKinds);
  if (relay === "connected") return last?.kind === "cut" && isTold(last) ? "restored" : null;
  return last?.kind === "armed" && (paidAt === null || last.at > paidAt) ? null : "armed";
}

/**
 * A relay is seen closed, whatever the stage. A cut that waits for its turn is not told any more, so he never heard of it; the look of the rules
 * takes it back. Whoever was told of the button has pressed it himself.
 */
export const isToHearOfSupply = (newest: NoticeRecord | null, now: Instant): boolean =>
  newest?.kind === "cut" && (newest.state === "delivered" || (newest.state === "waiting" && (newest.takenUntil ?? now) > now));

/** A cut comes next: it waits for the notice, or, where none is needed, for nothing but time. */
export function wantsFinal({ decision, facts, strategy }: Pick<Look, "decision" | "facts" | "strategy">): boolean {
  if (strategy.mode === "shadow" || facts.available >= strategy.cutAt || facts.relay === "disconnected") return false;
  if (strategy.noticesRequired) return decision.stage === "notice-due";
  return (
    decision.stage === "cut-due" || (decision.blocks.includes("grace") && decision.blocks.every((code) => passing.has(code)))
  );
}

/** The customer knows: a payment, or what happened before this debt, makes it another matter. As the rules count it (policy/rules.ts). */
export function covers(notice: NoticeRecord | null, facts: Facts, strategy: Strategy): boolean {
  if (notice === null || notice.state === "cancelled") return false;
  const { now, paidAt, arrearsSince, available } = facts;
  if ((paidAt !== null && notice.at <= paidAt) || (arrearsSince !== null && notice.at < arrearsSince)) return false;
  if (notice.state === "delivered" && now - notice.delivered! >= strategy.noticeGoodMs) return false;
  if (available <= notice.available) return true;
  return notice.state !== "waiting" && now - notice.at < FINAL_AGAIN_MS;
}

const isOfThisSpell = (notice: NoticeRecord | null, { now, paidAt }: Facts, { noticeGoodMs }: Strategy): boolean =>
  notice !== null && notice.state !== "cancelled" && now - notice.at < noticeGoodMs && (paidAt === null || notice.at > paidAt);

/** Of something that waits: null where it is still so, else why it is not sent. */
export function whyNotSo(
  notice: Pick<NoticeRecord, "kind" | "at" | "state" | "available" | "delivered">,
  look: Look,
): string | null {
  const { decision, facts, strategy } = look;
  const paid = facts.paidAt !== null && facts.paidAt >= notice.at ? "paid" : "no-longer-so";
  switch (notice.kind) {
    case "forecast":
    case "warn-1":
    case "warn-2":
      if (decision.stage === notice.kind) return null;
      return nearnessOf(decision.stage) > nearnessOf(notice.kind) ? "superseded" : paid;
    case "notice-due": {
      if (facts.available >= strategy.cutAt) return paid;
      if (!wantsFinal(look)) return "no-longer-so";
      const { at, available } = notice;
      return (facts.paidAt !== null && at <= facts.paidAt) || facts.available > available ? "superseded" : null;
    }
    case "cut":
      return decision.stage === "cut" ? null : paid;
    case "armed":
      return facts.relay === "armed" ? null : "no-longer-so";
    case "restored":
      return facts.relay === "connected" ? null : "no-longer-so";
    default:
      return null; // outages: told by the calendar
  }
}

/** The first moment at which supply may be cut when this is delivered at `now`: the time after a notice, then past every window. */
export function cutFrom({ facts, strategy }: Pick<Look, "facts" | "strategy">, now: Instant): Instant {
  const { calendar, noticesRequired, noticeMs, graceMs } = strategy;
  const grace = later(facts.arrearsSince ?? now, graceMs);
  let at = noticesRequired ? later(now, Math.max(noticeMs, graceMs)) : grace > now ? grace : now;
  for (let window = 0; window < WINDOWS_MAX; window += 1) {
    const { codes, until } = calendar.at(at);
    const over = Math.max(heldUntil(facts.noCuts, at) ?? at, codes.length === 0 ? at : (until ?? at));
    if (over === at) break;
    at = Instant(over);
  }
  return at;
}

/** A night, a weekend, a holiday, the day before it: more of them in a row than this and nobody plans so far ahead. */
const WINDOWS_MAX = 20;
