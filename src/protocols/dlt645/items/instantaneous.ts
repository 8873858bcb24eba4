/**
 * What the meter measures now (DI3 = 02), table A.3: DI2 the quantity, DI1 the phase (FF all), and the harmonics, whose
 * order stands in DI0. Phase A of a quantity without a total carries the plain name: most meters have one phase.
 */
import { decimal } from "../formats.ts";
import type { Format } from "../formats.ts";
import { field, one, series } from "../item.ts";
import type { Found, Identifier } from "./families.ts";

interface Quantity {
  readonly name: string;
  readonly title: string;
  readonly format: Format<unknown>;
  /** The block begins with the total, then the phases. */
  readonly hasTotal: boolean;
}
const quantity = (name: string, title: string, format: Format<unknown>, hasTotal: boolean): Quantity => ({
  name,
  title,
  format,
  hasTotal,
});

/** DI2 = 01..09. Apparent power is unsigned by the book; some vendors set the top bit, which would else read as a fault. */
const QUANTITIES: readonly Quantity[] = [
  quantity("voltage", "voltage", decimal(2, 1, "V"), false),
  quantity("current", "current", decimal(3, 3, "A", true), false),
  quantity("power", "active power", decimal(3, 4, "kW", true), true),
  quantity("reactivePower", "reactive power", decimal(3, 4, "kvar", true), true),
  quantity("apparentPower", "apparent power", decimal(3, 4, "kVA", true), true),
  quantity("powerFactor", "power factor", decimal(2, 3, null, true), true),
  quantity("phaseAngle", "phase angle", decimal(2, 1, "deg"), false),
  quantity("voltageDistortion", "total harmonic distortion of the voltage", decimal(2, 2, "%"), false),
  quantity("currentDistortion", "total harmonic distortion of the current", decimal(2, 2, "%"), false),
];
const PLACES = ["", "A", "B", "C"] as const;
const ORDERS_MAX = 0x15;

const nameOf = ({ name, hasTotal }: Quantity, place: number): string =>
  place === 1 && !hasTotal ? name : `${name}${PLACES[place] ?? String(place)}`;

export function instantItem([, di2, di1, di0]: Identifier): Found {
  if (di2 === 0x0a || di2 === 0x0b) return harmonic(di2 === 0x0a ? "voltage" : "current", di1, di0);
  const found = QUANTITIES[di2 - 1];
  if (found === undefined || di0 !== 0) return undefined;
  const { name, title, format, hasTotal } = found;
  const first = hasTotal ? 0 : 1;
  if (di1 === 0xff)
    return { name: `${name}Block`, title: `${title}, all`, shape: series((i) => [field(nameOf(found, first + i), format)]) };
  if (di1 < first || di1 > 3) return undefined;
  const own = nameOf(found, di1);
  return { name: own, title: di1 === 0 ? `${title}, total` : `${title}, phase ${PLACES[di1]!}`, shape: one(own, format) };
}

function harmonic(what: "voltage" | "current", phase: number, order: number): Found {
  if (phase < 1 || phase > 3) return undefined;
  const name = `${what}Harmonic${PLACES[phase]!}`;
  const title = `harmonic content of the ${what}, phase ${PLACES[phase]!}`;
  const format = decimal(2, 2, "%");
  if (order === 0xff) return { name: `${name}Block`, title, shape: series((i) => [field(`${name}Order${i + 1}`, format)]) };
  if (order < 1 || order > ORDERS_MAX) return undefined;
  return { name: `${name}Order${order}`, title: `${title}, order ${order}`, shape: one(`${name}Order${order}`, format) };
}
