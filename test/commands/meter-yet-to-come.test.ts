/** A command for a meter that another gateway has added a moment ago, and that does not hang on a line of this one yet. On books in memory. */
import { beforeEach, expect, test } from "vitest";
import { CommandRunner } from "../../src/commands/command-runner.ts";
import { CommandService, type CommandWish } from "../../src/commands/command-service.ts";
import type { Command } from "../../src/commands/command.ts";
import { PaymentService } from "../../src/commands/payment-service.ts";
import type { MeterRecord, Street } from "../../src/devices/meter.ts";
import { hours, Instant, later, minutes, type Clock } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory, type StoresInMemory } from "../../src/stores/in-memory/stores.ts";

const ACCOUNT = AccountId("1000000001");
const METER = MeterAddress("202611220001");
const NEXT = MeterAddress("202611220002");
const recordOf = (address: MeterAddress): MeterRecord => ({
  ...{ address, meterNumber: address, customerNumber: address, account: ACCOUNT, bus: BusId("b") },
  ...{ model: "standard-wallet", relayPassword: null },
});
const setting = { account: ACCOUNT, name: "", class: "residential", mode: "local", tariff: "flat" } as const;

let now = Instant(Date.UTC(2026, 10, 23, 2));
const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
/** What it says of this meter, which it has never heard of. */
const street = {
  session: (meter: MeterAddress) => Promise.reject(new Fault("unknown-meter", { meter })),
  health: () => ({ state: "unknown", failures: 0, lastHeardAt: null, askAgainAt: null }),
} as unknown as Street;
let stores: StoresInMemory;
let accept: (wish: CommandWish) => Promise<Command>;
let ledger: Ledger;
let command: Command;
let runner: CommandRunner;

beforeEach(async () => {
  now = Instant(Date.UTC(2026, 10, 23, 2));
  const db = new InMemoryDatabase({ now: () => now });
  stores = storesInMemory(db, clock);
  const { meters, commands, payments, outbox } = stores;
  await meters.bringIn([setting], [recordOf(METER)]);
  ledger = new Ledger({ store: stores.ledger, clock });
  let ids = 0;
  const newId = (): string => `01930000-0000-7000-8000-${String((ids += 1)).padStart(12, "0")}`;
  const common = { ...{ clock, newId, payments, meters, commands, ledger, outbox }, transactor: db, log: silentLog };
  accept = (wish) => db.transact((tx) => new CommandService(common).accept(tx, wish));
  const afterCredit = { restore: () => Promise.resolve(null) };
  const desk = new PaymentService({
    ...{ ...common, service: new CommandService(common), afterCredit, channels: null, cap: parseYuan("50000.00") },
  });
  const order = { account: ACCOUNT, amount: parseYuan("80.00"), channel: "bank", orderId: "o-1" };
  command = (await db.transact((tx) => desk.take(tx, order))).command!;
  runner = new CommandRunner({
    ...{ ...common, street, guard: { whyNot: () => Promise.resolve(null) } },
    identities: { strangerIn: () => null, inDoubt: () => false, compared: () => undefined } as never,
    sights: { relay: () => Promise.resolve(), wallet: () => Promise.resolve() },
  });
});
const found = async () => (await stores.commands.find(null, command.id))!;
const held = async () => (await ledger.position(null, ACCOUNT)).held;

test("waits for it, with the money held, and ends by its deadline as always", async () => {
  await runner.run(command.id);
  expect(await found()).toMatchObject({ state: "queued", waitingFor: "line" });
  const inAMinute = await stores.commands.due(later(now, minutes(1)), 10, ["b"]);
  expect(inAMinute, "added meters are looked for every few seconds").toEqual([command.id]);
  expect(await held()).toBe(parseYuan("80.00"));
  now = later(now, hours(73));
  await runner.run(command.id);
  expect(await found()).toMatchObject({ state: "expired" });
  expect(await held()).toBe(0n);
});

test("ends at once where another meter has taken its place, or the books have it no more", async () => {
  await stores.meters.bringIn([setting], [recordOf(NEXT)]);
  await runner.run(command.id);
  expect(await found()).toMatchObject({ state: "refused", because: "unknown-meter" });
  expect(await held()).toBe(0n);
});

test("where the meter has no account it is waited for as well, until the order's time is over", async () => {
  await stores.meters.bringIn([setting], [{ ...recordOf(NEXT), account: null }]);
  const read = await accept({
    kind: "read-now",
    meter: NEXT,
    account: null,
    payment: null,
    askedBy: "person",
    params: { items: ["clock"] },
    reason: "a look",
  });
  await runner.run(read.id);
  expect(await stores.commands.find(null, read.id)).toMatchObject({ state: "queued", waitingFor: "line" });
  now = later(read.notAfter, 1);
  await runner.run(read.id);
  expect(await stores.commands.find(null, read.id)).toMatchObject({ state: "expired" });
});
