/**
 * Why a wish of the rules is not asked for just now, although no rule holds it back: it ended in vain a while ago, a person has said no or is
 * at the same relay, or nobody knows where the relay stands. Pure, and asked by two: the reconciler, who waits, and whoever wants to know why.
 */
import { hours, later, minutes, type Instant } from "../kernel/clock.ts";
import { isOpen, type Command, type CommandKind } from "../commands/command.ts";
import { rivalsOf } from "../commands/rivals.ts";
import { fulfils, type Facts, type Intent } from "./rules.ts";

/** A wish that ended in vain (stuck, refused) is not repeated before this: latching relays wear and weld. */
const TRY_AGAIN_AFTER_MS = minutes(15);
/** A restore that was refused for a small reason is tried again sooner. */
const RESTORE_AGAIN_MS = minutes(1);
/** Meters lock a password level after a few wrong ones. */
const PASSWORD_REST_MS = hours(6);
/** A person has taken an automatic cut back: the rules do not undo that on the same day. */
const PERSON_SAID_NO_MS = hours(24);

export type RestCode =
  "relay-unknown" | "person-order-under-way" | "taken-back-by-person" | "stuck" | "password-refused" | "silent" | "tried-in-vain";

export interface Rest {
  readonly code: RestCode;
  /** Null: nobody knows; not by the clock. */
  readonly until: Instant | null;
}

/** Whose end tells of such a wish. */
export const kindsOf = (want: Intent["want"]): readonly CommandKind[] =>
  want === "disconnected" ? ["disconnect"] : ["reconnect", "arm"];

/** The last command for this wish ended without effect, and it is too early to ask again; null: it is not. */
export function restAfter(last: Command | null, want: Intent["want"], heardAt: Instant | null, now: Instant): Rest | null {
  if (last === null || last.endedAt === null || last.askedBy !== "rule") return null;
  if (now < last.endedAt) return null; // the clock went back; nobody waits for it to come again
  const rest = pauseAfter(last, last.endedAt, want, heardAt);
  if (rest === null) return null;
  const until = later(last.endedAt, rest.ms);
  return now < until ? { code: rest.code, until } : null;
}

/** All of it, of a relay that is not as it is wanted. */
export function resting(
  seen: Pick<Facts, "relay" | "order" | "mayBeCut">,
  wish: { readonly want: Intent["want"]; readonly kind: CommandKind },
  beside: {
    readonly ordered: readonly Command[];
    readonly last: Command | null;
    readonly heardAt: Instant | null;
    readonly now: Instant;
  },
): readonly Rest[] {
  const { want, kind } = wish;
  if (fulfils(seen, want)) return [];
  // who is in credit is not told of a relay that nobody asks anything of
  if (seen.relay === "unknown") return want === "disconnected" ? [{ code: "relay-unknown", until: null }] : [];
  const rivals = rivalsOf(kind);
  const isPersons = beside.ordered.some(
    (one) => one.askedBy === "person" && isOpen(one.state) && one.kind !== kind && rivals.includes(one.kind),
  );
  const rest = restAfter(beside.last, want, beside.heardAt, beside.now);
  return [...(isPersons ? [{ code: "person-order-under-way", until: null } as const] : []), ...(rest === null ? [] : [rest])];
}

function pauseAfter(
  { state, because }: Command,
  endedAt: Instant,
  want: Intent["want"],
  heardAt: Instant | null,
): { readonly code: RestCode; readonly ms: number } | null {
  if (state === "cancelled") return because === "person" ? { code: "taken-back-by-person", ms: PERSON_SAID_NO_MS } : null;
  if (state !== "unanswered" && state !== "refused") return null;
  if (because === "stuck") return { code: "stuck", ms: TRY_AGAIN_AFTER_MS };
  if (because === "password-refused") return { code: "password-refused", ms: PASSWORD_REST_MS };
  const isSilence = because === "silence";
  if (isSilence && heardAt !== null && heardAt > endedAt) return null;
  // somebody sits in the dark
  return { code: isSilence ? "silent" : "tried-in-vain", ms: want === "connected" ? RESTORE_AGAIN_MS : TRY_AGAIN_AFTER_MS };
}
