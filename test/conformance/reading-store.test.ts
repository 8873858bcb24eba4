/** Readings are all kept; the newest believed one of each item is at hand, and a suspect one never is. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ReadingStore } from "../../src/devices/device-store.ts";
import { Instant, later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import type { Transactor } from "../../src/kernel/transaction.ts";
import { keepers, type Kept } from "./stores.ts";

const noon = Instant(Date.UTC(2026, 10, 23, 4)); // in Shanghai
const A = MeterAddress("202611220001");
const B = MeterAddress("202611220002");
const C = MeterAddress("202611220003");
const D = MeterAddress("202611220004");
const E = MeterAddress("202611220005");
const F = MeterAddress("202611220006");
const G = MeterAddress("202611220007");
const H = MeterAddress("202611220008");

describe.each(keepers)("readings $title", ({ open }) => {
  let kept: Kept;
  let db: Transactor;
  let store: ReadingStore;
  beforeAll(async () => {
    kept = await open(systemClock);
    db = kept.transactor;
    store = kept.readings;
    const rest = {
      meterNumber: "",
      customerNumber: "",
      account: null,
      bus: BusId("b"),
      model: "standard-wallet",
      relayPassword: null,
    } as const;
    await kept.meters.bringIn(
      [],
      [A, B, C, D, E, F, G, H].map((address) => ({ ...rest, address })),
    );
  });
  afterAll(() => kept.close());

  const reading = (meter: MeterAddress, value: string | null, minute: number, item = "importedEnergy"): Reading => ({
    meter,
    item,
    value,
    unit: "kWh",
    takenAt: later(noon, minutes(minute)),
    source: "poll",
  });
  const keep = (given: Reading, suspect: string | null = null): Promise<void> =>
    db.transact((tx) => store.keep(tx, given, suspect));
  const latest = (meter: MeterAddress, item = "importedEnergy"): Promise<Reading | null> =>
    db.transact((tx) => store.latest(tx, meter, item));

  test("the newest is at hand, whatever order they came in", async () => {
    await keep(reading(A, "1.00", 0));
    await keep(reading(A, "3.00", 20));
    await keep(reading(A, "2.00", 10));
    expect(await latest(A)).toEqual(reading(A, "3.00", 20));
    await keep(reading(A, null, 30)); // "no data" is an answer too
    expect((await latest(A))?.value).toBe(null);
    expect(await latest(A, "balance")).toBe(null);
  });

  test("one of earlier is kept and is never the latest, however old that is", async () => {
    await keep(reading(H, "5.00", 600));
    await db.transact((tx) => store.keepOlder(tx, reading(H, "1.00", 0)));
    expect(await latest(H)).toEqual(reading(H, "5.00", 600));
    const days = await store.energyByDay(H, "UTC", 5);
    expect(days).toEqual([{ day: "2026-11-23", first: "1.00", last: "5.00" }]);
  });

  test("a suspect one is kept aside and never becomes the latest", async () => {
    await keep(reading(B, "10.00", 0));
    await keep(reading(B, "999999.00", 5), "faster-than-the-meter-can-turn");
    expect(await latest(B)).toEqual(reading(B, "10.00", 0));
    expect(await store.latestOf([B])).toEqual([reading(B, "10.00", 0)]);
    const [day] = await store.energyByDay(B, "Asia/Shanghai", 10);
    expect(day).toMatchObject({ first: "10.00", last: "10.00" });
  });

  test("many meters are asked at once, all items of each", async () => {
    await keep(reading(C, "5.00", 0));
    await keep(reading(C, "50.00", 0, "balance"));
    const found = await store.latestOf([B, C]);
    expect(found.map(({ meter, item }) => `${meter} ${item}`).sort()).toEqual([
      `${B} importedEnergy`,
      `${C} balance`,
      `${C} importedEnergy`,
    ]);
    expect(await store.latestOf([])).toEqual([]);
  });

  test("the latest is locked: two intakes of one meter do not look past each other", async () => {
    const seen: (string | null)[] = [];
    const takeOne = (): Promise<void> =>
      db.transact(async (tx) => {
        const before = await store.latest(tx, C, "importedEnergy");
        seen.push(before!.value);
        await store.keep(tx, reading(C, (Number(before!.value) + 1).toFixed(2), 10), null);
      });
    await Promise.all(Array.from({ length: 6 }, takeOne));
    expect(seen.toSorted()).toEqual(["10.00", "5.00", "6.00", "7.00", "8.00", "9.00"]);
  });

  test("days are those of the site, newest first", async () => {
    const minutesToMidnight = 12 * 60;
    await keep(reading(D, "100.00", 0));
    await keep(reading(D, "104.50", minutesToMidnight - 1)); // 23:59
    await keep(reading(D, "104.60", minutesToMidnight)); // 00:00 of the next day
    await keep(reading(D, "110.00", minutesToMidnight + 60));
    expect(await store.energyByDay(D, "Asia/Shanghai", 10)).toEqual([
      { day: "2026-11-24", first: "104.60", last: "110.00" },
      { day: "2026-11-23", first: "100.00", last: "104.50" },
    ]);
    expect(await store.energyByDay(D, "Asia/Shanghai", 1)).toHaveLength(1);
    expect((await store.energyByDay(D, "UTC", 10)).map(({ day }) => day)).toEqual(["2026-11-23"]);
  });

  test("what one transaction brings is in it at once, whatever it names twice, and gone with it", async () => {
    await db.transact(async (tx) => {
      await store.keep(tx, reading(E, "1.00", 0), null);
      await store.keep(tx, reading(E, "7.00", 0, "balance"), null);
      await store.keep(tx, reading(E, "3.00", 20), null);
      await store.keep(tx, reading(E, "900.00", 30), "jump");
      await store.keep(tx, reading(E, "2.00", 10), null);
      expect(await store.latest(tx, E, "importedEnergy")).toEqual(reading(E, "3.00", 20));
      await store.keep(tx, reading(E, "4.00", 40), null);
    });
    expect(await latest(E)).toEqual(reading(E, "4.00", 40));
    const gaveUp = db.transact(async (tx) => {
      await store.keep(tx, reading(E, "5.00", 50), null);
      expect((await store.latest(tx, E, "importedEnergy"))?.value).toBe("5.00");
      throw new Error("gave up");
    });
    await expect(gaveUp).rejects.toThrow("gave up");
    expect(await latest(E)).toEqual(reading(E, "4.00", 40));
    const kept = await store.list(E, { item: null, from: noon, to: later(noon, minutes(60)), before: null, limit: 10 });
    expect(kept.map(({ value }) => value)).toEqual(["4.00", "900.00", "3.00", "2.00", "7.00", "1.00"]);
  });

  test("pages of readings are newest first, of one item or of all, and miss and repeat nothing", async () => {
    for (let minute = 0; minute < 7; minute += 1) await keep(reading(F, `${minute}.00`, minute), minute === 3 ? "jump" : null);
    for (let n = 0; n < 3; n += 1) await keep(reading(F, `${n}.50`, 6)); // three of one moment
    await keep(reading(F, "9.00", 2, "balance"));
    const from = later(noon, minutes(1));
    const pages = async (item: string | null, limit: number): Promise<(string | null)[]> => {
      const seen: (string | null)[] = [];
      for (let before = null as null | { takenAt: Instant; id: bigint }; ;) {
        const page = await store.list(F, { item, from, to: later(noon, minutes(7)), before, limit });
        seen.push(...page.map(({ value }) => value));
        if (page.length < limit) return seen;
        before = page.at(-1)!;
      }
    };
    const energy = ["2.50", "1.50", "0.50", "6.00", "5.00", "4.00", "3.00", "2.00", "1.00"];
    for (const limit of [1, 2, 4, 100]) expect(await pages("importedEnergy", limit)).toEqual(energy);
    expect(await pages(null, 3)).toEqual([...energy.slice(0, 7), "9.00", ...energy.slice(7)]);
    const [doubted] = await store.list(F, {
      item: null,
      from: later(noon, minutes(3)),
      to: later(noon, minutes(4)),
      before: null,
      limit: 9,
    });
    expect(doubted).toMatchObject({ value: "3.00", suspect: "jump" });
  });

  test("a poll from long before comes after the clock was set back; a midnight of days ago does not", async () => {
    const day = 24 * 60;
    await keep(reading(G, "50.00", 0));
    await keep({ ...reading(G, "10.00", -3 * day), source: "freeze" });
    await keep({ ...reading(G, "20.00", -2 * day), source: "estimate" });
    expect((await latest(G))?.value).toBe("50.00");
    expect((await store.energyByDay(G, "Asia/Shanghai", 2)).map(({ first }) => first)).toEqual(["50.00", "20.00"]);
    await keep({ ...reading(G, "1.00", -40 * day), source: "freeze" });
    expect((await store.energyByDay(G, "Asia/Shanghai", 9)).map(({ first }) => first)).toEqual([
      "50.00",
      "20.00",
      "10.00",
      "1.00",
    ]);
    await keep(reading(G, "50.10", -day));
    expect((await latest(G))?.value).toBe("50.10");
  });
});
