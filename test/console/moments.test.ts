/** Counting from what the gateway wrote, on the wall of the site, wherever the browser stands. */
import { expect, test } from "vitest";
import { fieldMoment, hoursAfter } from "../../src/console/moments.ts";

test.each([
  ["2026-11-22T18:30:05+08:00", 12, "2026-11-23T06:30", "2026-11-23T06:30:00+08:00"],
  ["2026-12-31T23:59:59.250-03:30", 1, "2027-01-01T00:59", "2027-01-01T00:59:00-03:30"],
  ["2026-02-28T00:00:00Z", 24, "2026-03-01T00:00", "2026-03-01T00:00:00Z"],
])("%s and %i hours later is %s on the same wall", (now, hours, field, moment) => {
  expect(hoursAfter(now, hours)).toBe(field);
  expect(fieldMoment(field, now)).toBe(moment);
});
