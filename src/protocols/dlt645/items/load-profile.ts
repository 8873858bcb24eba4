/**
 * Load profiles (DI3 = 06), table A.7: records between A0 A0 and E5, six classes of quantities in each, AAH behind every
 * class, a class that is switched off leaving only its AAH. And the newer curves 0610 of the supplement: the moment of the
 * first point, then points as far as the data go.
 */
import { decimal, energy, moment } from "../formats.ts";
import type { Format } from "../formats.ts";
import { checksum } from "../frame.ts";
import { field, one, raw, record, series } from "../item.ts";
import type { Field, Item, Value } from "../item.ts";
import type { Identifier } from "./families.ts";

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
const SEPARATOR = 0xaa;

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

export function loadProfileItem([, di2, di1, di0]: Identifier): Omit<Item, "di"> | undefined {
  if (di2 === 0x10) return curve(CURVES.get(`${di1},${di0}`));
  if (di2 > 6 || di1 !== 0 || di0 > 2) {
    // The single classes are listed as 060c0001; DI1 is 00 there as well.
    return undefined;
  }
  const which = di2 === 0 ? "loadProfile" : `loadProfileClass${di2}`;
  const title = `load profile, ${di2 === 0 ? "all classes" : `class ${di2}`}, ${["earliest", "given time", "latest"][di0]!}`;
  return { name: which, title, read: (wire) => readRecords(wire, di2 === 0 ? CLASSES : [CLASSES[di2 - 1]!]) };
}

function curve(found: readonly [string, Format<unknown>] | undefined): Omit<Item, "di"> | undefined {
  if (found === undefined) return undefined;
  const [name, format] = found;
  const points = series((i) => [field(`${name}${i + 1}`, format)]);
  return {
    name: `${name}Curve`,
    title: `curve of ${name}`,
    read: (wire) => [...one("start", TIME)(wire.subarray(0, 5)), ...(wire.length > 5 ? points(wire.subarray(5)) : [])],
  };
}

function readRecords(wire: Uint8Array, classes: readonly (readonly Field[])[]): Value[] {
  const values: Value[] = [];
  let at = 0;
  while (at < wire.length) {
    const length = wire[at + 2];
    const end = at + 3 + (length ?? 0);
    // A0 A0, length, the record, its own checksum, E5. A record that is cut by the end of a frame is shown as it is.
    if (wire[at] !== 0xa0 || wire[at + 1] !== 0xa0 || length === undefined || wire[end + 1] !== 0xe5)
      return [...values, raw("rest", wire.subarray(at))];
    if (checksum(wire, at, end) !== wire[end])
      values.push({ name: "record", value: null, unit: null, fault: "the record's own checksum is wrong" });
    else values.push(...readRecord(wire.subarray(at + 3, end), classes));
    at = end + 2;
  }
  return values;
}

function readRecord(body: Uint8Array, classes: readonly (readonly Field[])[]): Value[] {
  const values = one("time", TIME)(body.subarray(0, 5));
  let at = 5;
  for (const fields of classes) {
    const bytes = fields.reduce((sum, each) => sum + each.format.bytes, 0);
    const switchedOff = body[at] === SEPARATOR;
    const end = switchedOff ? at : at + bytes;
    if (body[end] !== SEPARATOR) return [...values, raw("rest", body.subarray(at))];
    if (!switchedOff) values.push(...record(fields)(body.subarray(at, end)));
    at = end + 1;
  }
  return at < body.length ? [...values, raw("rest", body.subarray(at))] : values;
}
