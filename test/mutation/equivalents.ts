/**
 * Mutants that no test can kill, because the changed program does the same: each with its reason. They are not run, are counted apart
 * and printed. A row that finds no mutant, or more than one, stops the run: the code has moved and the reason must be looked at again.
 */
import { changeOf } from "./mutants.ts";
import type { Mutant } from "./mutants.ts";

export interface Equivalent {
  /** File name without folder and ending. */
  readonly file: string;
  /** A piece of the line, and the change as the list of survivors prints it. */
  readonly line: string;
  readonly change: string;
  /** Which of several such changes in the line, from 1. */
  readonly nth?: number;
  readonly why: string;
}

export const EQUIVALENTS: readonly Equivalent[] = [];

/** The mutants that are listed here, by their row. */
export function equivalentsAmong(file: string, mutants: readonly Mutant[]): ReadonlyMap<Mutant, Equivalent> {
  const found = new Map<Mutant, Equivalent>();
  for (const row of EQUIVALENTS.filter((each) => file.endsWith(`/${each.file}.ts`))) {
    const alike = mutants.filter((mutant) => mutant.lineText.includes(row.line) && changeOf(mutant) === row.change);
    const mutant = row.nth === undefined && alike.length > 1 ? undefined : alike[(row.nth ?? 1) - 1];
    if (mutant === undefined) throw new Error(`${row.file}: ${alike.length} mutants are "${row.change}" in "${row.line}"`);
    found.set(mutant, row);
  }
  return found;
}
