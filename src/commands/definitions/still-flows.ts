/** Whether power is drawn through a relay that says it is open: word 3 knows its coil, and not its contacts, which may be welded. */
import type { MeterSession } from "../../devices/meter.ts";
import { faults, isFault } from "../../kernel/faults.ts";

/** Below this a meter's own creep may show; from here on something is still supplied. */
const FLOWS_FROM_KW = 0.02;

/**
 * A meter that has no power to show, declines the question or answers with nonsense cannot tell, and its word 3 is believed: a cut must
 * not stay open for ever on that account. One that is silent is asked again by whoever asked.
 */
export async function stillFlows(session: MeterSession): Promise<boolean> {
  try {
    const [power] = await session.read(["power"], "command");
    return power?.value != null && Math.abs(Number(power.value)) >= FLOWS_FROM_KW;
  } catch (error) {
    if (isFault(error) && ["never", "person"].includes(faults[error.code].retry)) return false;
    throw error;
  }
}
