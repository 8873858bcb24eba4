/** A plan's words for prices, made into the meter's tables. What the plan leaves out is the plain meter's: one flat price. */
import { Fault } from "../src/kernel/faults.ts";
import type { PricePerKwh } from "../src/kernel/money.ts";
import { parsePrice, parseYuan } from "../src/kernel/money.ts";
import type { MeterPlan, StepsPlan, TariffPlan } from "./plans.ts";
import type { Slot, Steps, YearlyDate, Zone } from "./tariff.ts";
import { Tariff } from "./tariff.ts";
import { momentOf } from "./wall-time.ts";

/** `flat` is what a plain meter's wallet counts by. */
export function tariffOf(plan: MeterPlan, flat: PricePerKwh): Tariff {
  const tariff = new Tariff(flat);
  const given = plan.tariff;
  if (given === undefined) return tariff;
  if (given.tables !== undefined) tariff.tables[0] = tablesOf(given.tables, tariff.tables[0]);
  if (given.zones !== undefined) tariff.zones[0] = given.zones.map(zoneOf);
  if (given.prices !== undefined) tariff.prices[0] = pricesOf(given.prices);
  if (given.steps !== undefined) tariff.steps[0] = stepsOf(given.steps);
  // The second set begins as the first, and differs where the plan says so.
  const { next } = given;
  tariff.tables[1] = next?.tables === undefined ? [...tariff.tables[0]] : tablesOf(next.tables, tariff.tables[0]);
  tariff.zones[1] = next?.zones?.map(zoneOf) ?? tariff.zones[0];
  tariff.prices[1] = next?.prices === undefined ? tariff.prices[0] : pricesOf(next.prices);
  tariff.steps[1] = next?.steps === undefined ? tariff.steps[0] : stepsOf(next.steps);
  if (next !== undefined) {
    const at = momentOf(next.at.replaceAll(/\D/g, "").slice(2).padEnd(12, "0"));
    if (at === undefined)
      throw new Fault("invalid-request", { field: "tariff.next.at", given: next.at, allowed: "2026-12-01T00:00" });
    if (next.tables !== undefined) tariff.switchOver("slots", at);
    if (next.zones !== undefined) tariff.switchOver("zones", at);
    if (next.prices !== undefined) tariff.switchOver("prices", at);
    if (next.steps !== undefined) tariff.switchOver("steps", at);
  }
  return tariff;
}

function tablesOf(tables: NonNullable<TariffPlan["tables"]>, plain: readonly (readonly Slot[])[]): (readonly Slot[])[] {
  const planned = tables.map((table) =>
    table.map(({ at, tariff }) => ({ minute: Number(at.slice(0, 2)) * 60 + Number(at.slice(3)), tariff })),
  );
  return plain.map((_, i) => planned[i] ?? planned[0]!);
}

const zoneOf = ({ from, table }: NonNullable<TariffPlan["zones"]>[number]): Zone => ({
  month: Number(from.slice(0, 2)),
  day: Number(from.slice(3)),
  table,
});

const pricesOf = (prices: readonly string[]): bigint[] =>
  Array.from({ length: 4 }, (_, i) => parsePrice(prices[i] ?? prices.at(-1)!, "tariff.prices"));

function stepsOf({ thresholds, prices, yearly = [] }: StepsPlan): Steps {
  if (prices.length !== thresholds.length + 1)
    throw new Fault("invalid-request", { field: "tariff.steps", allowed: "one more price than thresholds" });
  return {
    thresholds: thresholds.map((kwh) => parseYuan(kwh, "tariff.steps.thresholds")),
    prices: prices.map((price) => parsePrice(price, "tariff.steps.prices")),
    yearly: yearly.map((date): YearlyDate => ({
      month: Number(date.slice(0, 2)),
      day: Number(date.slice(3, 5)),
      hour: Number(date.slice(6)),
    })),
  };
}
