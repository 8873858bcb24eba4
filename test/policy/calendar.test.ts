/** When nobody is cut, in any zone and on the days that set their clocks; and when that ends. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { hours, Instant, minutes } from "../../src/kernel/clock.ts";
import { nextChange, parseHours, windowsAt, type NoCut } from "../../src/policy/calendar.ts";

const none: NoCut = { hours: null, weekends: false, holidays: new Set(), dayBefore: true, weather: false, maintenance: [] };
const usual: NoCut = { ...none, hours: parseHours("17:00-08:00"), weekends: true, holidays: new Set(["2026-10-01"]) };
const at = (text: string): Instant => Instant(Date.parse(text));

describe("windows", () => {
  test.each([
    ["2026-11-23T07:59:59", "no-cut-hours"],
    ["2026-11-23T08:00:00", ""],
    ["2026-11-23T16:59:59", ""],
    ["2026-11-23T17:00:00", "no-cut-hours"],
    ["2026-11-21T12:00:00", "weekend"],
    ["2026-11-21T20:00:00", "weekend no-cut-hours"],
    ["2026-10-01T12:00:00", "holiday"],
    ["2026-09-30T12:00:00", "holiday"],
    ["2026-09-29T12:00:00", ""],
  ])("%s: %s", (text, expected) => expect(windowsAt(at(`${text}+08:00`), "Asia/Shanghai", usual).join(" ")).toBe(expected));

  test("the site's zone counts, not the machine's", () => {
    expect(windowsAt(at("2026-11-23T12:00:00Z"), "Asia/Shanghai", usual)).toEqual(["no-cut-hours"]);
    expect(windowsAt(at("2026-11-23T12:00:00Z"), "UTC", usual)).toEqual([]);
  });

  test("hours within one day, and hours that begin when they end: none", () => {
    const lunch = { ...none, hours: parseHours("12:00-13:00") };
    expect(windowsAt(at("2026-11-23T12:30:00Z"), "UTC", lunch)).toEqual(["no-cut-hours"]);
    expect(windowsAt(at("2026-11-23T13:00:00Z"), "UTC", lunch)).toEqual([]);
    expect(windowsAt(at("2026-11-23T00:00:00Z"), "UTC", { ...none, hours: parseHours("00:00-00:00") })).toEqual([]);
  });

  test("the day before a holiday is the day of the calendar before, also where it has 25 hours", () => {
    const holiday = { ...none, holidays: new Set(["2026-10-26"]) };
    const madrid = (text: string): readonly string[] => windowsAt(at(text), "Europe/Madrid", holiday);
    expect(madrid("2026-10-25T00:00:00+02:00")).toEqual(["holiday"]); // 24 hours later it is still the 25th
    expect(madrid("2026-10-24T23:59:59+02:00")).toEqual([]);
  });
});

describe("the next change", () => {
  test("in spring the quiet hours end when the wall says so, an hour sooner", () => {
    const night = { ...none, hours: parseHours("22:00-06:00") };
    expect(nextChange(at("2026-03-28T23:00:00+01:00"), "Europe/Madrid", night)).toBe(at("2026-03-29T06:00:00+02:00"));
    expect(nextChange(at("2026-10-24T23:00:00+02:00"), "Europe/Madrid", night)).toBe(at("2026-10-25T06:00:00+01:00"));
  });

  test("hours that are left out in spring end with the jump; hours that come twice are quiet twice", () => {
    const early = { ...none, hours: parseHours("01:30-02:30") };
    expect(nextChange(at("2026-03-29T01:45:00+01:00"), "Europe/Madrid", early)).toBe(at("2026-03-29T03:00:00+02:00"));
    expect(nextChange(at("2026-10-25T02:45:00+02:00"), "Europe/Madrid", early)).toBe(at("2026-10-25T02:00:00+01:00"));
  });

  test("none where nothing ever changes, and none that is further than anybody looks", () => {
    expect(nextChange(at("2026-11-23T10:00:00Z"), "UTC", { ...none, weather: true })).toBe(null);
    expect(nextChange(at("2026-11-23T10:00:00Z"), "UTC", { ...none, holidays: new Set(["2027-05-01"]) })).toBe(null);
  });

  test("a planned outage ends on its moment", () => {
    const outage = { ...usual, maintenance: [{ from: at("2026-11-23T01:00:00Z"), to: at("2026-11-23T02:34:56Z") }] };
    expect(nextChange(at("2026-11-23T01:30:00Z"), "Asia/Shanghai", outage)).toBe(at("2026-11-23T02:34:56Z"));
  });

  test("before it nothing is other than now, and then something is: any zone, any calendar, any time of the year", () => {
    const zone = fc.constantFrom(
      "Asia/Shanghai",
      "Europe/Madrid",
      "America/New_York",
      "Australia/Lord_Howe",
      "Africa/Cairo",
      "UTC",
    );
    const minute = fc.integer({ min: 0, max: 1_439 });
    const quiet = fc.option(fc.record({ fromMinute: minute, toMinute: minute }));
    const dayOfYear = fc.integer({ min: 0, max: 365 }).map((n) => new Date(Date.UTC(2026, 0, 1 + n)).toISOString().slice(0, 10));
    const holidays = fc.array(dayOfYear, { maxLength: 4 }).map((list) => new Set(list));
    const start = fc
      .integer({ min: Date.UTC(2026, 0, 1) / 1_000, max: Date.UTC(2026, 11, 20) / 1_000 })
      .map((s) => Instant(s * 1_000));
    fc.assert(
      fc.property(zone, quiet, fc.boolean(), holidays, start, (timeZone, hoursOf, weekends, days, from) => {
        const noCut = { ...none, hours: hoursOf, weekends, holidays: days };
        const next = nextChange(from, timeZone, noCut);
        const seen = windowsAt(from, timeZone, noCut).join();
        const end = next ?? from + hours(24 * 30);
        for (let moment = from as number; moment < end; moment += minutes(7))
          if (windowsAt(Instant(moment), timeZone, noCut).join() !== seen)
            throw new Error(`other at ${new Date(moment).toISOString()}`);
        if (next === null) return;
        expect(windowsAt(Instant(next - 1), timeZone, noCut).join()).toBe(seen);
        expect(windowsAt(next, timeZone, noCut).join()).not.toBe(seen);
      }),
      { numRuns: 150 },
    );
  });
});
