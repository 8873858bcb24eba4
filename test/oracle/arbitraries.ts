/**
 * Tariffs, accounts and lives of meters that nobody has thought of, drawn by fast-check. Tariffs come in the form of the site file: the oracle
 * reads it as it stands, the product through its own door.
 */
import fc from "fast-check";
import { beginOf, dayAfter } from "./calendar.ts";
import type { Fitting, OracleSteps, OracleTariff, OracleVersion, Registers } from "./oracle.ts";

export const ZONE = "Asia/Shanghai";
const DAY_SLOTS = ["00:00 4", "08:00 3", "17:00 2", "19:00 1"];

const decimal = (units: number, places: number): string => {
  const digits = String(units).padStart(places + 1, "0");
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`;
};
const two = (n: number): string => String(n).padStart(2, "0");
const price = fc.integer({ min: 0, max: 19_999 }).map((units) => decimal(units, 4));

/** Days near ends of months and years, and leap days, are drawn as often as all others. */
export const firstDay = fc.oneof(
  fc.constantFrom("2027-12-25", "2028-02-20", "2026-12-30", "2026-02-26", "2026-06-28"),
  fc.integer({ min: 0, max: 1_200 }).map((n) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10)),
);

/** Thresholds lie where a few days of use pass them. */
const steps = fc
  .record({
    every: fc.constantFrom("year", "month"),
    day: fc.integer({ min: 1, max: 28 }),
    month: fc.constantFrom(1, 2, 3, 6, 7, 12),
    gaps: fc.array(fc.integer({ min: 1, max: 6_000 }), { minLength: 1, maxLength: 5 }),
    adds: fc.array(price, { minLength: 6, maxLength: 6 }),
  })
  .map(({ every, day, month, gaps, adds }): OracleSteps => {
    const upTo = gaps.map((_, n) =>
      decimal(
        gaps.slice(0, n + 1).reduce((sum, gap) => sum + gap, 0),
        2,
      ),
    );
    return { every, startsOn: every === "year" ? `${two(month)}-${two(day)}` : day, upTo, add: adds.slice(0, gaps.length + 1) };
  });

/** `rates`: how many registers the meters of the account count. */
const versionFrom = (from: string, rates: number): fc.Arbitrary<OracleVersion> =>
  fc
    .record({
      price,
      prices: fc.array(price, { minLength: rates, maxLength: rates }),
      isByRates: fc.boolean(),
      steps: fc.option(steps, { nil: undefined }),
    })
    .map((drawn) => ({
      from,
      ...(drawn.isByRates && rates === 4 ? { rates: { prices: drawn.prices, day: DAY_SLOTS } } : { price: drawn.price }),
      ...(drawn.steps === undefined ? {} : { steps: drawn.steps }),
    }));

export const tariff = (days: readonly string[], rates: number): fc.Arbitrary<OracleTariff> =>
  fc
    .record({
      froms: fc.uniqueArray(fc.constantFrom(...days), { minLength: 1, maxLength: 3 }),
      exported: fc.option(price, { nil: undefined }),
    })
    .chain(({ froms, exported }) =>
      fc
        .tuple(...froms.sort().map((from) => versionFrom(from, rates)))
        .map((versions) => ({ ...(exported === undefined ? {} : { exported }), versions })),
    );

/** What was used and fed back in one part of a day, 0.01 kWh, by rate. */
export interface Use {
  readonly byRate: readonly number[];
  readonly fed: number;
}
const amount = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 400 }) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 9_000) },
);
const use: fc.Arbitrary<Use> = fc.record({ byRate: fc.array(amount, { minLength: 4, maxLength: 4 }), fed: amount });

/** A day has so many parts of equal length; a register moves at the end of each. */
export const PARTS = 4;

export interface Life {
  readonly first: string;
  readonly days: readonly string[];
  readonly tariffs: readonly { readonly from: string; readonly tariff: OracleTariff }[];
  /** By day and part. */
  readonly uses: readonly (readonly Use[])[];
  /** At the end of this part of all, counted from the first, another meter is hung up; null: never. */
  readonly replacedAt: number | null;
  readonly hasRates: boolean;
}

export const life = (daysMax: number): fc.Arbitrary<Life> =>
  fc
    .record({ first: firstDay, count: fc.integer({ min: 2, max: daysMax }), hasRates: fc.boolean() })
    .chain(({ first, count, hasRates }) => {
      const days = [first];
      while (days.length < count) days.push(dayAfter(days.at(-1)!));
      const rates = hasRates ? 4 : 1;
      return fc.record({
        first: fc.constant(first),
        days: fc.constant<readonly string[]>(days),
        hasRates: fc.constant(hasRates),
        tariffs: fc.oneof(
          tariff(days, rates).map((only) => [{ from: first, tariff: only }]),
          fc.tuple(tariff(days, rates), tariff(days, rates), fc.constantFrom(...days)).map(([before, after, from]) => [
            { from: "2000-01-01", tariff: before },
            { from, tariff: after },
          ]),
        ),
        uses: fc.array(fc.array(use, { minLength: PARTS, maxLength: PARTS }), { minLength: count, maxLength: count }),
        replacedAt: fc.option(fc.integer({ min: 1, max: count * PARTS - 1 }), { nil: null, freq: 2 }),
      });
    });

/** The moment at which a part of the life ends; part 0 has not begun then. */
export function momentOf({ days }: Life, part: number): number {
  const day = days[Math.min(days.length - 1, Math.floor(part / PARTS))]!;
  const inside = part - days.indexOf(day) * PARTS;
  const begin = beginOf(day, ZONE);
  return begin + ((beginOf(dayAfter(day), ZONE) - begin) * inside) / PARTS;
}

const OLD_START: Registers = { total: 812_345, rates: [200_001, 200_002, 200_003, 212_339], exported: 5_005 };
const NEW_START: Registers = { total: 100, rates: [10, 20, 30, 40], exported: 3 };

/** The meters of a life, one or two, with their true registers at every moment of it. */
export function fittingsOf(life: Life): Fitting[] {
  const parts = life.uses.flat();
  const last = parts.length;
  const meter = (start: Registers, from: number, until: number): Fitting => {
    const moments = Array.from({ length: until - from + 1 }, (_, n) => momentOf(life, from + n));
    const shown: Registers[] = [start];
    for (const { byRate, fed } of parts.slice(from, until)) {
      const { total, rates = [], exported = 0 } = shown.at(-1)!;
      const counted = byRate.reduce((sum, each) => sum + each, 0);
      shown.push({ total: total + counted, rates: rates.map((each, n) => each + byRate[n]!), exported: exported + fed });
    }
    return {
      from: moments[0]!,
      until: moments.at(-1)!,
      registers: (at) => {
        const { total, rates, exported } =
          shown[
            Math.max(
              0,
              moments.findLastIndex((moment) => moment <= at),
            )
          ]!;
        return { total, ...(life.hasRates ? { rates: rates! } : {}), exported: exported! };
      },
    };
  };
  if (life.replacedAt === null) return [meter(OLD_START, 0, last)];
  return [meter(OLD_START, 0, life.replacedAt), meter(NEW_START, life.replacedAt, last)];
}
