/**
 * The same site served from BullMQ on PostgreSQL and from BullMQ on Redis; and Redis emptied in the middle of everything: no command
 * is lost, none is doubled, since the queue only wakes workers.
 */
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { startRedis, suiteNeeding } from "../support/servers.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const LIMIT_MS = 30_000;
const addresses = (block: number, count: number): string[] =>
  Array.from({ length: count }, (_, index) => String(202611240000 + block * 100 + index + 1));

async function pushAll(house: TestHouse, meters: readonly string[]): Promise<readonly string[]> {
  return Promise.all(meters.map(async (address) => (await house.desk.pay(accountOf(address), "100.00")).command!));
}

async function allConfirmedOnce(house: TestHouse, meters: readonly string[], commands: readonly string[]): Promise<void> {
  for (const command of commands) await house.desk.commandIn(command, "confirmed", LIMIT_MS);
  for (const address of meters)
    expect(house.street.snapshot(address)).toMatchObject({ balance: "110.00", purchaseCount: 1, obeyed: { topUps: 1 } });
}

const house = (meters: readonly string[], redisUrl?: string): Promise<TestHouse> =>
  raiseTestHouse({
    meters: meters.map((address) => ({ address, balance: "10.00", loadKw: 0 })),
    ...(redisUrl === undefined ? {} : { redisUrl }),
  });

test("a site on PostgreSQL alone serves its top-ups", async () => {
  const meters = addresses(0, 10);
  const here = await house(meters);
  try {
    expect(here.gateway.queueKind).toMatch(/postgresql/i);
    await allConfirmedOnce(here, meters, await pushAll(here, meters));
  } finally {
    await here.close();
  }
}, 60_000);

suiteNeeding(["redis-server"], "with Redis", () => {
  test("the same site serves its top-ups through Redis", async () => {
    const redis = await startRedis({ appendonly: true });
    const meters = addresses(1, 10);
    const here = await house(meters, redis.url);
    try {
      expect(here.gateway.queueKind).toMatch(/redis/i);
      await allConfirmedOnce(here, meters, await pushAll(here, meters));
    } finally {
      await here.close();
      await redis.stop();
    }
  }, 60_000);

  test("Redis is emptied again and again while top-ups wait, travel and are verified: all arrive, each once", async () => {
    const redis = await startRedis({ appendonly: true });
    const meters = addresses(2, 24);
    const here = await house(meters, redis.url);
    const admin = new Redis(redis.url);
    try {
      // one in three loses its answer, so that commands stand in every state while the queue is emptied
      for (const [index, address] of meters.entries())
        if (index % 3 === 0) here.street.setFault(address, { kind: "lost-reply", function: "03", di: "070102FF" });
      const commands: string[] = [];
      for (const part of [meters.slice(0, 8), meters.slice(8, 16), meters.slice(16)]) {
        commands.push(...(await pushAll(here, part)));
        await admin.flushall();
      }
      await allConfirmedOnce(here, meters, commands);
    } finally {
      admin.disconnect();
      await here.close();
      await redis.stop();
    }
  }, 120_000);
});
