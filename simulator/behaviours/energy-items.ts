/**
 * Energies (00) and maximum demands (01): kind in DI2, tariff in DI1, settlement in DI0. FF in one of them is all of that level,
 * one after the other. Settlements that have not been yet read as zeros; phases only where there are three.
 */
import { bcd, signedBcd } from "../bytes.ts";
import type { Maximum } from "../demand.ts";
import { COMBINED_1, COMBINED_2 } from "../demand.ts";
import { combined, Kind, placeOf, placeOfPhase, TARIFFS } from "../energies.ts";
import type { Life } from "../life.ts";
import { SETTLEMENTS_KEPT } from "../settlements.ts";
import { wireMinute } from "../wall-time.ts";

type Values = readonly Uint8Array[];
/** Whole steps of a register: at this moment, at a settlement, in a freeze. */
export type StepsOf = (kind: Kind) => number;

const QUADRANTS = [Kind.q1, Kind.q2, Kind.q3, Kind.q4] as const;

/** The eight kinds of the standard, 00 to 08, out of the six that are counted. */
export function energyField(life: Pick<Life, "combinations">, number: number, steps: StepsOf): Uint8Array | undefined {
  const { active, reactive1, reactive2 } = life.combinations;
  const sum = (word: number, kinds: readonly Kind[]): Uint8Array => signedBcd(BigInt(combined(word, kinds.map(steps))), 4);
  switch (number) {
    case 0:
      return sum(active, [Kind.forward, Kind.reverse]);
    case 1:
      return bcd(steps(Kind.forward), 4);
    case 2:
      return bcd(steps(Kind.reverse), 4);
    case 3:
      return sum(reactive1, QUADRANTS);
    case 4:
      return sum(reactive2, QUADRANTS);
    default:
      return number >= 5 && number <= 8 ? bcd(steps(QUADRANTS[number - 5]!), 4) : undefined;
  }
}

export function demandField({ value, at }: Maximum, isSigned = false): Uint8Array {
  const time = at === undefined ? new Uint8Array(5) : wireMinute(at);
  return Uint8Array.from([...(isSigned ? signedBcd(BigInt(value), 3) : bcd(value, 3)), ...time]);
}

/** Demand rows in the order of DI2, 01 to 08. */
const DEMAND_ROWS = [Kind.forward, Kind.reverse, COMBINED_1, COMBINED_2, Kind.q1, Kind.q2, Kind.q3, Kind.q4] as const;
/** DI2 of phases A, B, C: forward, reverse, combined 1 and 2, quadrants 1 to 4 follow one another. */
const PHASE_BASES = [0x15, 0x29, 0x3d] as const;
const ALL = 0xff;

/** One register of one settlement. */
function energy(life: Life, kind: number, tariff: number, settlement: number): Uint8Array | undefined {
  const past = settlement === 0 ? undefined : life.settlements.settled(settlement);
  const stepsAt = (place: number): number => (settlement === 0 ? life.registers.steps(place) : (past?.energies[place] ?? 0));
  if (kind <= 8) return tariff <= TARIFFS ? energyField(life, kind, (of) => stepsAt(placeOf(of, tariff))) : undefined;
  const phase = PHASE_BASES.findIndex((base) => kind >= base && kind < base + 8);
  if (phase < 0 || phase >= life.supply.phases || tariff !== 0) return undefined;
  const place = (of: Kind): number => (life.supply.phases === 1 ? placeOf(of, 0) : placeOfPhase(of, phase));
  return energyField(life, kind - PHASE_BASES[phase]! + 1, (of) => stepsAt(place(of)));
}

function demand(life: Life, kind: number, tariff: number, settlement: number): Uint8Array | undefined {
  const row = DEMAND_ROWS[kind - 1];
  if (row === undefined || tariff > TARIFFS) return undefined;
  const maxima = settlement === 0 ? life.demand.maxima : life.settlements.settled(settlement)?.demands;
  return demandField(maxima?.[row]![tariff] ?? { value: 0, at: undefined }, kind === 3 || kind === 4);
}

/** Consumption of the settlement period (0B) and of the month (0C): this one and the last. */
function consumption(life: Life, which: number, settlement: number): Uint8Array | undefined {
  const period = which === 0x0b ? life.settlements.period : life.settlements.month;
  return settlement > 1 ? undefined : bcd(settlement === 0 ? period.current.steps : period.last, 4);
}

export function energyItem(life: Life, di: string): Values | undefined {
  const [di3, kind, tariff, settlement] = di.match(/../g)!.map((byte) => Number.parseInt(byte, 16)) as [
    number,
    number,
    number,
    number,
  ];
  if (di3 > 1) return undefined;
  if (di3 === 0 && (kind === 0x0b || kind === 0x0c)) return tariff === 0 ? one(consumption(life, kind, settlement)) : undefined;
  const of = di3 === 0 ? energy : demand;
  const from = di3 === 0 ? 0 : 1;
  if (settlement !== ALL && settlement > SETTLEMENTS_KEPT) return undefined;
  if (kind === ALL) return all(from, 8, (each) => of(life, each, tariff, settlement));
  if (tariff === ALL) return all(0, kind <= 8 ? TARIFFS : 0, (each) => of(life, kind, each, settlement));
  if (settlement === ALL) return all(0, SETTLEMENTS_KEPT, (each) => of(life, kind, tariff, each));
  return one(of(life, kind, tariff, settlement));
}

const one = (value: Uint8Array | undefined): Values | undefined => value && [value];

function all(from: number, to: number, of: (number: number) => Uint8Array | undefined): Values | undefined {
  const values = Array.from({ length: to - from + 1 }, (_, i) => of(from + i));
  return values.every((value) => value !== undefined) ? values : undefined;
}
