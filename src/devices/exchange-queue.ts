/**
 * The waiting room of one line: most urgent first, among equals first come first served, and never more than so many.
 *
 * Urgency is asked for when somebody is called, not when he came: a poll that holds a meter which a restore is waiting for is
 * as urgent as that restore, or the restore would wait behind everything that the poll waits behind.
 */
import type { Priority } from "./meter.ts";

/** As it stands, or as it is when asked. */
export type Urgency = Priority | (() => Priority);

interface Ticket<T> {
  readonly urgency: Urgency;
  readonly what: T;
}

export const priorityOf = (urgency: Urgency): Priority => (typeof urgency === "function" ? urgency() : urgency);

export class ExchangeQueue<T> {
  readonly #lengthMax: number;
  /** In order of coming. */
  #waiting: Ticket<T>[] = [];

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** The most urgent one that waits; undefined when nobody does. */
  get mostUrgent(): Priority | undefined {
    return this.#waiting.map((ticket) => priorityOf(ticket.urgency)).sort((a, b) => a - b)[0];
  }

  /** False: full, and it was not taken in. */
  add(urgency: Urgency, what: T): boolean {
    if (this.#waiting.length >= this.#lengthMax) return false;
    this.#waiting.push({ urgency, what });
    return true;
  }

  /** In order of coming. */
  get waiting(): readonly T[] {
    return this.#waiting.map(({ what }) => what);
  }

  /** `mayGo`: who may not is passed over, however urgent. */
  next(mayGo: (what: T) => boolean = () => true): T | undefined {
    const ready = this.#waiting.filter(({ what }) => mayGo(what));
    const first = ready.reduce<Ticket<T> | undefined>(
      (best, ticket) => (best === undefined || priorityOf(ticket.urgency) < priorityOf(best.urgency) ? ticket : best),
      undefined,
    );
    if (first !== undefined) this.#waiting.splice(this.#waiting.indexOf(first), 1);
    return first?.what;
  }

  remove(what: T): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((ticket) => ticket.what !== what);
    return this.#waiting.length < before;
  }

  /** Everyone leaves, most urgent first. */
  empty(): T[] {
    const all: T[] = [];
    for (let next = this.next(); next !== undefined; next = this.next()) all.push(next);
    return all;
  }
}
