/**
 * The parts of a meter that remember something, in the order in which they are loaded. Whoever gives a meter another part that
 * remembers adds it here: `implements Keeps` in its own file, and one name more in this list.
 */
import { bodyOf } from "../bodies.ts";
import type { VirtualMeter } from "../virtual-meter.ts";
import { loadParts, saveParts } from "./keeping.ts";
import type { Keeps } from "./keeping.ts";

export const partsOf = (meter: VirtualMeter): readonly Keeps[] => [
  ...ownPartsOf(meter),
  // After the faults, of which it tells more.
  bodyOf(meter, wholeMeter),
];

const ownPartsOf = (meter: VirtualMeter): readonly Keeps[] => [
  meter,
  meter.wallet,
  meter.relay,
  meter.esam,
  meter.household,
  meter.faults,
  ...meter.dialectParts,
];

/** A twin, all of it in one part of the meter whose twin it is. A twin has none itself. */
const wholeMeter = (twin: VirtualMeter): Keeps => ({
  keptAs: "twin",
  save: () => saveParts(ownPartsOf(twin)),
  load: (state) => loadParts(ownPartsOf(twin), state, "twin"),
});
