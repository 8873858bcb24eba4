/**
 * Whoever keeps what commands ended as, for people: told in the transaction of the end, of every end and of every decision
 * about a disputed one, so that nothing ends badly and unseen. What is made of it is told in src/exceptions.
 */
import type { Transaction } from "../kernel/transaction.ts";
import type { Step } from "./command-machine.ts";
import type { Command } from "./command.ts";

export interface CommandEnd {
  readonly step: Step;
  /** Only when a person decided a disputed command. */
  readonly decision: { readonly by: string; readonly note: string } | null;
}

export interface OutcomeKeeper {
  /** `command` as it stood before. */
  ended(tx: Transaction, command: Command, end: CommandEnd): Promise<void>;
}

interface Decided {
  readonly by?: unknown;
  readonly note?: unknown;
}

/** What a person's decision left in the receipt. */
export function decisionIn(receipt: Readonly<Record<string, unknown>> | null | undefined): CommandEnd["decision"] {
  const decided = receipt?.["decided"] as Decided | undefined;
  if (typeof decided?.note !== "string") return null;
  return { note: decided.note, by: typeof decided.by === "string" ? decided.by : "person" };
}
