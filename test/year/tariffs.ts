/**
 * The tariffs of a year, by the names of those of a month: each changes its price twice, and begins its steps anew, by year or by month,
 * within the days that are played, however few they are.
 */
import type { OracleSteps, OracleTariff } from "../oracle/oracle.ts";
import { DAY_SLOTS, type TariffName } from "../months/tariffs.ts";

const DAYS_OF_YEAR = 365;

export function tariffsOfYear(day: (n: number) => string, days: number): Readonly<Record<TariffName, OracleTariff>> {
  const [spring, autumn] = [day(Math.floor(days / 3)), day(Math.floor((days * 2) / 3))];
  const since = "2026-01-01";
  /** As far as a household gets in the days that are played. */
  const kwh = (ofYear: number): string => ((ofYear * Math.min(days, DAYS_OF_YEAR)) / DAYS_OF_YEAR).toFixed(2);
  const yearly: OracleSteps = {
    every: "year",
    startsOn: day(Math.floor(days / 4)).slice(5),
    upTo: [kwh(1_800), kwh(3_600)],
    add: ["0.0000", "0.0500", "0.3000"],
  };
  const monthly: OracleSteps = { every: "month", startsOn: 1, upTo: ["160.00", "320.00"], add: ["0.0000", "0.0500", "0.3000"] };
  const rates = (...prices: readonly string[]) => ({ prices, day: DAY_SLOTS });
  return {
    flat: {
      exported: "0.4153",
      versions: [
        { from: since, price: "0.5283" },
        { from: spring, price: "0.4883" },
        { from: autumn, price: "0.5391" },
      ],
    },
    yearly: {
      versions: [
        { from: since, price: "0.4883", steps: yearly },
        { from: spring, price: "0.5017", steps: { ...yearly, add: ["0.0000", "0.0750", "0.3250"] } },
        { from: autumn, price: "0.4955", steps: yearly },
      ],
    },
    monthly: {
      exported: "0.3949",
      versions: [
        { from: since, price: "0.4983", steps: monthly },
        { from: spring, price: "0.5127", steps: monthly },
        { from: autumn, price: "0.5127", steps: { ...monthly, add: ["0.0000", "0.0700", "0.3300"] } },
      ],
    },
    rates: {
      exported: "0.4153",
      versions: [
        { from: since, rates: rates("0.9283", "0.7283", "0.5283", "0.2783") },
        { from: spring, rates: rates("0.9511", "0.7283", "0.5137", "0.2519") },
        { from: autumn, rates: rates("0.9777", "0.7391", "0.5137", "0.2519") },
      ],
    },
    "stepped-rates": {
      versions: [
        { from: since, price: "0.5283" },
        { from: spring, rates: rates("0.9283", "0.7283", "0.5283", "0.2783"), steps: monthly },
        { from: autumn, rates: rates("0.9511", "0.7301", "0.5283", "0.2619"), steps: monthly },
      ],
    },
    // By the tables of the meter alone: nothing is pushed in this year.
    wallet: { versions: [{ from: since, price: "0.5283" }] },
    "wallet-rates": { versions: [{ from: since, rates: rates("0.9283", "0.7283", "0.5283", "0.2783") }] },
  };
}
