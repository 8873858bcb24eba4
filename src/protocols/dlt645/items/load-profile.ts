/**
 * Load profiles (DI3 = 06), table A.7: records between A0 A0 and E5, six classes of quantities in each, AAH behind every
 * class, a class that is switched off leaving only its AAH. And the newer curves 0610 of the supplement: the moment of the
 * first point, then points as far as the data go.
 */
import { decimal, energy, moment } from "../formats.ts";
import type { Format } from "../formats.ts";
import { field, series } from "../item.ts";
import type { Field } from "../item.ts";
import { curve as curveShape, loadRecords } from "../load-record.ts";
import type { Found, Identifier } from "./families.ts";

const power = (unit: "kW" | "kvar") => decimal(3, 4, unit, true);
const factor = decimal(2, 3, null, true);
const phases = (name: string, format: Format<unknown>): Field[] =>
  ["A", "B", "C"].map((phase) => field(`${name}${phase}`, format));

const CLASSES: readonly (readonly Field[])[] = [
  [
    ...phases("voltage", decimal(2, 1, "V")),
    ...phases("current", decimal(3, 3, "A", true)),
    field("frequency", decimal(2, 2, "Hz")),
  ],
  [
    field("power", power("kW")),
    ...phases("power", power("kW")),
    field("reactivePower", power("kvar")),
    ...phases("reactivePower", power("kvar")),
  ],
  [field("powerFactor", factor), ...phases("powerFactor", factor)],
  [
    field("importedEnergy", energy()),
    field("exportedEnergy", energy()),
    field("reactive1Energy", decimal(4, 2, "kvarh", true)),
    field("reactive2Energy", decimal(4, 2, "kvarh", true)),
  ],
  ["1", "2", "3", "4"].map((quadrant) => field(`quadrant${quadrant}Energy`, decimal(4, 2, "kvarh"))),
  [field("demand", power("kW")), field("reactiveDemand", power("kvar"))],
];
const TIME = moment("YYMMDDhhmm");

const CURVES: ReadonlyMap<string, readonly [string, Format<unknown>]> = new Map<string, readonly [string, Format<unknown>]>([
  ["1,1", ["voltage", decimal(2, 1, "V")]],
  ["1,2", ["voltageB", decimal(2, 1, "V")]],
  ["1,3", ["voltageC", decimal(2, 1, "V")]],
  ["2,1", ["current", decimal(3, 3, "A", true)]],
  ["2,2", ["currentB", decimal(3, 3, "A", true)]],
  ["2,3", ["currentC", decimal(3, 3, "A", true)]],
  ["3,0", ["power", power("kW")]],
  ["4,0", ["reactivePower", power("kvar")]],
  ["5,0", ["powerFactor", factor]],
  ["6,1", ["importedEnergy", energy()]],
  ["6,2", ["exportedEnergy", energy()]],
]);

export function loadProfileItem([, di2, di1, di0]: Identifier): Found {
  if (di2 === 0x10) return curve(CURVES.get(`${di1},${di0}`));
  if (di2 > 6 || di1 !== 0 || di0 > 2) {
    // The single classes are listed as 060c0001; DI1 is 00 there as well.
    return undefined;
  }
  const which = di2 === 0 ? "loadProfile" : `loadProfileClass${di2}`;
  const title = `load profile, ${di2 === 0 ? "all classes" : `class ${di2}`}, ${["earliest", "given time", "latest"][di0]!}`;
  return { name: which, title, shape: loadRecords(field("time", TIME), di2 === 0 ? CLASSES : [CLASSES[di2 - 1]!]) };
}

function curve(found: readonly [string, Format<unknown>] | undefined): Found {
  if (found === undefined) return undefined;
  const [name, format] = found;
  return {
    name: `${name}Curve`,
    title: `curve of ${name}`,
    shape: curveShape(
      field("start", TIME),
      series((i) => [field(`${name}${i + 1}`, format)]),
    ),
  };
}
