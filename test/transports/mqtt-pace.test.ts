/** When a broker is dialled again: with hurry where hurry helps, slowly where it does harm. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { seededChance, type Chance } from "../../src/kernel/chance.ts";
import { BrokerPace, CALM_AFTER_MS, HANG_UPS_MAX, THROWN_OUT_PAUSE_MS, type Ending } from "../../src/transports/mqtt-pace.ts";
import { REFUSED_PAUSE_MS, STABLE_AFTER_MS } from "../../src/transports/reconnecting.ts";

/** Always the longest pause that may be drawn. */
const unlucky: Chance = { ...seededChance(1), next: () => 1 };
const away: Ending = { refused: false, stoodMs: null };
const hungUp: Ending = { refused: false, stoodMs: 40 };
const after = (pace: BrokerPace, ...endings: readonly Ending[]): number[] => endings.map((ending) => pace.after(ending));
const times = (count: number, ending: Ending): Ending[] => Array.from({ length: count }, () => ending);

test("pauses double up to half a minute, and only a connection that stood starts afresh", () => {
  const pace = new BrokerPace({ chance: unlucky });
  expect(after(pace, ...times(8, away))).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  expect(after(pace, { refused: false, stoodMs: STABLE_AFTER_MS - 1 })).toEqual([30_000]);
  expect(after(pace, { refused: false, stoodMs: STABLE_AFTER_MS }, away)).toEqual([500, 1_000]);
});

test("a try that took long to fail is no connection that stood", () => {
  const pace = new BrokerPace({ chance: unlucky });
  expect(after(pace, ...times(3, away)).at(-1)).toBe(2_000);
});

test("pauses are drawn between nought and the limit", () => {
  const pace = new BrokerPace({ chance: seededChance(7), firstMs: 1_000, maxMs: 1_000 });
  const pauses = after(pace, ...times(200, away));
  expect(Math.min(...pauses)).toBeLessThan(100);
  expect(Math.max(...pauses)).toBeGreaterThan(900);
  expect(Math.max(...pauses)).toBeLessThanOrEqual(1_000);
});

test("refused credentials are tried once a minute, however often", () => {
  const pace = new BrokerPace({ chance: unlucky });
  expect(after(pace, ...times(30, { refused: true, stoodMs: null }))).toEqual(times(30, away).map(() => REFUSED_PAUSE_MS));
});

test("hung up on five times in a row is a take-over: slowly from then on, and drawn, so that two do not meet again", () => {
  const pace = new BrokerPace({ chance: seededChance(7) });
  expect(Math.max(...after(pace, ...times(HANG_UPS_MAX - 1, hungUp)))).toBeLessThanOrEqual(4_000);
  expect(pace.isThrownOut).toBe(false);
  const slow = after(pace, ...times(20, hungUp));
  expect(pace.isThrownOut).toBe(true);
  for (const pause of slow) expect(pause).toBeGreaterThanOrEqual(THROWN_OUT_PAUSE_MS / 2);
  expect(new Set(slow).size).toBe(20);
});

test("a connection that whoever shares our id let stand for a minute does not end the suspicion; minutes of calm do", () => {
  const pace = new BrokerPace({ chance: seededChance(7) });
  after(pace, ...times(HANG_UPS_MAX, hungUp));
  expect(after(pace, { refused: false, stoodMs: 60_000 })[0]).toBeGreaterThanOrEqual(THROWN_OUT_PAUSE_MS / 2);
  expect(after(pace, { refused: false, stoodMs: CALM_AFTER_MS })[0]).toBeLessThanOrEqual(500);
  expect(pace.isThrownOut).toBe(false);
});

test("a broker that restarts again and again is none that throws us out: it does not answer in between", () => {
  const pace = new BrokerPace({ chance: unlucky });
  after(pace, ...Array.from({ length: 20 }, () => [hungUp, away]).flat());
  expect(pace.isThrownOut).toBe(false);
});

test("whatever happens, twenty accepted and ended connections in a row take longer than seven minutes", () => {
  fc.assert(
    fc.property(fc.integer(), fc.array(fc.nat(STABLE_AFTER_MS - 1), { minLength: 20, maxLength: 20 }), (seed, stood) => {
      const pace = new BrokerPace({ chance: seededChance(seed) });
      const all = after(pace, ...stood.map((stoodMs) => ({ refused: false, stoodMs })));
      expect(all.reduce((sum, pause) => sum + pause, 0)).toBeGreaterThan(450_000);
    }),
  );
});
