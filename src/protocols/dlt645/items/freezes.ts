/**
 * Freezes (DI3 = 05), table A.6: DI2 the occasion, DI1 the quantity, DI0 the age (01 newest).
 *
 * A whole block (DI1 = FF) puts AAH after every quantity, and a quantity that is switched off leaves only its AAH. An AA may
 * also stand inside a value of nobody's making, so the block is cut by the lengths the quantities can have, not by looking
 * for AA; where that does not come out even, the block is shown as it is.
 */
import { decimal, energy, moment } from "../formats.ts";
import { freezeBlock } from "../freeze-block.ts";
import type { BlockPart } from "../freeze-block.ts";
import { field, joinName, one, record, series } from "../item.ts";
import type { Field, Shape } from "../item.ts";
import { demandFields } from "./energies.ts";
import type { Found, Identifier } from "./families.ts";

const OCCASIONS: ReadonlyMap<number, string> = new Map([
  [0x00, "timedFreeze"],
  [0x01, "instantFreeze"],
  [0x02, "zoneSwitchFreeze"],
  [0x03, "slotSwitchFreeze"],
  [0x04, "hourlyFreeze"],
  [0x05, "priceSwitchFreeze"],
  [0x06, "dailyFreeze"],
  [0x07, "stepSwitchFreeze"],
]);
const TIME = moment("YYMMDDhhmm");

interface Quantity {
  readonly name: string;
  readonly bytes: number;
  readonly fieldsOf: (name: string) => readonly Field[];
}
const energyOf = (name: string, unit: "kWh" | "kvarh", signed: boolean): Quantity => ({
  name,
  bytes: 4,
  fieldsOf: (own) => [field(own, unit === "kWh" ? energy(signed) : decimal(4, 2, unit, signed))],
});
const QUANTITIES: ReadonlyMap<number, Quantity> = new Map([
  [0x01, energyOf("importedEnergy", "kWh", false)],
  [0x02, energyOf("exportedEnergy", "kWh", false)],
  [0x03, energyOf("reactive1Energy", "kvarh", true)],
  [0x04, energyOf("reactive2Energy", "kvarh", true)],
  [0x05, energyOf("quadrant1Energy", "kvarh", false)],
  [0x06, energyOf("quadrant2Energy", "kvarh", false)],
  [0x07, energyOf("quadrant3Energy", "kvarh", false)],
  [0x08, energyOf("quadrant4Energy", "kvarh", false)],
  [0x09, { name: "importedDemand", bytes: 8, fieldsOf: (own) => demandFields(own, { unit: "kWh", signed: false }) }],
  [0x0a, { name: "exportedDemand", bytes: 8, fieldsOf: (own) => demandFields(own, { unit: "kWh", signed: false }) }],
]);
const VARIABLES = 0x10;
const variableFields = (prefix: string): readonly Field[] =>
  ["power", "powerA", "powerB", "powerC", "reactivePower", "reactivePowerA", "reactivePowerB", "reactivePowerC"].map((name, i) =>
    field(joinName(prefix, name), decimal(3, 4, i < 4 ? "kW" : "kvar", true)),
  );

const tariff = (i: number): string => (i === 0 ? "" : `tariff${i}`);

export function freezeItem([, di2, di1, di0]: Identifier): Found {
  const occasion = OCCASIONS.get(di2);
  if (occasion === undefined || di0 < 1 || di0 > 0xfe) return undefined;
  const last = di0 === 1 ? "" : `last${di0}`;
  const item = (word: string, shape: Shape) => ({
    name: joinName(occasion, word, last),
    title: `${occasion}, ${di0} back: ${word}`,
    shape,
  });
  if (di1 === 0) return item("time", one(joinName(occasion, "time", last), TIME));
  if (di1 === VARIABLES) return item("variables", record(variableFields(occasion)));
  if (di1 === 0xff) return item("block", readBlock(occasion, di2 === 0x04));
  const quantity = QUANTITIES.get(di1);
  if (quantity === undefined) return undefined;
  return item(quantity.name, quantitySeries(occasion, quantity, last));
}

const quantitySeries = (occasion: string, quantity: Quantity, last = ""): Shape =>
  series((i) => quantity.fieldsOf(joinName(occasion, quantity.name, tariff(i), last)));

/** Time, eight energies, two demands, variables; the hourly one only time and two energies, total alone. */
function readBlock(occasion: string, hourly: boolean): Shape {
  const quantities = [...QUANTITIES.values()].slice(0, hourly ? 2 : undefined);
  const parts: BlockPart[] = [
    { fieldsAt: () => [field(joinName(occasion, "time"), TIME)], repeats: false, mayBeOff: false },
    ...quantities.map((quantity) => ({
      fieldsAt: (i: number) => quantity.fieldsOf(joinName(occasion, quantity.name, tariff(i))),
      repeats: true,
      mayBeOff: true,
    })),
    ...(hourly ? [] : [{ fieldsAt: () => variableFields(occasion), repeats: false, mayBeOff: true }]),
  ];
  return freezeBlock(parts);
}
