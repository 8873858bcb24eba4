/** Whether power is drawn through a relay that says it is open: word 3 knows its coil, and not its contacts, which may be welded. */
import type { MeterSession } from "../../devices/meter.ts";
import { toldOf } from "./told.ts";

/** Below this a meter's own creep may show; from here on something is still supplied. */
const FLOWS_FROM_KW = 0.02;

export interface Flow {
  readonly flows: boolean;
  /** kW as the meter tells it; null: it cannot. */
  readonly power: string | null;
}

/**
 * A meter that has no power to show, declines the question or answers with nonsense cannot tell, and its word 3 is believed: a cut must
 * not stay open for ever on that account. One that is silent is asked again by whoever asked.
 */
export async function flowOf(session: MeterSession): Promise<Flow> {
  const [power] = await toldOf(session, ["power"]);
  const told = power?.value ?? null;
  return { flows: told !== null && Math.abs(Number(told)) >= FLOWS_FROM_KW, power: told };
}

export const stillFlows = async (session: MeterSession): Promise<boolean> => (await flowOf(session)).flows;
