/** A tariff may not leave the site file while days are being billed by it: the gateway says so, and does not start. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildConfig } from "../../src/config.ts";
import { startGateway } from "../../src/gateway.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { blankDay } from "../../src/ledger/settlement-day.ts";
import { postgresStores } from "../../src/house/postgres-stores.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

const METER = MeterAddress("202611220001");
const ACCOUNT = AccountId("2611220001");
let database: TestDatabase;
let folder: string;
beforeAll(async () => {
  database = await testDatabase();
  folder = mkdtempSync(join(tmpdir(), "fee-control-tariffs-"));
});
afterAll(async () => {
  await database.drop();
  rmSync(folder, { recursive: true, force: true });
});

test("the gateway does not start while days are billed by a tariff that left the site file, and changes no account before it says so", async () => {
  const stores = postgresStores(database.db, systemClock, "test");
  await stores.meters.bringIn(
    [{ account: ACCOUNT, name: "", class: "residential", mode: "remote", tariff: "old" }],
    [
      {
        ...{ address: METER, meterNumber: METER, customerNumber: METER, account: ACCOUNT },
        ...{ bus: BusId("tcp-1"), model: "remote-ledger", relayPassword: null },
      },
    ],
  );
  const nothing = { total: 0n, rates: null, exported: null };
  const day = blankDay({ meter: METER, stretch: 7n, account: ACCOUNT, day: "2026-11-23", tariff: "old" }, nothing, "begin");
  await database.db.transact((tx) => stores.billing.saveDay(tx, day));
  const config = buildConfig(
    {
      site: { name: "test-street" },
      stores: { data: join(folder, "data"), database: database.connectionString },
      http: { port: 0 },
      mqtt: { url: "mqtt://127.0.0.1:9" },
      buses: [{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: 9 } }],
      meters: [{ address: METER, bus: "tcp-1", model: "remote-ledger", account: ACCOUNT }],
      tariffs: [{ id: "new", price: "1.0000" }],
    },
    { file: join(folder, "site.yaml"), env: {} },
  );
  const start = startGateway({ config, clock: systemClock, chance: seededChance(7), log: silentLog, consoleFolder: null });
  await expect(start).rejects.toMatchObject({
    code: "site-file-invalid",
    context: {
      errors: [
        'tariffs: no tariff has the id "old", by which days of 1 meter are not settled yet (the oldest: 2026-11-23 of meter 202611220001); ' +
          "put it back beside the new one, and give accounts the new one. It may go when these meters were read under another tariff for 4 days",
      ],
    },
  });
  expect((await database.db.transact((tx) => stores.meters.account(tx, ACCOUNT)))?.tariff).toBe("old");
});
