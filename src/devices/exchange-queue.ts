/** The waiting room of one line: most urgent first, among equals first come first served, and never more than so many. */
import type { Priority } from "./meter.ts";

interface Ticket<T> {
  readonly priority: Priority;
  readonly order: number;
  readonly what: T;
}

export class ExchangeQueue<T> {
  readonly #lengthMax: number;
  #waiting: Ticket<T>[] = [];
  #order = 0;

  constructor(lengthMax: number) {
    this.#lengthMax = lengthMax;
  }

  get length(): number {
    return this.#waiting.length;
  }

  /** False: full, and it was not taken in. */
  add(priority: Priority, what: T): boolean {
    if (this.#waiting.length >= this.#lengthMax) return false;
    const ticket = { priority, order: (this.#order += 1), what };
    const behind = this.#waiting.findIndex((other) => other.priority > priority);
    this.#waiting.splice(behind < 0 ? this.#waiting.length : behind, 0, ticket);
    return true;
  }

  next(): T | undefined {
    return this.#waiting.shift()?.what;
  }

  remove(what: T): boolean {
    const before = this.#waiting.length;
    this.#waiting = this.#waiting.filter((ticket) => ticket.what !== what);
    return this.#waiting.length < before;
  }

  /** Everyone leaves, in order. */
  empty(): T[] {
    const all = this.#waiting.map((ticket) => ticket.what);
    this.#waiting = [];
    return all;
  }
}
