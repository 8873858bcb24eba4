/**
 * Demand: the mean power of the last quarter of an hour, and the highest there was, with its time, in total and by tariff.
 * Sliding, it is looked at every step (a minute); block, only at the end of each period. Worked out from the load log: within a
 * stretch of steady load only the first period can bring anything new, so a month costs no more than its stretches.
 * A period in which the meter did not yet run, or runs since the last reset, counts as what it was; units are 0.1 W.
 */
import { Instant } from "../src/kernel/clock.ts";
import type { Combinations } from "./energies.ts";
import { combined, Kind, TARIFFS } from "./energies.ts";
import type { LoadLog, Stretch } from "./load-log.ts";
import { peaksOf, sumsWithin } from "./load-log.ts";
import type { MeterClock } from "./meter-clock.ts";
import { keepsAll, keepsFields } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";

export interface Maximum {
  /** 0.1 W. */
  readonly value: number;
  /** When its period ended, by the meter's clock; undefined: there was none yet. */
  readonly at: Instant | undefined;
}
/** The six kinds of energy, then the two combined reactive ones. */
const ROWS = [0, 1, 2, 3, 4, 5, 6, 7] as const;
export const COMBINED_1 = 6;
export const COMBINED_2 = 7;
/** By row, then total and tariffs. */
export type Demands = readonly (readonly Maximum[])[];
const NONE: Maximum = { value: 0, at: undefined };
const MILLIWATTS_PER_UNIT = 100;

export class Demand {
  periodMinutes = 15;
  stepMinutes = 1;
  isBlock = false;
  /** 04000E01, 0.1 W: above it word 7 says so. */
  limit = 999_999;
  #maxima: Demands = FRESH;
  /** Marks beyond this moment can only repeat what was seen. */
  #newUntil = Number.NEGATIVE_INFINITY;
  #tariff = 0;
  readonly #combinations: Combinations;

  constructor(combinations: Combinations) {
    this.#combinations = combinations;
  }

  get maxima(): Demands {
    return this.#maxima;
  }

  get periodMs(): number {
    return this.periodMinutes * 60_000;
  }

  /** From one look to the next. */
  get markMs(): number {
    return (this.isBlock ? this.periodMinutes : this.stepMinutes) * 60_000;
  }

  /** 19H, and every settlement. */
  reset(at: Instant): void {
    this.#maxima = FRESH;
    this.#hope(at);
  }

  /** What is told now stays as it is told. */
  snapshot(): Demands {
    return this.#maxima;
  }

  get keeps(): Keeps {
    return keepsAll("demand", keepsFields("", this, ["periodMinutes", "stepMinutes", "isBlock", "limit"]), {
      save: () => ({ maxima: this.#maxima, newUntil: this.#newUntil, tariff: this.#tariff }),
      load: (own: { maxima: Maximum[][]; newUntil: number; tariff: number }) => {
        [this.#maxima, this.#newUntil, this.#tariff] = [own.maxima, own.newUntil, own.tariff];
      },
    });
  }

  /** After the load ran steadily from `from` to `to` under one tariff. */
  follow(log: LoadLog, clock: MeterClock, { from, to, tariff }: { from: Instant; to: Instant; tariff: number }): void {
    if (log.runningSince === from || tariff !== this.#tariff) this.#hope(from);
    this.#tariff = tariff;
    if (from > this.#newUntil) return;
    const recent = log.since(Instant(from - this.periodMs));
    const peaks = peaksOf(recent);
    const reactive = peaks.slice(Kind.q1).reduce((sum, peak) => sum + peak, 0);
    const hopeful = ROWS.filter((row) => (peaks[row] ?? reactive) >= (this.#lowest(row, tariff) + 1) * MILLIWATTS_PER_UNIT);
    if (hopeful.length === 0) return;
    const markMs = this.markMs;
    const end = Math.min(to, this.#newUntil);
    for (let shown = nextMark(clock.at(from), markMs); ; shown = Instant(shown + markMs)) {
      const at = clock.firstAt(shown, from);
      if (at > end) return;
      if (at - this.periodMs < log.start) continue;
      const means = this.#means(recent, log.until, { from: at - this.periodMs, to: at });
      for (const row of hopeful) this.#offer(row, tariff, { value: means[row]!, at: shown });
    }
  }

  /** The means over the period that ended at `at`, in 0.1 W, a row each. */
  present(log: LoadLog, at: Instant, ms = this.periodMs): number[] {
    return this.#means(log.since(Instant(at - ms)), log.until, { from: at - ms, to: at });
  }

  #means(stretches: readonly Stretch[], until: Instant, window: { from: number; to: number }): number[] {
    const means = sumsWithin(stretches, until, window);
    const ms = window.to - window.from;
    for (let kind = 0; kind < means.length; kind += 1) means[kind] = Math.floor(means[kind]! / (ms * MILLIWATTS_PER_UNIT));
    const quadrants = means.slice(Kind.q1);
    const { reactive1, reactive2 } = this.#combinations;
    means.push(combined(reactive1, quadrants), combined(reactive2, quadrants));
    return means;
  }

  /** One mark beyond the period: the first that sees nothing but the steady load. */
  #hope(at: Instant): void {
    this.#newUntil = Math.max(this.#newUntil, at + this.periodMs + this.markMs);
  }

  #lowest(row: number, tariff: number): number {
    const maxima = this.#maxima[row]!;
    return Math.min(maxima[0]!.value, maxima[tariff]!.value);
  }

  #offer(row: number, tariff: number, found: Maximum): void {
    for (const place of [0, tariff]) {
      const maxima = this.#maxima[row]!;
      if (found.value > maxima[place]!.value) this.#maxima = this.#maxima.with(row, maxima.with(place, found));
    }
  }
}

/** Before the first: one for all meters, since a row is replaced and never written to. */
const NONES: Demands[number] = Array<Maximum>(TARIFFS + 1).fill(NONE);
const FRESH: Demands = ROWS.map(() => NONES);

/** A row of maxima as whole numbers, value and moment in turn, and back. */
export const flat = (maxima: Demands[number]): (number | undefined)[] => maxima.flatMap(({ value, at }) => [value, at]);
export const maximaIn = (cells: readonly (number | undefined)[]): Maximum[] =>
  Array.from({ length: cells.length / 2 }, (_, i) => {
    const at = cells[2 * i + 1];
    return { value: cells[2 * i] ?? 0, at: at === undefined ? undefined : Instant(at) };
  });

function nextMark(shown: Instant, markMs: number): Instant {
  return Instant((Math.floor(shown / markMs) + 1) * markMs);
}
