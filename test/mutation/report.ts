/** What a run has found, in tables and lines. */
import { KILLED_SHARE_MIN } from "./files.ts";
import { changeOf } from "./mutants.ts";
import type { Mutant } from "./mutants.ts";
import type { Equivalent } from "./equivalents.ts";

export interface FileResult {
  readonly file: string;
  readonly killed: number;
  readonly timedOut: readonly Mutant[];
  readonly survived: readonly Mutant[];
  readonly equivalent: ReadonlyMap<Mutant, Equivalent>;
}

/** Of all mutants that a test could kill: those that fell, by a failure or by the clock. */
export function killedShare(results: readonly FileResult[]): number {
  const killed = results.reduce((sum, result) => sum + result.killed + result.timedOut.length, 0);
  const all = killed + results.reduce((sum, result) => sum + result.survived.length, 0);
  return all === 0 ? 1 : killed / all;
}

export const isEnough = (result: FileResult): boolean => killedShare([result]) >= KILLED_SHARE_MIN;

const percent = (share: number): string => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;

export function table(results: readonly FileResult[]): string {
  const rows = [["file", "mutants", "killed", "timed out", "survived", "equivalent", "share"]];
  const sum = (of: (result: FileResult) => number) => results.reduce((total, result) => total + of(result), 0);
  const row = (name: string, given: readonly FileResult[], of: (count: (result: FileResult) => number) => number): string[] => [
    name,
    ...[
      (r: FileResult) => r.killed + r.timedOut.length + r.survived.length,
      (r: FileResult) => r.killed,
      (r: FileResult) => r.timedOut.length,
      (r: FileResult) => r.survived.length,
      (r: FileResult) => r.equivalent.size,
    ].map((count) => String(of(count))),
    percent(killedShare(given)),
  ];
  for (const result of results) rows.push(row(nameOf(result.file), [result], (count) => count(result)));
  if (results.length > 1) rows.push(row("all", results, sum));
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((cells) => cells[column]!.length)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (i === 0 ? "-".repeat(width) : `${"-".repeat(width - 1)}:`)).join(" | ")} |`;
  return [line(rows[0]!), rule, ...rows.slice(1).map(line)].join("\n");
}

const nameOf = (file: string): string => file.slice(file.lastIndexOf("/") + 1);

const told = (mutant: Mutant): string =>
  `${mutant.file}:${mutant.line}  ${mutant.kind}: ${changeOf(mutant)}\n    ${mutant.lineText}`;

export function lists(results: readonly FileResult[]): string {
  const section = (title: string, lines: readonly string[]): string[] => (lines.length === 0 ? [] : ["", `${title}:`, ...lines]);
  return [
    ...section(
      "survived",
      results.flatMap((result) => result.survived.map(told)),
    ),
    ...section(
      "timed out",
      results.flatMap((result) => result.timedOut.map(told)),
    ),
    ...section(
      "equivalent, not run",
      results.flatMap((result) => [...result.equivalent].map(([mutant, { why }]) => `${told(mutant)}\n    ${why}`)),
    ),
  ].join("\n");
}
