/** Of two gateways that let old rows go at the same moment one does, and the other leaves: it neither waits nor does the work again. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { hours, Instant, later } from "../../src/kernel/clock.ts";
import { kindNames, type KindName } from "../../src/retention/retention-store.ts";
import { PostgresRetentionStore, turnOf } from "../../src/stores/retention-store.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

const day = Instant(Date.UTC(2025, 2, 9, 16));
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

test("whoever comes while another is at the same kind leaves; at another kind, or only to count, he is not in the way", async () => {
  const { db } = database;
  const store = new PostgresRetentionStore(db);
  const stretch = { from: day, to: later(day, hours(24)), after: null, size: 10 };
  const thin = (kind: KindName, now: Instant | null = later(day, hours(9_999))) => store.thin({ kind, ...stretch, now });
  const done = { thinned: 0, next: null };
  for (const kind of kindNames)
    await db.transact(async (tx) => {
      await db.run(tx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", [turnOf(kind)]);
      expect(await thin(kind)).toBe(null);
      expect(await thin(kind, null)).toEqual(done);
      for (const other of kindNames.filter((one) => one !== kind)) expect(await thin(other)).toEqual(done);
    });
  for (const kind of kindNames) expect(await thin(kind)).toEqual(done);
});
