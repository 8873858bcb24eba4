/**
 * Raise, hand over, close, apply: the only way to an exception and out of it. Raising joins the transaction of the cause, so
 * that there is no failed outcome without its item; closing needs a note that says what was done.
 *
 * What still stands cannot be closed with words: a disputed command is decided, a command that is under way ends or is
 * cancelled, a quarantined meter is compared. Then the gateway closes the item itself, with the proof as the note.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import { later } from "../kernel/clock.ts";
import type { Outbox } from "../kernel/events.ts";
import { Fault } from "../kernel/faults.ts";
import type { Transaction } from "../kernel/transaction.ts";
import { isOpen } from "../commands/command.ts";
import type { CommandStore, MeterStore } from "../commands/command-store.ts";
import type { Ledger } from "../ledger/ledger.ts";
import type { ExceptionStore } from "./exception-store.ts";
import { ExceptionId, GATEWAY, type Draft, type ExceptionItem, type ExceptionStep } from "./item.ts";
import { desks, standingOf, type Desk, type FailureClass } from "./kinds.ts";

/** Shorter than this a note says nothing to whoever reads it next year. */
export const NOTE_LENGTH_MIN = 8;

export interface ExceptionParts {
  readonly store: ExceptionStore;
  readonly clock: Clock;
  readonly newId: () => string;
  readonly outbox: Outbox;
  readonly commands: Pick<CommandStore, "find">;
  readonly meters: Pick<MeterStore, "meter">;
  readonly ledger: Pick<Ledger, "correct">;
  /** Joins the transaction in which a difference is settled, by an entry or by words: the next comparison counts from there. */
  readonly afterDifference?: (tx: Transaction, item: ExceptionItem, applied: boolean) => Promise<void>;
  /** What others know to stand still of what an item is about; null: nothing. */
  readonly stands?: (tx: Transaction, item: ExceptionItem) => Promise<Readonly<Record<string, unknown>> | null>;
}

export interface Closing {
  readonly by: string;
  readonly note: string;
  /** Whoever closes it may know better which class of failure it was. */
  readonly class?: FailureClass;
}

export class Exceptions {
  readonly #parts: ExceptionParts;

  constructor(parts: ExceptionParts) {
    this.#parts = parts;
  }

  /** One open item for each key: what comes true again is counted, and its newest evidence kept; or left, where it was only seen again. */
  async raise(tx: Transaction, draft: Draft, seenAgain: "counts" | "is-left" = "counts"): Promise<ExceptionItem> {
    const { store, clock } = this.#parts;
    const now = clock.now();
    const known = await store.lockOpen(tx, draft.key);
    if (known !== null) return seenAgain === "counts" ? this.#again(tx, known, draft) : known;
    const { owner, class: failure, limitMs } = standingOf(draft.kind, draft.because, draft.payment !== null);
    const item: ExceptionItem = {
      ...draft,
      id: ExceptionId(this.#parts.newId()),
      class: failure,
      count: 1,
      owner,
      openedAt: now,
      lastAt: now,
      dueAt: later(now, limitMs),
      alarmedAt: null,
      closedAt: null,
      closedBy: null,
      closingNote: null,
    };
    if (!(await store.insert(tx, item))) return this.raise(tx, draft, seenAgain); // somebody was first, and is known now
    await this.#step(tx, item, { what: "opened", by: GATEWAY, from: null, to: owner, note: draft.because });
    await this.#announce(tx, item, "open");
    return item;
  }

  /** An item that was about something under way becomes what that ended as. Who had taken it keeps it. */
  async become(tx: Transaction, item: ExceptionItem, draft: Draft): Promise<void> {
    const { store, clock } = this.#parts;
    const before = standingOf(item.kind, item.because, item.payment !== null);
    const after = standingOf(draft.kind, draft.because, draft.payment !== null);
    const owner = item.owner === before.owner ? after.owner : item.owner;
    const { kind, key, because, evidence, suggestion } = draft;
    const now = clock.now();
    const dueAt = later(now, after.limitMs);
    await store.change(tx, item.id, {
      ...{ kind, key, because, evidence, suggestion, owner, dueAt },
      class: after.class,
      lastAt: now,
      alarmedAt: null,
    });
    await this.#step(tx, item, { what: "became", by: GATEWAY, from: item.owner, to: owner, note: `${kind}: ${because ?? ""}` });
    await this.#announce(tx, item, "open");
  }

  /** Hands it over; the log keeps who had it, who has it, and why. */
  async assign(tx: Transaction, id: ExceptionId, to: { readonly owner: string; readonly by: string; readonly note: string }) {
    const item = await this.#lockedOpen(tx, id);
    await this.#parts.store.change(tx, id, { owner: to.owner });
    await this.#step(tx, item, { what: "assigned", by: to.by, from: item.owner, to: to.owner, note: to.note });
    await this.#announce(tx, item, "open");
    return { ...item, owner: to.owner };
  }

  /** Goes up to this desk, and has until then. A person who took it keeps it: then the desk above is told, and the log says so. */
  async escalate(
    tx: Transaction,
    item: ExceptionItem,
    up: { readonly to: Desk; readonly dueAt: Instant; readonly note: string },
  ) {
    const owner = isDesk(item.owner) ? up.to : item.owner;
    await this.#parts.store.change(tx, item.id, { owner, dueAt: up.dueAt, alarmedAt: null, lastAt: this.#parts.clock.now() });
    await this.#step(tx, item, { what: "escalated", by: GATEWAY, from: item.owner, to: up.to, note: up.note });
    await this.#announce(tx, item, "open");
    return { ...item, owner, dueAt: up.dueAt };
  }

  /** A person closes it, with a note, once what it is about stands no more. */
  async close(tx: Transaction, id: ExceptionId, closing: Closing): Promise<ExceptionItem> {
    checkNote(closing.note);
    const item = await this.#lockedOpen(tx, id);
    const why = await this.#whyItStands(tx, item);
    if (why !== null) throw new Fault("exception-stands", { exception: id, ...why });
    if (item.kind === "ledger-difference") await this.#parts.afterDifference?.(tx, item, false);
    return this.end(tx, item, closing);
  }

  /** Posts the suggested entry, and closes the item with it. */
  async apply(tx: Transaction, id: ExceptionId, closing: Closing): Promise<ExceptionItem> {
    checkNote(closing.note);
    const item = await this.#lockedOpen(tx, id);
    if (item.suggestion === null) throw new Fault("nothing-to-apply", { exception: id });
    const { legs, note } = item.suggestion;
    await this.#parts.ledger.correct(tx, {
      reference: `exception/${id}`,
      legs,
      note: `${note}; ${closing.note}`,
      by: closing.by,
    });
    await this.#step(tx, item, { what: "applied", by: closing.by, from: null, to: null, note });
    if (item.account !== null) await this.#parts.outbox.announce(tx, { type: "account", account: item.account });
    await this.#parts.afterDifference?.(tx, item, true);
    return this.end(tx, item, closing);
  }

  /** Ends a locked item whatever it is about: for a decision that was made, and for proof that came by itself. */
  async end(tx: Transaction, item: ExceptionItem, closing: Closing): Promise<ExceptionItem> {
    const closedAt = this.#parts.clock.now();
    const end = { closedAt, closedBy: closing.by, closingNote: closing.note, class: closing.class ?? item.class };
    await this.#parts.store.change(tx, item.id, end);
    await this.#step(tx, item, { what: "closed", by: closing.by, from: item.owner, to: null, note: closing.note });
    await this.#announce(tx, item, "closed");
    return { ...item, ...end };
  }

  async markOverdue(tx: Transaction, id: ExceptionId): Promise<ExceptionItem | null> {
    const item = await this.#parts.store.lock(tx, id);
    if (item === null || item.closedAt !== null || item.alarmedAt !== null) return null;
    await this.#parts.store.change(tx, id, { alarmedAt: this.#parts.clock.now() });
    await this.#step(tx, item, { what: "overdue", by: GATEWAY, from: null, to: item.owner, note: null });
    await this.#announce(tx, item, "open");
    return item;
  }

  /** What of its subject still stands, for whoever wants to close it; null: nothing. */
  async #whyItStands(tx: Transaction, item: ExceptionItem): Promise<Readonly<Record<string, unknown>> | null> {
    const told = await this.#parts.stands?.(tx, item);
    if (told != null) return told;
    if (item.kind === "meter-quarantined" && item.meter !== null) {
      const meter = await this.#parts.meters.meter(tx, item.meter);
      return meter?.identity === "quarantined" ? { meter: item.meter, identity: meter.identity, why: meter.identityNote } : null;
    }
    if (item.command === null || (item.kind !== "command-disputed" && item.kind !== "command-late")) return null;
    const command = await this.#parts.commands.find(tx, item.command);
    if (command === null || (command.state !== "disputed" && !isOpen(command.state))) return null;
    return { command: command.id, state: command.state };
  }

  async #again(tx: Transaction, item: ExceptionItem, draft: Draft): Promise<ExceptionItem> {
    const { evidence, suggestion, because } = draft;
    const change = { count: item.count + 1, lastAt: this.#parts.clock.now(), evidence, suggestion, because };
    await this.#parts.store.change(tx, item.id, change);
    return { ...item, ...change };
  }

  async #lockedOpen(tx: Transaction, id: ExceptionId): Promise<ExceptionItem> {
    const item = await this.#parts.store.lock(tx, id);
    if (item === null) throw new Fault("unknown-exception", { exception: id });
    if (item.closedAt !== null) throw new Fault("exception-closed", { exception: id, by: item.closedBy, note: item.closingNote });
    return item;
  }

  #step(tx: Transaction, item: ExceptionItem, step: Omit<ExceptionStep, "at">): Promise<void> {
    return this.#parts.store.addStep(tx, item.id, { ...step, at: this.#parts.clock.now() });
  }

  #announce(tx: Transaction, item: ExceptionItem, state: "open" | "closed"): Promise<void> {
    return this.#parts.outbox.announce(tx, { type: "exception", id: item.id, kind: item.kind, state });
  }
}

const isDesk = (owner: string): owner is Desk => (desks as readonly string[]).includes(owner);

function checkNote(note: string): void {
  if (note.trim().length < NOTE_LENGTH_MIN)
    throw new Fault("invalid-request", { field: "note", problem: `say in ${NOTE_LENGTH_MIN} letters or more what was done` });
}
