/**
 * What is wrong about a cut, and whether a dark meter is wanted to be bright. Pure: rows of the books and a moment in, names out.
 *
 *     a cut whose bytes left ──► in a window · without its notice · after its deadline        by the strategy of then, and what was said then
 *     a dark meter           ──► who wants its supply back, since when, and by which way
 */
import { later, type Instant } from "../kernel/clock.ts";
import type { Command } from "../commands/command.ts";
import type { Notice } from "../policy/policy-store.ts";
import type { Strategy } from "../policy/strategy.ts";
import { causes, type Cause } from "./causes.ts";
import type { Incident } from "./incident.ts";
import type { Mark, Point, WatchEnd, WatchedCut } from "./recovery-store.ts";

/** Between the last look of the rules and the first byte lies one commit; a clock that is corrected meanwhile is no wrong cut. */
export const SLACK_MS = 2_000;

export interface CutEvidence {
  /** That decided; null: nobody kept it. */
  readonly strategy: Strategy | null;
  readonly notices: readonly Notice[];
  /** What somebody had said at that moment against cuts here: bad weather, an outage. */
  readonly saidAt: (at: Instant) => readonly string[];
}

/** Of an order of the rules whose bytes left; in the order of the table of causes. */
export function wrongAbout(
  { sentAt, notAfter }: Pick<Command, "sentAt" | "notAfter">,
  { strategy, notices, saidAt }: CutEvidence,
): readonly Cause[] {
  if (sentAt === null) return [];
  const found: Cause[] = [];
  const isHeld = (at: Instant): boolean => (strategy?.calendar.at(at).codes.length ?? 0) > 0 || saidAt(at).length > 0;
  if (isHeld(later(sentAt, -SLACK_MS)) && isHeld(sentAt)) found.push("cut-in-window");
  if (strategy?.noticesRequired === true && !notices.some((notice) => counted(notice, sentAt, strategy)))
    found.push("cut-unnoticed");
  if (sentAt > notAfter + SLACK_MS) found.push("cut-too-late");
  return found;
}

/** It told of a cut, arrived long enough before, and not too long. */
const counted = ({ stage, delivered }: Notice, sentAt: Instant, { noticeMs, noticeGoodMs }: Strategy): boolean =>
  stage === "notice-due" && delivered !== null && delivered + noticeMs <= sentAt + SLACK_MS && sentAt - delivered < noticeGoodMs;

export interface Wish {
  readonly since: Instant;
  readonly by: "rules" | "person" | "wallet";
  /** By which way supply comes back: after `arm` the rest is the customer's. */
  readonly way: "arm" | "reconnect";
}

/** Who wants supply here, the longest first; null: nobody. `usual`: as the strategy restores. */
export function wishOf(point: Point, usual: Wish["way"]): Wish | null {
  const { cut, restore, wanted, walletPaidAt, cutBy, identity } = point;
  const isNewest = restore !== null && restore.state !== "cancelled" && (cut === null || restore.createdAt >= cut.createdAt);
  // one that was obeyed is over as soon as the relay is open anew: a wallet that is empty months later opens it by itself
  const isObeyed = restore?.state === "confirmed" && !isBack(point, restore.kind === "arm" ? "arm" : "reconnect");
  const ordered = isNewest && !isObeyed;
  const way = ordered && restore.kind === "arm" ? "arm" : ordered ? "reconnect" : usual;
  const wishes: Wish[] = [];
  if (point.mode === "remote" && wanted?.want === "connected") wishes.push({ since: wanted.since, by: "rules", way });
  if (ordered && restore.askedBy === "person") wishes.push({ since: restore.createdAt, by: "person", way });
  // the rules say nothing of a meter in doubt; whoever they were restoring when it came up sits in the dark all the same
  if (ordered && restore.askedBy === "rule" && identity === "quarantined")
    wishes.push({ since: restore.createdAt, by: "rules", way });
  // a wallet lets its customer restore the supply at the button
  if (walletPaidAt !== null && cutBy !== "person") wishes.push({ since: walletPaidAt, by: "wallet", way: "arm" });
  return wishes.sort((one, other) => one.since - other.since)[0] ?? null;
}

/** A cut has left, may have been obeyed, and nobody has seen the relay since: what it showed before tells nothing. */
export const mayBeCut = ({ cut, relayAt, cutBy }: Partial<Pick<Point, "cut" | "relayAt" | "cutBy">>): boolean => {
  if (cut?.sentAt == null || cut.sentAt < (relayAt ?? 0)) return false;
  return cut.state === "sending" || cut.state === "verifying" || (cut.state === "unanswered" && cutBy != null);
};

type Sight = Pick<Point, "relay"> & Partial<Pick<Point, "cut" | "relayAt" | "cutBy">>;
/** What was promised is there, as far as anybody has seen since the newest cut. */
export const isBack = ({ relay, ...since }: Sight, way: Wish["way"]): boolean =>
  (relay === "connected" || (relay === "armed" && way === "arm")) && !mayBeCut(since);

/** When an order restored what the newest cut had taken, though it is dark again; null: nobody saw supply since that cut. */
export const suppliedAtOf = ({ cut, restore, relay }: Pick<Point, "cut" | "restore" | "relay">): Instant | null =>
  restore?.state === "confirmed" &&
  (cut === null || restore.createdAt >= cut.createdAt) &&
  !isBack({ relay }, restore.kind === "arm" ? "arm" : "reconnect")
    ? restore.verifiedAt
    : null;

/** `settled`: nobody waits for supply, so it is nobody's once people have closed its item. Null: it goes on. */
export type IncidentEnd = "restored" | "withdrawn" | "settled";
export function endOf(
  incident: Pick<Incident, "cause" | "cut" | "darkSince">,
  point: Point | null,
  wish: Wish | null,
): IncidentEnd | null {
  if (point === null) return "withdrawn";
  const { cut, restore } = point;
  const isSince = restore !== null && restore.state !== "cancelled" && (cut === null || restore.createdAt >= cut.createdAt);
  // what recovery asked for itself is nobody else's wish, and is there when it is there
  if (isBack(point, wish?.way ?? (isSince && restore.kind === "arm" ? "arm" : "reconnect"))) return "restored";
  const isCutAnew = cut !== null && incident.cut !== null && cut.id > incident.cut;
  const wasBack = !isSince && restore?.state === "confirmed" && (restore.verifiedAt ?? 0) >= incident.darkSince;
  if (isCutAnew && wasBack) return "restored";
  if (wish !== null) return null;
  if (!causes[incident.cause].tellsAtOnce || isCutAnew) return "withdrawn";
  // recovery asked for it, whatever the rules want
  return isSince && restore.askedBy === "rule" && restore.reason in causes ? null : "settled";
}

/** The restore that recovery asked for itself has ended, and did not bring supply: nobody else would ask again. */
export function isInVain(
  { cause, also, cut: wrong, endedAt }: Pick<Incident, "cause" | "also" | "cut" | "endedAt">,
  { cut, restore }: Point,
): boolean {
  if (endedAt !== null || wrong === null || cut?.id !== wrong || restore === null || restore.createdAt < cut.createdAt)
    return false;
  const isOurs = restore.askedBy === "rule" && restore.reason in causes;
  return isOurs && vain.has(restore.state) && [cause, ...also].some((one) => causes[one].restores);
}
const vain: ReadonlySet<Command["state"]> = new Set(["unanswered", "refused", "expired"]);

export const darkSinceOf = ({ cut, relayAt }: Pick<Point, "cut" | "relayAt">, now: Instant): Instant =>
  cut?.verifiedAt ?? cut?.sentAt ?? relayAt ?? now;

/** kWh with two decimals, as a meter tells it → its steps; null: it is no register. */
const stepsOf = (kwh: string | null): bigint | null =>
  kwh !== null && /^\d+\.\d\d$/.test(kwh) ? BigInt(kwh.replace(".", "")) : null;
/** A step and its rounding are no energy behind a cut. */
const BEHIND_A_CUT_MIN = 2n;

export type WatchStep =
  | { readonly step: "wait" }
  /** Its newest reading is older than the mark that is due. */
  | { readonly step: "read" }
  | { readonly step: "baseline"; readonly kwh: string }
  | { readonly step: "mark"; readonly mark: Mark; readonly ends: WatchEnd | null; readonly advanced: bigint }
  | { readonly step: "end"; readonly because: WatchEnd };

/** The next thing to do about a cut that is watched. */
export function watchStep(
  cut: WatchedCut,
  { relay, register, readAt }: Pick<Point, "relay" | "register" | "readAt">,
  now: Instant,
  marksMs: readonly number[],
): WatchStep {
  if (relay === "connected" || relay === "armed") return { step: "end", because: "restored" };
  const dueMs = marksMs.find((ms) => !cut.marks.some((mark) => mark.dueMs === ms));
  if (dueMs === undefined) return { step: "end", because: "quiet" };
  const seen = stepsOf(register);
  const isFresh = (from: number): boolean => readAt !== null && readAt >= from && seen !== null;
  const before = stepsOf(cut.register);
  if (before === null) {
    if (!isFresh(cut.cutAt)) return { step: "read" };
    return { step: "baseline", kwh: register! };
  }
  if (now < cut.cutAt + dueMs) return { step: "wait" };
  if (!isFresh(cut.cutAt + dueMs)) return { step: "read" };
  const advanced = seen! - before;
  const flows = advanced >= BEHIND_A_CUT_MIN;
  const isLast = marksMs.at(-1) === dueMs;
  return {
    step: "mark",
    mark: { dueMs, kwh: register!, at: readAt! },
    ends: flows ? "energy-flows" : isLast ? "quiet" : null,
    advanced: flows ? advanced : 0n,
  };
}
