/**
 * The items in which a meter keeps its tariff, as a table: two sets of everything, of which one runs, and four moments at which the
 * other takes over.
 *
 *     zones    which slot table on which date     fixed places 0401 and 0402; which runs says word 3 (bit 5)
 *     slots    which rate at which time           fixed places 0401 and 0402; which runs says word 3 (bit 0)
 *     prices   of each rate, 0.0001 yuan          040501 is always the one that runs, 040502 the spare
 *     steps    thresholds, prices, yearly dates   040604 is always the one that runs, 040605 the spare
 *
 * Holidays and days of rest are one list for both sets: what is written there holds at once, so only dates after the switch are.
 */
export type SetKind = "zones" | "slots" | "prices" | "steps";
export const setKinds: readonly SetKind[] = ["zones", "slots", "prices", "steps"];

/** When the two sets of a kind change places: YYMMDDhhmm by the meter's clock; all 00 or all 99 is never. */
export const switchTimes: Readonly<Record<SetKind, string>> = {
  zones: "04000106",
  slots: "04000107",
  prices: "04000108",
  steps: "04000109",
};
export const SWITCH_OFF = "0000000000";

export const WORD_3 = "04000503";
export const RUNNING_PRICES = "040501FF";
export const SPARE_PRICES = "040502FF";
export const RUNNING_STEPS = "040604FF";
export const SPARE_STEPS = "040605FF";
/** How many slots a day has here, and how many public holidays are kept. */
export const SLOT_COUNT = "04000203";
export const HOLIDAY_COUNT = "04000205";
/** A bit a weekday, Sunday lowest, 0 is a day of rest; and the slot table those days use. */
export const WORKDAYS = "04000801";
export const REST_TABLE = "04000802";
export const EVERY_DAY_WORKS = 0x7f;
/** DDhh of the month: where a step period without yearly dates ends. */
export const SETTLEMENT_DAY = "04000B01";

/** Which of the two fixed places: 0 the first, 1 the second. */
export type Place = 0 | 1;
export const other = (place: Place): Place => (place === 0 ? 1 : 0);
const prefix = (place: Place): string => (place === 0 ? "0401" : "0402");
const hexOf = (number: number): string => number.toString(16).toUpperCase().padStart(2, "0");

export const zoneTable = (place: Place): string => `${prefix(place)}0000`;
export const slotTable = (place: Place, number: number): string => `${prefix(place)}00${hexOf(number)}`;
export const holiday = (number: number): string => `040300${hexOf(number)}`;

export const TABLES_MAX = 8;
/** Beyond this nobody asks a meter of this street for its holidays; the standard has room for 254. */
export const HOLIDAYS_MAX = 40;
export const ENTRIES = 14;
export const THRESHOLDS = 6;
export const YEARLY_DATES = 4;

/** The spare of a kind, by what runs; null: nobody knows what runs. */
export function spareItems(kind: SetKind, running: Place | null): readonly string[] {
  switch (kind) {
    case "prices":
      return [SPARE_PRICES];
    case "steps":
      return [SPARE_STEPS];
    case "zones":
      return running === null ? [] : [zoneTable(other(running))];
    case "slots":
      return running === null ? [] : tablesOf(other(running));
  }
}

export function runningItems(kind: SetKind, running: Place | null): readonly string[] {
  switch (kind) {
    case "prices":
      return [RUNNING_PRICES];
    case "steps":
      return [RUNNING_STEPS];
    case "zones":
      return running === null ? [] : [zoneTable(running)];
    case "slots":
      return running === null ? [] : tablesOf(running);
  }
}

export const tablesOf = (place: Place): readonly string[] =>
  Array.from({ length: TABLES_MAX }, (_, i) => slotTable(place, i + 1));
