/**
 * The waiting rooms on BullMQ: it wakes workers, and nothing more.
 *
 * Nothing here repeats a job. `attempts: 1` is for handlers that throw, `maxStalledCount: 0` for workers that die in the
 * middle; with BullMQ's defaults a killed worker's job ran a second time, and a repeated job could be a repeated order to a
 * meter. Whatever was lost is found by the sweeper, which looks at the rows. Trouble with the store never ends the process:
 * it is logged now and then, seen in `trouble()`, and told to whoever adds.
 */
import { randomUUID } from "node:crypto";
import type { Clock } from "../kernel/clock.ts";
import { Fault, reasonOf } from "../kernel/faults.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { postgresStore, redisStore, type AddingQueue, type Job, type Store, type WorkingQueue } from "./bullmq-stores.ts";
import type { CommandQueue } from "./command-queue.ts";

const ANSWER_MS_MAX = 10_000;
const CLOSE_STORE_MS_MAX = 5_000;
const SAME_TROUBLE_AGAIN_MS = 30_000;
/** A worker that is alive says so at half of this; after it, its job counts as stalled and is dropped, not run again. */
const LOCK_MS = 30_000;
/** How soon an idle worker looks again by itself, should a call have been lost; otherwise the store calls it at once. */
const DRAIN_DELAY_S = 5;
/** BullMQ would sit still for 15 s after each failed look; a payment should not wait that long for a store that is back. */
const LOOK_AGAIN_MS = 1_000;

interface BullmqOptions {
  readonly log: Logger;
  readonly clock: Clock;
  /** For tests that do not want to wait half a minute. */
  readonly lockMs?: number;
}

export const bullmqOnPostgres = (options: BullmqOptions & { connectionString: string }): CommandQueue =>
  new BullmqQueue(() => postgresStore(options.connectionString), options);

export const bullmqOnRedis = (options: BullmqOptions & { url: string }): CommandQueue =>
  new BullmqQueue((noteTrouble) => redisStore(options.url, noteTrouble), options);

interface Clerk {
  worker: WorkingQueue;
  readonly make: () => WorkingQueue;
}

class BullmqQueue implements CommandQueue {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #lockMs: number;
  readonly #queues = new Map<string, AddingQueue>();
  readonly #clerks: Clerk[] = [];
  readonly #running = new Set<Promise<void>>();
  readonly #toldAt = new Map<string, number>();
  #closing: Promise<void> | undefined;

  constructor(openStore: (noteTrouble: (error: Error) => void) => Store, { log, clock, lockMs = LOCK_MS }: BullmqOptions) {
    this.#log = log;
    this.#clock = clock;
    this.#lockMs = lockMs;
    this.#store = openStore((error) => this.#note(error));
  }

  get kind(): string {
    return this.#store.kind;
  }

  async add(lane: string, commands: readonly CommandId[]): Promise<void> {
    if (commands.length === 0) return;
    if (this.#closing !== undefined) throw new Fault("queue-unreachable", { ...this.#store.place, why: "the queue is closed" });
    const queue = this.#queueOf(lane);
    const jobs = commands.map((commandId) => ({
      name: "wake",
      data: { commandId },
      opts: { jobId: `wake-${randomUUID()}`, attempts: 1, removeOnComplete: true, removeOnFail: true },
    }));
    try {
      await this.#within(ANSWER_MS_MAX, queue.addBulk(jobs));
    } catch (error) {
      // a queue whose first connection failed never recovers by itself: the next one to add gets a new one
      this.#queues.delete(lane);
      void queue.close().catch(() => undefined);
      throw this.#unreachable(error);
    }
  }

  async work(lane: string, concurrency: number, run: (command: CommandId) => Promise<void>): Promise<void> {
    const make = (): WorkingQueue => {
      const worker = this.#store.worker(nameOf(lane), ({ data }) => this.#run(data, run), {
        concurrency,
        maxStalledCount: 0,
        lockDuration: this.#lockMs,
        stalledInterval: this.#lockMs,
        drainDelay: DRAIN_DELAY_S,
        runRetryDelay: LOOK_AGAIN_MS,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 0 },
      });
      worker.on("error", (error) => this.#note(error));
      return worker;
    };
    const worker = make();
    try {
      await this.#within(ANSWER_MS_MAX, worker.waitUntilReady());
    } catch (error) {
      void worker.close(true).catch(() => undefined);
      throw this.#unreachable(error);
    }
    this.#clerks.push({ worker, make });
  }

  /** A worker that hangs is not waited for; what it has in hand goes on, and a job that comes twice is looked at twice. */
  renew(): Promise<void> {
    if (this.#closing !== undefined) return Promise.resolve();
    for (const clerk of this.#clerks) {
      void clerk.worker.close(true).catch(() => undefined);
      clerk.worker = clerk.make();
    }
    return Promise.resolve();
  }

  async trouble(): Promise<string | null> {
    try {
      await this.#within(CLOSE_STORE_MS_MAX, this.#store.ping());
      return null;
    } catch (error) {
      return this.#unreachable(error).message;
    }
  }

  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    // a store that hangs must not keep us from leaving
    const pausing = this.#clerks.map(({ worker }) => worker.pause(true));
    await this.#within(CLOSE_STORE_MS_MAX, Promise.allSettled(pausing)).catch(() => undefined);
    await this.#within(graceMs, Promise.all(this.#running)).catch(() => undefined);
    const force = this.#running.size > 0;
    if (force) this.#log.warn({ running: this.#running.size }, "the queue closes while commands are still under way");
    const closing = [
      ...this.#clerks.map(({ worker }) => worker.close(force)),
      ...[...this.#queues.values()].map((queue) => queue.close()),
    ];
    await this.#within(CLOSE_STORE_MS_MAX, Promise.allSettled(closing)).catch(() => undefined);
    await this.#within(CLOSE_STORE_MS_MAX, this.#store.close()).catch(() => undefined);
  }

  /** A handler that throws has said what it had to say in its rows; for the queue its job is done. */
  #run({ commandId }: Job, run: (command: CommandId) => Promise<void>): Promise<void> {
    const running = run(commandId as CommandId)
      .catch((error: unknown) => this.#log.error({ command: commandId, why: reasonOf(error) }, "the handler of a wake-up threw"))
      .finally(() => this.#running.delete(running));
    this.#running.add(running);
    return running;
  }

  #queueOf(lane: string): AddingQueue {
    let queue = this.#queues.get(lane);
    if (queue === undefined) {
      queue = this.#store.queue(nameOf(lane));
      queue.on("error", (error) => this.#note(error));
      this.#queues.set(lane, queue);
    }
    return queue;
  }

  /** Connection errors come by the dozen while a store is away; one line of each kind in a while is enough. */
  #note(error: Error): void {
    const why = reasonOf(error);
    const now = this.#clock.now();
    if (now - (this.#toldAt.get(why) ?? -Infinity) < SAME_TROUBLE_AGAIN_MS) return;
    if (this.#toldAt.size > 100) this.#toldAt.clear();
    this.#toldAt.set(why, now);
    this.#log.warn({ ...this.#store.place, why }, "trouble with the queue's store");
  }

  #unreachable(error: unknown): Fault {
    return new Fault("queue-unreachable", { ...this.#store.place, why: reasonOf(error) }, { cause: error });
  }

  async #within<T>(ms: number, work: Promise<T>): Promise<T> {
    const done = new AbortController();
    try {
      const late = this.#clock.wait(ms, done.signal).then(() => {
        throw new Error(`no answer within ${ms} ms`);
      });
      return await Promise.race([work, late]);
    } finally {
      work.catch(() => undefined);
      done.abort();
    }
  }
}

/** BullMQ allows no colon in a name. */
const nameOf = (lane: string): string => `lane-${encodeURIComponent(lane)}`;
