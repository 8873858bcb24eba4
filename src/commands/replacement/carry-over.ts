/**
 * The old wallet's rest goes to the new one: set aside for an ordinary top-up, in the caller's transaction, so that it is carried exactly
 * once or stays the account's. Behind it stands no payment; the count it is sent with is the new meter's own.
 */
import type { Fen } from "../../kernel/money.ts";
import { yuan } from "../../kernel/money.ts";
import type { Transaction } from "../../kernel/transaction.ts";
import type { Ledger } from "../../ledger/ledger.ts";
import type { CommandService } from "../command-service.ts";
import type { Replacement, ReplacementStore } from "./replacement.ts";

export interface CarryParts {
  readonly service: CommandService;
  readonly ledger: Ledger;
  readonly replacements: ReplacementStore;
}

export async function carryOver(parts: CarryParts, tx: Transaction, replacement: Replacement, amount: Fen): Promise<Replacement> {
  const { id, account, oldMeter, newMeter, begin, askedByName } = replacement;
  if (account === null) throw new Error(`replacement ${id} carries money that belongs to no account`);
  const command = await parts.service.accept(tx, {
    kind: begin?.opened === false ? "open-account" : "top-up",
    ...{ meter: newMeter, account, payment: null, askedBy: "person", askedByName },
    params: { amount: amount.toString(), replacement: id },
    reason: `carried over from ${oldMeter}: ${yuan(amount)}`,
  });
  const held = await parts.ledger.hold(tx, { account, amount, hold: command.id });
  if (held !== "posted") throw new Error(`the hold of command ${command.id} was ${held}`);
  const change = { step: "moved", waitingFor: "carry-over", carried: amount, command: command.id } as const;
  await parts.replacements.change(tx, id, change);
  return { ...replacement, ...change };
}
