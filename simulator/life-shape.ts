/** The words for a meter's life, in a scenario file and at the control door, and what a patch of them does. */
import { z } from "zod";
import { Fault } from "../src/kernel/faults.ts";
import { parseYuan } from "../src/kernel/money.ts";
import { DRIFT_PPM_MAX } from "./meter-clock.ts";
import { DEAD_VOLTS, failingParts } from "./supply.ts";
import type { VirtualMeter } from "./virtual-meter.ts";

const yuan = z.string().regex(/^\d{1,6}(\.\d{1,2})?$/, 'yuan with at most two decimals, in quotes, like "30.00"');
const kwh = z.string().regex(/^\d{1,6}(\.\d{1,2})?$/, 'kWh with at most two decimals, in quotes, like "200.00"');
const price = z.string().regex(/^\d{1,4}(\.\d{1,4})?$/, 'yuan per kWh, in quotes, like "0.5283"');
const monthDay = /^(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$/;
const drift = z.number().min(-DRIFT_PPM_MAX).max(DRIFT_PPM_MAX);
const factor = z.number().min(0.1).max(1);
const solar = z.number().min(0).max(100);

const tables = z
  .array(
    z
      .array(
        z.strictObject({
          at: z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'a time of the day, in quotes, like "08:00"'),
          tariff: z.int().min(1).max(4),
        }),
      )
      .min(1)
      .max(14),
  )
  .min(1)
  .max(8);
const zones = z
  .array(
    z.strictObject({ from: z.string().regex(monthDay, 'month and day, in quotes, like "07-01"'), table: z.int().min(1).max(8) }),
  )
  .min(1)
  .max(14);
const steps = z.strictObject({
  thresholds: z.array(kwh).max(6),
  prices: z.array(price).min(1).max(7),
  yearly: z
    .array(z.string().regex(/^(0[1-9]|1[0-2])-(0[1-9]|1\d|2[0-8])(T([01]\d|2[0-3]))?$/, 'in quotes, like "01-01" or "01-01T00"'))
    .max(4)
    .optional(),
});
const set = {
  tables: tables.optional(),
  zones: zones.optional(),
  prices: z.array(price).min(1).max(4).optional(),
  steps: steps.optional(),
};

/** In a scenario. */
export const lifePlanShape = z.strictObject({
  clockDriftPpm: drift.optional(),
  phases: z.union([z.literal(1), z.literal(3)]).optional(),
  powerFactor: factor.optional(),
  solarKw: solar.optional(),
  tariff: z.strictObject({ ...set, next: z.strictObject({ ...set, at: z.string() }).optional() }).optional(),
  settlementDays: z
    .array(z.string().regex(/^(0[1-9]|1\d|2[0-8])([01]\d|2[0-3])$/, 'day and hour as DDhh, in quotes, like "0100"'))
    .min(1)
    .max(3)
    .optional(),
  alarm1: yuan.optional(),
  alarm2: yuan.optional(),
  alarm2Trips: z.boolean().optional(),
});

/** In a PATCH. */
export const lifePatchShape = z
  .strictObject({
    powered: z.boolean(),
    clockDriftPpm: drift,
    powerFactor: factor,
    solarKw: solar,
    alarm1: yuan,
    alarm2: yuan,
    alarm2Trips: z.boolean(),
    /** By phase; null: as it comes. A phase at 0 carries nothing. */
    volts: z.array(z.number().min(0).max(400).nullable()).min(1).max(3),
    coverOpen: z.boolean(),
    terminalCoverOpen: z.boolean(),
    phaseOrderReversed: z.boolean(),
    auxiliaryLost: z.boolean(),
    clockBatteryVolts: z.number().min(0).max(99),
    readingBatteryVolts: z.number().min(0).max(99),
    failing: z.array(z.enum(failingParts)),
  })
  .partial();
export type LifePatch = z.infer<typeof lifePatchShape>;

/** What nature, a tool or a person does to a meter; the meter is up to date already. */
export function patchLife(meter: VirtualMeter, patch: LifePatch): void {
  const { life, alarms } = meter;
  const { household, supply } = life;
  if (patch.powered === true) meter.powerOn();
  if (patch.clockDriftPpm !== undefined) life.clock = life.clock.drifting(life.at, patch.clockDriftPpm);
  if (patch.powerFactor !== undefined) household.powerFactor = patch.powerFactor;
  if (patch.solarKw !== undefined) household.solarKw = patch.solarKw;
  if (patch.alarm1 !== undefined) alarms.first = parseYuan(patch.alarm1, "alarm1");
  if (patch.alarm2 !== undefined) alarms.second = parseYuan(patch.alarm2, "alarm2");
  if (patch.alarm2Trips !== undefined) meter.alarm2Trips = patch.alarm2Trips;
  if (patch.volts !== undefined) supply.volts = voltsOf(patch.volts, supply.phases);
  if (patch.coverOpen !== undefined) supply.isCoverOpen = patch.coverOpen;
  if (patch.terminalCoverOpen !== undefined) supply.isTerminalCoverOpen = patch.terminalCoverOpen;
  if (patch.phaseOrderReversed !== undefined) supply.isPhaseOrderReversed = patch.phaseOrderReversed;
  if (patch.auxiliaryLost !== undefined) supply.isAuxiliaryLost = patch.auxiliaryLost;
  if (patch.clockBatteryVolts !== undefined) supply.clockBattery = Math.round(patch.clockBatteryVolts * 100);
  if (patch.readingBatteryVolts !== undefined) supply.readingBattery = Math.round(patch.readingBatteryVolts * 100);
  if (patch.failing !== undefined) {
    supply.failing = new Set(patch.failing);
    if (supply.failing.has("esam")) meter.esam.endSession();
  }
  if (patch.powered === false) meter.powerOff();
}

/** Decivolts for the phases that there are. A meter with no voltage at all is one without power, and that has a word of its own. */
function voltsOf(given: readonly (number | null)[], phases: 1 | 3): readonly (number | null)[] {
  const volts = Array.from({ length: phases }, (_, phase) => given[phase] ?? null);
  if (given.length > phases || volts.every((each) => each !== null && each <= DEAD_VOLTS))
    throw new Fault("invalid-request", {
      field: "volts",
      allowed: `at most ${phases}, one of them above ${DEAD_VOLTS}; for an outage say powered: false`,
    });
  return volts.map((each) => (each === null ? null : Math.round(each * 10)));
}
