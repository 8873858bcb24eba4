/** What is committed is told: after the commit only, in order, at least once, whatever dies in between. */
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { systemClock } from "../../src/kernel/clock.ts";
import type { Announcement, Outbox } from "../../src/kernel/events.ts";
import { CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Transactor } from "../../src/kernel/transaction.ts";
import { nudging, OutboxPump, type OutboxSinks, type Untold } from "../../src/stores/outbox-pump.ts";
import { keepers, type Kept } from "./stores.ts";
import { untilTrue } from "../api/door.ts";

describe.each(keepers)("the outbox $title", ({ open }) => {
  let kept: Kept;
  let db: Transactor;
  let outbox: Outbox & Untold;
  beforeAll(async () => {
    kept = await open(systemClock);
  });
  afterAll(() => kept.close());

  const pumps: OutboxPump[] = [];
  let heard: string[] = [];
  let jobs: CommandId[] = [];
  beforeEach(async () => {
    heard = [];
    jobs = [];
    await kept.clear();
    db = kept.transactor;
    outbox = kept.outbox;
  });
  afterEach(async () => {
    await Promise.all(pumps.splice(0).map((pump) => pump.stop()));
  });

  const event = (n: number): Announcement => ({ type: "meter", address: MeterAddress(String(n).padStart(12, "0")) });
  const nameOf = (told: Announcement): string => (told.type === "meter" ? String(Number(told.address)) : told.type);
  const sinks: OutboxSinks = {
    events: (events) => heard.push(...events.map(nameOf)),
    jobs: (commands) => Promise.resolve(void jobs.push(...commands)),
  };
  function raise(other: Partial<OutboxSinks> = {}): OutboxPump {
    const pump = new OutboxPump({ untold: outbox, clock: systemClock, log: silentLog, sinks: { ...sinks, ...other } });
    pumps.push(pump);
    pump.start();
    return pump;
  }
  const rowsLeft = async (): Promise<number> => (await outbox.next(10_000, null)).length;
  const tell = (n: number): Promise<void> => db.transact((tx) => outbox.announce(tx, event(n)));

  test("nothing is told before its commit, and nothing of a transaction that failed", async () => {
    const pump = raise();
    let commit: () => void = () => undefined;
    const standing = db.transact(async (tx) => {
      await outbox.announce(tx, event(1));
      await outbox.wake(tx, CommandId(uuidv7()));
      await new Promise<void>((resolve) => (commit = resolve));
    });
    await expect(
      db.transact(async (tx) => {
        await outbox.announce(tx, event(13));
        throw new Error("no");
      }),
    ).rejects.toThrow("no");
    await tell(2);
    pump.nudge();
    await untilTrue("the committed one to be told", () => heard.length > 0);
    expect(heard).toEqual(["2"]);
    expect(jobs).toEqual([]);
    commit();
    await standing;
    pump.nudge();
    await untilTrue("the other one to be told", () => heard.length > 1 && jobs.length > 0);
    expect(heard).toEqual(["2", "1"]);
    expect(jobs).toHaveLength(1);
    await untilTrue("what was told to be forgotten", async () => (await rowsLeft()) === 0);
  });

  test("a commit through the nudging transactor is told at once; without a nudge the pump finds it by itself", async () => {
    const pump = raise();
    await untilTrue("the pump to rest", async () => (await rowsLeft()) === 0);
    const before = systemClock.now();
    await nudging(db, () => pump).transact((tx) => outbox.announce(tx, event(1)));
    await untilTrue("it to be told", () => heard.includes("1"));
    expect(systemClock.now() - before).toBeLessThan(800); // it looks by itself every second
    await tell(2);
    await untilTrue("it to be found", () => heard.includes("2"), 3_000);
  });

  test("everything is told in order, also when it is more than one helping", async () => {
    await db.transact(async (tx) => {
      for (let n = 0; n < 1_203; n += 1) await outbox.announce(tx, event(n));
    });
    raise();
    await untilTrue("all to be told", () => heard.length >= 1_203);
    expect(heard).toEqual(Array.from({ length: 1_203 }, (_, n) => String(n)));
    await untilTrue("the rows to be gone", async () => (await rowsLeft()) === 0);
  });

  test("when the queue is away everything waits, and is told again when it is back", async () => {
    let away = true;
    const [first, second] = [CommandId(uuidv7()), CommandId(uuidv7())];
    await db.transact(async (tx) => {
      await outbox.wake(tx, first);
      await outbox.announce(tx, event(1));
      await outbox.wake(tx, second);
    });
    raise({
      jobs: (commands) => (away ? Promise.reject(new Error("nobody listens")) : sinks.jobs(commands)),
    });
    await untilTrue("a try", () => heard.length > 0);
    expect(await rowsLeft()).toBe(3);
    expect(jobs).toEqual([]);
    away = false;
    await untilTrue("the jobs", () => jobs.length > 0);
    expect(jobs).toEqual([first, second]);
    await untilTrue("the rows to be gone", async () => (await rowsLeft()) === 0);
  });

  test("dying between telling and forgetting means telling twice, never losing", async () => {
    const command = CommandId(uuidv7());
    await db.transact((tx) => outbox.wake(tx, command));
    const pump = new OutboxPump({
      untold: { next: (limit, buses) => outbox.next(limit, buses), forget: () => Promise.reject(new Error("died")) },
      clock: systemClock,
      log: silentLog,
      sinks,
    });
    pump.start();
    await untilTrue("the job to be handed out", () => jobs.length === 1);
    await pump.stop();
    expect(await rowsLeft()).toBe(1);
    raise();
    await untilTrue("the job to be handed out again", () => jobs.length === 2);
    expect(jobs).toEqual([command, command]);
    await untilTrue("the row to be gone", async () => (await rowsLeft()) === 0);
  });

  test("a pump that is stopped stops, and what comes afterwards waits for the next", async () => {
    const pump = raise();
    await tell(1);
    pump.nudge();
    await untilTrue("it to be told", () => heard.length === 1);
    await pump.stop();
    await tell(2);
    pump.nudge();
    await systemClock.wait(50);
    expect(heard).toEqual(["1"]);
    raise();
    await untilTrue("the next to tell it", () => heard.length === 2);
  });
});
