/**
 * Looks at the books every minute: opens the day that has begun, for every meter that hangs here, and tells the collector what is owed.
 * After a gateway was down, all days that began meanwhile are opened at once. Several gateways may do it side by side: a day is opened once.
 */
import { dayOf, hours, later, minutes, type Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { Rounds } from "../kernel/rounds.ts";
import type { CollectionStore } from "./collection-store.ts";
import type { Collector } from "./collector.ts";
import { dayAfter } from "./days.ts";
import { FREEZES_KEPT } from "./find-freeze.ts";
import type { CollectionSettings } from "./settings.ts";

const LOOK_EVERY_MS = minutes(1);
/** A meter that nobody reached within this after midnight is a gap, not a matter of minutes. */
const DUE_FOR_MS = hours(1);

export interface KeeperParts {
  readonly store: CollectionStore;
  readonly collector: Pick<Collector, "know">;
  readonly settings: CollectionSettings;
  readonly clock: Clock;
  readonly log: Logger;
  readonly timeZone: string;
  /** Left out: every minute. */
  readonly lookEveryMs?: number;
}

export class CollectionKeeper {
  readonly #parts: KeeperParts;
  readonly #rounds: Rounds;

  constructor(parts: KeeperParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#rounds = new Rounds({
      ...{ clock, log, everyMs: parts.lookEveryMs ?? LOOK_EVERY_MS, work: () => this.look() },
      failed: "what meters owe could not be looked at; it is looked at again",
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  /** One look. */
  async look(): Promise<void> {
    const { store, collector, settings, clock, timeZone } = this.#parts;
    const now = clock.now();
    const today = dayOf(now, timeZone);
    await store.open({
      today,
      missingTo: dayOf(later(now, -DUE_FOR_MS), timeZone),
      oldest: dayAfter(today, 1 - FREEZES_KEPT),
    });
    await store.collectEntries({ timeZone, withinMs: minutes(settings.nearMidnightMinutes), at: now });
    collector.know(await store.dues(today));
  }
}
