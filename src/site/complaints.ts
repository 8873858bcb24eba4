/** Collects what is wrong with a site file, each complaint with its path and what would be right, so that all are told at once. */
import type { z } from "zod";
import { Fault } from "../kernel/faults.ts";

/** "meters[3].address", as a person would point at it. */
export const pathText = (path: readonly PropertyKey[]): string =>
  path.map((part, index) => (typeof part === "number" ? `[${part}]` : `${index === 0 ? "" : "."}${String(part)}`)).join("") ||
  "(the whole file)";

export class Complaints {
  readonly list: string[] = [];
  add(path: string, what: string): void {
    this.list.push(`${path}: ${what}`);
  }
  throwIfAny(file: string): void {
    if (this.list.length > 0) throw new Fault("site-file-invalid", { file, errors: this.list });
  }
}

export function unique(values: readonly string[], list: string, field: string, complaints: Complaints): void {
  const seen = new Map<string, number>();
  values.forEach((value, index) => {
    const first = seen.get(value);
    if (first === undefined) seen.set(value, index);
    else complaints.add(`${list}[${index}].${field}`, `"${value}" stands already at ${list}[${first}]`);
  });
}

/** What is wrong and what is allowed, in one line. */
export function allowed(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case "invalid_value":
      return `must be one of ${issue.values.map((value) => JSON.stringify(value)).join(", ")}`;
    case "unrecognized_keys":
      return `unknown: ${issue.keys.join(", ")}`;
    default:
      return issue.message;
  }
}
