/** A midnight that intake does not believe has not come: it is read again, and counts only when it is believed. */
import { expect, test } from "vitest";
import { Collector } from "../../src/collection/collector.ts";
import { collectionFile } from "../../src/collection/settings.ts";
import type { MeterRecord, MeterSession } from "../../src/devices/meter.ts";
import { Instant, minutes, later, type Clock } from "../../src/kernel/clock.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory } from "../../src/stores/in-memory/stores.ts";

const meter = MeterAddress("202611220001");
const record: MeterRecord = {
  ...{ address: meter, meterNumber: meter, customerNumber: `00${meter.slice(2)}`, account: null },
  ...{ bus: BusId("line-1"), relayPassword: null },
  model: "remote-ledger",
};

async function bench() {
  let now = Instant(Date.parse("2026-11-23T06:00:00+08:00"));
  const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
  const db = new InMemoryDatabase({ now: () => now });
  const stores = storesInMemory(db, clock);
  await stores.meters.bringIn([], [record]);
  for (const today of ["2026-11-22", "2026-11-23"])
    await stores.collection.open({ today, missingTo: "2026-11-22", oldest: "2026-10-01" });
  const values: Readonly<Record<string, string>> = { "05060001": "2026-11-23 00:00", "05060101": "37.00", "05060201": "0.00" };
  const asked: string[] = [];
  const session = {
    meter: record,
    readClock: () => Promise.resolve({ aheadMs: 0, takenAt: now }),
    read: ([item]: readonly [string]): Promise<readonly Reading[]> => {
      asked.push(item);
      return Promise.resolve([{ meter, item, value: values[item]!, unit: null, takenAt: now, source: "freeze" }]);
    },
  } as unknown as MeterSession;
  let doubts: readonly string[] = ["jump"];
  const taken: string[] = [];
  const collector = new Collector({
    ...{ clock, log: silentLog, timeZone: "Asia/Shanghai", operator: "00000001" },
    settings: { ...collectionFile.parse(undefined), events: false },
    ...{ store: stores.collection, looks: stores.looks, transactor: db, outbox: stores.outbox },
    intake: {
      take: () => Promise.reject(new Error("what is doubted has to be asked for")),
      takeIn: (_tx, readings) => Promise.resolve((taken.push(...readings.map(({ item }) => item)), doubts)),
    },
  });
  const turn = async (): Promise<void> => {
    collector.know(await stores.collection.dues("2026-11-23"));
    if (collector.isDue(meter)) await collector.run(session);
  };
  const row = async () => (await stores.collection.counts({ from: "2026-11-23", to: "2026-11-23", by: "day" }))[0]!;
  return {
    ...{ stores, db, turn, row, asked, taken, collector },
    passes: (ms: number) => void (now = later(now, ms)),
    believes: () => void (doubts = []),
  };
}

test("a midnight that is doubted stays missing, is read anew later, and is handed in once more", async () => {
  const { stores, turn, row, asked, taken, passes, believes } = await bench();
  await turn();
  expect(await row()).toMatchObject({ missing: 1, byFreeze: 0 });
  const page = { from: null, to: null, meter: null, line: null, class: null, limit: 9, after: null };
  expect(await stores.collection.gaps(page)).toMatchObject([{ because: "doubted" }]);
  passes(minutes(2));
  const before = asked.length;
  await turn();
  expect(asked, "not again at once").toHaveLength(before);
  passes(minutes(4));
  believes();
  await turn();
  expect(asked.slice(before)).toEqual(["05060001", "05060101", "05060201"]);
  expect(taken).toEqual(["importedEnergy", "exportedEnergy", "importedEnergy", "exportedEnergy"]);
  expect(await row()).toMatchObject({ missing: 0, byFreeze: 1 });
});

test("where the meter still says something else when a person has said what it was, the person's word stands", async () => {
  const { stores, db, turn, row, asked, passes } = await bench();
  await turn();
  const takenAt = Instant(Date.parse("2026-11-23T00:00:00+08:00"));
  const said = { meter, item: "importedEnergy", value: "12.00", unit: "kWh", takenAt, source: "person" } as const;
  await db.transact((tx) => stores.readings.keep(tx, said, null));
  passes(minutes(6));
  const before = asked.length;
  await turn();
  expect(asked.length, "it is asked once more").toBeGreaterThan(before);
  expect(await row()).toMatchObject({ missing: 0, byPerson: 1 });
});

test("a meter whose turn ends before this is asked after a pause, and not without end", async () => {
  const { stores, collector, passes } = await bench();
  collector.know(await stores.collection.dues("2026-11-23"));
  expect(collector.isDue(meter)).toBe(true);
  await collector.unreached(meter, "identity-mismatch");
  expect(collector.isDue(meter)).toBe(false);
  const page = { from: null, to: null, meter: null, line: null, class: null, limit: 9, after: null };
  expect(await stores.collection.gaps(page)).toMatchObject([{ because: "wrong-identity" }]);
  passes(minutes(1));
  expect(collector.isDue(meter)).toBe(true);
  await collector.unreached(meter, "identity-mismatch");
  passes(minutes(1));
  expect(collector.isDue(meter), "longer each time").toBe(false);
});
