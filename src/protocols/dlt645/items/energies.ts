/**
 * Energies (DI3 = 00) and maximum demands (DI3 = 01), tables A.1 and A.2: DI2 says which, DI1 the tariff (00 total, FF
 * all), DI0 the settlement day (00 now, 01..0C back, FF all). A demand is its value and the moment at which it was reached.
 */
import { decimal, energy, moment } from "../formats.ts";
import type { Format } from "../formats.ts";
import { field, joinName, one, record, series } from "../item.ts";
import type { Field } from "../item.ts";
import type { Found, Identifier } from "./families.ts";

interface Kind {
  readonly name: string;
  readonly title: string;
  readonly unit: "kWh" | "kvarh" | "kVAh";
  readonly signed: boolean;
}
const kind = (name: string, title: string, unit: Kind["unit"] = "kWh", signed = false): Kind => ({ name, title, unit, signed });

/** DI2 = 00..0A, with tariffs; and again per phase, without, at 15, 29 and 3D. */
const KINDS: readonly Kind[] = [
  kind("combined", "combined active", "kWh", true),
  kind("imported", "forward active"),
  kind("exported", "reverse active"),
  kind("reactive1", "combined reactive 1", "kvarh", true),
  kind("reactive2", "combined reactive 2", "kvarh", true),
  kind("quadrant1", "quadrant 1 reactive", "kvarh"),
  kind("quadrant2", "quadrant 2 reactive", "kvarh"),
  kind("quadrant3", "quadrant 3 reactive", "kvarh"),
  kind("quadrant4", "quadrant 4 reactive", "kvarh"),
  kind("importedApparent", "forward apparent", "kVAh"),
  kind("exportedApparent", "reverse apparent", "kVAh"),
];
const CONSUMPTION: readonly Kind[] = [
  // The sign is not documented for these two; nobody has seen one.
  kind("consumptionOfSettlementPeriod", "combined active, consumption of the settlement period"),
  kind("consumptionOfMonth", "combined active, consumption of the month"),
];
/** DI2 = 80..86, and per phase at 94, A8 and BC. */
const COMPONENTS: readonly Kind[] = [
  kind("associated", "associated"),
  kind("importedFundamental", "forward active fundamental"),
  kind("exportedFundamental", "reverse active fundamental"),
  kind("importedHarmonic", "forward active harmonic"),
  kind("exportedHarmonic", "reverse active harmonic"),
  kind("copperLoss", "copper-loss compensation"),
  kind("ironLoss", "iron-loss compensation"),
];
const PHASES = ["A", "B", "C"] as const;

function kindOf(di2: number): Kind | undefined {
  if (di2 <= 0x0a) return KINDS[di2];
  if (di2 <= 0x0c) return CONSUMPTION[di2 - 0x0b];
  if (di2 >= 0x80 && di2 <= 0x86) return COMPONENTS[di2 - 0x80];
  for (const [i, phase] of PHASES.entries()) {
    const own = KINDS[di2 - (0x15 + i * 0x14) + 1];
    const component = COMPONENTS[di2 - (0x94 + i * 0x14)];
    const found = di2 >= 0x15 + i * 0x14 && di2 <= 0x1e + i * 0x14 ? own : component;
    if (found !== undefined) return { ...found, name: `${found.name} ${phase}`, title: `${found.title}, phase ${phase}` };
  }
  return undefined;
}

export const energyFormat = (unit: Kind["unit"], signed: boolean): Format<unknown> =>
  unit === "kWh" ? energy(signed) : decimal(4, 2, unit, signed);
const DEMAND_UNIT = { kWh: "kW", kvarh: "kvar", kVAh: "kVA" } as const;

const tariffName = (di1: number): string => (di1 === 0 ? "" : `tariff${di1}`);
const settlementName = (di0: number): string => (di0 === 0 ? "" : `settlement${di0}`);
const titleOf = (what: string, [, , di1, di0]: Identifier): string =>
  [
    what,
    di1 === 0 ? "total" : di1 === 0xff ? "total and tariffs" : `tariff ${di1}`,
    ...(di0 === 0 ? [] : [di0 === 0xff ? "all settlement days" : `settlement day ${di0} back`]),
  ].join(", ");

function itemFor(id: Identifier, name: string, what: string, fieldsOf: (name: string) => readonly Field[]): Found {
  const [, , di1, di0] = id;
  if (di1 > 0x3f && di1 !== 0xff) return undefined;
  if (di0 > 0x0c && di0 !== 0xff) return undefined;
  // Only one of the two may be "all" (clause 7.1; the reference marks this low): with both, the places cannot be told.
  if (di1 === 0xff && di0 === 0xff) return undefined;
  const title = titleOf(what, id);
  if (di1 === 0xff) {
    const own = joinName(name, "block", settlementName(di0));
    return { name: own, title, shape: series((i) => fieldsOf(joinName(name, tariffName(i), settlementName(di0)))) };
  }
  if (di0 === 0xff) {
    const own = joinName(name, tariffName(di1), "settlements");
    return { name: own, title, shape: series((i) => fieldsOf(joinName(name, tariffName(di1), settlementName(i)))) };
  }
  const own = joinName(name, tariffName(di1), settlementName(di0));
  const fields = fieldsOf(own);
  // One value is one length: more bytes than it has are a vendor's own layout, and its first four no energy.
  return { name: own, title, shape: fields.length === 1 ? one(own, fields[0]!.format) : record(fields) };
}

const PREPAID: ReadonlyMap<number, string> = new Map([
  [0x0100, "remaining energy"],
  [0x0101, "overdraft energy"],
]);

export function energyItem(id: Identifier): Found {
  const [, di2, di1, di0] = id;
  if (di2 === 0x90) {
    const name = PREPAID.get(di1 * 256 + di0);
    return name === undefined ? undefined : { name: joinName(name), title: name, shape: one(joinName(name), energy()) };
  }
  if (di2 === 0x0d && di1 === 0 && di0 <= 6) {
    const name = `consumptionOfYear${di0 === 0 ? "" : `Back${di0}`}`;
    return { name, title: `combined active energy, consumption of the year, ${di0} back`, shape: one(name, energy()) };
  }
  if (di2 === 0xfe && di1 === 0 && di0 >= 1 && di0 <= 0x0c) {
    return {
      name: `settlementTime${di0}`,
      title: `when settlement day ${di0} back was`,
      shape: one(`settlementTime${di0}`, moment("YYMMDDhhmm")),
    };
  }
  const found = kindOf(di2);
  if (found === undefined) return undefined;
  const name = di2 >= 0x0b && di2 <= 0x0c ? found.name : energyName(found);
  return itemFor(id, name, `${found.title} energy`, (own) => [field(own, energyFormat(found.unit, found.signed))]);
}

/** "imported A" → "importedEnergyA". */
function energyName({ name }: Kind, noun = "energy"): string {
  const [first, phase] = name.split(" ");
  return joinName(first!, noun, phase ?? "");
}

export function demandItem(id: Identifier): Found {
  const found = id[1] === 0 || id[1] > 0x46 || (id[1] >= 0x0b && id[1] <= 0x0c) ? undefined : kindOf(id[1]);
  if (found === undefined) return undefined;
  return itemFor(id, energyName(found, "demand"), `maximum demand, ${found.title}`, (own) => demandFields(own, found));
}

export const demandFields = (name: string, { unit, signed }: Pick<Kind, "unit" | "signed">): readonly Field[] => [
  field(name, decimal(3, 4, DEMAND_UNIT[unit], signed)),
  field(`${name}Time`, moment("YYMMDDhhmm")),
];
