/** A value that prints as dots. Opened only where it is used; logs, JSON and inspectors see ••••. */

/** Where Node's inspector looks; by its registered name, so that this file also runs where there is no Node. */
const INSPECTED = Symbol.for("nodejs.util.inspect.custom");

export class Secret<T> {
  readonly #value: T;

  constructor(value: T) {
    this.#value = value;
  }

  open(): T {
    return this.#value;
  }

  toString(): string {
    return "••••";
  }

  toJSON(): string {
    return "••••";
  }

  [INSPECTED](): string {
    return "••••";
  }
}
