/**
 * BullMQ alone: jobs that do nothing, added and processed in one process, as the gateway's are: same stores, same options, as
 * many lanes and as many in hand. What a top-up costs beyond it is the gateway's own.
 */
import { randomUUID } from "node:crypto";
import { reasonOf } from "../../src/kernel/faults.ts";
import { postgresStore, redisStore, type Store } from "../../src/queue/bullmq-stores.ts";

export interface NoopOrder {
  readonly store: "postgresql" | "redis";
  readonly url: string;
  readonly lanes: number;
  readonly concurrency: number;
}
/** How many jobs, how many of them in one call, how many calls at a time. */
export interface NoopQuestion {
  readonly jobs: number;
  readonly atOnce: number;
  readonly inFlight: number;
}
export interface NoopAnswer {
  readonly perSecond: number;
}

const order = JSON.parse(process.argv[2] ?? "") as NoopOrder;
const ended = { count: 0, wanted: 0, tell: (): void => undefined };

const store: Store = order.store === "redis" ? redisStore(order.url, () => undefined) : postgresStore(order.url);
const names = Array.from({ length: order.lanes }, (_, index) => `noop-${index + 1}`);
const queues = names.map((name) => store.queue(name));
const workers = names.map((name) =>
  store.worker(
    name,
    () => {
      ended.count += 1;
      if (ended.count === ended.wanted) ended.tell();
      return Promise.resolve();
    },
    {
      concurrency: Math.ceil(order.concurrency / order.lanes),
      maxStalledCount: 0,
      removeOnComplete: { count: 0 },
      removeOnFail: { count: 0 },
    },
  ),
);
await Promise.all([...queues, ...workers].map((part) => part.waitUntilReady()));

async function round({ jobs, atOnce, inFlight }: NoopQuestion): Promise<NoopAnswer> {
  const all = new Promise<void>((resolve) => (ended.tell = resolve));
  ended.count = 0;
  ended.wanted = jobs;
  let added = 0;
  const startedAt = performance.now();
  const add = async (): Promise<void> => {
    while (added < jobs) {
      const first = added;
      added += Math.min(atOnce, jobs - first);
      const some = Array.from({ length: added - first }, () => ({
        name: "wake",
        data: { commandId: randomUUID() },
        opts: { jobId: `wake-${randomUUID()}`, attempts: 1, removeOnComplete: true, removeOnFail: true },
      }));
      await queues[Math.floor(first / atOnce) % queues.length]!.addBulk(some);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, add));
  await all;
  return { perSecond: (jobs * 1_000) / (performance.now() - startedAt) };
}

async function leave(): Promise<void> {
  await Promise.all(workers.map((worker) => worker.close(true)));
  await Promise.all(queues.map((queue) => queue.close()));
  await store.close();
  process.exit(0);
}

const send = (message: object): void => void process.send?.(message);
process.on("message", (question: NoopQuestion) => {
  round(question).then(
    (answer) => send({ answer }),
    (error: unknown) => send({ fault: reasonOf(error) }),
  );
});
process.once("SIGTERM", () => void leave());
process.once("disconnect", () => void leave());
send({ answer: {} });
