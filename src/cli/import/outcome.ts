/** What became of one line, and how a result file tells it. Pure. */
import { stringify } from "csv-stringify/sync";
import type { Json } from "../api-client.ts";
import type { PaymentLine } from "./payments-file.ts";

/**
 * `allocated`: the meter (or the ledger) shows it. `open`: taken, and not ended yet. `unallocated`: it did not reach the meter and the money
 * is free. `disputed`: nobody can tell; a person decides. `refused`: not taken. `faulty`, `not-sent`: nothing was asked.
 */
export type Outcome = "allocated" | "open" | "unallocated" | "disputed" | "refunded" | "refused" | "faulty" | "not-sent";

export interface LineResult {
  readonly line: PaymentLine;
  readonly outcome: Outcome;
  readonly payment: Json | null;
  readonly command: Json | null;
  readonly problem: Json | null;
}

export function outcomeOf(
  line: PaymentLine,
  item: { readonly payment: Json | null; readonly command: Json | null; readonly problem: Json | null },
): LineResult {
  const state = item.payment?.["state"];
  const outcome: Outcome = item.payment === null ? "refused" : state === "taken" ? "open" : (state as Outcome);
  return { line, ...item, outcome };
}

export const hasEnded = ({ outcome }: LineResult): boolean => outcome !== "open";
export const isGood = ({ outcome }: LineResult): boolean => outcome === "allocated";

const HEAD = [
  ...(["line", "account", "amount", "channel", "orderId", "outcome", "why", "payment", "command", "state"] as const),
  ...(["sent", "acknowledged", "verified", "countBefore", "countAfter", "balanceBefore", "balanceAfter"] as const),
];

/** One row per line of the file, in its order: the outcome, why, and the proof that the meter gave. */
export function resultTable(results: readonly LineResult[]): string {
  return stringify([[...HEAD], ...results.map(rowOf)], { bom: true, record_delimiter: "windows" });
}

const text = (value: unknown): string => (typeof value === "string" || typeof value === "number" ? String(value) : "");
const part = (value: unknown): Json => (typeof value === "object" && value !== null ? (value as Json) : {});

function rowOf({ line, outcome, payment, command, problem }: LineResult): string[] {
  const proof = part(command?.["proof"]);
  const receipt = part(command?.["receipt"]);
  const [before, after] = [part(receipt["before"]), part(receipt["after"])];
  const why =
    problem !== null
      ? `${text(problem["code"])}: ${text(problem["title"])} ${text(problem["titleZh"])}`.trim()
      : [text(command?.["waitingFor"]), text(command?.["because"])].filter((word) => word !== "").join(", ");
  return [
    String(line.line),
    line.account,
    line.amount,
    line.channel,
    line.orderId,
    outcome,
    why,
    text(payment?.["id"]),
    text(command?.["id"]),
    text(command?.["state"]),
    ...["sent", "acknowledged", "verified"].map((name) => text(proof[name])),
    text(before["count"]),
    text(after["count"]),
    text(before["balance"]),
    text(after["balance"]),
  ];
}
