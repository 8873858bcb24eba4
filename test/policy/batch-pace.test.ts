/** Lists of cuts give way to whoever stands before the same database. */
import { expect, test } from "vitest";
import { UNDER_WAY_MAX } from "../../src/policy/batch-run.ts";
import { BatchPace } from "../../src/policy/batch-pace.ts";

test("more are under way while the books answer at once, up to the most, and fewer when they are slow, but never none", () => {
  const pace = new BatchPace(UNDER_WAY_MAX);
  const first = pace.underWay;
  for (let n = 0; n < 100; n += 1) pace.took(16, 16);
  expect([first < UNDER_WAY_MAX, pace.underWay]).toEqual([true, UNDER_WAY_MAX]);
  pace.took(40 * 16, 16);
  expect(pace.underWay, "neither slow nor quick").toBe(UNDER_WAY_MAX);
  pace.took(100 * 16, 16);
  expect(pace.underWay).toBe(UNDER_WAY_MAX * 0.75);
  for (let n = 0; n < 100; n += 1) pace.took(1_000, 1);
  expect(pace.underWay).toBeGreaterThan(10);
});
