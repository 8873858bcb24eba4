/** The keeper of old rows: what is due, how much of the time it takes, and what it does when it is killed or the clock stands wrong. */
import { expect, test } from "vitest";
import { hours, Instant, later, minutes, type Clock } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { dueTo, sizeAfter, thinningDue } from "../../src/retention/due.ts";
import { RetentionKeeper } from "../../src/retention/keeper.ts";
import { kindNames, type Batch, type RetentionStore } from "../../src/retention/retention-store.ts";
import { retentionShape } from "../../src/retention/site.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory, type StoresInMemory } from "../../src/stores/in-memory/stores.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const zone = "Asia/Shanghai";
const site = retentionShape.parse({ readings: { all: 40, daily: 60 }, frames: 50, events: 70 });
const now = Instant(Date.parse("2026-11-26T04:10:00+08:00"));
const meter = MeterAddress("202611220001");
const midnight = (daysAgo: number): Instant => Instant(Date.parse("2026-11-26T00:00:00+08:00") - hours(24 * daysAgo));
const idle: Clock = { now: () => now, wait: () => Promise.resolve() };

/** A meter that was read every six hours for so many days up to today. */
async function readFor(
  days: number,
  until = 0,
): Promise<{
  readonly stores: StoresInMemory;
  readonly read: (at: Instant) => Promise<void>;
  readonly left: () => Promise<readonly number[]>;
}> {
  const db = new InMemoryDatabase({ now: () => now });
  const stores = storesInMemory(db, idle);
  const record = {
    address: meter,
    meterNumber: "",
    customerNumber: "",
    account: null,
    bus: BusId("b"),
    model: "standard-wallet",
    relayPassword: null,
  } as const;
  await stores.meters.bringIn([], [record]);
  const reading = { meter, item: "importedEnergy", value: "1.00", unit: "kWh", source: "poll" } as const;
  const keep = (tx: Transaction, takenAt: Instant): Promise<void> => stores.readings.keep(tx, { ...reading, takenAt }, null);
  await db.transact(async (tx) => {
    for (let day = days; day > until; day -= 1)
      for (const hour of [0, 6, 12, 18]) await keep(tx, later(midnight(day), hours(hour)));
  });
  return {
    stores,
    read: (at) => db.transact((tx) => keep(tx, at)),
    /** How many are left of each day, the oldest first. */
    left: async () => {
      const all = await stores.readings.list(meter, { item: null, from: Instant(0), to: now, before: null, limit: 10_000 });
      return Array.from(
        { length: days - until },
        (_, n) => all.filter(({ takenAt }) => takenAt >= midnight(days - n) && takenAt < midnight(days - n - 1)).length,
      );
    },
  };
}

/** The store with some of its answers exchanged. */
const around = (store: RetentionStore, changes: Partial<RetentionStore>): RetentionStore => ({
  makeMonths: (at, keeping) => store.makeMonths(at, keeping),
  daysRead: (days) => store.daysRead(days),
  doneTo: (kind) => store.doneTo(kind),
  oldest: (kind) => store.oldest(kind),
  markDone: (kind, to, at) => store.markDone(kind, to, at),
  setBack: (kind, to, at) => store.setBack(kind, to, at),
  thin: (batch) => store.thin(batch),
  ...changes,
});
const keeperOf = (store: RetentionStore, clock: Clock = idle, elapsed = (): number => 0, keeping = site): RetentionKeeper =>
  new RetentionKeeper({ store, site: keeping, timeZone: zone, clock, elapsed, log: silentLog });

test("defaults are those of the site file's page, and a file that keeps daily values shorter than all is refused", () => {
  expect(retentionShape.parse(undefined)).toEqual({
    readings: { all: 400, daily: 3_650 },
    frames: 400,
    events: 3_650,
    goOnTo: null,
  });
  expect(retentionShape.safeParse({ readings: { all: 400, daily: 300 } }).error?.issues).toMatchObject([
    { path: ["readings", "daily"], message: "at least as many days as readings.all" },
  ]);
  expect(retentionShape.safeParse({ frames: 39 }).success).toBe(false);
  expect(retentionShape.safeParse({ goOnTo: "2025-02-29" }).success).toBe(false);
  expect(retentionShape.safeParse({ frame: 400 }).success).toBe(false);
});

test("rows are old at a midnight of the site, so many days before today", () => {
  expect(dueTo("readings-daily", site, now, zone)).toBe(midnight(40));
  expect(dueTo("readings-gone", site, now, zone)).toBe(midnight(60));
  expect(dueTo("frames", site, now, zone)).toBe(midnight(50));
  expect(dueTo("intents-gone", site, now, "UTC")).toBe(Date.parse("2026-09-16T00:00:00Z"));
});

test("of days older than all one reading is left, of days older than daily none, and a second look finds nothing", async () => {
  const { stores, left } = await readFor(62);
  const due = await thinningDue(stores.retention, { site, timeZone: zone, now });
  expect(due.find(({ kind }) => kind === "readings-daily")?.rows).toBe(22 * 3);
  expect((await left()).every((count) => count === 4)).toBe(true);
  const keeper = keeperOf(stores.retention);
  expect(await keeper.thinDue()).toMatchObject({ "readings-daily": 22 * 3, "readings-gone": 2 });
  expect(await left()).toEqual([0, 0, ...Array.from({ length: 20 }, () => 1), ...Array.from({ length: 40 }, () => 4)]);
  expect(await keeper.thinDue()).toMatchObject({ "readings-daily": 0, "readings-gone": 0 });
});

test("killed in the middle of a day it goes on with that day, and loses nothing", async () => {
  const { stores, left } = await readFor(50);
  let batches = 0;
  const mortal: RetentionStore = around(stores.retention, {
    thin: async (batch: Batch) => {
      batches += 1;
      if (batches === 4) throw new Error("killed before it was written");
      const thinned = await stores.retention.thin(batch);
      if (batches === 7) throw new Error("killed after it was written, before it was noted");
      return thinned;
    },
  });
  for (const death of [/before/, /after/]) await expect(keeperOf(mortal).thinDue()).rejects.toThrow(death);
  await keeperOf(stores.retention).thinDue();
  expect(await left()).toEqual([...Array.from({ length: 10 }, () => 1), ...Array.from({ length: 40 }, () => 4)]);
});

test("a clock that stands years ahead throws nothing away, nor does one before which nothing was read", async () => {
  const { stores, left } = await readFor(50);
  const inTenYears: Clock = { ...idle, now: () => later(now, hours(24 * 3_660)) };
  expect(await keeperOf(stores.retention, inTenYears).thinDue()).toMatchObject({ "readings-daily": 0, "readings-gone": 0 });
  expect((await left()).every((count) => count === 4)).toBe(true);
  const silent = await readFor(50, 3); // three days of silence: of the last seven too few are left
  expect(await keeperOf(silent.stores.retention).thinDue()).toMatchObject({ "readings-daily": 0 });
  const quiet = await readFor(50, 2);
  expect(await keeperOf(quiet.stores.retention).thinDue()).toMatchObject({ "readings-daily": 30 });
});

test("a clock that stands years ahead and has stamped a week of readings throws nothing away before a person has said how far", async () => {
  const { stores, read, left } = await readFor(50);
  const started = await keeperOf(stores.retention).thinDue();
  expect(started).toMatchObject({ "readings-daily": 30 });
  const ahead = hours(24 * 3_660);
  for (let day = 1; day <= 7; day += 1) await read(later(midnight(day), ahead + hours(6)));
  const inTenYears: Clock = { ...idle, now: () => later(now, ahead) };
  const wrong = keeperOf(stores.retention, inTenYears);
  expect(await wrong.thinDue()).toMatchObject({ "readings-daily": 0, "readings-gone": 0 });
  expect(wrong.picture.waiting).toBeGreaterThan(0);
  expect((await left()).slice(-40).every((count) => count === 4)).toBe(true);
  expect(await stores.retention.doneTo("readings-daily")).toBe(midnight(40));
  const right = keeperOf(stores.retention);
  expect(await right.thinDue(), "nor does the right clock wait for the wrong one's moment").toMatchObject({
    "readings-daily": 0,
  });
  expect(right.picture.waiting).toBe(0);
});

test("more than a month at once waits for a person's word; a mark that lies after what is old is told and set back", async () => {
  const { stores, left } = await readFor(90);
  const keeper = keeperOf(stores.retention);
  expect(await keeper.thinDue()).toMatchObject({ "readings-daily": 0, "readings-gone": 30 * 4 });
  expect(keeper.picture.waiting).toBe(1);
  const due = await thinningDue(stores.retention, { site, timeZone: zone, now });
  expect(due.filter(({ waits }) => waits).map(({ kind }) => kind)).toEqual(["readings-daily"]);
  for (const [goOnTo, went] of [
    ["2026-09-16", 0], // 31 days before what is old now
    ["2026-09-17", 20 * 3],
  ] as const)
    expect(await keeperOf(stores.retention, idle, undefined, { ...site, goOnTo }).thinDue()).toMatchObject({
      "readings-daily": went,
    });
  expect((await left()).slice(30, 52)).toEqual([...Array.from({ length: 20 }, () => 1), 4, 4]);
  await stores.retention.markDone("readings-daily", midnight(3));
  await keeper.thinDue();
  expect(await stores.retention.doneTo("readings-daily")).toBe(midnight(40));
});

test("it takes a twentieth of the time: after each batch it rests nineteen times as long", async () => {
  const { stores } = await readFor(45);
  let worked = 0;
  let rested = 0;
  const slow: RetentionStore = around(stores.retention, {
    thin: (batch: Batch) => {
      worked += 80;
      return stores.retention.thin(batch);
    },
  });
  const clock: Clock = { ...idle, wait: (ms) => Promise.resolve(void (rested += ms)) };
  const keeper = keeperOf(slow, clock, () => worked);
  await keeper.thinDue();
  expect(worked).toBeGreaterThanOrEqual(5 * 80);
  expect(worked / (worked + rested)).toBeCloseTo(0.05, 6);
  expect(keeper.picture).toMatchObject({ workedMs: worked, longestMs: 80 });
});

test("batches grow while they are quick and shrink when they are slow, between bounds", () => {
  expect(sizeAfter(200, 5)).toBe(300);
  expect(sizeAfter(200, 30)).toBe(200);
  expect(sizeAfter(200, 60)).toBe(150);
  expect(sizeAfter(200, 400)).toBe(50);
  expect(sizeAfter(3, 400)).toBe(2);
  expect(sizeAfter(20_000, 1)).toBe(20_000);
});

test("it works once a night after four, makes the months before anything else, and stops when it is told to", async () => {
  const { stores, left } = await readFor(45);
  const calls: string[] = [];
  const told: RetentionStore = around(stores.retention, {
    makeMonths: () => {
      calls.push("months");
      return Promise.resolve({ made: 0, moved: 0, beside: 0 });
    },
    thin: (batch: Batch) => {
      calls.push("thin");
      return stores.retention.thin(batch);
    },
  });
  const clock = new VirtualClock(Instant(Date.parse("2026-11-26T02:00:00+08:00")));
  const keeper = keeperOf(told, clock);
  await keeper.start();
  expect(calls).toEqual(["months"]);
  await clock.pass(minutes(115));
  expect(calls).toEqual(["months"]);
  await clock.pass(minutes(60));
  expect(calls.slice(0, 3)).toEqual(["months", "months", "thin"]);
  expect(await left()).toEqual([1, 1, 1, 1, 1, ...Array.from({ length: 40 }, () => 4)]);
  const before = calls.length;
  await clock.pass(hours(20));
  expect(calls.length).toBe(before);
  const stopped = keeper.stop();
  await clock.pass(minutes(1));
  await stopped;
});

test("a batch that takes too long is broken off and done again, smaller, until it fits; what never fits is tried another time", async () => {
  const { stores, left } = await readFor(41);
  const sizes: number[] = [];
  const slow = (fits: number): RetentionStore =>
    around(stores.retention, {
      thin: (batch: Batch) => {
        sizes.push(batch.size);
        return batch.size > fits ? Promise.reject(new Fault("database-busy", {})) : stores.retention.thin(batch);
      },
    });
  await expect(keeperOf(slow(1)).thinDue()).rejects.toMatchObject({ code: "database-busy" });
  expect(sizes).toEqual([20, 5, 2]);
  expect((await left())[0]).toBe(4);
  expect(await keeperOf(slow(5)).thinDue()).toMatchObject({ "readings-daily": 3 });
  expect(sizes.slice(3, 5)).toEqual([20, 5]);
});

test("a kind at which another gateway is met is left to it for that night, and the next is begun", async () => {
  const { stores, left } = await readFor(61);
  let batches = 0;
  const shared = around(stores.retention, {
    thin: (batch: Batch) => {
      batches += 1;
      return batch.kind === "readings-daily" && batches > 2 ? Promise.resolve(null) : stores.retention.thin(batch);
    },
  });
  expect(await keeperOf(shared).thinDue()).toMatchObject({ "readings-daily": 6, "readings-gone": 1 });
  expect((await left()).slice(0, 4)).toEqual([0, 1, 4, 4]);
  expect(await stores.retention.doneTo("readings-daily"), "the mark stays where it was").toBe(midnight(59));
});

test("months that cannot be made stop nobody", async () => {
  const { stores } = await readFor(1);
  const barred: RetentionStore = around(stores.retention, {
    makeMonths: () => Promise.reject(new Error("somebody bars them")),
  });
  await expect(keeperOf(barred).makeMonths()).resolves.toBeUndefined();
  expect(kindNames).toHaveLength(8);
});
