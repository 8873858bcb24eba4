/** What was seen of a meter goes into the books: its relay, its wallet. Whoever looked, a poll or a command, the sight is kept alike. */
import type { ConclusionParts } from "../commands/conclusion.ts";
import type { SightInHand } from "../commands/sight-in-hand.ts";
import { noteEndOfTimedCut } from "../commands/timed-cut-end.ts";
import { TOTAL } from "../devices/energy-set.ts";
import type { MeterSession, RelayPicture, Wallet } from "../devices/meter.ts";
import type { ReadingIntake } from "../devices/reading-intake.ts";
import type { Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { yuan } from "../kernel/money.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { EngineKeepers } from "./ports.ts";

export interface Sightings {
  readonly relay: (meter: MeterAddress, picture: RelayPicture) => Promise<void>;
  /** Within a transaction that somebody else makes. */
  readonly relayIn: (tx: Transaction, meter: MeterAddress, picture: RelayPicture) => Promise<void>;
}

export interface SightingsParts extends ConclusionParts, Pick<EngineKeepers, "relayClosed"> {
  readonly transactor: Transactor;
  readonly log: Logger;
}

export function sightingsIn(parts: SightingsParts): Sightings {
  const { transactor, meters, outbox, log } = parts;
  const relayIn: Sightings["relayIn"] = async (tx, meter, picture) => {
    const differs = await meters.setRelay(tx, meter, picture);
    await noteEndOfTimedCut(parts, tx, meter, picture); // also when nothing differs: what ended in silence was never seen cut
    if (!differs) return;
    if (picture.relay === "connected") await parts.relayClosed?.(tx, meter);
    await outbox.announce(tx, { type: "meter", address: meter });
    log.info({ meter, relay: picture.relay, order: picture.order }, "the relay shows something new");
  };
  return { relayIn, relay: (meter, picture) => transactor.transact((tx) => relayIn(tx, meter, picture)) };
}

/**
 * What was used, in the last moment before an automatic cut. A leap is no ground for one, so it is read once more in the same breath: if it
 * was false, the second shows it; if not, it waits, and nobody is cut by it. What the relay showed just before goes along.
 */
export async function registersBeforeCut(
  {
    intake,
    gate,
  }: { readonly intake: Pick<ReadingIntake, "take">; readonly gate: { borneOutFrom(meter: MeterAddress): Instant | null } },
  session: MeterSession,
  relay?: SightInHand,
): Promise<readonly Reading[]> {
  const read = async (): Promise<readonly Reading[]> => {
    const readings = await session.read([TOTAL], "command");
    await intake.take(readings, relay?.write);
    relay?.kept();
    return readings;
  };
  const first = await read();
  return gate.borneOutFrom(session.meter.address) === null ? first : read();
}

export function walletReadings(meter: MeterAddress, wallet: Wallet): readonly Reading[] {
  const base = { meter, takenAt: wallet.takenAt, source: "command" } as const;
  return [
    { ...base, item: "balance", value: yuan(wallet.balance), unit: "yuan" },
    { ...base, item: "overdraft", value: yuan(wallet.overdraft), unit: "yuan" },
    { ...base, item: "purchaseCount", value: String(wallet.count), unit: null },
  ];
}
