/**
 * Site → class → account: who said what, and what holds. Pure. The later word counts, except where it adds up (holidays, planned outages);
 * and of every rule it is told whose word it is: "warn1 = 200.00 from class non-residential".
 */
import type { Rules, RuleName, Strategy } from "./strategy.ts";
import { classWarnings, ruleNames, ruleTable, strategyOf } from "./strategy.ts";

/** One who said something: "site", "class residential", "account 1000000001". */
export interface Layer {
  readonly from: string;
  readonly said: Partial<Rules>;
}

export interface ResolvedRule {
  readonly rule: RuleName;
  readonly value: Rules[RuleName];
  readonly from: string;
}

export interface Resolved {
  readonly rules: Rules;
  readonly origins: readonly ResolvedRule[];
  readonly strategy: Strategy;
}

export const USUAL = "default";

export function resolve(className: string, layers: readonly Layer[], timeZone: string): Resolved {
  const warnings: Layer = { from: `${USUAL} of class ${className}`, said: classWarnings(className) };
  const origins = ruleNames.map((rule): ResolvedRule => ruleOf(rule, [warnings, ...layers]));
  const rules = Object.fromEntries(origins.map(({ rule, value }) => [rule, value])) as unknown as Rules;
  return { rules, origins, strategy: strategyOf(rules, timeZone) };
}

function ruleOf(rule: RuleName, layers: readonly Layer[]): ResolvedRule {
  const { usual, addsUp } = ruleTable[rule];
  const said = layers.filter((layer) => layer.said[rule] !== undefined);
  const last = said.at(-1);
  if (last === undefined) return { rule, value: usual, from: USUAL };
  if (addsUp === undefined) return { rule, value: last.said[rule]!, from: last.from };
  const all = said.flatMap((layer) => layer.said[rule] as readonly unknown[]);
  return { rule, value: all as unknown as Rules[RuleName], from: said.map(({ from }) => from).join(", ") };
}

/** "warn1 = 200.00 from class non-residential". */
export const sentenceOf = ({ rule, value, from }: ResolvedRule): string => `${rule} = ${valueText(value)} from ${from}`;

function valueText(value: Rules[RuleName]): string {
  if (value === null) return "none";
  if (typeof value !== "object") return value === "" ? "none" : String(value);
  return Array.isArray(value) && value.length === 0 ? "none" : JSON.stringify(value);
}
