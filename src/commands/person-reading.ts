/**
 * A reading that a person waits for: at once and not as a command, since it changes nothing. It is stored like one of a poll, so the
 * meter has to be ours before anything it says is believed (identity-watch.ts).
 */
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import { Priority, type Street } from "../devices/meter.ts";
import type { ReadingIntake } from "../devices/reading-intake.ts";
import { mustBeReadable } from "../devices/readings.ts";
import type { IdentityWatch } from "./identity-watch.ts";

export interface PersonReadingParts {
  readonly street: Pick<Street, "session">;
  readonly identities: Pick<IdentityWatch, "mustBeOurs">;
  readonly intake: Pick<ReadingIntake, "take">;
}

export async function readForPerson(
  { street, identities, intake }: PersonReadingParts,
  address: MeterAddress,
  items: readonly string[],
  signal?: AbortSignal,
): Promise<readonly Reading[]> {
  mustBeReadable(items); // a misspelt name costs nobody an exchange
  const session = await street.session(address, { priority: Priority.person, ...(signal === undefined ? {} : { signal }) });
  try {
    await identities.mustBeOurs(session);
    const readings = await session.read(items, "person");
    await intake.take(readings);
    return readings;
  } finally {
    await session.close();
  }
}
