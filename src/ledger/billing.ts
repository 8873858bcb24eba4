/**
 * A reading becomes one charge, exactly once. The charge is keyed by meter and register, so a reading delivered twice is
 * refused the second time; an impossible reading never gets here (devices/reading-intake.ts keeps it aside).
 */
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { CentiKwh } from "../kernel/energy.ts";
import { dayOf, type Instant } from "../kernel/clock.ts";
import { ZERO_FEN, type Fen, type PricePerKwh } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Ledger } from "./ledger.ts";
import { billReading, type BillingState } from "./tariff.ts";

export interface BillingStore {
  /** Locked until the transaction ends. */
  lockBilling(tx: Transaction, meter: MeterAddress): Promise<(BillingState & { readonly account: AccountId }) | null>;
  saveBilling(tx: Transaction, meter: MeterAddress, account: AccountId, state: BillingState, at: Instant): Promise<void>;
  addToDay(
    tx: Transaction,
    row: { account: AccountId; meter: MeterAddress; day: string; energy: CentiKwh; cost: Fen; price: PricePerKwh },
  ): Promise<void>;
}

/** What one settlement day cost an account, all its meters. */
export interface BilledDay {
  readonly day: string;
  readonly energy: CentiKwh;
  readonly cost: Fen;
}

/** What those who show bills need beside it. */
export interface DailyBillingStore extends BillingStore {
  /** Newest first. */
  days(account: AccountId, limit: number): Promise<readonly BilledDay[]>;
}

export interface MeteredUse {
  readonly account: AccountId;
  readonly meter: MeterAddress;
  readonly register: CentiKwh;
  readonly takenAt: Instant;
  readonly price: PricePerKwh;
}

export class Billing {
  readonly #parts: { readonly store: BillingStore; readonly ledger: Ledger; readonly timeZone: string };

  constructor(parts: { readonly store: BillingStore; readonly ledger: Ledger; readonly timeZone: string }) {
    this.#parts = parts;
  }

  /** Charges what was used since the reading before; answers what was charged. */
  async bill(tx: Transaction, use: MeteredUse): Promise<Fen> {
    const before = await this.#parts.store.lockBilling(tx, use.meter);
    if (before !== null && use.register < before.billedTo) return ZERO_FEN; // an older reading, delivered late
    if (before === null || before.account === use.account) return this.#charge(tx, use, before);
    // Somebody else lives here now: this reading closes the bill of who was here, and opens the next at nothing.
    await this.#charge(tx, { ...use, account: before.account }, before);
    return this.#charge(tx, use, null);
  }

  async #charge(tx: Transaction, use: MeteredUse, before: BillingState | null): Promise<Fen> {
    const { store, ledger, timeZone } = this.#parts;
    const day = dayOf(use.takenAt, timeZone);
    const bill = billReading(before, { register: use.register, day }, use.price);
    await store.saveBilling(tx, use.meter, use.account, bill.next, use.takenAt);
    if (bill.energy > 0n)
      await store.addToDay(tx, {
        account: use.account,
        meter: use.meter,
        day,
        energy: bill.energy,
        cost: bill.charge,
        price: use.price,
      });
    if (bill.charge <= 0n) return ZERO_FEN;
    const posted = await ledger.charge(tx, {
      account: use.account,
      amount: bill.charge,
      reference: `${use.meter}/${day}/${String(use.register)}`,
      note: `energy up to ${String(use.register)} x 0.01 kWh`,
    });
    return posted === "posted" ? bill.charge : ZERO_FEN;
  }
}
