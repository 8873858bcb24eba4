/** Old rows in memory. There are no months here, and no exceptions that would name a reading: nothing else is other than on PostgreSQL. */
import { Instant } from "../../kernel/clock.ts";
import {
  KINDS_WITHOUT_MONEY,
  SOURCES_KEPT,
  type Batch,
  type KindName,
  type Months,
  type RetentionStore,
  type Thinned,
} from "../../retention/retention-store.ts";
import type { InMemoryDatabase } from "./database.ts";
import type { Work } from "./table.ts";
import { pair, type AttemptRow, type IntentRow, type ReadingRow } from "./tables.ts";

interface Old {
  readonly readings?: readonly ReadingRow[];
  readonly attempts?: readonly AttemptRow[];
  readonly intents?: readonly IntentRow[];
}

export class InMemoryRetentionStore implements RetentionStore {
  readonly #db: InMemoryDatabase;
  readonly #done = new Map<KindName, Instant>();

  constructor(db: InMemoryDatabase) {
    this.#db = db;
  }

  makeMonths(): Promise<Months> {
    return Promise.resolve({ made: 0, moved: 0, beside: 0 });
  }

  daysRead(days: readonly { readonly from: Instant; readonly to: Instant }[]): Promise<number> {
    return this.#db.look(null, (on) => {
      const taken = this.#db.books.readings.all(on).map(({ reading }) => reading.takenAt);
      return days.filter(({ from, to }) => taken.some((at) => at >= from && at < to)).length;
    });
  }

  doneTo(kind: KindName): Promise<Instant | null> {
    return Promise.resolve(this.#done.get(kind) ?? null);
  }

  oldest(kind: KindName): Promise<Instant | null> {
    const { readings, attempts, intents } = this.#db.books;
    return this.#db.look(null, (on) => {
      const moments = kind.startsWith("readings")
        ? readings.all(on).map(({ reading }) => reading.takenAt)
        : kind === "frames"
          ? attempts.all(on).map(({ attempt }) => attempt.at)
          : intents.all(on).map(({ at }) => at);
      return moments.length === 0 ? null : moments.reduce((a, b) => (a < b ? a : b));
    });
  }

  markDone(kind: KindName, to: Instant): Promise<void> {
    this.#done.set(kind, Instant(Math.max(to, this.#done.get(kind) ?? to)));
    return Promise.resolve();
  }

  setBack(kind: KindName, to: Instant): Promise<void> {
    const done = this.#done.get(kind);
    if (done !== undefined && done > to) this.#done.set(kind, to);
    return Promise.resolve();
  }

  /** All of it at once: nothing waits for us here. */
  async thin({ now, ...batch }: Batch): Promise<Thinned> {
    const { readings, attempts, intents } = this.#db.books;
    return this.#db.statement(null, async (on) => {
      const old = this.#old(on, batch);
      const thinned = [old.readings, old.attempts, old.intents].reduce((sum, rows) => sum + (rows?.length ?? 0), 0);
      if (now === null) return { thinned, next: null };
      for (const row of old.readings ?? []) if (await readings.lock(on, String(row.id), "update")) readings.remove(on, row);
      for (const row of old.intents ?? []) if (await intents.lock(on, String(row.id), "update")) intents.remove(on, row);
      for (const row of await attempts.lockAll(on, old.attempts ?? [], () => true))
        await attempts.update(on, { ...row, attempt: { ...row.attempt, frames: [], thinnedAt: now } });
      return { thinned, next: null };
    });
  }

  #old(on: Work, { kind, from, to }: Pick<Batch, "kind" | "from" | "to">): Old {
    const { readings, attempts, intents, latest, commands } = this.#db.books;
    const isIn = (at: Instant): boolean => at >= from && at < to;
    if (kind === "frames")
      return {
        attempts: attempts.all(on).filter(({ command: id, attempt }) => {
          const { command } = commands.find(on, id)!;
          const isMoney = command.effect === "adds" || command.payment !== null || !KINDS_WITHOUT_MONEY.includes(command.kind);
          return isIn(attempt.at) && attempt.frames.length > 0 && command.endedAt !== null && !isMoney;
        }),
      };
    if (kind === "readings-daily" || kind === "readings-gone") {
      const days = Map.groupBy(
        readings
          .all(on)
          .filter(({ reading }) => isIn(reading.takenAt) && latest.find(on, pair(reading.meter, reading.item)) !== undefined),
        ({ reading }) => pair(reading.meter, reading.item),
      );
      const kept = kind === "readings-daily" ? 1 : 0;
      return {
        readings: [...days.values()]
          .flatMap((rows) => rows.sort(worthFirst).slice(kept))
          .filter(({ reading }) => !SOURCES_KEPT.includes(reading.source)),
      };
    }
    const all = intents.all(on).sort((a, b) => a.id - b.id);
    return {
      intents: all.filter((row, index) => {
        if (!isIn(row.at)) return false;
        if (kind === "intents-gone") return all.some(({ meter, id }) => meter === row.meter && id > row.id);
        const before = all.slice(0, index).findLast(({ meter }) => meter === row.meter);
        return before !== undefined && sameWish(before, row);
      }),
    };
  }
}

const sameWish = (a: IntentRow, b: IntentRow): boolean =>
  a.intent.want === b.intent.want && a.intent.because === b.intent.because && a.shadow === b.shadow;

/** The one that is left of a day: believed, the meter's own midnight, the last. */
function worthFirst(a: ReadingRow, b: ReadingRow): number {
  const rank = ({ suspect, reading }: ReadingRow): number => (suspect === null ? 2 : 0) + (reading.source === "freeze" ? 1 : 0);
  return rank(b) - rank(a) || b.reading.takenAt - a.reading.takenAt || b.id - a.id;
}
