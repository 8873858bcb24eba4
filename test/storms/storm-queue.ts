/** The waiting room in memory, as unreliable as a queue may be: a job comes twice, or never, and now and then the store is emptied. */
import type { Chance } from "../../src/kernel/chance.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import type { CommandId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { CommandQueue } from "../../src/queue/command-queue.ts";
import { inMemoryQueue, type InMemoryQueue } from "../../src/queue/in-memory.ts";
import { happens } from "./draws.ts";

export class StormQueue implements CommandQueue {
  readonly kind = "memory";
  /** How many of the next jobs are delivered twice, or never. */
  doubled = 0;
  lost = 0;
  readonly #inner: InMemoryQueue;
  readonly #chance: Chance;

  constructor(clock: Clock, chance: Chance) {
    this.#inner = inMemoryQueue({ log: silentLog, clock });
    this.#chance = chance;
  }

  add(lane: string, commands: readonly CommandId[]): Promise<void> {
    return this.#inner.add(
      lane,
      commands.flatMap((command) => Array.from({ length: this.#copies() }, () => command)),
    );
  }

  work(lane: string, concurrency: number, run: (command: CommandId) => Promise<void>): Promise<void> {
    return this.#inner.work(lane, concurrency, run);
  }

  trouble(): Promise<string | null> {
    return this.#inner.trouble();
  }

  close(graceMs: number): Promise<void> {
    return this.#inner.close(graceMs);
  }

  empty(): void {
    this.#inner.empty();
  }

  #copies(): number {
    if (this.lost > 0 && happens(this.#chance, 0.5)) {
      this.lost -= 1;
      return 0;
    }
    if (this.doubled === 0) return 1;
    this.doubled -= 1;
    return 2;
  }
}
