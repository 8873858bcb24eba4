/** Believed registers of a remote account's meter are priced and charged, in the intake's own transaction; the first after it left end its bill. */
import { dayOf, type Clock } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import type { EnergyUse } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Billing, Charged, MeteredUse as Billed } from "../ledger/billing.ts";
import type { AccountBook, MeterBook, MeterStore } from "../commands/command-store.ts";
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
    // A bill begins with what is read now, never with what a meter kept of days when somebody else may have lived there.
    const mayBegin = use.midnightOf === undefined || use.midnightOf >= dayOf(clock.now(), timeZone);
    const charged =
      account?.mode === "remote"
        ? await billing.bill(tx, { ...use, ...billedTo(account), mayBegin })
        : await this.#unbilled(tx, { ...use, mayBegin }, isStranger ? null : meter);
    for (const moved of new Set(charged.map((each) => each.account)))
      await outbox.announce(tx, { type: "account", account: moved });
  }

  /** Nobody lives there, or a wallet in the meter deducts by itself. Whoever was billed before and left is billed to here, and no further. */
  async #unbilled(tx: Transaction, use: EnergyUse & { mayBegin: boolean }, meter: MeterBook | null): Promise<readonly Charged[]> {
    const { billing, meters } = this.#parts;
    const last = meter === null ? null : await billing.billedLast(tx, use.meter);
    if (last === null || last === meter?.account) {
      if (use.takesBack === true) await billing.mustNotHaveCharged(tx, use);
      return [];
    }
    const left = await meters.account(tx, last);
    return left === null ? [] : billing.leave(tx, { ...use, ...billedTo(left) });
  }
}

const billedTo = ({ account, tariff, tariffSince }: AccountBook): Pick<Billed, "account" | "tariff" | "tariffSince"> => ({
  ...{ account, tariff },
  ...(tariffSince === undefined ? {} : { tariffSince }),
});
