/**
 * All energy registers of one moment, for whoever begins or ends a bill: the total, its rates, the reverse total. Under a tariff with rates
 * a beginning without them leaves energy that nobody can price.
 */
import { isFault, type FaultCode } from "../kernel/faults.ts";
import type { Reading } from "../kernel/reading.ts";
import { EXPORTED, RATES, TOTAL } from "./energy-set.ts";
import { meterModels } from "./meter-models.ts";
import type { MeterSession } from "./meter.ts";

/** Said by a meter that does answer: it may tell its total all the same. */
const ofTheAnswer: ReadonlySet<FaultCode> = new Set<FaultCode>(["meter-fault", "meter-refused", "meter-other-error"]);

/** What it has not comes as null. A model without blocks counts by no rates, and is asked for the total alone, as by the collection. */
export async function readEnergy(session: Pick<MeterSession, "meter" | "read">): Promise<readonly Reading[]> {
  const hasRates = meterModels[session.meter.model].profile.blocks.length > 0;
  try {
    return await session.read(hasRates ? [TOTAL, ...RATES, EXPORTED] : [TOTAL], "command");
  } catch (error) {
    if (!isFault(error) || !ofTheAnswer.has(error.code) || !hasRates) throw error;
    return session.read([TOTAL], "command");
  }
}
