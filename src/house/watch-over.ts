/** Everything that watches the house while it runs: its parts, that work goes on, and that the clock is not set behind its back. */
import type { PartReport } from "../api/books.ts";
import { systemClock, systemElapsed, type Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { Progress } from "../queue/progress.ts";
import { redisMark } from "../queue/redis-check.ts";
import { ClockSteps } from "./clock-steps.ts";
import type { Closers } from "./closers.ts";
import { PartWatch, stateOf } from "./part-watch.ts";
import type { Engine } from "./ports.ts";
import { partOf, readinessOf, type ReadinessParts } from "./readiness.ts";

export interface WatchParts extends Omit<ReadinessParts, "queueMark" | "work"> {
  /** Null: the queue is on PostgreSQL. */
  readonly redisUrl: string | null;
  readonly engine: Pick<Engine, "work">;
  /** Of commands and lines. */
  readonly clock: Clock;
  readonly log: Logger;
  readonly closers: Pick<Closers, "add">;
}

export interface Watch {
  readonly readiness: () => Promise<readonly PartReport[]>;
  readonly states: () => Promise<readonly { readonly part: string; readonly state: 0 | 1 | 2 }[]>;
  readonly progress: Progress;
}

export function watchOver({ redisUrl, engine, clock, log, closers, ...parts }: WatchParts): Watch {
  const { work } = engine;
  const progress = new Progress({ ...work, clock: systemClock, elapsed: systemElapsed, log });
  const steps = new ClockSteps({ clock, elapsed: systemElapsed, log, wentBack: (byMs) => work.clockWentBack(byMs) });
  const readiness = (): Promise<readonly PartReport[]> =>
    readinessOf({
      ...parts,
      queueMark: () => (redisUrl === null ? Promise.resolve(null) : redisMark(redisUrl)),
      work: progress,
    });
  const partWatch = new PartWatch({ readiness, clock: systemClock, log });
  for (const [name, watch] of Object.entries({
    "watch on work": progress,
    "watch on the clock": steps,
    "watch on parts": partWatch,
  })) {
    watch.start();
    closers.add(name, () => watch.stop());
  }
  return {
    readiness,
    states: async () => (await readiness()).map((part) => ({ part: partOf(part), state: stateOf(part) })),
    progress,
  };
}
