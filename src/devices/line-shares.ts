/**
 * How much of a line's time was used, measured: the last hour of it, or what there was. Whoever looks hands in what the line has been
 * occupied for since the start; a look a minute is kept, so that looking often costs nothing.
 */
import { hours, minutes, type Clock, type Instant } from "../kernel/clock.ts";

const LOOK_EVERY_MS = minutes(1);
const SHOWN_MS = hours(1);

interface Look {
  readonly at: Instant;
  readonly occupiedMs: number;
}

export class LineShares {
  readonly #clock: Clock;
  readonly #looks = new Map<string, Look[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Null: the first look at this line. */
  share(line: string, occupiedMs: number): number | null {
    const now = this.#clock.now();
    const looks = this.#looks.get(line) ?? [];
    while (looks[1] !== undefined && now - looks[1].at >= SHOWN_MS) looks.shift(); // one stands for the hour's beginning
    const newest = looks.at(-1);
    const oldest = looks[0];
    // A clock that went back makes what was seen before worthless.
    if (newest === undefined || oldest === undefined || now < newest.at) {
      this.#looks.set(line, [{ at: now, occupiedMs }]);
      return null;
    }
    if (now - newest.at >= LOOK_EVERY_MS) looks.push({ at: now, occupiedMs });
    return now > oldest.at ? (occupiedMs - oldest.occupiedMs) / (now - oldest.at) : null;
  }
}
