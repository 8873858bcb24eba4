/** The order of the rules is the policy: one line per reason, read from the top. */
import { describe, expect, test } from "vitest";
import { hours, Instant, minutes } from "../../src/kernel/clock.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { parseHours, protectedTime, type NoCut } from "../../src/policy/calendar.ts";
import { decide, fulfils, type Facts } from "../../src/policy/rules.ts";

const now = Instant(Date.UTC(2026, 10, 23, 2, 0));
const owing: Facts = {
  now,
  available: parseYuan("-0.01"),
  cutBelow: parseYuan("0.00"),
  relay: "connected",
  cutBy: null,
  protectedSupply: false,
  identity: "confirmed",
  disputed: false,
  readAt: Instant(now - minutes(1)),
  freshMs: hours(2),
  protectedTime: null,
};

describe("decide", () => {
  const cases: readonly [string, Partial<Facts>, string][] = [
    ["one fen in arrears, in the open hours, on a fresh reading: cut", {}, "disconnected credit-exhausted"],
    ["in credit: connected", { available: parseYuan("0.01") }, "connected in-credit"],
    ["exactly nothing: neither cut nor restored", { available: parseYuan("0.00") }, "as-is nothing-left"],
    ["a site may allow an overdraft", { available: parseYuan("-5.00"), cutBelow: parseYuan("-10.00") }, "connected in-credit"],
    ["protected supply stays, whatever is owed", { protectedSupply: true }, "connected supply-protected"],
    ["what a person cut, a rule does not touch", { cutBy: "person", available: parseYuan("50.00") }, "as-is cut-by-person"],
    ["a meter in doubt is left alone", { identity: "quarantined" }, "as-is meter-quarantined"],
    ["a disputed account is not cut", { disputed: true }, "as-is account-disputed"],
    ["no cut on an old reading", { readAt: Instant(now - hours(3)) }, "as-is reading-stale"],
    ["no cut without any reading", { readAt: null }, "as-is reading-stale"],
    ["no cut in the protected hours", { protectedTime: "no-cut-hours" }, "as-is no-cut-hours"],
    [
      "a restore waits for no window",
      { protectedTime: "weekend", relay: "disconnected", available: parseYuan("1.00") },
      "connected in-credit",
    ],
    [
      "who is cut and still owes stays cut, also at night",
      { protectedTime: "no-cut-hours", relay: "disconnected" },
      "disconnected credit-exhausted",
    ],
  ];
  test.each(cases)("%s", (_title, facts, expected) => {
    const { want, because } = decide({ ...owing, ...facts });
    expect(`${want} ${because}`).toBe(expected);
  });
});

test("an armed relay counts as connected: the button is the customer's", () => {
  expect(fulfils({ relay: "armed", order: "connect" }, "connected")).toBe(true);
  expect(fulfils({ relay: "disconnected", order: "disconnect" }, "connected")).toBe(false);
  expect(fulfils({ relay: "armed", order: "connect" }, "disconnected")).toBe(false);
});

test("a relay that still conducts while its order says disconnect is not yet safe: a trip delay runs", () => {
  expect(fulfils({ relay: "connected", order: "disconnect" }, "connected")).toBe(false);
  expect(fulfils({ relay: "connected", order: "connect" }, "connected")).toBe(true);
});

describe("calendar", () => {
  const noCut: NoCut = { hours: parseHours("17:00-08:00"), weekends: true, holidays: new Set(["2026-10-01"]) };
  const shanghai = (text: string) => protectedTime(Instant(Date.parse(`${text}+08:00`)), "Asia/Shanghai", noCut);
  test.each([
    ["2026-11-23T07:59:59", "no-cut-hours"],
    ["2026-11-23T08:00:00", null],
    ["2026-11-23T16:59:59", null],
    ["2026-11-23T17:00:00", "no-cut-hours"],
    ["2026-11-21T12:00:00", "weekend"],
    ["2026-10-01T12:00:00", "holiday"],
    ["2026-09-30T12:00:00", "holiday"],
    ["2026-09-29T12:00:00", null],
  ])("%s: %s", (text, expected) => expect(shanghai(text)).toBe(expected));

  test("the site's zone counts, not the machine's", () => {
    const noonInUtc = Instant(Date.parse("2026-11-23T12:00:00Z"));
    expect(protectedTime(noonInUtc, "Asia/Shanghai", noCut)).toBe("no-cut-hours");
    expect(protectedTime(noonInUtc, "UTC", noCut)).toBe(null);
  });

  test("hours within one day", () => {
    const lunch: NoCut = { hours: parseHours("12:00-13:00"), weekends: false, holidays: new Set() };
    expect(protectedTime(Instant(Date.parse("2026-11-23T12:30:00Z")), "UTC", lunch)).toBe("no-cut-hours");
    expect(protectedTime(Instant(Date.parse("2026-11-23T13:00:00Z")), "UTC", lunch)).toBe(null);
  });
});
