/**
 * Lets old rows go, every night from the site's hour on, the oldest day first. It is never in a hurry: a batch is made as large as fits
 * into a moment, and after each it rests nineteen times as long as that took, so that it has a twentieth of the time and no more.
 *
 * It looks at the clock with suspicion, because a clock that stands ten years ahead would have it throw everything away: unless on most of
 * the last days something was read, it makes its months and touches nothing. A clock that has stood wrong for a week has read enough: so
 * of no kind it goes further at once than a month, unless a person has said up to which day.
 */
import { dayOf, Instant, minutes, seconds, wallClock, type Clock, type Elapsed } from "../kernel/clock.ts";
import { isFault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { startOfDay } from "../ledger/period.ts";
import { BATCH_MS_MAX, dueTo, mayGo, SIZE, sizeAfter } from "./due.ts";
import { kindNames, type Batch, type KindName, type Months, type RetentionStore, type Thinned } from "./retention-store.ts";
import type { Retention } from "./site.ts";

/** Of the time, at most this. */
const SHARE = 0.05;
/** Nobody is asked about the day before yesterday's night before this minute of the day; after it the night's comparison is mostly done. */
const BEGINS_AT_MINUTE = 4 * 60;
const LOOK_EVERY_MS = minutes(10);
const REST_AFTER_TROUBLE_MS = seconds(30);
const DAYS_LOOKED_AT = 7;
const DAYS_READ_MIN = 5;

export interface RetentionParts {
  readonly store: RetentionStore;
  readonly site: Retention;
  readonly timeZone: string;
  readonly clock: Clock;
  readonly elapsed: Elapsed;
  readonly log: Logger;
}

interface Due {
  readonly kind: KindName;
  readonly from: Instant;
  readonly until: Instant;
  /** It was thinned before. */
  readonly isMarked: boolean;
}

export interface RetentionPicture {
  readonly thinned: Readonly<Record<KindName, number>>;
  readonly workedMs: number;
  readonly longestMs: number;
  readonly months: Months;
  /** So many kinds wait for a person's word. */
  readonly waiting: number;
}

export class RetentionKeeper {
  readonly #parts: RetentionParts;
  readonly #stop = new AbortController();
  readonly #thinned = Object.fromEntries(kindNames.map((kind) => [kind, 0])) as Record<KindName, number>;
  #months: Months = { made: 0, moved: 0, beside: 0 };
  #workedMs = 0;
  #longestMs = 0;
  #waiting = 0;
  #doneOn: string | null = null;
  #running: Promise<void> = Promise.resolve();

  constructor(parts: RetentionParts) {
    this.#parts = parts;
  }

  get picture(): RetentionPicture {
    return {
      ...{ thinned: { ...this.#thinned }, workedMs: this.#workedMs, longestMs: this.#longestMs },
      ...{ months: this.#months, waiting: this.#waiting },
    };
  }

  /** The months are made before anything is read: what has none would lie beside. */
  async start(): Promise<void> {
    await this.makeMonths();
    this.#running = this.#run();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  /** Trouble here is no reason not to start: rows without a month lie beside until the next look. */
  async makeMonths(): Promise<void> {
    const { store, site, clock, log } = this.#parts;
    try {
      this.#months = await store.makeMonths(clock.now(), site);
      if (this.#months.moved > 0) log.info({ ...this.#months }, "readings that lay beside have their months now");
      if (this.#months.beside > 0)
        log.warn({ rows: this.#months.beside }, "readings lie beside every month: their moments cannot be, look at clocks");
    } catch (error) {
      log.warn({ reason: reasonOf(error) }, "the months of readings could not be made; it is tried again");
    }
  }

  /** Everything that is due now, to its end; answers how much went of each kind. */
  async thinDue(): Promise<Readonly<Record<KindName, number>>> {
    const { clock, log } = this.#parts;
    const now = clock.now();
    const before = { ...this.#thinned };
    const due = await this.#due(now);
    if (due.every(({ from, until }) => from === until)) return this.#since(before);
    if (await this.#isSureOfTheDay(now)) {
      const sure = [];
      for (const one of due) if (await this.#isSureOf(one, now)) sure.push(one);
      this.#waiting = due.length - sure.length;
      for (const { kind, from, until } of sure) await this.#thinKind(kind, from, until, now);
    } else if (due.some(({ from, until }) => from < until))
      log.warn({ now }, "nothing is thinned: on too few of the last days anything was read, and perhaps the clock stands wrong");
    const went = this.#since(before);
    if (Object.values(went).some((count) => count > 0))
      log.info(
        { ...went, workedMs: Math.round(this.#workedMs), longestMs: Math.round(this.#longestMs) },
        "old rows were thinned",
      );
    return went;
  }

  #since(before: Readonly<Record<KindName, number>>): Readonly<Record<KindName, number>> {
    return Object.fromEntries(kindNames.map((kind) => [kind, this.#thinned[kind] - before[kind]])) as Record<KindName, number>;
  }

  async #run(): Promise<void> {
    const { clock, timeZone, log } = this.#parts;
    while (await this.#waits(LOOK_EVERY_MS)) {
      const now = clock.now();
      const today = dayOf(now, timeZone);
      const { hour, minute } = wallClock(now, timeZone);
      if (this.#doneOn === today || hour * 60 + minute < BEGINS_AT_MINUTE) continue;
      await this.makeMonths();
      try {
        await this.thinDue();
        this.#doneOn = today;
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, "thinning was interrupted; it goes on where it was");
        await this.#waits(REST_AFTER_TROUBLE_MS);
      }
    }
  }

  /** False: it was told to stop meanwhile. */
  async #waits(ms: number): Promise<boolean> {
    await this.#parts.clock.wait(ms, this.#stop.signal);
    return !this.#stop.signal.aborted;
  }

  /** Where each kind stands, and where it should. Of a kind that has no rows yet there is nothing to say. */
  async #due(now: Instant): Promise<readonly Due[]> {
    const { store, site, timeZone } = this.#parts;
    const due: Due[] = [];
    for (const kind of kindNames) {
      const done = await store.doneTo(kind);
      const from = done ?? (await store.oldest(kind));
      const until = dueTo(kind, site, now, timeZone);
      if (from !== null) due.push({ kind, from: startOfDay(dayOf(from, timeZone), timeZone), until, isMarked: done !== null });
    }
    return due;
  }

  /** Notes where a kind begins, which is never after what is old now; and asks for a person where it is too much at once. */
  async #isSureOf({ kind, from, until, isMarked }: Due, now: Instant): Promise<boolean> {
    const { store, site, timeZone, log } = this.#parts;
    if (!isMarked) await store.markDone(kind, Instant(Math.min(from, until)), now); // the oldest row is looked for once
    if (isMarked && from > until) {
      await store.setBack(kind, until, now);
      log.warn(
        { kind, from, until },
        "it was noted that these rows were thinned further than they are old: a clock stood wrong, or the site file names more days now",
      );
    }
    if (mayGo(from, until, site, timeZone)) return true;
    log.warn(
      { kind, from, until },
      "these rows are not thinned: it would be more than a month at once, and perhaps the clock stands wrong; retention.goOnTo is a person's word",
    );
    return false;
  }

  async #isSureOfTheDay(now: Instant): Promise<boolean> {
    const { store, timeZone } = this.#parts;
    const today = dayOf(now, timeZone);
    const days = Array.from({ length: DAYS_LOOKED_AT }, (_, n) => ({
      from: startOfDay(today, timeZone, -n - 1),
      to: startOfDay(today, timeZone, -n),
    }));
    return (await store.daysRead(days)) >= DAYS_READ_MIN;
  }

  async #thinKind(kind: KindName, oldest: Instant, until: Instant, now: Instant): Promise<void> {
    const { store, timeZone, log } = this.#parts;
    let size: number = SIZE.first;
    for (let from = oldest; from < until;) {
      const to = startOfDay(dayOf(from, timeZone), timeZone, 1);
      const isEmpty = kind.startsWith("readings") && (await store.daysRead([{ from, to }])) === 0;
      for (let after: string | null = null; !isEmpty;) {
        if (this.#stop.signal.aborted) return;
        const batch = await this.#batch({ kind, from, to, after, size, now });
        if (batch === null) {
          log.info({ kind }, "another gateway thins these rows; they are left to it");
          return;
        }
        size = sizeAfter(size, batch.tookMs);
        if (batch.isDone) break;
        after = batch.next;
      }
      await store.markDone(kind, to, now);
      from = to;
    }
  }

  /** One that was broken off has changed nothing, and is done again, smaller. Null: another gateway is at it. */
  async #batch(
    batch: Batch,
  ): Promise<{ readonly isDone: boolean; readonly next: string | null; readonly tookMs: number } | null> {
    const { store, clock, elapsed } = this.#parts;
    const began = elapsed();
    let thinned: Thinned | "broken-off" | null = "broken-off";
    try {
      thinned = await store.thin(batch);
    } catch (error) {
      if (!isFault(error, "database-busy") || batch.size === SIZE.least) throw error;
    }
    const tookMs = elapsed() - began;
    if (thinned === null) return null;
    if (thinned !== "broken-off") this.#thinned[batch.kind] += thinned.thinned;
    this.#workedMs += tookMs;
    this.#longestMs = Math.max(this.#longestMs, tookMs);
    await clock.wait(tookMs * (1 / SHARE - 1), this.#stop.signal);
    if (thinned === "broken-off") return { isDone: false, next: batch.after, tookMs: Math.max(tookMs, BATCH_MS_MAX + 1) };
    return { isDone: thinned.next === null, next: thinned.next, tookMs };
  }
}
