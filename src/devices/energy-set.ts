/**
 * The energy registers of one meter at one moment, put together from the readings that came in one go: the forward total, its rates, the
 * reverse total. They are believed, or not, together. Pure.
 */
import type { Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Reading } from "../kernel/reading.ts";
import { itemOf } from "../protocols/dlt645/index.ts";

export const TOTAL = "importedEnergy";
export const RATES = [
  "importedEnergyTariff1",
  "importedEnergyTariff2",
  "importedEnergyTariff3",
  "importedEnergyTariff4",
] as const;
export const EXPORTED = "exportedEnergy";
const ENERGY: ReadonlySet<string> = new Set([TOTAL, ...RATES, EXPORTED]);
/** Items of one go are read one after the other; what is further apart is another moment. */
const ONE_MOMENT_MS = 60_000;

export interface EnergySet {
  readonly meter: MeterAddress;
  readonly source: Reading["source"];
  /** Of the total, or of what there is. */
  readonly takenAt: Instant;
  readonly total: Reading | null;
  /** The first rate first, without gaps: a meter of two rates has two. */
  readonly rates: readonly Reading[];
  readonly exported: Reading | null;
}

export const isEnergyItem = (item: string): boolean => ENERGY.has(item);
export const isEnergy = ({ item, value }: Reading): boolean => isEnergyItem(item) && value !== null;

/** In the order in which they came. Rates after a gap are left out: whoever has the first and the third knows no second. */
export function energySetsOf(readings: readonly Reading[]): readonly EnergySet[] {
  const groups: Reading[][] = [];
  for (const reading of readings.filter(isEnergy)) {
    const group = groups.find((each) => belongs(each, reading));
    if (group === undefined) groups.push([reading]);
    else group.push(reading);
  }
  return groups.map((group) => {
    const named = (item: string): Reading | null => group.find((reading) => reading.item === item) ?? null;
    const total = named(TOTAL);
    const rates = RATES.map(named);
    const gap = rates.indexOf(null);
    return {
      ...{ meter: group[0]!.meter, source: group[0]!.source, takenAt: (total ?? group[0]!).takenAt, total },
      rates: (gap < 0 ? rates : rates.slice(0, gap)) as readonly Reading[],
      exported: named(EXPORTED),
    };
  });
}

function belongs(group: readonly Reading[], { meter, item, source, takenAt }: Reading): boolean {
  const first = group[0]!;
  const apart = source === "freeze" ? 0 : ONE_MOMENT_MS;
  return (
    first.meter === meter &&
    first.source === source &&
    Math.abs(first.takenAt - takenAt) <= apart &&
    !group.some((reading) => reading.item === item)
  );
}

/** One more than a register can show, 0.01 kWh: by the digits of its row, XXXXXX.XX. */
export function registerEnd(item = TOTAL): bigint {
  const digits = /^[X.]+/.exec(itemOf(item)!.shape.pattern)![0].replaceAll(".", "").length;
  return 10n ** BigInt(digits);
}
