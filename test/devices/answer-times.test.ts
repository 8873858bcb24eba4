/** How long an answer is waited for follows from what was measured, between a floor and what was configured. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { ANSWER_FLOOR_MS, AnswerTimes } from "../../src/devices/answer-times.ts";

const WHOLE = 3_000;
const BYTES = 20;
const times = (allowanceMs = WHOLE, wireIsKnown = true) => new AnswerTimes({ allowanceMs, wireIsKnown });
const answering = (it: AnswerTimes, meter: string, ...ms: number[]) => {
  for (const each of ms) it.answered(meter, each, BYTES);
  return it;
};

test("nobody knows anything yet, or too little: the whole allowance", () => {
  const it = times();
  expect(it.allowanceMs("a", BYTES)).toBe(WHOLE);
  answering(it, "a", 20, 20, 20);
  expect(it.allowanceMs("a", BYTES)).toBe(WHOLE);
});

test("a quick meter is given the floor that the standard allows, a slow one its time and four deviations", () => {
  const it = answering(times(), "quick", 20, 30, 20, 30, 20);
  expect(it.allowanceMs("quick", BYTES)).toBe(Math.max(ANSWER_FLOOR_MS, WHOLE / 4));
  answering(it, "slow", 1_000, 1_000, 1_000, 1_000, 1_000, 1_000);
  const given = it.allowanceMs("slow", BYTES);
  expect(given).toBeGreaterThan(1_000);
  expect(given).toBeLessThan(WHOLE);
});

test("never below the floor and never above what was configured, whatever was measured", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 20_000 }),
      fc.array(fc.oneof(fc.nat(60_000), fc.constant("silent" as const)), { maxLength: 60 }),
      fc.nat(250),
      (allowanceMs, course, bytes) => {
        const it = times(allowanceMs, false);
        for (const each of course) {
          if (each === "silent") it.silent("a");
          else it.answered("a", each, BYTES);
          const given = it.allowanceMs("a", bytes);
          expect(given).toBeLessThanOrEqual(allowanceMs);
          expect(given).toBeGreaterThanOrEqual(Math.min(allowanceMs, ANSWER_FLOOR_MS));
        }
      },
    ),
  );
});

test("a time-out widens at once; a meter that stays silent costs little, and has the whole allowance at each fourth question", () => {
  const it = answering(times(), "a", 20, 20, 20, 20, 20);
  const given = Array.from({ length: 9 }, () => {
    it.silent("a");
    return it.allowanceMs("a", BYTES);
  });
  const floor = it.floorMs;
  expect(given).toEqual([WHOLE, floor, floor, floor, WHOLE, floor, floor, floor, WHOLE]);
  it.answered("a", 20, BYTES);
  expect(it.allowanceMs("a", BYTES)).toBe(floor);
});

test("a meter that became slow is learned, also from answers that came too late, and is not given up again", () => {
  const it = answering(times(), "a", ...Array.from({ length: 20 }, () => 50));
  expect(it.allowanceMs("a", BYTES)).toBe(it.floorMs);
  const slow = 1_400;
  let tooLate = 0;
  for (let n = 0; n < 12; n += 1) {
    if (slow > it.allowanceMs("a", BYTES)) {
      tooLate += 1;
      it.silent("a");
    }
    it.answered("a", slow, BYTES);
  }
  expect(tooLate).toBeLessThanOrEqual(1);
  expect(it.allowanceMs("a", BYTES)).toBeGreaterThan(slow);
});

test("a meter that never answered is measured by its neighbours only when it was silent at the whole allowance", () => {
  const it = answering(times(), "neighbour", 100, 100, 100, 100, 100);
  expect(it.allowanceMs("dead", BYTES)).toBe(WHOLE);
  it.silent("dead");
  expect(it.allowanceMs("dead", BYTES)).toBe(WHOLE);
  it.silent("dead");
  expect(it.allowanceMs("dead", BYTES)).toBe(it.floorMs);
});

test("where the wire's speed is not known a longer reply than any measured has its bytes' time at 1200 baud", () => {
  const known = answering(times(WHOLE, true), "a", 700, 700, 700, 700, 700, 700, 700, 700);
  const unknown = answering(times(WHOLE, false), "a", 700, 700, 700, 700, 700, 700, 700, 700);
  expect(unknown.allowanceMs("a", BYTES)).toBe(known.allowanceMs("a", BYTES));
  expect(known.allowanceMs("a", BYTES + 100)).toBe(known.allowanceMs("a", BYTES));
  expect(unknown.allowanceMs("a", BYTES + 100)).toBe(known.allowanceMs("a", BYTES) + 920);
});

test("for the plan of a line: what an answer takes, and what a silence costs on the average of four probes", () => {
  const it = answering(times(), "quick", 20, 20, 20, 20);
  const short = Math.max(ANSWER_FLOOR_MS, WHOLE / 4);
  expect(it.of("quick")).toEqual({ meanMs: 20, silenceMs: (WHOLE + 3 * short) / 4 });
  expect(it.of("never heard")).toEqual({ meanMs: undefined, silenceMs: (WHOLE + 3 * short) / 4 });
  expect(times().of("a")).toEqual({ meanMs: undefined, silenceMs: WHOLE });
});
