/** The clock of storms: rest is found by promises alone, and moments come in order. */
import { expect, test } from "vitest";
import { Instant } from "../../src/kernel/clock.ts";
import { StormClock } from "./storm-clock.ts";

const at = (ms: number): StormClock => new StormClock(Instant(ms));

test("time stands still while promises follow from each other, however many", async () => {
  const clock = at(0);
  let seenAt = -1;
  void clock.wait(10).then(async () => {
    for (let n = 0; n < 1_000; n += 1) await Promise.resolve();
    seenAt = clock.now();
  });
  await clock.pass(1_000);
  expect(seenAt).toBe(10);
  expect(clock.now()).toBe(1_000);
});

test("who waits for an earlier moment is woken first; of one moment, who asked first", async () => {
  const clock = at(0);
  const woken: string[] = [];
  for (const [name, ms] of [
    ["c", 30],
    ["a", 10],
    ["b", 10],
    ["d", 31],
  ] as const)
    void clock.wait(ms).then(() => woken.push(name));
  await clock.pass(30);
  expect(woken).toEqual(["a", "b", "c"]);
});

test("a wait that is called off ends at once, and its moment passes without anybody", async () => {
  const clock = at(0);
  const off = new AbortController();
  let endedAt = -1;
  void clock.wait(500, off.signal).then(() => (endedAt = clock.now()));
  void clock.wait(20).then(() => off.abort("enough"));
  await clock.pass(1_000);
  expect(endedAt).toBe(20);
  expect(clock.turns).toBe(1);
});

test("parts of a millisecond are waited for to its end, so that nobody has to ask again", async () => {
  const clock = at(0);
  const until = 22.9;
  let asked = 0;
  void (async () => {
    for (let left = until - clock.now(); left > 0; left = until - clock.now()) {
      asked += 1;
      await clock.wait(left);
    }
  })();
  await clock.pass(100);
  expect(asked).toBe(1);
});
