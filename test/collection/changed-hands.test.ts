/** Two gateways look after the same street in turns: what one of them saw of a clock, the other knows when the line is its own. */
import { expect, test } from "vitest";
import type { Dues } from "../../src/collection/collection-store.ts";
import { Collector } from "../../src/collection/collector.ts";
import { dayAfter } from "../../src/collection/days.ts";
import { collectionFile } from "../../src/collection/settings.ts";
import type { MeterRecord, MeterSession } from "../../src/devices/meter.ts";
import { Instant, minutes, type Clock } from "../../src/kernel/clock.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory } from "../../src/stores/in-memory/stores.ts";

const meter = MeterAddress("202611220001");
const record: MeterRecord = {
  ...{ address: meter, meterNumber: meter, customerNumber: `00${meter.slice(2)}`, account: null },
  ...{ bus: BusId("line-1"), relayPassword: null },
  model: "remote-ledger",
};
const FIRST = "2026-11-22";

async function bench() {
  let now = Instant(Date.parse(`${FIRST}T02:00:00+08:00`));
  let aheadMs = 0;
  let looks = 0;
  const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
  const db = new InMemoryDatabase({ now: () => now });
  const stores = storesInMemory(db, clock);
  await stores.meters.bringIn([], [record]);
  const told: string[] = [];
  const session = {
    meter: record,
    readClock: () => Promise.resolve(((looks += 1), { aheadMs, takenAt: now })),
    read: ([item]: readonly [string]) =>
      Promise.resolve([{ meter, item, value: null, unit: null, takenAt: now, source: "freeze" }]),
  } as unknown as MeterSession;
  const gateway = () => {
    const collector = new Collector({
      ...{ clock, log: silentLog, timeZone: "Asia/Shanghai", operator: "00000001" },
      settings: { ...collectionFile.parse(undefined), events: false },
      ...{ store: stores.collection, looks: stores.looks, transactor: db, outbox: stores.outbox },
      intake: { take: () => Promise.resolve() },
      findings: {
        clockOff: () => Promise.resolve(void told.push("off")),
        clockRight: () => Promise.resolve(void told.push("right again")),
        changed: () => Promise.resolve(),
      },
    });
    const look = async (): Promise<readonly Dues[]> => {
      const today = new Date(now + minutes(8 * 60)).toISOString().slice(0, 10);
      await stores.collection.open({ today, missingTo: today, oldest: "2026-10-01" });
      return stores.collection.dues(today);
    };
    const know = (all: readonly Dues[]): void => collector.know(all);
    return { look, know: async () => know(await look()), knowOld: know, turn: () => collector.run(session) };
  };
  /** At two in the morning, so many days later. */
  const on = (days: number, isAheadMs: number): void => {
    now = Instant(Date.parse(`${dayAfter(FIRST, days)}T02:00:00+08:00`));
    aheadMs = isAheadMs;
  };
  return { told, gateway, on, looks: () => looks };
}

test("an exception that another gateway raised while the line was its own is closed by the one that sees the clock right again", async () => {
  const { told, gateway, on } = await bench();
  const [one, two] = [gateway(), gateway()];
  await one.know();
  on(1, 0);
  for (const each of [one, two]) await each.know();
  await one.turn();
  for (const each of [one, two]) await each.know();
  on(2, minutes(10));
  await two.know();
  await two.turn();
  expect(told).toEqual(["off"]);
  on(3, 0);
  for (let looked = 0; looked < 2; looked += 1) await one.know();
  await one.turn();
  expect(told).toEqual(["off", "right again"]);
});

test("a look at the books that was taken before a clock was read does not have it read once more", async () => {
  const { gateway, on, looks } = await bench();
  const one = gateway();
  await one.know();
  on(1, 0);
  const before = await one.look();
  one.knowOld(before);
  await one.turn();
  one.knowOld(before);
  await one.turn();
  await one.know();
  await one.turn();
  expect(looks()).toBe(1);
});
