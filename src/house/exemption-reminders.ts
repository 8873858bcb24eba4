/**
 * Reminds somebody of every exemption before it ends, as an item for a person, once; closes the item when the exemption is over or was taken
 * back; and notes in the books what has ended by itself. That is a note and no fact: the rules ask the clock and not the note, and one that
 * was made by a clock that stood wrong is taken back. Several gateways may do so at once: each takes the row before it says anything.
 */
import type { Exceptions } from "../exceptions/exceptions.ts";
import type { ExceptionStore } from "../exceptions/exception-store.ts";
import { GATEWAY, keyOf, nobody, type Draft } from "../exceptions/item.ts";
import { iso, later, minutes, type Clock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { Rounds } from "../kernel/rounds.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import { EXEMPTION_REMINDER_MS, exemptionTable, isTakenBack, remindAt, type Exemption } from "../policy/exemptions.ts";
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

  /** One look around, to the last of them. */
  async look(): Promise<void> {
    const { store, clock } = this.#parts;
    const now = clock.now();
    for (const one of await store.endedTooEarly(now, AT_ONCE_MAX)) await this.#do(one); // the rest at the next look
    const before = later(now, EXEMPTION_REMINDER_MS + 1);
    for (let last: Exemption | undefined; !this.#rounds.isStopped;) {
      const page = await store.endingBefore(before, AT_ONCE_MAX, last);
      for (const one of page) if (one.until <= now || (one.remindedAt === null && remindAt(one) <= now)) await this.#do(one);
      last = page.at(-1);
      if (page.length < AT_ONCE_MAX) return;
    }
  }

  /** Somebody took it back: what was said of it needs nobody any more. */
  async settle(tx: Transaction, { id }: Exemption, by: string, note = "the exemption was taken back"): Promise<void> {
    const { items, exceptions } = this.#parts;
    const item = await items.lockOpen(tx, keyOf.exemption(id));
    if (item !== null) await exceptions.end(tx, item, { by, note });
  }

  /** What cannot be done of one is done at the next look, and bars none of the others. */
  async #do({ id, account }: Exemption): Promise<void> {
    const { store, transactor, log } = this.#parts;
    if (this.#rounds.isStopped) return;
    try {
      await transactor.transact(async (tx) => {
        const known = await store.lock(tx, id);
        if (known !== null && !isTakenBack(known)) await this.#one(tx, known);
      });
    } catch (error) {
      log.error(
        { account, exemption: id, reason: reasonOf(error) },
        "nobody could be reminded of this exemption; it is tried again",
      );
    }
  }

  async #one(tx: Transaction, exemption: Exemption): Promise<void> {
    const { store, exceptions, clock, log } = this.#parts;
    const now = clock.now();
    if (exemption.endedAt !== null) {
      if (exemption.until <= now) return;
      await store.goesOn(tx, exemption.id);
      const { id, account, until } = exemption;
      log.warn({ account, exemption: id, until }, "the clock had stood wrong: this exemption has not ended and goes on");
    } else if (exemption.until <= now) {
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
