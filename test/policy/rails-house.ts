/**
 * A whole site of remote meters for the guard rails: the real rules, gate, desks and command rows on stores in memory, a clock that obeys, and
 * in place of wires a hand that lets an order leave or not. What left is written down here as well, so that a test counts for itself.
 */
import { CommandService } from "../../src/commands/command-service.ts";
import type { Command } from "../../src/commands/command.ts";
import { apply } from "../../src/commands/conclusion.ts";
import { PaymentService } from "../../src/commands/payment-service.ts";
import { Instant, later, type Clock } from "../../src/kernel/clock.ts";
import { CentiKwh } from "../../src/kernel/energy.ts";
import type { Announcement } from "../../src/kernel/events.ts";
import { AccountId, BusId, MeterAddress, type CommandId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Fen, parseYuan, ZERO_FEN } from "../../src/kernel/money.ts";
import { Ledger } from "../../src/ledger/ledger.ts";
import { noCutsOf, type NoCutRooms } from "../../src/house/no-cuts.ts";
import { guardRailsOf, type CutRooms } from "../../src/house/guard-rails.ts";
import { guardRailsShape, type GuardRails } from "../../src/policy/guard-settings.ts";
import type { CutAlarms } from "../../src/policy/cut-alarms.ts";
import type { PolicyRules } from "../../src/policy/policy-file.ts";
import { Reconciler } from "../../src/policy/reconciler.ts";
import { Strategies } from "../../src/policy/strategies.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory, type StoresInMemory } from "../../src/stores/in-memory/stores.ts";
import type { z } from "zod";

/** Ten o'clock in Shanghai, a Monday. */
export const MONDAY_MORNING = Instant(Date.UTC(2026, 10, 23, 2));

export interface RailsHouseOptions {
  readonly meters: number;
  readonly rails?: z.input<typeof guardRailsShape>;
  readonly lines?: number;
  readonly rules?: PolicyRules;
  readonly classes?: ReadonlyMap<string, PolicyRules>;
  readonly classOf?: (n: number) => string;
  readonly alarms?: CutAlarms;
}

/** One gateway of the site; `twin` gives another one on the same books. */
export interface Gateway {
  readonly rules: Reconciler;
  readonly rooms: CutRooms;
  readonly noCuts: NoCutRooms;
  readonly service: CommandService;
  readonly payments: PaymentService;
}

export interface RailsHouse extends Gateway {
  readonly db: InMemoryDatabase;
  readonly stores: StoresInMemory;
  readonly rails: GuardRails;
  readonly meters: readonly MeterAddress[];
  /** What was announced, in order. */
  readonly told: Announcement[];
  /** Cuts that left, as the hand at the wire saw them. */
  readonly left: { readonly meter: MeterAddress; readonly command: CommandId; readonly at: Instant }[];
  twin(): Gateway;
  now(): Instant;
  pass(ms: number): void;
  /** Every meter is read now. */
  reads(): Promise<void>;
  /** They owe five yuan from now on. */
  owe(...meters: readonly MeterAddress[]): Promise<void>;
  has(meter: MeterAddress, yuan: string): Promise<void>;
  pays(meter: MeterAddress, yuan: string): Promise<void>;
  commands(): readonly Command[];
  unsent(): readonly Command[];
  /** Lets it leave, if it may: null, or why not. */
  leaves(id: CommandId, through?: Gateway, attempt?: number): Promise<string | null>;
  /** The meter shows it, or does not. */
  ends(id: CommandId, how?: "confirmed" | "stuck" | "silence"): Promise<void>;
  /** Somebody has cut it with other means, and the books do not know. */
  isDarkAlready(id: CommandId): Promise<void>;
  /** Everything that waits leaves, as far as it may, and is shown. */
  sendAll(): Promise<readonly (string | null)[]>;
}

export const addressOf = (n: number): MeterAddress => MeterAddress(String(202611220001 + n));
export const accountOf = (meter: MeterAddress): AccountId => AccountId(meter.slice(2));

export async function raiseRailsHouse(options: RailsHouseOptions): Promise<RailsHouse> {
  let now = MONDAY_MORNING;
  let ids = 0;
  const clock: Clock = { now: () => now, wait: () => Promise.resolve() };
  const newId = (): string => `01920000-0000-7000-8000-${String((ids += 1)).padStart(12, "0")}`;
  const db = new InMemoryDatabase({ now: () => now });
  const stores = storesInMemory(db, clock);
  const meters = Array.from({ length: options.meters }, (_, n) => addressOf(n));
  const classOf = options.classOf ?? (() => "residential");
  const lineOf = (n: number): BusId => BusId(`line-${(n % (options.lines ?? 1)) + 1}`);
  const records = meters.map((address, n) => ({
    ...{ address, meterNumber: address, customerNumber: address, account: accountOf(address), bus: lineOf(n) },
    ...({ model: "remote-ledger", relayPassword: null } as const),
  }));
  await stores.meters.bringIn(
    meters.map((address, n) => ({ account: accountOf(address), name: "", class: classOf(n), mode: "remote", tariff: "flat" })),
    records,
  );
  const strategies = new Strategies({
    timeZone: "Asia/Shanghai",
    site: { mode: "live", restoreBy: "reconnect", freshMinutes: 1_440, noCut: { hours: "", weekends: false }, ...options.rules },
    classes: options.classes ?? new Map<string, PolicyRules>(),
    accounts: new Map(),
  });
  const rails = guardRailsShape.parse(options.rails);
  const told: Announcement[] = [];
  const outbox = {
    announce: (_: unknown, event: Announcement) => Promise.resolve(void told.push(event)),
    wake: () => Promise.resolve(),
  };
  const ledger = new Ledger({ store: stores.ledger, clock });
  const { commands, payments, meters: meterStore } = stores;
  const common = { clock, newId, commands, payments, meters: meterStore, ledger, outbox, log: silentLog, transactor: db };
  const config = {
    ...{ site: { name: "rails", timeZone: "Asia/Shanghai" }, guardRails: rails },
    buses: [...new Set(records.map(({ bus }) => bus))].map((id) => ({
      id,
      transport: { kind: "serial", path: id, baudRate: 2_400, dataBits: 8, parity: "even", stopBits: 1 } as const,
    })),
  };
  const street = {
    meter: (address: MeterAddress) => records.find((record) => record.address === address),
    meters: () => records,
  } as never;
  const raise = (): Gateway => {
    const noCuts = noCutsOf({ config, books: common, stores, street });
    const service: CommandService = new CommandService({ ...common, needsTwo: (tx, wish) => rooms.gate.needsTwo(tx, wish) });
    const rooms: CutRooms = guardRailsOf({
      ...{
        books: common,
        stores: { guards: stores.guards, policy: noCuts.policy },
        service: () => service,
        strategies,
        alarms: options.alarms,
      },
      ...{ config, street, noCuts: noCuts.inForce },
      holdsCuts: () => Promise.resolve(false),
    });
    const rules = new Reconciler({
      ...{ ...common, store: noCuts.policy, service, strategies, rails: rooms },
      heardAt: () => null,
      readSoon: () => undefined,
    });
    const taking = new PaymentService({ ...common, service, afterCredit: rules, channels: null, cap: Fen(10_000_000n) });
    return { rules, rooms, noCuts, service, payments: taking };
  };
  const first = raise();
  const { books } = db;
  const shows = (meter: MeterAddress, relay: "connected" | "disconnected"): Promise<unknown> =>
    meterStore.setRelay(null, meter, {
      ...{ relay, order: relay === "connected" ? "connect" : "disconnect", preTripAlarm: false, protected: false },
      ...{ accountOpened: true, word: 0, takenAt: now },
    });
  const position = (meter: MeterAddress, amount: bigint): Promise<void> => {
    const book = `available/${accountOf(meter)}`;
    return db.statement(null, (on) => books.positions.upsert(on, book, () => ({ book, amount })));
  };
  const reads = async (): Promise<void> => {
    const day = { begun: "2026-11-23", day: "2026-11-23", dayStart: CentiKwh(0n), billedTo: CentiKwh(1n), charged: ZERO_FEN };
    await db.transact(async (tx) => {
      for (const meter of meters) {
        const state = { meter, account: accountOf(meter), stretch: 1n, ...day, billedAt: now, closed: false };
        await stores.billing.saveBilling(tx, state);
      }
    });
  };
  for (const meter of meters) {
    await shows(meter, "connected");
    await position(meter, 10_000n);
  }
  await reads();
  const left: RailsHouse["left"] = [];
  const commandOf = (id: CommandId): Command => books.commands.find(null, id)!.command;
  const all = (): readonly Command[] => books.commands.all(null).map(({ command }) => command);
  const unsent = (): readonly Command[] => all().filter(({ state }) => state === "accepted" || state === "queued");
  const house: RailsHouse = {
    ...{ ...first, db, stores, rails, meters, told, left, twin: raise, unsent, reads },
    now: () => now,
    pass: (ms) => void (now = later(now, ms)),
    owe: async (...given) => {
      for (const meter of given) await position(meter, -500n);
    },
    has: (meter, yuan) => position(meter, parseYuan(yuan)),
    pays: async (meter, yuan) => {
      await db.transact((tx) =>
        first.payments.take(tx, { account: accountOf(meter), amount: parseYuan(yuan), channel: "bank", orderId: newId() }),
      );
    },
    commands: all,
    leaves: async (id, { rooms } = first, attempt = 1) => {
      const command = commandOf(id);
      const held = await db.transact(async (tx) => {
        const because = await rooms.gate.mayLeave(tx, command, attempt);
        if (because !== null) return because;
        await commands.change(tx, id, command.fence, ["accepted", "queued", "verifying"], { state: "verifying", sentAt: now });
        await rooms.gate.left(tx, command);
        return null;
      });
      if (held === null && command.kind === "disconnect") left.push({ meter: command.meter, command: id, at: now });
      if (held !== null && held !== "cut-pace")
        await db.transact((tx) =>
          apply(common, tx, command, { type: command.sentAt === null ? "cancel" : "nobody-can-tell", because: held }),
        );
      return held;
    },
    ends: async (id, how = "confirmed") => {
      const command = commandOf(id);
      if (how === "confirmed") await shows(command.meter, command.kind === "disconnect" ? "disconnected" : "connected");
      const event = how === "confirmed" ? ({ type: "shown" } as const) : ({ type: "nobody-can-tell", because: how } as const);
      await db.transact((tx) => apply(common, tx, command, event));
    },
    isDarkAlready: async (id) => {
      const command = commandOf(id);
      await shows(command.meter, "disconnected");
      await db.transact((tx) => apply(common, tx, command, { type: "shown" }));
    },
    sendAll: async () => {
      const words: (string | null)[] = [];
      for (const { id } of unsent()) {
        const word = await house.leaves(id);
        words.push(word);
        if (word === null) await house.ends(id);
      }
      return words;
    },
  };
  return house;
}
