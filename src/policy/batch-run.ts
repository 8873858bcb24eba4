/**
 * How an approved list of cuts goes on. Pure: the list and its members in, the next step out.
 *
 *     approved ─► canary: a few, spread over the lines ─► each proved ─► running: the others, as fast as the brake allows ─► done
 *                    └─ one fails ─► stopped                 └─ brake, emergency stop ─► stopped     └─ the approval's end ─► lapsed
 *
 * Who has paid meanwhile is left out, and another goes first in his place: a canary that nobody saw tells nothing.
 */
import type { Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { HeldBy } from "./guard-rails.ts";

export const batchStates = ["proposed", "canary", "running", "done", "stopped", "lapsed", "declined"] as const;
export type BatchState = (typeof batchStates)[number];
export const openBatchStates: readonly BatchState[] = ["proposed", "canary", "running"];
export const isOpenBatch = (state: BatchState): boolean => openBatchStates.includes(state);

export const memberStates = ["waiting", "asked", "cut", "failed", "left-out"] as const;
export type MemberState = (typeof memberStates)[number];

export interface RunMember {
  readonly meter: MeterAddress;
  readonly line: string;
  readonly isCanary: boolean;
  readonly state: MemberState;
}

export interface RunPicture {
  readonly state: "canary" | "running";
  readonly members: readonly RunMember[];
  /** How many have to be proved before the others follow. */
  readonly canary: number;
  /** How many may be asked for now. */
  readonly room: number;
  readonly halted: HeldBy | null;
  /** Of those that wait: whose turn came to nothing a moment ago, and keep their place; left out: none. */
  readonly resting?: ReadonlySet<MeterAddress>;
  readonly now: Instant;
  readonly goodUntil: Instant;
}

export type RunStep =
  | { readonly step: "end"; readonly state: "done" | "stopped" | "lapsed"; readonly because: string | null }
  | { readonly step: "ask"; readonly state: "canary" | "running"; readonly meters: readonly MeterAddress[] }
  | { readonly step: "wait" };

/** So many are asked for and have not ended, at most (batch-pace.ts): beyond, the desk had no room for a restore, and a stop much to take back. */
export const UNDER_WAY_MAX = 256;

export function nextStep({ state, members, canary, room, halted, resting, now, goodUntil }: RunPicture): RunStep {
  const canaries = members.filter(({ isCanary }) => isCanary);
  if (halted !== null) return { step: "end", state: "stopped", because: halted };
  if (canaries.some((one) => one.state === "failed")) return { step: "end", state: "stopped", because: "canary-failed" };
  const waiting = members.filter((one) => one.state === "waiting");
  const asked = members.filter((one) => one.state === "asked").length;
  const areAsked = asked > 0;
  if (waiting.length === 0) return areAsked ? { step: "wait" } : { step: "end", state: "done", because: null };
  if (now >= goodUntil) return areAsked ? { step: "wait" } : { step: "end", state: "lapsed", because: "approval-over" };
  const ready = waiting.filter(({ meter }) => resting?.has(meter) !== true);
  const atOnce = Math.max(0, Math.min(room, UNDER_WAY_MAX - asked));
  const proved = canaries.filter((one) => one.state === "cut").length;
  if (state === "canary" && proved < canary) {
    if (canaries.some((one) => one.state === "asked")) return { step: "wait" };
    const meters = canaryOf(ready, canaries, Math.min(canary - proved, atOnce));
    return meters.length === 0 ? { step: "wait" } : { step: "ask", state: "canary", meters };
  }
  if (atOnce < 1 || ready.length === 0) return { step: "wait" };
  return { step: "ask", state: "running", meters: ready.slice(0, atOnce).map(({ meter }) => meter) };
}

/** So many of those that wait, each time of the line that has had the fewest; of one line in the order of the list. */
export function canaryOf(waiting: readonly RunMember[], taken: readonly RunMember[], count: number): readonly MeterAddress[] {
  const had = new Map<string, number>();
  const take = (line: string): void => void had.set(line, (had.get(line) ?? 0) + 1);
  for (const { line } of taken) take(line);
  const left = [...waiting];
  const chosen: MeterAddress[] = [];
  while (chosen.length < count && left.length > 0) {
    const fewest = left.reduce((best, one, at) => ((had.get(one.line) ?? 0) < (had.get(left[best]!.line) ?? 0) ? at : best), 0);
    const [next] = left.splice(fewest, 1);
    take(next!.line);
    chosen.push(next!.meter);
  }
  return chosen;
}
