/** A believed reading of a remote account's meter is priced and charged, in the intake's own transaction. */
import { CentiKwh } from "../kernel/energy.ts";
import type { Outbox } from "../kernel/events.ts";
import type { EnergyUse } from "../kernel/reading.ts";
import type { PricePerKwh } from "../kernel/money.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Billing } from "../ledger/billing.ts";
import type { MeterStore } from "../commands/command-store.ts";
import type { EnergyListener } from "../devices/reading-intake.ts";

export class MeteredUse implements EnergyListener {
  readonly #parts: {
    readonly billing: Billing;
    readonly meters: MeterStore;
    readonly outbox: Outbox;
    readonly priceOf: (tariff: string) => PricePerKwh;
  };

  constructor(parts: {
    readonly billing: Billing;
    readonly meters: MeterStore;
    readonly outbox: Outbox;
    readonly priceOf: (tariff: string) => PricePerKwh;
  }) {
    this.#parts = parts;
  }

  async energy(tx: Transaction, use: EnergyUse): Promise<void> {
    const { billing, meters, outbox, priceOf } = this.#parts;
    const meter = await meters.meter(tx, use.meter);
    if (meter?.account == null || meter.identity === "quarantined") return;
    const account = await meters.account(tx, meter.account);
    if (account?.mode !== "remote") return; // a wallet in the meter deducts by itself
    const charged = await billing.bill(tx, {
      account: account.account,
      meter: use.meter,
      register: CentiKwh(use.register),
      takenAt: use.takenAt,
      price: priceOf(account.tariff),
    });
    if (charged > 0n) await outbox.announce(tx, { type: "account", account: account.account });
  }
}
