/**
 * The items of the 1997 edition, four hex digits each, that have a counterpart in use. F in the last place of DI0, or FF,
 * asks for a group: 901F is the total and all tariffs. AAH may separate groups in a block.
 *
 * Values have no sign here, and the voltage has no decimal.
 */
import { bits, count, decimal, digits, energy, moment } from "./formats.ts";
import type { Format } from "./formats.ts";
import { field, item, joinName, one, series } from "./item.ts";
import type { Item, Shape } from "./item.ts";

const EXACT: ReadonlyMap<string, readonly [string, string, Format<unknown>]> = new Map<
  string,
  readonly [string, string, Format<unknown>]
>([
  ["B210", ["programmingTime", "last programming", moment("MMDDhhmm")]],
  ["B211", ["demandClearTime", "last clearing of the demand", moment("MMDDhhmm")]],
  ["B212", ["programmingCount", "programmings", count(2, "times")]],
  ["B213", ["demandClearCount", "clearings of the demand", count(2, "times")]],
  ["B214", ["batteryMinutes", "working time of the battery", count(3, "min")]],
  ["C010", ["date", "date and weekday", moment("YYMMDDWW")]],
  ["C011", ["time", "time", moment("hhmmss")]],
  ["C020", ["meterState", "meter state byte", bits(1)]],
  ["C021", ["gridState", "grid state byte", bits(1)]],
  ["C022", ["weekend", "weekend byte", bits(1)]],
  ["C030", ["activeConstant", "pulse constant, active", count(3, "imp/kWh")]],
  ["C031", ["reactiveConstant", "pulse constant, reactive", count(3, "imp/kvarh")]],
  ["C032", ["communicationAddress", "meter number, used as address", digits(6)]],
  ["C111", ["demandPeriod", "demand period", count(1, "min")]],
  ["C112", ["demandStep", "demand sliding step", count(1, "min")]],
  ["C117", ["settlementDay1", "settlement day", moment("DDhh")]],
  ["C310", ["zoneCount", "yearly time zones", count(1)]],
  ["C311", ["slotTableCount", "daily slot tables", count(1)]],
  ["C312", ["slotCount", "slots per day", count(1)]],
  ["C313", ["tariffCount", "tariffs", count(1)]],
  ["C314", ["holidayCount", "public holidays", count(1)]],
]);

/** Second nibble 0 active, 1 reactive; third the direction or quadrant. */
const ENERGIES: ReadonlyMap<string, readonly [string, "kWh" | "kvarh"]> = new Map([
  ["01", ["importedEnergy", "kWh"]],
  ["02", ["exportedEnergy", "kWh"]],
  ["11", ["importedReactiveEnergy", "kvarh"]],
  ["12", ["exportedReactiveEnergy", "kvarh"]],
  ["13", ["quadrant1Energy", "kvarh"]],
  ["14", ["quadrant4Energy", "kvarh"]],
  ["15", ["quadrant2Energy", "kvarh"]],
  ["16", ["quadrant3Energy", "kvarh"]],
]);
/** First nibble: 9 and A, B of now; bits 2 and 3 of the second step back by months. */
const MONTHS = ["", "month1", "month2"] as const;

const INSTANT: ReadonlyMap<string, readonly [string, Format<unknown>, 0 | 1]> = new Map<
  string,
  readonly [string, Format<unknown>, 0 | 1]
>([
  ["1", ["voltage", decimal(2, 0, "V"), 1]],
  ["2", ["current", decimal(2, 2, "A"), 1]],
  ["3", ["power", decimal(3, 4, "kW"), 0]],
  ["4", ["reactivePower", decimal(2, 2, "kvar"), 0]],
  ["5", ["powerFactor", decimal(2, 3, null), 0]],
]);
const PLACES = ["", "A", "B", "C"] as const;

type Found = { readonly name: string; readonly title: string; readonly shape: Shape } | undefined;

export function itemOf1997(di: string): Item | undefined {
  const exact = EXACT.get(di);
  if (exact !== undefined) return item({ di, name: exact[0], title: exact[1], zh: "", shape: one(exact[0], exact[2]) });
  const found = di.startsWith("B6") ? instant(di) : tariffed(di);
  return found === undefined ? undefined : item({ di, zh: "", ...found });
}

function instant(di: string): Found {
  const found = INSTANT.get(di[2]!);
  if (found === undefined) return undefined;
  const [name, format, first] = found;
  const placed = (place: number): string => (place === 1 && first === 1 ? name : `${name}${PLACES[place] ?? String(place)}`);
  if (di[3] === "F")
    return { name: `${name}Block`, title: `${name}, all`, shape: series((i) => [field(placed(first + i), format)]) };
  const place = Number.parseInt(di[3]!, 16);
  return place < first || place > 3
    ? undefined
    : { name: placed(place), title: placed(place), shape: one(placed(place), format) };
}

/** 9 energies, A maximum demands, B when they were reached. */
function tariffed(di: string): Found {
  const second = Number.parseInt(di[1]!, 16);
  const month = MONTHS[second >> 2];
  const found = ENERGIES.get(`${second & 3}${di[2]!}`);
  if (month === undefined || found === undefined) return undefined;
  const [energyName, unit] = found;
  const shape = shapeOf(di[0]!, energyName, unit);
  if (shape === undefined) return undefined;
  const nameOf = (tariff: number): string => joinName(shape.name, tariff === 0 ? "" : `tariff${tariff}`, month);
  if (di[3] === "F")
    return {
      name: joinName(shape.name, "block", month),
      title: `${shape.name}, total and tariffs`,
      shape: withoutSeparators(
        series((i) => [field(nameOf(i), shape.format)]),
        shape.format.bytes,
      ),
    };
  const tariff = Number.parseInt(di[3]!, 16);
  return { name: nameOf(tariff), title: nameOf(tariff), shape: one(nameOf(tariff), shape.format) };
}

function shapeOf(
  first: string,
  energyName: string,
  unit: "kWh" | "kvarh",
): { name: string; format: Format<unknown> } | undefined {
  if (first === "9") return { name: energyName, format: unit === "kWh" ? energy() : decimal(4, 2, "kvarh") };
  const demand = energyName.replace("Energy", "Demand");
  if (first === "A") return { name: demand, format: decimal(3, 4, unit === "kWh" ? "kW" : "kvar") };
  return first === "B" ? { name: `${demand}Time`, format: moment("MMDDhhmm") } : undefined;
}

/** An AA behind a whole number of values only parts groups; BCD knows no AA. */
const withoutSeparators = (shape: Shape, bytes: number): Shape => ({
  ...shape,
  members: (wire) => {
    const kept: number[] = [];
    for (const byte of wire) if (byte !== 0xaa || kept.length % bytes !== 0) kept.push(byte);
    return shape.members(Uint8Array.from(kept));
  },
});
