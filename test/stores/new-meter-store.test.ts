/** Meters beside those of the site file: a mistake in the file takes none of them away for good. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { besideTheFile } from "../../src/house/added-meters.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import type { NewMeter } from "../../src/commands/new-meters.ts";
import { PostgresMeterStore } from "../../src/stores/meter-store.ts";
import { PostgresNewMeterStore } from "../../src/stores/new-meter-store.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

const meter = (address: string, changes: Partial<NewMeter> = {}): NewMeter => ({
  address: MeterAddress(address),
  meterNumber: address,
  customerNumber: `00${address.slice(2)}`,
  account: null,
  bus: BusId("tcp-1"),
  model: "standard-wallet",
  ...changes,
});
const hangs = (one: NewMeter) => ({ ...one, relayPassword: null });

test("one whose bus was misspelt in the file is back when the file is mended, and hangs nowhere in between", async () => {
  const store = new PostgresNewMeterStore(database.db, systemClock);
  const books = new PostgresMeterStore(database.db, systemClock);
  const one = meter("202611220751");
  await database.db.transact((tx) => store.add(tx, one, "office"));
  const start = async (buses: readonly string[]): Promise<readonly string[]> => {
    const told: string[] = [];
    const meters = besideTheFile([], await store.added(), new Set(buses), (what) => told.push(what));
    await books.bringIn([], meters);
    return [...meters.map(({ address }) => address), ...told];
  };
  expect(await start(["tcp-1"])).toEqual([one.address]);
  expect(await start(["tpc-1"])).toEqual([expect.stringMatching(/no such bus any more/)]);
  expect(await store.hanging()).toEqual([]);
  expect(await start(["tcp-1"])).toEqual([one.address]);
  expect(await store.hanging()).toEqual([one]);
});

test("where the file names the same meter, or gives its account to another, the file wins", () => {
  const account = AccountId("flat-1");
  const [named, taken, free] = [meter("202611220752"), meter("202611220753", { account }), meter("202611220754")];
  const file = [hangs({ ...named, model: "southern-grid" }), hangs(meter("202611220755", { account }))];
  const told: string[] = [];
  const meters = besideTheFile(file, [named, taken, free], new Set(["tcp-1"]), (_what, about) => told.push(about.meter));
  expect(meters).toEqual([...file, hangs(free)]);
  expect(told).toEqual([taken.address]);
});

test("one that the file names is the file's from then on: when it names it no more, it is gone", async () => {
  const store = new PostgresNewMeterStore(database.db, systemClock);
  const one = meter("202611220756");
  await database.db.transact((tx) => store.add(tx, one, "office"));
  await store.areInFile([one.address]);
  expect((await store.added()).map(({ address }) => address)).not.toContain(one.address);
});
