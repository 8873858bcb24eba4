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
import type { Table, Work } from "./table.ts";
import { pair, type AttemptRow, type Books, type DecisionRow, type IntentRow, type ReadingRow } from "./tables.ts";

type MeterEventRow = ReturnType<Books["meterEvents"]["all"]>[number];

interface Old {
  readonly readings?: readonly ReadingRow[];
  readonly attempts?: readonly AttemptRow[];
  readonly intents?: readonly IntentRow[];
  readonly decisions?: readonly DecisionRow[];
  readonly meterEvents?: readonly MeterEventRow[];
}

const momentsOf = {
  readings: ({ readings }, on) => readings.all(on).map(({ reading }) => reading.takenAt),
  attempts: ({ attempts }, on) => attempts.all(on).map(({ attempt }) => attempt.at),
  intents: ({ intents }, on) => intents.all(on).map(({ at }) => at),
  decisions: ({ decisions }, on) => decisions.all(on).map(({ decision }) => decision.at),
  meterEvents: ({ meterEvents }, on) => meterEvents.all(on).map(({ readAt }) => readAt),
} as const satisfies Record<string, (books: Books, on: Work | null) => readonly Instant[]>;
const MOMENTS: Record<KindName, (books: Books, on: Work | null) => readonly Instant[]> = {
  "readings-daily": momentsOf.readings,
  "readings-gone": momentsOf.readings,
  frames: momentsOf.attempts,
  "intents-changes": momentsOf.intents,
  "intents-gone": momentsOf.intents,
  "decisions-changes": momentsOf.decisions,
  "decisions-gone": momentsOf.decisions,
  "meter-events": momentsOf.meterEvents,
};

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
    return this.#db.look(null, (on) => {
      const moments = MOMENTS[kind](this.#db.books, on);
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
    const { readings, attempts, intents, decisions, meterEvents } = this.#db.books;
    return this.#db.statement(null, async (on) => {
      const old = this.#old(on, batch);
      const thinned = (Object.values(old) as readonly (readonly unknown[])[]).reduce((sum, rows) => sum + rows.length, 0);
      if (now === null) return { thinned, next: null };
      await remove(on, readings, old.readings);
      await remove(on, intents, old.intents);
      await remove(on, decisions, old.decisions);
      await remove(on, meterEvents, old.meterEvents);
      for (const row of await attempts.lockAll(on, old.attempts ?? [], () => true))
        await attempts.update(on, { ...row, attempt: { ...row.attempt, frames: [], thinnedAt: now } });
      return { thinned, next: null };
    });
  }

  #old(on: Work, { kind, from, to }: Pick<Batch, "kind" | "from" | "to">): Old {
    const { readings, attempts, intents, latest, commands, decisions, meterEvents } = this.#db.books;
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
    if (kind === "meter-events") return { meterEvents: meterEvents.all(on).filter(({ readAt }) => isIn(readAt)) };
    if (kind === "decisions-changes" || kind === "decisions-gone")
      return {
        decisions: repeated(
          decisions.all(on),
          kind === "decisions-gone" ? null : sameDecision,
          ({ decision }) => decision.account,
        ).filter(({ decision }) => isIn(decision.at) && decision.command === null),
      };
    return {
      intents: repeated(intents.all(on), kind === "intents-gone" ? null : sameWish, ({ meter }) => meter).filter(({ at }) =>
        isIn(at),
      ),
    };
  }
}

async function remove<R>(on: Work, table: Table<R>, rows: readonly R[] = []): Promise<void> {
  for (const row of await table.lockAll(on, [...rows], () => true, "update")) table.remove(on, row);
}

/** Those that say the same as the one before of the same; or, where nothing is compared, all that have a later one. */
function repeated<R extends { readonly id: number }>(
  rows: readonly R[],
  same: ((a: R, b: R) => boolean) | null,
  of: (row: R) => string,
): R[] {
  return [...Map.groupBy(rows, of).values()].flatMap((all) => {
    const inOrder = all.sort((a, b) => a.id - b.id);
    return inOrder.filter((row, n) => (same === null ? n < inOrder.length - 1 : n > 0 && same(inOrder[n - 1]!, row)));
  });
}

const sameDecision = ({ decision: a }: DecisionRow, { decision: b }: DecisionRow): boolean =>
  (["meter", "stage", "want", "because", "shadow"] as const).every((field) => a[field] === b[field]);

const sameWish = (a: IntentRow, b: IntentRow): boolean =>
  a.intent.want === b.intent.want && a.intent.because === b.intent.because && a.shadow === b.shadow;

/** The one that is left of a day: believed, the meter's own midnight, the last. */
function worthFirst(a: ReadingRow, b: ReadingRow): number {
  const rank = ({ suspect, reading }: ReadingRow): number => (suspect === null ? 2 : 0) + (reading.source === "freeze" ? 1 : 0);
  return rank(b) - rank(a) || b.reading.takenAt - a.reading.takenAt || b.id - a.id;
}
