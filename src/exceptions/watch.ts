/**
 * Looks around every half minute, so that nothing stays open silently, whoever forgot to say so:
 *
 *     commands that have not ended for a quarter of an hour, whatever they wait for      ──► an item that closes itself at a good end
 *     quarantined meters; disputes and unallocated payments of which nobody was told     ──► an item
 *     quarantines that are over                                                          ──► their item is closed
 *     items that are open longer than their kind may be                                  ──► said aloud, once
 *
 * Everything here may be done by several gateways at once: an item exists once for its key.
 */
import { later, minutes, seconds, type Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { Rounds } from "../kernel/rounds.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { Command } from "../commands/command.ts";
import type { ExceptionStore } from "./exception-store.ts";
import type { Exceptions } from "./exceptions.ts";
import { GATEWAY, keyOf, nobody, type Draft } from "./item.ts";
import { draftOf, evidenceOf, subjectOf } from "./outcomes.ts";
import { quarantineCause } from "./shared-addresses.ts";

const LOOK_EVERY_MS = seconds(30);
/** No command stays open longer than this without an owner and a next step. */
const COMMAND_LATE_MS = minutes(15);
const AT_ONCE_MAX = 200;

export interface WatchParts {
  readonly exceptions: Exceptions;
  readonly store: ExceptionStore;
  readonly transactor: Transactor;
  readonly clock: Clock;
  readonly log: Logger;
}

export class ExceptionWatch {
  readonly #parts: WatchParts;
  readonly #rounds: Rounds;

  constructor(parts: WatchParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#rounds = new Rounds({
      ...{ clock, log, everyMs: LOOK_EVERY_MS, work: () => this.look() },
      failed: "exceptions could not be looked after; they are looked after again",
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
    await this.#lateCommands();
    await this.#silentEnds();
    await this.#quarantines();
    await this.#overdue();
  }

  async #lateCommands(): Promise<void> {
    const { store, clock, log } = this.#parts;
    for (const command of await store.lateCommands(later(clock.now(), -COMMAND_LATE_MS), AT_ONCE_MAX)) {
      await this.#raise(async (tx) => lateDraft(store, tx, command));
      log.warn(
        { command: command.id, meter: command.meter, kind: command.kind, waitingFor: command.waitingFor },
        "a command has not ended for a quarter of an hour",
      );
    }
  }

  async #silentEnds(): Promise<void> {
    const { store } = this.#parts;
    for (const command of await store.silentDisputes(AT_ONCE_MAX))
      await this.#raise((tx) => draftOf(store, tx, command, { state: "disputed", because: command.because, money: "keep" }));
    for (const { id, account, command, meter } of await store.silentPayments(AT_ONCE_MAX))
      await this.#raise((tx) => paymentDraft(store, tx, { ...nobody, payment: id, account, command, meter }));
  }

  async #quarantines(): Promise<void> {
    const { store, exceptions, transactor } = this.#parts;
    for (const { meter, account, note } of await store.silentQuarantines(AT_ONCE_MAX))
      await this.#raise(async (tx) => ({
        ...{ ...nobody, meter, account },
        kind: "meter-quarantined",
        key: keyOf.quarantine(meter),
        because: quarantineCause(note),
        evidence: { note, readings: (await store.known(tx, { command: null, meter })).readings },
        suggestion: null,
      }));
    for (const id of await store.endedQuarantines(AT_ONCE_MAX))
      await transactor.transact(async (tx) => {
        const item = await store.lock(tx, id);
        if (item?.closedAt === null)
          await exceptions.end(tx, item, {
            by: GATEWAY,
            note: "the meter's numbers are those of the books, or it is no longer here",
          });
      });
  }

  async #overdue(): Promise<void> {
    const { store, exceptions, transactor, clock, log } = this.#parts;
    for (const id of await store.overdue(clock.now(), AT_ONCE_MAX)) {
      const item = await transactor.transact((tx) => exceptions.markOverdue(tx, id));
      if (item === null) continue;
      const { kind, owner, meter, command, account } = item;
      log.warn({ exception: id, kind, owner, meter, command, account }, "an exception is open longer than it may be");
    }
  }

  async #raise(draft: (tx: Transaction) => Promise<Draft | null>): Promise<void> {
    const { transactor, exceptions } = this.#parts;
    await transactor.transact(async (tx) => {
      const made = await draft(tx);
      // another gateway may have said it since we looked, or says it in this moment: that is the same thing, not once more
      if (made !== null) await exceptions.raise(tx, made, "is-left");
    });
  }
}

async function lateDraft(store: ExceptionStore, tx: Transaction, command: Command): Promise<Draft> {
  const { state, waitingFor } = command;
  return {
    kind: "command-late",
    key: keyOf.command(command.id),
    ...subjectOf(command),
    because: waitingFor,
    evidence: await evidenceOf(store, tx, command, { state, because: null }),
    suggestion: null,
  };
}

async function paymentDraft(
  store: ExceptionStore,
  tx: Transaction,
  subject: Pick<Draft, "payment" | "account" | "command" | "meter" | "orderKind"> & {
    readonly payment: NonNullable<Draft["payment"]>;
  },
): Promise<Draft> {
  return {
    kind: "payment-unallocated",
    key: keyOf.payment(subject.payment),
    ...subject,
    because: null,
    evidence: { ...(await store.known(tx, subject)) },
    suggestion: null,
  };
}
