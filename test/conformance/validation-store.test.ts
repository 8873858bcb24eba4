/** What is believed, doubted, counted by day and entered, kept alike by every keeper of the books. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { hours, Instant, later, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import type { Believed } from "../../src/validation/believed.ts";
import type { Entry } from "../../src/validation/entries.ts";
import { keepers, type Kept } from "./stores.ts";

const noon = Instant(Date.UTC(2026, 10, 23, 4));
const meters = Array.from({ length: 8 }, (_, n) => MeterAddress(String(202611220001 + n)));
const [A, B] = meters as [MeterAddress, MeterAddress];

describe.each(keepers)("what is believed $title", ({ open }) => {
  let kept: Kept;
  beforeAll(async () => {
    kept = await open(systemClock);
  });
  beforeEach(async () => {
    await kept.clear();
    const rest = { meterNumber: "", customerNumber: "", bus: BusId("b"), model: "remote-ledger", relayPassword: null } as const;
    const account = (n: number): AccountId => AccountId(`a${n}`);
    await kept.meters.bringIn(
      meters.map((_, n) => ({
        account: account(n),
        name: "",
        class: n === 7 ? "shop" : "residential",
        mode: "remote",
        tariff: "flat",
      })),
      meters.map((address, n) => ({ ...rest, address, account: account(n) })),
    );
  });
  afterAll(() => kept.close());
  const within = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => kept.transactor.transact(work);

  const whole: Believed = {
    ...{
      takenAt: noon,
      register: 12_345n,
      shift: 100_000_000n,
      rates: [1n, 2n],
      rateShifts: [0n, 100_000_000n],
      ratesAt: later(noon, -7),
    },
    exported: { register: 7n, shift: -3n, takenAt: later(noon, -5) },
    ...{
      advancedAt: later(noon, -hours(1)),
      cut: { counted: 100_012_345n, since: noon },
      vouched: { counted: 3n, at: later(noon, -9) },
    },
  };
  const bare: Believed = { ...whole, rates: null, rateShifts: [], ratesAt: null, exported: null, cut: null, vouched: null };

  test("is what was saved last, with all its parts and without", async () => {
    expect(await within((tx) => kept.validation.believed(tx, A))).toBe(null);
    await within((tx) => kept.validation.saveBelieved(tx, A, whole));
    expect(await within((tx) => kept.validation.believed(tx, A))).toEqual(whole);
    await within((tx) => kept.validation.saveBelieved(tx, A, bare));
    expect(await kept.validation.validated([A, B])).toEqual(new Map([[A, bare]]));
  });

  test("a doubt is open until something newer is believed, counted in a row, and gone once a person decided", async () => {
    const doubt = { meter: A, doubt: "jump", item: "importedEnergy", register: 5n, takenAt: noon, source: "poll" } as const;
    expect(await kept.validation.doubt(null, A)).toBe(null);
    await within((tx) => kept.validation.noteDoubt(tx, doubt));
    await within((tx) => kept.validation.noteDoubt(tx, { ...doubt, doubt: "not-a-number", register: null }));
    expect(await kept.validation.doubt(null, A)).toEqual({
      ...doubt,
      doubt: "not-a-number",
      register: null,
      open: true,
      times: 2,
    });
    expect((await kept.policy.remoteMeter(null, A))?.readingInDoubt).toBe(true);
    await within((tx) => kept.validation.saveExported(tx, A, bare)); // the reverse register says nothing of it
    expect((await kept.validation.doubt(null, A))?.open).toBe(true);
    await within((tx) => kept.validation.saveBelieved(tx, A, bare));
    expect(await kept.validation.doubt(null, A)).toMatchObject({ open: false, times: 2 });
    expect((await kept.policy.remoteMeter(null, A))?.readingInDoubt).toBe(false);
    await within((tx) => kept.validation.noteDoubt(tx, doubt));
    expect(await kept.validation.doubt(null, A)).toMatchObject({ open: true, times: 1 });
    await within((tx) => kept.validation.settleDoubt(tx, A));
    expect(await kept.validation.doubt(null, A)).toBe(null);
  });

  test("a day keeps its first and last, in whatever order they come; neighbours are found around any moment", async () => {
    const note = (day: string, hour: number, counted: bigint, shift = 0n): Promise<void> =>
      within((tx) => kept.validation.noteDay(tx, A, day, { at: later(noon, hours(hour)), counted, shift }));
    await note("2026-11-23", 2, 120n);
    await note("2026-11-23", 4, 140n, 9n);
    await note("2026-11-23", -12, 100n);
    await note("2026-11-23", 3, 130n);
    await note("2026-11-21", -30, 50n);
    expect(await kept.validation.days(null, A, "2026-11-22")).toEqual([
      {
        day: "2026-11-23",
        first: { at: later(noon, -hours(12)), counted: 100n, shift: 0n },
        last: { at: later(noon, hours(4)), counted: 140n, shift: 9n },
      },
    ]);
    expect((await kept.validation.days(null, A, "2026-11-01")).map(({ day }) => day)).toEqual(["2026-11-21", "2026-11-23"]);
    const around = async (hour: number, day: string): Promise<unknown> => {
      const { before, after } = await within((tx) => kept.validation.around(tx, A, later(noon, hours(hour)), day));
      return [before?.counted ?? null, after?.counted ?? null];
    };
    expect(await around(-40, "2026-11-21")).toEqual([null, 50n]);
    expect(await around(-24, "2026-11-22")).toEqual([50n, 100n]);
    expect(await around(1, "2026-11-23")).toEqual([100n, 140n]);
    expect(await around(9, "2026-11-23")).toEqual([140n, null]);
    expect(await within((tx) => kept.validation.around(tx, B, noon, "2026-11-23"))).toEqual({ before: null, after: null });
  });

  test("what is above a count is taken back from the days: whole where they began above it, else down to where they began", async () => {
    const note = (meter: MeterAddress, day: string, hour: number, counted: bigint): Promise<void> =>
      within((tx) => kept.validation.noteDay(tx, meter, day, { at: later(noon, hours(hour)), counted, shift: 1n }));
    await note(A, "2026-11-21", -48, 50n);
    await note(A, "2026-11-22", -24, 60n);
    await note(A, "2026-11-22", -20, 101n);
    await note(A, "2026-11-23", 0, 101n);
    await note(B, "2026-11-23", 0, 101n);
    await within((tx) => kept.validation.takeBackDays(tx, A, 100n));
    const point = (hour: number, counted: bigint) => ({ at: later(noon, hours(hour)), counted, shift: 1n });
    expect(await kept.validation.days(null, A, "2026-11-01")).toEqual([
      { day: "2026-11-21", first: point(-48, 50n), last: point(-48, 50n) },
      { day: "2026-11-22", first: point(-24, 60n), last: point(-24, 60n) },
    ]);
    expect(await kept.validation.days(null, B, "2026-11-01")).toHaveLength(1);
  });

  test("peers are those of the same class with a week of days; fewer than five are no measure", async () => {
    const aWeekOf = async (meter: MeterAddress, energy: bigint): Promise<void> => {
      for (let n = 0; n < 8; n += 1)
        await within((tx) =>
          kept.validation.noteDay(tx, meter, `2026-11-${10 + n}`, {
            at: later(noon, hours(24) * n),
            counted: energy * BigInt(n),
            shift: 0n,
          }),
        );
    };
    for (const [n, meter] of meters.slice(1, 5).entries()) await aWeekOf(meter, BigInt(n + 1) * 100n);
    await aWeekOf(meters[7]!, 9_000n); // a shop
    const peers = (since = "2026-11-01"): Promise<bigint | null> => within((tx) => kept.validation.peersTypical(tx, A, since));
    expect(await peers()).toBe(null);
    await aWeekOf(meters[5]!, 50_000n);
    expect(await peers()).toBe(300n);
    expect(await peers("2026-11-12")).toBe(null);
  });

  test("a review sees every meter with its books, what is believed and doubted of it, and its days where they are asked for", async () => {
    await within((tx) => kept.validation.saveBelieved(tx, A, whole));
    const doubt = { meter: A, doubt: "jump", item: "importedEnergy", register: 5n, takenAt: noon, source: "poll" } as const;
    await within((tx) => kept.validation.noteDoubt(tx, doubt));
    await within((tx) => kept.validation.noteDay(tx, A, "2026-11-23", { at: noon, counted: 5n, shift: 0n }));
    const all = await kept.reviews.sights({ daysSince: null });
    expect(all.map(({ meter }) => meter)).toEqual(meters);
    expect(all[0]).toMatchObject({ account: "a0", class: "residential", bus: "b", model: "remote-ledger", relay: "unknown" });
    expect(all[0]).toMatchObject({ inCredit: false, believed: whole, doubt: { ...doubt, open: true, times: 1 }, days: [] });
    expect(all[1]).toMatchObject({ believed: null, doubt: null });
    const [withDays] = await kept.reviews.sights({ daysSince: "2026-11-01" });
    expect(withDays!.days.map(({ day }) => day)).toEqual(["2026-11-23"]);
    expect((await kept.reviews.sights({ daysSince: null, class: "shop" })).map(({ meter }) => meter)).toEqual([meters[7]]);
    await kept.meters.bringIn([], []);
    expect(await kept.reviews.sights({ daysSince: null })).toEqual([]);
  });

  test("a sight is in credit by what the wallet in its meter holds, in money or in energy, as it was read last", async () => {
    const setting = { name: "", class: "residential", tariff: "flat", mode: "local" } as const;
    const record = { meterNumber: "", customerNumber: "", bus: BusId("b"), model: "sts-token", relayPassword: null } as const;
    const account = AccountId("wallet");
    await kept.meters.bringIn([{ ...setting, account }], [{ ...record, address: A, account }]);
    const reads = async (item: string, value: string | null, ms: number): Promise<boolean | undefined> => {
      const reading = { meter: A, item, value, unit: null, takenAt: later(noon, ms), source: "poll" } as const;
      await within((tx) => kept.readings.keep(tx, reading, null));
      return (await kept.reviews.sights({ daysSince: null }))[0]?.inCredit;
    };
    expect(await reads("importedEnergy", "5.00", 0)).toBe(false);
    expect(await reads("remainingEnergy", "5.00", 0)).toBe(true);
    expect(await reads("balance", "0.00", 1)).toBe(false);
    expect(await reads("remainingEnergy", "4.00", 2)).toBe(true);
    expect(await reads("balance", null, 3), "it tells nothing of money").toBe(true);
  });

  test("entries are kept, the newest first, and the last estimate is found", async () => {
    const entry = (n: number, changes: Partial<Entry> = {}): Entry => ({
      ...{ id: `00000000-0000-7000-8000-00000000000${n}`, meter: A, kind: "estimate", register: 5n, counted: 105n },
      ...{ takenAt: later(noon, hours(n)), reason: "nobody at home", by: "desk", at: noon, basis: "given" },
      ...changes,
    });
    const all = [entry(1), entry(2), entry(3, { kind: "correct", basis: null })];
    for (const each of all) await within((tx) => kept.validation.keepEntry(tx, each));
    expect(await kept.validation.entries(A, 10)).toEqual(all.toReversed());
    expect(await kept.validation.entries(A, 1)).toHaveLength(1);
    expect(await kept.validation.entries(B, 10)).toEqual([]);
    expect(await within((tx) => kept.validation.lastEstimate(tx, A, noon))).toEqual(all[1]);
    expect(await within((tx) => kept.validation.lastEstimate(tx, A, later(noon, hours(2))))).toBe(null);
  });
});
