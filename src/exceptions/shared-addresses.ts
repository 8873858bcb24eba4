/** Two meters under one address as items: of a quarantine at once, and of answers that nobody can read for as long as nobody can. */
import type { MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { MeterStore } from "../commands/command-store.ts";
import { ADDRESS_SHARED, type AddressKeeper } from "../commands/shared-addresses.ts";
import type { ExceptionStore } from "./exception-store.ts";
import type { Exceptions } from "./exceptions.ts";
import { GATEWAY, keyOf, nobody } from "./item.ts";

interface AddressParts {
  readonly exceptions: Exceptions;
  readonly store: Pick<ExceptionStore, "lockOpen" | "known">;
  readonly meters: Pick<MeterStore, "meter">;
}

/** Why a meter is quarantined, by the note that stands beside it. */
export const quarantineCause = (note: string | null): string =>
  note?.startsWith(ADDRESS_SHARED) === true ? ADDRESS_SHARED : "identity-mismatch";

export class AddressItems implements AddressKeeper {
  readonly #parts: AddressParts;

  constructor(parts: AddressParts) {
    this.#parts = parts;
  }

  /** It may be quarantined already, for another reason: then its item says the new one. The watch closes it with the quarantine. */
  async shared(tx: Transaction, meter: MeterAddress, note: string): Promise<void> {
    const { exceptions, store } = this.#parts;
    await exceptions.raise(tx, {
      ...(await this.#subject(tx, meter)),
      kind: "meter-quarantined",
      key: keyOf.quarantine(meter),
      because: quarantineCause(note),
      evidence: { note, readings: (await store.known(tx, { command: null, meter })).readings },
      suggestion: null,
    });
  }

  async garbled(tx: Transaction, meter: MeterAddress, times: number): Promise<void> {
    await this.#parts.exceptions.raise(tx, {
      ...(await this.#subject(tx, meter)),
      kind: "address-garbled",
      key: keyOf.garbled(meter),
      because: null,
      evidence: { unreadableInARow: times },
      suggestion: null,
    });
  }

  async readable(tx: Transaction, meter: MeterAddress): Promise<void> {
    const item = await this.#parts.store.lockOpen(tx, keyOf.garbled(meter));
    if (item !== null) await this.#parts.exceptions.end(tx, item, { by: GATEWAY, note: "the meter's answers can be read again" });
  }

  async #subject(tx: Transaction, meter: MeterAddress): Promise<typeof nobody> {
    const book = await this.#parts.meters.meter(tx, meter);
    return { ...nobody, meter, account: book?.account ?? null };
  }
}
