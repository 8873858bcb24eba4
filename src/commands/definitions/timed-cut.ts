/**
 * Cuts a supply for so many minutes, after which the meter restores it by itself (1DH) or lets the customer do it (1EH).
 *
 * Confirmed when the relay is seen open. That it comes back is a later fact, seen by a poll, and no part of this command. It sets, but
 * a repeat begins the minutes anew: so it is repeated only when the relay is seen closed and the time cannot have run out.
 */
import { minutes, seconds } from "../../kernel/clock.ts";
import { Priority, type RelayPicture, type TimedCut } from "../../devices/meter.ts";
import type { Command } from "../command.ts";
import type { Before, CommandDefinition } from "../definition.ts";
import { stillFlows } from "./still-flows.ts";

const LOOKS_AT_MS = [seconds(2), seconds(10), seconds(60)] as const;

export const timedCutOf = ({ params }: Pick<Command, "params">): TimedCut => ({
  cutForMinutes: params["minutes"] as number,
  then: params["then"] === "arm" ? "arm" : "reconnect",
});

interface Seen extends Before {
  readonly relay: RelayPicture["relay"];
}
const seenIn = ({ relay, order, word, takenAt }: RelayPicture): Seen => ({ relay, order, word, takenAt });

export const disconnectFor: CommandDefinition = {
  kind: "disconnect-for",
  title: { en: "Cut the supply for a time", zh: "限时跳闸" },
  effect: "sets",
  priority: Priority.relay,
  notAfterMs: minutes(30),
  attemptsMax: 3,
  look: async (session) => ({ choose: "send", before: seenIn(await session.readRelay()) }),
  send: (session, command, _before, options) => session.orderRelay(timedCutOf(command), options),
  verify: async (session, command, { before, lastReply, sinceSentMs }) => {
    const picture = await session.readRelay();
    if (lastReply === "refused") return { verdict: "not-done" };
    const isOpen = picture.relay === "disconnected";
    // Open before, and no word from the meter: whether its time runs cannot be seen.
    if (isOpen && lastReply !== "acknowledged" && (before as Seen).relay === "disconnected")
      return { verdict: "unclear", because: "silence" };
    if (isOpen && !(await stillFlows(session))) return { verdict: "done", proof: seenIn(picture) };
    if (sinceSentMs >= minutes(timedCutOf(command).cutForMinutes)) return { verdict: "unclear", because: "time-over" };
    if (!isOpen && lastReply !== "acknowledged") return { verdict: "not-done" };
    const next = LOOKS_AT_MS.find((at) => at > sinceSentMs);
    if (next !== undefined) return { verdict: "wait", waitingFor: "read-back", lookAgainMs: next - sinceSentMs };
    return { verdict: "unclear", because: isOpen ? "welded" : "stuck" };
  },
};
