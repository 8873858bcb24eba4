/**
 * The instantaneous values, all of them from one load and one set of voltages, so that they fit together: I = S / V by phase,
 * S² = P² + Q², power factor P / S. Whole numbers: milliwatts, decivolts, milliamps.
 */
import type { Instant } from "../src/kernel/clock.ts";
import type { Load } from "./household.ts";
import type { Supply } from "./supply.ts";

export interface Phase {
  readonly decivolts: number;
  readonly load: Load;
  readonly milliamps: number;
}

export const apparent = ({ active, reactive }: Load): number => Math.round(Math.sqrt(active * active + reactive * reactive));

/** Thousandths, with the sign of the flow; nothing flows: 1. */
export function powerFactor(load: Load): number {
  const s = apparent(load);
  return s === 0 ? 1_000 : Math.round((load.active * 1_000) / s);
}

/** Tenths of a degree, 0 to 359.9. */
export function angle({ active, reactive }: Load): number {
  if (active === 0 && reactive === 0) return 0;
  const tenths = Math.round((Math.atan2(reactive, active) * 1_800) / Math.PI);
  return (tenths + 3_600) % 3_600;
}

export const IDLE: Load = { active: 0, reactive: 0 };

/** A load on its phases: all of it on one, or split over three, and gone where the voltage is. */
export function phaseLoads(load: Load, supply: Supply, [a, b]: readonly [number, number], volts = supply.volts): readonly Load[] {
  if (supply.phases === 1) return [load];
  const part = (thousandths: number): Load => ({
    active: Math.trunc((load.active * thousandths) / 1_000),
    reactive: Math.trunc((load.reactive * thousandths) / 1_000),
  });
  const [first, second] = [part(a), part(b)];
  const third = {
    active: load.active - first.active - second.active,
    reactive: load.reactive - first.reactive - second.reactive,
  };
  return [first, second, third].map((each, phase) => (supply.isLive(phase, volts) ? each : IDLE));
}

export const sumOf = (loads: readonly Load[]): Load =>
  loads.length === 1
    ? loads[0]!
    : loads.reduce((sum, each) => ({ active: sum.active + each.active, reactive: sum.reactive + each.reactive }), IDLE);

export function phasesAt(at: Instant, supply: Supply, loads: readonly Load[], volts = supply.volts): readonly Phase[] {
  return loads.map((load, phase) => {
    const decivolts = supply.decivoltsAt(at, phase, volts);
    const magnitude = decivolts === 0 ? 0 : Math.floor((apparent(load) * 10) / decivolts);
    return { decivolts, load, milliamps: load.active < 0 ? -magnitude : magnitude };
  });
}
