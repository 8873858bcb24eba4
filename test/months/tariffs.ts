/**
 * The tariffs of a month, as a site file writes them, so that oracle and house read the same lines; and as the meters that deduct by themselves
 * hold them in their tables. Everything that may happen to a price happens within the days that are played: a new version, a year and a month
 * of steps that begin anew, thresholds that are passed.
 */
import type { MeterPlan } from "../../simulator/street.ts";
import type { OracleTariff } from "../oracle/oracle.ts";

export const DAY_SLOTS = ["00:00 4", "08:00 3", "10:00 2", "12:00 3", "17:00 2", "19:00 1", "21:00 3", "23:00 4"];

export type TariffName = "flat" | "yearly" | "monthly" | "rates" | "stepped-rates" | "wallet" | "wallet-rates";

/** `day(n)`: the n-th day that is played, the first is 0. */
export function tariffsOf(day: (n: number) => string, days: number): Readonly<Record<TariffName, OracleTariff>> {
  const changed = day(Math.floor(days / 3));
  const yearBegins = day(Math.floor(days / 4)).slice(5);
  const monthBegins = Number(day(Math.floor(days / 2)).slice(8));
  const yearly = { every: "year", startsOn: yearBegins, upTo: ["20.00", "55.00"], add: ["0.0000", "0.0500", "0.3000"] } as const;
  const monthly = {
    every: "month",
    startsOn: monthBegins,
    upTo: ["15.00", "40.00"],
    add: ["0.0000", "0.0500", "0.3000"],
  } as const;
  return {
    flat: {
      exported: "0.4153",
      versions: [
        { from: "2026-01-01", price: "0.5283" },
        { from: changed, price: "0.4883" },
      ],
    },
    yearly: {
      versions: [
        { from: "2026-01-01", price: "0.4883", steps: yearly },
        { from: changed, price: "0.5017", steps: { ...yearly, add: ["0.0000", "0.0750", "0.3250"] } },
      ],
    },
    monthly: { exported: "0.3949", versions: [{ from: "2026-01-01", price: "0.4983", steps: monthly }] },
    rates: {
      exported: "0.4153",
      versions: [
        { from: "2026-01-01", rates: { prices: ["0.9283", "0.7283", "0.5283", "0.2783"], day: DAY_SLOTS } },
        { from: changed, rates: { prices: ["0.9511", "0.7283", "0.5137", "0.2519"], day: DAY_SLOTS } },
      ],
    },
    "stepped-rates": {
      versions: [
        { from: "2026-01-01", price: "0.5283" },
        { from: changed, rates: { prices: ["0.9283", "0.7283", "0.5283", "0.2783"], day: DAY_SLOTS }, steps: monthly },
      ],
    },
    wallet: { versions: [{ from: "2026-01-01", price: "0.5283" }] },
    "wallet-rates": {
      versions: [{ from: "2026-01-01", rates: { prices: ["0.9283", "0.7283", "0.5283", "0.2783"], day: DAY_SLOTS } }],
    },
  };
}

/** The tables of the meter: which rate runs when, and what a wallet deducts by. */
export function tablesOf(name: TariffName, tariff: OracleTariff): Pick<MeterPlan, "price" | "tariff"> {
  const [first] = tariff.versions;
  const slots = { tables: [DAY_SLOTS.map((slot) => ({ at: slot.slice(0, 5), tariff: Number(slot.slice(6)) }))] };
  if (name === "wallet") return { price: first!.price };
  if (name === "wallet-rates") return { tariff: { ...slots, prices: first!.rates!.prices } };
  return tariff.versions.some(({ rates }) => rates !== undefined) ? { tariff: slots } : {};
}
