/**
 * Chance that knows how far it has come, so that a street can be loaded and go on with the same luck. It counts draws and, when it
 * is put somewhere, begins anew and draws as many. A byte is one draw, as in the kernel's seeded generator.
 */
import type { Chance } from "../../src/kernel/chance.ts";

const STRIDE = 4_096;

export class CountedChance implements Chance {
  readonly #begin: () => Chance;
  readonly #book: ChanceBook | undefined;
  readonly #path: string;
  #inner: Chance;
  #drawn = 0;

  constructor(begin: () => Chance, book?: ChanceBook, path = "") {
    this.#begin = begin;
    this.#book = book;
    this.#path = path;
    this.#inner = begin();
  }

  get drawn(): number {
    return this.#drawn;
  }

  goTo(drawn: number): void {
    this.#inner = this.#begin();
    this.#drawn = drawn;
    for (let left = drawn; left > 0; left -= STRIDE) this.#inner.bytes(Math.min(left, STRIDE));
  }

  next(): number {
    this.#drawn += 1;
    return this.#inner.next();
  }

  bytes(count: number): Uint8Array {
    this.#drawn += count;
    return this.#inner.bytes(count);
  }

  child(name: string): Chance {
    // Children come from the seed, not from how far this one has come.
    const begin = (): Chance => this.#begin().child(name);
    return this.#book === undefined ? new CountedChance(begin) : this.#book.open(begin, `${this.#path}/${name}`);
  }
}

/** All the chance of a street, by the names of its parts. */
export class ChanceBook {
  readonly root: Chance;
  readonly #open = new Map<string, CountedChance>();
  #positions: Readonly<Record<string, number>> = {};

  constructor(root: Chance) {
    this.root = new CountedChance(() => root, this);
  }

  open(begin: () => Chance, path: string): CountedChance {
    let name = path;
    for (let twin = 2; this.#open.has(name); twin += 1) name = `${path}#${twin}`;
    const chance = new CountedChance(begin, this, name);
    this.#open.set(name, chance);
    const position = this.#positions[name];
    if (position !== undefined) chance.goTo(position);
    return chance;
  }

  /** Who has drawn how often. */
  get positions(): Record<string, number> {
    return Object.fromEntries([...this.#open].filter(([, { drawn }]) => drawn > 0).map(([name, { drawn }]) => [name, drawn]));
  }

  /** Also for those who come later. Whoever is not named had not begun, and stands where it began. */
  goTo(positions: Readonly<Record<string, number>>): void {
    this.#positions = positions;
    for (const [name, chance] of this.#open) if (positions[name] !== undefined) chance.goTo(positions[name]);
  }
}
