/**
 * Settlement days: what the registers and maximum demands showed then, the last twelve of them, and what was consumed in the
 * periods between, in which step prices are counted. 04000B01 to 03 name up to three days of the month (DDhh); the first is the
 * month of 000C. The steps' own year, where a step table names dates, ends apart from them.
 * A settlement missed for lack of power is made up when power returns.
 */
import { Instant } from "../src/kernel/clock.ts";
import type { Demands } from "./demand.ts";
import { flat, maximaIn } from "./demand.ts";
import { Count } from "./energies.ts";
import type { Snapshot } from "./energies.ts";
import { listed, listsIn, Tape } from "./tape.ts";
import type { TapeState } from "./tape.ts";
import type { Tariff, YearlyDate } from "./tariff.ts";
import type { Keeps } from "./state/keeping.ts";
import { wallDate, wallMoment } from "./wall-time.ts";

export const SETTLEMENTS_KEPT = 12;

export interface Settlement {
  readonly at: Instant;
  readonly energies: Snapshot;
  readonly demands: Demands;
}

/** 0.01 kWh of combined active energy. */
interface Period {
  readonly current: Count;
  last: number;
}

export class Settlements {
  /** DDhh; 9999 is no day. */
  days: [string, string, string] = ["0100", "9999", "9999"];
  readonly #kept = new Tape(SETTLEMENTS_KEPT);
  readonly period: Period = { current: new Count(), last: 0 };
  readonly month: Period = { current: new Count(), last: 0 };
  #lastAt: Instant | undefined;

  /** Newest first. */
  get kept(): readonly Settlement[] {
    return Array.from({ length: this.#kept.length }, (_, i) => this.settled(i + 1)!);
  }

  /** The age-th last, 1 the newest. */
  settled(age: number): Settlement | undefined {
    const row = this.#kept.row(age);
    if (row === undefined) return undefined;
    const lists = listsIn(row, 1);
    const energies = lists() as number[];
    const demands = Array.from({ length: row[row.length - 1] ?? 0 }, () => maximaIn(lists()));
    return { at: Instant(row[0]!), energies, demands };
  }

  consume(milliwattMs: number): void {
    this.period.current.add(milliwattMs);
    this.month.current.add(milliwattMs);
  }

  nextAfter(shown: Instant): Instant | undefined {
    return earliest(this.days.map((day) => nextOfMonth(day, shown)));
  }

  nextYearlyAfter(shown: Instant, tariff: Tariff): Instant | undefined {
    return earliest(tariff.runningSteps.yearly.map((date) => nextOfYear(date, shown)));
  }

  /** False: this settlement was done, and the clock was set back over it. */
  settle(due: Instant, take: () => Omit<Settlement, "at">, tariff: Tariff): boolean {
    if (due === this.#lastAt) return false;
    this.#lastAt = due;
    const { energies, demands } = take();
    this.#kept.push([due, ...listed(energies), ...demands.flatMap((row) => listed(flat(row))), demands.length]);
    if (this.#isOnFirstDay(due)) {
      close(this.month);
      if (tariff.runningSteps.yearly.length === 0) close(this.period);
    }
    return true;
  }

  settleYear(): void {
    close(this.period);
  }

  clear(): void {
    this.#kept.clear();
    for (const period of [this.period, this.month]) {
      period.current.clear();
      period.last = 0;
    }
  }

  get keeps(): Keeps {
    return {
      keptAs: "settlements",
      save: () => ({ ...this.#plain, period: plain(this.period), month: plain(this.month) }),
      load: ({ days, kept, lastAt, period, month }: Settled) => {
        [this.days, this.#lastAt] = [days, lastAt];
        this.#kept.load(kept);
        fillPeriod(this.period, period);
        fillPeriod(this.month, month);
      },
    };
  }

  get #plain(): Pick<Settled, "days" | "kept" | "lastAt"> {
    return { days: this.days, kept: this.#kept.save(), lastAt: this.#lastAt };
  }

  #isOnFirstDay(due: Instant): boolean {
    const before = Instant(due - 1);
    return nextOfMonth(this.days[0], before) === due;
  }
}

interface PlainPeriod {
  readonly steps: number;
  readonly rest: number;
  readonly last: number;
}
interface Settled {
  readonly days: [string, string, string];
  readonly kept: TapeState;
  readonly lastAt: Instant | undefined;
  readonly period: PlainPeriod;
  readonly month: PlainPeriod;
}

const plain = ({ current: { steps, rest }, last }: Period): PlainPeriod => ({ steps, rest, last });

function fillPeriod(period: Period, { steps, rest, last }: PlainPeriod): void {
  Object.assign(period.current, { steps, rest });
  period.last = last;
}

function close(period: Period): void {
  period.last = period.current.steps;
  // What is less than a step belongs to the next period: over the year nothing is lost.
  period.current.steps = 0;
}

const earliest = (moments: readonly (Instant | undefined)[]): Instant | undefined =>
  moments.reduce((first, at) => (first === undefined || (at !== undefined && at < first) ? at : first), undefined);

function nextOfMonth(ddhh: string, shown: Instant): Instant | undefined {
  if (!isSettlementDay(ddhh) || ddhh === "9999") return undefined;
  const [day, hour] = [Number(ddhh.slice(0, 2)), Number(ddhh.slice(2))];
  const { year, month } = wallDate(shown);
  const at = wallMoment(year, month, day, hour);
  return at > shown ? at : wallMoment(year, month + 1, day, hour);
}

function nextOfYear({ month, day, hour }: YearlyDate, shown: Instant): Instant {
  const { year } = wallDate(shown);
  const at = wallMoment(year, month, day, hour);
  return at > shown ? at : wallMoment(year + 1, month, day, hour);
}

/** Days beyond 28 are not in every month. */
export const isSettlementDay = (ddhh: string): boolean => /^(0[1-9]|1\d|2[0-8])([01]\d|2[0-3])$|^9999$/.test(ddhh);
