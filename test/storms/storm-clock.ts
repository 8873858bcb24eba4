/**
 * The world's time in a storm: it stands still while anybody has something to do, and jumps to the next moment somebody waits for.
 *
 * Rest is found without the event loop: a tick that was asked for from a microtask comes when all microtasks are through, and in a
 * storm nothing else goes on. That is what makes a virtual day cheap. Only for worlds joined by promises alone: whoever waits for a
 * socket, a disk or another process is overtaken.
 */
import { Instant, type Clock } from "../../src/kernel/clock.ts";

interface Sleeper {
  readonly at: number;
  readonly order: number;
  wake: (() => void) | undefined;
}

/** So often the event loop is let round: what was collected is tidied up there, and a signal to stop is heard. */
const TURNS_BETWEEN_BREATHS = 5_000;

export class StormClock implements Clock {
  #now: number;
  #made = 0;
  #turns = 0;
  readonly #heap: Sleeper[] = [];

  constructor(startAt: Instant) {
    this.#now = startAt;
  }

  /** In whole milliseconds: who waits for a part of one is woken with it, and need not ask again. */
  now(): Instant {
    return Instant(this.#now);
  }

  /** How many times somebody was woken. */
  get turns(): number {
    return this.#turns;
  }

  wait(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal?.aborted === true) {
        resolve();
        return;
      }
      const done = (): void => {
        sleeper.wake = undefined; // stays in the heap until its moment, and is passed over then
        signal?.removeEventListener("abort", done);
        resolve();
      };
      const sleeper: Sleeper = { at: this.#now + Math.max(0, Math.ceil(ms)), order: (this.#made += 1), wake: done };
      this.#push(sleeper);
      signal?.addEventListener("abort", done, { once: true });
    });
  }

  /** Lets so much time pass, moment by moment; earlier, if `isOver` says so. */
  pass(ms: number, isOver: () => boolean = () => false): Promise<void> {
    const until = this.#now + Math.ceil(ms);
    return new Promise((resolve, reject) => {
      const turn = (): void => {
        try {
          const next = isOver() ? undefined : this.#nextBy(until);
          if (next === undefined) {
            if (!isOver()) this.#now = until;
            resolve();
            return;
          }
          this.#now = Math.max(this.#now, next.at);
          this.#turns += 1;
          next.wake?.();
          atRest(turn, this.#turns % TURNS_BETWEEN_BREATHS === 0);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      atRest(turn, false);
    });
  }

  #nextBy(until: number): Sleeper | undefined {
    for (let first = this.#heap[0]; first !== undefined && first.at <= until; first = this.#heap[0]) {
      this.#pop();
      if (first.wake !== undefined) return first;
    }
    return undefined;
  }

  #push(sleeper: Sleeper): void {
    const heap = this.#heap;
    let at = heap.push(sleeper) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(sleeper, heap[above]!)) break;
      heap[at] = heap[above]!;
      at = above;
    }
    heap[at] = sleeper;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1]!, heap[below]!)) below += 1;
      if (!isBefore(heap[below]!, last)) break;
      heap[at] = heap[below]!;
      at = below;
    }
    heap[at] = last;
  }
}

const isBefore = (a: Sleeper, b: Sleeper): boolean => a.at < b.at || (a.at === b.at && a.order < b.order);

/** From within a microtask a tick comes after all of them; from within a tick it would come before. */
function atRest(then: () => void, breathe: boolean): void {
  if (breathe) setImmediate(() => queueMicrotask(() => process.nextTick(then)));
  else queueMicrotask(() => process.nextTick(then));
}
