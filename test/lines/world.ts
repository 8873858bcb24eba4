/**
 * A street and the gateway's lines, sessions and commands on it, in one process and on one clock: the real line actor, the real
 * sessions, the real command machine and runner; only the books are kept in memory. What a test asks is asked as people ask it,
 * and what it checks it reads from the meters.
 */
import { buildStreet, type BusPlan, type MeterPlan, type Street as Simulated } from "../../simulator/street.ts";
import type { Command, CommandKind } from "../../src/commands/command.ts";
import { isOpen } from "../../src/commands/command.ts";
import { definitionOf } from "../../src/commands/catalogue.ts";
import { CommandRunner, type RunnerParts } from "../../src/commands/command-runner.ts";
import { CommandService } from "../../src/commands/command-service.ts";
import { IdentityWatch } from "../../src/commands/identity-watch.ts";
import type { AddressKeeper } from "../../src/commands/shared-addresses.ts";
import { readForPerson } from "../../src/commands/person-reading.ts";
import type { BusConfig } from "../../src/devices/bus-config.ts";
import { meterModels } from "../../src/devices/meter-models.ts";
import type { MeterRecord, ModelName, Street } from "../../src/devices/meter.ts";
import { dutiesOf, onlyWarm } from "../../src/devices/poll-tiers.ts";
import { Poller } from "../../src/devices/poller.ts";
import type { ReadingIntake } from "../../src/devices/reading-intake.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { minutes, type Clock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress, PaymentId, type CommandId } from "../../src/kernel/ids.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import { LineDesk } from "../../src/queue/line-desk.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import type { BrokerOptions } from "../../src/transports/mqtt-link.ts";
import type { Transport } from "../../src/transports/transport.ts";
import { BooksInMemory } from "./books-in-memory.ts";

/** How often the clerk looks whether a command's time has come, as the sweeper does in the house. */
const LOOK_EVERY_MS = 1_000;

export interface WorldOptions {
  readonly clock: Clock;
  readonly seed?: number;
  readonly log?: Logger;
  readonly bus: Omit<BusPlan, "id">;
  /** How the gateway reaches the bus, told when the street stands. */
  readonly reach: (simulator: Simulated) => Partial<BusConfig> & Pick<BusConfig, "transport">;
  readonly wires?: (simulator: Simulated) => () => Transport;
  readonly mqtt?: BrokerOptions;
  readonly meters: readonly Partial<MeterPlan>[];
  /** Polls every so often, from `startPolls` on. */
  readonly pollEveryMs?: number;
  /** Who is told of addresses that two meters share. */
  readonly addresses?: AddressKeeper;
}

export interface World {
  readonly simulator: Simulated;
  readonly street: Street;
  readonly books: BooksInMemory;
  readonly addresses: readonly MeterAddress[];
  /** What polls brought home, in order. */
  readonly polled: Reading[];
  startPolls(): void;
  order(kind: CommandKind, meter: MeterAddress, params?: Readonly<Record<string, unknown>>): Promise<CommandId>;
  /** Accepted, and nobody works on it but whoever runs it with `runnerParts`. */
  orderUnrun(kind: CommandKind, meter: MeterAddress, params?: Readonly<Record<string, unknown>>): Promise<CommandId>;
  readonly runnerParts: RunnerParts;
  topUp(meter: MeterAddress, amount: string): Promise<CommandId>;
  read(meter: MeterAddress, items: readonly string[]): Promise<readonly Reading[]>;
  /** Resolves when it has ended, or after so many milliseconds of the world. */
  ended(id: CommandId, withinMs: number): Promise<Command>;
  close(): Promise<void>;
}

export const addressOf = (n: number): MeterAddress => MeterAddress(String(202611220001 + n));

export async function raiseWorld(options: WorldOptions): Promise<World> {
  const { clock, log = silentLog, pollEveryMs } = options;
  const chance = seededChance(options.seed ?? 7);
  const simulator = await buildStreet({
    clock,
    chance: chance.child("street"),
    start: clock.now(),
    buses: [{ id: "bus-1", ...options.bus }],
    meters: options.meters.map((plan, n): MeterPlan => ({ address: addressOf(n), bus: "bus-1", balance: "50.00", ...plan })),
  });
  simulator.pauseHouseholds();
  const records = options.meters.map((plan, n): MeterRecord => {
    const address = addressOf(n);
    return {
      address,
      meterNumber: address,
      customerNumber: `00${address.slice(2)}`,
      account: AccountId(address.slice(2)),
      bus: BusId("bus-1"),
      model: (plan.model ?? "standard-wallet") as ModelName,
      relayPassword: null,
    };
  });
  const street = buildStreetLines({
    clock,
    chance: chance.child("lines"),
    log,
    security: softwareModule({ chance: chance.child("security"), log: silentLog, mode: "test" }),
    buses: [{ id: "bus-1", ...options.reach(simulator) }],
    meters: records,
    timeZone: "Asia/Shanghai",
    ...(options.mqtt === undefined ? {} : { mqtt: options.mqtt }),
    ...(options.wires === undefined ? {} : { wires: new Map([["bus-1", options.wires(simulator)]]) }),
  });

  const ending = new AbortController();
  const desk = new LineDesk((id) => runner.run(id));
  const unrun = new Set<CommandId>();
  const submit = (id: CommandId): void => {
    if (unrun.has(id)) return;
    const { kind } = books.command(id);
    desk.submit(id, "bus-1", definitionOf(kind).priority);
  };
  const books = new BooksInMemory(clock, (id) => queueMicrotask(() => submit(id)));
  await books.bringIn(records);
  let made = 0;
  const parts = {
    clock,
    log,
    newId: () => `00000000-0000-7000-8000-${String((made += 1)).padStart(12, "0")}`,
    transactor: books.transactor,
    commands: books.stores.commands,
    payments: books.stores.payments,
    meters: books.stores.meters,
    ledger: books.ledger,
    outbox: books.stores.outbox,
  };
  const service = new CommandService(parts);
  const identities = new IdentityWatch({
    ...{ ...parts, street },
    ...(options.addresses === undefined ? {} : { addresses: options.addresses }),
  });
  const runnerParts: RunnerParts = {
    ...parts,
    street,
    guard: { whyNot: () => Promise.resolve(null) },
    identities,
    sights: { relay: () => Promise.resolve(), wallet: () => Promise.resolve() },
  };
  const runner = new CommandRunner(runnerParts);
  const polled: Reading[] = [];
  const poller = new Poller({
    street,
    intake: {
      take: (readings: readonly Reading[]) => Promise.resolve(void polled.push(...readings)),
    } as unknown as ReadingIntake,
    relay: () => Promise.resolve(),
    clock,
    log,
    duties: ({ model }) => dutiesOf(onlyWarm(pollEveryMs ?? minutes(15)), meterModels[model], false),
    identityInDoubt: () => Promise.resolve(false),
    identity: () => Promise.resolve(),
    sideBySide: () => false,
  });
  street.onHeard((meter) => {
    poller.hurry(meter);
    void books.stores.commands.wakeMeter(meter, clock.now()).then((ids) => ids.forEach(submit));
  });
  street.onLineOpen((meters) => {
    for (const meter of meters) void books.stores.commands.wakeMeter(meter, clock.now()).then((ids) => ids.forEach(submit));
  });
  const clerk = (async () => {
    while (!ending.signal.aborted) {
      for (const id of await books.stores.commands.due(clock.now(), 100)) if (!desk.has(id)) submit(id);
      await clock.wait(LOOK_EVERY_MS, ending.signal);
    }
  })();
  const order: World["order"] = async (kind, meter, params = {}) => {
    const wish = { kind, meter, params, reason: "a test" };
    const command = await books.transactor.transact((tx) =>
      service.accept(tx, { ...wish, account: null, payment: null, askedBy: "person" }),
    );
    return command.id;
  };
  /** As the payment service does it, without its refusals. */
  const topUp: World["topUp"] = async (meter, yuan) => {
    const [account, amount, id] = [AccountId(meter.slice(2)), parseYuan(yuan), PaymentId(parts.newId())];
    const command = await books.transactor.transact(async (tx) => {
      const payment = { id, account, amount, channel: "test", orderId: id, command: null, refund: null, createdAt: clock.now() };
      await books.stores.payments.insert(tx, { ...payment, state: "taken" });
      await books.ledger.receive(tx, { account, amount, channel: "test", reference: id });
      const params = { amount: amount.toString() };
      const wish = { kind: "top-up", meter, account, payment: id, params, askedBy: "payment", reason: "a test" } as const;
      const accepted = await service.accept(tx, wish);
      await books.ledger.hold(tx, { account, amount, hold: accepted.id });
      return accepted;
    });
    return command.id;
  };
  return {
    simulator,
    street,
    books,
    addresses: records.map(({ address }) => address),
    polled,
    startPolls: () => poller.start(),
    order,
    orderUnrun: async (...wish) => {
      const nextId = `00000000-0000-7000-8000-${String(made + 1).padStart(12, "0")}` as CommandId;
      unrun.add(nextId);
      return order(...wish);
    },
    runnerParts,
    topUp,
    read: (meter, items) => readForPerson({ street, identities, intake: { take: () => Promise.resolve() } }, meter, items),
    ended: async (id, withinMs) => {
      const until = clock.now() + withinMs;
      while (isOpen(books.command(id).state) && clock.now() < until) await clock.wait(50);
      return books.command(id);
    },
    close: async () => {
      ending.abort();
      await clerk;
      desk.stop();
      await poller.stop();
      await runner.idle();
      await street.close();
      await simulator.close();
    },
  };
}
