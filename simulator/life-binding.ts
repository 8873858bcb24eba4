/**
 * Where what a meter is asked and what it lives by meet: parameters that life knows are read there and put there, freezes and
 * maximum demand are its own, and clearing the meter clears its life.
 */
import type { Demands } from "./demand.ts";
import { demandField } from "./behaviours/energy-items.ts";
import { joined } from "./bytes.ts";
import { KINDS } from "./energies.ts";
import { isFixedSetting, putSetting, settingValues } from "./life-settings.ts";
import type { VirtualMeter } from "./virtual-meter.ts";

const PHASES = 3;
const NO_MAXIMUM = { value: 0, at: undefined };

/** Total by kind; there is no demand by phase. */
const maxima = (demands: Demands): Uint8Array[] => [
  ...KINDS.map((kind) => demandField(demands[kind]?.[0] ?? NO_MAXIMUM)),
  ...Array.from({ length: PHASES * KINDS.length }, () => demandField(NO_MAXIMUM)),
];

export function bindLife(meter: VirtualMeter): void {
  const { life } = meter;
  meter.parameters.keepIn({
    value: (di) => {
      const values = settingValues(life, di);
      return values && joined(...values);
    },
    put: (di, field) => {
      meter.settle();
      return putSetting(life, di, field);
    },
    isFixed: isFixedSetting,
  });
  meter.freezes = life.freezes;
  meter.demand = { values: () => maxima(life.demand.maxima), clear: () => life.demand.reset(meter.settle()) };
  meter.uponClear.push(() => life.clear());
}
