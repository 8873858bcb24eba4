/** A gateway that goes on while a newer one changes the tables under it: what it had planned before is refused, and it does not notice. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

const ALL_LAMPS = "SELECT * FROM lamps WHERE number >= $1";
const LAMP_AND_LOCK = "SELECT * FROM lamps WHERE number = $1 FOR UPDATE";
const SWITCHED_ON = "UPDATE lamps SET lit = lit + 1 WHERE number = $1 RETURNING *";
const CONNECTIONS = 8;

let newer: TestDatabase;
let older: Database;
beforeAll(async () => {
  newer = await testDatabase();
  const { connectionString } = newer;
  older = await Database.open({ connectionString, log: silentLog, connectionsMax: CONNECTIONS });
  await newer.db.run(null, "CREATE TABLE lamps (number int, lit int); INSERT INTO lamps VALUES (1, 0)");
});
afterAll(async () => {
  await older.close();
  await newer.drop();
});

/** Side by side, and each takes a moment, so that every connection has planned it. */
const onEachConnection = (): Promise<unknown> =>
  Promise.all(
    Array.from({ length: CONNECTIONS }, () =>
      older.rows(null, `${ALL_LAMPS} AND pg_sleep(0.1) IS NOT NULL`, [1]).then(() => older.rows(null, ALL_LAMPS, [1])),
    ),
  );

test("a statement by itself is said again, whichever connection it is given", async () => {
  await onEachConnection();
  await newer.db.run(null, "ALTER TABLE lamps ADD COLUMN colour text");
  const seen = await Promise.all(Array.from({ length: CONNECTIONS }, () => older.rows(null, ALL_LAMPS, [1])));
  expect(seen).toEqual(Array(CONNECTIONS).fill([{ number: 1, lit: 0, colour: null }]));
  await newer.db.run(null, "ALTER TABLE lamps DROP COLUMN colour");
  expect(await older.rows(null, ALL_LAMPS, [1])).toEqual([{ number: 1, lit: 0 }]);
});

test("a transaction is run again as a whole, and what it did happens once", async () => {
  const switchOn = (): Promise<unknown> =>
    older.transact(async (tx) => {
      await older.run(tx, "INSERT INTO lamps VALUES ($1, 0)", [2]);
      await older.rows(tx, LAMP_AND_LOCK, [1]);
      return older.rows(tx, SWITCHED_ON, [1]);
    });
  await switchOn();
  await newer.db.run(null, "ALTER TABLE lamps ADD COLUMN watts int");
  expect(await switchOn()).toEqual([{ number: 1, lit: 2, watts: null }]);
  expect(await older.rows(null, "SELECT number FROM lamps WHERE number = $1", [2])).toHaveLength(2);
});

test("what PostgreSQL cannot do at all is not asked for again", async () => {
  let runs = 0;
  const impossible = older.transact((tx) => {
    runs += 1;
    return older.rows(tx, "SELECT count(*) FROM lamps WHERE number = $1 FOR UPDATE", [1]);
  });
  await expect(impossible).rejects.toMatchObject({ code: "0A000" });
  expect(runs).toBe(1);
});
