/**
 * Days whose energy has no price, because the meter did not tell its rate, or because their tariff is not in the site file: one item for
 * the meter, with the days. Nothing was charged for that energy and nobody is cut for it; the item closes by itself when every day has
 * its price after all.
 */
import type { MeterAddress } from "../kernel/ids.ts";
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

  async missing(tx: Transaction, { meter, account, days, lostTariffs }: Parameters<RatesWatch["missing"]>[1]): Promise<void> {
    await this.#parts.exceptions.raise(tx, {
      ...{ ...nobody, meter, account },
      kind: "rates-missing",
      key: keyOf.rates(meter),
      because: lostTariffs.length > 0 ? "tariff-not-in-file" : null,
      evidence: { days, ...(lostTariffs.length > 0 ? { tariffsNotInFile: lostTariffs } : {}) },
      suggestion: null,
    });
  }

  async found(tx: Transaction, { meter }: { readonly meter: MeterAddress }): Promise<void> {
    const { exceptions, store } = this.#parts;
    const open = await store.lockOpen(tx, keyOf.rates(meter));
    if (open !== null) await exceptions.end(tx, open, { by: GATEWAY, note: "every day has its price after all" });
  }
}
