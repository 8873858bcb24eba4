/** What a reading may do to the books: a possible one is stored, billed and announced together; an impossible one charges nobody. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ReadingIntake, type EnergyListener } from "../../src/devices/reading-intake.ts";
import { hours, Instant, later, minutes, systemClock } from "../../src/kernel/clock.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import { PostgresMeterStore } from "../../src/stores/meter-store.ts";
import { PostgresOutbox } from "../../src/stores/outbox.ts";
import { PostgresReadingStore } from "../../src/stores/reading-store.ts";
import { PostgresValidationStore } from "../../src/stores/validation-store.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { registerGate } from "../support/register-gate.ts";

const METER = MeterAddress("202611220051");
const noon = Instant(Date.UTC(2026, 10, 23, 4));

let database: TestDatabase;
let store: PostgresReadingStore;
let billed: string[] = [];
let refuse: Error | null = null;
const energy: EnergyListener = {
  energy: (_tx, use) => {
    if (refuse !== null) return Promise.reject(refuse);
    billed.push(String(use.register));
    return Promise.resolve();
  },
};
let intake: ReadingIntake;

beforeAll(async () => {
  database = await testDatabase();
  store = new PostgresReadingStore(database.db);
  const validation = new PostgresValidationStore(database.db);
  const clock = { ...systemClock, now: () => later(noon, hours(24)) };
  const gate = registerGate({ validation, meters: new PostgresMeterStore(database.db, systemClock) }, clock);
  const outbox = new PostgresOutbox(database.db);
  intake = new ReadingIntake({ store, transactor: database.db, outbox, gate, energy, log: silentLog });
  await new PostgresMeterStore(database.db, systemClock).bringIn(
    [],
    [
      {
        address: METER,
        meterNumber: METER,
        customerNumber: METER,
        account: null,
        bus: BusId("b"),
        model: "remote-ledger",
        relayPassword: null,
      },
    ],
  );
});
beforeEach(async () => {
  billed = [];
  refuse = null;
  await database.db.run(null, "TRUNCATE readings, latest_readings, outbox, believed_registers, reading_doubts, meter_days");
});
afterAll(() => database.drop());

const reading = (value: string | null, at: Instant, item = "importedEnergy"): Reading => ({
  meter: METER,
  item,
  value,
  unit: "kWh",
  takenAt: at,
  source: "poll",
});
const announced = async (): Promise<unknown[]> =>
  (await database.db.rows<{ event: Record<string, unknown> }>(null, "SELECT event FROM outbox ORDER BY id")).map(
    ({ event }) => event["value"],
  );
const latest = async (): Promise<string | null | undefined> =>
  (await store.latestOf([METER])).find(({ item }) => item === "importedEnergy")?.value;
const suspects = (): Promise<unknown[]> =>
  database.db.rows(null, "SELECT value, suspect FROM readings WHERE suspect IS NOT NULL");

test("possible readings are stored, billed in 0.01 kWh and announced", async () => {
  await intake.take([reading("100.00", noon), reading("50.00", noon, "balance")]);
  await intake.take([reading("101.25", later(noon, minutes(15)))]);
  expect(billed).toEqual(["10000", "10125"]); // the balance is nobody's energy
  expect(await announced()).toEqual(["100.00", "50.00", "101.25"]);
  expect(await latest()).toBe("101.25");
  await intake.take([]);
});

test("an impossible one is kept aside: not the latest, not billed, not announced; the next possible one is believed", async () => {
  await intake.take([reading("100.00", noon)]);
  await intake.take([reading("5000.00", later(noon, minutes(1))), reading("99.00", later(noon, minutes(2)))]);
  expect(billed).toEqual(["10000"]);
  expect(await announced()).toEqual(["100.00"]);
  expect(await latest()).toBe("100.00");
  expect(await suspects()).toEqual([
    { value: "5000.00", suspect: "faster-than-the-meter-can-turn" },
    { value: "99.00", suspect: "backwards" },
  ]);
  await intake.take([reading("100.50", later(noon, minutes(3)))]);
  expect(billed).toEqual(["10000", "10050"]);
});

test("no data is stored as such and bills nobody", async () => {
  await intake.take([reading(null, noon)]);
  expect(billed).toEqual([]);
  expect(await latest()).toBe(null);
  await intake.take([reading("7.00", later(noon, minutes(1)))]);
  expect(billed).toEqual(["700"]);
});

test("when the bill cannot be written the reading is not there either: both or none", async () => {
  refuse = new Error("no bill");
  await expect(intake.take([reading("50.00", noon, "balance"), reading("100.00", noon)])).rejects.toThrow("no bill");
  expect(await store.latestOf([METER])).toEqual([]);
  expect(await announced()).toEqual([]);
  refuse = null;
  await intake.take([reading("100.00", noon)]);
  expect(billed).toEqual(["10000"]);
});

test("readings of one meter that come at once are taken one after the other", async () => {
  await intake.take([reading("100.00", noon)]);
  const many = Array.from({ length: 8 }, (_, n) => reading(`${101 + n}.00`, later(noon, hours(1) * (n + 1))));
  await Promise.all(many.map((one) => intake.take([one])));
  const kept = await database.db.rows<{ suspect: string | null }>(null, "SELECT suspect FROM readings");
  expect(kept).toHaveLength(9);
  // each was either billed or put aside as older than one already taken, and what is at hand is the newest
  expect(billed).toHaveLength(kept.filter(({ suspect }) => suspect === null).length);
  expect(await latest()).toBe("108.00");
});
