/** A reading that cannot be believed becomes an item of its meter, in the transaction that keeps it aside; further ones are counted. */
import type { Reading } from "../kernel/reading.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { MeterStore } from "../commands/command-store.ts";
import type { SuspectListener } from "../devices/reading-intake.ts";
import type { Exceptions } from "./exceptions.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { ExceptionStore } from "./exception-store.ts";
import { keyOf, nobody } from "./item.ts";

interface SuspectParts {
  readonly exceptions: Exceptions;
  readonly store: Pick<ExceptionStore, "lockOpenOf">;
  readonly meters: Pick<MeterStore, "meter">;
}

export class SuspectReadings implements SuspectListener {
  readonly #parts: SuspectParts;

  constructor(parts: SuspectParts) {
    this.#parts = parts;
  }

  /** What a person entered answers every open item about this meter's readings, and its reason is their note. */
  async settled(tx: Transaction, meter: MeterAddress, closing: { readonly by: string; readonly note: string }): Promise<void> {
    for (const item of await this.#parts.store.lockOpenOf(tx, meter))
      if (item.kind === "reading-suspect") await this.#parts.exceptions.end(tx, item, closing);
  }

  async suspect(tx: Transaction, reading: Reading, doubt: string, before: Reading | null): Promise<void> {
    const { meter, item } = reading;
    const book = await this.#parts.meters.meter(tx, meter);
    await this.#parts.exceptions.raise(tx, {
      ...{ ...nobody, meter, account: book?.account ?? null },
      kind: "reading-suspect",
      key: keyOf.reading(meter, item),
      because: doubt,
      evidence: { readings: [readingOf(reading), ...(before === null ? [] : [{ ...readingOf(before), believed: true }])] },
      suggestion: null,
    });
  }
}

const readingOf = ({ item, value, unit, takenAt, source }: Reading): Record<string, unknown> => ({
  item,
  value,
  unit,
  takenAt,
  source,
});
