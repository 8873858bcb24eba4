/** The arithmetic of collection: which age a midnight hides behind, when a clock may be set, what a meter is asked for again. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { clockWindow, verdictOf } from "../../src/collection/clock-check.ts";
import { dayAfter, daysBetween, isDay, midnightOf, midnightsWithin, momentIn, DAY_MS } from "../../src/collection/days.ts";
import { newRecords } from "../../src/collection/event-kinds.ts";
import { findFreeze, FREEZES_KEPT } from "../../src/collection/find-freeze.ts";
import { isLacking, noteHaving, noteLacking, type Lacks } from "../../src/collection/lacks.ts";
import { dayOf, hours, Instant, later, minutes, seconds } from "../../src/kernel/clock.ts";

const ZONE = "Asia/Shanghai";
const at = (text: string): Instant => Instant(Date.parse(`${text}+08:00`));
const midnight = (day: string): Instant => midnightOf(day, ZONE);

/** A meter with these freezes, newest first; what it was asked is in `asked`. */
function meterWith(times: readonly (Instant | null)[]) {
  const asked: number[] = [];
  return {
    asked,
    timeAt: (age: number) => {
      asked.push(age);
      return Promise.resolve(times[age - 1] ?? null);
    },
  };
}

describe("the age of a midnight", () => {
  const nights = (...days: string[]): Instant[] => days.map(midnight);

  test("is guessed from the calendar, and the freeze's own time confirms it: two questions", async () => {
    const meter = meterWith(Array.from({ length: 62 }, (_, n) => midnight(dayAfter("2026-11-25", -n))));
    expect(await findFreeze(midnight("2026-10-06"), meter.timeAt)).toEqual({ is: "found", age: 51 });
    expect(meter.asked).toEqual([1, 51]);
  });

  test.each([
    ["its newest", "2026-11-25", ["2026-11-25"], { is: "found", age: 1 }],
    ["one it has not frozen yet", "2026-11-26", ["2026-11-25", "2026-11-24"], { is: "not-yet" }],
    ["one between two that are there", "2026-11-23", ["2026-11-25", "2026-11-24", "2026-11-22", "2026-11-21"], { is: "absent" }],
    ["one behind a gap", "2026-11-21", ["2026-11-25", "2026-11-24", "2026-11-22", "2026-11-21"], { is: "found", age: 4 }],
    ["one older than all", "2026-11-01", ["2026-11-25", "2026-11-24"], { is: "beyond" }],
    [
      "one behind a double",
      "2026-11-21",
      ["2026-11-24", "2026-11-23", "2026-11-23", "2026-11-22", "2026-11-21"],
      { is: "found", age: 5 },
    ],
    [
      "one that is double: the newer",
      "2026-11-22",
      ["2026-11-24", "2026-11-23", "2026-11-22", "2026-11-22"],
      { is: "found", age: 3 },
    ],
    ["any, where it keeps none", "2026-11-22", [], { is: "lacking" }],
  ])("of %s", async (_what, wanted, kept, expected) => {
    expect(await findFreeze(midnight(wanted), meterWith(nights(...kept)).timeAt)).toEqual(expected);
  });

  test("is never that of a freeze at another hour, however near", async () => {
    const meter = meterWith([at("2026-11-25T08:00:00"), at("2026-11-24T08:00:00"), at("2026-11-23T08:00:00")]);
    expect(await findFreeze(midnight("2026-11-24"), meter.timeAt)).toEqual({ is: "absent" });
  });

  test("is found whatever is missing or double, and a midnight that is not there is never found", async () => {
    const days = fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: FREEZES_KEPT });
    await fc.assert(
      fc.asyncProperty(days, fc.integer({ min: 0, max: 40 }), async (given, wanted) => {
        const kept = given.toSorted((a, b) => a - b); // days before the newest, so newest first
        const times = kept.map((n) => midnight(dayAfter("2026-11-25", -n)));
        const found = await findFreeze(midnight(dayAfter("2026-11-25", -wanted)), meterWith(times).timeAt);
        if (!kept.includes(wanted)) return found.is !== "found";
        return found.is === "found" && kept[found.age - 1] === wanted;
      }),
    );
  });

  test("costs nobody what is known already", async () => {
    const times = Array.from({ length: 10 }, (_, n) => midnight(dayAfter("2026-11-25", -n)));
    const meter = meterWith(times);
    const known = new Map<number, Instant | null>([[4, times[3]!]]);
    expect(await findFreeze(times[3]!, meter.timeAt, known)).toEqual({ is: "found", age: 4 });
    expect(meter.asked).toEqual([1]);
  });
});

describe("a clock", () => {
  test.each([
    [0, "right"],
    [seconds(30), "right"],
    [-seconds(31), "noted"],
    [minutes(5), "noted"],
    [-minutes(5) - 1, "off"],
    [hours(12), "off"],
    [hours(13), "lost"],
  ])("that is %i ms off is %s", (aheadMs, verdict) => expect(verdictOf(aheadMs)).toBe(verdict));

  test("is set only while its time and ours stand in one day, well away from its ends", () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: DAY_MS - 1 }), fc.integer({ min: -hours(12), max: hours(12) }), (into, aheadMs) => {
        const now = later(midnight("2026-11-22"), into);
        const window = clockWindow(now, aheadMs, ZONE);
        const leaves = window.open ? [now, window.notAfter] : [window.from];
        for (const moment of leaves)
          for (const shown of [moment, later(moment, aheadMs)])
            for (const care of [-minutes(9), minutes(9)]) expect(dayOf(later(shown, care), ZONE)).toBe(dayOf(moment, ZONE));
        if (!window.open) expect(window.from).toBeGreaterThan(now);
      }),
    );
  });
});

describe("a day", () => {
  test("is one of the site, and every midnight is found again", () => {
    expect(midnightOf("2026-11-22", ZONE)).toBe(at("2026-11-22T00:00:00"));
    expect(midnightOf("2026-11-22", "UTC")).toBe(Date.parse("2026-11-22T00:00:00Z"));
    expect(dayAfter("2028-02-28")).toBe("2028-02-29");
    expect(dayAfter("2026-01-01", -1)).toBe("2025-12-31");
    expect(daysBetween("2026-10-20", "2026-11-02")).toBe(13);
    expect(["2026-11-22", "2026-02-30", "2026-1-1", ""].map(isDay)).toEqual([true, false, false, false]);
  });

  test("is told by a meter's digits, and zeros are no moment", () => {
    expect(momentIn("2026-11-22 00:00", ZONE)).toBe(at("2026-11-22T00:00:00"));
    expect(momentIn("2026-11-22 10:30:05", ZONE)).toBe(at("2026-11-22T10:30:05"));
    for (const text of [null, "2000-00-00 00:00", "2026-13-01 00:00", "nonsense"]) expect(momentIn(text, ZONE)).toBeUndefined();
  });

  test("whose midnight lies in an outage is found, both ends included", () => {
    expect(midnightsWithin(at("2026-11-21T23:00:00"), at("2026-11-23T00:00:00"), ZONE)).toEqual(["2026-11-22", "2026-11-23"]);
    expect(midnightsWithin(at("2026-11-22T00:00:01"), at("2026-11-22T23:00:00"), ZONE)).toEqual([]);
  });
});

describe("what a meter has not", () => {
  const now = at("2026-11-22T00:05:00");
  const lacking = (lacks: Lacks, what: "daily-freeze" | "exported", ms: number): boolean =>
    isLacking(lacks, what, later(now, ms));

  test("is asked again after a month", () => {
    const lacks = noteLacking({}, "exported", now);
    expect([0, DAY_MS, 29 * DAY_MS, 31 * DAY_MS].map((ms) => lacking(lacks, "exported", ms))).toEqual([true, true, true, false]);
    expect(noteHaving(lacks, "exported")).toEqual({});
  });

  test("is asked again each night for three nights where it is the midnight itself, which may only not have come yet", () => {
    let lacks = noteLacking({}, "daily-freeze", now);
    expect(lacking(lacks, "daily-freeze", DAY_MS)).toBe(false);
    lacks = noteLacking(noteLacking(lacks, "daily-freeze", now), "daily-freeze", now);
    expect(lacking(lacks, "daily-freeze", DAY_MS)).toBe(true);
  });
});

test.each([
  ["the first look, three of many", undefined, 500, 3],
  ["the first look, all of few", undefined, 2, 2],
  ["nothing new", 7, 7, 0],
  ["two more", 7, 9, 2],
  ["more than are kept", 7, 40, 10],
  ["cleared, and two since", 7, 2, 2],
])("records to read: %s", (_what, known, count, expected) => expect(newRecords(known, count)).toBe(expected));
