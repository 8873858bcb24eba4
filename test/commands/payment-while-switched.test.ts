/** Somebody pays in the moment in which his account goes over to remote mode: his money is in the ledger, and no order goes to a closed wallet. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { CommandService } from "../../src/commands/command-service.ts";
import { PaymentService } from "../../src/commands/payment-service.ts";
import { Instant, type Clock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { postgresStores } from "../../src/house/postgres-stores.ts";
import { untilTrue } from "../api/door.ts";
import { uuidv7 } from "uuidv7";
import { testDatabase, type TestDatabase } from "../support/database.ts";

const ACCOUNT = AccountId("1000000001");
const METER = MeterAddress("202611220001");
const NOW = Instant(Date.UTC(2026, 10, 23, 2));
const clock: Clock = { now: () => NOW, wait: () => Promise.resolve() };
let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase();
});
afterAll(() => database.drop());

test("a payment that waits behind the switch is taken as what the account is by then", async () => {
  const { db } = database;
  const { meters, commands, payments, outbox, ...stores } = postgresStores(db, clock, "test");
  const at = { account: ACCOUNT, name: "", class: "residential", mode: "local", tariff: "flat" } as const;
  const meter = { address: METER, meterNumber: METER, customerNumber: METER, account: ACCOUNT, bus: BusId("b") };
  await meters.bringIn([at], [{ ...meter, model: "standard-wallet", relayPassword: null }]);
  const ledger = new Ledger({ store: stores.ledger, clock });
  const common = { ...{ clock, newId: uuidv7, payments, meters, commands, ledger, outbox }, transactor: db, log: silentLog };
  const desk = new PaymentService({
    ...{ ...common, service: new CommandService(common), afterCredit: { restore: () => Promise.resolve(null) } },
    ...{ channels: null, cap: parseYuan("50000.00") },
  });
  const [begun, over] = [Promise.withResolvers<null>(), Promise.withResolvers<null>()];
  const switching = db.transact(async (tx) => {
    await meters.meter(tx, METER);
    await meters.switchToRemote(tx, ACCOUNT, NOW);
    begun.resolve(null);
    await over.promise;
  });
  await begun.promise;
  const order = { account: ACCOUNT, amount: parseYuan("80.00"), channel: "bank", orderId: "o-1" };
  const paying = db.transact((tx) => desk.take(tx, order));
  const waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
  await untilTrue("the payment to wait for the meter's row", async () => (await db.rows(null, waiting)).length > 0);
  over.resolve(null);
  await switching;
  const { payment, command } = await paying;
  expect([payment.state, command]).toEqual(["allocated", null]);
  expect(await ledger.position(null, ACCOUNT)).toMatchObject({ available: order.amount, held: 0n });
});
