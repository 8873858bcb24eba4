/**
 * Reminds somebody of every exemption before it ends, as an item for a person, once; closes the item when the exemption is over or was taken
 * back; and ends in the books what has ended by itself. Several gateways may do so at once: each takes the row before it says anything.
 */
import type { Exceptions } from "../exceptions/exceptions.ts";
import type { ExceptionStore } from "../exceptions/exception-store.ts";
import { GATEWAY, keyOf, nobody, type Draft } from "../exceptions/item.ts";
import { iso, later, minutes, type Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { Rounds } from "../kernel/rounds.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import { EXEMPTION_REMINDER_MS, exemptionTable, remindAt, type Exemption } from "../policy/exemptions.ts";
import type { ExemptionStore } from "../policy/policy-store.ts";

const LOOK_EVERY_MS = minutes(1);
const AT_ONCE_MAX = 200;

export interface ReminderParts {
  readonly store: ExemptionStore;
  readonly exceptions: Exceptions;
  readonly items: Pick<ExceptionStore, "lockOpen">;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeZone: string;
}

export class ExemptionReminders {
  readonly #parts: ReminderParts;
  readonly #rounds: Rounds;

  constructor(parts: ReminderParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#rounds = new Rounds({
      ...{ clock, log, everyMs: LOOK_EVERY_MS, work: () => this.look() },
      failed: "exemptions could not be looked after; they are looked after again",
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** One look around. */
  async look(): Promise<void> {
    const { store, clock, transactor } = this.#parts;
    const now = clock.now();
    for (const { id, until, remindedAt, ...more } of await store.endingBefore(
      later(now, EXEMPTION_REMINDER_MS + 1),
      AT_ONCE_MAX,
    )) {
      if (until > now && (remindedAt !== null || remindAt({ ...more, until }) > now)) continue;
      await transactor.transact(async (tx) => {
        const known = await store.lock(tx, id);
        if (known?.endedAt === null) await this.#one(tx, known);
      });
    }
  }

  /** Somebody took it back: what was said of it needs nobody any more. */
  async settle(tx: Transaction, { id }: Exemption, by: string, note = "the exemption was taken back"): Promise<void> {
    const { items, exceptions } = this.#parts;
    const item = await items.lockOpen(tx, keyOf.exemption(id));
    if (item !== null) await exceptions.end(tx, item, { by, note });
  }

  async #one(tx: Transaction, exemption: Exemption): Promise<void> {
    const { store, exceptions, clock } = this.#parts;
    const now = clock.now();
    if (exemption.until <= now) {
      await store.end(tx, exemption.id, exemption.until, GATEWAY);
      await this.settle(tx, exemption, GATEWAY, "the exemption is over");
    } else if (exemption.remindedAt === null) {
      await exceptions.raise(tx, this.#draftOf(exemption), "is-left");
      await store.remind(tx, exemption.id, now);
    }
  }

  #draftOf({ id, account, kind, from, until, reason, madeBy }: Exemption): Draft {
    const { timeZone } = this.#parts;
    const moments = { from: iso(from, timeZone), until: iso(until, timeZone) };
    return {
      ...nobody,
      account,
      kind: "exemption-ends",
      key: keyOf.exemption(id),
      because: kind,
      evidence: { exemption: id, kind, what: exemptionTable[kind], ...moments, reason, madeBy },
      suggestion: null,
    };
  }
}
