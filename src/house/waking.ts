/**
 * Whatever waited for meters that are heard again, or whose line opened, is looked at now. A line that opens or a meter that is heard
 * seldom comes alone, so those of one moment are told of together.
 */
import { seconds, type Clock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";

const WAKE_TOGETHER_MS = 5;
/** What a line's former holder had in hand is asked for again after this, when the database did not answer. */
const LOOK_AGAIN_MS = seconds(1);

export interface WakingParts {
  /** The world's: telling of several together is a matter of moments. */
  readonly clock: Clock;
  readonly log: Logger;
  /** Reads it soon. */
  readonly hurry: (meter: MeterAddress) => void;
  /** Commands that waited for these meters. */
  readonly wakeCommands: (meters: readonly MeterAddress[]) => Promise<void>;
  /** Every command of these buses is due. */
  readonly makeAllDue: (buses: readonly string[]) => Promise<unknown>;
  /** The rules look again. */
  readonly nudge: () => void;
}

export class Waking {
  readonly #parts: WakingParts;
  readonly #stopping = new AbortController();
  #woken: MeterAddress[] = [];

  constructor(parts: WakingParts) {
    this.#parts = parts;
  }

  async wake(opened: readonly MeterAddress[]): Promise<void> {
    const { clock, hurry, wakeCommands, nudge, log } = this.#parts;
    for (const meter of opened) hurry(meter);
    const isFirst = this.#woken.length === 0;
    this.#woken.push(...opened);
    if (!isFirst) return;
    await clock.wait(WAKE_TOGETHER_MS);
    const meters = this.#woken;
    this.#woken = [];
    try {
      await wakeCommands(meters);
    } catch (error) {
      log.warn(
        { meters: meters.length, reason: reasonOf(error) },
        "waiting commands could not be woken; the sweeper will find them",
      );
    }
    nudge();
  }

  /** Whoever had these lines is gone, and what he had in hand is looked at now. */
  async takeOver(buses: readonly string[]): Promise<void> {
    const { clock, makeAllDue, log } = this.#parts;
    while (!this.#stopping.signal.aborted) {
      try {
        await makeAllDue(buses);
        return;
      } catch (error) {
        log.warn({ lines: buses.length, reason: reasonOf(error) }, "commands of lines taken over cannot be looked at yet");
        await clock.wait(LOOK_AGAIN_MS, this.#stopping.signal);
      }
    }
  }

  stop(): Promise<void> {
    this.#stopping.abort();
    return Promise.resolve();
  }
}
