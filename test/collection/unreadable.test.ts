/** What of a midnight cannot be read keeps neither the other midnights from coming nor, where it is the reverse register, this one. */
import { expect, test } from "vitest";
import { Collector } from "../../src/collection/collector.ts";
import { dayAfter, type Day } from "../../src/collection/days.ts";
import { collectionFile } from "../../src/collection/settings.ts";
import type { MeterRecord, MeterSession } from "../../src/devices/meter.ts";
import { hours, Instant, minutes, later, type Clock } from "../../src/kernel/clock.ts";
import { Fault, type FaultCode } from "../../src/kernel/faults.ts";
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
const TODAY: Day = "2026-11-22";
const OWED = Array.from({ length: 10 }, (_, n) => dayAfter(TODAY, n - 9));

/** Ten midnights are owed, by a meter of which some quantities of some days are broken: 00 when, 01 forward, 02 reverse. */
async function bench(broken: (quantity: string, day: Day) => FaultCode | "no-date" | null) {
  let now = Instant(Date.parse(`${TODAY}T02:00:00+08:00`));
  const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
  const db = new InMemoryDatabase({ now: () => now });
  const stores = storesInMemory(db, clock);
  await stores.meters.bringIn([], [record]);
  for (const today of [dayAfter(OWED[0]!, -1), ...OWED])
    await stores.collection.open({ today, missingTo: today, oldest: "2026-10-01" });
  const asked: string[] = [];
  const taken: string[] = [];
  let isWanted = false;
  const session = {
    meter: record,
    get isWanted() {
      return isWanted;
    },
    readClock: () => Promise.resolve({ aheadMs: 0, takenAt: now }),
    read: ([item]: readonly [string]): Promise<readonly Reading[]> => {
      const quantity = item.slice(4, 6);
      const day = dayAfter(TODAY, 1 - Number.parseInt(item.slice(6), 16));
      asked.push(`${quantity} ${day}`);
      const fault = broken(quantity, day);
      if (fault === "no-date") return Promise.resolve([{ meter, item, value: null, unit: null, takenAt: now, source: "freeze" }]);
      if (fault !== null) return Promise.reject(new Fault(fault, { item, why: "digit A" }));
      const value = quantity === "00" ? `${day} 00:00` : "37.00";
      return Promise.resolve([{ meter, item, value, unit: null, takenAt: now, source: "freeze" }]);
    },
  } as unknown as MeterSession;
  const collector = new Collector({
    ...{ clock, log: silentLog, timeZone: "Asia/Shanghai", operator: "00000001" },
    settings: { ...collectionFile.parse(undefined), events: false },
    ...{ store: stores.collection, looks: stores.looks, transactor: db, outbox: stores.outbox },
    intake: {
      take: () => Promise.reject(new Error("what is doubted has to be asked for")),
      takeIn: (_tx, readings) => Promise.resolve((taken.push(...readings.map(({ item }) => item)), [])),
    },
  });
  return {
    ...{ asked, taken },
    want: (is: boolean) => void (isWanted = is),
    turn: async () => {
      collector.know(await stores.collection.dues(TODAY));
      const isDue = collector.isDue(meter);
      if (isDue) await collector.run(session);
      return isDue;
    },
    lacks: async () => (await stores.collection.dues(TODAY))[0]!.lacks,
    /** As the keeper and a walker do it, turn after turn, for so long. */
    goOn: async (ms: number): Promise<void> => {
      for (const until = later(now, ms); now < until; now = later(now, minutes(1))) {
        collector.know(await stores.collection.dues(TODAY));
        if (collector.isDue(meter)) await collector.run(session);
      }
    },
    gaps: async () =>
      (await stores.collection.gaps({ from: null, to: null, meter, line: null, class: null, limit: 20, after: null })).map(
        ({ day, because }) => `${day} ${because}`,
      ),
  };
}

test("six old midnights that cannot be read do not keep the newer ones from coming, and are asked for seldom", async () => {
  const bad = OWED.slice(0, 6);
  const { gaps, goOn, asked } = await bench((quantity, day) => (quantity === "01" && bad.includes(day) ? "meter-fault" : null));
  await goOn(minutes(5));
  expect(await gaps()).toEqual(bad.toReversed().map((day) => `${day} unreadable`));
  await goOn(hours(12));
  expect(asked.filter((what) => what === `01 ${bad[0]}`).length, "in the next turns, then by the hour").toBeLessThanOrEqual(9);
  expect(asked.filter((what) => what === `01 ${bad[0]}`).length).toBeGreaterThanOrEqual(4);
});

test("a midnight that could not be read comes when it can", async () => {
  let isBroken = true;
  const { gaps, goOn } = await bench((quantity, day) =>
    isBroken && quantity === "01" && day === TODAY ? "reply-malformed" : null,
  );
  await goOn(minutes(4));
  expect(await gaps()).toEqual([`${TODAY} unreadable`]);
  isBroken = false;
  await goOn(minutes(6));
  expect(await gaps()).toEqual([]);
});

test.each<FaultCode>(["meter-fault", "reply-malformed"])(
  "a reverse register that cannot be read (%s) leaves the midnight its forward one",
  async (fault) => {
    const { gaps, goOn, taken, lacks } = await bench((quantity) => (quantity === "02" ? fault : null));
    await goOn(minutes(5));
    expect(await gaps()).toEqual([]);
    expect(taken).toEqual(OWED.map(() => "importedEnergy"));
    expect(await lacks(), "nobody said that the meter has none").not.toHaveProperty("exported");
  },
);

test("a reverse register that was broken on its way once is there all the same", async () => {
  let times = 0;
  const { goOn, taken } = await bench((quantity) => (quantity === "02" && (times += 1) === 1 ? "meter-fault" : null));
  await goOn(minutes(5));
  expect(taken.filter((item) => item === "exportedEnergy")).toHaveLength(OWED.length);
});

test("one look at a newest freeze without a time gives up no day: it is asked a second time", async () => {
  let times = 0;
  const { gaps, goOn, lacks } = await bench((quantity) => (quantity === "00" && (times += 1) === 1 ? "no-date" : null));
  await goOn(minutes(5));
  expect(await gaps()).toEqual([]);
  expect(await lacks()).not.toHaveProperty("daily-freeze");
});

test("a meter that has had freezes, and whose newest has no time, owes its days until it tells them", async () => {
  let isFirst = true;
  let isBroken = true;
  const { gaps, goOn, lacks } = await bench((quantity, day) => {
    if (isFirst) return quantity === "01" && day >= OWED[8]! ? "meter-fault" : null;
    return isBroken && quantity === "00" && day === TODAY ? "no-date" : null;
  });
  await goOn(minutes(3));
  isFirst = false;
  await goOn(hours(24));
  expect(await gaps()).toEqual([`${TODAY} unreadable`, `${OWED[8]!} unreadable`]);
  expect(await lacks()).not.toHaveProperty("daily-freeze");
  isBroken = false;
  await goOn(hours(24));
  expect(await gaps()).toEqual([]);
});

test("where it says so for days it is believed: a meter may lose its freezes", async () => {
  let isFirst = true;
  const { gaps, goOn, lacks } = await bench((quantity, day) => {
    if (isFirst) return quantity === "01" && day === TODAY ? "meter-fault" : null;
    return quantity === "00" ? "no-date" : null;
  });
  await goOn(minutes(3));
  isFirst = false;
  await goOn(hours(5 * 24));
  expect(await gaps()).toEqual([`${TODAY} keeps-none`]);
  expect(await lacks()).toHaveProperty("daily-freeze");
});

test("while somebody more urgent waits for the meter no further midnight is asked for, and the rest comes at once afterwards", async () => {
  const { gaps, asked, turn, want } = await bench(() => null);
  want(true);
  expect(await turn()).toBe(true);
  expect(asked).toEqual([]);
  want(false);
  expect(await turn(), "not after a pause, as for one that did not answer").toBe(true);
  expect(await turn()).toBe(true);
  expect(await gaps()).toEqual([]);
});
