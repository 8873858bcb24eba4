/** When a round is made, what a failed one costs, and how it ends: on virtual time. */
import { expect, test } from "vitest";
import { Instant, seconds } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Rounds, type RoundsParts } from "../../src/kernel/rounds.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const EVERY_MS = seconds(10);

function stand(parts: Partial<RoundsParts> = {}) {
  const clock = new VirtualClock(Instant(0));
  const at: number[] = [];
  const said: unknown[] = [];
  const hear = (level: string) => (fields: object, message: string) => void said.push({ level, ...fields, message });
  const log = { ...silentLog, debug: hear("debug"), warn: hear("warn"), error: hear("error") };
  const work = (): Promise<unknown> => Promise.resolve(void at.push(clock.now() / 1_000));
  const rounds = new Rounds({ clock, log, work, everyMs: EVERY_MS, failed: "it failed; it is tried again", ...parts });
  return { clock, at, said, rounds };
}

test("the first round is at once, and the next so long after the last, also where it was started twice", async () => {
  const { clock, at, rounds } = stand();
  rounds.start();
  rounds.start();
  await clock.pass(seconds(25));
  expect(at).toEqual([0, 10, 20]);
  await rounds.stop();
});

test("where the first is somebody else's, it begins with the wait", async () => {
  const { clock, at, rounds } = stand({ waitsFirst: true });
  rounds.start();
  await clock.pass(seconds(25));
  expect(at).toEqual([10, 20]);
  await rounds.stop();
});

test("a round that fails is said in the words that were given, and ends nothing", async () => {
  const work = () => Promise.reject(new Error("no books"));
  const aloud = stand({ work });
  aloud.rounds.start();
  await aloud.clock.pass(seconds(15));
  const words = { reason: "no books", message: "it failed; it is tried again" };
  expect(aloud.said).toEqual([
    { level: "error", ...words },
    { level: "error", ...words },
  ]);
  await aloud.rounds.stop();
  const softly = stand({ work, level: "warn" });
  softly.rounds.start();
  await softly.clock.pass(seconds(5));
  expect(softly.said).toEqual([{ level: "warn", ...words }]);
  await softly.rounds.stop();
});

test("a nudge ends the wait; one that comes during a round is followed by another, and ten by no more than that", async () => {
  const { clock, at, rounds } = stand({
    work: async () => {
      at.push(clock.now() / 1_000);
      await clock.wait(seconds(3));
    },
  });
  rounds.start();
  await clock.pass(seconds(5));
  rounds.nudge();
  await clock.pass(seconds(1));
  expect(at).toEqual([0, 5]);
  for (let n = 0; n < 10; n += 1) rounds.nudge();
  await clock.pass(seconds(12));
  expect(at).toEqual([0, 5, 8]);
  await clock.pass(seconds(4));
  expect(at).toEqual([0, 5, 8, 21]);
  const stopping = rounds.stop();
  await clock.pass(seconds(3));
  await stopping;
});

test("a nudge before the first round brings it", async () => {
  const { clock, at, rounds } = stand({ waitsFirst: true });
  rounds.start();
  await clock.pass(seconds(1));
  rounds.nudge();
  await clock.pass(seconds(1));
  expect(at).toEqual([1]);
  await rounds.stop();
});

test("stopping waits for the round under way and not for the pause after it; then there is none", async () => {
  let isDone = false;
  const { clock, at, rounds } = stand({
    work: async () => {
      at.push(clock.now() / 1_000);
      await clock.wait(seconds(3));
      isDone = true;
    },
  });
  rounds.start();
  await clock.pass(seconds(1));
  let isStopped = false;
  const stopping = rounds.stop().then(() => (isStopped = true));
  await clock.pass(seconds(1));
  expect([rounds.isStopped, isStopped, isDone]).toEqual([true, false, false]);
  await clock.pass(seconds(1));
  await stopping;
  expect([isDone, clock.now()]).toEqual([true, seconds(3)]);
  await clock.pass(seconds(60));
  expect(at).toEqual([0]);
  await rounds.stop();
});

test("what was stopped before it was started, or while it waited for its first round, does nothing", async () => {
  const { clock, at, rounds } = stand();
  await rounds.stop();
  rounds.start();
  const waiting = stand({ waitsFirst: true });
  waiting.rounds.start();
  await waiting.rounds.stop();
  await clock.pass(seconds(30));
  await waiting.clock.pass(seconds(30));
  expect([at, waiting.at]).toEqual([[], []]);
});
