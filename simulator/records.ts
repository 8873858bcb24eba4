/**
 * The logbook of a meter: who programmed, cleared or set what, and when (0330xxNN). Ten records of a class are kept, newest
 * first, behind a count that goes on. Values are kept apart so that a long answer is cut between them.
 */
import { bcd } from "./bytes.ts";
import type { Keeps } from "./state/keeping.ts";

const RECORDS_MAX = 10;
export const NOBODY = new Uint8Array(4);

/** Class → how long a record is; before the first one everything reads zero. */
export const recordClasses = {
  /** Time, operator, ten data identifiers. */
  "033000": 50,
  /** Meter clear: time, operator, 24 energies before. */
  "033001": 106,
  /** Demand clear: time, operator, 24 demands with their times. */
  "033002": 202,
  /** Event clear: time, operator, what was cleared. */
  "033003": 14,
  /** Clock: operator, before, after. */
  "033004": 16,
  /** Slot tables: time, operator, all 16 before. */
  "033005": 682,
  /** Zone tables: time, operator, both before. */
  "033006": 94,
  /** Weekend: time, operator, slot table before. */
  "033007": 11,
  /** Holidays: time, operator, all 254 before. */
  "033008": 1_026,
  /** Combination words: time, operator, word before. */
  "033009": 11,
  "03300A": 11,
  "03300B": 11,
  /** Settlement days: time, operator, all three before. */
  "03300C": 16,
  /** Tariff prices: time, operator, second set before. */
  "03300F": 26,
  /** Steps: time, operator, second set before. */
  "033010": 74,
} as const satisfies Record<string, number>;
export type RecordClass = keyof typeof recordClasses;

/** The records of clearing are what a clearing leaves behind: nobody erases them. */
const KEPT: readonly string[] = ["033001", "033003"];

const isClass = (name: string): name is RecordClass => Object.hasOwn(recordClasses, name);

type Kept = Map<string, { count: number; records: (readonly Uint8Array[])[] }>;

export class Logbook {
  #kept: Kept | undefined;
  readonly #others: [string, () => void][] = [];

  add(name: RecordClass, values: readonly Uint8Array[]): void {
    this.#kept ??= new Map();
    const { count, records } = this.#kept.get(name) ?? { count: 0, records: [] };
    this.#kept.set(name, { count: count + 1, records: [values, ...records].slice(0, RECORDS_MAX) });
  }

  /** The values of 0330xx00 (count) or 0330xxNN (record); undefined: no such item. */
  read(di: string): readonly Uint8Array[] | undefined {
    const name = di.slice(0, 6);
    const age = Number.parseInt(di.slice(6), 16);
    if (!isClass(name) || age > RECORDS_MAX) return undefined;
    const kept = this.#kept?.get(name);
    if (age === 0) return [bcd(kept?.count ?? 0, 3)];
    return kept?.records[age - 1] ?? [new Uint8Array(recordClasses[name])];
  }

  get keeps(): Keeps {
    return {
      keptAs: "logbook",
      save: () => ({ kept: this.#kept }),
      load: ({ kept }: { kept: Kept | undefined }) => void (this.#kept = kept),
    };
  }

  /** Events that are kept elsewhere and cleared from here: a class of six digits, or how it begins. */
  alsoClears(prefix: string, clear: () => void): void {
    this.#others.push([prefix, clear]);
  }

  /** FFFFFFFF: every event; a class with FF behind it: that class. False: no such class, or one that is never erased. */
  clear(di: string): boolean {
    const all = di === "FFFFFFFF";
    const name = di.slice(0, 6);
    if (!all && (!di.endsWith("FF") || KEPT.includes(name))) return false;
    const others = this.#others.filter(([prefix]) => all || name.startsWith(prefix));
    for (const [, clear] of others) clear();
    for (const kept of [...(this.#kept?.keys() ?? [])])
      if (!KEPT.includes(kept) && (all || kept === name)) this.#kept?.delete(kept);
    return all || isClass(name) || others.length > 0;
  }
}
