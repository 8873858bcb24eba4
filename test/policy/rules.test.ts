/** The order of the rules is the policy: one line per reason, read from the top. */
import { describe, expect, test } from "vitest";
import { hours, later, minutes } from "../../src/kernel/clock.ts";
import { Fen, parseYuan } from "../../src/kernel/money.ts";
import { meanDailyCost } from "../../src/policy/facts.ts";
import type { PolicyRules } from "../../src/policy/policy-file.ts";
import { decide, fulfils, type Facts } from "../../src/policy/rules.ts";
import { ago, now, owing, strategyOf, usual, ZONE } from "./a-case.ts";

const days = (n: number): number => hours(24 * n);
const told = (facts: Partial<Facts>, said: PolicyRules = {}): string => {
  const { want, because, stage } = decide({ ...owing, ...facts }, strategyOf(said));
  return `${want} ${because} (${stage})`;
};
const atHour = (text: string): Partial<Facts> => {
  const at = Date.parse(`${text}+08:00`) as typeof now;
  return { now: at, readAt: later(at, -minutes(1)) };
};

describe("decide, by a site file that says nothing", () => {
  const cases: readonly [string, Partial<Facts>, string][] = [
    ["one fen in arrears, in the open hours, on a fresh reading: cut", {}, "disconnected credit-exhausted (cut-due)"],
    ["in credit: connected", { available: parseYuan("30.00") }, "connected in-credit (fine)"],
    ["below thirty: warned", { available: parseYuan("29.99") }, "connected in-credit (warn-1)"],
    ["below five: warned again", { available: parseYuan("4.99") }, "connected in-credit (warn-2)"],
    [
      "enough for less than three days: warned by the forecast",
      { available: parseYuan("59.99"), meanDailyCost: parseYuan("20.00") },
      "connected in-credit (forecast)",
    ],
    ["exactly nothing: neither cut nor restored", { available: parseYuan("0.00") }, "as-is nothing-left (warn-2)"],
    ["protected supply stays, whatever is owed", { protectedSupply: true }, "connected supply-protected (warn-2)"],
    [
      "what a person cut, a rule does not touch",
      { cutBy: "person", available: parseYuan("50.00") },
      "as-is cut-by-person (fine)",
    ],
    ["a meter in doubt is left alone", { identity: "quarantined" }, "as-is meter-quarantined (warn-2)"],
    ["a disputed account is not cut", { disputed: true }, "as-is account-disputed (warn-2)"],
    ["no cut on an old reading", { readAt: ago(hours(2) + 1) }, "as-is reading-stale (cut-due)"],
    ["a reading of just two hours is fresh", { readAt: ago(hours(2)) }, "disconnected credit-exhausted (cut-due)"],
    ["no cut on a reading of before the clock went back", { readAt: ago(-minutes(2)) }, "as-is reading-stale (cut-due)"],
    ["no cut without any reading", { readAt: null }, "as-is reading-stale (cut-due)"],
    ["no cut on a reading that is not believed", { readingInDoubt: true }, "as-is reading-in-doubt (cut-due)"],
    ["no cut in the protected hours", atHour("2026-11-23T17:00:00"), "as-is no-cut-hours (cut-due)"],
    [
      "a restore waits for no window",
      { ...atHour("2026-11-22T12:00:00"), relay: "disconnected", available: parseYuan("31.00") },
      "connected in-credit (restore)",
    ],
    [
      "who is cut and still owes stays cut, also at night",
      { ...atHour("2026-11-23T22:00:00"), relay: "disconnected" },
      "disconnected credit-exhausted (cut)",
    ],
    [
      "an order to disconnect that is under way is taken back as soon as there is credit",
      { available: parseYuan("31.00"), order: "disconnect" },
      "connected in-credit (restore)",
    ],
  ];
  test.each(cases)("%s", (_title, facts, expected) => expect(told(facts)).toBe(expected));
});

describe("decide, by the words of a strategy", () => {
  const notice = { at: ago(minutes(31)), deliveredAt: ago(minutes(30)), available: parseYuan("-0.01") };
  const required = { notices: "required" } as const;
  const cases: readonly [string, Partial<Facts>, PolicyRules, string][] = [
    ["a site may allow an overdraft", { available: parseYuan("-5.00") }, { cutBelow: "-10.00" }, "connected in-credit (warn-2)"],
    ["said either way", { available: parseYuan("-10.01") }, { overdraft: "10.00" }, "disconnected credit-exhausted (cut-due)"],
    [
      "no warning levels: nothing is told",
      { available: parseYuan("0.01") },
      { warn1: null, warn2: null },
      "connected in-credit (fine)",
    ],
    ["no notice, no cut", {}, required, "as-is notice-due (notice-due)"],
    ["a notice half an hour ago", { notice }, required, "disconnected credit-exhausted (cut-due)"],
    [
      "a notice a moment less ago",
      { notice: { ...notice, deliveredAt: later(ago(minutes(30)), 1) } },
      required,
      "as-is noticed-waiting (noticed-waiting)",
    ],
    [
      "a notice of last week is none",
      { notice: { ...notice, at: ago(days(8)), deliveredAt: ago(days(7)) } },
      required,
      "as-is notice-due (notice-due)",
    ],
    ["a notice before a payment is none", { notice, paidAt: ago(minutes(31)) }, required, "as-is notice-due (notice-due)"],
    [
      "a notice of a debt that was worse is none",
      { notice: { ...notice, available: parseYuan("-0.02") } },
      required,
      "as-is notice-due (notice-due)",
    ],
    [
      "a notice of a debt before this one is none",
      { notice, arrearsSince: ago(minutes(30)) },
      required,
      "as-is notice-due (notice-due)",
    ],
    ["a notice is due at night as well", atHour("2026-11-23T23:00:00"), required, "as-is no-cut-hours (notice-due)"],
    ["days of grace count from the notice", { notice }, { ...required, graceDays: 1 }, "as-is noticed-waiting (noticed-waiting)"],
    ["or from the arrears, where nobody is told", { arrearsSince: ago(days(1) - 1) }, { graceDays: 1 }, "as-is grace (warn-2)"],
    ["and no longer", { arrearsSince: ago(days(1)) }, { graceDays: 1 }, "disconnected credit-exhausted (cut-due)"],
    ["who cannot be reached is not cut", {}, { contact: "required" }, "as-is contact-missing (warn-2)"],
    ["who can be, is", { hasContact: true }, { contact: "required" }, "disconnected credit-exhausted (cut-due)"],
    ["a protected class", {}, { protected: true }, "as-is class-protected (warn-2)"],
    [
      "thirty days after the conversion day: warned only",
      {},
      { conversion: { day: "2026-10-25", days: 30 } },
      "as-is conversion-grace (warn-2)",
    ],
    ["and not longer", {}, { conversion: { day: "2026-10-24", days: 30 } }, "disconnected credit-exhausted (cut-due)"],
    ["a shorter freshness", { readAt: ago(minutes(16)) }, { freshMinutes: 15 }, "as-is reading-stale (cut-due)"],
    ["bad weather", {}, { noCut: { weather: true } }, "as-is bad-weather (cut-due)"],
    [
      "a planned outage",
      {},
      { noCut: { maintenance: [{ from: "2026-11-23T09:00:00+08:00", to: "2026-11-23T11:00:00+08:00", reason: "cable" }] } },
      "as-is maintenance (cut-due)",
    ],
    ["the day before a holiday", {}, { noCut: { holidays: ["2026-11-24"] } }, "as-is holiday (cut-due)"],
    [
      "unless that is a working day",
      {},
      { noCut: { holidays: ["2026-11-24"], dayBefore: false } },
      "disconnected credit-exhausted (cut-due)",
    ],
  ];
  test.each(cases)("%s", (_title, facts, said, expected) =>
    expect(told({ arrearsSince: ago(days(30)), ...facts }, said)).toBe(expected),
  );

  test("a notice of before the look that finds the debt is none, however the account came out of the last one", () => {
    expect(told({ notice, arrearsSince: null }, required)).toBe("as-is notice-due (notice-due)");
  });
});

describe("a register that the meter itself contradicts", () => {
  const contradicted = { registerContradicted: true, readingInDoubt: true } as const;
  const cut = { ...contradicted, relay: "disconnected", cutBy: "rule" } as const;
  test("who was cut by a rule gets the supply back, whatever is owed", () => {
    expect(told(cut)).toBe("connected cut-contradicted (restore)");
    expect(told({ ...cut, available: parseYuan("0.00") })).toBe("connected cut-contradicted (restore)");
  });
  test("and is not cut again before somebody knows better", () => {
    expect(told({ ...cut, relay: "connected" })).toBe("as-is reading-in-doubt (cut-due)");
    expect(told({ ...cut, relay: "armed" })).toBe("as-is reading-in-doubt (cut-due)");
  });
  test("what a person cut, or nobody of us, it does not restore; nor a doubt of another kind", () => {
    expect(told({ ...cut, cutBy: "person" })).toBe("as-is cut-by-person (cut)");
    expect(told({ ...cut, cutBy: null })).toBe("disconnected credit-exhausted (cut)");
    expect(told({ ...cut, registerContradicted: false })).toBe("disconnected credit-exhausted (cut)");
    expect(told({ ...cut, identity: "quarantined" })).toBe("as-is meter-quarantined (cut)");
  });
});

describe("exemptions", () => {
  const until = later(now, 1);
  test.each(["important", "disputed", "work-order", "conversion"] as const)("%s: not cut, and what is cut stays so", (kind) => {
    expect(told({ exemptions: [{ kind, until }] })).toBe(`as-is exempt-${kind} (warn-2)`);
    expect(told({ exemptions: [{ kind, until }], relay: "disconnected" })).toBe("disconnected credit-exhausted (cut)");
  });

  test.each(["guarantee", "medical"] as const)("%s: supply is wanted, whatever is owed", (kind) => {
    expect(told({ exemptions: [{ kind, until }] })).toBe(`connected exempt-${kind} (warn-2)`);
    expect(told({ exemptions: [{ kind, until }], relay: "disconnected" })).toBe(`connected exempt-${kind} (restore)`);
    expect(told({ exemptions: [{ kind, until }], relay: "disconnected", cutBy: "person" })).toBe("as-is cut-by-person (cut)");
  });

  test("one that is over says nothing", () => {
    expect(told({ exemptions: [{ kind: "guarantee", until: now }] })).toBe("disconnected credit-exhausted (cut-due)");
  });
});

describe("why nobody was cut", () => {
  test("all reasons are told, in the order of the policy", () => {
    const facts: Facts = {
      ...owing,
      ...atHour("2026-11-22T23:00:00"),
      disputed: true,
      readAt: null,
      readingInDoubt: true,
      exemptions: [{ kind: "important", until: later(now, days(9)) }],
    };
    const strategy = strategyOf({ notices: "required", contact: "required", noCut: { weather: true, holidays: ["2026-11-23"] } });
    expect(decide(facts, strategy).blocks).toEqual([
      "account-disputed",
      "exempt-important",
      "contact-missing",
      "reading-in-doubt",
      "reading-stale",
      "bad-weather",
      "holiday",
      "weekend",
      "no-cut-hours",
      "notice-due",
    ]);
  });

  test("a cut that is wanted has none", () => expect(decide(owing, usual).blocks).toEqual([]));
});

describe("the next moment at which time changes it", () => {
  const next = (facts: Partial<Facts>, said: PolicyRules = {}) => decide({ ...owing, ...facts }, strategyOf(said)).nextAt;
  test("in credit: none", () => expect(next({ available: parseYuan("1.00") })).toBe(null));
  test("until the reading is old", () => expect(next({})).toBe(later(now, hours(2) - minutes(1) + 1)));
  test("until the quiet hours end", () => {
    expect(next({ ...atHour("2026-11-24T07:30:00"), readAt: null })).toBe(Date.parse("2026-11-24T08:00:00+08:00"));
  });
  test("over the weekend until Monday at eight", () => {
    const sunday = { ...atHour("2026-11-22T09:00:00"), readAt: null };
    expect(next(sunday, { noCut: { hours: "" } })).toBe(Date.parse("2026-11-23T00:00:00+08:00"));
  });
  test("until the notice is old enough", () => {
    const notice = { at: ago(minutes(20)), deliveredAt: ago(minutes(20)), available: parseYuan("0.00") };
    expect(next({ notice, arrearsSince: ago(days(1)) }, { notices: "required" })).toBe(later(now, minutes(10)));
  });
  test("until an exemption ends", () => {
    expect(next({ exemptions: [{ kind: "guarantee", until: later(now, 7) }] })).toBe(later(now, 7));
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

describe("the mean daily cost", () => {
  const cost = (day: string, fen: bigint) => ({ day, cost: Fen(fen) });
  test.each([
    ["no day", [], null],
    ["today alone: it is not over", [cost("2026-11-23", 900n)], null],
    ["two days", [cost("2026-11-23", 900n), cost("2026-11-22", 200n), cost("2026-11-21", 101n)], 150n],
    ["a day that was not billed counts", [cost("2026-11-22", 200n), cost("2026-11-20", 100n)], 100n],
    ["a day longer ago does not", [cost("2026-11-16", 700n), cost("2026-11-15", 7_000n)], 100n],
  ] as const)("of %s", (_title, recent, expected) => expect(meanDailyCost(recent, now, ZONE)).toBe(expected));
});
