/** Backup and restore where no server has a name: the embedded PostgreSQL, with its gateway and without; and between programs of different age. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { lineOf } from "../../src/cli/backup-commands.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { inOrder, type Table } from "../../src/stores/backup/tables.ts";
import { paceOf } from "../../src/stores/backup/pace.ts";
import { stepsThen } from "../../src/stores/backup/restore.ts";
import { Database } from "../../src/stores/database.ts";
import { migrate, readMigrations } from "../../src/stores/migrate.ts";
import { booksOf0002, OLD, oldCommands } from "../journeys/books-of-0002.ts";
import { emptyDatabase, MIGRATIONS } from "../support/database.ts";
import { folder as processFolder, holdersOf, startGatewayProcess, type GatewayProcess } from "../support/processes.ts";
import { accountOf } from "../support/test-house.ts";
import { Desk } from "../../src/demo/desk.ts";
import { asProcess, meterctl } from "./terminal.ts";
import { copyFile, readdir } from "node:fs/promises";

const TEST_MS_MAX = 120_000;
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fee-control-backup-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe("the embedded server", { timeout: TEST_MS_MAX }, () => {
  const place = processFolder();
  const site = (name: string): string =>
    place.file(
      `${name}.yaml`,
      JSON.stringify({
        site: { name },
        stores: { data: `./${name}` },
        mqtt: { url: "mqtt://127.0.0.1:9" },
        buses: [{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: 9 } }],
        meters: [{ address: OLD, account: accountOf(OLD), bus: "tcp-1", model: "standard-wallet" }],
      }),
    );
  const files = { running: join(place.path, "running.gz"), alone: join(place.path, "alone.gz") };
  let gateway: GatewayProcess | undefined;
  afterAll(async () => {
    gateway?.kill("SIGKILL");
    await gateway?.ended;
    place.remove();
  });
  const backup = async (
    file: string,
  ): Promise<{ tables: readonly { table: string; rows: number }[]; manifest: { site: string } }> => {
    const said = await asProcess(["backup", file, "--config", site("street"), "--json"]);
    expect(said).toMatchObject({ code: 0, error: "" });
    return JSON.parse(said.out) as Awaited<ReturnType<typeof backup>>;
  };

  test("is that of the gateway where one runs; else it is started for the backup, and stopped again", async () => {
    gateway = await startGatewayProcess(site("street"));
    await new Desk(gateway.url, systemClock).pay(accountOf(OLD), "20.00");
    const running = await backup(files.running);
    expect(running.manifest.site).toBe("street");
    gateway.kill("SIGTERM");
    expect(await gateway.ended).toBe(0);
    gateway = undefined;
    const alone = await backup(files.alone);
    const books = (one: typeof alone): unknown => one.tables.filter(({ table }) => /^(payments|ledger_|commands)/.test(table));
    expect(books(alone)).toEqual(books(running));
    expect(running.tables).toContainEqual(expect.objectContaining({ table: "payments", rows: 1 }));
    expect(await holdersOf(place.path)).toEqual([]);
  });

  test("of another folder is given the books, and its gateway goes on with them", async () => {
    const said = await asProcess(["restore", files.running, "--config", site("other")]);
    expect(said).toMatchObject({ code: 0, error: "" });
    expect(said.out).toContain("1 credits and refunds were open, 0 orders; 1 meters are looked at");
    gateway = await startGatewayProcess(site("other"));
    const desk = new Desk(gateway.url, systemClock);
    expect(await desk.get(`/v1/accounts/${accountOf(OLD)}`)).toMatchObject({ held: "20.00" });
    expect(gateway.said()).toContain("these books were restored");
    const again = await asProcess(["restore", files.alone, "--config", site("other"), "--replace", "other"]);
    expect(again).toMatchObject({ code: 1, error: expect.stringContaining("database-in-use") as string });
  });
});

describe("programs of different age", { timeout: TEST_MS_MAX }, () => {
  test("a backup of schema 0002 is brought forward, and every open command of then is in doubt", async () => {
    const then = join(folder, "then");
    const old = mkdtempSync(`${then}-`);
    for (const name of (await readdir(MIGRATIONS)).sort().slice(0, 2)) await copyFile(join(MIGRATIONS, name), join(old, name));
    const [from, to] = [await emptyDatabase(inject("postgres")), await emptyDatabase(inject("postgres"))];
    const db = await Database.open({ connectionString: from.connectionString, log: silentLog, connectionsMax: 1 });
    try {
      await migrate(db, old, systemClock);
      await booksOf0002(db);
      const file = join(folder, "0002.gz");
      expect(await meterctl(["backup", file, "--database", from.connectionString])).toMatchObject({ code: 0 });
      const said = await meterctl(["restore", file, "--database", to.connectionString, "--json"]);
      expect(said).toMatchObject({ code: 0, error: "" });
      const names = (await readMigrations(MIGRATIONS)).map(({ name }) => name);
      expect(JSON.parse(said.out)).toMatchObject({
        broughtForward: names.slice(2),
        setAside: null,
        doubts: { adding: 6, setting: 2, meters: oldCommands.length },
      });
    } finally {
      await db.close();
      await Promise.all([from.drop(), to.drop()]);
    }
  });

  test("a backup of a newer program, or of another text of the same, is refused by name", async () => {
    const known = await readMigrations(MIGRATIONS);
    expect(stepsThen(known.slice(0, 3), known, "x.gz")).toEqual(known.slice(0, 3));
    const later = [...known, { number: 9_001, name: "9001-of-a-later-year", checksum: "unknown" }];
    expect(() => stepsThen(later, known, "x.gz")).toThrow(/database-newer.*9001-of-a-later-year/);
    const changed = known.map((one, index) => (index === 1 ? { ...one, checksum: "other" } : one));
    expect(() => stepsThen(changed, known, "x.gz")).toThrow(/backup-broken.*another text of 0002/);
  });
});

test("parents come before children, and a circle is refused", () => {
  const table = (name: string, parents: readonly string[]): Table => ({ name, parents, columns: [], heapBytes: 0 });
  const names = (tables: readonly Table[]): readonly string[] => inOrder(tables).map(({ name }) => name);
  expect(names([table("legs", ["entries"]), table("entries", []), table("a", ["legs", "entries"])])).toEqual([
    "entries",
    "legs",
    "a",
  ]);
  expect(() => names([table("a", ["b"]), table("b", ["a"])])).toThrow("circle");
});

test("progress tells the rate and the time left, once there is something to tell from", () => {
  expect(paceOf("readings", 0.25, 1_048_576, 1_000)).toMatchObject({ bytesPerSecond: 1_048_576, leftMs: 3_000 });
  expect(paceOf("readings", 0.25, 1_048_576, 10).leftMs).toBe(null);
  expect(lineOf(paceOf("readings", 0.25, 10_485_760, 30_000))).toBe(" 25 %  10.0 MB  0.3 MB/s  1 min 30 s left  readings");
});
