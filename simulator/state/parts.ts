/**
 * The parts of a meter that remember something, in the order in which they are loaded. Whoever gives a meter another field or
 * another part that remembers names it here; `test/simulator/state-kept.test.ts` fails until that is done.
 */
import { bodyOf } from "../bodies.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { keepsFields, loadParts, saveParts } from "./keeping.ts";
import type { Keeps } from "./keeping.ts";
import { partsOfLife } from "./life-state.ts";

export const partsOf = (meter: VirtualMeter): readonly Keeps[] => [
  ...ownPartsOf(meter),
  // After the faults, of which it tells more.
  bodyOf(meter, wholeMeter),
];

const ownPartsOf = (meter: VirtualMeter): readonly Keeps[] => [
  keepsFields("meter", meter, [
    ...(["address", "meterNumber", "customerNumber", "mode", "keyState", "isOpened", "plainControl", "passwords"] as const),
    ...(["purchaseCount", "purchasedTotal", "purchases", "refunds", "broadcastDay", "isProtected", "isWarned"] as const),
    ...(["alarms", "alarm2Trips", "hoardingLimit", "closeAllowedAt", "isReminded", "heard", "obeyed"] as const),
    ...(["programmingEnabled", "output", "heeded"] as const),
  ]),
  meter.wallet,
  meter.relay.keeps,
  meter.esam,
  ...partsOfLife(meter.life),
  meter.readOn.keeps,
  meter.passwordLock.keeps,
  meter.parameters.keeps,
  meter.logbook.keeps,
  meter.faults,
  ...meter.dialectParts,
];

/** A twin, all of it in one part of the meter whose twin it is. A twin has none itself. */
const wholeMeter = (twin: VirtualMeter): Keeps => ({
  keptAs: "twin",
  save: () => saveParts(ownPartsOf(twin)),
  load: (state) => loadParts(ownPartsOf(twin), state, "twin"),
});
