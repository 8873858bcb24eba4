/**
 * Instantaneous values (02): all out of one look at the phases, so volts times amps are the watts. Phases that a single-phase
 * meter does not have are FF; harmonics are none.
 */
import { bcd, joined, signedBcd } from "../bytes.ts";
import { Kind } from "../energies.ts";
import type { Load } from "../household.ts";
import type { Life } from "../life.ts";
import { later } from "../../src/kernel/clock.ts";
import { angle, apparent, powerFactor } from "../power.ts";
import type { Phase } from "../power.ts";

export const absent = (size: number): Uint8Array => new Uint8Array(size).fill(0xff);
const signed = (value: number, size: number): Uint8Array => signedBcd(BigInt(Math.trunc(value)), size);
/** Milliwatts as XX.XXXX kW. */
export const powerField = (milliwatts: number | undefined): Uint8Array =>
  milliwatts === undefined ? absent(3) : signed(milliwatts / 100, 3);
/** Thousandths as X.XXX. */
export const factorField = (load: Load): Uint8Array => signed(powerFactor(load), 2);

interface Quantity {
  readonly size: number;
  /** What 00 in DI1 reads; without it the block has phases only. */
  readonly total?: (load: Load) => Uint8Array;
  readonly phase: (phase: Phase) => Uint8Array;
}
const ofLoad = (size: number, field: (load: Load) => Uint8Array): Quantity => ({
  size,
  total: field,
  phase: ({ load }) => field(load),
});

const quantities: Readonly<Record<string, Quantity>> = {
  "01": { size: 2, phase: ({ decivolts }) => bcd(decivolts, 2) },
  "02": { size: 3, phase: ({ milliamps }) => signed(milliamps, 3) },
  "03": ofLoad(3, ({ active }) => powerField(active)),
  "04": ofLoad(3, ({ reactive }) => powerField(reactive)),
  "05": ofLoad(3, (load) => bcd(Math.floor(apparent(load) / 100), 3)),
  "06": ofLoad(2, factorField),
  "07": { size: 2, phase: ({ load }) => bcd(angle(load), 2) },
  "08": { size: 2, phase: () => bcd(0, 2) },
  "09": { size: 2, phase: () => bcd(0, 2) },
};

const HARMONICS = 21;

/** What lies apart from the phases. */
const singles: Readonly<Record<string, (life: Life) => Uint8Array>> = {
  "01": (life) => signed(neutralMilliamps(life.phases), 3),
  "02": (life) => bcd(life.supply.frequencyAt(life.at), 2),
  "03": (life) => {
    const means = life.demand.present(life.log, life.at, 60_000);
    return signed(means[Kind.forward]! - means[Kind.reverse]!, 3);
  },
  "04": (life) => signed(presentDemand(life).active, 3),
  "05": (life) => signed(presentDemand(life).reactive, 3),
  "06": (life) => bcd(apparent(presentDemand(life)), 3),
  "07": (life) => signed(life.supply.temperatureAt(life.at), 2),
  "08": (life) => bcd(life.supply.clockBattery, 2),
  "09": (life) => bcd(life.supply.readingBattery, 2),
  "0A": (life) => bcd(life.supply.batteryMinutes, 4),
};

/** 0.1 W: of the last whole period, sliding or block. */
export function presentDemand(life: Life, at = life.at): Load {
  const { demand, clock, log } = life;
  const shown = clock.at(at);
  const mark = demand.markMs;
  const means = demand.present(log, later(at, -(((shown % mark) + mark) % mark)));
  const [q1, q2, q3, q4] = means.slice(Kind.q1) as [number, number, number, number];
  return { active: means[Kind.forward]! - means[Kind.reverse]!, reactive: q1 + q2 - q3 - q4 };
}

/** Three currents a third of a turn apart leave this over; one phase's returns whole. */
function neutralMilliamps(phases: readonly Phase[]): number {
  const [a, b, c] = phases.map(({ milliamps }) => milliamps) as [number, number?, number?];
  if (b === undefined || c === undefined) return a;
  return Math.round(Math.sqrt(Math.max(0, a * a + b * b + c * c - a * b - b * c - a * c)));
}

export function instantItem(life: Life, di: string): Uint8Array | undefined {
  const [di3, di2, di1, di0] = di.match(/../g)! as [string, string, string, string];
  if (di3 !== "02") return undefined;
  if (di2 === "80") return di1 === "00" ? singles[di0]?.(life) : undefined;
  if (di2 === "0A" || di2 === "0B") return harmonics(life, di1, di0);
  const quantity = quantities[di2];
  if (quantity === undefined || di0 !== "00") return undefined;
  const { size, total, phase } = quantity;
  const phases = life.phases;
  const ofPhase = (i: number): Uint8Array => (phases[i] === undefined ? absent(size) : phase(phases[i]));
  if (di1 === "00") return total?.(life.load);
  if (di1 === "FF") return joined(...(total === undefined ? [] : [total(life.load)]), ofPhase(0), ofPhase(1), ofPhase(2));
  return /^0[123]$/.test(di1) ? ofPhase(Number(di1) - 1) : undefined;
}

function harmonics(life: Life, di1: string, di0: string): Uint8Array | undefined {
  if (!/^0[123]$/.test(di1)) return undefined;
  const field = Number(di1) > life.supply.phases ? absent(2) : bcd(0, 2);
  if (di0 === "FF") return joined(...Array.from({ length: HARMONICS }, () => field));
  const order = Number.parseInt(di0, 16);
  return order >= 1 && order <= HARMONICS ? field : undefined;
}
