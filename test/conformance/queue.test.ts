/** One suite for every queue: what a queue is asked for, and what it must never do. The factories are at the top. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterAll, afterEach, beforeAll, describe, expect, inject, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { CommandId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { bullmqOnPostgres, bullmqOnRedis } from "../../src/queue/bullmq.ts";
import type { CommandQueue } from "../../src/queue/command-queue.ts";
import { inMemoryQueue, type InMemoryQueue } from "../../src/queue/in-memory.ts";
import { checkRedis } from "../../src/queue/redis-check.ts";
import { Database } from "../../src/stores/database.ts";
import { emptyDatabase } from "../support/database.ts";
import { startNamedPostgres, startRedis, suiteNeeding } from "../support/servers.ts";
import { Redis } from "ioredis";

interface Store {
  open(): CommandQueue;
  empty(): Promise<void>;
  /** The address to hand to another process; absent for memory, which has none. */
  readonly address?: string;
  restart?(): Promise<void>;
  stop(): Promise<void>;
}

const LOCK_MS = 500;
const SOON_MS = 20_000;
const options = { log: silentLog, clock: systemClock, lockMs: LOCK_MS };

async function onPostgres(server: string, restart?: () => Promise<void>, stop?: () => Promise<void>): Promise<Store> {
  const { connectionString, drop } = await emptyDatabase(server).then((empty) => ({ ...empty, drop: () => empty.drop() }));
  return {
    address: connectionString,
    open: () => bullmqOnPostgres({ connectionString, ...options }),
    async empty() {
      const db = await Database.open({ connectionString, log: silentLog, connectionsMax: 1 });
      const tables = await db.rows<{ name: string }>(
        null,
        "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'queue' AND tablename NOT LIKE '%migration%'",
      );
      await db.run(null, `TRUNCATE ${tables.map(({ name }) => `queue.${name}`).join(", ")}`);
      await db.close();
    },
    ...(restart === undefined ? {} : { restart }),
    async stop() {
      await drop();
      await stop?.();
    },
  };
}

const stores: readonly {
  title: string;
  needs: readonly string[];
  has: readonly ("processes" | "restart")[];
  start: () => Promise<Store>;
}[] = [
  {
    title: "memory",
    needs: [],
    has: [],
    start() {
      const queues: InMemoryQueue[] = [];
      return Promise.resolve({
        open() {
          const queue = inMemoryQueue(options);
          queues.push(queue);
          return queue;
        },
        empty() {
          for (const queue of queues) queue.empty();
          return Promise.resolve();
        },
        stop: () => Promise.resolve(),
      });
    },
  },
  { title: "BullMQ on embedded PostgreSQL", needs: [], has: ["processes"], start: () => onPostgres(inject("postgres")) },
  {
    title: "BullMQ on named PostgreSQL",
    needs: ["postgres"],
    has: ["processes", "restart"],
    async start() {
      const server = await startNamedPostgres();
      return onPostgres(
        server.connectionString,
        () => server.restart(),
        () => server.stop(),
      );
    },
  },
  {
    title: "BullMQ on Redis",
    needs: ["redis-server"],
    has: ["processes", "restart"],
    async start() {
      const server = await startRedis();
      return {
        address: server.url,
        open: () => bullmqOnRedis({ url: server.url, ...options }),
        async empty() {
          const redis = new Redis(server.url);
          await redis.flushall();
          redis.disconnect();
        },
        restart: () => server.restart(),
        stop: () => server.stop(),
      };
    },
  },
];

for (const { title, needs, has, start } of stores) {
  suiteNeeding(needs, `queue: ${title}`, () => {
    let store: Store;
    let queues: CommandQueue[] = [];
    let children: ChildProcess[] = [];

    const open = (): CommandQueue => {
      const queue = store.open();
      queues.push(queue);
      return queue;
    };
    const startChild = (task: "hang" | "one-then-end") => {
      const child = spawn(
        process.execPath,
        [join(import.meta.dirname, "queue-child.ts"), store.address!, task, String(LOCK_MS)],
        {
          stdio: ["ignore", "pipe", "inherit"],
        },
      );
      children.push(child);
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      return { child, ended: once(child, "exit"), line: async () => (await lines.next()).value as unknown };
    };

    beforeAll(async () => {
      store = await start();
    });
    afterEach(async () => {
      for (const child of children) child.kill("SIGKILL");
      await Promise.all(queues.map((queue) => queue.close(1_000)));
      queues = [];
      children = [];
      await store.empty();
    });
    afterAll(() => store.stop());

    test("every command that was added is delivered, in whichever lane", async () => {
      const [adder, worker] = title === "memory" ? [open()].flatMap((one) => [one, one]) : [open(), open()];
      const heard = new Map<string, Set<string>>();
      for (const lane of ["rs485-1", "with:colon", "号"]) {
        heard.set(lane, new Set());
        await worker!.work(lane, 16, (command) => Promise.resolve(void heard.get(lane)!.add(command)));
      }
      const wanted = Array.from({ length: 100 }, (_, index) => CommandId(`0${index}`));
      for (const lane of heard.keys()) await adder!.add(lane, wanted);
      await until(() => [...heard.values()].every((set) => set.size === wanted.length));
    });

    test("what was added before anybody worked is delivered when somebody does", async () => {
      const queue = open();
      await queue.add("lane", [CommandId("a"), CommandId("b")]);
      const heard: string[] = [];
      await queue.work("lane", 1, (command) => Promise.resolve(void heard.push(command)));
      await until(() => heard.length === 2);
      expect(heard.sort()).toEqual(["a", "b"]);
      expect(await queue.trouble()).toBeNull();
    });

    test("no more than the agreed number run at once, and no fewer when there is work", async () => {
      const queue = open();
      let running = 0;
      let most = 0;
      let done = 0;
      await queue.work("lane", 5, async () => {
        running += 1;
        most = Math.max(most, running);
        await systemClock.wait(30);
        running -= 1;
        done += 1;
      });
      await queue.add("lane", ids(40));
      await until(() => done === 40);
      expect(most).toBe(5);
    });

    test("a handler that throws is not run again by the queue", async () => {
      const queue = open();
      const heard: string[] = [];
      await queue.work("lane", 2, (command) => {
        heard.push(command);
        return Promise.reject(new Error("the meter is silent"));
      });
      await queue.add("lane", [CommandId("once")]);
      await until(() => heard.length === 1);
      await systemClock.wait(3 * LOCK_MS);
      expect(heard).toEqual(["once"]);
    });

    test("a long wait is not taken for a death", async () => {
      const queue = open();
      const heard: string[] = [];
      let done = false;
      await queue.work("lane", 2, async (command) => {
        heard.push(command);
        await systemClock.wait(4 * LOCK_MS);
        done = true;
      });
      await queue.add("lane", [CommandId("long")]);
      await until(() => done);
      expect(heard).toEqual(["long"]);
    });

    test("an emptied store: what is added later is worked on", async () => {
      const queue = open();
      const heard: string[] = [];
      await queue.add("lane", [CommandId("forgotten")]);
      await store.empty();
      await queue.work("lane", 2, (command) => Promise.resolve(void heard.push(command)));
      await systemClock.wait(200);
      await store.empty();
      await queue.add("lane", [CommandId("later")]);
      await until(() => heard.length > 0);
      expect(heard).toEqual(["later"]);
    });

    test("closing waits for the running one, takes no new one, and then refuses", async () => {
      const queue = open();
      const heard: string[] = [];
      let finished = false;
      await queue.work("lane", 1, async (command) => {
        heard.push(command);
        await systemClock.wait(400);
        finished = true;
      });
      await queue.add("lane", ids(3));
      await until(() => heard.length === 1);
      await queue.close(5_000);
      expect(finished).toBe(true);
      expect(heard.length).toBe(1);
      expect(isFault(await queue.add("lane", ids(1)).catch((error: unknown) => error), "queue-unreachable")).toBe(true);
    });

    test("closing does not wait for ever", async () => {
      const queue = open();
      let begun = false;
      await queue.work("lane", 1, async () => {
        begun = true;
        await systemClock.wait(3_000);
      });
      await queue.add("lane", ids(1));
      await until(() => begun);
      const since = systemClock.now();
      await queue.close(200);
      expect(systemClock.now() - since).toBeLessThan(2_500);
    });

    if (has.includes("processes"))
      describe("with other processes", () => {
        test("a worker killed in the middle: the queue does not run its job again, and others work on", async () => {
          const { child, line } = startChild("hang");
          const queue = open();
          await queue.add("lane", [CommandId("in the air")]);
          expect(await line()).toBe("in the air");
          child.kill("SIGKILL");
          const heard: string[] = [];
          await queue.work("lane", 4, (command) => Promise.resolve(void heard.push(command)));
          await systemClock.wait(4 * LOCK_MS);
          await queue.add("lane", [CommandId("next")]);
          await until(() => heard.length > 0);
          expect(heard).toEqual(["next"]);
        });

        test("after closing, nothing keeps the process alive", async () => {
          const { ended, line } = startChild("one-then-end");
          await open().add("lane", [CommandId("only")]);
          expect(await line()).toBe("only");
          const late = new AbortController();
          const said = await Promise.race([ended, systemClock.wait(SOON_MS, late.signal)]);
          late.abort();
          expect(said).toEqual([0, null]);
        });
      });
    if (has.includes("restart"))
      test("the store goes away and comes back: trouble is said, then work goes on", async () => {
        const queue = open();
        const heard = new Set<string>();
        await queue.work("lane", 4, (command) => Promise.resolve(void heard.add(command)));
        await queue.add("lane", [CommandId("before")]);
        await until(() => heard.has("before"));
        await store.restart!();
        await until(async () => (await queue.trouble()) === null);
        // the sweeper adds again what did not get through; so does this test
        let n = 0;
        await until(async () => {
          await queue.add("lane", [CommandId(`after ${(n += 1)}`)]).catch(() => undefined);
          await systemClock.wait(100);
          return [...heard].some((command) => command.startsWith("after"));
        });
      });
  });
}

test("a store that is not there is named by host and port, never by its password", async () => {
  const urls = { redis: "redis://:hidden-word@127.0.0.1:1", postgres: "postgres://u:hidden-word@127.0.0.1:1/x" };
  for (const queue of [
    bullmqOnRedis({ url: urls.redis, ...options }),
    bullmqOnPostgres({ connectionString: urls.postgres, ...options }),
  ]) {
    const fault = await queue.add("lane", ids(1)).catch((error: unknown) => error);
    expect(isFault(fault, "queue-unreachable")).toBe(true);
    expect(String(fault)).toContain("port=1");
    expect(await queue.trouble()).not.toBeNull();
    expect(`${String(fault)} ${await queue.trouble()}`).not.toContain("hidden-word");
    await queue.close(100);
  }
  const fault: unknown = await checkRedis({ url: urls.redis, log: silentLog }).catch((error: unknown) => error);
  expect(isFault(fault, "queue-unreachable")).toBe(true);
  expect(String(fault)).toMatch(/host=127.0.0.1, port=1, why=.*ECONNREFUSED/);
});

suiteNeeding(["redis-server"], "a Redis is looked at before it is trusted", () => {
  test("one that may throw jobs away is refused", async () => {
    const server = await startRedis({ maxmemoryPolicy: "allkeys-lru" });
    const fault: unknown = await checkRedis({ url: server.url, log: silentLog }).catch((error: unknown) => error);
    expect(isFault(fault, "queue-unsafe")).toBe(true);
    await server.stop();
  });

  test("one that forgets at a restart is taken, with a mark", async () => {
    const server = await startRedis({ appendonly: false });
    expect((await checkRedis({ url: server.url, log: silentLog })).degraded).toContain("append-only");
    await server.stop();
  });

  test("one that is as it should be is taken, also with a password", async () => {
    const server = await startRedis({ password: "hidden-word" });
    expect((await checkRedis({ url: server.url, log: silentLog })).degraded).toBeNull();
    const fault: unknown = await checkRedis({ url: server.url.replace("hidden-word", "other-word"), log: silentLog }).catch(
      (error: unknown) => error,
    );
    expect(String(fault)).toContain("WRONGPASS");
    expect(String(fault)).not.toContain("other-word");
    await server.stop();
  });
});

const ids = (count: number): CommandId[] => Array.from({ length: count }, (_, index) => CommandId(`command-${index}`));

async function until(done: () => boolean | Promise<boolean>): Promise<void> {
  const last = systemClock.now() + SOON_MS;
  while (!(await done())) {
    if (systemClock.now() > last) throw new Error("it did not happen in time");
    await systemClock.wait(10);
  }
}
