/** What is asked of tables that grow for years is found by an index, also where the server sorts by a language and not by bytes. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { LAST_NOTED, PostgresAuditStore } from "../../src/stores/audit-store.ts";
import { Database } from "../../src/stores/database.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { emptyDatabase, MIGRATIONS } from "../support/database.ts";

let db: Database;
let drop: () => Promise<void>;
beforeAll(async () => {
  const empty = await emptyDatabase(inject("postgres"));
  db = await Database.open({ connectionString: empty.connectionString, log: silentLog });
  drop = async () => {
    await db.close();
    await empty.drop();
  };
  await migrate(db, MIGRATIONS, systemClock);
});
afterAll(() => drop());

test("the site's settings, among all that was ever noted", async () => {
  const store = new PostgresAuditStore(db);
  const note = (what: string, subject: string, after: unknown): Promise<void> =>
    store.note([{ what, subject, before: null, after } as never], { actor: "test" });
  await note("config.changed", "config/house/policy", { mode: "shadow" });
  await note("permission.changed", "config/house/apiKeys", ["desk"]);
  await note("config.changed", "config/house/policy", { mode: "live" });
  await note("config.changed", "config/another/policy", { mode: "live" });
  expect([...(await store.lastNoted("config/house/"))].sort()).toEqual([
    ["config/house/apiKeys", ["desk"]],
    ["config/house/policy", { mode: "live" }],
  ]);
  await db.run(
    null,
    "INSERT INTO audit_rows (who, what, subject, after) SELECT 'test', 'entry.made', 'entry/' || n, '{}' FROM generate_series(1, 5000) n; ANALYZE audit_rows",
  );
  const plan = await db.rows<{ "QUERY PLAN": string }>(null, `EXPLAIN ${LAST_NOTED.replace("$1", "'config/house/'")}`);
  expect(plan.map((row) => row["QUERY PLAN"]).join("\n")).toContain("audit_rows_of_settings");
});
