/** A gate with the usual limits on any books, for tests that build an intake by themselves. */
import type { MeterStore } from "../../src/commands/command-store.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import { RegisterGate } from "../../src/validation/energy-gate.ts";
import { gateDefaults, type GateSettings, type MeterLimits } from "../../src/validation/limits.ts";
import type { ValidationStore } from "../../src/validation/validation-store.ts";

export const usualLimits: MeterLimits = { registerEnd: 100_000_000n, stepsPerHour: 5_000n };

export const registerGate = (
  stores: { readonly validation: ValidationStore; readonly meters: Pick<MeterStore, "meter"> },
  clock: Clock,
  settings: GateSettings = gateDefaults,
): RegisterGate =>
  new RegisterGate({
    ...{ store: stores.validation, meters: stores.meters, clock, settings, timeZone: "Asia/Shanghai" },
    limitsOf: () => usualLimits,
  });
