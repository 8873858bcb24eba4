/**
 * The register beside a supply that was just seen cut or restored: it stands in the command's receipt, so that whoever asks later what was
 * used in between, or whether energy went on behind a cut, has both ends. It proves nothing of the order and holds nothing up: the
 * moment of the proof is taken before, and a meter that does not tell it leaves the receipt without.
 */
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Reading } from "../kernel/reading.ts";
import type { MeterSession } from "../devices/meter.ts";
import type { Command } from "./command.ts";
import { rivalsOf } from "./rivals.ts";
import type { SightInHand } from "./sight-in-hand.ts";
import type { WatchedSession } from "./watched-session.ts";

/** As it stands in a receipt: kWh as the meter shows it, and when. */
export interface RegisterSeen {
  readonly kwh: string;
  readonly takenAt: number;
}

export async function registerBeside(
  sights: { energy?(session: MeterSession, relay?: SightInHand): Promise<readonly Reading[]> },
  session: WatchedSession,
  { kind }: Command,
  log: Logger,
): Promise<{ readonly register?: RegisterSeen }> {
  if (sights.energy === undefined || !rivalsOf("disconnect").includes(kind)) return {};
  try {
    const seen = (await sights.energy(session, session.relaySeen)).find(({ item }) => item === "importedEnergy");
    return seen?.value == null ? {} : { register: { kwh: seen.value, takenAt: seen.takenAt } };
  } catch (error) {
    log.info({ reason: reasonOf(error) }, "the register beside the relay was not told");
    return {};
  }
}

/** Of a command's receipt; null: nobody told it. */
export function registerIn(receipt: Command["receipt"]): RegisterSeen | null {
  const seen = receipt?.["register"] as Partial<RegisterSeen> | undefined;
  return typeof seen?.kwh === "string" && typeof seen.takenAt === "number" ? { kwh: seen.kwh, takenAt: seen.takenAt } : null;
}
