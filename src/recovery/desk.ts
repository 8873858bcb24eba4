/** What people say about an incident: its compensation, and that the customer was asked. Who has it, and to whom it is handed, stands with its item. */
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { Transaction } from "../kernel/transaction.ts";
import type { Exceptions } from "../exceptions/exceptions.ts";
import type { ExceptionStore } from "../exceptions/exception-store.ts";
import { keyOf } from "../exceptions/item.ts";
import type { Compensation } from "./causes.ts";
import type { Incident, IncidentId } from "./incident.ts";
import type { RecoveryStore } from "./recovery-store.ts";

/** Shorter than this a note says nothing to whoever reads it next year. */
const NOTE_LENGTH_MIN = 8;

interface Said {
  readonly by: string;
  readonly note: string;
}

export interface RecoveryDeskParts {
  readonly store: RecoveryStore;
  readonly exceptions: Pick<Exceptions, "end">;
  readonly items: Pick<ExceptionStore, "lockOpen">;
  readonly clock: Clock;
}

export class RecoveryDesk {
  readonly store: RecoveryStore;
  readonly #parts: RecoveryDeskParts;

  constructor(parts: RecoveryDeskParts) {
    this.store = parts.store;
    this.#parts = parts;
  }

  async compensate(tx: Transaction, id: IncidentId, mark: Compensation, said: Said): Promise<Incident> {
    const known = await this.#locked(tx, id, said);
    const change = { compensation: mark, compensationNote: said.note, compensationBy: said.by };
    await this.store.change(tx, id, change);
    await this.#step(tx, id, "compensation", said, `${mark}: ${said.note}`);
    return { ...known, ...change };
  }

  /** The customer was asked: the reminder ends with what was said. Once. */
  async followUp(tx: Transaction, id: IncidentId, said: Said): Promise<Incident> {
    const known = await this.#locked(tx, id, said);
    if (known.endedAt === null) throw new Fault("incident-open", { incident: id, problem: "supply is not back yet" });
    if (known.followedUpAt !== null) throw new Fault("incident-followed-up", { incident: id, by: known.followedUpBy });
    const change = { followedUpAt: this.#parts.clock.now(), followedUpBy: said.by, followUpNote: said.note };
    await this.store.change(tx, id, change);
    await this.#step(tx, id, "followed-up", said, said.note);
    const item = await this.#parts.items.lockOpen(tx, keyOf.followUp(id));
    if (item !== null) await this.#parts.exceptions.end(tx, item, said);
    return { ...known, ...change };
  }

  async #locked(tx: Transaction, id: IncidentId, { note }: Said): Promise<Incident> {
    if (note.trim().length < NOTE_LENGTH_MIN)
      throw new Fault("invalid-request", { field: "note", problem: `say in ${NOTE_LENGTH_MIN} letters or more what was said` });
    const known = await this.store.lock(tx, id);
    if (known === null) throw new Fault("unknown-incident", { incident: id });
    return known;
  }

  #step(tx: Transaction, id: IncidentId, what: "compensation" | "followed-up", { by }: Said, note: string): Promise<void> {
    return this.store.addStep(tx, id, { at: this.#parts.clock.now(), what, by, note });
  }
}
