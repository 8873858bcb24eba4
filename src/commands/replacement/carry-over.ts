/**
 * The old wallet's rest goes to the new one: set aside for an ordinary top-up, in the caller's transaction, so that it is carried exactly
 * once or stays the account's. Behind it stands no payment; the count it is sent with is the new meter's own.
 */
import { Fault } from "../../kernel/faults.ts";
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

/** `cameInNow`: the old wallet was closed in this transaction, so its rest is there, whatever older debt stands on the account. */
export async function carryOver(
  parts: CarryParts,
  tx: Transaction,
  replacement: Replacement,
  { amount, cameInNow }: { readonly amount: Fen; readonly cameInNow: boolean },
): Promise<Replacement> {
  const { id, account, oldMeter, newMeter, begin, askedByName } = replacement;
  if (account === null) throw new Error(`replacement ${id} carries money that belongs to no account`);
  const command = await parts.service.accept(tx, {
    kind: begin?.opened === false ? "open-account" : "top-up",
    ...{ meter: newMeter, account, payment: null, askedBy: "person", askedByName },
    params: { amount: amount.toString(), replacement: id },
    reason: `carried over from ${oldMeter}: ${yuan(amount)}`,
  });
  const held = await parts.ledger.hold(tx, { account, amount, hold: command.id, cameInNow });
  if (held === "insufficient-funds") {
    const { available } = await parts.ledger.position(tx, account);
    throw new Fault("carry-over-not-covered", { replacement: id, amount: yuan(amount), available: yuan(available) });
  }
  if (held !== "posted") throw new Error(`the hold of command ${command.id} was ${held}`);
  const change = { step: "moved", waitingFor: "carry-over", carried: amount, command: command.id } as const;
  await parts.replacements.change(tx, id, change);
  return { ...replacement, ...change };
}
