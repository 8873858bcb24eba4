/** What was said of times in which nobody is cut, kept: found while it is not over, ended once, never edited. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hours, Instant, later, systemClock } from "../../src/kernel/clock.ts";
import { AccountId } from "../../src/kernel/ids.ts";
import type { NoCutSpan } from "../../src/policy/no-cuts.ts";
import { keepers, whoWaits, type Kept } from "./stores.ts";

const at = Instant(1_795_399_434_000);
const idOf = (n: number): string => `01920000-0000-7000-8000-${String(n).padStart(12, "0")}`;
const aSpan = (n: number, changes: Partial<NoCutSpan> = {}): NoCutSpan => ({
  ...{ id: idOf(n), kind: "bad-weather", scope: "site", from: at, until: later(at, hours(6)), reason: "typhoon" },
  ...{ saidAt: at, saidBy: "anna", endedAt: null, endedBy: null, endReason: null },
  ...changes,
});

describe.each(keepers)("times in which nobody is cut $title", ({ open }) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await open(systemClock);
  });
  beforeEach(() => kept.clear());
  afterAll(() => kept.close());

  const inTx = <T>(work: Parameters<typeof kept.transactor.transact<T>>[0]): Promise<T> => kept.transactor.transact(work);
  const say = (...spans: readonly NoCutSpan[]): Promise<void> =>
    inTx(async (tx) => {
      for (const span of spans) await kept.noCuts.insert(tx, span);
    });
  const end = { at: later(at, hours(1)), by: "bo", reason: "the sky is clear" };
  const idsOf = (spans: readonly NoCutSpan[]): readonly string[] => spans.map(({ id }) => id);

  test("one comes back as it was said, is open until its last moment, and by nobody's deed not any more", async () => {
    const span = aSpan(1, { kind: "maintenance", scope: "feeder T 7", from: later(at, hours(2)) });
    await say(span);
    expect(await kept.noCuts.open(null, at)).toEqual([span]);
    expect(await kept.noCuts.open(null, later(span.until, -1))).toEqual([span]);
    expect(await kept.noCuts.open(null, span.until)).toEqual([]);
  });

  test("one that was ended is open no more, and is kept with who ended it and why", async () => {
    await say(aSpan(1), aSpan(2));
    await inTx((tx) => kept.noCuts.end(tx, idOf(1), end));
    expect(idsOf(await kept.noCuts.open(null, at))).toEqual([idOf(2)]);
    const ended = { ...aSpan(1), endedAt: end.at, endedBy: "bo", endReason: end.reason };
    expect(await inTx((tx) => kept.noCuts.lock(tx, idOf(1)))).toEqual(ended);
    expect(await inTx((tx) => kept.noCuts.lock(tx, idOf(9)))).toBe(null);
  });

  test("what may have held in a span of the past is found, also when it was ended since", async () => {
    await say(aSpan(1), aSpan(2, { saidAt: later(at, hours(3)), from: later(at, hours(4)) }));
    await inTx((tx) => kept.noCuts.end(tx, idOf(1), end));
    const during = async (from: number, until = from) =>
      idsOf(await kept.noCuts.during({ from: later(at, from), until: later(at, until) }));
    expect([await during(-1), await during(0), await during(hours(1) - 1)]).toEqual([[], [idOf(1)], [idOf(1)]]);
    expect([await during(hours(1)), await during(hours(3)), await during(hours(6))]).toEqual([[], [idOf(2)], []]);
    expect(await during(0, hours(4))).toEqual([1, 2].map(idOf));
  });

  test("an end is said once: a second one is refused, and so is a time that ends before it begins", async () => {
    await say(aSpan(1));
    await inTx((tx) => kept.noCuts.end(tx, idOf(1), end));
    await expect(inTx((tx) => kept.noCuts.end(tx, idOf(1), { ...end, by: "cy" }))).rejects.toThrow(/never edited/);
    await expect(say(aSpan(2, { until: at }))).rejects.toThrow(/no_cuts_last/);
  });

  test("the list is newest first, page by page, of one state or all", async () => {
    const [past, standing] = [aSpan(1, { until: later(at, 1_000) }), aSpan(2)];
    const coming = aSpan(3, { from: later(at, hours(3)) });
    const ahead = aSpan(4, { from: later(at, hours(3)), saidAt: later(at, hours(3)) }); // by a gateway whose clock is ahead
    await say(past, standing, coming, ahead);
    const now = later(at, hours(1));
    const of = async (is?: "standing" | "coming" | "past", limit = 10, before: string | null = null) =>
      idsOf(await kept.noCuts.list({ limit, before, ...(is === undefined ? {} : { state: { is, at: now } }) }));
    expect(await of()).toEqual([4, 3, 2, 1].map(idOf));
    expect([await of("standing"), await of("coming"), await of("past")]).toEqual([[4, 2].map(idOf), [idOf(3)], [idOf(1)]]);
    await inTx((tx) => kept.noCuts.end(tx, idOf(3), end));
    expect([await of("coming"), await of("past")]).toEqual([[], [3, 1].map(idOf)]);
    expect([await of(undefined, 2), await of(undefined, 2, idOf(3))]).toEqual([[4, 3].map(idOf), [2, 1].map(idOf)]);
  });

  test("is seen by its own transaction before anybody else, and by nobody when that fails", async () => {
    await expect(
      inTx(async (tx) => {
        await kept.noCuts.insert(tx, aSpan(1));
        expect(await kept.noCuts.open(tx, at)).toHaveLength(1);
        expect(await kept.noCuts.open(null, at)).toEqual([]);
        throw new Error("given up");
      }),
    ).rejects.toThrow("given up");
    expect(await kept.noCuts.open(null, at)).toEqual([]);
  });

  test("two who would end one at the same time stand in line", async () => {
    await say(aSpan(1));
    const lock = (tx: Parameters<typeof kept.noCuts.lock>[0]) => kept.noCuts.lock(tx, idOf(1));
    expect(await whoWaits(kept, lock, lock)).toEqual(["first", "second"]);
  });

  test("a class that some account is of is known, another is not", async () => {
    const account = { account: AccountId("far"), name: "", class: "key", tariff: "flat", mode: "remote" } as const;
    await kept.meters.bringIn([account], []);
    expect(await inTx((tx) => kept.noCuts.hasClass(tx, "key"))).toBe(true);
    expect(await inTx((tx) => kept.noCuts.hasClass(tx, "kez"))).toBe(false);
  });
});
