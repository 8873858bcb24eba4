/** How things are drawn from chance. */
import type { Chance } from "../../src/kernel/chance.ts";

export const between = (chance: Chance, from: number, to: number): number => from + chance.next() * (to - from);
export const happens = (chance: Chance, likelihood: number): boolean => chance.next() < likelihood;
export const chosen = <T>(chance: Chance, from: readonly T[]): T => from[Math.floor(chance.next() * from.length)]!;

/** By weight: a table of names and how often each comes against the others. */
export function weighed<Name extends string>(chance: Chance, weights: Readonly<Record<Name, number>>): Name {
  const rows = Object.entries(weights) as [Name, number][];
  let left = chance.next() * rows.reduce((sum, [, weight]) => sum + weight, 0);
  for (const [name, weight] of rows) if ((left -= weight) < 0) return name;
  return rows.at(-1)![0];
}
