/**
 * What the end of a refund command does to the money: once the meter shows that it is gone there, it is the account's again and in the same
 * transaction goes back to whoever paid. Until then it stands in the meter's book, and nowhere else.
 *
 *     confirmed   meter ─► available ─► channel     payment refunded
 *     disputed    nothing moves                     payment disputed: a person decides
 *     otherwise   nothing moves                     payment allocated, as before
 */
import type { Transaction } from "../kernel/transaction.ts";
import type { Command } from "./command.ts";
import type { Step } from "./command-machine.ts";
import type { Payment } from "./command-store.ts";
import type { ConclusionParts } from "./conclusion.ts";
import { amountOf } from "./definitions/purchase.ts";

export async function settleRefund(parts: ConclusionParts, tx: Transaction, command: Command, end: Step): Promise<void> {
  const { account, payment: id } = command;
  if (account === null || id === null) return;
  const payment = await parts.payments.lock(tx, id);
  if (payment === null) throw new Error(`command ${command.id} refunds a payment that is not there`);
  const state =
    end.state === "confirmed" ? await paidOut(parts, tx, command, payment) : end.state === "disputed" ? "disputed" : "allocated";
  await parts.payments.setState(tx, id, state, payment.command);
  await parts.outbox.announce(tx, { type: "payment", id, account, state });
  await parts.outbox.announce(tx, { type: "account", account });
}

/** Where the account owes more than it has, the money stays there, and the payment is one that reached no meter. */
async function paidOut(
  { ledger }: ConclusionParts,
  tx: Transaction,
  command: Command,
  { account, channel, id }: Payment,
): Promise<Payment["state"]> {
  const money = { account, amount: amountOf(command), note: command.reason };
  const back = await ledger.refund(tx, { ...money, meter: command.meter, reference: command.id });
  if (back !== "posted" && back !== "repeated")
    throw new Error(`the refund of command ${command.id} could not be posted: ${back}`);
  const out = await ledger.payout(tx, { ...money, channel, reference: id });
  if (out === "insufficient-funds") return "unallocated";
  if (out !== "posted" && out !== "repeated") throw new Error(`payment ${id} could not be paid out: ${out}`);
  return "refunded";
}
