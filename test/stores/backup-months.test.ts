/** A table that is kept in parts goes into a backup as a whole, and comes back into the same parts. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { readBackup } from "../../src/stores/backup/backup-file.ts";
import { restoreBackup } from "../../src/stores/backup/restore.ts";
import { takeBackup } from "../../src/stores/backup/take-backup.ts";
import { Database } from "../../src/stores/database.ts";
import { untilTrue } from "../api/door.ts";
import { emptyDatabase, MIGRATIONS, testDatabase, type TestDatabase } from "../support/database.ts";

const TEST_MS_MAX = 60_000;
/** Directly before that look. */
const TURN_TAKEN =
  "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
const MOMENTS = [
  "1970-01-01T00:00:00Z",
  "2020-01-31T23:59:59.999Z",
  "2020-02-01T00:00:00Z",
  "2020-02-15T12:00:00Z",
  "2099-01-01T00:00:00Z",
];
let books: TestDatabase;
let folder: string;
let file: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fee-control-months-"));
  file = join(folder, "books.gz");
  books = await testDatabase();
  for (const moment of MOMENTS)
    await books.db.run(
      null,
      "INSERT INTO readings (meter, item, value, taken_at, source) VALUES ('202611220001', 'voltage', '220.0', $1, 'poll')",
      [moment],
    );
  for (const month of MOMENTS.slice(1, 3)) await books.db.run(null, "SELECT readings_month($1)", [month]);
}, TEST_MS_MAX);
afterAll(async () => {
  await books.drop();
  rmSync(folder, { recursive: true });
});

const rowsIn = (db: Database): Promise<unknown[]> =>
  db.rows(null, "SELECT tableoid::regclass::text AS part, r.* FROM readings r ORDER BY id");

test("every row is in the file once, and its part is named in the manifest alone", { timeout: TEST_MS_MAX }, async () => {
  await takeBackup(books.db, { file, site: "street", gateway: "test", clock: systemClock, tell: () => undefined });
  const { manifest, closing } = await readBackup(file, {});
  expect(closing.tables.filter(({ table }) => table.startsWith("readings"))).toMatchObject([
    { table: "readings", rows: MOMENTS.length },
  ]);
  expect(manifest.months?.slice(0, 2)).toEqual(["2020-01-01T00:00:00Z", "2020-02-01T00:00:00Z"]);
});

test.each([{ replace: false }, { replace: true }])(
  "they come back into their months, and the next has a number of its own (replace: $replace)",
  { timeout: TEST_MS_MAX },
  async ({ replace }) => {
    const other = replace ? await testDatabase() : null;
    const empty = other ?? (await emptyDatabase(inject("postgres")));
    const db = await Database.open({ connectionString: empty.connectionString, log: silentLog, connectionsMax: 1 });
    try {
      const wish = { file, replace, migrations: MIGRATIONS, clock: systemClock, newId: uuidv7, tell: () => undefined };
      const restored = restoreBackup(db, wish);
      if (other !== null) {
        await untilTrue("it to look who else is there", async () => (await other.db.rows(null, TURN_TAKEN)).length > 0);
        await other.db.close(); // whoever hangs up is waited for
      }
      expect(await restored).toMatchObject({
        setAside: replace ? (expect.stringContaining("before_restore") as string) : null,
      });
      const back = await rowsIn(db);
      expect(back).toEqual(await rowsIn(books.db));
      expect(back.map((row) => (row as { part: string }).part)).toEqual([
        "readings_beside",
        "readings_2020_01",
        "readings_2020_02",
        "readings_2020_02",
        "readings_beside",
      ]);
      const [next] = await db.rows<{ id: bigint }>(
        null,
        "INSERT INTO readings (meter, item, taken_at, source) VALUES ('202611220001', 'voltage', now(), 'poll') RETURNING id",
      );
      expect(next!.id).toBe(BigInt(MOMENTS.length) + 1n);
      await db.run(null, "SELECT readings_month('2099-01-01')"); // months are made on as before
      expect((await rowsIn(db)).filter((row) => (row as { part: string }).part === "readings_2099_01")).toHaveLength(1);
    } finally {
      await db.close();
      await empty.drop();
    }
  },
);
