/** An account that keeps its money in the meter, and owes something in the ledger besides. On books in memory. */
import { beforeEach, expect, test } from "vitest";
import { CommandService } from "../../src/commands/command-service.ts";
import { PaymentService } from "../../src/commands/payment-service.ts";
import { carryOver } from "../../src/commands/replacement/carry-over.ts";
import type { Replacement } from "../../src/commands/replacement/replacement.ts";
import { Instant, type Clock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import type { Transaction } from "../../src/kernel/transaction.ts";
import { ADJUSTMENTS } from "../../src/ledger/correction.ts";
import { book, Ledger } from "../../src/ledger/ledger.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory } from "../../src/stores/in-memory/stores.ts";

const ACCOUNT = AccountId("1000000001");
const [METER, NEXT] = [MeterAddress("202611220001"), MeterAddress("202611220002")];
const NOW = Instant(Date.UTC(2026, 10, 23, 2));
const clock: Clock = { now: () => NOW, wait: () => Promise.resolve() };
const yuan = parseYuan;
const replacement: Replacement = {
  ...{ id: "r-1", oldMeter: METER, newMeter: NEXT, account: ACCOUNT, mode: "local", step: "new-read", waitingFor: null },
  ...{ given: null, final: null, begin: null, carried: null, command: null, askedByName: "lin", reason: "broken" },
  ...{ createdAt: NOW, movedAt: null, endedAt: null },
};

const raised = async () => {
  const db = new InMemoryDatabase({ now: () => clock.now() });
  const { meters, commands, payments, outbox, replacements, ...stores } = storesInMemory(db, clock);
  const at = { account: ACCOUNT, name: "", class: "residential", mode: "local", tariff: "flat" } as const;
  const meter = { meterNumber: METER, customerNumber: METER, bus: BusId("b"), model: "standard-wallet" } as const;
  const hanging = { ...meter, relayPassword: null };
  await meters.bringIn(
    [at],
    [
      { ...hanging, address: METER, account: ACCOUNT },
      { ...hanging, address: NEXT, account: null },
    ],
  );
  const ledger = new Ledger({ store: stores.ledger, clock });
  let ids = 0;
  const newId = (): string => `01930000-0000-7000-8000-${String((ids += 1)).padStart(12, "0")}`;
  const common = { ...{ clock, newId, payments, meters, commands, ledger, outbox }, transactor: db, log: silentLog };
  const service = new CommandService(common);
  const desk = new PaymentService({
    ...{ ...common, service, afterCredit: { restore: () => Promise.resolve(null) } },
    ...{ channels: null, cap: parseYuan("50000.00") },
  });
  const owe = (amount: string): Promise<unknown> =>
    db.transact((tx) =>
      ledger.correct(tx, {
        ...{ reference: "c-1", note: "an older debt", by: "lin" },
        legs: [
          { book: book.available(ACCOUNT), amount: yuan(`-${amount}`) },
          { book: ADJUSTMENTS, amount: yuan(amount) },
        ],
      }),
    );
  return { db, desk, ledger, owe, carrying: { service, ledger, replacements } };
};
let house: Awaited<ReturnType<typeof raised>>;
beforeEach(async () => {
  house = await raised();
  await house.owe("5.00");
});
const inOne = <T>(work: (tx: Transaction) => Promise<T>): Promise<T> => house.db.transact(work);
const position = () => house.ledger.position(null, ACCOUNT);

test("what a customer pays goes into his meter as he ordered, and the older debt stays a debt", async () => {
  const order = { account: ACCOUNT, amount: yuan("50.00"), channel: "bank", orderId: "o-1" };
  expect(await house.desk.examine(order)).toBe(null);
  const { command } = await inOne((tx) => house.desk.take(tx, order));
  expect(command).toMatchObject({ kind: "top-up", state: "accepted" });
  expect(await position()).toEqual({ available: yuan("-5.00"), held: yuan("50.00") });
  await inOne((tx) => house.ledger.settle(tx, { account: ACCOUNT, amount: yuan("50.00"), hold: command!.id, meter: METER }));
  expect(await position()).toEqual({ available: yuan("-5.00"), held: 0n });
});

test("the rest of a wallet that is closed now goes on whole; carried again later, it has to be there", async () => {
  const amount = yuan("41.20");
  const closeOldWallet = (tx: Transaction): Promise<unknown> =>
    house.ledger.receive(tx, { account: ACCOUNT, amount, channel: "the-old-wallet", reference: "p-1" });
  await inOne(async (tx) => {
    await closeOldWallet(tx);
    await carryOver(house.carrying, tx, replacement, { amount, cameInNow: true });
  });
  expect(await position()).toEqual({ available: yuan("-5.00"), held: amount });
  const again = inOne((tx) => carryOver(house.carrying, tx, replacement, { amount, cameInNow: false }));
  await expect(again).rejects.toMatchObject({ code: "carry-over-not-covered", context: { available: "-5.00" } });
  expect(await position(), "nothing is half done").toEqual({ available: yuan("-5.00"), held: amount });
});
