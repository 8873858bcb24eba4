/**
 * Freezes a meter's values (16H): now, or from now on at the times of a pattern MMDDhhmm. It sets.
 *
 * An acknowledged order to freeze is a promise like any other. Now: the meter's newest instant freezes (05010001 and the one before,
 * to the minute, by its own clock) are others than at the look, and the newest is not older than the look. At times: 04001204 carries
 * the pattern.
 */
import { minutes, seconds } from "../../kernel/clock.ts";
import { Priority, type MeterSession } from "../../devices/meter.ts";
import type { Command } from "../command.ts";
import type { Before, CommandDefinition, Verdict, VerifyContext } from "../definition.ts";

export const FREEZE_NOW = "99999999";
const NEWEST = "05010001";
const ONE_BEFORE = "05010002";
const PATTERN = "04001204";
/** When to look again after an acknowledged order that does not show. */
const LOOKS_AT_MS = [seconds(2), seconds(10)] as const;

const whenOf = ({ params }: Command): string => (typeof params["when"] === "string" ? params["when"] : FREEZE_NOW);

interface Seen extends Before {
  /** As the meter's own wall clock shows it, "2026-11-25 20:49"; null: it has no such freeze. */
  readonly newest: string | null;
  readonly oneBefore: string | null;
}

async function freezesIn(session: MeterSession): Promise<Seen> {
  const [newest, oneBefore] = await session.read([NEWEST, ONE_BEFORE], "command");
  return { newest: newest?.value ?? null, oneBefore: oneBefore?.value ?? null };
}

/** Digits alone: how a date is printed is no part of the order. */
async function patternIn(session: MeterSession): Promise<string | null> {
  const [pattern] = await session.read([PATTERN], "command");
  return pattern?.value?.replaceAll(/\D/g, "") ?? null;
}

/** The minute that the meter's clock shows; null where it tells no time. */
async function minuteIn(session: MeterSession): Promise<string | null> {
  const [clock] = await session.read(["clock"], "command");
  return clock?.value?.slice(0, 16).replace("T", " ") ?? null;
}

function notYet({ lastReply, sinceSentMs }: VerifyContext): Verdict {
  if (lastReply !== "acknowledged") return { verdict: "not-done" };
  const next = LOOKS_AT_MS.find((at) => at > sinceSentMs);
  return next === undefined
    ? { verdict: "unclear", because: "not-shown" }
    : { verdict: "wait", waitingFor: "read-back", lookAgainMs: next - sinceSentMs };
}

/** Pure: does what the meter shows now come of a freeze after the look? */
export function isFrozenSince(before: Seen & { readonly minute?: unknown }, now: Seen): boolean {
  if (now.newest === null) return false;
  const isAnother = now.newest !== before.newest || now.oneBefore !== before.oneBefore;
  return isAnother && (typeof before.minute !== "string" || now.newest >= before.minute);
}

export const freeze: CommandDefinition = {
  kind: "freeze",
  title: { en: "Freeze the meter's values", zh: "冻结" },
  effect: "sets",
  priority: Priority.person,
  notAfterMs: minutes(10),
  attemptsMax: 3,
  look: async (session, command) => {
    if (whenOf(command) === FREEZE_NOW)
      return { choose: "send", before: { ...(await freezesIn(session)), minute: await minuteIn(session) } };
    const pattern = await patternIn(session);
    if (pattern === whenOf(command)) return { choose: "already-so", proof: { pattern } };
    return { choose: "send", before: { pattern } };
  },
  send: (session, command, _before, options) => session.freeze(whenOf(command), options),
  verify: async (session, command, context) => {
    if (context.lastReply === "refused") return { verdict: "not-done" };
    if (whenOf(command) === FREEZE_NOW) {
      const now = await freezesIn(session);
      return isFrozenSince(context.before as Seen, now) ? { verdict: "done", proof: now } : notYet(context);
    }
    const pattern = await patternIn(session);
    return pattern === whenOf(command) ? { verdict: "done", proof: { pattern } } : notYet(context);
  },
};
