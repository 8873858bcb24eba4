/** Bills of an older program under this one: closed days stay as they were, and the open day goes on to the fen. */
import { copyFile, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { Instant, systemClock } from "../../src/kernel/clock.ts";
import { AccountId, type MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parsePrice } from "../../src/kernel/money.ts";
import { Billing } from "../../src/ledger/billing.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { PostgresBillingStore } from "../../src/stores/billing-store.ts";
import { PostgresComparisonStore } from "../../src/stores/comparison-store.ts";
import { Database } from "../../src/stores/database.ts";
import { PostgresLedgerStore } from "../../src/stores/ledger-store.ts";
import { migrate } from "../../src/stores/migrate.ts";
import { flatTariff } from "../../src/tariff/tariff.ts";
import { emptyDatabase, MIGRATIONS } from "../support/database.ts";

const [METER, IDLE] = ["202611220001", "202611220002"] as readonly string[] as [MeterAddress, MeterAddress];
const ANNA = AccountId("anna");
const at = (text: string): Instant => Instant(Date.parse(text));

let db: Database;
let empty: Awaited<ReturnType<typeof emptyDatabase>>;
let then: string;

beforeAll(async () => {
  empty = await emptyDatabase(inject("postgres"));
  db = await Database.open({ connectionString: empty.connectionString, log: silentLog, connectionsMax: 2 });
  then = await mkdtemp(join(tmpdir(), "migrations-of-then-"));
  for (const name of await readdir(MIGRATIONS))
    if (Number(name.slice(0, 4)) < 9) await copyFile(join(MIGRATIONS, name), join(then, name));
  await migrate(db, then, systemClock);
  const run = (sql: string): Promise<unknown> => db.run(null, sql);
  await run(
    "INSERT INTO accounts (account, name, class, mode, tariff, created_at) VALUES ('anna', '', '', 'remote', 'flat', now()), ('idle', '', '', 'remote', 'flat', now())",
  );
  await run(
    `INSERT INTO meters (address, meter_number, customer_number, account, bus, model, active, identity, relay_reported, created_at)
     VALUES ('${METER}', '1', '1', 'anna', 'b', 'remote-ledger', true, 'confirmed', 'connected', now()),
            ('${IDLE}', '2', '2', 'idle', 'b', 'remote-ledger', true, 'confirmed', 'connected', now())`,
  );
  await run(
    `INSERT INTO billing (meter, account, day, day_start, billed_to, charged, billed_at)
     VALUES ('${METER}', 'anna', '2026-11-22', 1100, 1133, 17, '2026-11-22T10:00:00+08:00'),
            ('${IDLE}', 'idle', '2026-11-22', 500, 500, 0, '2026-11-22T10:00:00+08:00')`,
  );
  await run(
    `INSERT INTO billing_days (account, meter, day, energy, cost, price)
     VALUES ('anna', '${METER}', '2026-11-21', 100, 53, 5283), ('anna', '${METER}', '2026-11-22', 33, 17, 5283)`,
  );
  await db.transact(async (tx) => {
    const [entry] = await db.rows<{ id: bigint }>(
      tx,
      "INSERT INTO ledger_entries (kind, reference, at) VALUES ('charge', 'of before', now()) RETURNING id",
      [],
    );
    await db.run(tx, "INSERT INTO ledger_legs (entry, book, amount) VALUES ($1, 'available/anna', -70), ($1, 'consumed', 70)", [
      entry!.id,
    ]);
    await db.run(tx, "INSERT INTO ledger_positions (book, amount) VALUES ('available/anna', -70)", []);
  });
  await migrate(db, MIGRATIONS, systemClock);
});
afterAll(async () => {
  await db.close();
  await empty.drop();
  await rm(then, { recursive: true });
});

test("closed days stay as they were, the open one goes on, and ledger and days are the same money", async () => {
  const ledger = new Ledger({ store: new PostgresLedgerStore(db), clock: systemClock });
  const store = new PostgresBillingStore(db);
  const tariffs = new Map([["flat", flatTariff("flat", parsePrice("0.5283"))]]);
  const billing = new Billing({ store, ledger, timeZone: "Asia/Shanghai", tariffs });
  const bill = (register: bigint, takenAt: string, midnightOf?: string) =>
    db.transact((tx) =>
      billing.bill(tx, {
        ...{ account: ANNA, meter: METER, register, takenAt: at(takenAt), tariff: "flat" },
        ...(midnightOf === undefined ? {} : { midnightOf }),
      }),
    );
  expect(await bill(1_120n, "2026-11-22T09:00:00+08:00")).toEqual([]);
  expect(await bill(1_095n, "2026-11-22T00:00:00+08:00", "2026-11-22")).toEqual([]); // an older program's days are closed
  await bill(1_199n, "2026-11-22T20:00:00+08:00");
  await bill(1_200n, "2026-11-23T00:00:00+08:00", "2026-11-23");
  await bill(1_250n, "2026-11-23T08:00:00+08:00");
  expect(await store.billOf(ANNA, "2026-11-01", "2026-11-30")).toMatchObject([
    { day: "2026-11-21", energy: 100n, cost: 53n, tariff: null, settledBy: "readings" },
    { day: "2026-11-22", energy: 100n, cost: 53n, tariff: "flat", settledBy: "midnights" }, // 1.00 kWh, rounded once
    { day: "2026-11-23", energy: 50n, cost: 26n, state: "provisional" },
  ]);
  expect(await new PostgresComparisonStore(db).billed(ANNA, METER)).toEqual({ billedTo: 1_250n, charged: 132n, cost: 132n });
});

test("a meter that had used nothing on its open day is billed from where it stood", async () => {
  const ledger = new Ledger({ store: new PostgresLedgerStore(db), clock: systemClock });
  const store = new PostgresBillingStore(db);
  const tariffs = new Map([["flat", flatTariff("flat", parsePrice("0.5000"))]]);
  const billing = new Billing({ store, ledger, timeZone: "Asia/Shanghai", tariffs });
  const takenAt = at("2026-11-22T12:00:00+08:00");
  const use = { account: AccountId("idle"), meter: IDLE, register: 600n, takenAt, tariff: "flat" };
  expect(await db.transact((tx) => billing.bill(tx, use))).toEqual([{ account: "idle", amount: 50n }]);
});
