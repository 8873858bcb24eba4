/**
 * One look at a wallet in a meter for the comparison: its money, its registers, and where the tariff asks for them the registers by
 * rate, of the step period, and of the midnights in between, which the meter froze itself (0506). Reads only.
 */
import { midnightOf, momentIn } from "../collection/days.ts";
import { findFreeze } from "../collection/find-freeze.ts";
import { dayOf, type Instant } from "../kernel/clock.ts";
import { CentiKwh } from "../kernel/energy.ts";
import { Fen, parseYuan } from "../kernel/money.ts";
import type { Reading } from "../kernel/reading.ts";
import type { Tariff } from "../tariff/tariff.ts";
import type { MeterSession } from "../devices/meter.ts";
import type { MeterSight, Sight } from "./compare.ts";
import { cutsBetween, deductionOf, needsOf, type Deduction, type Registers } from "./deduction.ts";
import type { TariffSight } from "./tariff-sight.ts";

export interface WalletLook {
  readonly sight: MeterSight;
  readonly midnights: ReadonlyMap<string, Registers>;
  /** Null: nothing was read of its tariff. */
  readonly running: TariffSight | null;
}

const RATES = [1, 2, 3, 4].map((rate) => `importedEnergyTariff${rate}`);
const PERIOD = "consumptionOfSettlementPeriod";

export async function lookAtWallet(
  session: MeterSession,
  about: { readonly before: CentiKwh | null; readonly now: () => Instant; readonly tariff: Tariff; readonly timeZone: string },
): Promise<MeterSight> {
  const today = dayOf(about.now(), about.timeZone);
  const needs = needsOf(about.tariff, today, today);
  const wanted = ["importedEnergy", ...(needs.rates ? RATES : []), ...(needs.period ? [PERIOD] : [])];
  const read = await session.read([...wanted, "balance", "overdraft", "purchaseCount", "purchaseTotal"], "poll");
  const register = energyIn(read);
  // a fen that is missing while the register stands still is consumption only if power flows
  const power = register !== null && register === about.before ? valueOf(await session.read(["power"], "poll"), "power") : null;
  const balance = moneyIn(read, "balance");
  const total = moneyIn(read, "purchaseTotal");
  const count = Number(valueOf(read, "purchaseCount") ?? 0);
  const rates = RATES.map((item) => energyIn(read, item));
  const period = energyIn(read, PERIOD);
  return {
    takenAt: read.at(-1)?.takenAt ?? about.now(),
    register,
    net: balance === null ? null : Fen(balance - (moneyIn(read, "overdraft") ?? 0n)),
    total,
    count: count === 0 && total === null ? null : count, // a meter that keeps no records of purchases says 0 for ever
    ...(rates.every((each) => each !== null) ? { rates } : {}),
    ...(period === null ? {} : { period }),
    ...(power !== null && Number(power) === 0 ? { idle: true } : {}),
  };
}

/**
 * Of the midnights that the arithmetic needs; one that the meter has no freeze of, or of another hour, is left out. A freeze is found by the
 * time it carries, as the collection finds it: a power failure or a clock that was set shifts the ages of all that lie before it.
 */
export async function midnightsOf(
  session: Pick<MeterSession, "read">,
  tariff: Tariff,
  { then, now, timeZone }: { readonly then: MeterSight; readonly now: MeterSight; readonly timeZone: string },
): Promise<ReadonlyMap<string, Registers>> {
  const today = dayOf(now.takenAt, timeZone);
  const found = new Map<string, Registers>();
  for (const day of cutsBetween(tariff, dayOf(then.takenAt, timeZone), today)) {
    const timeAt = async (age: number): Promise<Instant | null> => {
      const [time] = await session.read([frozen("00", age)], "poll");
      return momentIn(time?.value ?? null, timeZone) ?? null;
    };
    const freeze = await findFreeze(midnightOf(day, timeZone), timeAt);
    if (freeze.is !== "found") continue;
    const energy = await session.read([frozen("01", freeze.age)], "poll");
    const [total, ...rates] = energy.map(({ item }) => energyIn(energy, item)); // by their places
    if (total == null) continue;
    found.set(day, { register: total, ...(rates.length > 0 && rates.every((each) => each !== null) ? { rates } : {}) });
  }
  return found;
}

/** Pure. Null registers, or none: unknown. */
export function deductionBetween(
  tariff: Tariff,
  {
    then,
    now,
    midnights,
    timeZone,
  }: { readonly then: Sight; readonly now: Sight; readonly midnights: ReadonlyMap<string, Registers>; readonly timeZone: string },
): Deduction {
  const [before, after] = [then.meter, now.meter];
  if (before.register === null || after.register === null) return { unknown: "its register was not read" };
  return deductionOf(tariff, {
    then: { day: dayOf(before.takenAt, timeZone), at: before.takenAt, registers: { ...before, register: before.register } },
    now: { day: dayOf(after.takenAt, timeZone), at: after.takenAt, registers: { ...after, register: after.register } },
    midnights,
    isIdle: after.idle === true,
  });
}

const frozen = (quantity: string, age: number): string => `0506${quantity}${age.toString(16).toUpperCase().padStart(2, "0")}`;

const valueOf = (readings: readonly Reading[], item: string): string | null =>
  readings.find((reading) => reading.item === item)?.value ?? null;
const moneyIn = (readings: readonly Reading[], item: string): Fen | null => {
  const value = valueOf(readings, item);
  return value === null ? null : parseYuan(value, item);
};
export const energyIn = (readings: readonly Reading[], item = "importedEnergy"): CentiKwh | null => {
  const value = moneyIn(readings, item); // two decimals, like money; the number alone is meant
  return value === null ? null : CentiKwh(value);
};
