/**
 * Books of an older program under this one: rows of every schema come through every later one, commands that were in any state of their
 * life are brought to their end by what the meters show, and an older program leaves newer books alone.
 */
import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { migrate, readMigrations } from "../../src/stores/migrate.ts";
import { emptyDatabase, MIGRATIONS } from "../support/database.ts";
import { folder as processFolder, startGatewayProcess } from "../support/processes.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";
import { booksOf0002, OLD, oldCommands, type Old } from "./books-of-0002.ts";

const LIMIT_MS = 60_000;
const TEST_MS_MAX = 90_000;
const numbers = (await readMigrations(MIGRATIONS)).map(({ number }) => number);
const folders: string[] = [];
afterAll(() => Promise.all(folders.map((one) => rm(one, { recursive: true }))));

/** As the program of then had it: the migrations up to this number. */
async function programOf(newest: number): Promise<string> {
  const made = await mkdtemp(join(tmpdir(), "migrations-of-then-"));
  folders.push(made);
  for (const name of await readdir(MIGRATIONS))
    if (Number(name.slice(0, 4)) <= newest) await copyFile(join(MIGRATIONS, name), join(made, name));
  return made;
}

async function withBooks(work: (db: Database, connectionString: string) => Promise<void>): Promise<void> {
  const empty = await emptyDatabase(inject("postgres"));
  const db = await Database.open({ connectionString: empty.connectionString, log: silentLog, connectionsMax: 2 });
  try {
    await work(db, empty.connectionString);
  } finally {
    await db.close();
    await empty.drop();
  }
}

/** Every row of every table but the list of migrations and the queue of the outbox, by the columns that it has. */
async function rowsIn(db: Database): Promise<Map<string, Record<string, unknown>[]>> {
  const tables = await db.rows<{ name: string }>(
    null,
    "SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' AND tablename !~ '^(schema_migrations|audit_)' AND tablename <> 'audited_tables' ORDER BY 1",
  );
  const all = new Map<string, Record<string, unknown>[]>();
  for (const { name } of tables)
    all.set(
      name,
      (await db.rows<{ row: Record<string, unknown> }>(null, `SELECT to_jsonb(x) AS row FROM ${name} x ORDER BY x::text`)).map(
        ({ row }) => row,
      ),
    );
  return all;
}

describe("rows of the schema before", () => {
  test.each(numbers.filter((number) => number > 2))("come through migration %i as they were", async (number) => {
    await withBooks(async (db) => {
      await migrate(db, await programOf(2), systemClock);
      await booksOf0002(db);
      await migrate(db, await programOf(number - 1), systemClock);
      const before = await rowsIn(db);
      expect(before.get("commands")).toHaveLength(oldCommands.length);
      expect(await migrate(db, await programOf(number), systemClock)).toHaveLength(1);
      const after = await rowsIn(db);
      for (const [table, rows] of before)
        for (const row of rows) expect(after.get(table), `${table} after ${number}`).toContainEqual(expect.objectContaining(row));
    });
  });
});

describe("a gateway of today on books of 0002", { timeout: TEST_MS_MAX }, () => {
  let house: TestHouse;

  beforeAll(async () => {
    house = await raiseTestHouse({
      meters: oldCommands.map(({ meter }) => ({ address: meter, balance: "10.00", loadKw: 0 })),
      site: { reconciliation: { at: null } },
    });
    await house.gateway.stop();
    const db = await Database.open({ connectionString: house.database.connectionString, log: silentLog, connectionsMax: 2 });
    await db.run(null, "DROP SCHEMA public CASCADE; CREATE SCHEMA public");
    await migrate(db, await programOf(2), systemClock);
    await booksOf0002(db);
    await db.close();
    for (const { meter, street } of oldCommands) if (street !== undefined) house.street.patch(meter, street);
    await house.restart();
  }, TEST_MS_MAX);
  afterAll(() => house.close());

  test.each(oldCommands.map((one): [string, Old] => [`${one.kind} that was ${one.was}`, one]))(
    "brings a %s to its end",
    async (_title, old) => {
      const command = await house.desk.until(`${old.kind} that was ${old.was} to be ${old.becomes}`, LIMIT_MS, async () => {
        const found = await house.desk.get(`/v1/commands/${old.id}`);
        return found["state"] === old.becomes ? found : null;
      });
      expect(command).toMatchObject({ because: old.because ?? null });
      expect(house.street.snapshot(old.meter)).toMatchObject(old.meterEnds);
      expect(await house.desk.get(`/v1/accounts/${accountOf(old.meter)}`)).toMatchObject(old.accountEnds);
    },
  );

  test("and the books add up", async () => {
    const run = await house.desk.post("/v1/reconciliations", {});
    const { report } = (await house.desk.until("the comparison to end", LIMIT_MS, async () => {
      const found = await house.desk.get(`/v1/reconciliations/${String(run["id"])}`);
      return found["report"] === null ? null : found;
    })) as { report: { brokenSums: unknown } };
    expect(report.brokenSums).toEqual([]);
  });
});

test(
  "an older program refuses books of a newer one by name, says what to do, and has touched nothing",
  { timeout: TEST_MS_MAX },
  async () => {
    const place = processFolder();
    try {
      await withBooks(async (db, connectionString) => {
        await migrate(db, MIGRATIONS, systemClock);
        await booksOf0002(db);
        await db.run(null, "INSERT INTO schema_migrations VALUES (9001, '9001-of-a-later-year', 'unknown', now())");
        const schemas = (): Promise<unknown> =>
          db.rows(null, "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' ORDER BY 1");
        const audit = (): Promise<unknown> => db.rows(null, "SELECT count(*) FROM audit_rows");
        const before = [await rowsIn(db), await schemas(), await audit()];
        const site = place.file(
          "site.yaml",
          JSON.stringify({
            stores: { database: connectionString, data: "./data" },
            buses: [{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: 9 } }],
            meters: [{ address: OLD, account: accountOf(OLD), bus: "tcp-1", model: "standard-wallet" }],
          }),
        );
        const refusal = await startGatewayProcess(site).then(
          () => "it started",
          (error: unknown) => String(error),
        );
        expect(refusal).toContain("ended with 1");
        expect(refusal).toContain('"code":"database-newer"');
        expect(refusal).toContain("9001-of-a-later-year");
        expect(refusal).toContain("Start the newer program");
        expect([await rowsIn(db), await schemas(), await audit()]).toEqual(before);
      });
    } finally {
      place.remove();
    }
  },
);
