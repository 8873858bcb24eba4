/**
 * A number of places, in the order of coming, and nobody waits for ever. Transactions have fewer of them than there are connections:
 * what is said inside a transaction without its token needs a connection of its own, and when every connection belongs to a transaction
 * that waits for one more, all of them stand still.
 */
import type { Clock } from "../kernel/clock.ts";

export class Turns {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  #free: number;

  constructor(places: number, clock: Clock) {
    this.#free = places;
    this.#clock = clock;
  }

  /** The function that gives the place back; null: none became free in time. */
  async take(waitMsMax: number): Promise<(() => void) | null> {
    if (this.#free > 0) {
      this.#free -= 1;
      return this.#place();
    }
    const given = new AbortController();
    const mine = (): void => given.abort("a place is free");
    this.#waiting.add(mine);
    await this.#clock.wait(waitMsMax, given.signal);
    // whoever gives a place away takes us from the line first, so it is ours also when the time ran out in that moment
    if (given.signal.aborted) return this.#place();
    this.#waiting.delete(mine);
    return null;
  }

  #place(): () => void {
    let isMine = true;
    return () => {
      if (!isMine) return;
      isMine = false;
      const next = this.#waiting.values().next();
      if (next.done === true) {
        this.#free += 1;
        return;
      }
      this.#waiting.delete(next.value);
      next.value();
    };
  }
}
