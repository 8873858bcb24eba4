/** A worker that dies at a chosen step and then does nothing more: for sweeps that die at every step of a story in turn. */
export class Dead extends Error {}

/** Counts steps; at the chosen one it dies, before or after doing it, and from then on does nothing at all. */
export class Fate {
  steps = 0;
  dead = false;
  readonly #at: number;
  readonly #when: "before" | "after";

  constructor(at: number, when: "before" | "after") {
    this.#at = at;
    this.#when = when;
  }

  async step<T>(work: () => Promise<T>): Promise<T> {
    if (this.dead) throw new Dead();
    this.steps += 1;
    const isLast = this.steps === this.#at;
    if (isLast && this.#when === "before") this.#die();
    const result = await work();
    if (isLast) this.#die();
    return result;
  }

  #die(): never {
    this.dead = true;
    throw new Dead();
  }
}

/** Every method that answers a promise is one step. */
export function mortal<T extends object>(thing: T, fate: Fate): T {
  return new Proxy(thing, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== "function") return value;
      if (name === "close") return (...args: unknown[]) => Reflect.apply(value, target, args) as unknown;
      return (...args: unknown[]) => {
        // what runs inside a transaction is part of that transaction's one step
        if (typeof args[0] === "object" && args[0] !== null && Object.isFrozen(args[0]))
          return Reflect.apply(value, target, args) as unknown;
        return fate.step(async () => (await Reflect.apply(value, target, args)) as unknown);
      };
    },
  });
}
