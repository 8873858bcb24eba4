/** From a look of the rules to what a customer is told: which stages, how often, and what is no longer so. */
import { describe, expect, test } from "vitest";
import { hours, Instant, iso, later, minutes, type Clock } from "../../src/kernel/clock.ts";
import { AccountId, MeterAddress } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import { NoticeId, type NoticeRecord } from "../../src/notices/notice.ts";
import { cutFrom, isToHearOfSupply, toTell, whyNotSo } from "../../src/notices/telling.ts";
import type { NoticeKind } from "../../src/notices/kinds.ts";
import type { Facts } from "../../src/policy/facts.ts";
import type { PolicyRules } from "../../src/policy/policy-file.ts";
import type { RemoteMeter } from "../../src/policy/policy-store.ts";
import { decide, type Stage } from "../../src/policy/rules.ts";
import type { Look } from "../../src/policy/standing.ts";
import { Strategies } from "../../src/policy/strategies.ts";

const NOW = Instant(Date.parse("2026-11-23T10:00:00+08:00"));
const ACCOUNT = AccountId("1000000001");
const clock: Clock = { now: () => NOW, wait: () => Promise.resolve() };
const ago = (ms: number): Instant => later(clock.now(), -ms);

const usual: Facts = {
  ...{ now: NOW, available: Fen(5_000n), relay: "connected", order: "connect", cutBy: null, protectedSupply: false },
  ...{
    identity: "confirmed",
    disputed: false,
    readAt: ago(minutes(5)),
    readingInDoubt: false,
    registerContradicted: false,
    exemptions: [],
    noCuts: [],
  },
  ...{ hasContact: true, notice: null, paidAt: null, arrearsSince: null, meanDailyCost: null },
};
const open: PolicyRules = { mode: "live", noCut: { hours: "", weekends: false } };

function look(was: Stage | null, changes: Partial<Facts> = {}, rules: PolicyRules = {}): Look {
  const strategies = new Strategies({
    ...{ timeZone: "Asia/Shanghai", site: { ...open, ...rules }, classes: new Map(), accounts: new Map() },
  });
  const { strategy } = strategies.of(ACCOUNT, "residential");
  const facts = { ...usual, ...changes };
  const standing =
    was === null
      ? null
      : { ...{ stage: was, want: "as-is", because: "x", strategy: "x" }, since: ago(hours(1)), arrearsSince: facts.arrearsSince };
  const picture = { meter: MeterAddress("202611220001"), account: ACCOUNT, standing } as unknown as RemoteMeter;
  return { picture, facts, strategy, decision: decide(facts, strategy) };
}
const notice = (kind: NoticeKind, more: Partial<NoticeRecord> = {}): NoticeRecord => ({
  ...{ id: NoticeId("n"), account: ACCOUNT, meter: null, kind, at: ago(minutes(40)), available: Fen(-100n), details: {} },
  ...{ once: null, state: "delivered", because: null, delivered: ago(minutes(40)), channel: "sms", said: null, tries: 1 },
  ...{ notAfter: NOW, nextAt: null, takenUntil: null, triesFrom: ago(minutes(40)) },
  ...more,
});
const told = (of: Look, ...before: readonly NoticeRecord[]) =>
  toTell(of, (kinds) => Promise.resolve(before.find(({ kind }) => kinds.includes(kind)) ?? null));

const low = { available: Fen(2_000n) };
const veryLow = { available: Fen(100n) };
const owes = { available: Fen(-100n), arrearsSince: ago(hours(1)) };
const required: PolicyRules = { notices: "required" };

describe("coming nearer to a cut", () => {
  test.each([
    ["a low balance", look("fine", low), "warn-1"],
    ["also where nothing was ever said", look(null, low), "warn-1"],
    ["a very low one", look("warn-1", veryLow), "warn-2"],
    ["what will not last", look("fine", { meanDailyCost: Fen(2_000n) }), "forecast"],
    ["the final notice alone, where it comes at once", look("fine", owes, required), "notice-due"],
    ["nothing of a stage that stays", look("warn-1", low), null],
    ["nothing where it gets better", look("warn-2", low), null],
    ["nothing after a cut: what is left stands in that notice", look("restore", low), null],
    ["nothing in shadow", look("fine", low, { mode: "shadow" }), null],
    ["no threat to a protected class", look("warn-2", owes, { ...required, protected: true }), null],
    ["no threat to whom a person has cut", look("cut", { ...owes, cutBy: "person", relay: "disconnected" }, required), null],
  ])("tells %s", async (_, of, kind) => {
    expect(await told(of)).toBe(kind);
  });

  test.each([
    ["warned of the same yesterday", { at: ago(hours(24)) }, {}, null],
    ["warned longer ago than notices are good", { at: ago(hours(24 * 8)) }, {}, "warn-1"],
    ["warned before he paid", { at: ago(hours(24)) }, { paidAt: ago(hours(2)) }, "warn-1"],
    ["a warning that never left", { state: "cancelled", delivered: null }, {}, "warn-1"],
  ] as const)("flaps: who was %s", async (_, before, facts, kind) => {
    expect(await told(look("fine", { ...low, ...facts }), notice("warn-1", before))).toBe(kind);
  });
});

describe("the final notice", () => {
  const at = (more: Partial<Facts> = {}) => look("notice-due", { ...owes, ...more }, required);
  test.each([
    ["is said, whatever stage was said before", at(), [], "notice-due"],
    ["is not said while one waits", at(), [notice("notice-due", { state: "waiting", delivered: null })], null],
    ["nor while one has failed that a person knows of", at(), [notice("notice-due", { state: "failed", delivered: null })], null],
    ["is said again after a payment", at({ paidAt: ago(minutes(10)) }), [notice("notice-due")], "notice-due"],
    [
      "also while one from before it waits",
      at({ paidAt: ago(minutes(10)) }),
      [notice("notice-due", { state: "waiting", delivered: null })],
      "notice-due",
    ],
    [
      "again when it is too old",
      at({ arrearsSince: ago(hours(24 * 9)) }),
      [notice("notice-due", { at: ago(hours(24 * 8)), delivered: ago(hours(24 * 7)) })],
      "notice-due",
    ],
    ["again in another debt", at({ arrearsSince: ago(minutes(10)) }), [notice("notice-due")], "notice-due"],
    ["not again for each correction", at({ available: Fen(-50n) }), [notice("notice-due")], null],
    [
      "but once more a day later",
      at({ available: Fen(-50n), arrearsSince: ago(hours(50)) }),
      [notice("notice-due", { at: ago(hours(25)), delivered: ago(hours(25)) })],
      "notice-due",
    ],
  ] as const)("%s", async (_, of, before, kind) => {
    expect(await told(of, ...before)).toBe(kind);
  });

  test("is said without being required, also while grace runs, and not where grace is not what holds back", async () => {
    expect(await told(look("warn-2", owes))).toBe("notice-due");
    expect(await told(look("warn-2", owes, { graceDays: 3 }))).toBe("notice-due");
    expect(await told(look("warn-2", owes, { graceDays: 3, protected: true }))).toBe(null);
  });
});

describe("what the relay shows", () => {
  const dark = { ...owes, relay: "disconnected", cutBy: "rule" } as const;
  const lit = { available: Fen(9_000n), paidAt: ago(minutes(2)) };
  test.each([
    ["a cut of the rules", look("cut-due", dark), [], "cut"],
    ["not one of a person", look("cut-due", { ...dark, cutBy: "person" }), [], null],
    ["not one from before anybody looked", look(null, dark), [], null],
    ["not twice", look("cut-due", dark), [notice("cut")], null],
    ["the next one after a payment", look("cut-due", { ...dark, paidAt: ago(minutes(5)) }), [notice("cut")], "cut"],
    ["that it is back, to whom the cut was told", look("restore", lit), [notice("cut")], "restored"],
    ["not to whom it was not", look("restore", lit), [], null],
    [
      "not to whom it was to be told and never was",
      look("restore", lit),
      [notice("cut", { state: "cancelled", because: "paid", delivered: null })],
      null,
    ],
    [
      "that it is back, to whom the cut is being told just now",
      look("restore", lit),
      [notice("cut", { state: "waiting", delivered: null })],
      "restored",
    ],
    ["not twice", look("restore", lit), [notice("restored")], null],
    ["the button", look("restore", { ...lit, relay: "armed" }), [], "armed"],
    [
      "the button, once for a payment",
      look("restore", { ...lit, relay: "armed" }),
      [notice("armed", { at: ago(minutes(1)) })],
      null,
    ],
    [
      "of no button where the relay closes by itself",
      look("restore", { ...lit, relay: "armed" }, { restoreBy: "reconnect" }),
      [notice("cut")],
      null,
    ],
    ["nothing of a relay that nobody knows", look("restore", { ...lit, relay: "unknown" }), [notice("cut")], null],
  ] as const)("tells %s", async (_, of, before, kind) => {
    expect(await told(of, ...before)).toBe(kind);
  });
});

test.each([
  ["the cut was told", notice("cut"), true],
  ["it is being told just now", notice("cut", { state: "waiting", delivered: null, takenUntil: later(NOW, minutes(1)) }), true],
  ["it waits for its turn", notice("cut", { state: "waiting", delivered: null }), false],
  ["who had it in hand is gone", notice("cut", { state: "waiting", delivered: null, takenUntil: ago(minutes(1)) }), false],
  ["it was never told", notice("cut", { state: "failed", delivered: null }), false],
  ["he was told to press the button", notice("armed"), false],
  ["he was told so", notice("restored"), false],
  ["he was told nothing", null, false],
])("a relay that is seen closed is told of where %s: %#", (_, newest, isTold) => {
  expect(isToHearOfSupply(newest, NOW)).toBe(isTold);
});

describe("before it leaves", () => {
  const paid = { paidAt: ago(minutes(1)), available: Fen(9_000n) };
  test.each([
    ["warn-1", look("warn-1", low), null],
    ["warn-1", look("warn-1", paid), "paid"],
    ["warn-1", look("warn-1", { available: Fen(9_000n) }), "no-longer-so"],
    ["warn-1", look("warn-1", veryLow), "superseded"],
    ["notice-due", look("notice-due", owes, required), null],
    ["notice-due", look("notice-due", paid, required), "paid"],
    ["notice-due", look("notice-due", { ...owes, paidAt: ago(minutes(1)) }, required), "superseded"],
    ["notice-due", look("notice-due", { ...owes, available: Fen(-50n) }, required), "superseded"],
    ["notice-due", look("notice-due", owes, { ...required, protected: true }), "no-longer-so"],
    ["cut", look("cut", { ...owes, relay: "disconnected", cutBy: "rule" }), null],
    ["cut", look("cut", { ...paid, relay: "disconnected", cutBy: "rule" }), "paid"],
    ["armed", look("fine", { relay: "armed" }), null],
    ["armed", look("fine"), "no-longer-so"],
    ["restored", look("fine"), null],
    ["restored", look("fine", { relay: "disconnected" }), "no-longer-so"],
    ["outage", look("fine"), null],
  ] as const)("%s is looked at again", (kind, of, whyNot) => {
    expect(whyNotSo(notice(kind, { state: "waiting", delivered: null }), of)).toBe(whyNot);
  });
});

test.each([
  [required, {}, "2026-11-23T10:30:00+08:00"],
  [{ ...required, noticeMinutes: 60, graceDays: 0 }, {}, "2026-11-23T11:00:00+08:00"],
  [{ ...required, graceDays: 3 }, {}, "2026-11-26T10:00:00+08:00"],
  [{}, {}, "2026-11-23T10:00:00+08:00"],
  [{ graceDays: 1 }, {}, "2026-11-24T09:00:00+08:00"],
  [
    { ...required, noCut: { hours: "10:00-08:00", weekends: true, holidays: ["2026-11-25"], dayBefore: true } },
    {},
    "2026-11-26T08:00:00+08:00",
  ],
  [{ ...required, noCut: { hours: "", weekends: false, weather: true } }, {}, "2026-11-23T10:30:00+08:00"],
] as const)("with %j supply may be cut from a moment on at which no window holds", (rules, facts, expected) => {
  const of = look("notice-due", { ...owes, ...facts }, rules as unknown as PolicyRules);
  expect(iso(cutFrom(of, NOW), "Asia/Shanghai")).toBe(expected);
});
