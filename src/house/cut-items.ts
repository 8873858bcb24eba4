/** What holds cuts back, as items for a person: one for a stop, one for the brake, one for each list that waits or ended badly. */
import type { Exceptions } from "../exceptions/exceptions.ts";
import type { ExceptionStore } from "../exceptions/exception-store.ts";
import { GATEWAY, keyOf, nobody, type ExceptionItem } from "../exceptions/item.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { CutAlarms } from "../policy/cut-alarms.ts";
import type { CutBatch, GuardStore, Halt } from "../policy/guard-store.ts";

const kindOf = { stop: "cuts-stopped", brake: "cuts-braked" } as const;

export class CutItems implements CutAlarms {
  readonly #parts: { readonly exceptions: Exceptions; readonly store: Pick<ExceptionStore, "lockOpen"> };

  constructor(parts: { readonly exceptions: Exceptions; readonly store: Pick<ExceptionStore, "lockOpen"> }) {
    this.#parts = parts;
  }

  async halted(tx: Transaction, { id, kind, because, reason, figures, begunBy }: Halt): Promise<void> {
    const evidence = { halt: id, reason, begunBy, figures };
    await this.#raise(tx, kindOf[kind], keyOf.cuts(kind), because, evidence);
  }

  async released(tx: Transaction, { kind, asked, released }: Halt): Promise<void> {
    await this.#settle(tx, keyOf.cuts(kind), released!.by, `released by ${asked!.by} and ${released!.by}: ${released!.note}`);
  }

  async proposed(tx: Transaction, { id, reason, proposedBy }: CutBatch, members: number): Promise<void> {
    await this.#raise(tx, "cut-batch", keyOf.cuts(`batch/${id}`), "approval", { batch: id, members, reason, proposedBy });
  }

  async settled(tx: Transaction, { id, state, because, second, endedBy }: CutBatch): Promise<void> {
    const key = keyOf.cuts(`batch/${id}`);
    await this.#settle(tx, key, endedBy ?? second?.by ?? GATEWAY, `the list is ${state}`);
    if (because !== null) await this.#raise(tx, "cut-batch", key, because, { batch: id, state, because });
  }

  async #raise(
    tx: Transaction,
    kind: "cuts-stopped" | "cuts-braked" | "cut-batch",
    key: string,
    because: string,
    evidence: Readonly<Record<string, unknown>>,
  ): Promise<void> {
    await this.#parts.exceptions.raise(tx, { ...nobody, kind, key, because, evidence, suggestion: null });
  }

  async #settle(tx: Transaction, key: string, by: string, note: string): Promise<void> {
    const item = await this.#parts.store.lockOpen(tx, key);
    if (item !== null) await this.#parts.exceptions.end(tx, item, { by, note });
  }
}

/** Words do not release a stop, nor decide about a list; null: nothing of it stands any more. */
export async function cutsThatStand(
  guards: Pick<GuardStore, "standing" | "batch">,
  tx: Transaction,
  { kind, evidence }: ExceptionItem,
): Promise<Readonly<Record<string, unknown>> | null> {
  if (kind === "cuts-stopped" || kind === "cuts-braked") {
    const halt = (await guards.standing(tx)).find((one) => kindOf[one.kind] === kind);
    return halt === undefined ? null : { halt: halt.kind, because: halt.because };
  }
  const id = evidence["batch"];
  if (kind !== "cut-batch" || typeof id !== "string") return null;
  const batch = await guards.batch(tx, id);
  return batch?.state === "proposed" ? { batch: id, state: batch.state } : null;
}
