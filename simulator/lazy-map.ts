/**
 * Things by name that are made when somebody looks at them first. Of a street of a hundred thousand meters most are never asked
 * anything; and since a meter's life depends on nothing but its plan, its seed and the street's time, one that is made late has
 * lived what it would have lived.
 */
export class LazyMap<Thing extends object> implements ReadonlyMap<string, Thing> {
  /** In the order in which they were named; undefined until it is made. */
  readonly #things = new Map<string, Thing | undefined>();
  readonly #make: (name: string) => Thing;

  constructor(make: (name: string) => Thing) {
    this.#make = make;
  }

  /** From now on there is one of this name. */
  expect(name: string): void {
    this.#things.set(name, undefined);
  }

  get(name: string): Thing | undefined {
    const thing = this.#things.get(name);
    return thing === undefined && this.#things.has(name) ? this.#made(name) : thing;
  }

  /** What is there without being made. */
  peek(name: string): Thing | undefined {
    return this.#things.get(name);
  }

  /** Those that somebody has looked at. */
  *made(): Generator<Thing> {
    for (const thing of this.#things.values()) if (thing !== undefined) yield thing;
  }

  has(name: string): boolean {
    return this.#things.has(name);
  }

  get size(): number {
    return this.#things.size;
  }

  keys(): MapIterator<string> {
    return this.#things.keys();
  }

  /** Makes all of them, one after the other as they are taken. */
  *values(): MapIterator<Thing> {
    for (const [, thing] of this.entries()) yield thing;
  }

  *entries(): MapIterator<[string, Thing]> {
    for (const [name, thing] of this.#things) yield [name, thing ?? this.#made(name)];
  }

  [Symbol.iterator](): MapIterator<[string, Thing]> {
    return this.entries();
  }

  forEach(visit: (thing: Thing, name: string, map: ReadonlyMap<string, Thing>) => void): void {
    for (const [name, thing] of this.entries()) visit(thing, name, this);
  }

  #made(name: string): Thing {
    const thing = this.#make(name);
    this.#things.set(name, thing);
    return thing;
  }
}
