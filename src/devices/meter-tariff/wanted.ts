/**
 * What must stand in a meter so that a version of a tariff takes over at a moment: the bytes of its spare sets, and the switch times.
 * Pure: from what the meter holds and what is ordered. What the meter has no room for is refused by name, never cut short.
 *
 * Tables that no day of the version reaches stay as they are, and so do holidays before the switch: they still hold for the set that
 * runs. A version with one price whatever the rate leaves all tables alone.
 */
import { Fault } from "../../kernel/faults.ts";
import { parsePrice, parseYuan } from "../../kernel/money.ts";
import {
  ENTRIES,
  EVERY_DAY_WORKS,
  HOLIDAY_COUNT,
  holiday,
  HOLIDAYS_MAX,
  other,
  REST_TABLE,
  RUNNING_PRICES,
  RUNNING_STEPS,
  SETTLEMENT_DAY,
  setKinds,
  SLOT_COUNT,
  slotTable,
  SPARE_PRICES,
  SPARE_STEPS,
  SWITCH_OFF,
  switchTimes,
  THRESHOLDS,
  WORKDAYS,
  YEARLY_DATES,
  zoneTable,
  type Place,
  type SetKind,
} from "./items.ts";
import { differences, type ByteDifference } from "./difference.ts";
import type { OrderedSteps, Slot, TariffOrder } from "./order.ts";
import { entriesIn, mustHave, numberIn, wireOf, type TariffPicture } from "./picture.ts";

export interface Wanted {
  /** YYMMDDhhmm by the meter's clock. */
  readonly switchAt: string;
  readonly kinds: readonly SetKind[];
  /** By identifier, hex as it travels. */
  readonly spare: Readonly<Record<string, string>>;
  readonly times: Readonly<Record<string, string>>;
}

export interface WantedFor {
  readonly meter: string;
  readonly model: string;
  readonly switchAt: string;
  /** YYMMDDhhmm of a switch that comes after this one: holidays from that day on are the next version's. Left out: none is set. */
  readonly until?: string | undefined;
}

const DAY_TABLE = 1;
const UNUSED_DATE = "999999";
const NO_HOLIDAY = "00000000";

export function wantedOf(picture: TariffPicture, order: TariffOrder, { meter, model, switchAt }: WantedFor): Wanted {
  mustHave(picture, [SPARE_PRICES, switchTimes.prices], meter, model);
  const hasSteps = picture.bytes[SPARE_STEPS] !== undefined && picture.bytes[switchTimes.steps] !== undefined;
  if (order.steps !== null) mustHave(picture, [SPARE_STEPS, switchTimes.steps], meter, model);
  const kinds: SetKind[] = [
    ...(order.slots === null ? [] : (["zones", "slots"] as const)),
    ...(hasSteps ? (["steps"] as const) : []),
    "prices",
  ];
  const spare = {
    ...(order.slots === null ? {} : tablesFor(picture, order, { meter, model, switchAt })),
    ...(hasSteps ? { [SPARE_STEPS]: stepsFor(picture, order.steps) } : {}),
    [SPARE_PRICES]: pricesFor(picture.bytes[SPARE_PRICES]!, order.prices),
  };
  const times = Object.fromEntries(kinds.map((kind) => [switchTimes[kind], wireOf(switchAt)]));
  return { switchAt, kinds, spare, times };
}

/** As many as the meter has rates; the last one given holds for the rest. */
function pricesFor(now: string, prices: readonly string[]): string {
  const rates = entriesIn(now, 4).length;
  mustFit("rates.prices", prices.length, rates);
  return Array.from({ length: rates }, (_, i) => priceWire(prices[i] ?? prices.at(-1)!)).join("");
}

const digits = (value: bigint, bytes: number, field: string): string => {
  const text = value.toString().padStart(bytes * 2, "0");
  if (text.length > bytes * 2) mustFit(field, text.length, bytes * 2);
  return text;
};
const priceWire = (price: string): string => wireOf(digits(parsePrice(price), 4, "price"));
const kwhWire = (kwh: string): string => wireOf(digits(parseYuan(kwh, "steps.upTo"), 4, "steps.upTo")); // two decimals, as money has

/** Six thresholds, seven prices, four dates; what is not used is 0, the last price, and 99. No steps: all of it. */
function stepsFor(picture: TariffPicture, steps: OrderedSteps | null): string {
  const { upTo, add } = steps ?? { upTo: [], add: ["0.0000"] };
  mustFit("steps.upTo", upTo.length, THRESHOLDS);
  const dates = steps?.every === "year" ? [`${steps.startsOn.replaceAll(/\D/g, "")}00`] : [];
  if (steps?.every === "month") mustEndWithItsMonth(picture, steps.startsOn);
  return [
    ...Array.from({ length: THRESHOLDS }, (_, i) => kwhWire(upTo[i] ?? "0.00")),
    ...Array.from({ length: THRESHOLDS + 1 }, (_, i) => priceWire(add[i] ?? add.at(-1)!)),
    ...Array.from({ length: YEARLY_DATES }, (_, i) => wireOf(dates[i] ?? UNUSED_DATE)),
  ].join("");
}

/** Without yearly dates a meter counts its steps from its first settlement day, which is one for both sets: it is not touched. */
function mustEndWithItsMonth(picture: TariffPicture, startsOn: string): void {
  const wire = picture.bytes[SETTLEMENT_DAY];
  const wanted = `${startsOn.padStart(2, "0")}00`;
  const found = wire === undefined ? null : wireOf(wire);
  if (found !== wanted) throw new Fault("tariff-month-differs", { item: SETTLEMENT_DAY, wanted, found });
}

function tablesFor(picture: TariffPicture, { slots, from }: TariffOrder, about: WantedFor): Record<string, string> {
  const { running, bytes } = picture;
  const { day, holidays } = slots!;
  if (running.zones === null || running.slots === null)
    throw new Fault("tariff-set-unknown", { meter: about.meter, model: about.model });
  const [zones, place] = [other(running.zones), other(running.slots)];
  const restTable = numberIn(bytes[WORKDAYS] === undefined ? undefined : bytes[REST_TABLE]);
  const rests = bytes[WORKDAYS] !== undefined && Number.parseInt(bytes[WORKDAYS], 16) % 0x80 !== EVERY_DAY_WORKS;
  // A day of rest uses the table that the meter names for it, whatever set runs: that table has the day's slots too.
  const dayTables = rests && restTable > 0 ? [...new Set([DAY_TABLE, restTable])] : [DAY_TABLE];
  const holidayTable = [2, 3].find((number) => !dayTables.includes(number))!;
  const tables: readonly (readonly [number, readonly Slot[]])[] = [
    ...dayTables.map((number) => [number, day] as const),
    ...(holidays === null ? [] : [[holidayTable, holidays.day] as const]),
  ];
  mustHave(picture, [zoneTable(zones), ...tables.map(([number]) => slotTable(place, number))], about.meter, about.model);
  const most = bytes[SLOT_COUNT] === undefined ? ENTRIES : numberIn(bytes[SLOT_COUNT]);
  const rates = entriesIn(bytes[SPARE_PRICES]!, 4).length;
  for (const [, each] of tables) {
    mustFit("rates.day", each.length, Math.min(most, ENTRIES));
    mustFit("rates.day: rate", Math.max(...each.map(({ rate }) => rate)), rates);
  }
  return {
    [zoneTable(zones)]: wireOf(`0101${two(DAY_TABLE)}`).repeat(ENTRIES),
    ...Object.fromEntries(tables.map(([number, each]) => [slotTable(place, number), slotsWire(each)])),
    ...holidaysFor(picture, holidays?.days ?? [], { from, until: about.until, table: holidayTable }),
  };
}

const two = (number: number): string => String(number).padStart(2, "0");

/** The last entry fills the table up, as the standard has it. */
function slotsWire(slots: readonly Slot[]): string {
  const ordered = slots.toSorted((a, b) => (a.at < b.at ? -1 : 1));
  return Array.from({ length: ENTRIES }, (_, i) => ordered[i] ?? ordered.at(-1)!)
    .map(({ at, rate }) => wireOf(at.replace(":", "") + two(rate)))
    .join("");
}

/** Dates from the first day on are this version's; earlier ones belong to what runs until then, and past ones to nobody. */
function holidaysFor(
  { bytes }: TariffPicture,
  days: readonly string[],
  { from, until, table }: { readonly from: string; readonly until: string | undefined; readonly table: number },
): Record<string, string> {
  const first = from.slice(2).replaceAll("-", "");
  const isOurs = (date: string): boolean => date >= first && (until === undefined || date < until.slice(0, 6));
  const wanted = days.map((day) => day.slice(2).replaceAll("-", "")).filter(isOurs);
  if (wanted.length > 0 && bytes[HOLIDAY_COUNT] === undefined) mustFit("rates.holidays", wanted.length, 0);
  const kept = numberIn(bytes[HOLIDAY_COUNT]);
  const left = wanted.map((day) => wireOf(day + two(table)));
  const result: Record<string, string> = {};
  const places = Array.from({ length: Math.min(kept, HOLIDAYS_MAX) }, (_, i) => holiday(i + 1));
  for (const di of places) {
    const stands = left.indexOf(bytes[di] ?? "");
    if (stands >= 0) result[di] = left.splice(stands, 1)[0]!;
  }
  for (const di of places.filter((each) => result[each] === undefined)) {
    const date = bytes[di] === undefined ? "" : wireOf(bytes[di]).slice(0, 6);
    const isFree = !/^\d{6}$/.test(date) || /^(00)+$|^(99)+$/.test(date);
    if (isFree ? left.length > 0 : isOurs(date)) result[di] = left.shift() ?? wireOf(NO_HOLIDAY);
  }
  if (left.length > 0) mustFit("rates.holidays", kept + left.length, HOLIDAYS_MAX);
  left.forEach((wire, i) => (result[holiday(kept + 1 + i)] = wire));
  return result;
}

function mustFit(field: string, given: number, most: number): void {
  if (given > most) throw new Fault("tariff-too-large", { field, given, allowed: `at most ${most} in this meter` });
}

/** The same meter after these sets changed places. What is wanted of its spare says what must run. */
export function turnedRound({ bytes, running, ...rest }: TariffPicture, kinds: readonly SetKind[]): TariffPicture {
  const places: readonly (readonly [string, string])[] = [
    ...(kinds.includes("prices") ? ([[RUNNING_PRICES, SPARE_PRICES]] as const) : []),
    ...(kinds.includes("steps") ? ([[RUNNING_STEPS, SPARE_STEPS]] as const) : []),
  ];
  const swapped = Object.fromEntries(
    places.flatMap(([one, two]) => [
      [one, bytes[two]],
      [two, bytes[one]],
    ]),
  ) as Record<string, string | undefined>;
  const turnedBytes = Object.fromEntries(
    Object.entries({ ...bytes, ...swapped }).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  const turn = (kind: "zones" | "slots"): Place | null => {
    const place = running[kind];
    return place === null || !kinds.includes(kind) ? place : other(place);
  };
  return { ...rest, bytes: turnedBytes, running: { zones: turn("zones"), slots: turn("slots") } };
}
const AS_RUNNING: Readonly<Record<string, string>> = { [SPARE_PRICES]: RUNNING_PRICES, [SPARE_STEPS]: RUNNING_STEPS };

/** What must stand in the sets that run, by their own identifiers, where this version is in force. */
export function wantedRunning(
  picture: TariffPicture,
  order: TariffOrder,
  about: Omit<WantedFor, "switchAt">,
): Readonly<Record<string, string>> {
  const { spare } = wantedOf(turnedRound(picture, setKinds), order, { ...about, switchAt: SWITCH_OFF });
  return Object.fromEntries(Object.entries(spare).map(([di, hex]) => [AS_RUNNING[di] ?? di, hex]));
}

/** What differs between the tariff that runs in a meter and the one that should. */
export const runsOtherwise = (
  picture: TariffPicture,
  order: TariffOrder,
  about: Omit<WantedFor, "switchAt">,
): readonly ByteDifference[] => differences(wantedRunning(picture, order, about), picture.bytes);
