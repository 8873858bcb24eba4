/**
 * Redis in trouble. It only wakes workers, so whatever becomes of it costs moments: payments are taken, commands go straight to their
 * lines, and readiness says which part is not as it should be, and what to do. Counted on the street, never in our books.
 */
import { Redis } from "ioredis";
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { freePort, startRedis, suiteNeeding } from "../support/servers.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { addresses, allConfirmed, creditedOnce, partTold, payUntilTaken, SOON_MS, until } from "./desk.ts";

/** With a queue that is gone a top-up may be held up by so much, and no more. */
const IN_SPITE_OF_IT_MS = 10_000;
const QUEUE = /^queue/;

suiteNeeding(["redis-server"], "Redis", () => {
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let admin: Redis;
  let house: TestHouse;
  const all = addresses(1, 40);
  let used = 0;
  const fresh = (count: number): readonly string[] => all.slice(used, (used += count));

  beforeAll(async () => {
    redis = await startRedis({ appendonly: true });
    admin = new Redis(redis.url, { retryStrategy: () => 100, maxRetriesPerRequest: null }).on("error", () => undefined);
    house = await raiseTestHouse({
      meters: all.map((address) => ({ address, balance: "10.00", loadKw: 0 })),
      redisUrl: redis.url,
    });
  });
  afterAll(async () => {
    admin.disconnect();
    await house.close();
    await redis.stop();
  });

  const isAsItShouldBe = (): Promise<true> =>
    until("the queue to be as it should be", async () => {
      const { ready, degraded } = await partTold(house.gateway.url, QUEUE);
      return ready === true && degraded === false ? true : null;
    });
  const isDegraded = (why: RegExp) =>
    until("the queue to be told of", async () => {
      const part = await partTold(house.gateway.url, QUEUE);
      return part["degraded"] === true && why.test(String(part["why"])) ? part : null;
    });
  /** Half of them lose an answer or a request on their way, so commands stand in several states. */
  const payAll = async (meters: readonly string[], because: string): Promise<readonly string[]> => {
    for (const [index, address] of meters.entries())
      if (index % 2 === 0)
        house.street.setFault(address, {
          kind: index % 4 === 0 ? "lost-reply" : "lost-request",
          function: "03",
          di: "070102FF",
        });
    return Promise.all(meters.map((address) => payUntilTaken(house, address, `${because} ${address}`)));
  };
  const allDone = async (meters: readonly string[], commands: readonly string[], limitMs: number): Promise<void> => {
    for (const command of commands) await house.desk.commandIn(command, "confirmed", limitMs);
    creditedOnce(house, meters);
  };

  test("stopped for ten seconds: payments are taken, top-ups arrive meanwhile, and readiness says what to do", async () => {
    const before = fresh(4);
    const early = await payAll(before, "before");
    await redis.halt();
    const since = performance.now();
    const told = await isDegraded(/cannot be reached/);
    expect(told).toMatchObject({
      ready: true,
      nameZh: "队列",
      next: expect.stringMatching(/REDIS_URL/) as string,
      nextZh: expect.stringMatching(/REDIS_URL/) as string,
    });
    const meters = fresh(4);
    const commands = await payAll(meters, "without it");
    await allDone([...before, ...meters], [...early, ...commands], IN_SPITE_OF_IT_MS);
    expect(
      (await (await fetch(`${house.gateway.url}/metrics`)).text()).match(/fee_control_part_state\{part="queue"\} (\d)/)?.[1],
    ).toBe("1");
    await systemClock.wait(10_000 - (performance.now() - since));
    await redis.begin();
    await isAsItShouldBe();
    const later = fresh(2);
    await allDone(later, await payAll(later, "after"), IN_SPITE_OF_IT_MS);
  }, 120_000);

  test("frozen for fifteen seconds: no top-up waits for it to thaw", async () => {
    process.kill(redis.pid, "SIGSTOP");
    const since = performance.now();
    try {
      const meters = fresh(4);
      await allDone(meters, await payAll(meters, "frozen"), IN_SPITE_OF_IT_MS);
      expect(performance.now() - since).toBeLessThan(15_000);
      await isDegraded(/no answer/);
      await systemClock.wait(15_000 - (performance.now() - since));
    } finally {
      process.kill(redis.pid, "SIGCONT");
    }
    await isAsItShouldBe();
    const meters = fresh(2);
    await allDone(meters, await payAll(meters, "thawed"), IN_SPITE_OF_IT_MS);
  }, 120_000);

  test("full, with noeviction: payments are taken and arrive, readiness says why, and room ends it", async () => {
    await admin.config("SET", "maxmemory", "1");
    try {
      const meters = fresh(4);
      await allDone(meters, await payAll(meters, "full"), IN_SPITE_OF_IT_MS);
      expect(await isDegraded(/memory of Redis is used up/)).toMatchObject({
        ready: true,
        next: expect.stringMatching(/maxmemory/) as string,
      });
    } finally {
      await admin.config("SET", "maxmemory", "0");
    }
    await isAsItShouldBe();
  }, 60_000);

  test("set to evict keys while it runs: it is told, with what to do, until it is set right", async () => {
    await admin.config("SET", "maxmemory-policy", "allkeys-lru");
    try {
      expect(await isDegraded(/noeviction/)).toMatchObject({
        ready: true,
        next: expect.stringMatching(/does not start again/) as string,
        nextZh: expect.stringMatching(/noeviction/) as string,
      });
    } finally {
      await admin.config("SET", "maxmemory-policy", "noeviction");
    }
    await isAsItShouldBe();
  });

  test("every connection killed again and again: top-ups arrive, and workers are there afterwards", async () => {
    const meters = fresh(6);
    const storm = new AbortController();
    const killing = (async () => {
      while (!storm.signal.aborted) {
        await admin.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
        await systemClock.wait(50);
      }
    })();
    const commands = await payAll(meters, "killed");
    await allDone(meters, commands, SOON_MS);
    storm.abort();
    await killing;
    await isAsItShouldBe();
    const later = fresh(2);
    await allDone(later, await payAll(later, "calm"), IN_SPITE_OF_IT_MS);
  }, 60_000);

  test("one that may throw jobs away stops the start, by name", async () => {
    const evicting = await startRedis({ maxmemoryPolicy: "allkeys-lru" });
    try {
      const [address] = addresses(9, 1);
      await expect(raiseTestHouse({ meters: [{ address: address! }], redisUrl: evicting.url })).rejects.toMatchObject({
        code: "queue-unsafe",
        context: { "maxmemory-policy": "allkeys-lru" },
      });
    } finally {
      await evicting.stop();
    }
  });
});

suiteNeeding(["redis-server"], "Redis that forgets", () => {
  const LINES = 8;
  const meters = addresses(2, 200);
  const busOf = (index: number): string => `tcp-${(index % LINES) + 1}`;
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let house: TestHouse;

  beforeAll(async () => {
    redis = await startRedis({ appendonly: false });
    const ports = await Promise.all(Array.from({ length: LINES }, () => freePort()));
    house = await raiseTestHouse({
      redisUrl: redis.url,
      buses: ports.map((port, n) => ({ id: `tcp-${n + 1}`, endpoint: { kind: "tcp", port } })),
      meters: meters.map((address, index) => ({ address, bus: busOf(index), balance: "10.00", loadKw: 0 })),
      site: {
        buses: ports.map((port, n) => ({
          id: `tcp-${n + 1}`,
          transport: { kind: "tcp", host: "127.0.0.1", port },
          turnaroundMs: 1,
          replyDeadlineMs: 250,
        })),
        meters: meters.map((address, index) => ({
          address,
          bus: busOf(index),
          model: "standard-wallet",
          account: accountOf(address),
        })),
      },
    });
  });
  afterAll(async () => {
    await house.close();
    await redis.stop();
  });

  test("emptied, and restarted without its file, under 200 commands in every state: all arrive, none twice", async () => {
    expect(await partTold(house.gateway.url, QUEUE)).toMatchObject({
      degraded: true,
      why: expect.stringContaining("append-only") as string,
    });
    const admin = new Redis(redis.url, { maxRetriesPerRequest: null }).on("error", () => undefined);
    const seen = new Set<string>();
    try {
      for (const [index, address] of meters.entries()) {
        if (index % 5 === 0) house.street.setFault(address, { kind: "lost-reply", function: "03", di: "070102FF" });
        if (index % 5 === 1) house.street.setFault(address, { kind: "lost-request", function: "03", di: "070102FF" });
        if (index % 5 === 2) house.street.setFault(address, { kind: "silence", times: 2 });
      }
      for (let part = 0; part < 4; part += 1) {
        const some = meters.slice(part * 50, (part + 1) * 50);
        for (let at = 0; at < some.length; at += 10)
          await Promise.all(some.slice(at, at + 10).map((address) => payUntilTaken(house, address, `200 ${address}`)));
        for (const { state, waitingFor } of await house.desk.commands("kind=top-up"))
          seen.add(state === "queued" && waitingFor === "meter-online" ? "waiting" : String(state));
        await admin.flushall();
        if (part === 2) await redis.restart();
      }
      expect([...seen]).toEqual(expect.arrayContaining(["queued", "verifying", "confirmed"]));
      await allConfirmed(house, meters.length, 180_000);
      creditedOnce(house, meters);
    } finally {
      admin.disconnect();
    }
  }, 400_000);
});
