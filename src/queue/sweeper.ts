/**
 * The net beneath the queue: whatever is due and is not at work gets a job. Emptying the queue's store at any moment
 * therefore loses nothing, and a command whose next look lies in the future is woken when its moment comes, on the clock
 * that was handed in.
 */
import { seconds, type Clock, type Instant } from "../kernel/clock.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { Rounds } from "../kernel/rounds.ts";

const LOOK_EVERY_MS = seconds(1);
const COMMANDS_AT_ONCE = 500;
const SEEMS_LOST_MS = seconds(10);

export interface SweeperParts {
  readonly due: (now: Instant, limit: number) => Promise<readonly CommandId[]>;
  readonly isRunning: (command: CommandId) => boolean;
  readonly add: (commands: readonly CommandId[]) => Promise<void>;
  /** The queue has just taken no jobs: what it took a moment ago may be gone with it, and waits no longer. Left out: never. */
  readonly isQueueAway?: () => boolean;
  /** For jobs that seem lost, or that nobody takes: not by the queue again. Left out: by the queue all the same. */
  readonly addDirect?: (commands: readonly CommandId[]) => Promise<void>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Left out: every second. */
  readonly everyMs?: number;
}

export class Sweeper {
  readonly #parts: SweeperParts;
  readonly #rounds: Rounds;
  /** Handed out a moment ago; given again only when the job seems lost. */
  readonly #handedOut = new Map<CommandId, Instant>();

  constructor(parts: SweeperParts) {
    this.#parts = parts;
    const { clock, log } = parts;
    this.#rounds = new Rounds({
      ...{ clock, log, everyMs: parts.everyMs ?? LOOK_EVERY_MS, work: () => this.sweep() },
      failed: "what is due could not be handed out; it is tried again",
      level: "warn",
    });
  }

  start(): void {
    this.#rounds.start();
  }

  stop(): Promise<void> {
    return this.#rounds.stop();
  }

  async sweep(): Promise<void> {
    const now = this.#parts.clock.now();
    const isAway = this.#parts.isQueueAway?.() === true; // whoever is woken twice looks twice, and does nothing twice
    // a clock that was set back says nothing of how long ago it was
    const isLost = (at: Instant): boolean => isAway || Math.abs(now - at) > SEEMS_LOST_MS;
    const lapsed = new Set([...this.#handedOut].filter(([, at]) => isLost(at)).map(([id]) => id));
    for (const id of lapsed) this.#handedOut.delete(id);
    const due = (await this.#parts.due(now, COMMANDS_AT_ONCE)).filter(
      (id) => !this.#parts.isRunning(id) && !this.#handedOut.has(id),
    );
    for (const id of due) this.#handedOut.set(id, now);
    const [fresh, lost] = [due.filter((id) => !lapsed.has(id)), due.filter((id) => lapsed.has(id))];
    if (lost.length > 0) await (this.#parts.addDirect ?? this.#parts.add)(lost);
    if (fresh.length > 0) await this.#parts.add(fresh);
  }
}
