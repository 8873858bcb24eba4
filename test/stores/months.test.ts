/** Readings by month: where a row lies, what a question about a day touches, and what becomes of rows that came before their month was made. */
import { afterEach, beforeEach, expect, test } from "vitest";
import { Instant, systemClock } from "../../src/kernel/clock.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { retentionShape } from "../../src/retention/site.ts";
import { Database } from "../../src/stores/database.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { PostgresMeterStore } from "../../src/stores/meter-store.ts";
import { PostgresReadingStore } from "../../src/stores/reading-store.ts";
import { PostgresRetentionStore } from "../../src/stores/retention-store.ts";
import { meterctl } from "../cli/terminal.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

const A = MeterAddress("202611220001");
const site = retentionShape.parse(undefined);
const moment = (text: string): Instant => Instant(Date.parse(text));
const now = moment("2031-05-10T00:00:00Z");

let books: TestDatabase;
let db: Database;
let months: PostgresRetentionStore;
let readings: PostgresReadingStore;
beforeEach(async () => {
  books = await testDatabase();
  db = books.db;
  months = new PostgresRetentionStore(db);
  readings = new PostgresReadingStore(db);
  const meter = {
    address: A,
    meterNumber: "",
    customerNumber: "",
    account: null,
    bus: BusId("b"),
    model: "standard-wallet",
    relayPassword: null,
  } as const;
  await new PostgresMeterStore(db, systemClock).bringIn([], [meter]);
});
afterEach(() => books.drop());

const read = (at: string, value = "1.00"): Promise<void> =>
  db.transact((tx) =>
    readings.keep(tx, { meter: A, item: "importedEnergy", value, unit: "kWh", takenAt: moment(at), source: "poll" }, null),
  );
const lies = async (): Promise<readonly string[]> =>
  (
    await db.rows<{ place: string }>(
      null,
      "SELECT tableoid::regclass::text || ' ' || value AS place FROM readings ORDER BY taken_at, id",
    )
  ).map(({ place }) => place);
const tables = async (): Promise<readonly string[]> =>
  (
    await db.rows<{ name: string }>(
      null,
      "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'readings'::regclass ORDER BY 1",
    )
  ).map(({ name }) => name);

test("a row that came before its month was made lies beside, is seen as ever, and is moved when the month is made", async () => {
  await read("2031-05-31T23:59:59.999Z", "1.00");
  await read("2031-06-01T00:00:00Z", "2.00");
  await read("2031-04-20T00:00:00Z", "3.00");
  expect(await lies()).toEqual(["readings_beside 3.00", "readings_beside 1.00", "readings_beside 2.00"]);
  expect(await months.makeMonths(now, site)).toEqual({ made: 5, moved: 3, beside: 0 });
  expect(await lies()).toEqual(["readings_2031_04 3.00", "readings_2031_05 1.00", "readings_2031_06 2.00"]);
  expect(await months.makeMonths(now, site)).toEqual({ made: 0, moved: 0, beside: 0 });
  await read("2031-08-31T12:00:00Z", "4.00"); // the last month that is made ahead
  expect((await lies()).at(-1)).toBe("readings_2031_08 4.00");
});

test("old rows that come late get their month as well; what cannot be stays beside and is counted", async () => {
  await read("2028-02-03T00:00:00Z", "1.00");
  await read("1970-01-01T00:00:00Z", "2.00");
  await read("2099-12-31T00:00:00Z", "3.00");
  expect(await months.makeMonths(now, site)).toEqual({ made: 6, moved: 1, beside: 2 });
  expect(await lies()).toEqual(["readings_beside 2.00", "readings_2028_02 1.00", "readings_beside 3.00"]);
  expect((await readings.energyByDay(A, "UTC", 5)).map(({ day }) => day)).toEqual(["2099-12-31", "2028-02-03", "1970-01-01"]);
});

test("two gateways that make months at once make each of them once", async () => {
  await read("2031-05-02T00:00:00Z");
  const other = await Database.open({ connectionString: books.connectionString, log: silentLog, connectionsMax: 2 });
  try {
    const both = await Promise.allSettled([months, new PostgresRetentionStore(other)].map((one) => one.makeMonths(now, site)));
    expect(both.some(({ status }) => status === "fulfilled")).toBe(true); // the slower may have given way
    await months.makeMonths(now, site);
    expect(await lies()).toEqual(["readings_2031_05 1.00"]);
    const made = await tables();
    expect(new Set(made).size).toBe(made.length);
  } finally {
    await other.close();
  }
});

test("a month that somebody bars is not waited for, and is made another time", async () => {
  await read("2031-05-02T00:00:00Z");
  await db.transact(async (tx) => {
    await db.rows(tx, "SELECT * FROM readings_beside LIMIT 1");
    await expect(months.makeMonths(now, site)).rejects.toMatchObject({ code: "database-busy" });
  });
  expect((await months.makeMonths(now, site)).beside).toBe(0);
  expect(await lies()).toEqual(["readings_2031_05 1.00"]);
});

test("a question about a day touches at most two of sixty months", async () => {
  for (let month = 0; month < 60; month += 1)
    await db.run(null, "SELECT readings_month(timestamptz '2027-01-01' + $1 * interval '1 month')", [month]);
  const touched = async (sql: string, values: readonly unknown[], settings = ""): Promise<readonly string[]> =>
    db.transact(async (tx) => {
      await db.run(tx, `SET LOCAL enable_seqscan = off;${settings}`);
      const plan = (
        await db.rows<Record<string, string>>(tx, `EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) ${sql}`, values)
      ).map((row) => row["QUERY PLAN"]!);
      const scans = plan.filter((line) => / on readings_/.test(line) && !line.includes("never executed"));
      return [...new Set(scans.map((line) => /readings_(?:\d{4}_\d\d|beside)/.exec(line)![0]))].filter(
        (name) => name !== "readings_beside",
      );
    });
  const ofDay =
    "SELECT min(value::numeric), max(value::numeric) FROM readings WHERE meter = $1 AND item = 'importedEnergy' AND taken_at >= $2 AND taken_at < $3";
  const inOne = [A, new Date("2029-05-09T16:00:00Z"), new Date("2029-05-10T16:00:00Z")];
  const acrossTwo = [A, new Date("2029-05-31T16:00:00Z"), new Date("2029-06-01T16:00:00Z")];
  for (const settings of ["", "SET LOCAL plan_cache_mode = force_generic_plan"]) {
    expect(await touched(ofDay, inOne, settings)).toEqual(["readings_2029_05"]);
    expect((await touched(ofDay, acrossTwo, settings)).toSorted()).toEqual(["readings_2029_05", "readings_2029_06"]);
  }
  expect(await touched("SELECT count(*) FROM readings WHERE taken_at >= $1 AND taken_at < $2", inOne.slice(1))).toEqual([
    "readings_2029_05",
  ]);
});

test("readings that an exception names, and frames of its command, are let alone", async () => {
  const noon = "2029-05-10T04:00:00Z";
  await months.makeMonths(moment(noon), site);
  for (const [at, value] of [
    ["2029-05-10T03:00:00Z", "1.00"],
    [noon, "2.00"],
    ["2029-05-10T05:00:00Z", "3.00"],
    ["2029-05-10T06:00:00Z", "4.00"],
  ] as const)
    await read(at, value);
  const evidence = (takenAt: unknown): string =>
    JSON.stringify({ readings: [{ item: "importedEnergy", takenAt }, { item: "balance", takenAt: 1 }, {}] });
  for (const [id, given] of [
    ["1", evidence(moment(noon))],
    ["2", evidence("2029-05-10T11:00:00+08:00")],
    ["3", JSON.stringify({ readings: "none" })],
    ["4", "{}"],
  ] as const)
    await db.run(
      null,
      `INSERT INTO exceptions (id, kind, key, class, meter, owner, evidence, opened_at, last_at, due_at) VALUES ($1::uuid, 'reading-suspect', $1::text, 'device', $2, 'desk', $3, now(), now(), now())`,
      [`0198a000-0000-7000-8000-00000000000${id}`, A, given],
    );
  const day = { from: moment("2029-05-09T16:00:00Z"), to: moment("2029-05-10T16:00:00Z"), after: null, size: 10, now };
  expect(await months.thin({ kind: "readings-daily", ...day })).toMatchObject({ thinned: 1 });
  expect((await lies()).map((place) => place.slice(-4))).toEqual(["1.00", "2.00", "4.00"]);
  expect(await months.thin({ kind: "readings-gone", ...day })).toMatchObject({ thinned: 1 });
  expect((await lies()).map((place) => place.slice(-4))).toEqual(["1.00", "2.00"]);
});

test("what a meter says has happened to it stays where an exception names it", async () => {
  const meter = "202611220077";
  await db.run(
    null,
    "INSERT INTO meters (address, meter_number, customer_number, bus, model, active, created_at) VALUES ($1, $1, $1, 'b', 'standard-wallet', true, now())",
    [meter],
  );
  await db.run(
    null,
    `INSERT INTO meter_events (meter, kind, number, ours, fields, read_at) SELECT $1, k, n, false, '{}', '2025-03-10T00:00:00Z'
       FROM unnest(ARRAY['clock-setting', 'programming']) k, generate_series(7, 8) n`,
    [meter],
  );
  await db.run(
    null,
    `INSERT INTO exceptions (id, kind, key, class, meter, owner, evidence, opened_at, last_at, due_at, closed_at, closed_by, closing_note)
     VALUES (gen_random_uuid(), 'meter-changed', 'x', 'device', $1, 'desk', '{"event": {"kind": "programming", "number": 7, "at": null}}', now(), now(), now(), now(), 'desk', 'seen')`,
    [meter],
  );
  const day = { from: moment("2025-03-09T16:00:00Z"), to: moment("2025-03-10T16:00:00Z"), after: null, size: 10, now };
  expect(await months.thin({ kind: "meter-events", ...day })).toMatchObject({ thinned: 3 });
  expect(await db.rows(null, "SELECT kind, number FROM meter_events")).toEqual([{ kind: "programming", number: 7 }]);
});

test("frames that were thinned stand in the audit as such, and the chain and the books agree", async () => {
  const id = "0198a000-0000-7000-8000-000000000001";
  await db.run(
    null,
    `INSERT INTO commands (id, kind, effect, meter, params, asked_by, reason, state, created_at, not_after, ended_at)
       VALUES ('${id}', 'disconnect', 'sets', '${A}', '{}', 'person', 'why', 'confirmed', '2029-05-10', '2029-05-10', '2029-05-10');
     INSERT INTO attempts (command, number, fence, at, before, outcome, frames) VALUES ('${id}', 1, 1, '2029-05-10', '{}', 'done', '[{"hex":"68"}]')`,
  );
  const day = { from: moment("2029-05-09T16:00:00Z"), to: moment("2029-05-10T16:00:00Z"), after: null, size: 10, now };
  expect(await months.thin({ kind: "frames", ...day })).toMatchObject({ thinned: 1 });
  expect(await db.rows(null, "SELECT frames, outcome FROM attempts")).toEqual([{ frames: [], outcome: "done" }]);
  const [noted] = await db.rows<Record<string, unknown>>(
    null,
    "SELECT who, what, because, after FROM audit_rows ORDER BY id DESC LIMIT 1",
  );
  expect(noted).toMatchObject({ who: "retention", what: "attempt.changed", because: "older than the site keeps them" });
  expect(Object.keys(noted!["after"] as object).sort()).toEqual(["frames", "thinned_at"]);
  const said = await meterctl(["audit", "verify", "--database", books.connectionString, "--json"]);
  expect(JSON.parse(said.out)).toMatchObject({ findings: [] });
  expect(said.code).toBe(0);
});
