/** The tables go forward only, and a past that was rewritten is refused by name. */
import { copyFile, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, inject, test } from "vitest";
import type { Attempt } from "../../src/commands/command.ts";
import { Instant, systemClock, type Clock } from "../../src/kernel/clock.ts";
import { CommandId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { PostgresCommandStore } from "../../src/stores/command-store.ts";
import { Database } from "../../src/stores/database.ts";
import { PostgresLineLeases } from "../../src/stores/line-leases-store.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { emptyDatabase, MIGRATIONS, testDatabase } from "../support/database.ts";

const clock: Clock = { now: () => Instant(1_700_000_000_000), wait: () => Promise.resolve() };

let folder: string;
let db: Database;
let drop: () => Promise<void>;

const file = (name: string, sql: string): Promise<void> => writeFile(join(folder, name), sql);
const run = (): Promise<string[]> => migrate(db, folder, clock);
const tables = async (): Promise<string[]> =>
  (await db.rows<{ name: string }>(null, "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")).map(
    ({ name }) => name,
  );

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "migrations-"));
  const empty = await emptyDatabase(inject("postgres"));
  db = await Database.open({ connectionString: empty.connectionString, log: silentLog, connectionsMax: 3 });
  drop = async () => {
    await db.close();
    await empty.drop();
  };
  await file("0001-books.sql", "CREATE TABLE books (id bigint PRIMARY KEY);\nCREATE INDEX ON books (id);");
  await file("0002-shelves.sql", "CREATE TABLE shelves (id bigint PRIMARY KEY);");
});

afterEach(async () => {
  await drop();
  await rm(folder, { recursive: true });
});

test("each is applied once, in order, and written down with its moment", async () => {
  expect(await run()).toEqual(["0001-books", "0002-shelves"]);
  expect(await run()).toEqual([]);
  await file("0003-lamps.sql", "CREATE TABLE lamps (id bigint)");
  expect(await run()).toEqual(["0003-lamps"]);
  expect(await tables()).toEqual(["books", "lamps", "schema_migrations", "shelves"]);
  expect(await db.rows(null, "SELECT number, name, applied_at FROM schema_migrations WHERE number = 3")).toEqual([
    { number: 3, name: "0003-lamps", applied_at: clock.now() },
  ]);
});

test("two programs that start at once apply each of them once", async () => {
  const applied = await Promise.all([run(), run(), run()]);
  expect(applied.flat().sort()).toEqual(["0001-books", "0002-shelves"]);
});

test("one that fails leaves nothing behind, and those before it stay", async () => {
  await file("0002-shelves.sql", "CREATE TABLE shelves (id bigint); SELECT no_such_column;");
  await expect(run()).rejects.toThrow(/migration 0002-shelves failed: .*no_such_column/);
  expect(await tables()).toEqual(["books", "schema_migrations"]);
  await file("0002-shelves.sql", "CREATE TABLE shelves (id bigint)");
  expect(await run()).toEqual(["0002-shelves"]);
});

test("a changed past is refused by name; other line ends are no change", async () => {
  await run();
  await file("0001-books.sql", "CREATE TABLE books (id bigint PRIMARY KEY);\r\nCREATE INDEX ON books (id);");
  expect(await run()).toEqual([]);
  await file("0001-books.sql", "CREATE TABLE books (id bigint PRIMARY KEY, title text);");
  await expect(run()).rejects.toThrow("migration 0001-books was changed after it was applied");
});

test("a database of a newer program is left alone", async () => {
  await file("0003-lamps.sql", "CREATE TABLE lamps (id bigint)");
  await run();
  await rm(join(folder, "0003-lamps.sql"));
  await expect(run()).rejects.toMatchObject({
    code: "database-newer",
    context: { database: "0003-lamps", program: "0002-shelves" },
  });
});

test("one that comes too late for its number is refused", async () => {
  await file("0004-lamps.sql", "CREATE TABLE lamps (id bigint)");
  await run();
  await file("0003-late.sql", "CREATE TABLE late (id bigint)");
  await expect(run()).rejects.toThrow("migration 0003-late is out of order");
});

test("names that do not fit, and numbers given twice, are refused before anything is done", async () => {
  await file("0002-again.sql", "SELECT 1");
  await expect(run()).rejects.toThrow("two migrations have the number");
  await rm(join(folder, "0002-again.sql"));
  await file("3-short.sql", "SELECT 1");
  await expect(run()).rejects.toThrow("3-short.sql is not named NNNN-what-for.sql");
  expect(await tables()).toEqual([]);
});

test("books kept under 0001 are brought to 0002 with their rows: what was begun before has no lease number, and goes on", async () => {
  const [first] = (await readdir(MIGRATIONS)).sort();
  for (const name of await readdir(folder)) await rm(join(folder, name));
  await copyFile(join(MIGRATIONS, first!), join(folder, first!));
  expect(await run()).toEqual(["0001-the-books"]);
  const id = "0198a000-0000-7000-8000-000000000001";
  await db.run(
    null,
    `INSERT INTO meters (address, meter_number, customer_number, bus, model, active, created_at)
       VALUES ('202611220001', '202611220001', '002611220001', 'tcp-1', 'standard-wallet', true, now());
     INSERT INTO commands (id, kind, effect, meter, params, asked_by, reason, state, fence, created_at, not_after, look_at, sent_at)
       VALUES ('${id}', 'disconnect', 'sets', '202611220001', '{}', 'person', 'before', 'verifying', 3, now(), now() + interval '1 hour', now(), now());
     INSERT INTO attempts (command, number, fence, at, before, outcome) VALUES ('${id}', 1, 3, now(), '{}', 'silent')`,
  );
  expect((await migrate(db, MIGRATIONS, clock))[0]).toBe("0002-line-leases");
  expect(await migrate(db, MIGRATIONS, clock)).toEqual([]);
  expect(await db.rows(null, "SELECT fence, line_fencing FROM attempts")).toEqual([{ fence: 3, line_fencing: null }]);

  await new PostgresLineLeases(db).take("us", ["tcp-1"]);
  const store = new PostgresCommandStore(db, systemClock, "us");
  expect(await store.take(CommandId(id))).toMatchObject({ state: "verifying", fence: 4 });
  const again: Attempt = { number: 2, fence: 4, at: clock.now(), before: {}, outcome: "sending", frames: [] };
  expect(await db.transact((tx) => store.beginAttempt(tx, CommandId(id), 4, again, []))).toBe("begun");
  expect(await db.rows(null, "SELECT number, line_fencing FROM attempts ORDER BY number")).toEqual([
    { number: 1, line_fencing: null },
    { number: 2, line_fencing: 1n },
  ]);
});

test("the gateway's own migrations apply to an empty database", async () => {
  const { db: own, drop: away } = await testDatabase().then((made) => ({ db: made.db, drop: () => made.drop() }));
  const [row] = await own.rows<{ count: bigint }>(null, "SELECT count(*) FROM schema_migrations");
  expect(row!.count).toBeGreaterThan(0n);
  await away();
});
