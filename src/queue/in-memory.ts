/** The waiting rooms in memory, for tests and dry runs: as forgetful as a queue may be, and as bounded in its concurrency. */
import type { Clock } from "../kernel/clock.ts";
import { Fault, reasonOf } from "../kernel/faults.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { CommandQueue } from "./command-queue.ts";

interface Lane {
  readonly waiting: CommandId[];
  free: number;
  run: ((command: CommandId) => Promise<void>) | undefined;
}

export interface InMemoryQueue extends CommandQueue {
  /** What emptying a store does: everything that waits is forgotten. */
  empty(): void;
}

export function inMemoryQueue({ log, clock }: { log: Logger; clock: Clock }): InMemoryQueue {
  const lanes = new Map<string, Lane>();
  const running = new Set<Promise<void>>();
  let closed = false;

  const laneOf = (name: string): Lane => {
    const lane = lanes.get(name) ?? { waiting: [], free: 0, run: undefined };
    lanes.set(name, lane);
    return lane;
  };

  const serve = (lane: Lane): void => {
    while (!closed && lane.run !== undefined && lane.free > 0) {
      const command = lane.waiting.shift();
      if (command === undefined) return;
      lane.free -= 1;
      const one = lane
        .run(command)
        .catch((error: unknown) => log.error({ command, why: reasonOf(error) }, "the handler of a wake-up threw"))
        .finally(() => {
          running.delete(one);
          lane.free += 1;
          serve(lane);
        });
      running.add(one);
    }
  };

  return {
    kind: "memory",
    async add(name, commands) {
      await Promise.resolve(); // as with any store, the worker is woken after the caller went on
      if (closed) throw new Fault("queue-unreachable", { why: "the queue is closed" });
      laneOf(name).waiting.push(...commands);
      serve(laneOf(name));
    },
    work(name, concurrency, run) {
      const lane = laneOf(name);
      lane.run = run;
      lane.free += concurrency;
      serve(lane);
      return Promise.resolve();
    },
    trouble: () => Promise.resolve(closed ? "the queue is closed" : null),
    async close(graceMs) {
      closed = true;
      const done = new AbortController();
      void Promise.all(running).then(() => done.abort());
      await clock.wait(graceMs, done.signal);
    },
    empty() {
      for (const lane of lanes.values()) lane.waiting.length = 0;
    },
  };
}
