/**
 * The same journey, dying at every step in turn: before and after each write to the books and each word to the meter. A dead
 * worker does nothing more; a new one that knows only the rows takes over. Wherever it died, the end is the same.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { buildStreet, type Street as SimulatedStreet } from "../../simulator/street.ts";
import { IdentityWatch } from "../../src/commands/identity-watch.ts";
import { CommandRunner, type RunnerParts } from "../../src/commands/command-runner.ts";
import { CommandService } from "../../src/commands/command-service.ts";
import { RefundService } from "../../src/commands/refund-service.ts";
import { PaymentService } from "../../src/commands/payment-service.ts";
import { isOpen, type CommandKind } from "../../src/commands/command.ts";
import type { CommandId } from "../../src/kernel/ids.ts";
import type { MeterSession, Street } from "../../src/devices/meter.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { PostgresCommandStore } from "../../src/stores/command-store.ts";
import { PostgresLedgerStore } from "../../src/stores/ledger-store.ts";
import { PostgresMeterStore } from "../../src/stores/meter-store.ts";
import { PostgresOutbox } from "../../src/stores/outbox.ts";
import { PostgresPaymentStore } from "../../src/stores/payment-store.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { Dead, Fate, mortal } from "../support/mortal.ts";

const METERS = 260;
const clock = systemClock;
const addresses = Array.from({ length: METERS }, (_, index) => MeterAddress(String(202611230001 + index)));
const accountOf = (address: MeterAddress): AccountId => AccountId(address.slice(2));
let used = 0;

let database: TestDatabase;
let simulated: SimulatedStreet;
let street: Street;
let parts: RunnerParts;
let payments: PaymentService;
let refunds: RefundService;
let service: CommandService;

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  simulated = await buildStreet({
    clock,
    seed: 7,
    speed: 0,
    buses: [{ id: "tcp-1", endpoint: { kind: "tcp" } }],
    meters: addresses.map((address) => ({ address, bus: "tcp-1", model: "standard-wallet", balance: "10.00", loadKw: 0 })),
  });
  const records = addresses.map((address) => ({
    address,
    meterNumber: address,
    customerNumber: `00${address.slice(2)}`,
    account: accountOf(address),
    bus: BusId("tcp-1"),
    model: "standard-wallet" as const,
    relayPassword: null,
  }));
  const chance = seededChance(7);
  street = buildStreetLines({
    clock,
    chance,
    log: silentLog,
    security: softwareModule({ chance, log: silentLog, mode: undefined }),
    buses: [
      {
        id: "tcp-1",
        transport: { kind: "tcp", host: "127.0.0.1", port: Number(simulated.endpoints[0]!.at) },
        turnaroundMs: 0,
        replyDeadlineMs: 150,
        quietMs: 50,
      },
    ],
    meters: records,
    timeZone: "Asia/Shanghai",
  });
  const meters = new PostgresMeterStore(db, clock);
  await meters.bringIn(
    records.map(({ account }) => ({ account, name: account, class: "residential", mode: "local", tariff: "flat" })),
    records,
  );
  const common = {
    clock,
    log: silentLog,
    newId: () => uuidv7(),
    transactor: db,
    commands: new PostgresCommandStore(db, clock),
    payments: new PostgresPaymentStore(db),
    meters,
    ledger: new Ledger({ store: new PostgresLedgerStore(db), clock }),
    outbox: new PostgresOutbox(db),
  };
  service = new CommandService(common);
  payments = new PaymentService({
    ...common,
    service,
    afterCredit: { restore: () => Promise.resolve(null) },
    channels: null,
    cap: parseYuan("1000.00"),
  });
  refunds = new RefundService({ ...common, service });
  parts = {
    ...common,
    street,
    guard: { whyNot: () => Promise.resolve(null) },
    identities: new IdentityWatch({ ...common, street }),
    sights: {
      relay: async (tx, command, picture) => {
        await meters.setRelay(tx, command.meter, picture);
      },
      wallet: () => Promise.resolve(),
    },
  };
});
afterAll(async () => {
  await street.close();
  await simulated.close();
  await database.drop();
});

function mortalRunner(fate: Fate): CommandRunner {
  const session: Street["session"] = async (address, options) =>
    mortal<MeterSession>(await street.session(address, options), fate);
  return new CommandRunner({
    ...parts,
    transactor: mortal(parts.transactor, fate),
    commands: mortal(parts.commands, fate),
    meters: mortal(parts.meters, fate),
    street: { ...street, session },
  });
}

/** New workers, as after a restart, until the command has ended: a meter that was silent is asked again only after its pause. */
async function finish(id: CommandId): Promise<string> {
  for (let births = 0; births < 500; births += 1) {
    const command = await parts.commands.find(null, id);
    if (!isOpen(command!.state)) return command!.state;
    await new CommandRunner(parts).run(id);
    await clock.wait(20);
  }
  throw new Error("it did not end");
}

async function topUp(address: MeterAddress): Promise<CommandId> {
  const { command } = await parts.transactor.transact((tx) =>
    payments.take(tx, { account: accountOf(address), amount: parseYuan("100.00"), channel: "sweep", orderId: address }),
  );
  return command!.id;
}
/** Paid and credited, and then asked back. */
async function refund(address: MeterAddress): Promise<CommandId> {
  expect(await finish(await topUp(address))).toBe("confirmed");
  const { id } = (await parts.payments.byOrder(null, "sweep", address))!;
  const wish = { reason: "sweep", actor: "sweep" };
  const { command } = await parts.transactor.transact((tx) => refunds.refund(tx, id, wish));
  return command!.id;
}
const ordering =
  (kind: CommandKind, params: Readonly<Record<string, unknown>> = {}) =>
  async (address: MeterAddress): Promise<CommandId> => {
    const command = await parts.transactor.transact((tx) =>
      service.accept(tx, {
        kind,
        meter: address,
        account: accountOf(address),
        payment: null,
        params,
        askedBy: "person",
        reason: "sweep",
      }),
    );
    return command.id;
  };
const disconnect = ordering("disconnect");

/** Dies at step 1, 2, 3 … until a run lives to its end; answers how many steps there are. */
async function sweep(
  when: "before" | "after",
  begin: (address: MeterAddress) => Promise<CommandId>,
  holds: (address: MeterAddress, id: CommandId) => Promise<void>,
): Promise<number> {
  for (let at = 1; ; at += 1) {
    const address = addresses[used++]!;
    const id = await begin(address);
    const fate = new Fate(at, when);
    await mortalRunner(fate)
      .run(id)
      .catch((error: unknown) => {
        if (!(error instanceof Dead)) throw error;
      });
    expect(await finish(id), `died ${when} step ${at}`).toBe("confirmed");
    await holds(address, id);
    if (!fate.dead) return at - 1;
  }
}

const creditedOnce = async (address: MeterAddress, id: CommandId): Promise<void> => {
  expect(simulated.snapshot(address)).toMatchObject({ balance: "110.00", purchaseCount: 1, obeyed: { topUps: 1 } });
  expect(await parts.ledger.position(null, accountOf(address))).toEqual({ available: 0n, held: 0n });
  expect((await parts.payments.byOrder(null, "sweep", address))!.state).toBe("allocated");
  expect((await parts.commands.attempts(id)).length).toBeLessThanOrEqual(2);
};

const takenBackOnce = async (address: MeterAddress, id: CommandId): Promise<void> => {
  expect(simulated.snapshot(address)).toMatchObject({ balance: "10.00", obeyed: { topUps: 1, refunds: 1 } });
  expect(await parts.ledger.position(null, accountOf(address))).toEqual({ available: 0n, held: 0n });
  expect(await parts.payments.byOrder(null, "sweep", address)).toMatchObject({ state: "refunded", refund: id });
  expect((await parts.commands.attempts(id)).length).toBeLessThanOrEqual(2);
};

describe("wherever the worker dies", () => {
  test.each(["before", "after"] as const)(
    "%s any step of a top-up: it is confirmed and credited once",
    async (when) => {
      const steps = await sweep(when, topUp, creditedOnce);
      expect(steps).toBeGreaterThan(9);
    },
    120_000,
  );

  test("after any step of a top-up whose answer is lost: it is confirmed and credited once", async () => {
    const begin = (address: MeterAddress): Promise<CommandId> => {
      simulated.setFault(address, { kind: "lost-reply", function: "03", di: "070102FF" });
      return topUp(address);
    };
    expect(await sweep("after", begin, creditedOnce)).toBeGreaterThan(9);
  }, 120_000);

  test.each(["before", "after"] as const)(
    "%s any step of a refund: it is confirmed, taken back once and paid out once",
    async (when) => {
      expect(await sweep(when, refund, takenBackOnce)).toBeGreaterThan(9);
    },
    240_000,
  );

  test("after any step of a refund whose answer is lost: it is confirmed, taken back once and paid out once", async () => {
    const begin = (address: MeterAddress): Promise<CommandId> => {
      simulated.setFault(address, { kind: "lost-reply", function: "14", di: "04001006" });
      return refund(address);
    };
    expect(await sweep("after", begin, takenBackOnce)).toBeGreaterThan(9);
  }, 240_000);

  test("after any step of a cut: the relay is open, and the order was obeyed", async () => {
    const steps = await sweep("after", disconnect, async (address) => {
      expect(simulated.snapshot(address).relay).toBe("disconnected");
      await Promise.resolve();
    });
    expect(steps).toBeGreaterThan(6);
  }, 120_000);

  test("after any step of a cut for a time: the relay is open, and its minutes were not begun anew", async () => {
    const steps = await sweep("after", ordering("disconnect-for", { minutes: 30, then: "reconnect" }), (address) => {
      expect(simulated.snapshot(address)).toMatchObject({ relay: "disconnected", obeyed: { disconnects: 1 } });
      return Promise.resolve();
    });
    expect(steps).toBeGreaterThan(6);
  }, 120_000);

  test("after any step of a clock being set, and of a freeze: the meter shows it", async () => {
    const setClock = ordering("clock-set", { way: "write" });
    const steps = await sweep(
      "after",
      (address) => {
        simulated.patch(address, { clockOffsetMs: 3_600_000 });
        return setClock(address);
      },
      (address) => {
        expect(simulated.snapshot(address).obeyed["clockSets"]).toBe(1);
        return Promise.resolve();
      },
    );
    expect(steps).toBeGreaterThan(6);
    expect(await sweep("after", ordering("freeze"), () => Promise.resolve())).toBeGreaterThan(6);
  }, 120_000);
});
