/** Whether power is drawn through a relay that says it is open: word 3 knows its coil, and not its contacts, which may be welded. */
import type { MeterSession } from "../../devices/meter.ts";

/** Below this a meter's own creep may show; from here on something is still supplied. */
const FLOWS_FROM_KW = 0.02;

/** A meter that measures no power cannot tell, and is believed. */
export async function stillFlows(session: MeterSession): Promise<boolean> {
  const [power] = await session.read(["power"], "command");
  return power?.value != null && Math.abs(Number(power.value)) >= FLOWS_FROM_KW;
}
