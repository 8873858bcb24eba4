/**
 * A payment that goes back to whoever paid: once, whoever asks and however often.
 *
 *     its money is in the ledger (unallocated, or the account is remote by now)   paid out at once, no meter is touched
 *     its money is in a meter's wallet (allocated by a top-up)                    taken back first, by a command; paid out when that is confirmed
 *
 * A wallet may have been closed since its top-up: what was left of it became the account's when it was switched, and went on to another
 * meter when that took its place. So where the money is follows from where the account keeps it now, not from where it was sent; what was
 * used up meanwhile is nowhere, and the ledger or the new wallet says so.
 *
 * Everything else is refused by name. Asking again while the command is under way answers the same command.
 */
import { Fault } from "../kernel/faults.ts";
import type { AccountId, MeterAddress, PaymentId } from "../kernel/ids.ts";
import { yuan } from "../kernel/money.ts";
import type { Outbox } from "../kernel/events.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Ledger } from "../ledger/ledger.ts";
import { isOpen, type Command } from "./command.ts";
import type { CommandService } from "./command-service.ts";
import type { CommandStore, MeterStore, Payment, PaymentStore } from "./command-store.ts";

export interface RefundServiceParts {
  readonly payments: PaymentStore;
  readonly commands: CommandStore;
  readonly meters: MeterStore;
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  readonly service: CommandService;
}

export interface Refunded {
  readonly payment: Payment;
  /** Null: no meter had to be asked. */
  readonly command: Command | null;
}

export interface RefundWish {
  readonly reason: string;
  /** Who asked; stands in the books. */
  readonly actor: string;
}

export class RefundService {
  readonly #parts: RefundServiceParts;

  constructor(parts: RefundServiceParts) {
    this.#parts = parts;
  }

  async refund(tx: Transaction, id: PaymentId, wish: RefundWish): Promise<Refunded> {
    const { payments, meters, commands } = this.#parts;
    const known = await payments.find(null, id);
    if (known === null) throw new Fault("unknown-payment", { payment: id });
    const credit = known.command === null ? null : await commands.find(null, known.command);
    const wallet = credit?.effect === "adds" ? await this.#walletNow(credit.meter, known.account) : null;
    if (wallet !== null) await meters.meter(tx, wallet); // the meter's row first, here as everywhere: locks in one order
    const payment = await payments.lock(tx, id);
    if (payment === null) throw new Fault("unknown-payment", { payment: id });
    if (payment.state === "refunded") throw new Fault("already-refunded", { payment: id });
    const dispute = await payments.disputed(tx, payment.account);
    if (dispute !== null) throw new Fault("account-disputed", { account: payment.account, payment: dispute });
    if (payment.state === "taken" || payment.state === "disputed")
      throw new Fault("payment-under-way", { payment: id, state: payment.state, command: payment.command });
    const earlier = payment.refund === null ? null : await commands.find(null, payment.refund);
    if (earlier !== null && isOpen(earlier.state)) return { payment, command: earlier };
    const isInMeter = payment.state === "allocated" && (await meters.account(tx, payment.account))?.mode !== "remote";
    return isInMeter && wallet !== null ? this.#outOfMeter(tx, payment, wallet, wish) : this.#outOfLedger(tx, payment, wish);
  }

  /** Whatever hangs in the place of a meter that was replaced. */
  async #walletNow(toppedUp: MeterAddress, account: AccountId): Promise<MeterAddress> {
    const { meters } = this.#parts;
    const book = await meters.meter(null, toppedUp);
    return book?.replacedBy == null ? toppedUp : ((await meters.account(null, account))?.meter ?? toppedUp);
  }

  async #outOfMeter(tx: Transaction, payment: Payment, meter: MeterAddress, { reason, actor }: RefundWish): Promise<Refunded> {
    const command = await this.#parts.service.accept(tx, {
      kind: "refund",
      meter,
      account: payment.account,
      payment: payment.id,
      params: { amount: payment.amount.toString(), actor },
      askedBy: "person",
      reason,
    });
    await this.#parts.payments.setRefund(tx, payment.id, command.id);
    return { payment: { ...payment, refund: command.id }, command };
  }

  async #outOfLedger(tx: Transaction, payment: Payment, { reason, actor }: RefundWish): Promise<Refunded> {
    const { account, amount, channel, id } = payment;
    const out = await this.#parts.ledger.payout(tx, { account, amount, channel, reference: id, note: `${actor}: ${reason}` });
    if (out === "insufficient-funds") {
      const { available } = await this.#parts.ledger.position(tx, account);
      throw new Fault("refund-not-covered", { payment: id, amount: yuan(amount), available: yuan(available) });
    }
    if (out === "repeated") throw new Fault("already-refunded", { payment: id });
    if (out !== "posted") throw new Error(`payment ${id} could not be paid out: ${out}`);
    await this.#parts.payments.setState(tx, id, "refunded", payment.command);
    await this.#parts.outbox.announce(tx, { type: "payment", id, account, state: "refunded" });
    await this.#parts.outbox.announce(tx, { type: "account", account });
    return { payment: { ...payment, state: "refunded" }, command: null };
  }
}
