/**
 * Where a queue's store is gone, full or frozen, a wake-up goes straight to its line's desk: a job says nothing but "look at this row",
 * and the lanes of a gateway wake nobody but itself. So trouble with the queue costs a moment and no command waits for it.
 *
 *     add ──► queue answers ──► a clerk of the lane ──► desk
 *      └────► no answer in time, or none a moment ago ───► desk
 *
 * A job that was thought lost may come all the same; whoever is woken twice looks twice, and does nothing twice.
 */
import { seconds, type Clock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { CommandQueue } from "./command-queue.ts";

/** A store that is well answers in milliseconds; a payment should not wait for one that is frozen. */
const ANSWER_MS_MAX = seconds(2);
/** After a failure the store is left alone for this long, so that not every wake-up waits in vain. */
const REST_MS = seconds(5);

export interface ShortWayParts {
  readonly queue: Pick<CommandQueue, "add">;
  readonly clock: Clock;
  readonly log: Logger;
  /** To the desks. */
  readonly direct: (commands: readonly CommandId[]) => Promise<void>;
}

export class ShortWay {
  readonly #parts: ShortWayParts;
  #isResting = false;
  #taken = 0;

  constructor(parts: ShortWayParts) {
    this.#parts = parts;
  }

  /** Wake-ups that went the short way since the start. */
  get taken(): number {
    return this.#taken;
  }

  /** It took no jobs a moment ago. */
  get isResting(): boolean {
    return this.#isResting;
  }

  async add(lane: string, commands: readonly CommandId[]): Promise<void> {
    if (commands.length === 0 || (!this.#isResting && (await this.#answers(lane, commands)))) return;
    this.#taken += commands.length;
    await this.#parts.direct(commands);
  }

  async #answers(lane: string, commands: readonly CommandId[]): Promise<boolean> {
    const { queue, clock, log } = this.#parts;
    const adding = queue.add(lane, commands).then(
      () => null,
      (error: unknown) => reasonOf(error),
    );
    const done = new AbortController();
    const late = clock.wait(ANSWER_MS_MAX, done.signal).then(() => `no answer within ${ANSWER_MS_MAX} ms`);
    const why = await Promise.race([adding, late]);
    done.abort("answered"); // with a reason of our own: the default one is an Error with a stack
    if (why === null) return true;
    log.warn({ lane, commands: commands.length, why }, "the queue takes no jobs; commands go straight to their lines meanwhile");
    this.#isResting = true;
    void clock.wait(REST_MS).then(() => (this.#isResting = false));
    return false;
  }
}
