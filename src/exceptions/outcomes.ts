/**
 * What a command's end means for people: every end that is not a success makes exactly one item, in the transaction of that
 * end, and a success closes what it answers.
 *
 *     disputed · refused · expired · unanswered ──► one item    (a payment that reached nothing is told by the same item)
 *     cancelled, superseded by a newer order    ──► none        nobody was failed; but a payment whose top-up was taken back has
 *                                                   reached nothing, and is an item of its own; one whose refund was taken
 *                                                   back is in the meter still, unless the wallet was closed meanwhile
 *     confirmed                                 ──► closes the item of its own lateness, and what an earlier order of the same
 *                                                   thing on the same meter had left: the proof is the note
 *     decided by a person                       ──► closes the dispute with the same note
 *
 * Money is never closed by the gateway: an unallocated payment waits for a person even when the next top-up goes through.
 */
import type { Transaction } from "../kernel/transaction.ts";
import type { Command } from "../commands/command.ts";
import type { Step } from "../commands/command-machine.ts";
import type { CommandEnd, OutcomeKeeper } from "../commands/outcome-keeper.ts";
import { rivalsOf } from "../commands/rivals.ts";
import type { ExceptionStore } from "./exception-store.ts";
import type { Exceptions } from "./exceptions.ts";
import { GATEWAY, keyOf, type Draft, type Evidence, type ExceptionItem } from "./item.ts";
import type { ExceptionKind } from "./kinds.ts";

const kindOf: Readonly<Record<"refused" | "expired" | "unanswered" | "disputed", ExceptionKind>> = {
  refused: "command-refused",
  expired: "command-expired",
  unanswered: "command-unanswered",
  disputed: "command-disputed",
};

/** A newer order stands, and what becomes of that one is what counts; or its meter is off the wall. */
const GAVE_WAY: ReadonlySet<string> = new Set(["superseded", "order-gone", "replaced"]);

export class CommandOutcomes implements OutcomeKeeper {
  readonly #parts: { readonly exceptions: Exceptions; readonly store: ExceptionStore };

  constructor(parts: { readonly exceptions: Exceptions; readonly store: ExceptionStore }) {
    this.#parts = parts;
  }

  async ended(tx: Transaction, command: Command, end: CommandEnd): Promise<void> {
    const { exceptions, store } = this.#parts;
    const own = await store.lockOpen(tx, keyOf.command(command.id));
    if (command.state === "disputed") {
      if (own !== null && end.decision !== null) await exceptions.end(tx, own, end.decision);
      return;
    }
    const { state } = end.step;
    if (state === "confirmed") {
      if (own !== null) await exceptions.end(tx, own, byGateway("the command ended confirmed: the meter shows it"));
      await this.#closeAnswered(tx, command);
      return;
    }
    if (state === "cancelled" && isPaidForNothing(command, end.step)) {
      await this.#raise(tx, own, await this.#paidForNothing(tx, command, end.step));
      return;
    }
    if (state === "cancelled" || GAVE_WAY.has(end.step.because ?? "")) {
      if (own !== null) await exceptions.end(tx, own, byGateway(`the command ended ${state}: ${end.step.because ?? ""}`));
      return;
    }
    const draft = await draftOf(store, tx, command, end.step);
    if (draft !== null) await this.#raise(tx, own, draft);
  }

  async #paidForNothing(tx: Transaction, command: Command, { state, because }: Step): Promise<Draft> {
    return {
      kind: "payment-unallocated",
      key: command.payment === null ? keyOf.command(command.id) : keyOf.payment(command.payment),
      ...subjectOf(command),
      because,
      evidence: await evidenceOf(this.#parts.store, tx, command, { state, because }),
      suggestion: null,
    };
  }

  /** An item about the lateness of this command goes on as the item of its end, unless one of the same cause is open already. */
  async #raise(tx: Transaction, own: ExceptionItem | null, draft: Draft): Promise<void> {
    const { exceptions, store } = this.#parts;
    const other = own === null || own.key === draft.key ? null : await store.lockOpen(tx, draft.key);
    if (own !== null && other === null) {
      await exceptions.become(tx, own, draft);
      return;
    }
    const item = await exceptions.raise(tx, draft);
    if (own !== null) await exceptions.end(tx, own, byGateway(`the command has ended; it goes on in ${item.id}`));
  }

  async #closeAnswered(tx: Transaction, command: Command): Promise<void> {
    if (command.effect === "adds") return;
    const rivals = rivalsOf(command.kind);
    const same = rivals.length > 0 ? rivals : [command.kind];
    for (const item of await this.#parts.store.lockOpenOf(tx, command.meter)) {
      if (item.payment !== null || item.orderKind === null || !same.includes(item.orderKind)) continue;
      if (item.kind === "command-late" || item.command === command.id) continue;
      await this.#parts.exceptions.end(tx, item, byGateway(`a later ${command.kind} was confirmed: command ${command.id}`));
    }
  }
}

/** Of a command that was cancelled. The wallet of a meter that was switched is closed, and the ledger has what was in it. */
const isPaidForNothing = ({ kind, effect, payment }: Command, { because }: Step): boolean =>
  effect === "adds" && payment !== null && (kind !== "refund" || because === "mode-switched");

const byGateway = (note: string): { by: string; note: string } => ({ by: GATEWAY, note });

export async function draftOf(store: ExceptionStore, tx: Transaction, command: Command, end: Step): Promise<Draft | null> {
  const { state, because } = end;
  if (state !== "refused" && state !== "expired" && state !== "unanswered" && state !== "disputed") return null;
  const asksAnew = command.askedBy === "rule" && command.effect !== "adds";
  return {
    kind: kindOf[state],
    key: asksAnew ? keyOf.rule(command.meter, command.kind, because) : keyOf.command(command.id),
    ...subjectOf(command),
    because,
    evidence: await evidenceOf(store, tx, command, { state, because }),
    suggestion: null,
  };
}

export const subjectOf = (command: Command): Pick<Draft, "meter" | "account" | "command" | "payment" | "orderKind"> => ({
  meter: command.meter,
  account: command.account,
  command: command.id,
  payment: command.payment,
  orderKind: command.kind,
});

/** A snapshot of what was known: times, looks and readings. Frames stay with the attempts, their secrets masked, and are found by number. */
export async function evidenceOf(
  store: ExceptionStore,
  tx: Transaction,
  command: Command,
  end: { readonly state: string; readonly because: string | null },
): Promise<Evidence> {
  const known = await store.known(tx, { command: command.id, meter: command.meter });
  const { kind, askedBy, reason, createdAt, notAfter, sentAt, acknowledgedAt, waitingFor } = command;
  const amount = command.params["amount"];
  return {
    command: {
      ...{ id: command.id, kind, askedBy, reason, createdAt, notAfter, sentAt, acknowledgedAt, waitingFor },
      state: end.state,
      because: end.because,
      ...(typeof amount === "string" ? { amountFen: amount } : {}),
    },
    attempts: known.attempts,
    readings: known.readings,
  };
}
