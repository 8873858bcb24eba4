/**
 * The one place where a command changes its state: the row, the money and the announcement in one transaction, as the
 * machine says. Whoever comes with an old fence changes nothing.
 */
import type { Clock } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { isOpen, isUnsent, waitsForApproval, type Command, type CommandState } from "./command.ts";
import { isStep, step, type CommandEvent, type Step } from "./command-machine.ts";
import type { CommandChange, CommandStore, MeterStore, PaymentStore } from "./command-store.ts";
import type { Before } from "./definition.ts";
import { amountOf } from "./definitions/purchase.ts";
import { endsWithMoney, type MoneyAtEnd } from "./ends-with-money.ts";
import { decisionIn, type OutcomeKeeper } from "./outcome-keeper.ts";
import { settleRefund } from "./refund-money.ts";
import { rivalsOf } from "./rivals.ts";

export interface ConclusionParts {
  readonly clock: Clock;
  readonly commands: CommandStore;
  readonly payments: PaymentStore;
  readonly meters: MeterStore;
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  /** What the books do about an end that moves money and is no purchase's (ends-with-money.ts); left out where none is ever asked for. */
  readonly moneyAtEnd?: MoneyAtEnd;
  /** Left out: nobody keeps what did not end well. */
  readonly outcomes?: OutcomeKeeper;
}

/** Applies an event; null when the fence was lost. What the machine does not allow is a mistake of ours and throws. */
export async function apply(
  parts: ConclusionParts,
  tx: Transaction,
  command: Command,
  event: CommandEvent,
  more: Omit<CommandChange, "state" | "because" | "endedAt"> = {},
): Promise<Step | null> {
  const next = step(command.state, event, command.effect);
  if (!isStep(next)) throw new Error(`command ${command.id}: ${next.impossible}`);
  const ended = !isOpen(next.state);
  const from: readonly CommandState[] = [command.state];
  const change: CommandChange = {
    ...more,
    state: next.state,
    because: next.because,
    ...(ended ? { endedAt: parts.clock.now(), lookAt: null, waitingFor: null } : {}),
  };
  if (!(await parts.commands.change(tx, command.id, command.fence, from, change))) return null;
  if (ended) await (command.kind === "refund" ? settleRefund : settleMoney)(parts, tx, command, next);
  if (next.state === "confirmed" && endsWithMoney(command)) await closeWallet(parts, tx, command, more);
  if (next.state !== command.state || ended) {
    await parts.outbox.announce(tx, {
      type: "command",
      id: command.id,
      meter: command.meter,
      kind: command.kind,
      state: next.state,
    });
  }
  if (ended) {
    await parts.outbox.announce(tx, { type: "meter", address: command.meter });
    if (command.effect === "adds") await wakeTheNext(parts, tx, command);
    await noteWhoCut(parts, tx, command, next);
    await parts.outcomes?.ended(tx, command, { step: next, decision: decisionIn(more.receipt) });
  }
  return next;
}

/** Whoever waited with a payment for a wallet that is closed now has it in the ledger. */
async function closeWallet(parts: ConclusionParts, tx: Transaction, command: Command, more: CommandChange): Promise<void> {
  if (parts.moneyAtEnd === undefined) throw new Error(`nobody moves the money of a ${command.kind} here`);
  await parts.meters.meter(tx, command.meter); // behind its row: whoever pays meanwhile finds a wallet that is closed, or is found below
  await parts.moneyAtEnd(tx, command, (more.receipt?.["before"] as Before | undefined) ?? null);
  if (command.kind !== "mode-switch") return;
  for (const waiting of await parts.commands.lockOpen(tx, command.meter)) {
    if (waiting.effect !== "adds" || waiting.payment === null || !isUnsent(waiting.state)) continue;
    await apply(parts, tx, waiting, { type: "cancel", because: "mode-switched" });
    if (waiting.kind === "refund") continue; // its payment keeps the top-up that it was
    await parts.payments.setState(tx, waiting.payment, "allocated", waiting.id);
    await parts.outbox.announce(tx, {
      type: "payment",
      id: waiting.payment,
      account: waiting.account!,
      state: "allocated",
    });
  }
}

/**
 * Who has cut a supply is known when it may be cut, and forgotten when the meter shows that it is restored: an order that was only
 * accepted, and ended without effect, must neither free a line that a person has cut nor hold one that nobody has.
 */
async function noteWhoCut(parts: ConclusionParts, tx: Transaction, command: Command, end: Step): Promise<void> {
  if (!rivalsOf("disconnect").includes(command.kind)) return;
  // A newer order stands, and what became of that one is what counts.
  if (end.because === "superseded" || end.because === "order-gone") return;
  const cuts = command.kind === "disconnect" || command.kind === "disconnect-for";
  if (end.state === "confirmed" && !cuts) await parts.meters.setCutBy(tx, command.meter, null);
  else if (cuts && (end.state === "confirmed" || end.state === "unanswered"))
    await parts.meters.setCutBy(tx, command.meter, command.askedBy === "person" ? "person" : "rule");
  else await parts.meters.forgetRelayWish(tx, command.meter);
}

/** A top-up that waited because this one was on the wire may go now. */
async function wakeTheNext(parts: ConclusionParts, tx: Transaction, ended: Command): Promise<void> {
  const waiting = (await parts.commands.lockOpen(tx, ended.meter)).filter(
    (command) => command.effect === "adds" && command.id !== ended.id && !waitsForApproval(command),
  );
  for (const command of waiting) await parts.outbox.wake(tx, command.id);
}

/** What was held for it is named after it; behind a balance that is carried over stands no payment. */
const carriesMoney = ({ params }: Command): boolean => typeof params["amount"] === "string";

/** Money follows the command's end, and the payment follows the money. */
async function settleMoney(parts: ConclusionParts, tx: Transaction, command: Command, end: Step): Promise<void> {
  const { account, payment } = command;
  if (command.effect !== "adds" || account === null || !carriesMoney(command)) return;
  const hold = { account, amount: amountOf(command), hold: command.id as string };
  if (end.money !== "keep") {
    const posted =
      end.money === "settle"
        ? await parts.ledger.settle(tx, { ...hold, meter: command.meter })
        : await parts.ledger.release(tx, { ...hold, note: `${end.state}: ${end.because ?? ""}` });
    if (posted !== "posted" && posted !== "repeated")
      throw new Error(`the hold of command ${command.id} could not be closed: ${posted}`);
  }
  const state = end.state === "confirmed" ? "allocated" : end.state === "disputed" ? "disputed" : "unallocated";
  if (payment !== null) {
    await parts.payments.setState(tx, payment, state, command.id);
    await parts.outbox.announce(tx, { type: "payment", id: payment, account, state });
  }
  await parts.outbox.announce(tx, { type: "account", account });
}
