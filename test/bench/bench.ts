/**
 * What a bench is: it measures in rounds, hands back tables for people and figures for machines, and says itself whether it
 * may be believed. Medians are of rounds of one run; a ratio never joins numbers of different runs, because the machine was
 * another one then.
 */
import type { Workshop } from "./workshop.ts";

export interface Table {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

export interface Findings {
  readonly tables: readonly Table[];
  readonly notes: readonly string[];
  /** For machines; the same numbers that the tables show, and some more. */
  readonly figures: Readonly<Record<string, unknown>>;
  /** What was promised and does not hold; a bench with complaints has failed. */
  readonly complaints: readonly string[];
}

/** What whoever measures may choose; a bench uses what it knows. */
export interface BenchOptions {
  /** How many meters. */
  readonly meters?: number | undefined;
  /** A folder for profiles of the gateway's CPU. */
  readonly profile?: string | undefined;
}

export interface Bench {
  readonly title: string;
  run(workshop: Workshop, options: BenchOptions): Promise<Findings>;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** "12.3 [11.9–12.8]": the median and what it was taken from. */
export function spread(values: readonly number[], digits = 1): string {
  const low = Math.min(...values).toFixed(digits);
  const high = Math.max(...values).toFixed(digits);
  return `${median(values).toFixed(digits)} [${low}–${high}]`;
}

export const rounded = (value: number, digits = 2): number => Number(value.toFixed(digits));

export function print({ title, head, rows }: Table): string {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[]): string =>
    `  ${widths.map((width, column) => (column === 0 ? (cells[column] ?? "").padEnd(width) : (cells[column] ?? "").padStart(width))).join("  ")}`.trimEnd();
  return [title, line(head), `  ${"─".repeat(widths.reduce((sum, width) => sum + width + 2, -2))}`, ...rows.map(line)].join("\n");
}
