/** How the commands of a push are found: by a way of their own, however many others the years have left. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { commandsOf, pushNamed } from "../../src/api/tariff-pushes.ts";
import { Instant } from "../../src/kernel/clock.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { PostgresCommandStore } from "../../src/stores/command-store.ts";
import type { Database } from "../../src/stores/database.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { VirtualClock } from "../support/virtual-clock.ts";

const COMMANDS = 4_000;
const START_MS = Date.UTC(2026, 0, 1);

let books: TestDatabase;
beforeAll(async () => {
  books = await testDatabase();
});
afterAll(() => books.drop());

/** A command a minute, every twentieth of them a push's; of meters nobody knows, since only the way to them is asked for. */
async function fill(db: Database): Promise<void> {
  await db.transact(async (tx) => {
    await db.run(tx, "SET LOCAL session_replication_role = replica");
    await db.run(
      tx,
      `INSERT INTO commands (id, kind, effect, meter, params, asked_by, reason, state, created_at, not_after, ended_at)
       SELECT (lpad(to_hex($1::bigint + n * 60000), 12, '0') || '70008000' || lpad(to_hex(n), 12, '0'))::uuid,
              CASE WHEN n % 20 = 0 THEN 'tariff-set' ELSE 'read-now' END, 'sets', 'm' || n, '{}', 'person', 'x', 'confirmed', t, t, t
         FROM (SELECT n, to_timestamp(($1::bigint + n * 60000) / 1000.0) AS t FROM generate_series(1, $2::int) n) rows`,
      [START_MS, COMMANDS],
    );
  });
  await db.run(null, "ANALYZE commands");
}

test("the commands of a push are found without a look at all others", async () => {
  const { db } = books;
  await fill(db);
  const plans: string[] = [];
  const ear = {
    rows: async (tx: Transaction | null, sql: string, values: readonly unknown[]) => {
      const plan = await db.rows<Record<string, string>>(tx, `EXPLAIN ${sql}`, values);
      plans.push(plan.map((row) => row["QUERY PLAN"]).join("\n"));
      return [];
    },
  } as unknown as Database;
  const at = Instant(START_MS + (COMMANDS - 500) * 60_000);
  await commandsOf(
    new PostgresCommandStore(ear, new VirtualClock(at)),
    pushNamed({ tariff: "homes", from: "2026-02-01", at, id: "0".repeat(8) }),
  );
  expect(plans).toHaveLength(1);
  expect(plans[0]).toContain("tariff_pushes");
});
