/** That work goes on is judged by what is taken; a queue that takes no jobs, or loses them, holds nobody up. On virtual time. */
import { expect, test } from "vitest";
import { Instant, seconds } from "../../src/kernel/clock.ts";
import { CommandId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { GIVE_UP_MS, Progress, STANDS_STILL_MS } from "../../src/queue/progress.ts";
import { ShortWay } from "../../src/queue/short-way.ts";
import { Sweeper } from "../../src/queue/sweeper.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const START = Instant(Date.parse("2026-11-25T12:00:00Z"));
const ONE = CommandId("one");

function watch(waiting: () => number, taken: () => number) {
  let elapsed = 0;
  let renewed = 0;
  const clock = new VirtualClock(START);
  const progress = new Progress({
    waiting: () => Promise.resolve(waiting()),
    taken,
    renew: () => Promise.resolve(void (renewed += 1)),
    clock,
    elapsed: () => elapsed,
    log: silentLog,
  });
  const after = async (ms: number): Promise<void> => {
    for (const end = elapsed + ms; elapsed < end;) {
      elapsed += seconds(5);
      await progress.look();
    }
  };
  return { progress, after, renewed: () => renewed };
}

test("work that is due and that nobody takes is told of, its clerks are made anew, and in the end the process is called dead", async () => {
  const { progress, after, renewed } = watch(
    () => 3,
    () => 7,
  );
  await after(STANDS_STILL_MS);
  expect(progress.trouble).toBeNull();
  await after(seconds(5));
  expect(progress.trouble).toBe("3 commands are due and none was taken for 30 s");
  expect(renewed()).toBe(1);
  await after(STANDS_STILL_MS - seconds(5));
  expect(renewed()).toBe(1);
  await after(GIVE_UP_MS);
  expect(progress.isDead).toBe(true);
  expect(renewed()).toBeGreaterThan(4);
});

test("as long as something is taken, or nothing is due, work goes on", async () => {
  let taken = 0;
  const busy = watch(
    () => 3,
    () => (taken += 1),
  );
  await busy.after(GIVE_UP_MS * 2);
  const idle = watch(
    () => 0,
    () => 0,
  );
  await idle.after(GIVE_UP_MS * 2);
  for (const { progress, renewed } of [busy, idle]) {
    expect(progress.trouble).toBeNull();
    expect(progress.isDead).toBe(false);
    expect(renewed()).toBe(0);
  }
});

test("a queue that refuses is passed by at once, then left alone for a while, then asked again", async () => {
  const clock = new VirtualClock(START);
  let asked = 0;
  let isAway = true;
  const direct: string[] = [];
  const way = new ShortWay({
    queue: { add: () => ((asked += 1), isAway ? Promise.reject(new Error("OOM")) : Promise.resolve()) },
    clock,
    log: silentLog,
    direct: (commands) => Promise.resolve(void direct.push(...commands)),
  });
  await way.add("lane", [ONE]);
  await way.add("lane", [CommandId("two")]);
  expect({ direct, asked, taken: way.taken }).toEqual({ direct: ["one", "two"], asked: 1, taken: 2 });
  isAway = false;
  await clock.pass(seconds(6));
  await way.add("lane", [CommandId("three")]);
  expect({ direct, asked }).toEqual({ direct: ["one", "two"], asked: 2 });
});

test("a queue that does not answer is waited for no longer than two seconds", async () => {
  const clock = new VirtualClock(START);
  const direct: string[] = [];
  const way = new ShortWay({
    queue: { add: () => new Promise(() => undefined) },
    clock,
    log: silentLog,
    direct: (commands) => Promise.resolve(void direct.push(...commands)),
  });
  const added = way.add("lane", [ONE]);
  await clock.pass(seconds(2));
  await added;
  expect(direct).toEqual(["one"]);
});

test("a job that seems lost is handed out past the queue, also when the clock was set back in between", async () => {
  for (const stepMs of [seconds(11), -seconds(3_600)]) {
    let now = START;
    const by = { queue: [] as string[], hand: [] as string[] };
    const sweeper = new Sweeper({
      due: () => Promise.resolve([ONE]),
      isRunning: () => false,
      add: (commands) => Promise.resolve(void by.queue.push(...commands)),
      addDirect: (commands) => Promise.resolve(void by.hand.push(...commands)),
      clock: { now: () => now, wait: () => Promise.resolve() },
      log: silentLog,
    });
    await sweeper.sweep();
    await sweeper.sweep();
    expect(by).toEqual({ queue: ["one"], hand: [] });
    now = Instant(now + stepMs);
    await sweeper.sweep();
    expect(by).toEqual({ queue: ["one"], hand: ["one"] });
  }
});

test("what a queue took before it went away is not waited for: it goes straight to its line with the next look", async () => {
  const [byQueue, direct]: [CommandId[], CommandId[]] = [[], []];
  let isAway = false;
  const clock = new VirtualClock(START);
  const sweeper = new Sweeper({
    due: () => Promise.resolve([ONE]),
    isRunning: () => direct.length > 0,
    add: (ids) => Promise.resolve(void byQueue.push(...ids)),
    addDirect: (ids) => Promise.resolve(void direct.push(...ids)),
    isQueueAway: () => isAway,
    ...{ clock, log: silentLog },
  });
  await sweeper.sweep();
  await clock.pass(seconds(1));
  await sweeper.sweep();
  expect([byQueue, direct]).toEqual([[ONE], []]);
  isAway = true;
  await clock.pass(seconds(1));
  await sweeper.sweep();
  await clock.pass(seconds(1));
  await sweeper.sweep();
  expect([byQueue, direct], "once, as long as it is at work").toEqual([[ONE], [ONE]]);
});

test("what has just come due is found behind thousands that wait at their lines, and were due before it", async () => {
  const backlog = Array.from({ length: 9_000 }, (_, n) => CommandId(`waiting-${n}`));
  const [given, restore] = [[] as CommandId[], CommandId("restore")];
  const list = [...backlog, restore];
  const sweeper = new Sweeper({
    due: (_now, limit, skip) => Promise.resolve(list.slice(skip, skip + limit)),
    isRunning: (id) => id !== restore,
    add: (ids) => Promise.resolve(void given.push(...ids)),
    ...{ clock: new VirtualClock(START), log: silentLog },
  });
  for (let round = 0; round < 3; round += 1) await sweeper.sweep();
  expect(given).toEqual([restore]);
});
