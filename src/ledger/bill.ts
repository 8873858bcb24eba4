/**
 * A bill: energy and cost of an account, day by day, by rate and by step, with what all days come to. Pure. The days are whole fen and
 * add up to what was charged; their parts are told exactly, to the millionth of a yuan, because a day is rounded once and not part by part.
 */
import { CentiKwh, kwh } from "../kernel/energy.ts";
import { Fen, yuan } from "../kernel/money.ts";
import type { BilledDay } from "./billing-store.ts";
import { printCsv } from "./csv.ts";

type Part = BilledDay["rates"][number];

/** One rate or step at one price, over all days on which it had that price. */
export interface PartTotal extends Part {
  /** 1 is the first: sharp (尖), or the step that begins at nothing. */
  readonly number: number;
}

export interface Bill {
  readonly days: readonly BilledDay[];
  readonly energy: CentiKwh;
  readonly cost: Fen;
  /** Null: no day knows any. */
  readonly exported: CentiKwh | null;
  readonly feedIn: Fen;
  readonly rates: readonly PartTotal[];
  readonly steps: readonly PartTotal[];
  /** Days that may still change. */
  readonly provisional: number;
}

export function billOf(days: readonly BilledDay[]): Bill {
  const sum = (each: (day: BilledDay) => bigint): bigint => days.reduce((total, day) => total + each(day), 0n);
  return {
    days,
    energy: CentiKwh(sum(({ energy }) => energy)),
    cost: Fen(sum(({ cost }) => cost)),
    exported: days.some(({ exported }) => exported !== null) ? CentiKwh(sum(({ exported }) => exported ?? 0n)) : null,
    feedIn: Fen(sum(({ feedIn }) => feedIn)),
    rates: totalsOf(days.map(({ rates }) => rates)),
    steps: totalsOf(days.map(({ steps }) => steps)),
    provisional: days.filter(({ state }) => state === "provisional").length,
  };
}

function totalsOf(days: readonly (readonly Part[])[]): readonly PartTotal[] {
  const all = days.flatMap((parts) => parts.map((part, index) => ({ ...part, number: index + 1 })));
  const groups = [...Map.groupBy(all, ({ number, price }) => `${number}/${price}`).values()];
  return groups
    .map(([first, ...more]) => ({
      ...first!,
      energy: CentiKwh(more.reduce<bigint>((sum, { energy }) => sum + energy, first!.energy)),
      micro: more.reduce((sum, { micro }) => sum + micro, first!.micro),
    }))
    .sort((a, b) => a.number - b.number);
}

/** "0.528300": exact, where a fen would round. */
export function yuanExactly(micro: bigint): string {
  const digits = (micro < 0n ? -micro : micro).toString().padStart(7, "0");
  return `${micro < 0n ? "-" : ""}${digits.slice(0, -6)}.${digits.slice(-6)}`;
}

/** "0.5283": yuan per kWh with four decimals. */
export function printPrice(price: bigint): string {
  const digits = price.toString().padStart(5, "0");
  return `${digits.slice(0, -4)}.${digits.slice(-4)}`;
}

const numbered = (name: string, count: number): string[] => Array.from({ length: count }, (_, index) => `${name}${index + 1}`);

/** A line for each day, energy by rate and step beside it; the last line is what they come to. */
export function billCsv(bill: Bill): string {
  const most = (kind: "rates" | "steps"): number => Math.max(0, ...bill.days.map((day) => day[kind].length));
  const [rates, steps] = [most("rates"), most("steps")];
  const parts = (list: readonly Part[], count: number): string[] =>
    Array.from({ length: count }, (_, index) => (list[index] === undefined ? "" : kwh(list[index].energy)));
  const summed = (list: readonly PartTotal[], count: number): string[] =>
    Array.from({ length: count }, (_, index) =>
      kwh(list.reduce((sum, { number, energy }) => (number === index + 1 ? sum + energy : sum), 0n)),
    );
  const exported = (energy: bigint | null): string => (energy === null ? "" : kwh(energy));
  return printCsv([
    [
      ...["day", "kWh", ...numbered("rate", rates), ...numbered("step", steps), "cost", "exportedKWh", "feedIn"],
      ...["tariff", "version", "state", "settledBy", "estimated"],
    ],
    ...bill.days.map((day) => [
      ...[day.day, kwh(day.energy), ...parts(day.rates, rates), ...parts(day.steps, steps), yuan(day.cost)],
      ...[exported(day.exported), yuan(day.feedIn), day.tariff ?? "", day.version ?? ""],
      ...[day.state, day.settledBy ?? "", day.estimated ? "yes" : "no"],
    ]),
    [
      ...["total", kwh(bill.energy), ...summed(bill.rates, rates), ...summed(bill.steps, steps), yuan(bill.cost)],
      ...[exported(bill.exported), yuan(bill.feedIn), "", "", "", "", ""],
    ],
  ]);
}
