/** What PostgreSQL itself refuses or remembers beneath the ports, whoever writes the SQL. What both keepers promise: test/conformance. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import { Fen } from "../../src/kernel/money.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { PostgresCommandStore } from "../../src/stores/command-store.ts";
import type { Database } from "../../src/stores/database.ts";
import { PostgresLedgerStore } from "../../src/stores/ledger-store.ts";
import { PostgresLineLeases } from "../../src/stores/line-leases-store.ts";
import { PostgresMeterStore } from "../../src/stores/meter-store.ts";
import { PostgresReadingStore } from "../../src/stores/reading-store.ts";
import { aCommand } from "../support/a-command.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

const meter = MeterAddress("202611220001");
let database: TestDatabase;
let db: Database;
beforeAll(async () => {
  database = await testDatabase();
  db = database.db;
  const record = { address: meter, meterNumber: meter, customerNumber: meter, account: null, relayPassword: null };
  await new PostgresMeterStore(db, systemClock).bringIn([], [{ ...record, bus: BusId("tcp-1"), model: "standard-wallet" }]);
});
afterAll(() => database.drop());

test("rows of the ledger are never changed and never deleted", async () => {
  const account = AccountId("flat-1");
  const store = new PostgresLedgerStore(db);
  const ledger = new Ledger({ store, clock: systemClock });
  await db.transact((tx) => ledger.receive(tx, { account, amount: Fen(500n), channel: "bank", reference: "append-only" }));
  for (const sql of [
    "UPDATE ledger_entries SET note = 'better'",
    "DELETE FROM ledger_entries",
    "UPDATE ledger_legs SET amount = amount + 1",
    "DELETE FROM ledger_legs",
  ])
    await expect(db.run(null, sql), sql).rejects.toThrow(/never changed or deleted/);
  expect(await store.position(null, account)).toEqual({ available: 500n, held: 0n });
});

test("an attempt carries the number of the lease under which it was begun", async () => {
  const store = new PostgresCommandStore(db, systemClock, "gateway a");
  const leases = new PostgresLineLeases(db);
  await leases.take("gateway b", ["tcp-1"]);
  await leases.release("gateway b", new Map([["tcp-1", 1n]]));
  await leases.take("gateway a", ["tcp-1"]);
  const command = aCommand({ meter, createdAt: systemClock.now() });
  await db.transact((tx) => store.insert(tx, command));
  await store.take(command.id);
  const attempt = { number: 1, fence: 1, at: systemClock.now(), before: {}, outcome: "sending", frames: [] };
  expect(await db.transact((tx) => store.beginAttempt(tx, CommandId(command.id), 1, attempt, []))).toBe("begun");
  expect(await db.rows(null, "SELECT line_fencing FROM attempts")).toEqual([{ line_fencing: 2n }]);
});

test("a suspect reading is kept beside the others, with its reason", async () => {
  const store = new PostgresReadingStore(db);
  const reading = { meter, item: "importedEnergy", unit: "kWh", takenAt: systemClock.now(), source: "poll" } as const;
  await db.transact((tx) => store.keep(tx, { ...reading, value: "10.00" }, null));
  await db.transact((tx) => store.keep(tx, { ...reading, value: "999999.00" }, "faster-than-the-meter-can-turn"));
  expect(await db.rows(null, "SELECT value, suspect FROM readings ORDER BY id")).toEqual([
    { value: "10.00", suspect: null },
    { value: "999999.00", suspect: "faster-than-the-meter-can-turn" },
  ]);
});
