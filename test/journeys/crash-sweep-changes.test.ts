/**
 * Meters that change, dying at every step in turn (crash-sweep.test.ts tells how): a wallet that is wiped, a meter that goes over to
 * remote mode, one that takes another's place. Wherever the worker died, the money stands where it belongs, once.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { uuidv7 } from "uuidv7";
import { buildStreet, type Street as SimulatedStreet } from "../../simulator/street.ts";
import { IdentityWatch } from "../../src/commands/identity-watch.ts";
import { CommandRunner, type RunnerParts } from "../../src/commands/command-runner.ts";
import { CommandService } from "../../src/commands/command-service.ts";
import { moneyAtEndOf } from "../../src/commands/ends-with-money.ts";
import { PaymentService } from "../../src/commands/payment-service.ts";
import { isOpen } from "../../src/commands/command.ts";
import { ReplacementService } from "../../src/commands/replacement/replacement-service.ts";
import { advance, type StepParts } from "../../src/commands/replacement/replacement-steps.ts";
import type { MeterRecord, MeterSession, Street } from "../../src/devices/meter.ts";
import { ReadingIntake } from "../../src/devices/reading-intake.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import { postgresStores } from "../../src/house/postgres-stores.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress, type CommandId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { parsePrice, parseYuan } from "../../src/kernel/money.ts";
import { Billing } from "../../src/ledger/billing.ts";
import { flatTariff } from "../../src/tariff/tariff.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { MeteredUse } from "../../src/policy/metered-use.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { PostgresCommandStore } from "../../src/stores/command-store.ts";
import { testDatabase, type TestDatabase } from "../support/database.ts";
import { Dead, Fate, mortal } from "../support/mortal.ts";
import { registerGate } from "../support/register-gate.ts";

const PER_KIND = 120;
const clock = systemClock;
const numbered = (from: number): readonly MeterAddress[] =>
  Array.from({ length: PER_KIND }, (_, index) => MeterAddress(String(from + index)));
const bench = numbered(202611240001);
const leaving = numbered(202611241001);
const old = numbered(202611242001);
const fresh = numbered(202611243001);
const accountOf = (address: MeterAddress): AccountId => AccountId(address.slice(2));
const recordOf = (address: MeterAddress): MeterRecord => ({
  ...{ address, meterNumber: address, customerNumber: `00${address.slice(2)}`, bus: BusId("tcp-1"), relayPassword: null },
  account: fresh.includes(address) ? null : accountOf(address),
  model: leaving.includes(address) ? "southern-grid" : "standard-wallet",
  testBench: bench.includes(address),
});

let database: TestDatabase;
let simulated: SimulatedStreet;
let parts: RunnerParts & StepParts;
let payments: PaymentService;
let replacing: ReplacementService;

beforeAll(async () => {
  database = await testDatabase();
  const { db } = database;
  const records = [...bench, ...leaving, ...old, ...fresh].map(recordOf);
  simulated = await buildStreet({
    ...{ clock, seed: 7, speed: 0, buses: [{ id: "tcp-1", endpoint: { kind: "tcp" } }] },
    meters: records.map(({ address, model, account }) => ({
      ...{ address, bus: "tcp-1", model, balance: account === null ? "0.00" : "10.00", loadKw: 0 },
    })),
  });
  const chance = seededChance(7);
  const at = { host: "127.0.0.1", port: Number(simulated.endpoints[0]!.at) };
  const street = buildStreetLines({
    ...{ clock, chance, log: silentLog, meters: records, timeZone: "Asia/Shanghai" },
    security: softwareModule({ chance, log: silentLog, mode: undefined }),
    buses: [{ id: "tcp-1", transport: { kind: "tcp", ...at }, turnaroundMs: 0, replyDeadlineMs: 150, quietMs: 50 }],
  });
  // every line is ours
  const stores = { ...postgresStores(db, clock, "sweep"), commands: new PostgresCommandStore(db, clock) };
  const { commands, meters, outbox, replacements } = stores;
  const hung = records.filter(({ account }) => account !== null);
  await meters.bringIn(
    hung.map(({ account }) => ({ account: account!, name: account!, class: "residential", mode: "local", tariff: "flat" })),
    hung,
  );
  const ledger = new Ledger({ store: stores.ledger, clock });
  const timeZone = "Asia/Shanghai";
  const tariffs = new Map([["flat", flatTariff("flat", parsePrice("0.5283"))]]);
  const billing = new Billing({ store: stores.billing, ledger, timeZone, tariffs });
  const energy = new MeteredUse({ billing, meters, outbox, clock, timeZone });
  const intake = new ReadingIntake({
    ...{ store: stores.readings, transactor: db, outbox, energy, log: silentLog },
    gate: registerGate(stores, clock),
  });
  const common = {
    ...{
      clock,
      log: silentLog,
      newId: () => uuidv7(),
      transactor: db,
      commands,
      payments: stores.payments,
      meters,
      ledger,
      outbox,
    },
    moneyAtEnd: moneyAtEndOf({ clock, commands, ledger, outbox, modes: meters, billing: intake }),
  };
  const service = new CommandService(common);
  const afterCredit = { restore: () => Promise.resolve(null) };
  payments = new PaymentService({ ...common, service, afterCredit, channels: null, cap: parseYuan("1000.00") });
  replacing = new ReplacementService({
    ...{ ...common, replacements, service, cap: parseYuan("50000.00"), asks: () => ({ restoreBy: "arm", meterWarn: false }) },
    buses: new Set(["tcp-1"]),
  });
  parts = {
    ...{ ...common, street, service, replacements, intake },
    guard: { whyNot: () => Promise.resolve(null) },
    identities: new IdentityWatch({ ...common, street }),
    sights: { relay: () => Promise.resolve(), wallet: () => Promise.resolve() },
    believed: () => Promise.resolve(null),
    isDoubted: () => Promise.resolve(false),
  };
});
afterAll(async () => {
  await (parts.street as Street & { close(): Promise<void> }).close();
  await simulated.close();
  await database.drop();
});

const mortalParts = (fate: Fate): RunnerParts & StepParts => ({
  ...parts,
  transactor: mortal(parts.transactor, fate),
  commands: mortal(parts.commands, fate),
  meters: mortal(parts.meters, fate),
  replacements: mortal(parts.replacements, fate),
  intake: mortal(parts.intake, fate),
  street: {
    ...parts.street,
    session: async (address, options) => mortal<MeterSession>(await parts.street.session(address, options), fate),
  },
});

async function untilDead(work: Promise<unknown>): Promise<void> {
  await work.catch((error: unknown) => {
    if (!(error instanceof Dead)) throw error;
  });
}

/** New workers, as after a restart, until the command has ended. */
async function finish(id: CommandId): Promise<string> {
  for (let births = 0; births < 500; births += 1) {
    const command = (await parts.commands.find(null, id))!;
    if (!isOpen(command.state)) return command.state;
    await new CommandRunner(parts).run(id);
    await clock.wait(20);
  }
  throw new Error("it did not end");
}

async function topUp(address: MeterAddress): Promise<CommandId> {
  const order = { account: accountOf(address), amount: parseYuan("100.00"), channel: "sweep", orderId: address };
  const { command } = await parts.transactor.transact((tx) => payments.take(tx, order));
  return command!.id;
}

const inFen = (text: string): bigint => parseYuan(text, "sum");
const sumOf = async (book: string): Promise<bigint> => {
  const [row] = await database.db.rows<{ sum: bigint }>(
    null,
    "SELECT coalesce(sum(amount), 0)::bigint AS sum FROM ledger_legs WHERE book = $1",
    [book],
  );
  return row!.sum;
};
const corrections = async (reference: string): Promise<number> =>
  (await database.db.rows(null, "SELECT 1 FROM ledger_entries WHERE kind = 'correction' AND reference = $1", [reference])).length;

/** Dies at step 1, 2, 3 … of what is begun, until a run lives to its end; answers how many steps there are. */
async function sweep(
  when: "before" | "after",
  meters: readonly MeterAddress[],
  story: {
    begin(address: MeterAddress, nth: number): Promise<string>;
    run(mortals: RunnerParts & StepParts, id: string): Promise<unknown>;
    finish(id: string): Promise<void>;
    holds(address: MeterAddress, id: string, nth: number): Promise<void>;
  },
): Promise<number> {
  for (let at = 1; ; at += 1) {
    const nth = used.get(meters) ?? 0;
    used.set(meters, nth + 1);
    const address = meters[nth]!;
    const id = await story.begin(address, nth);
    const fate = new Fate(at, when);
    await untilDead(story.run(mortalParts(fate), id));
    await story.finish(id);
    await story.holds(address, id, nth);
    if (!fate.dead) return at - 1;
  }
}
const used = new Map<readonly MeterAddress[], number>();

const ofOneCommand = {
  run: (mortals: RunnerParts, id: string) => new CommandRunner(mortals).run(id as CommandId),
  finish: async (id: string) => expect(await finish(id as CommandId)).toBe("confirmed"),
};
const ask = { payment: null, params: {}, askedBy: "person", reason: "sweep", askedByName: "lin" } as const;

const wiped = {
  ...ofOneCommand,
  begin: async (address: MeterAddress): Promise<string> => {
    expect(await finish(await topUp(address))).toBe("confirmed");
    simulated.patch(address, { keyState: "test" });
    const wish = { ...ask, kind: "wallet-reset", meter: address, account: accountOf(address) } as const;
    const { id } = await parts.transactor.transact((tx) => parts.service.accept(tx, wish));
    await parts.transactor.transact((tx) => parts.service.approve(tx, id, { actor: "zhao", note: "seen on the bench" }));
    return id;
  },
  holds: async (address: MeterAddress, id: string): Promise<void> => {
    expect(simulated.snapshot(address)).toMatchObject({ balance: "0.00", purchaseCount: 0 });
    expect([await sumOf(`meter/${address}`), await sumOf(`reset/${address}`)]).toEqual([0n, inFen("100.00")]);
    expect(await corrections(`wallet-reset/${id}`)).toBe(1);
  },
};

const switched = {
  ...ofOneCommand,
  begin: (address: MeterAddress): Promise<string> =>
    parts.transactor.transact(async (tx) => {
      const wish = {
        ...ask,
        kind: "mode-switch",
        meter: address,
        account: accountOf(address),
        params: { way: "order" },
      } as const;
      return (await parts.service.accept(tx, wish)).id;
    }),
  holds: async (address: MeterAddress, id: string): Promise<void> => {
    expect(simulated.snapshot(address)).toMatchObject({ mode: "remote", obeyed: { modeSwitches: 1 } });
    const account = accountOf(address);
    expect(await parts.ledger.position(null, account)).toEqual({ available: inFen("10.00"), held: 0n });
    expect(await parts.meters.account(null, account)).toMatchObject({ mode: "remote" });
    expect(await corrections(`mode-switch/${id}`)).toBe(1);
  },
};

const replaced = {
  begin: async (address: MeterAddress, nth: number): Promise<string> => {
    const { address: newMeter, meterNumber, customerNumber, bus, model } = recordOf(fresh[nth]!);
    const wish = { given: null, reason: "sweep", askedByName: "lin" };
    const { id } = await parts.transactor.transact((tx) =>
      replacing.begin(tx, recordOf(address), {
        ...wish,
        newMeter: { address: newMeter, meterNumber, customerNumber, bus, model },
      }),
    );
    return id;
  },
  run: (mortals: StepParts, id: string) => advance(mortals, id),
  finish: async (id: string): Promise<void> => {
    for (let births = 0; births < 500; births += 1) {
      await advance(parts, id);
      const { step, command } = (await parts.replacements.find(null, id))!;
      if (step === "done") return;
      if (command !== null) expect(await finish(command)).toBe("confirmed");
    }
    throw new Error("it did not end");
  },
  holds: async (address: MeterAddress, id: string, nth: number): Promise<void> => {
    const next = fresh[nth]!;
    expect(simulated.snapshot(next)).toMatchObject({ balance: "10.00", purchaseCount: 1, obeyed: { topUps: 1 } });
    const account = accountOf(address);
    expect(await parts.ledger.position(null, account)).toEqual({ available: 0n, held: 0n });
    expect([await sumOf(`meter/${address}`), await sumOf(`meter/${next}`)]).toEqual([0n, inFen("10.00")]);
    expect(await corrections(`replacement/${id}`)).toBe(1);
    expect(await parts.meters.account(null, account)).toMatchObject({ meter: next });
    expect(await parts.meters.meter(null, address)).toMatchObject({ replacedBy: next, beingReplaced: false });
    expect(await parts.commands.list({ meter: next, limit: 10 })).toHaveLength(1);
  },
};

describe("wherever the worker dies", () => {
  test.each(["before", "after"] as const)(
    "%s any step of a wallet reset: it is wiped, and the books are moved over once",
    async (when) => {
      expect(await sweep(when, bench, wiped)).toBeGreaterThan(8);
    },
    300_000,
  );

  test.each(["before", "after"] as const)(
    "%s any step of a mode switch: the wallet's rest is credited once",
    async (when) => {
      expect(await sweep(when, leaving, switched)).toBeGreaterThan(10);
    },
    300_000,
  );

  test.each(["before", "after"] as const)(
    "%s any step of a replacement: the account goes over, and its money is carried once",
    async (when) => {
      expect(await sweep(when, old, replaced)).toBeGreaterThan(10);
    },
    300_000,
  );
});
