/** Settlement days: kept as they were written, found around a day and over it, summed for steps, and one bill of a meter at a time. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { later, systemClock } from "../../src/kernel/clock.ts";
import { CentiKwh } from "../../src/kernel/energy.ts";
import { AccountId, BusId, type MeterAddress } from "../../src/kernel/ids.ts";
import { Fen, parsePrice, ZERO_FEN } from "../../src/kernel/money.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { Billing } from "../../src/ledger/billing.ts";
import type { BillingState } from "../../src/ledger/billing-store.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { blankDay, type SettlementDay } from "../../src/ledger/settlement-day.ts";
import { flatTariff } from "../../src/tariff/tariff.ts";
import { keepers, type Kept } from "./stores.ts";

const [A, B] = ["202611220001", "202611220002"] as readonly string[] as [MeterAddress, MeterAddress];
const [anna, ben] = [AccountId("anna"), AccountId("ben")];
const nothing = { total: 0n, rates: null, exported: null };
const aDay = (day: string, more: Partial<SettlementDay> = {}): SettlementDay => ({
  ...blankDay({ meter: A, stretch: 7n, account: anna, day, tariff: "flat" }, nothing, "midnight"),
  ...more,
});
const full = aDay("2026-11-23", {
  seen: { total: { midnight: [100n], first: [101n], last: [250n] }, rates: { midnight: [60n, 40n] }, exported: { last: [5n] } },
  from: { total: 100n, rates: [60n, 40n], exported: 0n },
  to: { total: 250n, rates: [160n, 90n], exported: 5n },
  ...{ endBy: "reading", energy: 150n, rates: [100n, 50n], exported: 5n, version: "2026-01-01" },
  parts: {
    rates: [{ energy: 100n, price: parsePrice("0.5"), micro: 500_000n }],
    steps: [{ energy: 150n, price: parsePrice("0.05"), micro: 75_000n }],
  },
  ...{
    usedBefore: 12n,
    micro: 575_000n,
    microBefore: 1n,
    feedInMicro: 2n,
    feedInMicroBefore: 3n,
    cost: Fen(58n),
    feedIn: Fen(1n),
  },
  ...{ ratesMissing: true, estimated: true, settledBy: "readings", revision: 4 },
});

describe.each(keepers)("settlement days $title", ({ open }) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await open(systemClock);
  });
  afterAll(() => kept.close());
  beforeEach(async () => {
    await kept.clear();
    const setting = { name: "", class: "", mode: "remote", tariff: "flat" } as const;
    const record = { meterNumber: "", customerNumber: "", bus: BusId("b"), model: "remote-ledger", relayPassword: null } as const;
    await kept.meters.bringIn(
      [
        { ...setting, account: anna },
        { ...setting, account: ben },
      ],
      [
        { ...record, address: A, account: anna },
        { ...record, address: B, account: ben },
      ],
    );
  });

  const now = systemClock.now();
  const state: BillingState = {
    ...{ meter: A, account: anna, stretch: 7n, begun: "2026-11-20", day: "2026-11-23" },
    ...{ dayStart: CentiKwh(100n), billedTo: CentiKwh(250n), charged: Fen(58n), billedAt: now, closed: false },
  };
  const inTx = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => kept.transactor.transact(work);
  const keep = (...days: readonly SettlementDay[]): Promise<void> =>
    inTx(async (tx) => {
      for (const day of days) await kept.billing.saveDay(tx, day);
    });

  test("come back as they were kept, and are written over whole", async () => {
    await keep(full);
    const read = (): Promise<SettlementDay | null> => inTx((tx) => kept.billing.lockDay(tx, full, full.day));
    expect(await read()).toEqual(full);
    const other = aDay(full.day, { energy: 1n, seen: { total: { last: [250n] }, estimate: 90_071_992_547_409_931n } });
    await keep(other);
    expect(await read()).toEqual(other);
    expect(await inTx((tx) => kept.billing.lockDay(tx, full, "2026-11-24"))).toBe(null);
  });

  test("a meter's state comes back, and an account's other meters are found while they are open", async () => {
    await inTx((tx) => kept.billing.saveBilling(tx, state));
    expect(await inTx((tx) => kept.billing.lockBilling(tx, A))).toEqual(state);
    expect(await inTx((tx) => kept.billing.lockBilling(tx, B))).toBe(null);
    expect(await inTx((tx) => kept.billing.lockOpenOf(tx, anna, B))).toEqual([state]);
    expect(await inTx((tx) => kept.billing.lockOpenOf(tx, anna, A))).toEqual([]);
    await inTx((tx) => kept.billing.saveBilling(tx, { ...state, closed: true }));
    expect(await inTx((tx) => kept.billing.lockOpenOf(tx, anna, B))).toEqual([]);
  });

  test("the nearest days around one are those on which each track was seen, the furthest of them", async () => {
    const total = { total: { last: [1n] } };
    const both = { ...total, rates: { last: [1n] } };
    await keep(
      aDay("2026-11-01", { seen: both }),
      aDay("2026-11-02", { seen: total }),
      aDay("2026-11-03"),
      aDay("2026-11-04"),
      aDay("2026-11-05", { seen: total }),
      aDay("2026-11-06", { seen: both }),
      aDay("2026-11-03", { seen: both, stretch: 8n }),
    );
    const around = (day: string, tracks: readonly ("total" | "rates" | "exported")[]) =>
      inTx((tx) => kept.billing.around(tx, full, day, tracks));
    expect(await around("2026-11-04", ["total"])).toEqual({ before: "2026-11-02", after: "2026-11-05" });
    expect(await around("2026-11-04", ["total", "rates"])).toEqual({ before: "2026-11-01", after: "2026-11-06" });
    expect(await around("2026-11-04", ["total", "exported"])).toEqual({ before: "2026-11-02", after: "2026-11-05" });
    expect(await around("2026-11-01", ["total"])).toMatchObject({ before: null });
    expect(await around("2026-11-06", ["total"])).toMatchObject({ after: null });
  });

  test("an account's days come in order, are summed for its steps, and an earlier stretch is found by its days", async () => {
    await keep(
      aDay("2026-11-02", { energy: 5n, meter: B, stretch: 9n }),
      aDay("2026-11-01", { energy: 1n }),
      aDay("2026-11-02", { energy: 2n }),
      aDay("2026-11-03", { energy: 3n, meter: B, stretch: 9n }),
      aDay("2026-11-02", { energy: 100n, account: ben, stretch: 8n }),
    );
    const days = (from: string, to: string | null) => inTx((tx) => kept.billing.lockDays(tx, anna, from, to));
    expect((await days("2026-11-01", "2026-11-02")).map(({ energy }) => energy)).toEqual([1n, 2n, 5n]);
    expect((await days("2026-11-02", null)).map(({ energy }) => energy)).toEqual([2n, 5n, 3n]);
    expect(await inTx((tx) => kept.billing.used(tx, anna, "2026-11-01", "2026-11-03"))).toBe(8n);
    expect(await inTx((tx) => kept.billing.used(tx, anna, "2026-12-01", "2026-12-03"))).toBe(0n);
    const over = (day: string) => inTx((tx) => kept.billing.stretchOver(tx, A, day));
    expect(await over("2026-11-02")).toEqual({ meter: A, stretch: 7n, account: anna, begun: "2026-11-01", day: "2026-11-02" });
    expect(await over("2026-11-01")).toBe(null);
    expect(await over("2026-11-03")).toBe(null);
  });

  test("what no midnight settled is settled by readings, but never the open day", async () => {
    await keep(
      aDay("2026-11-01", { endBy: "reading" }),
      aDay("2026-11-02", { endBy: "midnight", settledBy: "midnights" }),
      aDay("2026-11-03", { endBy: "reading", ratesMissing: true }),
      aDay("2026-11-04"),
    );
    expect(await inTx((tx) => kept.billing.settleByReadings(tx, full, "2026-11-03"))).toEqual([]);
    const days = await kept.billing.billOf(anna, "2026-11-01", "2026-11-30");
    expect(days.map(({ settledBy }) => settledBy)).toEqual(["readings", "midnights", null, null]);
    expect(await inTx((tx) => kept.billing.ratesMissing(tx, A))).toEqual([]); // it may still come
    expect(await inTx((tx) => kept.billing.settleByReadings(tx, full, "2026-12-01"))).toEqual([{ meter: A, account: anna }]);
    expect(await inTx((tx) => kept.billing.ratesMissing(tx, A))).toEqual([{ day: "2026-11-03", tariff: "flat" }]);
    expect((await kept.billing.days(anna, 2)).map(({ day, state: is }) => [day, is])).toEqual([
      ["2026-11-04", "provisional"],
      ["2026-11-03", "settled"],
    ]);
  });

  test("what no midnight settled is settled of a meter's earlier tenants too, and of an account's earlier meters, but of nobody else", async () => {
    const provisional = { endBy: "close", ratesMissing: true } as const;
    await keep(
      aDay("2026-11-01", { ...provisional, stretch: 5n, account: ben }),
      aDay("2026-11-01", { ...provisional, stretch: 6n, meter: B, ratesMissing: false }),
      aDay("2026-11-01", { ...provisional, stretch: 4n, meter: B, account: ben }),
      aDay("2026-11-02", { ...provisional }),
    );
    const settled = await inTx((tx) => kept.billing.settleByReadings(tx, { meter: A, account: anna }, "2026-12-01"));
    expect(settled).toEqual([
      { meter: A, account: anna },
      { meter: A, account: ben },
    ]);
    expect(
      (await inTx((tx) => kept.billing.lockDays(tx, ben, "2026-11-01", null))).map((day) => [day.meter, day.settledBy]),
    ).toEqual([
      [B, null],
      [A, "readings"],
    ]);
    expect((await kept.billing.billOf(anna, "2026-11-01", "2026-11-30")).map(({ settledBy }) => settledBy)).toEqual([
      "readings",
      "readings",
    ]);
  });

  test("days that no midnight and no reading settled are found by the tariffs that nobody knows", async () => {
    await keep(
      aDay("2026-11-01", { endBy: "midnight", settledBy: "midnights", tariff: "gone" }),
      aDay("2026-11-02", { endBy: "reading", tariff: "old" }),
      aDay("2026-11-03", { tariff: "old" }),
      aDay("2026-11-03", { tariff: "old", meter: B }),
      aDay("2026-11-04", { meter: B }),
      aDay("2026-11-05", { tariff: null }),
      aDay("2026-10-01", { tariff: "years ago", endBy: "reading" }), // what came since will settle it
    );
    expect(await kept.billing.unsettledBeside(["flat", "new"])).toEqual([
      { tariff: "old", meters: 2, day: "2026-11-02", meter: A },
    ]);
    expect((await kept.billing.unsettledBeside([])).map(({ tariff }) => tariff)).toEqual(["flat", "old"]);
    expect(await kept.billing.unsettledBeside(["flat", "old"])).toEqual([]);
  });

  test("an account's day is all its meters together", async () => {
    const second = { meter: B, stretch: 9n, ratesMissing: false, estimated: false, settledBy: "midnights" } as const;
    await keep(full, aDay(full.day, { ...full, ...second }));
    expect(await kept.billing.billOf(anna, full.day, full.day)).toEqual([
      {
        ...{ day: full.day, energy: 300n, cost: 116n, exported: 10n, feedIn: 2n, tariff: "flat", version: "2026-01-01" },
        rates: [{ energy: 200n, price: 5_000n, micro: 1_000_000n }],
        steps: [{ energy: 300n, price: 500n, micro: 150_000n }],
        ...{ state: "settled", settledBy: "readings", estimated: true, ratesMissing: true },
      },
    ]);
    expect(await inTx((tx) => kept.billing.ratesMissing(tx, A))).toEqual([{ day: full.day, tariff: "flat" }]);
    expect(await inTx((tx) => kept.billing.ratesMissing(tx, B))).toEqual([]);
  });

  test("bills of one meter wait for each other, so that a day is charged once", async () => {
    const ledger = new Ledger({ store: kept.ledger, clock: systemClock });
    const tariffs = new Map([["flat", flatTariff("flat", parsePrice("0.5000"))]]);
    const billing = new Billing({ store: kept.billing, ledger, timeZone: "Asia/Shanghai", tariffs });
    const noon = later(systemClock.now(), 0);
    const bill = (register: bigint): Promise<unknown> =>
      inTx((tx) => billing.bill(tx, { account: anna, meter: A, register, takenAt: noon, tariff: "flat" }));
    await bill(0n);
    await Promise.all(Array.from({ length: 10 }, (_, index) => bill(BigInt(index + 1) * 10n)));
    expect(await kept.billing.days(anna, 1)).toMatchObject([{ energy: 100n, cost: 50n }]);
    expect(await ledger.position(null, anna)).toEqual({ available: -50n, held: ZERO_FEN });
  });
});
