/** What both keepers of the books promise of notices. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { Instant, later, type Clock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress, PaymentId } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import { PAUSE_MS_MAX } from "../../src/notices/notice-store.ts";
import { NoticeId, type NoticeChange, type NoticeRecord } from "../../src/notices/notice.ts";
import { keepers, whoWaits, type Kept } from "./stores.ts";

const METER = MeterAddress("202611220001");
const [ONE, OTHER] = [AccountId("1000000001"), AccountId("1000000002")];
const at = Instant(Date.UTC(2026, 10, 23, 2));
const clock: Clock = { now: () => at, wait: () => Promise.resolve() };

const notice = (more: Partial<NoticeRecord> = {}): NoticeRecord => ({
  ...{ id: NoticeId(uuidv7()), account: ONE, meter: METER, kind: "notice-due", at, available: Fen(-5n), details: {} },
  ...{ once: null, state: "waiting", because: null, delivered: null, channel: null, said: null, tries: 0 },
  ...{ notAfter: later(at, 1_000), nextAt: at, takenUntil: null, triesFrom: at },
  ...more,
});

describe.each(keepers)("notices $title", ({ open }) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await open(clock);
  });
  afterAll(() => kept.close());
  beforeEach(async () => {
    await kept.clear();
    await kept.meters.bringIn(
      [ONE, OTHER].map((account) => ({ account, name: "", class: "residential", mode: "remote", tariff: "flat" })),
      [
        ...[{ address: METER, meterNumber: METER, customerNumber: METER, account: ONE, bus: BusId("b") }].map((meter) => ({
          ...{ ...meter, model: "remote-ledger" as const, relayPassword: null },
        })),
      ],
    );
  });
  const insert = async (...all: readonly NoticeRecord[]): Promise<readonly boolean[]> => {
    const taken: boolean[] = [];
    for (const one of all) taken.push(await kept.transactor.transact((tx) => kept.notices.insert(tx, one)));
    return taken;
  };
  const change = (id: NoticeId, more: Parameters<Kept["notices"]["change"]>[2]): Promise<void> =>
    kept.transactor.transact((tx) => kept.notices.change(tx, id, more));

  test("come back as they were written, also changed", async () => {
    const one = notice({ details: { from: 1, to: 2, reason: "检修" }, once: "outage/1/2", meter: null, kind: "outage" });
    await insert(one);
    expect(await kept.notices.find(one.id)).toEqual(one);
    const more: NoticeChange = {
      ...{
        state: "delivered",
        because: null,
        delivered: later(at, 5),
        channel: "mail",
        nextAt: null,
        takenUntil: null,
        tries: 2,
      },
      ...{ said: { language: "zh", subject: "题", text: "文" }, notAfter: later(at, 9), triesFrom: later(at, 1) },
    };
    await change(one.id, more);
    expect(await kept.notices.find(one.id)).toEqual({ ...one, ...more });
    expect(await kept.notices.find(NoticeId(uuidv7()))).toBe(null);
  });

  test("are said once where they are to be said once, for each account", async () => {
    const once = { once: "outage/1/2", kind: "outage" } as const;
    const later5 = { ...once, account: OTHER, at: later(at, 5) };
    expect(await insert(notice(once), notice(once), notice(later5), notice(), notice())).toEqual([true, false, true, true, true]);
    expect(await kept.notices.toldOnce("outage/1/2")).toEqual(
      new Map([
        [ONE, at],
        [OTHER, later(at, 5)],
      ]),
    );
    expect(await kept.notices.toldOnce("outage/1/3")).toEqual(new Map());
  });

  test("know the newest of some kinds of an account, by the order in which they were written", async () => {
    const [cut, armed, foreign] = [
      notice({ kind: "cut" }),
      notice({ kind: "armed", at: later(at, -5) }),
      notice({ account: OTHER }),
    ];
    await insert(cut, armed, foreign);
    expect((await kept.notices.newest(null, ONE, ["cut", "armed"]))?.id).toBe(armed.id);
    expect((await kept.notices.newest(null, ONE, ["cut"]))?.id).toBe(cut.id);
    expect(await kept.notices.newest(null, ONE, ["notice-due"])).toBe(null);
  });

  test("are due at their time, unless somebody has them in hand; what everybody is told comes last", async () => {
    const everybody = notice({ kind: "outage", once: "x", nextAt: later(at, -9) });
    const [now, soon, taken, dropped, over] = [
      notice({ nextAt: later(at, -1) }),
      notice({ nextAt: later(at, 1) }),
      notice(),
      notice(),
      notice({ state: "failed", nextAt: null }),
    ];
    await insert(everybody, now, soon, taken, dropped, over);
    await change(taken.id, { takenUntil: later(at, 1) });
    await change(dropped.id, { takenUntil: at });
    expect(await kept.notices.due(at, 9)).toEqual([now.id, dropped.id, everybody.id]);
    expect(await kept.notices.due(at, 1)).toEqual([now.id]);
  });

  test("are due at once where they wait longer than anybody ever pauses: the clock was set back since", async () => {
    const [pauses, stranded] = [notice({ nextAt: later(at, PAUSE_MS_MAX) }), notice({ nextAt: later(at, PAUSE_MS_MAX + 1) })];
    await insert(pauses, stranded);
    expect(await kept.notices.due(at, 9)).toEqual([stranded.id]);
  });

  test("that wait are cancelled, and what a courier has in hand is not", async () => {
    const [waits, taken, other, cut] = [notice(), notice(), notice({ account: OTHER }), notice({ kind: "cut" })];
    await insert(waits, taken, other, cut);
    await change(taken.id, { takenUntil: later(at, 1) });
    const cancelled = kept.transactor.transact((tx) => kept.notices.cancelWaiting(tx, ONE, ["notice-due", "warn-1"], "paid", at));
    expect(await cancelled).toBe(1);
    const states = (await kept.notices.list({ limit: 9 })).map(({ id, state, because }) => [id, state, because]);
    expect(states).toEqual([
      [cut.id, "waiting", null],
      [other.id, "waiting", null],
      [taken.id, "waiting", null],
      [waits.id, "cancelled", "paid"],
    ]);
  });

  test("keep every try, begun before it is known what becomes of it", async () => {
    const one = notice();
    await insert(one);
    await kept.transactor.transact(async (tx) => {
      await kept.notices.addAttempt(tx, one.id, { number: 1, at, channel: "sms", outcome: "begun", words: null });
      await kept.notices.addAttempt(tx, one.id, { number: 2, at: later(at, 1), channel: "mail", outcome: "begun", words: null });
      await kept.notices.endAttempt(tx, one.id, 1, "never", "HTTP 410");
      expect(await kept.notices.attempts(one.id, tx)).toHaveLength(2);
    });
    expect(await kept.notices.attempts(one.id)).toEqual([
      { number: 1, at, channel: "sms", outcome: "never", words: "HTTP 410" },
      { number: 2, at: later(at, 1), channel: "mail", outcome: "begun", words: null },
    ]);
  });

  test("are listed newest first, page by page, by account, state and kind; and counted while somebody has to do with them", async () => {
    const all = [notice(), notice({ kind: "cut" }), notice({ account: OTHER, state: "failed" }), notice({ state: "cancelled" })];
    await insert(...all);
    const list = async (filter: object): Promise<readonly number[]> =>
      (await kept.notices.list({ limit: 9, ...filter })).map(({ id }) => all.findIndex((one) => one.id === id));
    expect(await list({})).toEqual([3, 2, 1, 0]);
    expect(await list({ limit: 2 })).toEqual([3, 2]);
    expect(await list({ before: all[2]!.id })).toEqual([1, 0]);
    expect(await list({ before: NoticeId(uuidv7()) })).toEqual([]);
    expect(await list({ account: ONE, state: "waiting" })).toEqual([1, 0]);
    expect(await list({ kind: "cut" })).toEqual([1]);
    const counts = (await kept.notices.counts()).map(({ state, kind, count }) => `${state} ${kind} ${count}`);
    expect(counts.sort()).toEqual(["failed notice-due 1", "waiting cut 1", "waiting notice-due 1"]);
  });

  test("are missed where somebody stands before a cut and nothing says so", async () => {
    const stand = (stage: "notice-due" | "warn-2"): Promise<void> =>
      kept.transactor.transact((tx) =>
        kept.policy.keepStanding(tx, METER, ONE, {
          ...{ stage, want: "as-is", because: "notice-due", strategy: "x", since: at, arrearsSince: at },
        }),
      );
    await stand("warn-2");
    expect(await kept.notices.untold(9)).toEqual([]);
    await stand("notice-due");
    expect(await kept.notices.untold(9)).toEqual([METER]);
    const one = notice();
    await insert(one);
    expect(await kept.notices.untold(9), "it is on its way").toEqual([]);
    await change(one.id, { state: "failed", nextAt: null });
    expect(await kept.notices.untold(9), "a person was asked").toEqual([]);
    await kept.transactor.transact((tx) =>
      kept.payments.insert(tx, {
        ...{ id: PaymentId(uuidv7()), account: ONE, amount: Fen(1n), channel: "bank", orderId: "1", createdAt: at },
        ...{ state: "allocated", command: null, refund: null },
      }),
    );
    expect(await kept.notices.untold(9), "paid a little since").toEqual([METER]);
    const again = notice({ at: later(at, 1) });
    await insert(again);
    expect(await kept.notices.untold(9)).toEqual([]);
    await change(again.id, { state: "delivered", delivered: at, nextAt: null });
    expect(await kept.notices.untold(9), "the rules say whether it counts").toEqual([METER]);
  });

  test("have one courier at a time", async () => {
    const one = notice();
    await insert(one);
    const lock = (tx: Parameters<Kept["notices"]["lock"]>[0]) => kept.notices.lock(tx, one.id);
    expect(await whoWaits(kept, lock, lock)).toEqual(["first", "second"]);
  });

  test("do not say that they were delivered without a moment, nor the other way round", async () => {
    const [one, two] = [notice(), notice()];
    await insert(one, two);
    await expect(change(one.id, { state: "delivered" })).rejects.toThrow(/notices_delivered/);
    await expect(change(two.id, { delivered: at })).rejects.toThrow(/notices_delivered/);
  });
});
