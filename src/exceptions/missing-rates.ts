/**
 * Days whose energy has no price, because the meter did not tell its rate: one item for the meter, with the days. Nothing was charged
 * for that energy and nobody is cut for it; the item closes by itself when the rates came after all.
 */
import type { AccountId, MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { RatesWatch } from "../ledger/resettling.ts";
import type { ExceptionStore } from "./exception-store.ts";
import type { Exceptions } from "./exceptions.ts";
import { GATEWAY, keyOf, nobody } from "./item.ts";

export class MissingRates implements RatesWatch {
  readonly #parts: { readonly exceptions: Exceptions; readonly store: Pick<ExceptionStore, "lockOpen"> };

  constructor(parts: { readonly exceptions: Exceptions; readonly store: Pick<ExceptionStore, "lockOpen"> }) {
    this.#parts = parts;
  }

  async missing(
    tx: Transaction,
    { meter, account, days }: { readonly meter: MeterAddress; readonly account: AccountId; readonly days: readonly string[] },
  ): Promise<void> {
    await this.#parts.exceptions.raise(tx, {
      ...{ ...nobody, meter, account },
      kind: "rates-missing",
      key: keyOf.rates(meter),
      because: null,
      evidence: { days },
      suggestion: null,
    });
  }

  async found(tx: Transaction, { meter }: { readonly meter: MeterAddress }): Promise<void> {
    const { exceptions, store } = this.#parts;
    const open = await store.lockOpen(tx, keyOf.rates(meter));
    if (open !== null) await exceptions.end(tx, open, { by: GATEWAY, note: "the meter told its rates: every day has its price" });
  }
}
