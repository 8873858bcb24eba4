/**
 * Rows in memory, seen as READ COMMITTED shows them: everybody sees what is committed, a transaction also what it wrote itself.
 *
 * A row has one writer at a time, who holds its lock until the end, so beside the committed version there is at most one other.
 * Commit makes that one the committed one, rollback forgets it. Entries of unique indexes are rows of the same kind: who takes a
 * key holds it until the end, and who wants the same key waits and then sees what became of it.
 */
import { OrderedIndex, type By } from "./ordered-index.ts";
import { RowLock, type LockMode, type LockOwner } from "./row-lock.ts";

/** Something a transaction wrote, to be kept or forgotten at its end. */
export interface Written {
  settle(kept: boolean): void;
}

/** A transaction, or a statement on its own, as tables see it. */
export interface Work extends LockOwner {
  readonly written: Set<Written>;
  /** Tables in which it wrote; of all others it sees what everybody sees. */
  readonly wroteIn: Set<unknown>;
}

/** An index, a reference or a check refused a row; the message begins like PostgreSQL's names for it. */
export class ConstraintViolated extends Error {
  readonly constraint: string;

  constructor(constraint: string, what = "refused the row") {
    super(`${constraint} ${what}`);
    this.constraint = constraint;
  }
}

type Keyed = string | readonly string[] | null;

/** As long as a row is in a group, it stands there where it stood at first. */
export interface Ordering<R> {
  readonly of: (row: R) => Keyed;
  readonly by: (row: R) => By;
}

export interface TableShape<R> {
  readonly name: string;
  readonly keyOf: (row: R) => string;
  /** Name of each unique index, and the key it holds for a row; null: the row is not in it. */
  readonly unique?: Readonly<Record<string, (row: R) => string | null>>;
  /** Ways to find rows without looking at all of them. */
  readonly groups?: Readonly<Record<string, (row: R) => Keyed>>;
  /** Ways to find rows in an order. */
  readonly ordered?: Readonly<Record<string, Ordering<R>>>;
  /** Throws a ConstraintViolated. */
  readonly check?: (row: R) => void;
}

class Cell<V> implements Written {
  readonly lock = new RowLock();
  readonly #watcher: { settled(now: V | undefined, forgotten: V | undefined): void; emptied(): void };
  #committed: V | undefined = undefined;
  #pending: { readonly work: Work; value: V | undefined } | null = null;

  constructor(watcher: { settled(now: V | undefined, forgotten: V | undefined): void; emptied(): void }) {
    this.#watcher = watcher;
  }

  seenBy(work: Work | null): V | undefined {
    return this.#pending !== null && this.#pending.work === work ? this.#pending.value : this.#committed;
  }

  write(work: Work, value: V | undefined): void {
    const held = this.lock.heldBy(work);
    if (held !== "update" && held !== "no-key-update") throw new Error("a row was written without its lock: a mistake of ours");
    const before = this.#pending?.value;
    this.#pending = { work, value };
    work.written.add(this);
    if (before !== undefined) this.#watcher.settled(value, before);
  }

  settle(kept: boolean): void {
    const { work, value } = this.#pending!;
    const before = this.#committed;
    this.#pending = null;
    if (kept) this.#committed = value;
    this.#watcher.settled(this.#committed, kept ? before : value);
    if (this.#committed === undefined && this.lock.isOnlyOf(work)) this.#watcher.emptied();
  }
}

export class Table<R> {
  readonly name: string;
  readonly #shape: TableShape<R>;
  readonly #rows = new Map<string, Cell<R>>();
  readonly #unique: readonly { readonly name: string; readonly keyOf: (row: R) => string | null; readonly keys: Keys }[];
  readonly #groups: ReadonlyMap<string, Group<R>>;
  readonly #ordered: ReadonlyMap<string, Ordered<R>>;
  readonly #listeners: ((row: R) => void)[] = [];

  constructor(shape: TableShape<R>) {
    this.name = shape.name;
    this.#shape = shape;
    this.#unique = Object.entries(shape.unique ?? {}).map(([name, keyOf]) => ({ name, keyOf, keys: new Map() as Keys }));
    this.#groups = new Map(
      Object.entries(shape.groups ?? {}).map(([name, keysOf]) => [name, { keysOf, members: new Map(), made: new Map() }]),
    );
    this.#ordered = new Map(
      Object.entries(shape.ordered ?? {}).map(([name, { of, by }]) => [name, { name, of, by, index: new OrderedIndex() }]),
    );
  }

  /** Told of every row that comes, goes or is another when a transaction ends: as it was, and as it is. */
  whenChanged(listener: (row: R) => void): void {
    this.#listeners.push(listener);
  }

  find(work: Work | null, key: string): R | undefined {
    return this.#rows.get(key)?.seenBy(work);
  }

  /** By the key of a unique index. */
  findBy(work: Work | null, index: string, key: string): R | undefined {
    const found = this.#unique
      .find(({ name }) => name === index)!
      .keys.get(key)
      ?.seenBy(work);
    return found === undefined ? undefined : this.find(work, found);
  }

  /** In the order in which they were first written. */
  all(work: Work | null): R[] {
    return this.#seen(work, this.#rows.keys());
  }

  /**
   * What `maker` says of a group's rows. Of committed ones it is asked once, until what is committed of the group changes: so it must be
   * one of the module's own functions, and say the same of the same rows. A transaction that wrote nothing here sees those as well.
   */
  made<T>(work: Work | null, group: string, key: string, maker: (rows: () => R[]) => T): T {
    if (work?.wroteIn.has(this) === true) return maker(() => this.in(work, group, key));
    const { made } = this.#groups.get(group)!;
    let ofKey = made.get(key);
    if (ofKey === undefined) made.set(key, (ofKey = new Map()));
    if (!ofKey.has(maker))
      ofKey.set(
        maker,
        maker(() => this.in(null, group, key)),
      );
    return ofKey.get(maker) as T;
  }

  in(work: Work | null, group: string, key: string): R[] {
    const { keysOf, members } = this.#groups.get(group)!;
    return this.#seen(work, members.get(key) ?? []).filter((row) => isIn(keysOf(row), key));
  }

  /** Rows of a group in their order, from a place on, itself among them. To be read before anything is awaited. */
  *upwards(work: Work | null, index: string, group: string, from?: By): Generator<R, undefined> {
    const { of, index: sorted } = this.#ordered.get(index)!;
    for (const key of sorted.upwards(group, from)) {
      const row = this.find(work, key);
      if (row !== undefined && isIn(of(row), group)) yield row;
    }
  }

  /** As upwards, from a place back. */
  *downwards(work: Work | null, index: string, group: string, from?: By): Generator<R, undefined> {
    const { of, index: sorted } = this.#ordered.get(index)!;
    for (const key of sorted.downwards(group, from)) {
      const row = this.find(work, key);
      if (row !== undefined && isIn(of(row), group)) yield row;
    }
  }

  /** The row as it stands once the lock is ours. What nobody else can see yet is not waited for: undefined. */
  async lock(work: Work, key: string, mode: LockMode = "no-key-update"): Promise<R | undefined> {
    const cell = this.#rows.get(key);
    if (cell?.seenBy(work) === undefined) return undefined;
    await cell.lock.acquire(work, mode);
    return cell.seenBy(work);
  }

  /** Locks each in this order; those that are gone, or do not fit any more by then, are left out. */
  async lockAll(work: Work, rows: readonly R[], fits: (row: R) => boolean, mode?: LockMode): Promise<R[]> {
    const locked: R[] = [];
    for (const row of rows) {
      const now = await this.lock(work, this.#shape.keyOf(row), mode);
      if (now !== undefined && fits(now)) locked.push(now);
    }
    return locked;
  }

  /** The row must stay as long as this transaction lasts; refused when there is none. */
  async mustExist(work: Work, key: string, constraint: string): Promise<void> {
    if ((await this.lock(work, key, "key-share")) === undefined)
      throw new ConstraintViolated(constraint, "names a row that is not there");
  }

  /** The name of the index that holds its key already, or null when it was put in. Waits for whoever is taking a key right now. */
  async insert(work: Work, row: R): Promise<string | null> {
    this.#shape.check?.(row);
    const key = this.#shape.keyOf(row);
    if (this.find(work, key) !== undefined) return `${this.name}_pkey`;
    const cell = this.#cell(key);
    await cell.lock.acquire(work, "update");
    if (cell.seenBy(work) !== undefined) {
      cell.lock.release(work); // another's row is in the way: it was waited for, and is not ours to hold
      return `${this.name}_pkey`;
    }
    const taken = await this.#takeKeys(work, key, row);
    if (taken !== null) return taken;
    this.#write(work, cell, key, row);
    return null;
  }

  /** As insert, for those to whom a key in the way is a mistake. */
  async add(work: Work, row: R): Promise<void> {
    const taken = await this.insert(work, row);
    if (taken !== null) throw new ConstraintViolated(taken, "holds this key already");
  }

  /** The row's lock must be ours. */
  async update(work: Work, row: R): Promise<void> {
    this.#shape.check?.(row);
    const key = this.#shape.keyOf(row);
    const taken = await this.#takeKeys(work, key, row);
    if (taken !== null) throw new ConstraintViolated(taken, "holds this key already");
    this.#write(work, this.#cell(key), key, row);
  }

  /** Puts it in, or changes what is there; a null from `change` leaves it. */
  async upsert(work: Work, key: string, change: (row: R | undefined) => R | null): Promise<void> {
    const cell = this.#cell(key);
    await cell.lock.acquire(work, cell.seenBy(work) === undefined ? "update" : "no-key-update");
    const next = change(cell.seenBy(work));
    if (next !== null) await this.update(work, next);
  }

  /** The row's lock must be ours. */
  remove(work: Work, row: R): void {
    const key = this.#shape.keyOf(row);
    for (const { keyOf, keys } of this.#unique) {
      const held = keyOf(row);
      if (held !== null) keys.get(held)!.write(work, undefined);
    }
    this.#cell(key).write(work, undefined);
    work.wroteIn.add(this);
  }

  /** Locks it, with the keys that unique indexes hold for it, and takes it out. */
  async drop(work: Work, row: R): Promise<void> {
    const now = await this.lock(work, this.#shape.keyOf(row), "update");
    if (now === undefined) return;
    for (const { keyOf, keys } of this.#unique) {
      const held = keyOf(now);
      if (held !== null) await cellOf(keys, held).lock.acquire(work, "update");
    }
    this.remove(work, now);
  }

  async #takeKeys(work: Work, key: string, row: R): Promise<string | null> {
    const before = this.find(work, key);
    for (const { name, keyOf, keys } of this.#unique) {
      const [from, to] = [before === undefined ? null : keyOf(before), keyOf(row)];
      if (from === to) continue;
      for (const each of [from, to]) if (each !== null) await cellOf(keys, each).lock.acquire(work, "update");
      if (to !== null && ![undefined, key].includes(cellOf(keys, to).seenBy(work))) {
        cellOf(keys, to).lock.release(work);
        return name;
      }
      if (from !== null) cellOf(keys, from).write(work, undefined);
      if (to !== null) cellOf(keys, to).write(work, key);
    }
    return null;
  }

  #write(work: Work, cell: Cell<R>, key: string, row: R): void {
    for (const version of [cell.seenBy(null), cell.seenBy(work)]) if (version !== undefined) this.#mustStay(version, row);
    cell.write(work, row);
    work.wroteIn.add(this);
    for (const { keysOf, members } of this.#groups.values())
      for (const group of listed(keysOf(row))) {
        const all = members.get(group);
        if (all === undefined) members.set(group, new Set([key]));
        else all.add(key);
      }
    for (const { of, by, index } of this.#ordered.values()) for (const group of listed(of(row))) index.put(group, by(row), key);
  }

  #mustStay(before: R, row: R): void {
    for (const { name, of, by } of this.#ordered.values())
      if (of(before) !== null && of(row) !== null && by(before) !== by(row))
        throw new Error(`a row of ${this.name} moves in the order "${name}": a mistake of ours`);
  }

  #cell(key: string): Cell<R> {
    let cell = this.#rows.get(key);
    if (cell === undefined) {
      cell = new Cell<R>({
        settled: (now, forgotten) => this.#regroup(key, now, forgotten),
        emptied: () => this.#rows.delete(key),
      });
      this.#rows.set(key, cell);
    }
    return cell;
  }

  /** Groups hold whoever may be in them; here those leave that no version is in any more. */
  #regroup(key: string, now: R | undefined, forgotten: R | undefined): void {
    for (const listener of this.#listeners) for (const row of [now, forgotten]) if (row !== undefined) listener(row);
    for (const { keysOf, made } of this.#groups.values())
      if (made.size > 0)
        for (const row of [now, forgotten]) if (row !== undefined) for (const group of listed(keysOf(row))) made.delete(group);
    if (forgotten === undefined) return;
    const committed = this.find(null, key);
    const left = (of: (row: R) => Keyed): readonly string[] => {
      const [before, after, stood] = [
        of(forgotten),
        now === undefined ? null : of(now),
        committed === undefined ? null : of(committed),
      ];
      if (before === null || before === after) return NONE; // as most do, it stays where it was
      return listed(before).filter((group) => !isIn(after, group) && !isIn(stood, group));
    };
    for (const { keysOf, members } of this.#groups.values())
      for (const group of left(keysOf)) {
        members.get(group)?.delete(key);
        if (members.get(group)?.size === 0) members.delete(group);
      }
    for (const { of, by, index } of this.#ordered.values()) for (const group of left(of)) index.leave(group, by(forgotten), key);
  }

  #seen(work: Work | null, keys: Iterable<string>): R[] {
    const rows: R[] = [];
    for (const key of keys) {
      const row = this.#rows.get(key)?.seenBy(work);
      if (row !== undefined) rows.push(row);
    }
    return rows;
  }
}

type Keys = Map<string, Cell<string>>;
interface Group<R> {
  readonly keysOf: (row: R) => Keyed;
  readonly members: Map<string, Set<string>>;
  /** What was said of the committed rows, by key and by who said it. */
  readonly made: Map<string, Map<unknown, unknown>>;
}
interface Ordered<R> extends Ordering<R> {
  readonly name: string;
  readonly index: OrderedIndex;
}

const NONE: readonly string[] = [];
const listed = (keys: Keyed): readonly string[] => (keys === null ? [] : typeof keys === "string" ? [keys] : keys);
const isIn = (keys: Keyed, key: string): boolean =>
  keys === key || (keys !== null && typeof keys !== "string" && keys.includes(key));

function cellOf(keys: Keys, key: string): Cell<string> {
  let cell = keys.get(key);
  if (cell === undefined) {
    cell = new Cell<string>({ settled: () => undefined, emptied: () => keys.delete(key) });
    keys.set(key, cell);
  }
  return cell;
}
