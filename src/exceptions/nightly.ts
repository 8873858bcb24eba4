/**
 * The comparison of every night. Each meter is due once a day at the site's hour; which were done is kept with the meters, so
 * that a gateway that was down at that hour, or a line that changed hands, loses no night. A meter that could not be compared is
 * tried again every half hour until it can.
 */
import { later, minutes, wallClock, type Clock, type Instant } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { Rounds } from "../kernel/rounds.ts";
import type { Street } from "../devices/meter.ts";
import type { Comparison } from "./comparison.ts";
import type { ComparisonStore, MeterToCompare } from "./comparison-store.ts";
import { GATEWAY } from "./item.ts";

const LOOK_EVERY_MS = minutes(1);
const TRY_AGAIN_MS = minutes(30);
const DAY_MINUTES = 24 * 60;

/** Pure: the last time that it was this minute of the day in the zone, to the minute. */
export function lastAt(minute: number, now: Instant, timeZone: string): Instant {
  const { hour, minute: past, second } = wallClock(now, timeZone);
  const since = (hour * 60 + past - minute + DAY_MINUTES) % DAY_MINUTES;
  return later(now, -(minutes(since) + second * 1_000));
}

export interface NightlyParts {
  readonly comparison: Comparison;
  readonly store: ComparisonStore;
  readonly street: Street;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeZone: string;
  /** Minute of the day; null: only when somebody asks. */
  readonly at: number | null;
}

export class Nightly {
  readonly #parts: NightlyParts;
  readonly #rounds: Rounds;
  readonly #triedAt = new Map<MeterAddress, Instant>();
  #startedAt: Instant | null = null;
  /** For which night the books were added up. */
  #summedFor: Instant | null = null;

  constructor(parts: NightlyParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#rounds = new Rounds({
      ...{ clock, log, everyMs: LOOK_EVERY_MS, work: () => this.#round() },
      failed: "the nightly comparison failed; it is tried again",
    });
  }

  start(): void {
    this.#startedAt = this.#parts.clock.now();
    if (this.#parts.at !== null) this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async #round(): Promise<void> {
    const { at, clock, timeZone } = this.#parts;
    if (at !== null) await this.#compareDue(lastAt(at, clock.now(), timeZone));
  }

  async #compareDue(night: Instant): Promise<void> {
    // a gateway that has just started has missed no night of meters that nobody ever compared
    const isFirstNight = this.#startedAt !== null && night < this.#startedAt;
    const due = (await this.#parts.store.meters()).filter((meter) => this.#isDue(meter, night, isFirstNight));
    if (due.length === 0) return;
    const now = this.#parts.clock.now();
    for (const { meter } of due) this.#triedAt.set(meter, now);
    // the books once a night, and not again with each meter that was silent before
    const withSums = this.#summedFor === null || Math.abs(night - this.#summedFor) >= minutes(1);
    const { done } = await this.#parts.comparison.begin(GATEWAY, new Set(due.map(({ meter }) => meter)), withSums);
    this.#summedFor = night;
    await done;
  }

  #isDue({ meter, account, comparedAt }: MeterToCompare, night: Instant, isFirstNight: boolean): boolean {
    if (account === null || this.#parts.street.isOurs?.(meter) === false) return false;
    if (comparedAt === null ? isFirstNight : comparedAt >= night) return false;
    const tried = this.#triedAt.get(meter);
    return tried === undefined || tried < night || Math.abs(this.#parts.clock.now() - tried) >= TRY_AGAIN_MS;
  }
}
