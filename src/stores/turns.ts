/**
 * A number of places, in the order of coming, and nobody waits for ever. Transactions have fewer of them than there are connections:
 * what is said inside a transaction without its token needs a connection of its own, and when every connection belongs to a transaction
 * that waits for one more, all of them stand still.
 *
 * Work in haste (kernel/haste.ts) has a line of its own, and two of three places that become free while both lines are waiting: a restore does
 * not stand behind a crowd of cuts, and a crowd of restores does not keep readings and leases from the books.
 */
import type { Clock } from "../kernel/clock.ts";
import { isInHaste } from "../kernel/haste.ts";

const HASTY_IN_A_ROW = 2;

export class Turns {
  readonly #clock: Clock;
  readonly #waiting = new Set<() => void>();
  readonly #hasty = new Set<() => void>();
  #free: number;
  #hastyInARow = 0;

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
    const line = isInHaste() ? this.#hasty : this.#waiting;
    const given = new AbortController();
    const mine = (): void => given.abort("a place is free");
    line.add(mine);
    await this.#clock.wait(waitMsMax, given.signal);
    // whoever gives a place away takes us from the line first, so it is ours also when the time ran out in that moment
    if (given.signal.aborted) return this.#place();
    line.delete(mine);
    return null;
  }

  #place(): () => void {
    let isMine = true;
    return () => {
      if (!isMine) return;
      isMine = false;
      const line = this.#lineThatIsNext();
      const next = line.values().next();
      if (next.done === true) {
        this.#free += 1;
        return;
      }
      line.delete(next.value);
      next.value();
    };
  }

  #lineThatIsNext(): Set<() => void> {
    const isHastyNext = this.#hasty.size > 0 && (this.#waiting.size === 0 || this.#hastyInARow < HASTY_IN_A_ROW);
    this.#hastyInARow = isHastyNext && this.#waiting.size > 0 ? this.#hastyInARow + 1 : 0;
    return isHastyNext ? this.#hasty : this.#waiting;
  }
}
