/**
 * What a meter deducts by a tariff that was written into it, against what src/tariff says it costs: random versions, written as the
 * push writes them, random loads, days across the switch and across the beginning of a step period. Loads change on half hours and
 * in steps that its registers show exactly, so that nothing but arithmetic can differ: the meter carries what is less than a fen over
 * midnight, the ledger rounds each day, and that is at most one fen a day.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { buildStreet, type Street } from "../../simulator/street.ts";
import { Kind, placeOf } from "../../simulator/energies.ts";
import { hours, Instant, minutes, type Clock } from "../../src/kernel/clock.ts";
import type { PricePerKwh } from "../../src/kernel/money.ts";
import { differences } from "../../src/devices/meter-tariff/difference.ts";
import { setKinds, spareItems, runningItems, switchTimes } from "../../src/devices/meter-tariff/items.ts";
import { orderOf } from "../../src/devices/meter-tariff/order.ts";
import type { TariffPicture } from "../../src/devices/meter-tariff/picture.ts";
import { runsOtherwise, wantedOf } from "../../src/devices/meter-tariff/wanted.ts";
import { costOfDay, roundedFen } from "../../src/tariff/cost.ts";
import { dayPlus } from "../../src/tariff/days.ts";
import { stepPeriodStart, type TariffVersion } from "../../src/tariff/tariff.ts";
import { A } from "./world.ts";

const START = "2026-12-10";
const FROM = "2026-12-11";
const DAYS = 5;
const HALF_HOURS = 48;
const about = { meter: A, model: "standard-wallet" };

const price = fc.bigInt({ min: 0n, max: 20_000n }).map((each) => each as PricePerKwh);
const slots = (rates: number) =>
  fc
    .tuple(
      fc.integer({ min: 1, max: rates }),
      fc.uniqueArray(fc.integer({ min: 1, max: HALF_HOURS - 1 }), { maxLength: 13 }),
      fc.array(fc.integer({ min: 1, max: rates }), { minLength: 13, maxLength: 13 }),
    )
    .map(([first, at, rest]) => [
      { minute: 0, rate: first },
      ...at.sort((a, b) => a - b).map((half, i) => ({ minute: half * 30, rate: rest[i]! })),
    ]);
const steps = fc
  .record({
    every: fc.constantFrom("year" as const, "month" as const),
    day: fc.integer({ min: 10, max: 16 }),
    upTo: fc.uniqueArray(fc.bigInt({ min: 1n, max: 30_000n }), { minLength: 1, maxLength: 6 }),
    add: fc.array(price, { minLength: 7, maxLength: 7 }),
  })
  .map(({ every, day, upTo, add }) => ({
    every,
    startsOn: every === "year" ? { month: 12, day } : { month: 1, day: 1 },
    upTo: upTo.toSorted((a, b) => (a < b ? -1 : 1)),
    add: add.slice(0, upTo.length + 1),
  }));
const version: fc.Arbitrary<TariffVersion> = fc.integer({ min: 1, max: 4 }).chain((rates) =>
  fc.record({
    from: fc.constant(FROM),
    prices: fc.array(price, { minLength: rates, maxLength: rates }),
    steps: fc.option(steps),
    timetable: fc.record({ day: slots(rates), holiday: fc.option(slots(rates)) }).map(({ day, holiday }) => ({
      day,
      holidays: holiday === null ? null : { days: [dayPlus(FROM, 1)], day: holiday },
    })),
    exported: fc.constant(null),
  }),
);
/** kW in steps of 0.02: half an hour of it is whole steps of the register. */
const loads = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 24, maxLength: 24 });

interface Bench {
  readonly street: Street;
  readonly at: (ms: number) => void;
}
async function bench(): Promise<Bench> {
  let now = Date.parse(`${START}T20:00:00+08:00`);
  const clock: Clock = { now: () => Instant(now), wait: () => new Promise(() => undefined) };
  const street = await buildStreet({
    clock,
    seed: 7,
    start: clock.now(),
    price: "0.5283",
    buses: [{ id: "bus-1", endpoint: { kind: "memory" } }],
    meters: [{ address: A, bus: "bus-1", balance: "900000.00", energyKwh: "1000.00", loadKw: 0 }],
  });
  return { street, at: (ms) => void (now = ms) };
}

const midnight = (day: string): number => Date.parse(`${day}T00:00:00+08:00`);

/** As a read brings it. */
function pictureOf(street: Street): TariffPicture {
  const meter = street.meter(A);
  meter.settle();
  const places = { zones: meter.life.tariff.running.zones, slots: meter.life.tariff.running.slots };
  const of = (kind: (typeof setKinds)[number]) => (kind === "zones" || kind === "slots" ? places[kind] : null);
  const items = [
    ...setKinds.flatMap((kind) => [...runningItems(kind, of(kind)), ...spareItems(kind, of(kind))]),
    ...Object.values(switchTimes),
    ...["04000203", "04000205", "04000801", "04000802", "04000B01", "04030001", "04030002"],
  ];
  const bytes = Object.fromEntries(
    items.flatMap((di) => {
      const value = meter.parameters.value(di);
      return value === undefined ? [] : [[di, Buffer.from(value).toString("hex").toUpperCase()]];
    }),
  );
  return { begunAt: meter.clock, takenAt: meter.clock, bytes, running: places, shown: "2612102000" };
}

function push(street: Street, order: ReturnType<typeof orderOf>): void {
  const meter = street.meter(A);
  const { spare, times } = wantedOf(pictureOf(street), order, { ...about, switchAt: "2612110000" });
  for (const [di, hex] of [...Object.entries(spare), ...Object.entries(times)])
    meter.parameters.set(di, Uint8Array.from(Buffer.from(hex, "hex")));
  expect(differences({ ...spare, ...times }, pictureOf(street).bytes)).toEqual([]);
}

interface Shown {
  readonly total: bigint;
  readonly rates: readonly bigint[];
  readonly consumed: bigint;
  readonly period: bigint;
}
function look(street: Street): Shown {
  const meter = street.meter(A);
  meter.settle();
  const registers = meter.life.registers.snapshot();
  const steps = (rate: number): bigint => BigInt(registers[placeOf(Kind.forward, rate)]!);
  return {
    total: steps(0),
    rates: [1, 2, 3, 4].map(steps),
    consumed: meter.wallet.consumed,
    period: BigInt(meter.life.settlements.period.current.steps),
  };
}

test(`over ${DAYS} days a meter deducts what the tariff says, to one fen a day`, async () => {
  let differing = 0;
  let dayCount = 0;
  await fc.assert(
    fc.asyncProperty(version, loads, async (given, kw) => {
      const { street, at } = await bench();
      const order = orderOf({ id: "random" }, given);
      push(street, order);
      at(midnight(FROM));
      let before = look(street);
      let used = before.period;
      let sum = 0n;
      for (let day = FROM, n = 0; n < DAYS; n += 1, day = dayPlus(day, 1)) {
        for (let half = 0; half < HALF_HOURS; half += 2) {
          at(midnight(day) + minutes(30 * half));
          street.patch(A, { loadKw: kw[(half + n) % kw.length]! / 50 });
        }
        at(midnight(day) + hours(24));
        if (given.steps !== null && n > 0 && stepPeriodStart(given.steps, day) === day) used = 0n;
        const now = look(street);
        const energy = { total: now.total - before.total, rates: now.rates.map((each, i) => each - before.rates[i]!) };
        const cost = costOfDay(given, energy, used);
        expect(cost.unpriced).toBe(0n);
        const differs = now.consumed - before.consumed - roundedFen(cost.micro);
        expect(differs >= -1n && differs <= 1n, `${day}: ${differs} fen`).toBe(true);
        if (differs !== 0n) differing += 1;
        sum += cost.micro;
        dayCount += 1;
        used += energy.total;
        before = now;
      }
      // what is less than a fen is carried, so that days do not add up to more than one
      expect(before.consumed * 10_000n - sum).toBeLessThanOrEqual(10_000n);
      expect(runsOtherwise(pictureOf(street), order, about)).toEqual([]);
      await street.close();
    }),
    { numRuns: 60, seed: 7 },
  );
  expect(dayCount).toBeGreaterThanOrEqual(60 * DAYS);
  // the carry of the meter is real, or this would compare nothing
  expect(differing).toBeGreaterThan(0);
}, 120_000);
