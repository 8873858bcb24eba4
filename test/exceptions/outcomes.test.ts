/** Ends of commands on real rows: one item each, counted where a rule asks anew, none where an order gave way, and nothing without its transaction. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import type { Command, CommandKind } from "../../src/commands/command.ts";
import { CommandService, type CommandServiceParts } from "../../src/commands/command-service.ts";
import { apply } from "../../src/commands/conclusion.ts";
import type { ExceptionItem } from "../../src/exceptions/item.ts";
import { exceptionsOf } from "../../src/house/exceptions.ts";
import { Instant, type Clock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress, PaymentId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { PostgresCommandStore } from "../../src/stores/command-store.ts";
import { PostgresLedgerStore } from "../../src/stores/ledger-store.ts";
import { PostgresMeterStore } from "../../src/stores/meter-store.ts";
import { PostgresOutbox } from "../../src/stores/outbox.ts";
import { PostgresPaymentStore } from "../../src/stores/payment-store.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";

const now = Instant(Date.UTC(2026, 10, 23, 2));
const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
const ACCOUNT = AccountId("1");
const meters = ["202611220401", "202611220402", "202611220403", "202611220404"].map((text) => MeterAddress(text));
const [RULED, GAVE_WAY, UNDONE, REFUNDED] = meters as [MeterAddress, MeterAddress, MeterAddress, MeterAddress];

let database: TestDatabase;
let parts: CommandServiceParts;
let open: ReturnType<typeof exceptionsOf>;

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  const meterStore = new PostgresMeterStore(db, clock);
  const books = {
    clock,
    log: silentLog,
    newId: () => uuidv7(),
    transactor: db,
    commands: new PostgresCommandStore(db, clock),
    payments: new PostgresPaymentStore(db),
    meters: meterStore,
    ledger: new Ledger({ store: new PostgresLedgerStore(db), clock }),
    outbox: new PostgresOutbox(db),
  };
  open = exceptionsOf({ ...books, db });
  parts = { ...books, outcomes: open.outcomes };
  const record = {
    customerNumber: "000000000000",
    account: null,
    bus: BusId("b"),
    model: "remote-ledger",
    relayPassword: null,
  } as const;
  await meterStore.bringIn(
    [{ account: ACCOUNT, name: "", class: "residential", mode: "remote", tariff: "flat" }],
    meters.map((address) => ({ ...record, address, meterNumber: address })),
  );
});
afterAll(() => database.drop());

const asked = (meter: MeterAddress, kind: CommandKind, askedBy: "rule" | "person"): Promise<Command> =>
  database.db.transact((tx) =>
    new CommandService(parts).accept(tx, { kind, meter, account: null, payment: null, params: {}, askedBy, reason: "a test" }),
  );
const ends = (command: Command, event: Parameters<typeof apply>[3]): Promise<unknown> =>
  database.db.transact((tx) => apply(parts, tx, command, event));
const about = (meter: MeterAddress): Promise<readonly ExceptionItem[]> => open.store.list({ meter, limit: 10 });

test("a rule's wish that is made anew and fails again is the same item, counted; its success closes it with the proof", async () => {
  for (let n = 0; n < 3; n += 1)
    await ends(await asked(RULED, "reconnect", "rule"), { type: "declined", because: "password-refused" });
  expect(await about(RULED)).toMatchObject([{ kind: "command-refused", count: 3, closedAt: null, owner: "operations" }]);
  await ends(await asked(RULED, "reconnect", "rule"), { type: "declined", because: "relay-refused" });
  expect(await about(RULED)).toHaveLength(2); // another cause is another item
  const last = await asked(RULED, "reconnect", "rule");
  await ends(last, { type: "shown" });
  const closed = await about(RULED);
  expect(closed.map(({ closedBy }) => closedBy)).toEqual(["gateway", "gateway"]);
  expect(closed[0]!.closingNote).toContain(last.id);
});

test("an order that gave way to a newer one makes no item, and a person's two failures make two", async () => {
  await asked(GAVE_WAY, "disconnect", "person");
  const newer = await asked(GAVE_WAY, "reconnect", "person"); // supersedes the unsent cut
  expect(await about(GAVE_WAY)).toEqual([]);
  await ends(newer, { type: "declined", because: "password-refused" });
  await ends(await asked(GAVE_WAY, "reconnect", "person"), { type: "out-of-time" });
  expect((await about(GAVE_WAY)).map(({ kind, count }) => [kind, count])).toEqual([
    ["command-expired", 1],
    ["command-refused", 1],
  ]);
});

test("a refund that is taken back fails nobody: its money is in the meter, unless the wallet was closed meanwhile", async () => {
  const refund = async (because: string): Promise<void> => {
    const payment = PaymentId(uuidv7());
    const amount = parseYuan("10.00");
    const command = await database.db.transact(async (tx) => {
      await parts.payments.insert(tx, {
        ...{ id: payment, account: ACCOUNT, amount, channel: "c", orderId: payment, state: "allocated" },
        ...{ command: null, refund: null, createdAt: now },
      });
      return new CommandService(parts).accept(tx, {
        ...{ kind: "refund", meter: REFUNDED, account: ACCOUNT, payment, params: { amount: amount.toString() } },
        ...{ askedBy: "person", reason: "a test" },
      });
    });
    await ends(command, { type: "cancel", because });
  };
  await refund("person");
  expect(await about(REFUNDED)).toEqual([]);
  await refund("mode-switched");
  expect(await about(REFUNDED)).toMatchObject([{ kind: "payment-unallocated", because: "mode-switched" }]);
});

test("an end that is rolled back leaves no item behind", async () => {
  const command = await asked(UNDONE, "protect", "person");
  const work = database.db.transact(async (tx) => {
    await apply(parts, tx, command, { type: "declined", because: "password-refused" });
    throw new Error("the disk is full");
  });
  await expect(work).rejects.toThrow("the disk is full");
  expect(await about(UNDONE)).toEqual([]);
  await ends(command, { type: "declined", because: "password-refused" });
  expect(await about(UNDONE)).toHaveLength(1);
});

test("two gateways that look around at once say the same thing once", async () => {
  await database.db.run(null, "UPDATE meters SET identity = 'quarantined' WHERE address = $1", [UNDONE]);
  await Promise.all([open.watch.look(), open.watch.look(), open.watch.look()]);
  expect((await about(UNDONE)).filter(({ kind }) => kind === "meter-quarantined")).toMatchObject([{ count: 1 }]);
});
