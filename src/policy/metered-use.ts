/** Believed registers of a remote account's meter are priced and charged, in the intake's own transaction. */
import { dayOf, type Clock } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import type { EnergyUse } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Billing } from "../ledger/billing.ts";
import type { MeterStore } from "../commands/command-store.ts";
import type { EnergyListener } from "../devices/reading-intake.ts";

export interface MeteredUseParts {
  readonly billing: Billing;
  readonly meters: MeterStore;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly timeZone: string;
}

export class MeteredUse implements EnergyListener {
  readonly #parts: MeteredUseParts;

  constructor(parts: MeteredUseParts) {
    this.#parts = parts;
  }

  async energy(tx: Transaction, use: EnergyUse): Promise<void> {
    const { billing, meters, outbox, clock, timeZone } = this.#parts;
    const meter = await meters.meter(tx, use.meter);
    // of a stranger that is being replaced, only what a person read off the meter itself gets here: his last energy
    const isStranger = meter?.identity === "quarantined" && meter.beingReplaced !== true;
    const account = meter?.account == null || isStranger ? null : await meters.account(tx, meter.account);
    // a wallet in the meter deducts by itself
    if (account?.mode !== "remote") return use.takesBack === true ? billing.mustNotHaveCharged(tx, use) : undefined;
    // A bill begins with what is read now, never with what a meter kept of days when somebody else may have lived there.
    const mayBegin = use.midnightOf === undefined || use.midnightOf >= dayOf(clock.now(), timeZone);
    const charged = await billing.bill(tx, { ...use, account: account.account, tariff: account.tariff, mayBegin });
    for (const moved of new Set(charged.map((each) => each.account)))
      await outbox.announce(tx, { type: "account", account: moved });
  }
}
