/** Which registers are believed: a table of cases, one for each doubt and for what must not be doubted. */
import { describe, expect, test } from "vitest";
import { hours, Instant, later, minutes } from "../../src/kernel/clock.ts";
import { nextStepOf } from "../../src/exceptions/next-steps.ts";
import { countedOf, type Believed, type DayRow, type Registers } from "../../src/validation/believed.ts";
import { doubts, isDoubt, mayBeVouched, type Doubt } from "../../src/validation/doubts.ts";
import { judge, judgeExported, midnightDay, type Asked, type History, type Measure } from "../../src/validation/gate.ts";
import { gateDefaults } from "../../src/validation/limits.ts";
import { registerIn } from "../../src/validation/register-text.ts";
import { typicalOf, usesOf } from "../../src/validation/typical.ts";
import { usualLimits } from "../support/register-gate.ts";

const noon = Instant(Date.UTC(2026, 10, 23, 4)); // in Shanghai
const midnight = later(noon, -hours(12));
const measure: Measure = { settings: gateDefaults, limits: usualLimits, timeZone: "Asia/Shanghai" };

const believed = (changes: Partial<Believed> = {}): Believed => ({
  ...{
    takenAt: noon,
    register: 100_000n,
    shift: 0n,
    rates: null,
    rateShifts: [],
    ratesAt: null,
    exported: null,
    advancedAt: noon,
    cut: null,
    vouched: null,
  },
  ...changes,
});
const registers = (total: bigint, more: Partial<Registers> = {}): Registers => ({ total, rates: null, exported: null, ...more });
const point = (at: Instant, counted: bigint, shift = 0n) => ({ at, counted, shift });
/** So many days before noon of this one, each with so much energy; today begins with the last. */
const days = (count: number, energy: bigint, upTo = 100_000n): readonly DayRow[] =>
  Array.from({ length: count + 1 }, (_, n) => {
    const at = later(midnight, -hours(24) * (count - n));
    const counted = upTo - energy * BigInt(count - n);
    return { day: midnightDay(at, 1, "Asia/Shanghai")!, first: point(at, counted), last: point(later(at, hours(11)), counted) };
  });

interface Case {
  readonly what: string;
  readonly total: bigint;
  readonly afterMs?: number;
  readonly more?: Partial<Registers>;
  readonly asked?: Partial<Asked>;
  readonly newest?: Believed | null;
  readonly history?: Partial<History>;
  readonly doubt: Doubt | null;
}

const verdictOf = ({ total, afterMs = hours(1), more, asked, newest = believed(), history }: Case) => {
  const takenAt = later(noon, afterMs);
  return judge(
    {
      ...{ registers: registers(total, more), takenAt, source: "poll", now: later(takenAt, 10), identity: "confirmed" },
      ...{ disconnected: false, vouched: false },
      ...asked,
    },
    { newest, around: { before: null, after: null }, days: [], peersTypical: null, ...history },
    measure,
  );
};

const nearTheEnd = believed({ register: 99_999_000n });
const quiet = { days: days(14, 300n) }; // 3 kWh a day
const cases: readonly Case[] = [
  { what: "the first one, whatever it says", total: 99_999_999n, newest: null, doubt: null },
  { what: "one that stands still", total: 100_000n, doubt: null },
  { what: "a large load", total: 105_000n, doubt: null },
  { what: "a jump too small to be worth it, however soon", total: 100_200n, afterMs: 0, doubt: null },
  { what: "one step beyond that", total: 100_201n, afterMs: 0, doubt: "faster-than-the-meter-can-turn" },
  { what: "one step beyond the largest load", total: 105_201n, doubt: "faster-than-the-meter-can-turn" },
  { what: "what a month may bring", total: 100_000n + 5_000n * 720n, afterMs: hours(720), doubt: null },
  { what: "one step backwards", total: 99_999n, doubt: "backwards" },
  { what: "one that begins anew in the middle of its way", total: 0n, doubt: "backwards" },
  { what: "one that runs over its end", total: 500n, newest: nearTheEnd, doubt: null },
  { what: "one that runs over its end faster than it can", total: 9_000n, newest: nearTheEnd, doubt: "rolled-over" },
  { what: "one near its end that reads low, and not near zero", total: 50_000_000n, newest: nearTheEnd, doubt: "backwards" },
  { what: "a meter that is quarantined", total: 100_100n, asked: { identity: "quarantined" }, doubt: "wrong-identity" },
  { what: "one from the future", total: 100_100n, asked: { now: noon }, doubt: "from-the-future" },
  { what: "rates that add up", total: 100_100n, more: { rates: [40_000n, 60_090n] }, doubt: null },
  { what: "rates that do not", total: 100_100n, more: { rates: [40_000n, 50_000n] }, doubt: "rates-do-not-add-up" },
  {
    what: "rates that add up along the ring: one began anew before the total",
    total: 100n,
    more: { rates: [60_000_000n, 40_000_100n] },
    newest: null,
    doubt: null,
  },
  {
    what: "a rate that goes backwards while the total does not",
    total: 100_100n,
    more: { rates: [59_000n, 41_100n] },
    newest: believed({ rates: [60_000n, 40_000n], rateShifts: [0n, 0n] }),
    doubt: "backwards",
  },
  { what: "a freeze of noon", total: 100_100n, asked: { source: "freeze" }, doubt: "clock-wrong" },
  {
    what: "a freeze close to midnight",
    total: 100_100n,
    afterMs: hours(12) + minutes(3),
    asked: { source: "freeze" },
    doubt: null,
  },
  { what: "much, without days that tell what is usual", total: 130_000n, afterMs: hours(6), doubt: null },
  { what: "many times the usual", total: 130_000n, afterMs: hours(6), history: quiet, doubt: "jump" },
  { what: "many times the usual, below the floor", total: 105_900n, afterMs: hours(6), history: quiet, doubt: null },
  {
    what: "more than the floor, and usual here",
    total: 110_000n,
    afterMs: hours(6),
    history: { days: days(14, 4_000n) },
    doubt: null,
  },
  { what: "a jump shared out over days until it is usual", total: 110_000n, afterMs: hours(6 + 24), history: quiet, doubt: null },
  {
    what: "far beyond its peers, without days of its own",
    total: 130_000n,
    afterMs: hours(6),
    history: { peersTypical: 300n },
    doubt: "out-of-line-with-peers",
  },
  {
    what: "more than its peers, and not extreme",
    total: 110_000n,
    afterMs: hours(6),
    history: { peersTypical: 1_000n },
    doubt: null,
  },
  {
    what: "a jump that a person vouches for",
    total: 130_000n,
    afterMs: hours(6),
    history: quiet,
    asked: { vouched: true },
    doubt: null,
  },
  { what: "backwards, whoever vouches for it", total: 99_000n, asked: { vouched: true }, doubt: "backwards" },
];

describe("registers are judged:", () => {
  for (const each of cases)
    test(`${each.what} is ${each.doubt === null ? "believed" : `doubted as ${each.doubt}`}`, () => {
      const verdict = verdictOf(each);
      expect(verdict.believed ? null : verdict.doubt).toBe(each.doubt);
    });
  test("no doubt is without its case here, but for what is no register at all", () => {
    const seen = new Set<string | null>(cases.map(({ doubt }) => doubt));
    expect(Object.keys(doubts).filter((doubt) => !seen.has(doubt))).toEqual(["not-a-number", "negative"]);
    expect([registerIn("A1.00"), registerIn("FFFFFF.FF"), registerIn("-0.01"), registerIn("7"), registerIn("12.5")]).toEqual([
      ...["not-a-number", "not-a-number", "negative"],
      ...[700n, 1_250n],
    ]);
  });
  test("each doubt has a next step of its own for whoever has to look", () => {
    const plain = nextStepOf("reading-suspect", null, false);
    for (const doubt of Object.keys(doubts)) expect(nextStepOf("reading-suspect", doubt, false)).not.toEqual(plain);
    expect(isDoubt("jump") && mayBeVouched("jump") && !isDoubt("toString") && !mayBeVouched("wrong-identity")).toBe(true);
  });
});

describe("the count goes on", () => {
  test("across the register's end: 10.00 kWh before it and 5.00 after are 15.00", () => {
    const verdict = verdictOf({ what: "", total: 500n, newest: nearTheEnd, doubt: null });
    if (!verdict.believed) throw new Error(verdict.doubt);
    expect(verdict.counted - countedOf(nearTheEnd)).toBe(1_500n);
    const after = verdictOf({ what: "", total: 600n, newest: verdict.next, afterMs: hours(2), doubt: null });
    expect(after).toMatchObject({ believed: true, counted: verdict.counted + 100n });
  });
  test("of each rate across its own end", () => {
    const before = believed({ register: 99_999_900n, rates: [99_999_990n, 99_999_910n], rateShifts: [0n, 0n] });
    const verdict = verdictOf({ what: "", total: 0n, more: { rates: [90n, 99_999_910n] }, newest: before, doubt: null });
    expect(verdict).toMatchObject({ counted: 100_000_000n, rates: [100_000_090n, 99_999_910n] });
  });
  test("of rates that a person began anew from where each was counted to", () => {
    const before = believed({ register: 0n, shift: 100_000n, rates: null, rateShifts: [60_000n, 40_000n] });
    const verdict = verdictOf({ what: "", total: 30n, more: { rates: [10n, 20n] }, newest: before, doubt: null });
    expect(verdict).toMatchObject({ counted: 100_030n, rates: [60_000n, 40_000n] });
  });
  test("and tells since when it stands still, and from where on the supply was cut", () => {
    const cut = verdictOf({ what: "", total: 100_000n, asked: { disconnected: true }, doubt: null });
    expect(cut).toMatchObject({ next: { advancedAt: noon, cut: { counted: 100_000n, since: later(noon, hours(1)) } } });
    const on = verdictOf({ what: "", total: 100_001n, doubt: null });
    expect(on).toMatchObject({ next: { advancedAt: later(noon, hours(1)), cut: null } });
  });
});

describe("a set that is older than what is believed", () => {
  const around = { before: point(later(noon, -hours(24)), 99_000n), after: point(noon, 100_000n) };
  const at = (total: bigint, history: Partial<History> = { around }, asked: Partial<Asked> = {}) =>
    verdictOf({ what: "", total, afterMs: -hours(12), asked: { now: later(noon, hours(1)), ...asked }, history, doubt: null });
  test("is believed between its neighbours, and changes nothing of what is believed now", () => {
    expect(at(99_400n, { around }, { source: "freeze" })).toMatchObject({
      counted: 99_400n,
      next: null,
      midnightOf: "2026-11-23",
    });
  });
  test("is doubted before the one and after the other", () => {
    expect(at(98_999n)).toEqual({ believed: false, doubt: "backwards" });
    expect(at(100_001n)).toEqual({ believed: false, doubt: "backwards" });
  });
  test("is counted as it was counted then, when the register began anew since", () => {
    const newest = believed({ register: 500n, shift: 100_000_000n });
    const beside = { before: point(later(noon, -hours(24)), 99_999_000n), after: point(noon, 100_000_500n, 100_000_000n) };
    expect(at(99_999_900n, { newest, around: beside })).toMatchObject({ believed: true, counted: 99_999_900n, shift: 0n });
    expect(at(100n, { newest, around: beside })).toMatchObject({ believed: true, counted: 100_000_100n });
  });
});

test("a register that stands higher was read later, though another gateway's clock is ahead; and one that does not, was not", () => {
  const at = (total: bigint, afterMs: number, source: Asked["source"]) =>
    verdictOf({
      what: "",
      total,
      afterMs,
      asked: { source, now: noon },
      history: { around: { before: null, after: point(noon, 100_000n) } },
      doubt: null,
    });
  expect(at(100_010n, -minutes(2), "poll")).toMatchObject({ believed: true, next: { register: 100_010n } });
  expect(at(100_000n, -minutes(2), "poll")).toMatchObject({ believed: true, next: null });
  expect(at(100_010n, -hours(2), "poll")).toEqual({ believed: false, doubt: "backwards" });
});

describe("the reverse register", () => {
  const newest = { register: 1_000n, shift: 0n, takenAt: noon };
  const to = (register: bigint, ms = hours(1), vouched = false) =>
    judgeExported(newest, register, later(noon, ms), usualLimits, vouched);
  test("goes its own way", () => {
    expect(judgeExported(null, 5n, noon, usualLimits, false)).toEqual({ believed: true, counted: 5n, shift: 0n });
    expect(to(1_100n)).toMatchObject({ believed: true, counted: 1_100n });
    expect(to(900n)).toEqual({ believed: false, doubt: "backwards" });
    expect(to(900n, -hours(1))).toMatchObject({ believed: true });
    expect(to(50_000n)).toEqual({ believed: false, doubt: "faster-than-the-meter-can-turn" });
    expect(to(50_000n, hours(1), true)).toMatchObject({ believed: true });
  });
});

test("what is typical: the median of the last fortnight, or of the weekday where that is more; gaps of days are shared out", () => {
  const rows = days(28, 300n);
  expect(typicalOf(usesOf(rows), "2026-11-24")).toBe(300n);
  expect(typicalOf(usesOf(days(6, 300n)), "2026-11-24")).toBe(null);
  const gone = rows.filter((_, n) => n !== 20 && n !== 21);
  expect(usesOf(gone)).toEqual(usesOf(rows));
  const washing = usesOf(rows).map((use, n) => (n % 7 === 0 ? { ...use, energy: 900n } : use));
  const day = washing[0]!.day;
  const sameWeekday = midnightDay(later(Instant(Date.parse(`${day}T00:00:00+08:00`)), hours(24) * 28), 1, "Asia/Shanghai")!;
  expect(typicalOf(washing, sameWeekday)).toBe(900n);
  expect(typicalOf(washing, midnightDay(later(midnight, hours(48)), 1, "Asia/Shanghai")!)).toBe(300n);
});
