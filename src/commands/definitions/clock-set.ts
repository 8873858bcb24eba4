/**
 * Sets the meter's clock. It sets: told twice is told once.
 *
 * The look reads the clock, and one that is right already ends the command with that as its proof; so of many commands for the meters
 * of one line the first broadcasts and the others find their clock set. Done is what the clock shows afterwards, never what was said
 * to it: nobody answers a broadcast.
 */
import { Instant, minutes, seconds } from "../../kernel/clock.ts";
import { Priority, type ClockPicture, type ClockWay } from "../../devices/meter.ts";
import type { Command } from "../command.ts";
import type { Before, CommandDefinition } from "../definition.ts";

/** Meters show whole seconds, and a slow line takes one of its own; beyond this a clock is set. */
const RIGHT_WITHIN_MS = seconds(5);
/** What meters take by broadcast (clause 5.6). */
const BROADCAST_REACHES_MS = minutes(5);

const wayOf = ({ params }: Command): ClockWay => (params["way"] === "broadcast" ? "broadcast" : "write");
const isRight = ({ aheadMs }: ClockPicture): boolean => aheadMs !== null && Math.abs(aheadMs) <= RIGHT_WITHIN_MS;
const proofOf = ({ aheadMs, takenAt }: ClockPicture): Before => ({ aheadMs, takenAt });

export const clockSet: CommandDefinition = {
  kind: "clock-set",
  title: { en: "Set the meter's clock", zh: "校时" },
  effect: "sets",
  priority: Priority.person,
  notAfterMs: minutes(60),
  attemptsMax: 3,
  look: async (session, command) => {
    const clock = await session.readClock();
    if (isRight(clock)) return { choose: "already-so", proof: proofOf(clock) };
    const isFar = clock.aheadMs === null || Math.abs(clock.aheadMs) > BROADCAST_REACHES_MS;
    if (wayOf(command) === "broadcast" && isFar) return { choose: "refuse", fault: "clock-too-far" };
    return { choose: "send", before: proofOf(clock) };
  },
  send: (session, command, before, options) => session.setClock(wayOf(command), Instant(before["takenAt"] as number), options),
  verify: async (session, command, context) => {
    const clock = await session.readClock();
    if (isRight(clock)) return { verdict: "done", proof: proofOf(clock) };
    // It was told today or did not hear it; a second broadcast on the same day would be ignored.
    if (wayOf(command) === "broadcast") return { verdict: "unclear", because: "not-taken" };
    return context.lastReply === "acknowledged" ? { verdict: "unclear", because: "not-taken" } : { verdict: "not-done" };
  },
};
