/** Whoever did not hear that his payment was taken says it again, perhaps to a house that has another site file by now. On books in memory. */
import { expect, test } from "vitest";
import { CommandService } from "../../src/commands/command-service.ts";
import { PaymentService, type PaymentOrder, type PaymentServiceParts } from "../../src/commands/payment-service.ts";
import { Instant, type Clock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory } from "../../src/stores/in-memory/stores.ts";

const ACCOUNT = AccountId("1000000001");
const METER = MeterAddress("202611220001");
const NOW = Instant(Date.UTC(2026, 10, 23, 2));
const clock: Clock = { now: () => NOW, wait: () => Promise.resolve() };
const order: PaymentOrder = { account: ACCOUNT, amount: parseYuan("800.00"), channel: "bank", orderId: "o-1" };

test.each([
  ["a lower cap", { cap: parseYuan("500.00") }, { amount: parseYuan("800.01") }, "amount-above-cap"],
  ["a channel less", { channels: new Set(["shop"]) }, { orderId: "o-2" }, "unknown-channel"],
] as const)("it is the payment that was taken, also where a new site file has %s", async (_, file, other, refused) => {
  const db = new InMemoryDatabase({ now: () => clock.now() });
  const { meters, commands, payments, outbox, ...stores } = storesInMemory(db, clock);
  const at = { account: ACCOUNT, name: "", class: "residential", mode: "local", tariff: "flat" } as const;
  const meter = { address: METER, meterNumber: METER, customerNumber: METER, account: ACCOUNT, bus: BusId("b") };
  await meters.bringIn([at], [{ ...meter, model: "standard-wallet", relayPassword: null }]);
  const ledger = new Ledger({ store: stores.ledger, clock });
  let ids = 0;
  const newId = (): string => `01930000-0000-7000-8000-${String((ids += 1)).padStart(12, "0")}`;
  const common = { ...{ clock, newId, payments, meters, commands, ledger, outbox }, transactor: db, log: silentLog };
  const parts = { ...common, service: new CommandService(common), afterCredit: { restore: () => Promise.resolve(null) } };
  const desk = (more: Partial<PaymentServiceParts> = {}): PaymentService =>
    new PaymentService({ ...parts, channels: new Set(["bank", "shop"]), cap: parseYuan("50000.00"), ...more });
  const taken = await db.transact((tx) => desk().take(tx, order));

  const restarted = desk(file);
  const again = await db.transact((tx) => restarted.take(tx, order));
  expect(again.payment).toMatchObject({ id: taken.payment.id, command: taken.command!.id });
  expect(await restarted.examine(order)).toMatchObject({ id: taken.payment.id });
  expect((await ledger.position(null, ACCOUNT)).held, "once").toBe(order.amount);
  const dearer = { ...order, amount: parseYuan("900.00") };
  await expect(restarted.examine(dearer), "the same order with another amount is none of his").rejects.toThrow("order-conflict");
  await expect(restarted.examine({ ...order, orderId: "o-3", ...other }), "a new one is refused").rejects.toThrow(refused);
});
