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
/** So much of a long list is looked through in one round; the next goes on where it ended. */
const PAGES_AT_ONCE = 8;
const SEEMS_LOST_MS = seconds(10);

export interface SweeperParts {
  /** The longest overdue first; so many of them are left out. */
  readonly due: (now: Instant, limit: number, skip: number) => Promise<readonly CommandId[]>;
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
  #skip = 0;

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
    const due = await this.#idle(now);
    for (const id of due) this.#handedOut.set(id, now);
    const [fresh, lost] = [due.filter((id) => !lapsed.has(id)), due.filter((id) => lapsed.has(id))];
    if (lost.length > 0) await (this.#parts.addDirect ?? this.#parts.add)(lost);
    if (fresh.length > 0) await this.#parts.add(fresh);
  }

  /**
   * What is due and has no place anywhere. Thousands that wait at their lines are due as well, and older than a restore whose second look
   * has just come: it must not wait until they are through.
   */
  async #idle(now: Instant): Promise<readonly CommandId[]> {
    const { due, isRunning } = this.#parts;
    const idle: CommandId[] = [];
    for (let page = 0; page < PAGES_AT_ONCE && idle.length < COMMANDS_AT_ONCE; page += 1) {
      const ids = await due(now, COMMANDS_AT_ONCE, this.#skip);
      for (const id of ids) if (!isRunning(id) && !this.#handedOut.has(id)) idle.push(id);
      this.#skip = ids.length < COMMANDS_AT_ONCE ? 0 : this.#skip + COMMANDS_AT_ONCE;
      if (this.#skip === 0) break;
    }
    return idle;
  }
}
