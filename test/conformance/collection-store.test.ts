/** What is owed is opened for everybody at once, comes once, and is counted as it stands; clocks and records are kept once. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GapPage } from "../../src/collection/collection-store.ts";
import type { MeterEvent } from "../../src/collection/event-kinds.ts";
import { hours, Instant, later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import type { MeterRecord } from "../../src/devices/meter.ts";
import { keepers, type Kept } from "./stores.ts";

const ZONE = "Asia/Shanghai";
const [A, B, C] = ["202611220001", "202611220002", "202611220003"].map((text) => MeterAddress(text)) as [
  MeterAddress,
  MeterAddress,
  MeterAddress,
];
const midnight = Instant(Date.parse("2026-11-23T00:00:00+08:00"));
const night = later(midnight, minutes(10));
const anyPage: GapPage = { from: null, to: null, meter: null, line: null, class: null, limit: 100, after: null };

describe.each(keepers)("what meters owe $title", ({ open }) => {
  let kept: Kept;
  const records = (meters: readonly MeterAddress[]): readonly MeterRecord[] =>
    meters.map((address, n) => ({
      ...{ address, meterNumber: "", customerNumber: "", model: "remote-ledger", relayPassword: null },
      account: n === 2 ? null : AccountId(`account-${n}`),
      bus: BusId(n === 1 ? "line-2" : "line-1"),
    }));
  beforeAll(async () => {
    kept = await open(systemClock);
  });
  beforeEach(async () => {
    await kept.clear();
    await kept.meters.bringIn(
      ["residential", "shop"].map((kind, n) => ({
        ...{ account: AccountId(`account-${n}`), name: "", class: kind, mode: "remote", tariff: "flat" },
      })),
      records([A, B, C]),
    );
  });
  afterAll(() => kept.close());

  const openTo = (today: string, more: { readonly missingTo?: string; readonly oldest?: string } = {}): Promise<void> =>
    kept.collection.open({ today, missingTo: "2026-01-01", oldest: "2026-01-01", ...more });
  const daysOf = async (today: string) => (await kept.collection.dues(today)).map(({ days }) => days);
  const collect = (meter: MeterAddress, day: string, how: "freeze" | "reading" | "person" = "freeze"): Promise<boolean> =>
    kept.collection.collect(meter, day, { how, takenAt: midnight, at: night });
  const miss = (meter: MeterAddress, days: readonly string[], state: "missing" | "given-up" = "missing"): Promise<void> =>
    kept.collection.miss(meter, days, { state, because: "silent", at: night });

  test("knows of each meter whether a midnight of it ever came by freeze", async () => {
    await openTo("2026-11-22");
    await openTo("2026-11-25");
    await collect(A, "2026-11-23");
    await collect(B, "2026-11-23", "reading");
    expect(await Promise.all([A, B, C].map((meter) => kept.collection.hasFrozen(meter)))).toEqual([true, false, false]);
  });

  test("begins with the first midnight after a meter came, and every day since is opened, once", async () => {
    await openTo("2026-11-22");
    expect(await kept.collection.dues("2026-11-22")).toEqual(
      [A, B, C].map((meter) => ({
        ...{ meter, since: "2026-11-23", days: [], clockOn: null, eventsOn: null, aheadMs: null, lacks: {} },
      })),
    );
    await Promise.all([openTo("2026-11-25"), openTo("2026-11-25")]);
    await openTo("2026-11-25");
    expect(await daysOf("2026-11-25")).toEqual(Array(3).fill(["2026-11-23", "2026-11-24", "2026-11-25"]));
    expect(await daysOf("2026-11-24"), "the clock was set back").toEqual(Array(3).fill(["2026-11-23", "2026-11-24"]));
  });

  test("a meter that left owes nothing, and what it owed is nobody's gap", async () => {
    await openTo("2026-11-22");
    await openTo("2026-11-23");
    await collect(C, "2026-11-23");
    await kept.meters.bringIn([], records([A]));
    await openTo("2026-11-24");
    expect(await daysOf("2026-11-24")).toEqual([["2026-11-23", "2026-11-24"]]);
    const counts = await kept.collection.counts({ from: "2026-11-23", to: "2026-11-24", by: "day" });
    expect(counts.map(({ day, expected, byFreeze }) => ({ day, expected, byFreeze }))).toEqual([
      { day: "2026-11-24", expected: 1, byFreeze: 0 },
      { day: "2026-11-23", expected: 2, byFreeze: 1 },
    ]);
  });

  test("comes once, and stays so; late is missing, too old is given up", async () => {
    await openTo("2026-11-22");
    await openTo("2026-11-25");
    expect(await collect(A, "2026-11-23")).toBe(true);
    expect(await collect(A, "2026-11-23", "person")).toBe(false);
    expect(await collect(A, "2026-10-01")).toBe(false);
    await miss(A, ["2026-11-23", "2026-11-24"]);
    await openTo("2026-11-25", { missingTo: "2026-11-24", oldest: "2026-11-24" });
    expect(await daysOf("2026-11-25")).toEqual([
      ["2026-11-24", "2026-11-25"],
      ["2026-11-24", "2026-11-25"],
      ["2026-11-24", "2026-11-25"],
    ]);
    const gaps = await kept.collection.gaps(anyPage);
    expect(gaps.map(({ meter, day, state, because }) => [day, meter, state, because])).toEqual([
      ["2026-11-24", A, "missing", "silent"],
      ["2026-11-24", B, "missing", "not-asked"],
      ["2026-11-24", C, "missing", "not-asked"],
      ["2026-11-23", B, "given-up", "older-than-kept"],
      ["2026-11-23", C, "given-up", "older-than-kept"],
    ]);
    expect(gaps[0]).toMatchObject({ line: "line-1", account: "account-0", class: "residential", askedAt: night });
    expect(gaps[2]).toMatchObject({ line: "line-1", account: null, class: null, askedAt: null });
    expect(await collect(B, "2026-11-23", "person"), "what was given up comes all the same").toBe(true);
  });

  test("gaps are listed page by page, of a line, a class, a meter or some days", async () => {
    await openTo("2026-11-22");
    await openTo("2026-11-24", { missingTo: "2026-11-24" });
    const list = async (page: Partial<GapPage>) =>
      (await kept.collection.gaps({ ...anyPage, ...page })).map(({ meter, day }) => `${day.slice(8)} ${meter.slice(-1)}`);
    expect(await list({})).toEqual(["24 1", "24 2", "24 3", "23 1", "23 2", "23 3"]);
    expect(await list({ limit: 2, after: { day: "2026-11-24", meter: B } })).toEqual(["24 3", "23 1"]);
    expect(await list({ line: "line-2" })).toEqual(["24 2", "23 2"]);
    expect(await list({ class: "residential" })).toEqual(["24 1", "23 1"]);
    expect(await list({ meter: C, from: "2026-11-24" })).toEqual(["24 3"]);
    expect(await list({ to: "2026-11-23" })).toEqual(["23 1", "23 2", "23 3"]);
    const count = (of: Partial<GapPage>) => kept.collection.gapCount({ ...anyPage, ...of });
    const counts = [
      count({}),
      count({ line: "line-2" }),
      count({ class: "residential" }),
      count({ meter: C, from: "2026-11-24" }),
    ];
    expect(await Promise.all(counts)).toEqual([6, 2, 2, 1]);
    expect(await count({ to: "2026-11-23" })).toBe(3);
  });

  test("is counted by day, line and class", async () => {
    await openTo("2026-11-22");
    await openTo("2026-11-23");
    await collect(A, "2026-11-23");
    await collect(B, "2026-11-23", "reading");
    await miss(C, ["2026-11-23"], "given-up");
    const range = { from: "2026-11-23", to: "2026-11-23" };
    const none = { day: "2026-11-23", byFreeze: 0, byReading: 0, byPerson: 0, due: 0, missing: 0, givenUp: 0 };
    expect(await kept.collection.counts({ ...range, by: "day" })).toEqual([
      { ...none, key: null, expected: 3, byFreeze: 1, byReading: 1, givenUp: 1 },
    ]);
    expect(await kept.collection.counts({ ...range, by: "line" })).toEqual([
      { ...none, key: "line-1", expected: 2, byFreeze: 1, givenUp: 1 },
      { ...none, key: "line-2", expected: 1, byReading: 1 },
    ]);
    expect(await kept.collection.counts({ ...range, by: "class" })).toEqual([
      { ...none, key: "residential", expected: 1, byFreeze: 1 },
      { ...none, key: "shop", expected: 1, byReading: 1 },
      { ...none, key: null, expected: 1, givenUp: 1 },
    ]);
  });

  test("the reading next to a midnight is believed, near enough, and no freeze; a person's entry fills what was given up", async () => {
    await openTo("2026-11-22");
    await openTo("2026-11-23");
    const keep = (byMs: number, more: Partial<Reading> = {}, doubt: string | null = null): Promise<void> => {
      const reading = { meter: A, item: "importedEnergy", value: "1.00", unit: "kWh", source: "poll" as const };
      return kept.transactor.transact((tx) =>
        kept.readings.keep(tx, { ...reading, takenAt: later(midnight, byMs), ...more }, doubt),
      );
    };
    await keep(-minutes(20));
    await keep(minutes(9));
    await keep(minutes(1), {}, "backwards");
    await keep(minutes(2), { source: "freeze" });
    await keep(minutes(3), { item: "balance" });
    await keep(minutes(4), { value: null });
    expect(await kept.collection.nearest(A, midnight, minutes(30))).toEqual({
      takenAt: later(midnight, minutes(9)),
      source: "poll",
    });
    expect(await kept.collection.nearest(A, midnight, minutes(8))).toBe(null);
    expect(await kept.collection.nearest(B, midnight, hours(24))).toBe(null);
    const near = { timeZone: ZONE, withinMs: minutes(30), at: night };
    await miss(A, ["2026-11-23"], "given-up");
    expect(await kept.collection.collectEntries(near), "no entry of a person").toBe(0);
    await keep(minutes(15), { source: "estimate" });
    expect(await kept.collection.collectEntries(near)).toBe(1);
    expect(await kept.collection.counts({ from: "2026-11-23", to: "2026-11-23", by: "day" })).toMatchObject([{ byPerson: 1 }]);
    await keep(minutes(1), { meter: B, source: "person" });
    await miss(B, ["2026-11-23"]);
    expect(await kept.collection.collectEntries(near), "it is only late, and will come").toBe(0);
    await kept.collection.miss(B, ["2026-11-23"], { state: "missing", because: "doubted", at: night });
    expect(
      await kept.collection.collectEntries(near),
      "the meter is asked once more, now that somebody has said what it was",
    ).toBe(0);
  });

  test("an outage explains a freeze that is not there, and nothing else", async () => {
    await openTo("2026-11-22");
    await openTo("2026-11-25");
    const days = ["2026-11-23", "2026-11-24", "2026-11-25"];
    await kept.collection.miss(A, ["2026-11-23"], { state: "given-up", because: "no-freeze", at: night });
    await miss(A, ["2026-11-24"]);
    await kept.collection.explain(A, days, "power-down");
    await kept.collection.explain(A, [], "power-down");
    const gaps = await kept.collection.gaps({ ...anyPage, meter: A });
    expect(gaps.map(({ because }) => because)).toEqual(["silent", "power-down"]);
  });

  test("what a meter lacks and how its clock stands is there at the next look", async () => {
    await openTo("2026-11-22");
    await kept.collection.keepLacks(A, { exported: { times: 2, at: 5 } });
    const row = { at: night, aheadMs: -400_000_000_000, verdict: "lost" } as const;
    for (let twice = 0; twice < 2; twice += 1)
      await kept.transactor.transact((tx) => kept.looks.keepClock(tx, A, "2026-11-23", row));
    await kept.transactor.transact((tx) =>
      kept.looks.keepClock(tx, A, "2026-11-24", { at: later(night, hours(24)), aheadMs: 3, verdict: "right" }),
    );
    await kept.looks.clockDone(B, "2026-11-23");
    await kept.looks.eventsDone(B, "2026-11-24");
    const [first, second] = await kept.collection.dues("2026-11-22");
    expect(first).toMatchObject({ lacks: { exported: { times: 2, at: 5 } }, clockOn: "2026-11-24", aheadMs: 3, eventsOn: null });
    expect(second).toMatchObject({ clockOn: "2026-11-23", eventsOn: "2026-11-24", aheadMs: null });
    expect(await kept.looks.clocks(A, 10)).toEqual([{ at: later(night, hours(24)), aheadMs: 3, verdict: "right" }, row]);
    expect(await kept.looks.clocks(A, 1)).toHaveLength(1);
  });

  test("an event is kept once, however often it is read; a clearing begins to count anew", async () => {
    const event = (number: number, at: Instant | null): MeterEvent => ({
      ...{ meter: A, kind: "programming", number, at, until: null, operator: "00000001", ours: true },
      fields: { time: "2026-11-23 00:10:00" },
      readAt: night,
    });
    const keep = (count: number, events: readonly MeterEvent[]) =>
      kept.transactor.transact((tx) => kept.looks.keepEvents(tx, A, "programming", count, events));
    expect(await keep(2, [event(1, midnight), event(2, night)])).toHaveLength(2);
    expect(await keep(3, [event(2, night), event(3, null)])).toEqual([event(3, null)]);
    expect(await keep(3, [event(3, null)])).toEqual([]);
    expect(await keep(1, [event(1, later(night, 5))])).toHaveLength(1);
    expect(await kept.looks.eventCounts(A)).toEqual(new Map([["programming", 1]]));
    const all = await kept.looks.events({ meter: A, kind: null, limit: 10, before: null });
    expect(all.map(({ number }) => number)).toEqual([1, 3, 2, 1]);
    expect(all[1]).toMatchObject(event(3, null));
    const next = await kept.looks.events({ meter: A, kind: "programming", limit: 10, before: all[1]!.id });
    expect(next.map(({ number }) => number)).toEqual([2, 1]);
    expect(await kept.looks.events({ meter: A, kind: "power-down", limit: 10, before: null })).toEqual([]);
  });

  test("hours are kept once, newest first", async () => {
    const row = (n: number) => ({ at: later(midnight, hours(n)), imported: `${n}.50`, exported: n === 1 ? null : "0.00" });
    await kept.looks.keepHours(A, [row(0), row(1)]);
    await kept.looks.keepHours(A, [row(1), row(2)]);
    await kept.looks.keepHours(A, []);
    expect(await kept.looks.hours(A, { before: null, limit: 2 })).toEqual([row(2), row(1)]);
    expect(await kept.looks.hours(A, { before: row(1).at, limit: 5 })).toEqual([row(0)]);
  });
});
