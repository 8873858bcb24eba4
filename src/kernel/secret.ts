/** A value that prints as dots. Opened only where it is used; logs, JSON and inspectors see ••••. */
import { inspect } from "node:util";

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

  [inspect.custom](): string {
    return "••••";
  }
}
