/**
 * Rows of a group in an order, as an index of a database keeps them: found by halving, read upwards or downwards from anywhere, and left
 * as soon as the reader has what he looked for. However long a group grows, its newest row is as near as on the first day.
 *
 * Most rows come behind all that are there, and are put at the end without looking. Knows keys only: which versions of a row there are,
 * and who sees which, is the table's to say.
 */

/** Where a row stands: of one index all are text, or all are numbers. */
export type By = string | number;

interface Entry {
  readonly by: By;
  readonly key: string;
}

/** Rows that stand at the same place are in the order of their keys. */
const isBefore = (a: Entry, b: Entry): boolean => a.by < b.by || (a.by === b.by && a.key < b.key);

export class OrderedIndex {
  readonly #groups = new Map<string, Entry[]>();

  /** Said twice it is there once. */
  put(group: string, by: By, key: string): void {
    const entry = { by, key };
    const sorted = this.#groups.get(group);
    if (sorted === undefined) return void this.#groups.set(group, [entry]);
    if (isBefore(sorted.at(-1)!, entry)) return void sorted.push(entry);
    const place = placeOf(sorted, (one) => isBefore(one, entry));
    if (sorted[place]!.key !== key || sorted[place]!.by !== by) sorted.splice(place, 0, entry);
  }

  leave(group: string, by: By, key: string): void {
    const sorted = this.#groups.get(group);
    if (sorted === undefined) return;
    const entry = { by, key };
    const place = placeOf(sorted, (one) => isBefore(one, entry));
    if (sorted[place]?.key !== key || sorted[place].by !== by) return;
    if (sorted.length === 1) this.#groups.delete(group);
    else sorted.splice(place, 1);
  }

  /** Keys from this place on, itself among them. */
  *upwards(group: string, from?: By): Generator<string, undefined> {
    const sorted = this.#groups.get(group) ?? [];
    const first = from === undefined ? 0 : placeOf(sorted, ({ by }) => by < from);
    for (let place = first; place < sorted.length; place += 1) yield sorted[place]!.key;
  }

  /** Keys from this place back, itself among them. */
  *downwards(group: string, from?: By): Generator<string, undefined> {
    const sorted = this.#groups.get(group) ?? [];
    const end = from === undefined ? sorted.length : placeOf(sorted, ({ by }) => by <= from);
    for (let place = end - 1; place >= 0; place -= 1) yield sorted[place]!.key;
  }
}

/** How many stand in front, of a list in which all that do come first. */
function placeOf(sorted: readonly Entry[], isInFront: (entry: Entry) => boolean): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (isInFront(sorted[middle]!)) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** The first that fits; nothing behind it is looked at. */
export function firstOf<R>(rows: Iterable<R>, fits: (row: R) => boolean): R | undefined {
  for (const row of rows) if (fits(row)) return row;
  return undefined;
}

/** Those up to the first that does not. */
export function whilst<R>(rows: Iterable<R>, holds: (row: R) => boolean): R[] {
  const taken: R[] = [];
  for (const row of rows) {
    if (!holds(row)) break;
    taken.push(row);
  }
  return taken;
}
