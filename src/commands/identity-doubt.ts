/**
 * Is this the meter we think it is? Its numbers are compared with the books before anything changes it, and again before an
 * automatic cut. A meter that carries others is quarantined: nothing is sent to it and nothing taken for it.
 */
import type { Clock } from "../kernel/clock.ts";
import { isFault, type FaultCode } from "../kernel/faults.ts";
import type { IdentityFinding, MeterSession } from "../devices/meter.ts";
import type { Command } from "./command.ts";
import type { MeterStore } from "./command-store.ts";
import type { IdentityWatch } from "./identity-watch.ts";
import { isAutomaticCut } from "./rivals.ts";

interface Parts {
  readonly meters: MeterStore;
  readonly clock: Clock;
  readonly identities: Pick<IdentityWatch, "strangerIn" | "inDoubt" | "compared">;
}

/**
 * Identity is read before the first thing that changes a meter, and again whenever there is doubt about it; what only reads is compared
 * as every reading is. Wrong numbers quarantine it.
 */
export async function identityDoubt(parts: Parts, session: MeterSession, command: Command): Promise<FaultCode | null> {
  const { meters } = parts;
  if (command.effect === "reads") return (await parts.identities.strangerIn(session)) === null ? null : "identity-mismatch";
  const book = await meters.meter(null, command.meter);
  if (book === null || book.identity === "quarantined") return "meter-quarantined";
  if (command.account !== null && book.account !== command.account) return "account-without-meter"; // it is somebody else's by now
  // Before an automatic cut the numbers are read again: meters are swapped, and the wrong home must not go dark.
  if (book.identity === "confirmed" && !isAutomaticCut(command) && !(await parts.identities.inDoubt(command.meter))) return null;
  let found: IdentityFinding;
  try {
    found = await session.readIdentity();
  } catch (error) {
    if (isFault(error, "meter-no-data")) return null; // a meter without such numbers contradicts nobody
    throw error;
  }
  return (await parts.identities.compared(session.meter, found)) === null ? null : "identity-mismatch";
}

/** The meter is not whose we thought: nothing is sent to it and nothing taken for it until a person has looked. */
export async function quarantine(
  parts: Omit<Parts, "identities">,
  session: MeterSession,
  command: Command,
  why: FaultCode,
): Promise<void> {
  const note =
    why === "repeated-top-up"
      ? `${why}: the meter knew our very first number for command ${command.id}; somebody else sells to it`
      : `${why}: the meter carries another customer number than ${session.meter.customerNumber}`;
  await parts.meters.setIdentity(null, command.meter, "quarantined", note, parts.clock.now());
}
