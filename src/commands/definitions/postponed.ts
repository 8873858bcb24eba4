/**
 * Why an order that stands in the meter has not moved its relay, each by its own name:
 *
 *     cut      a trip delay runs (04001401) · the current is above the meter's limit (04001402), for as long as it holds off (04001403)
 *     restore  the relay is free and waits for the button · it is stuck, and the meter says so itself (word 1 bit 8)
 *
 * Word 3 shows a relay that waits for the button and one that is stuck alike: only word 1 tells them apart, and only where a model sets it.
 */
import { minutes, seconds } from "../../kernel/clock.ts";
import type { MeterSession } from "../../devices/meter.ts";
import type { Verdict, VerifyContext } from "../definition.ts";
import { toldOf } from "./told.ts";

/** Looks while it is postponed. */
const LOOK_EVERY_MS = seconds(30);
const MARGIN_MS = minutes(1);
/** Phases; what a meter does not have, it does not answer. */
const CURRENTS = ["current", "currentB", "currentC"] as const;
/** Word 1 bit 8: order and relay disagree. */
const RELAY_ERROR = 0x0100;

/** Of a cut that was accepted; null: nothing explains it. */
export async function whyNotCutYet(session: MeterSession, { sinceSentMs }: VerifyContext): Promise<Verdict | null> {
  const delayMs = minutes(await session.readTripDelayMinutes());
  const wait = (waitingFor: string): Verdict => ({ verdict: "wait", waitingFor, lookAgainMs: LOOK_EVERY_MS });
  if (delayMs > 0 && sinceSentMs < delayMs + MARGIN_MS) return wait("trip-delay");
  const limit = await numberOf(session, "tripCurrentLimit");
  if (limit === null || limit <= 0) return null; // any current may be cut
  const holdOffMs = minutes((await numberOf(session, "tripHoldOff")) ?? 0);
  if (sinceSentMs >= delayMs + holdOffMs + MARGIN_MS) return null;
  const current = await highestCurrent(session);
  return current !== null && current > limit ? wait("high-current") : null;
}

/** Of a restore that was accepted, at the last look. */
export async function whyNotRestored(session: MeterSession): Promise<"stuck" | "button"> {
  const [word] = await toldOf(session, ["runStateWord1"]);
  if (word?.value == null) return "stuck";
  return (Number.parseInt(word.value, 16) & RELAY_ERROR) === 0 ? "button" : "stuck";
}

async function highestCurrent(session: MeterSession): Promise<number | null> {
  let highest: number | null = null;
  for (const item of CURRENTS) {
    const amperes = await numberOf(session, item);
    if (amperes !== null) highest = Math.max(highest ?? 0, Math.abs(amperes));
  }
  return highest;
}

async function numberOf(session: MeterSession, item: string): Promise<number | null> {
  const [reading] = await toldOf(session, [item]);
  return reading?.value == null ? null : Number(reading.value);
}
