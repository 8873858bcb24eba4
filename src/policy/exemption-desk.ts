/** Exempts an account from cuts for a time, and takes that back. Whoever asks is named, the rules are woken, and nothing has no end. */
import type { Clock } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import { Fault } from "../kernel/faults.ts";
import type { AccountId } from "../kernel/ids.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { endOf, holds, mustEnd, type Exemption, type ExemptionKind } from "./exemptions.ts";
import type { ExemptionStore } from "./policy-store.ts";

export interface ExemptionDeskParts {
  readonly store: ExemptionStore;
  readonly outbox: Outbox;
  readonly clock: Clock;
  readonly timeZone: string;
  readonly newId: () => string;
  /** Joins the transaction in which one is taken back: what was said about it is settled. */
  readonly afterEnd?: (tx: Transaction, exemption: Exemption, by: string) => Promise<void>;
}

export class ExemptionDesk {
  readonly #parts: ExemptionDeskParts;

  constructor(parts: ExemptionDeskParts) {
    this.#parts = parts;
  }

  async make(
    tx: Transaction,
    wish: {
      readonly account: AccountId;
      readonly kind: ExemptionKind;
      /** A day, meant whole, or a moment. */
      readonly until: string | undefined;
      readonly reason: string;
      readonly by: string;
    },
  ): Promise<Exemption> {
    const { store, outbox, clock, timeZone, newId } = this.#parts;
    const { account, kind, reason, by } = wish;
    const from = clock.now();
    const until = endOf(wish.until, timeZone);
    mustEnd(from, until, kind);
    const exemption: Exemption = {
      ...{ id: newId(), account, kind, from, until, reason },
      ...{ madeBy: by, endedAt: null, endedBy: null, remindedAt: null },
    };
    await store.insert(tx, exemption);
    await outbox.announce(tx, { type: "account", account });
    return exemption;
  }

  /** Before its time; it stays in the list, with who did it. */
  async end(tx: Transaction, account: AccountId, id: string, by: string): Promise<Exemption> {
    const { store, outbox, clock, afterEnd } = this.#parts;
    const known = await store.lock(tx, id);
    if (known?.account !== account) throw new Fault("unknown-exemption", { account, exemption: id });
    const now = clock.now();
    if (!holds(known, now)) throw new Fault("exemption-ended", { exemption: id });
    await store.end(tx, id, now, by);
    await afterEnd?.(tx, known, by);
    await outbox.announce(tx, { type: "account", account });
    return { ...known, endedAt: now, endedBy: by };
  }

  list(account: AccountId, limit: number): Promise<readonly Exemption[]> {
    return this.#parts.store.of(account, limit);
  }
}
