/**
 * The parameters by which a meter's life runs (0400, 0401, 0402, 0403, 0405, 0406), each a row: how its values are read out of
 * the living state, and how they are put there. Digits are as people write them, highest first. Whether a value makes sense and
 * who may write it is asked elsewhere; what is put here holds from this moment on.
 *
 * "First" and "second" are fixed places for zones, slots and the separate step items; of prices and step tables the meter shows
 * the current (running) and the standby set, which change places at the switch.
 */
import type { Instant } from "../src/kernel/clock.ts";
import { bcdDigits, fromHex, reversed } from "./bytes.ts";
import type { Life } from "./life.ts";
import type { SetKind, Steps } from "./tariff.ts";
import { TABLE_ENTRIES, TABLES } from "./tariff.ts";
import { momentOf, wallDate, wallDigits } from "./wall-time.ts";

interface Setting {
  /** Bytes of each value, in the order of the wire. */
  readonly sizes: readonly number[];
  /** Bit words are no digits. */
  readonly isBits?: true;
  get(life: Life): readonly string[];
  set?(life: Life, values: readonly string[]): void;
}

const number = (size: number, get: (life: Life) => number, set?: (life: Life, value: number) => void): Setting => ({
  sizes: [size],
  get: (life) => [padded(get(life), size)],
  ...(set === undefined ? {} : { set: (life: Life, [digits]: readonly string[]) => set(life, Number(digits)) }),
});
const text = (get: (life: Life) => string, set: (life: Life, digits: string) => void, size: number): Setting => ({
  sizes: [size],
  get: (life) => [get(life)],
  set: (life, [digits]) => set(life, digits!),
});
const bits = (get: (life: Life) => number, set: (life: Life, word: number) => void): Setting => ({
  sizes: [1],
  isBits: true,
  get: (life) => [get(life).toString(16).toUpperCase().padStart(2, "0")],
  set: (life, [word]) => set(life, Number.parseInt(word!, 16)),
});
const padded = (value: number | bigint, size: number): string =>
  value
    .toString()
    .padStart(size * 2, "0")
    .slice(-size * 2);
const two = (value: number): string => padded(value, 1);
const filled = <T>(entries: readonly T[], length: number): T[] => Array.from({ length }, (_, i) => entries[i] ?? entries.at(-1)!);
const times = (count: number, size: number): number[] => Array.from({ length: count }, () => size);
const hexOf = (place: number): string => place.toString(16).toUpperCase().padStart(2, "0");
const rows = (from: number, to: number, prefix: string, make: (place: number) => Setting): Record<string, Setting> =>
  Object.fromEntries(Array.from({ length: to - from + 1 }, (_, i) => [prefix + hexOf(from + i), make(from + i)]));

const minuteDigits = (at: Instant): string => (wallDigits(at).date + wallDigits(at).time).slice(0, 10);
/** YYMMDDhhmm; what is no moment (all 00, all 99) is none. */
const switchTime = (kind: SetKind): Setting =>
  text(
    ({ tariff }) => (tariff.switchAt[kind] === undefined ? "0000000000" : minuteDigits(tariff.switchAt[kind])),
    ({ tariff }, digits) => tariff.switchOver(kind, momentOf(`${digits}00`)),
    5,
  );

const zoneTable = (set: 0 | 1): Setting => ({
  sizes: times(TABLE_ENTRIES, 3),
  get: ({ tariff }) =>
    filled(tariff.zones[set], TABLE_ENTRIES).map(({ month, day, table }) => two(month) + two(day) + two(table)),
  set({ tariff }, values) {
    tariff.zones[set] = values.map((d) => ({ month: part(d, 0), day: part(d, 2), table: part(d, 4) }));
  },
});
const slotTable = (set: 0 | 1, place: number): Setting => ({
  sizes: times(TABLE_ENTRIES, 3),
  get: ({ tariff }) =>
    filled(tariff.tables[set][place - 1]!, TABLE_ENTRIES).map(
      ({ minute, tariff: number }) => two(Math.floor(minute / 60)) + two(minute % 60) + two(number),
    ),
  set({ tariff }, values) {
    const slots = values.map((d) => ({ minute: part(d, 0) * 60 + part(d, 2), tariff: part(d, 4) }));
    // A table filled up with its last entry means the same as one without.
    const table = slots.filter((slot, i) => i === 0 || slot.minute > slots[i - 1]!.minute);
    tariff.tables[set] = tariff.tables[set].with(place - 1, table);
  },
});
const part = (digits: string, from: number): number => Number(digits.slice(from, from + 2));

type Side = "current" | "standby";
const setOf = ({ tariff }: Life, kind: SetKind, side: Side): 0 | 1 => {
  const running = tariff.running[kind];
  return side === "current" ? running : running === 0 ? 1 : 0;
};

const prices = (side: Side, place?: number): Setting => ({
  sizes: times(place === undefined ? 4 : 1, 4),
  get(life) {
    const all = life.tariff.prices[setOf(life, "prices", side)].map((price) => padded(price, 4));
    return place === undefined ? all : [all[place - 1]!];
  },
  ...(side === "current"
    ? {}
    : {
        set(life: Life, values: readonly string[]) {
          const set = setOf(life, "prices", side);
          const before = life.tariff.prices[set];
          life.tariff.prices[set] = before.map((price, i) =>
            BigInt((place === undefined ? values[i] : i === place - 1 ? values[0] : undefined) ?? price),
          );
        },
      }),
});

const THRESHOLDS = 6;
const YEARLY_DATES = 4;
const UNUSED_DATE = "999999";

/** Six thresholds, seven prices, four dates; a table of zeros has no steps. */
const stepTable = (side: Side): Setting => ({
  sizes: [...times(THRESHOLDS + THRESHOLDS + 1, 4), ...times(YEARLY_DATES, 3)],
  get(life) {
    const { thresholds, prices, yearly } = life.tariff.steps[setOf(life, "steps", side)];
    const dates = Array.from({ length: YEARLY_DATES }, (_, i) => yearly[i]);
    return [
      ...Array.from({ length: THRESHOLDS }, (_, i) => padded(thresholds[i] ?? 0n, 4)),
      ...Array.from({ length: THRESHOLDS + 1 }, (_, i) => padded(prices[i] ?? prices.at(-1) ?? 0n, 4)),
      ...dates.map((date) => (date === undefined ? UNUSED_DATE : two(date.month) + two(date.day) + two(date.hour))),
    ];
  },
  ...(side === "current"
    ? {}
    : {
        set(life: Life, values: readonly string[]) {
          const thresholds = values
            .slice(0, THRESHOLDS)
            .map(BigInt)
            .filter((kwh) => kwh > 0n);
          const all = values.slice(THRESHOLDS, 2 * THRESHOLDS + 1).map(BigInt);
          const yearly = values
            .slice(2 * THRESHOLDS + 1)
            .map((d) => ({ month: part(d, 0), day: part(d, 2), hour: part(d, 4) }))
            .filter(({ month, day, hour }) => month >= 1 && month <= 12 && day >= 1 && day <= 28 && hour <= 23);
          const isEmpty = all.every((price) => price === 0n);
          const steps: Steps = { thresholds, prices: isEmpty ? [] : all.slice(0, thresholds.length + 1), yearly };
          life.tariff.steps[setOf(life, "steps", side)] = steps;
        },
      }),
});
/** 0406 00 to 03: thresholds and prices of the first and the second set, one by one. */
const stepValue = (set: 0 | 1, what: "thresholds" | "prices", place: number): Setting =>
  text(
    ({ tariff }) => padded(tariff.steps[set][what][place - 1] ?? 0n, 4),
    ({ tariff }, digits) => {
      const values = filled<bigint>([...tariff.steps[set][what], 0n], Math.max(place, tariff.steps[set][what].length));
      values[place - 1] = BigInt(digits);
      tariff.steps[set] = { ...tariff.steps[set], [what]: values };
    },
    4,
  );

const settings: Readonly<Record<string, Setting>> = {
  "04000103": number(
    1,
    ({ demand }) => demand.periodMinutes,
    ({ demand }, minutes) => (demand.periodMinutes = Math.max(1, minutes)),
  ),
  "04000104": number(
    1,
    ({ demand }) => demand.stepMinutes,
    ({ demand }, minutes) => (demand.stepMinutes = Math.max(1, minutes)),
  ),
  "04000106": switchTime("zones"),
  "04000107": switchTime("slots"),
  "04000108": switchTime("prices"),
  "04000109": switchTime("steps"),
  "04000204": number(1, () => 4),
  "04000205": number(2, ({ tariff }) => tariff.holidays.size),
  "04000207": number(1, ({ tariff }) => tariff.runningSteps.thresholds.length),
  "04000601": bits(
    ({ combinations }) => combinations.active,
    ({ combinations }, word) => (combinations.active = word),
  ),
  "04000602": bits(
    ({ combinations }) => combinations.reactive1,
    ({ combinations }, word) => (combinations.reactive1 = word),
  ),
  "04000603": bits(
    ({ combinations }) => combinations.reactive2,
    ({ combinations }, word) => (combinations.reactive2 = word),
  ),
  "04000801": bits(
    ({ tariff }) => tariff.weekend.workdays,
    ({ tariff }, word) => (tariff.weekend.workdays = word),
  ),
  "04000802": number(
    1,
    ({ tariff }) => tariff.weekend.table,
    ({ tariff }, table) => (tariff.weekend.table = table),
  ),
  "04000901": bits(
    ({ profile }) => profile.mode,
    ({ profile }, word) => (profile.mode = word),
  ),
  ...rows(2, 6, "040009", (place) => {
    const mode = place as 2 | 3 | 4 | 5 | 6;
    return bits(
      ({ freezes }) => freezes.modes[mode],
      ({ freezes }, word) => (freezes.modes[mode] = word),
    );
  }),
  "04000A01": text(
    ({ profile }) => profile.start,
    (life, digits) => {
      life.profile.start = digits;
      life.profile.startAt = momentOf(`${two(wallDate(life.shown).year % 100)}${digits}00`);
    },
    4,
  ),
  ...rows(2, 7, "04000A", (place) =>
    number(
      2,
      ({ profile }) => profile.intervals[place - 2]!,
      ({ profile }, minutes) => (profile.intervals[place - 2] = minutes),
    ),
  ),
  ...rows(1, 3, "04000B", (place) =>
    text(
      ({ settlements }) => settlements.days[place - 1]!,
      ({ settlements }, day) => (settlements.days[place - 1] = day),
      2,
    ),
  ),
  "04000E01": number(
    3,
    ({ demand }) => demand.limit,
    ({ demand }, limit) => (demand.limit = limit),
  ),
  "04001201": text(
    ({ freezes }) => (freezes.hourlyFrom === undefined ? "0000000000" : minuteDigits(freezes.hourlyFrom)),
    ({ freezes }, digits) => (freezes.hourlyFrom = momentOf(`${digits}00`)),
    5,
  ),
  "04001202": number(
    1,
    ({ freezes }) => freezes.hourlyMinutes,
    ({ freezes }, minutes) => (freezes.hourlyMinutes = minutes),
  ),
  "04001203": text(
    ({ freezes }) => freezes.dailyAt,
    ({ freezes }, hhmm) => (freezes.dailyAt = hhmm),
    2,
  ),
  "04001204": text(
    ({ freezes }) => freezes.appointment,
    ({ freezes }, pattern) => (freezes.appointment = pattern),
    4,
  ),
  "04010000": zoneTable(0),
  "04020000": zoneTable(1),
  ...rows(1, TABLES, "040100", (place) => slotTable(0, place)),
  ...rows(1, TABLES, "040200", (place) => slotTable(1, place)),
  ...rows(1, 0xfe, "040300", (place) =>
    text(
      ({ tariff }) => (({ date, table }) => date + two(table))(tariff.holidays.get(place) ?? { date: "000000", table: 0 }),
      ({ tariff }, digits) => {
        const isDate = momentOf(`${digits.slice(0, 6)}000000`) !== undefined;
        tariff.setHoliday(place, isDate ? { date: digits.slice(0, 6), table: part(digits, 6) } : undefined);
      },
      4,
    ),
  ),
  ...rows(1, 4, "040501", (place) => prices("current", place)),
  "040501FF": prices("current"),
  ...rows(1, 4, "040502", (place) => prices("standby", place)),
  "040502FF": prices("standby"),
  ...rows(1, THRESHOLDS, "040600", (place) => stepValue(0, "thresholds", place)),
  ...rows(1, THRESHOLDS + 1, "040601", (place) => stepValue(0, "prices", place)),
  ...rows(1, THRESHOLDS, "040602", (place) => stepValue(1, "thresholds", place)),
  ...rows(1, THRESHOLDS + 1, "040603", (place) => stepValue(1, "prices", place)),
  "040604FF": stepTable("current"),
  "040605FF": stepTable("standby"),
};

/** As it travels, value by value; undefined: no such parameter here. */
export function settingValues(life: Life, di: string): readonly Uint8Array[] | undefined {
  return settings[di]?.get(life).map((digits) => reversed(fromHex(digits)));
}

/** Known here and not to be set: it follows from something else. */
export const isFixedSetting = (di: string): boolean => di in settings && settings[di]?.set === undefined;

/** Puts a field as it travels into the living meter; false: it is not for life to keep. The meter is up to date already. */
export function putSetting(life: Life, di: string, field: Uint8Array): boolean {
  const setting = settings[di];
  if (setting?.set === undefined) return false;
  const values: string[] = [];
  let at = 0;
  for (const size of setting.sizes) {
    if (at >= field.length) break;
    const value = field.slice(at, (at += size));
    const digits = setting.isBits === true ? Buffer.from(value).toString("hex") : bcdDigits(value);
    if (digits === undefined) return false;
    values.push(digits);
  }
  setting.set(life, values);
  life.replan();
  return true;
}
