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

test("a midnight that is doubted stays missing, is read anew later, and is handed in once more", async () => {
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
  await turn();
  expect(await row()).toMatchObject({ missing: 1, byFreeze: 0 });
  const page = { from: null, to: null, meter: null, line: null, class: null, limit: 9, after: null };
  expect(await stores.collection.gaps(page)).toMatchObject([{ because: "doubted" }]);
  now = later(now, minutes(2));
  const before = asked.length;
  await turn();
  expect(asked, "not again at once").toHaveLength(before);
  now = later(now, minutes(4));
  doubts = [];
  await turn();
  expect(asked.slice(before)).toEqual(["05060001", "05060101", "05060201"]);
  expect(taken).toEqual(["importedEnergy", "exportedEnergy", "importedEnergy", "exportedEnergy"]);
  expect(await row()).toMatchObject({ missing: 0, byFreeze: 1 });
});
