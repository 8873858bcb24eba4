/** The product's arithmetic against the oracle: what a day's energy costs, by rate and by step, whatever the tariff. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { systemChance } from "../../src/kernel/chance.ts";
import { costOfDay, roundedFen } from "../../src/tariff/cost.ts";
import { tariffOf, tariffShape } from "../../src/tariff/site-tariffs.ts";
import { stepPeriodStart, versionOn } from "../../src/tariff/tariff.ts";
import { fittingsOf, life, ZONE } from "./arbitraries.ts";
import { billDays, inForce, type OracleDay } from "./oracle.ts";

const RUNS = 60;

/** As the file door reads it. */
const asProduct = (id: string, tariff: object) => tariffOf(tariffShape.parse({ id, ...tariff }));

const seed = Math.floor(systemChance.next() * 2 ** 31);

test.each([1, seed])("a day costs what the oracle says, to the fen and by part: seed %i", { timeout: 120_000 }, (seed) => {
  fc.assert(
    fc.property(life(45), (drawn) => {
      const fittings = fittingsOf(drawn);
      const { days, tariffs } = drawn;
      const truth = billDays({ zone: ZONE, tariffs, fittings }, days[0]!, days.at(-1)!);
      const parsed = tariffs.map(({ from, tariff }, n) => ({ from, tariff: asProduct(`tariff-${n}`, tariff) }));
      const used = new Map(truth.map(({ day, units }) => [day, units]));
      const ours = truth.map((true_): Omit<OracleDay, "version"> => {
        const { day, units, exported } = true_;
        const version = versionOn(inForce(parsed, day).tariff, day);
        const start = version.steps === null ? day : stepPeriodStart(version.steps, day);
        const before = [...used].reduce((sum, [each, energy]) => (each >= start && each < day ? sum + energy : sum), 0);
        const rates = ratesOn(drawn.hasRates, fittings, day, true_);
        const cost = costOfDay(
          version,
          { total: BigInt(units), exported: BigInt(exported), ...(rates === undefined ? {} : { rates }) },
          BigInt(before),
        );
        return {
          day,
          units,
          exported,
          byRate: cost.rates.map(({ energy }) => Number(energy)),
          byStep: cost.steps.map(({ energy }) => Number(energy)),
          cost: Number(roundedFen(cost.micro)),
          feedIn: Number(roundedFen(cost.feedIn)),
        };
      });
      expect(ours).toEqual(truth.map(({ version: _, ...day }) => day));
    }),
    { seed, numRuns: RUNS },
  );
});

/** All four, also where the version has one price: whoever has registers hands them in. */
function ratesOn(
  hasRates: boolean,
  fittings: ReturnType<typeof fittingsOf>,
  day: string,
  { byRate }: OracleDay,
): bigint[] | undefined {
  if (!hasRates) return undefined;
  if (byRate.length === 4) return byRate.map(BigInt);
  const [begin, end] = [Date.parse(`${day}T00:00:00+08:00`), Date.parse(`${day}T00:00:00+08:00`) + 86_400_000];
  const sums = [0, 0, 0, 0];
  for (const { from, until, registers } of fittings) {
    const [start, stop] = [Math.max(begin, from), Math.min(end, until)];
    if (start < stop) registers(stop).rates!.forEach((register, n) => (sums[n]! += register - registers(start).rates![n]!));
  }
  return sums.map(BigInt);
}
