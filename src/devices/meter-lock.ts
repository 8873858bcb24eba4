/**
 * One session per meter at a time, because the proof of identity inside the meter is one: a second authentication would
 * pull the rug from under the first. Most urgent first, among equals in order of coming.
 */
import { Fault } from "../kernel/faults.ts";
import { ExchangeQueue } from "./exchange-queue.ts";
import type { Priority } from "./meter.ts";

const WAITING_MAX = 256;

export class MeterLock {
  readonly #waiting = new ExchangeQueue<(release: () => void) => void>(WAITING_MAX);
  #taken = false;

  /** The most urgent one that waits for this meter: whoever holds it is that urgent too. */
  get mostUrgentWaiting(): Priority | undefined {
    return this.#waiting.mostUrgent;
  }

  /** Resolves with what gives the meter back; calling that twice does no harm. */
  take(priority: Priority, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (!this.#taken) {
      this.#taken = true;
      return Promise.resolve(this.#release());
    }
    return new Promise((resolve, reject) => {
      const admit = (release: () => void) => {
        signal?.removeEventListener("abort", leave);
        resolve(release);
      };
      const leave = () => {
        if (this.#waiting.remove(admit))
          reject(signal?.reason instanceof Error ? signal.reason : new Error("the wait for the meter was given up"));
      };
      if (!this.#waiting.add(priority, admit)) {
        reject(new Fault("bus-queue-full", { waiting: WAITING_MAX }));
        return;
      }
      signal?.addEventListener("abort", leave, { once: true });
    });
  }

  #release(): () => void {
    let given = false;
    return () => {
      if (given) return;
      given = true;
      const next = this.#waiting.next();
      if (next === undefined) this.#taken = false;
      else next(this.#release());
    };
  }
}
