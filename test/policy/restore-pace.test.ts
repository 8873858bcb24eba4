/** Restores of one feeder: the first at once, others spread, never more in a minute than is allowed. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { seededChance } from "../../src/kernel/chance.ts";
import { Instant, later, minutes, seconds, type Clock } from "../../src/kernel/clock.ts";
import { CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import type { Command } from "../../src/commands/command.ts";
import { RestorePace, turnOf } from "../../src/policy/restore-pace.ts";
import { aCommand } from "../support/a-command.ts";

const START = Instant(1_795_399_434_000);
let now = START;
const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
const [NEAR, FAR] = [MeterAddress("202611220001"), MeterAddress("202611220002")];
const pace = (): RestorePace =>
  new RestorePace({
    clock,
    chance: seededChance(7),
    feederOf: ({ meter }) => Promise.resolve({ name: meter, jitterMs: seconds(10), perMinute: 10 }),
  });
const restore = (n: number, more: Partial<Command> = {}): Command =>
  aCommand({
    ...{ meter: NEAR, createdAt: START, kind: "reconnect", askedBy: "rule" },
    id: CommandId(`01920000-0000-7000-8000-${String(n).padStart(12, "0")}`),
    ...more,
  });

test("who is alone waits for nobody; who comes at the same moment waits some seconds; another feeder is another", async () => {
  now = START;
  const turns = pace();
  expect(await turns.pauseMs(restore(1))).toBe(0);
  const second = await turns.pauseMs(restore(2));
  expect(second).toBeGreaterThan(0);
  expect(second).toBeLessThanOrEqual(seconds(10));
  expect(await turns.pauseMs(restore(2)), "asked again, it is the same turn").toBe(second);
  expect(await turns.pauseMs(restore(3, { meter: FAR }))).toBe(0);
  now = later(now, second);
  expect(await turns.pauseMs(restore(2))).toBe(0);
});

test("people's orders and cuts wait for nobody", async () => {
  now = START;
  const turns = pace();
  await turns.pauseMs(restore(1));
  expect(await turns.pauseMs(restore(2, { askedBy: "person" }))).toBe(0);
  expect(await turns.pauseMs(restore(3, { kind: "disconnect" }))).toBe(0);
});

test("of a hundred that pay in one second no minute sees more than ten", async () => {
  now = START;
  const turns = pace();
  const at: number[] = [];
  for (let n = 0; n < 100; n += 1) {
    at.push(now + (await turns.pauseMs(restore(n))));
    now = later(now, 10);
  }
  for (const from of at) expect(at.filter((other) => other >= from && other < from + minutes(1)).length).toBeLessThanOrEqual(10);
  expect(Math.max(...at) - START, "and they do not wait longer than they have to").toBeLessThan(minutes(12));
});

test("however they come, no minute is fuller than allowed", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 60 }),
      fc.integer({ min: 1, max: 12 }),
      (pauses, perMinute) => {
        const chance = seededChance("pace");
        const given: Instant[] = [];
        let at = START;
        for (const pause of pauses) {
          at = later(at, pause);
          given.push(turnOf(at, given, { jitterMs: seconds(10), perMinute }, chance));
          expect(given.at(-1)).toBeGreaterThanOrEqual(at);
        }
        for (const from of given)
          expect(given.filter((other) => other >= from && other < from + minutes(1)).length).toBeLessThanOrEqual(perMinute);
      },
    ),
    { numRuns: 100 },
  );
});

test("a clock that is set back leaves nobody waiting for it to come again", async () => {
  now = later(START, minutes(120));
  const turns = pace();
  await turns.pauseMs(restore(1));
  await turns.pauseMs(restore(2));
  now = START;
  expect(await turns.pauseMs(restore(2))).toBe(0);
});
