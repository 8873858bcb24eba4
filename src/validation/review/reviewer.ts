/** Draws up a review list when somebody asks: rows of the books in, sorted rows out. Reads only. */
import { dayOf, type Clock } from "../../kernel/clock.ts";
import type { GateSettings } from "../limits.ts";
import { dayBefore } from "../typical.ts";
import { reviews, sorted, type ReviewList, type SortKey } from "./lists.ts";
import type { ReviewRow, ReviewStore } from "./sight.ts";

/** Four weeks that say what is usual, and the days that are judged. */
const DAYS_LOOKED_AT = 32;

export interface ReviewWish {
  readonly list: ReviewList;
  readonly sort: SortKey;
  readonly order: "asc" | "desc";
  readonly class?: string;
  readonly bus?: string;
}

export class Reviewer {
  readonly #parts: {
    readonly store: ReviewStore;
    readonly clock: Clock;
    readonly timeZone: string;
    readonly settings: GateSettings;
  };

  constructor(parts: {
    readonly store: ReviewStore;
    readonly clock: Clock;
    readonly timeZone: string;
    readonly settings: GateSettings;
  }) {
    this.#parts = parts;
  }

  async draw({ list, sort, order, class: kind, bus }: ReviewWish): Promise<readonly ReviewRow[]> {
    const { store, clock, timeZone, settings } = this.#parts;
    const now = clock.now();
    // a frozen meter's last good days lie before the days it stands still
    const back = list === "frozen" ? settings.frozenDays + DAYS_LOOKED_AT : DAYS_LOOKED_AT;
    // all of its kind are measured by, also where one bus is asked for
    const sights = await store.sights({
      daysSince: reviews[list].needsDays ? dayBefore(dayOf(now, timeZone), back) : null,
      ...(kind === undefined ? {} : { class: kind }),
    });
    const rows = reviews[list].of(sights, { now, settings }).filter((row) => bus === undefined || row.bus === bus);
    return sorted(rows, sort, order);
  }
}
