/**
 * Orders to the relay (1CH): disconnect, reconnect, arm, protect, unprotect, warn, unwarn. They set: obeying twice equals once.
 *
 * An acknowledged order to disconnect means accepted, not opened: a trip delay may run, the current may be too high, the relay
 * may be stuck (postponed.ts). Done is what run-state word 3 shows (bit 4 the relay, bit 6 the order, bit 7 the alarm, bit 12 protection),
 * and of a cut that no power is drawn any more; that no energy follows is looked at an hour and a day later (src/recovery).
 */
import { hours, seconds } from "../../kernel/clock.ts";
import { Priority, type RelayOrder, type RelayPicture } from "../../devices/meter.ts";
import type { CommandDefinition, Verdict, VerifyContext } from "../definition.ts";
import { whyNotCutYet, whyNotRestored } from "./postponed.ts";
import { flowOf, type Flow } from "./still-flows.ts";

/** When to look again after an order, counted from its first byte; after the last look the relay counts as stuck. */
const LOOKS_AT_MS = [seconds(2), seconds(10), seconds(60)] as const;

interface RelayRow {
  readonly kind: RelayOrder;
  readonly title: { readonly en: string; readonly zh: string };
  readonly priority: Priority;
  readonly notAfterMs: number;
  /** What the word shows when the wish is fulfilled. */
  readonly fulfilled: (picture: RelayPicture) => boolean;
}

const rows: readonly RelayRow[] = [
  {
    kind: "disconnect",
    title: { en: "Cut the supply", zh: "跳闸" },
    priority: Priority.relay,
    notAfterMs: hours(2),
    fulfilled: (p) => p.relay === "disconnected" && p.order === "disconnect",
  },
  {
    kind: "reconnect",
    title: { en: "Restore the supply directly", zh: "直接合闸" },
    priority: Priority.safety,
    notAfterMs: hours(24),
    fulfilled: (p) => p.relay === "connected" && p.order === "connect",
  },
  // Bit 6 = 0 is all that arming can show; the button is a later event (relay: armed, then connected).
  {
    kind: "arm",
    title: { en: "Allow the customer to restore at the meter", zh: "合闸允许" },
    priority: Priority.safety,
    notAfterMs: hours(24),
    fulfilled: (p) => p.order === "connect",
  },
  {
    kind: "protect",
    title: { en: "Protect the supply from being cut", zh: "保电" },
    priority: Priority.safety,
    notAfterMs: hours(24),
    fulfilled: (p) => p.protected,
  },
  {
    kind: "unprotect",
    title: { en: "End the protection", zh: "保电解除" },
    priority: Priority.relay,
    notAfterMs: hours(2),
    fulfilled: (p) => !p.protected,
  },
  {
    kind: "warn",
    title: { en: "Low-credit alarm on", zh: "报警" },
    priority: Priority.person,
    notAfterMs: hours(2),
    fulfilled: (p) => p.preTripAlarm,
  },
  {
    kind: "unwarn",
    title: { en: "Low-credit alarm off", zh: "报警解除" },
    priority: Priority.person,
    notAfterMs: hours(2),
    fulfilled: (p) => !p.preTripAlarm,
  },
];

const seenOf = (p: RelayPicture): Record<string, unknown> => ({
  relay: p.relay,
  order: p.order,
  word: p.word,
  takenAt: p.takenAt,
});
/** What word 3 showed, and beside it what was drawn: each proof stands apart. */
const proofOf = (p: RelayPicture, flow: Flow | null): Record<string, unknown> => ({
  ...seenOf(p),
  ...(flow === null ? {} : { power: flow.power }),
});

/** Null after the last look. */
function nextLook({ sinceSentMs }: VerifyContext): Verdict | null {
  const next = LOOKS_AT_MS.find((at) => at > sinceSentMs);
  return next === undefined ? null : { verdict: "wait", waitingFor: "read-back", lookAgainMs: next - sinceSentMs };
}

function define(row: RelayRow): CommandDefinition {
  return {
    kind: row.kind,
    title: row.title,
    effect: "sets",
    priority: row.priority,
    notAfterMs: row.notAfterMs,
    attemptsMax: 3,
    look: async (session) => {
      const picture = await session.readRelay();
      const flow = row.fulfilled(picture) && row.kind === "disconnect" ? await flowOf(session) : null;
      if (row.fulfilled(picture) && flow?.flows !== true) return { choose: "already-so", proof: proofOf(picture, flow) };
      return { choose: "send", before: seenOf(picture) };
    },
    send: (session, _command, _before, options) => session.orderRelay(row.kind, options),
    verify: async (session, _command, context) => {
      const picture = await session.readRelay();
      if (row.fulfilled(picture)) {
        const flow = row.kind === "disconnect" ? await flowOf(session) : null;
        if (flow?.flows !== true) return { verdict: "done", proof: proofOf(picture, flow) };
        // What was measured a moment ago may still be shown: looked at again before it is said of the contacts.
        return nextLook(context) ?? { verdict: "unclear", because: "welded" };
      }
      const orderStands = row.kind === "disconnect" ? picture.order === "disconnect" : picture.order === "connect";
      if ((row.kind === "disconnect" || row.kind === "reconnect") && orderStands) {
        const wait = row.kind === "disconnect" ? await whyNotCutYet(session, context) : null;
        if (wait !== null) return wait;
        // Latching relays wear and weld: never send it again and again.
        const because = row.kind === "reconnect" && nextLook(context) === null ? await whyNotRestored(session) : "stuck";
        return nextLook(context) ?? { verdict: "unclear", because };
      }
      if (context.lastReply === "acknowledged") {
        // Acknowledged, and the meter carries another order by now.
        return nextLook(context) ?? { verdict: "unclear", because: "order-gone" };
      }
      return { verdict: "not-done" };
    },
  };
}

export const relayDefinitions: readonly CommandDefinition[] = rows.map(define);
