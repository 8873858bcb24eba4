/** What a meter tells beside its proof, where it can: an item that it does not have, or tells nonsense of, is none. Its silence is thrown, as everywhere. */
import type { MeterSession } from "../../devices/meter.ts";
import { faults, isFault } from "../../kernel/faults.ts";
import type { Reading } from "../../kernel/reading.ts";

export async function toldOf(session: MeterSession, items: readonly string[]): Promise<readonly Reading[]> {
  try {
    return await session.read(items, "command");
  } catch (error) {
    if (isFault(error) && ["never", "person"].includes(faults[error.code].retry)) return [];
    throw error;
  }
}
