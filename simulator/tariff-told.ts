/**
 * The tariff of a meter as the control door tells it: both sets as the meter lives by them, which of each kind runs, and when they
 * change places. For whoever wants to know what a write really did, past everything the meter says on the wire.
 */
import type { SetKind, Steps } from "./tariff.ts";
import { setKinds } from "./tariff.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import { isoWall } from "./wall-time.ts";

interface ToldSet {
  /** MM-DD and the slot table from then on. */
  readonly zones: readonly string[];
  /** Slot tables 1 to 8: hh:mm and the rate from then on. */
  readonly slots: readonly (readonly string[])[];
  readonly prices: readonly string[];
  readonly steps: { readonly upTo: readonly string[]; readonly add: readonly string[]; readonly yearly: readonly string[] };
}
export interface ToldTariff {
  /** One after the other: what runs of each kind, what waits, and when it takes over; null: never. */
  readonly running: ToldSet;
  readonly spare: ToldSet;
  readonly switchAt: Readonly<Record<SetKind, string | null>>;
  readonly holidays: readonly string[];
}

export function tariffTold({ life: { tariff } }: VirtualMeter): ToldTariff {
  const set = (isSpare: boolean): ToldSet => {
    const at = (kind: SetKind): 0 | 1 => (isSpare === (tariff.running[kind] === 0) ? 1 : 0);
    return {
      zones: tariff.zones[at("zones")].map(({ month, day, table }) => `${two(month)}-${two(day)} #${table}`),
      slots: tariff.tables[at("slots")].map((table) =>
        table.map((slot) => `${two(Math.floor(slot.minute / 60))}:${two(slot.minute % 60)} ${slot.tariff}`),
      ),
      prices: tariff.prices[at("prices")].map(priceText),
      steps: stepsTold(tariff.steps[at("steps")]),
    };
  };
  const switchAt = Object.fromEntries(
    setKinds.map((kind) => [kind, tariff.switchAt[kind] === undefined ? null : isoWall(tariff.switchAt[kind])]),
  ) as Record<SetKind, string | null>;
  const holidays = [...tariff.holidays.values()].map(({ date, table }) => `${date} #${table}`);
  return { running: set(false), spare: set(true), switchAt, holidays };
}

const two = (n: number): string => n.toString().padStart(2, "0");
const priceText = (price: bigint): string => `${price / 10_000n}.${(price % 10_000n).toString().padStart(4, "0")}`;
const kwhText = (steps: bigint): string => `${steps / 100n}.${(steps % 100n).toString().padStart(2, "0")}`;
const stepsTold = ({ thresholds, prices, yearly }: Steps): ToldSet["steps"] => ({
  upTo: thresholds.map(kwhText),
  add: prices.map(priceText),
  yearly: yearly.map(({ month, day, hour }) => `${two(month)}-${two(day)} ${two(hour)}:00`),
});
