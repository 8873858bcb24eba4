/**
 * Billing by settlement days against the oracle. Whatever is drawn (tariffs, loads, price changes, a meter that is replaced) and however its
 * readings come (lost, twice, late, out of order), once every midnight has come each day is what the oracle says, to the fen and by part.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemChance } from "../../src/kernel/chance.ts";
import { Instant } from "../../src/kernel/clock.ts";
import type { MeteredUse } from "../../src/ledger/billing.ts";
import type { BilledDay } from "../../src/ledger/billing-store.ts";
import { tariffOf, tariffShape } from "../../src/tariff/site-tariffs.ts";
import { ANNA, aWorld, METER, NEXT_METER } from "../ledger/billing-world.ts";
import { fittingsOf, life, momentOf, PARTS, ZONE, type Life } from "./arbitraries.ts";
import { beginOf, dayOf } from "./calendar.ts";
import { billDays, type Fitting, type OracleDay } from "./oracle.ts";

const RUNS = 100;
const HOUR_MS = 3_600_000;

/** How one reading travels: lost (only those between midnights are, for good), how late it comes, and how often. */
interface Travel {
  readonly isLost: boolean;
  readonly lateMs: number;
  readonly times: number;
}
const travel: fc.Arbitrary<Travel> = fc.record({
  isLost: fc.boolean(),
  lateMs: fc.oneof(
    { weight: 4, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.integer({ min: 1, max: 20 * HOUR_MS }) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 200 * HOUR_MS }) },
  ),
  times: fc.constantFrom(1, 1, 1, 2, 3),
});

interface Arrival {
  readonly at: number;
  readonly use: MeteredUse;
}

const seed = Math.floor(systemChance.next() * 2 ** 31);

test.each([1, 2, seed])(
  "every day is settled as the oracle says, however its readings came: seed %i",
  { timeout: 120_000 },
  async (seed) => {
    const drawn = life(12).chain((one) =>
      fc.record({
        one: fc.constant(one),
        travels: fc.array(travel, { minLength: one.days.length * PARTS + 2, maxLength: one.days.length * PARTS + 2 }),
      }),
    );
    await fc.assert(
      fc.asyncProperty(drawn, async ({ one, travels }) => {
        const tariffs = [{ from: "2000-01-01", tariff: one.tariffs[0]!.tariff }];
        const world = await aWorld([tariffOf(tariffShape.parse({ id: "drawn", ...tariffs[0]!.tariff }))]);
        const fittings = fittingsOf(one);
        for (const { use } of arrivals(one, fittings, travels)) {
          await world.use(use);
          const soFar = await world.days();
          expect(await world.charged()).toBe(soFar.reduce((sum, { cost, feedIn }) => sum + cost - feedIn, 0n));
        }
        const truth = billDays({ zone: ZONE, tariffs, fittings }, one.days[0]!, one.days.at(-1)!);
        const ours = (await world.days()).filter(({ day }) => day <= one.days.at(-1)!);
        expect(ours.map(asOracle)).toEqual(truth.map((day) => ({ ...day, settledBy: "midnights" })));
      }),
      { seed, numRuns: RUNS },
    );
  },
);

/** Everything that comes, in the order in which it does. A meter that was taken down tells nothing afterwards. */
function arrivals(one: Life, fittings: readonly Fitting[], travels: readonly Travel[]): readonly Arrival[] {
  const last = one.days.length * PARTS;
  const all: Arrival[] = [];
  for (const [n, fitting] of fittings.entries()) {
    const meter = n === 0 ? METER : NEXT_METER;
    const isReplaced = n === 0 && fittings.length > 1;
    for (let part = 0; part <= last; part += 1) {
      const at = momentOf(one, part);
      if (at < fitting.from || at > fitting.until) continue;
      const isEdge = at === fitting.from || (isReplaced && at === fitting.until);
      const isMidnight = at === beginOf(dayOf(at, ZONE), ZONE);
      const { isLost, lateMs, times } = travels[part]!;
      if (isLost && !isMidnight && !isEdge) continue;
      const latest = isReplaced ? fitting.until - 1 : Number.MAX_SAFE_INTEGER;
      const arrivesAt = isEdge ? at : Math.min(at + lateMs, latest);
      const use = useOf(meter, fitting, at, isMidnight ? dayOf(at, ZONE) : null);
      const mayBegin = !isMidnight || use.midnightOf! >= dayOf(arrivesAt, ZONE);
      for (let time = 0; time < times; time += 1)
        all.push({ at: arrivesAt + time * HOUR_MS * (isEdge ? 0 : 1), use: { ...use, mayBegin } });
    }
  }
  // A meter's end comes before the beginning of the one in its place, whatever else the moment brings.
  return all
    .filter(({ at, use }) => use.meter === NEXT_METER || fittings.length === 1 || at <= fittings[0]!.until)
    .sort((a, b) => a.at - b.at || (a.use.meter < b.use.meter ? -1 : a.use.meter > b.use.meter ? 1 : 0));
}

function useOf(meter: MeteredUse["meter"], { registers }: Fitting, at: number, midnightOf: string | null): MeteredUse {
  const { total, rates, exported } = registers(at);
  return {
    ...{ account: ANNA, meter, tariff: "drawn", takenAt: Instant(at), register: BigInt(total) },
    ...(rates === undefined ? {} : { rates: rates.map(BigInt) }),
    ...(exported === undefined ? {} : { exported: BigInt(exported) }),
    ...(midnightOf === null ? {} : { midnightOf }),
  };
}

const asOracle = ({
  day,
  version,
  energy,
  rates,
  steps,
  exported,
  cost,
  feedIn,
  settledBy,
}: BilledDay): OracleDay & { settledBy: string | null } => ({
  day,
  version: version ?? "",
  units: Number(energy),
  byRate: rates.map((rate) => Number(rate.energy)),
  byStep: steps.map((step) => Number(step.energy)),
  exported: Number(exported ?? 0n),
  cost: Number(cost),
  feedIn: Number(feedIn),
  settledBy,
});
