/** What collecting finds out about a meter itself, as items: a clock that is minutes off, and a meter that somebody else changed. */
import type { MeterAddress } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { ClockRow } from "../collection/collection-store.ts";
import type { CollectionFindings } from "../collection/daily-look.ts";
import type { MeterEvent } from "../collection/event-kinds.ts";
import type { MeterStore } from "../commands/command-store.ts";
import type { ExceptionStore } from "./exception-store.ts";
import type { Exceptions } from "./exceptions.ts";
import { GATEWAY, keyOf, nobody } from "./item.ts";

export class MeterFindings implements CollectionFindings {
  readonly #parts: {
    readonly exceptions: Exceptions;
    readonly store: Pick<ExceptionStore, "lockOpen">;
    readonly meters: Pick<MeterStore, "meter">;
  };

  constructor(parts: {
    readonly exceptions: Exceptions;
    readonly store: Pick<ExceptionStore, "lockOpen">;
    readonly meters: Pick<MeterStore, "meter">;
  }) {
    this.#parts = parts;
  }

  async clockOff(tx: Transaction, meter: MeterAddress, { at, aheadMs, verdict }: ClockRow): Promise<void> {
    await this.#parts.exceptions.raise(tx, {
      ...(await this.#subject(tx, meter)),
      kind: "clock-off",
      key: keyOf.clock(meter),
      because: verdict === "lost" ? "clock-lost" : null,
      evidence: { at, aheadSeconds: Math.round(aheadMs / 1_000), order: "clock-set" },
      suggestion: null,
    });
  }

  async clockRight(tx: Transaction, meter: MeterAddress): Promise<void> {
    const item = await this.#parts.store.lockOpen(tx, keyOf.clock(meter));
    if (item !== null)
      await this.#parts.exceptions.end(tx, item, { by: GATEWAY, note: "the meter's clock is within minutes again" });
  }

  async changed(tx: Transaction, { meter, kind, number, at, operator, fields }: MeterEvent): Promise<void> {
    await this.#parts.exceptions.raise(tx, {
      ...(await this.#subject(tx, meter)),
      kind: "meter-changed",
      key: keyOf.changed(meter),
      because: kind,
      evidence: { event: { kind, number, at, operator, fields } },
      suggestion: null,
    });
  }

  async #subject(tx: Transaction, meter: MeterAddress): Promise<typeof nobody> {
    const book = await this.#parts.meters.meter(tx, meter);
    return { ...nobody, meter, account: book?.account ?? null };
  }
}
