/**
 * A payment: taken once for ever by (channel, orderId), whatever happens around it.
 *
 * Where the meter keeps the money (local) the payment, the hold and the top-up are one transaction. Where the ledger keeps
 * it (remote) the entry itself is the whole top-up; what follows is a relay that may have to return, and a cut that has not
 * left and never will.
 */
import { hours, minutes, type Clock, type Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { PaymentId, type AccountId, type MeterAddress } from "../kernel/ids.ts";
import { yuan, type Fen } from "../kernel/money.ts";
import type { Secret } from "../kernel/secret.ts";
import type { Outbox } from "../kernel/events.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { Command } from "./command.ts";
import type { AccountBook, CommandStore, Invoice, MeterBook, MeterStore, Payment, PaymentStore } from "./command-store.ts";
import type { CommandService } from "./command-service.ts";

export interface PaymentOrder {
  readonly account: AccountId;
  readonly amount: Fen;
  readonly channel: string;
  readonly orderId: string;
  /** How long the top-up is worth sending; left out: as long as top-ups are. */
  readonly notAfter?: Instant;
  /** Twenty digits bought elsewhere, for a meter that takes them; they are money, and stand in no log. */
  readonly token?: Secret<string>;
  /** Kept with the payment and handed back; a repetition does not change it. */
  readonly invoice?: Invoice;
}

/** What the rules want to happen after money came in; joins the payment's transaction. */
export interface AfterCredit {
  restore(tx: Transaction, meter: MeterAddress): Promise<Command | null>;
}

/** The most that a meter's wallet may hold, as read from it, and what it held. */
export interface WalletRoom {
  readonly limit: Fen;
  readonly limitAt: Instant;
  readonly balance: Fen | null;
  readonly balanceAt: Instant | null;
}

/** A limit is read once a day. An older one says nothing: somebody may have raised it at the meter. */
const LIMIT_KNOWN_MS = hours(48);
/** What was on the meter then may have been used up since, and then there is room for more. */
const BALANCE_KNOWN_MS = minutes(30);

export interface PaymentServiceParts {
  readonly clock: Clock;
  readonly newId: () => string;
  readonly payments: PaymentStore;
  readonly meters: MeterStore;
  readonly commands: CommandStore;
  readonly ledger: Ledger;
  readonly outbox: Outbox;
  readonly service: CommandService;
  readonly afterCredit: AfterCredit;
  /** Absent names are accepted when null. */
  readonly channels: ReadonlySet<string> | null;
  readonly cap: Fen;
  /**
   * Null, or left out: not known. Asked on the payment's own connection: payments that each held one and waited for another would
   * take all there are, and stand still together.
   */
  readonly roomIn?: (meter: MeterAddress, tx: Transaction | null) => Promise<WalletRoom | null>;
  /** Whether this meter is topped up by a token; left out: none is. */
  readonly takesTokens?: (meter: MeterAddress) => boolean;
}

export interface TakenPayment {
  readonly payment: Payment;
  readonly command: Command | null;
}

/** Word 3 bit 14: the meter's local account is not opened yet. */
const ACCOUNT_NOT_OPENED = 0x4000;

export class PaymentService {
  readonly #parts: PaymentServiceParts;

  constructor(parts: PaymentServiceParts) {
    this.#parts = parts;
  }

  /** Takes it, or answers what was taken under the same channel and order id before. */
  async take(tx: Transaction, order: PaymentOrder): Promise<TakenPayment> {
    const { payments, ledger, outbox, clock } = this.#parts;
    const seen = await this.#look(tx, order);
    if ("earlier" in seen) return this.#repeat(tx, seen.earlier, order);
    const { account, meter } = seen;
    const payment: Payment = {
      id: PaymentId(this.#parts.newId()),
      account: order.account,
      amount: order.amount,
      channel: order.channel,
      orderId: order.orderId,
      state: "taken",
      command: null,
      refund: null,
      createdAt: clock.now(),
      ...(order.invoice === undefined ? {} : { invoice: order.invoice }),
    };
    if (!(await payments.insert(tx, payment))) {
      const first = await payments.byOrder(tx, order.channel, order.orderId);
      if (first === null) throw new Error("a payment that stood in the way is gone");
      refuseOther(first, order);
      return this.#repeat(tx, first, order);
    }
    const received = await ledger.receive(tx, {
      account: order.account,
      amount: order.amount,
      channel: order.channel,
      reference: payment.id,
    });
    if (received !== "posted") throw new Error(`payment ${payment.id} could not be posted: ${received}`);
    await outbox.announce(tx, { type: "account", account: order.account });
    return account.mode === "local" ? this.#toMeter(tx, order, payment, account, meter) : this.#toLedger(tx, payment, meter);
  }

  async #toMeter(
    tx: Transaction,
    { notAfter, token }: PaymentOrder,
    payment: Payment,
    account: AccountBook,
    meter: MeterBook,
  ): Promise<TakenPayment> {
    const opened = meter.relayWord === null || (meter.relayWord & ACCOUNT_NOT_OPENED) === 0;
    const command = await this.#parts.service.accept(tx, {
      kind: opened ? "top-up" : "open-account",
      meter: meter.address,
      account: account.account,
      payment: payment.id,
      params: { amount: payment.amount.toString(), ...(token === undefined ? {} : { token: token.open() }) },
      askedBy: "payment",
      reason: `${payment.channel} ${payment.orderId}`,
      ...(notAfter === undefined ? {} : { notAfter }),
    });
    // What he pays goes into his meter as he ordered; what the account owes besides stays owed.
    const money = { account: account.account, amount: payment.amount, cameInNow: true };
    const held = await this.#parts.ledger.hold(tx, { ...money, hold: command.id });
    if (held !== "posted") throw new Error(`the hold of command ${command.id} was ${held}`);
    await this.#parts.payments.setState(tx, payment.id, "taken", command.id);
    await this.#parts.outbox.announce(tx, { type: "payment", id: payment.id, account: payment.account, state: "taken" });
    return { payment: { ...payment, command: command.id }, command };
  }

  async #toLedger(tx: Transaction, payment: Payment, meter: MeterBook): Promise<TakenPayment> {
    await this.#parts.service.cancelUnsentCuts(tx, meter.address, "payment");
    const command = await this.#parts.afterCredit.restore(tx, meter.address);
    await this.#parts.payments.setState(tx, payment.id, "allocated", command?.id ?? null);
    await this.#parts.outbox.announce(tx, { type: "payment", id: payment.id, account: payment.account, state: "allocated" });
    return { payment: { ...payment, state: "allocated", command: command?.id ?? null }, command };
  }

  /** Whether it would be taken now: throws what it would be refused with, answers what was taken under its order id before. Writes nothing. */
  async examine(order: PaymentOrder): Promise<Payment | null> {
    const seen = await this.#look(null, order);
    return "earlier" in seen ? seen.earlier : null;
  }

  async #look(
    tx: Transaction | null,
    order: PaymentOrder,
  ): Promise<{ readonly earlier: Payment } | { readonly account: AccountBook; readonly meter: MeterBook }> {
    const { payments, meters, channels, cap } = this.#parts;
    if (order.amount <= 0n) throw new Fault("amount-malformed", { field: "amount", given: yuan(order.amount) });
    // before anything that a new site file may say otherwise: what was taken is not refused to whoever did not hear so
    const earlier = await payments.byOrder(tx, order.channel, order.orderId);
    if (earlier !== null) {
      refuseOther(earlier, order);
      return { earlier };
    }
    if (order.amount > cap) throw new Fault("amount-above-cap", { amount: yuan(order.amount), cap: yuan(cap) });
    if (channels !== null && !channels.has(order.channel)) throw new Fault("unknown-channel", { channel: order.channel });
    const account = await meters.account(tx, order.account);
    if (account === null) throw new Fault("unknown-account", { account: order.account });
    if (account.meter === null) throw new Fault("account-without-meter", { account: order.account });
    const meter = await meters.meter(tx, account.meter);
    if (meter === null) throw new Fault("unknown-meter", { meter: account.meter });
    if (tx !== null) {
      // Behind the meter's row nothing of it changes any more; while that was waited for its account may have been switched, or have moved on.
      const now = await meters.account(tx, order.account);
      if (now?.mode !== account.mode || now.meter !== account.meter) return this.#look(tx, order);
    }
    if (meter.identity === "quarantined") throw new Fault("meter-quarantined", { meter: meter.address, why: meter.identityNote });
    if ((await payments.disputed(tx, order.account)) !== null) throw new Fault("account-disputed", { account: order.account });
    if (order.notAfter !== undefined && order.notAfter <= this.#parts.clock.now())
      throw new Fault("deadline-passed", { field: "notAfter", orderId: order.orderId });
    const takesTokens = account.mode === "local" && this.#parts.takesTokens?.(meter.address) === true;
    if (takesTokens && order.token === undefined) throw new Fault("token-needed", { meter: meter.address });
    if (!takesTokens && order.token !== undefined) throw new Fault("token-not-taken", { meter: meter.address });
    if (account.mode === "local") await this.#refuseAboveLimit(tx, order, meter);
    return { account, meter };
  }

  /** The meter would say no (SERR bit 6), and the money would have to go back: better told at the counter. */
  async #refuseAboveLimit(tx: Transaction | null, { amount }: PaymentOrder, { address }: MeterBook): Promise<void> {
    const room = (await this.#parts.roomIn?.(address, tx)) ?? null;
    const now = this.#parts.clock.now();
    if (room === null || room.limit <= 0n || now - room.limitAt > LIMIT_KNOWN_MS) return; // 0 means no limit
    const isFresh = room.balanceAt !== null && now - room.balanceAt <= BALANCE_KNOWN_MS;
    const holds = isFresh && room.balance !== null && room.balance > 0n ? room.balance : 0n;
    if (holds + amount <= room.limit) return;
    const atMost = room.limit > holds ? yuan(room.limit - holds) : "0.00";
    throw new Fault("hoard-limit", { amount: yuan(amount), limit: yuan(room.limit), holds: yuan(holds), atMost });
  }

  async #repeat(tx: Transaction, payment: Payment, order: PaymentOrder): Promise<TakenPayment> {
    const command = payment.command === null ? null : await this.#parts.commands.find(tx, payment.command);
    if (order.token?.open() !== command?.params["token"])
      throw new Fault("order-conflict", { channel: order.channel, orderId: order.orderId, payment: payment.id, field: "token" });
    return { payment, command };
  }
}

/** The same order id with another amount or account is another payment, and not this one. */
function refuseOther(payment: Payment, order: PaymentOrder): void {
  if (payment.account !== order.account || payment.amount !== order.amount)
    throw new Fault("order-conflict", { channel: order.channel, orderId: order.orderId, payment: payment.id });
}
