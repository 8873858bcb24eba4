/**
 * Three ways to make a number of rows: how many, which share of them, and how long it took. Pure; a row may stand for many that are alike.
 * Shares are cut off after four decimals, so that 1 means all of them; a percentile is the nearest rank, a number that was really measured.
 */
import type { Row } from "./cells.ts";

export interface Counted {
  readonly row: Row;
  readonly n: number;
}

export interface Measured {
  /** Null: nothing was there to be measured. */
  readonly value: number | null;
  readonly numerator: number | null;
  readonly denominator: number | null;
}

export type Measure = (rows: readonly Counted[]) => Measured;
export type Test = (row: Row) => boolean;

const SHARE_UNITS = 10_000;

const sum = (rows: readonly Counted[], counts: Test): number =>
  rows.reduce((total, { row, n }) => (counts(row) ? total + n : total), 0);

export const any: Test = () => true;

export const shareOf =
  (of: Test, is: Test): Measure =>
  (rows) => {
    const denominator = sum(rows, of);
    const numerator = sum(rows, (row) => of(row) && is(row));
    const value = denominator === 0 ? null : Math.floor((numerator * SHARE_UNITS) / denominator) / SHARE_UNITS;
    return { value, numerator, denominator };
  };

/** Of those of which it might be said: the share is told beside it by its parts. */
export const countOf =
  (is: Test, of: Test = is): Measure =>
  (rows) => {
    const numerator = sum(rows, (row) => of(row) && is(row));
    return { value: numerator, numerator, denominator: of === is ? null : sum(rows, of) };
  };

/** How many different things the rows speak of, of those that fulfil something together. */
export const thingsOf =
  (nameOf: (row: Row) => string, is: (rows: readonly Row[]) => boolean): Measure =>
  (rows) => {
    const things = new Map<string, Row[]>();
    for (const { row } of rows) things.set(nameOf(row), [...(things.get(nameOf(row)) ?? []), row]);
    const value = [...things.values()].filter(is).length;
    return { value, numerator: value, denominator: null };
  };

/** Seconds at the nearest rank, 1 is the longest. `takes`: milliseconds; null: it does not count. */
export const rankOf =
  (share: number, takes: (row: Row) => number | null): Measure =>
  (rows) => {
    const times = rows
      .map(({ row }) => takes(row))
      .filter((ms) => ms !== null)
      .sort((a, b) => a - b);
    const value = times.length === 0 ? null : times[Math.max(0, Math.ceil(times.length * share) - 1)]! / 1_000;
    return { value, numerator: null, denominator: times.length };
  };

/** Milliseconds from one moment of a row to another; null where one of them is not there. */
export const between = (row: Row, from: string, to: string): number | null => {
  const [first, last] = [row[from], row[to]];
  return first === undefined || first === "" || last === undefined || last === "" ? null : Date.parse(last) - Date.parse(first);
};
