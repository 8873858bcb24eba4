/** What goes wrong in the gateway itself during a turn: it is tried again after a pause, and no meter is blamed for it. On virtual time. */
import { expect, test } from "vitest";
import type { CollectionStore } from "../../src/collection/collection-store.ts";
import { Collector } from "../../src/collection/collector.ts";
import { dayAfter, type Day } from "../../src/collection/days.ts";
import { collectionFile } from "../../src/collection/settings.ts";
import type { MeterRecord, MeterSession, Street } from "../../src/devices/meter.ts";
import { Poller } from "../../src/devices/poller.ts";
import { Instant, minutes, seconds } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory } from "../../src/stores/in-memory/stores.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const meter = MeterAddress("202611220001");
const record: MeterRecord = {
  ...{ address: meter, meterNumber: meter, customerNumber: `00${meter.slice(2)}`, account: null },
  ...{ bus: BusId("line-1"), relayPassword: null },
  model: "remote-ledger",
};
const TODAY: Day = "2026-11-22";
/** More turns in ten minutes than any pause lets. */
const ENDLESS = 40;

type Place = "session" | "identityInDoubt" | "intake" | "takeIn" | "collect" | "miss";

/** One midnight is owed by a good meter; what fails is the gateway's own, at one place, for as long as `fails` says. */
async function bench(fails: (place: Place) => Error | null) {
  const clock = new VirtualClock(Instant(Date.parse(`${TODAY}T02:00:00+08:00`)));
  const db = new InMemoryDatabase({ now: () => clock.now() });
  const stores = storesInMemory(db, clock);
  await stores.meters.bringIn([], [record]);
  for (const today of [dayAfter(TODAY, -1), TODAY])
    await stores.collection.open({ today, missingTo: today, oldest: "2026-10-01" });
  const perhaps = async <T>(place: Place, work: () => T | Promise<T>): Promise<T> => {
    const error = fails(place);
    if (error !== null) throw error;
    return work();
  };
  let turns = 0;
  const session = {
    meter: record,
    readClock: () => Promise.resolve({ aheadMs: 0, takenAt: clock.now() }),
    close: () => Promise.resolve(),
    read: ([item]: readonly [string]): Promise<readonly Reading[]> => {
      const value = item.startsWith("050600") ? `${TODAY} 00:00` : "37.00";
      return Promise.resolve([{ meter, item, value, unit: null, takenAt: clock.now(), source: "freeze" }]);
    },
  } as unknown as MeterSession;
  const collector = new Collector({
    ...{ clock, log: silentLog, timeZone: "Asia/Shanghai", operator: "00000001" },
    settings: { ...collectionFile.parse(undefined), events: false },
    store: {
      keepLacks: () => Promise.resolve(),
      nearest: () => Promise.resolve(null),
      collect: (...what: Parameters<CollectionStore["collect"]>) => perhaps("collect", () => stores.collection.collect(...what)),
      miss: (...what: Parameters<CollectionStore["miss"]>) => perhaps("miss", () => stores.collection.miss(...what)),
    } as unknown as CollectionStore,
    ...{ looks: stores.looks, transactor: db, outbox: stores.outbox },
    intake: { take: () => Promise.resolve(), takeIn: () => perhaps("takeIn", () => []) },
  });
  const know = async (): Promise<void> => collector.know(await stores.collection.dues(TODAY));
  await know();
  const poller = new Poller({
    street: {
      meters: () => [record],
      health: () => ({ state: "answering", failures: 0, lastHeardAt: null, askAgainAt: null }),
      session: () => {
        turns += 1;
        if (turns === ENDLESS) void poller.stop(); // without a pause it would never let go of the processor
        return perhaps("session", () => session);
      },
    } as unknown as Street,
    intake: { take: () => perhaps("intake", () => undefined) } as never,
    relay: () => Promise.resolve(),
    ...{ clock, log: silentLog, errand: collector, sideBySide: () => false },
    duties: () => [{ tier: "warm", everyMs: minutes(15), items: ["importedEnergy"], relay: false }],
    identityInDoubt: () => perhaps("identityInDoubt", () => false),
    identity: () => Promise.resolve(),
  });
  const gaps = async (): Promise<readonly (string | null)[]> =>
    (await stores.collection.gaps({ from: null, to: null, meter, line: null, class: null, limit: 20, after: null })).map(
      ({ because }) => because,
    );
  return {
    ...{ clock, collector, know, gaps, poller },
    turns: () => turns,
    stop: async (): Promise<void> => {
      const stopping = poller.stop();
      await clock.pass(seconds(2));
      await stopping;
    },
  };
}

const ours: readonly (readonly [string, () => Error])[] = [
  ["an error", () => new Error("a mistake of ours")],
  ["a busy database", () => new Fault("database-busy")],
  ["a database that is away", () => new Fault("database-unreachable")],
];
const places: readonly Place[] = ["session", "identityInDoubt", "intake", "takeIn", "collect"];

test.each(places.flatMap((place) => ours.map(([what, made]) => ({ place, what, made }))))(
  "$what at $place is tried again after a pause, is no reason of the meter's, and its midnight comes afterwards",
  async ({ place, made }) => {
    let isOver = false;
    const { clock, poller, turns, gaps, know, stop } = await bench((at) => (at === place && !isOver ? made() : null));
    poller.start();
    await clock.pass(minutes(10));
    expect(turns()).toBeGreaterThan(1);
    expect(turns(), "after one minute, two, four").toBeLessThanOrEqual(6);
    // a poll that could not be kept ends that turn alone; the midnight has one of its own
    expect(await gaps()).toEqual(place === "intake" ? [] : ["not-asked"]);
    isOver = true;
    for (let minute = 0; minute < 31; minute += 1) {
      await know();
      await clock.pass(minutes(1));
    }
    expect(await gaps()).toEqual([]);
    await stop();
  },
);

test("a reason that could not be written down is written at the next turn", async () => {
  let isAway = true;
  const { collector, gaps } = await bench((at) => (at === "miss" && isAway ? new Fault("database-unreachable") : null));
  await expect(collector.unreached(meter, "meter-silent")).rejects.toMatchObject({ code: "database-unreachable" });
  expect(await gaps()).toEqual(["not-asked"]);
  isAway = false;
  await collector.unreached(meter, "meter-silent");
  expect(await gaps()).toEqual(["silent"]);
});
