/** The bar says how far, how fast and how long; the keys hold and stop it. */
import { expect, test } from "vitest";
import { Pacer } from "../../../src/cli/import/pacer.ts";
import { clockOf, progressText } from "../../../src/cli/import/progress.ts";
import { Instant, type Clock } from "../../../src/kernel/clock.ts";

test("half of the work in ten seconds: half a bar, its rate, ten seconds left", () => {
  expect(progressText("sending", { done: 500, of: 1_000, elapsedMs: 10_000 })).toBe(
    `sending ${"█".repeat(12)}${"░".repeat(12)}  50 %  500 of 1000  50/s  0:10 left`,
  );
});

test("nothing yet promises nothing, all is all, and a slow rate keeps a decimal", () => {
  expect(progressText("x", { done: 0, of: 10, elapsedMs: 0 })).toMatch(/ {2}0 % {2}0 of 10 {2}0\/s {2}--:-- left$/);
  expect(progressText("x", { done: 10, of: 10, elapsedMs: 5_000 })).toMatch(/100 % {2}10 of 10 {2}2\.0\/s$/);
});

test("what an earlier run had done is not our speed", () => {
  expect(progressText("x", { done: 90, of: 100, elapsedMs: 10_000, before: 80 })).toMatch(/1\.0\/s {2}0:10 left$/);
});

test.each([
  [0, "0:00"],
  [59_001, "1:00"],
  [187_000, "3:07"],
  [3_729_000, "1:02:09"],
])("%i ms are %s", (ms, text) => expect(clockOf(ms)).toBe(text));

const stillClock = { now: () => Instant(0), wait: () => Promise.resolve() } satisfies Clock;

function atTheKeys(): { pacer: Pacer; press: (key: string) => void; drawn: (string | null)[]; listens: () => boolean } {
  let listener: ((key: string) => void) | null = null;
  const drawn: (string | null)[] = [];
  const terminal = {
    out: () => undefined,
    error: () => undefined,
    env: {},
    status: (text: string | null) => void drawn.push(text),
    onKey: (heard: (key: string) => void) => {
      listener = heard;
      return () => (listener = null);
    },
  };
  return { pacer: new Pacer(terminal, stillClock), press: (key) => listener?.(key), drawn, listens: () => listener !== null };
}

test("p holds it until p is pressed again, and the screen says so", async () => {
  const { pacer, press, drawn } = atTheKeys();
  press("p");
  let passed = false;
  const passing = pacer.pass().then(() => (passed = true));
  await Promise.resolve();
  expect(passed).toBe(false);
  expect(drawn.at(-1)).toMatch(/paused.*已暂停/);
  press("p");
  await passing;
  expect(pacer.isStopped()).toBe(false);
});

test("q stops it, also while it is held, and at the end the keys are given back", async () => {
  const { pacer, press, listens } = atTheKeys();
  press("p");
  const passing = pacer.pass();
  press("q");
  await passing;
  expect(pacer.isStopped()).toBe(true);
  pacer.end();
  expect(listens()).toBe(false);
});
