/**
 * A street and a whole engine on it, in memory and on one clock that jumps: weeks of midnights in seconds. What is lost on the way is lost
 * by the frame, both ways, and what arrives arrives late; the gateway can be ended and begun again on the same books.
 */
import { buildStreet, type MeterPlan, type Street as Simulated } from "../../simulator/street.ts";
import { collectionFile, type CollectionSettings } from "../../src/collection/settings.ts";
import type { MeterRecord, ModelName, Street } from "../../src/devices/meter.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import type { Engine, EngineBooks, EngineKeepers, HouseSite } from "../../src/house/ports.ts";
import { buildEngine } from "../../src/house/engine.ts";
import type { CollectionFindings } from "../../src/collection/daily-look.ts";
import { seededChance, type Chance } from "../../src/kernel/chance.ts";
import { Instant, minutes, seconds, type Clock } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { Fen, parsePrice, parseYuan } from "../../src/kernel/money.ts";
import type { GuardRails } from "../../src/policy/guard-settings.ts";
import { flatTariff } from "../../src/tariff/tariff.ts";
import { inMemoryQueue } from "../../src/queue/in-memory.ts";
import { lanesOf } from "../../src/queue/lanes.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory, type StoresInMemory } from "../../src/stores/in-memory/stores.ts";
import { Listeners } from "../../src/transports/listeners.ts";
import type { Transport } from "../../src/transports/transport.ts";
import type { EntryService } from "../../src/validation/entry-service.ts";
import { StormClock } from "../storms/storm-clock.ts";

export const TIME_ZONE = "Asia/Shanghai";
export const at = (text: string): Instant => Instant(Date.parse(`${text}+08:00`));

export interface StreetHouseOptions {
  readonly start: Instant;
  readonly meters: readonly Partial<MeterPlan>[];
  /** Hung beside them on the first line, and in no book yet: addresses go on from theirs. */
  readonly spares?: readonly Partial<MeterPlan>[];
  readonly lines?: number;
  /** Of frames, each way. */
  readonly loss?: number;
  /** There and back. */
  readonly latencyMs?: number;
  readonly pollEveryMs?: number;
  readonly site?: Partial<CollectionSettings>;
  readonly findings?: CollectionFindings;
  /** What feeds each of them; left out: its line stands for it. */
  readonly feeder?: string;
  /** Beside the engine, from its start to its end. */
  readonly around?: (parts: {
    readonly engine: Engine;
    readonly stores: StoresInMemory;
    readonly lines: Street;
  }) => () => Promise<void>;
  readonly restoreBy?: "arm" | "reconnect";
  readonly seed?: number;
  readonly log?: Logger;
  /** Left out: shadow. */
  readonly rules?: "live";
  readonly guardRails?: GuardRails;
  /** Left out: two minutes. */
  readonly lookEveryMs?: number;
  /** Instead of that: the rules as a site file says them. */
  readonly policy?: HouseSite["policy"];
  /** Who can be reached; left out: nobody. */
  readonly hasContact?: (n: number) => boolean;
  readonly keepers?: (books: EngineBooks) => EngineKeepers;
  /** What a house has beside its engine: started with it, and ended before it. */
  readonly beside?: (engine: Engine) => { start(): void; stop(): Promise<void> };
  /** What becomes of an answer on its way; left out: nothing. */
  readonly changed?: (bytes: Uint8Array) => Uint8Array;
}

export interface StreetHouse {
  readonly clock: StormClock;
  readonly street: Simulated;
  readonly db: InMemoryDatabase;
  readonly stores: StoresInMemory;
  readonly addresses: readonly MeterAddress[];
  readonly lines: Street;
  /** What a person enters. */
  readonly entries: EntryService;
  readonly engine: Engine;
  /** Lines that are pulled out of the wall. */
  readonly unplugged: Set<string>;
  pass(ms: number): Promise<void>;
  /** Until this moment of the street. */
  until(moment: Instant): Promise<void>;
  stop(): Promise<void>;
  begin(): Promise<void>;
}

export const addressOf = (n: number): MeterAddress => MeterAddress(String(202611220001 + n));
const lineOf = (n: number, lines: number): string => `line-${(n % lines) + 1}`;

export async function raiseStreetHouse(options: StreetHouseOptions): Promise<StreetHouse> {
  const { start, lines = 1, loss = 0, latencyMs = 0, pollEveryMs = minutes(30), log = silentLog } = options;
  const { changed = (bytes: Uint8Array): Uint8Array => bytes } = options;
  const clock = new StormClock(start);
  const chance = seededChance(`collection/${options.seed ?? 7}`);
  const buses = Array.from({ length: lines }, (_, n) => ({ id: `line-${n + 1}`, endpoint: { kind: "memory" } as const }));
  const street = await buildStreet({
    clock,
    chance: chance.child("street"),
    start,
    buses,
    meters: [...options.meters, ...(options.spares ?? [])].map((plan, n): MeterPlan => ({
      address: addressOf(n),
      bus: n < options.meters.length ? lineOf(n, lines) : buses[0]!.id,
      model: "remote-ledger",
      loadKw: 1,
      ...plan,
    })),
  });
  const records = options.meters.map((plan, n): MeterRecord => {
    const address = addressOf(n);
    return {
      ...{ address, meterNumber: address, customerNumber: `00${address.slice(2)}`, account: AccountId(address.slice(2)) },
      ...{ bus: BusId(lineOf(n, lines)), model: (plan.model ?? "remote-ledger") as ModelName, relayPassword: null },
      ...(options.feeder === undefined ? {} : { feeder: options.feeder }),
    };
  });
  const house: HouseSite = {
    site: { name: "street", timeZone: TIME_ZONE },
    buses: buses.map(({ id }) => ({
      id,
      transport: { kind: "serial", path: id, baudRate: 9_600, dataBits: 8, parity: "even", stopBits: 1 },
      replyDeadlineMs: 1_500 + latencyMs,
    })),
    meters: records,
    accounts: records.map(({ account, model }, n) => ({
      ...{ account: account!, name: account!, class: n % 2 === 0 ? "residential" : "shop", tariff: "flat" },
      mode: model === "standard-wallet" ? "local" : "remote",
      ...(options.hasContact?.(n) === true ? { hasContact: true as const } : {}),
    })),
    tariffs: new Map([["flat", flatTariff("flat", parsePrice("0.5283"))]]),
    policy: options.policy ?? {
      ...{ mode: options.rules ?? "shadow", restoreBy: options.restoreBy ?? "arm", cutBelow: Fen(0n) },
      noCut: { hours: "00:00-00:00", weekends: false, holidays: [] },
    },
    polling: { hot: null, warm: { everyMs: pollEveryMs, items: null }, cold: null },
    paymentCap: parseYuan("50000.00", "cap"),
    channels: null,
    collection: collectionFile.parse(options.site ?? {}),
    ...(options.guardRails === undefined ? {} : { guardRails: options.guardRails }),
  };
  const db = new InMemoryDatabase({ now: () => clock.now() });
  const stores = storesInMemory(db, clock);
  await stores.meters.bringIn(house.accounts, records);
  const unplugged = new Set<string>();
  const linesOf = (): Street =>
    buildStreetLines({
      ...{ clock, log, buses: house.buses, meters: records, timeZone: TIME_ZONE },
      chance: chance.child("lines"),
      security: softwareModule({ chance: chance.child("security"), log: silentLog, mode: "test" }),
      wires: new Map(
        buses.map(({ id }) => [
          id,
          () => wire(street, id, { clock, chance: chance.child(id), loss, latencyMs, unplugged, changed }),
        ]),
      ),
    });
  let ids = 0;
  let current:
    | { readonly lines: Street; readonly entries: EntryService; readonly engine: Engine; readonly close: () => Promise<void> }
    | undefined;
  const begin = async (): Promise<void> => {
    const closers: (() => Promise<void>)[] = [];
    const lines = linesOf();
    const engine = buildEngine({
      ...{ config: house, street: lines, clock, worldClock: clock, log },
      stores: { ...stores, transactor: db },
      leases: { holds: () => true, onTaken: () => undefined, held: () => house.buses.map(({ id }) => id) },
      queue: inMemoryQueue({ log: silentLog, clock }),
      lanes: lanesOf(1),
      newId: () => `00000000-0000-7000-8000-${String((ids += 1)).padStart(12, "0")}`,
      live: { publish: () => undefined },
      count: () => undefined,
      keepers: (books) => ({
        ...(options.findings === undefined ? {} : { findings: options.findings }),
        ...options.keepers?.(books),
      }),
      closers: { add: (_name, close) => void closers.push(close) },
      stopCommandsMs: seconds(5),
      lookEveryMs: options.lookEveryMs ?? minutes(2),
    });
    await engine.start();
    const beside = options.beside?.(engine);
    beside?.start();
    if (beside !== undefined) closers.push(() => beside.stop());
    if (options.around !== undefined) closers.push(options.around({ engine, stores, lines }));
    current = {
      lines,
      entries: engine.doors.entries,
      engine,
      close: async () => {
        for (const close of closers.reverse()) await close();
        await lines.close();
      },
    };
  };
  await begin();
  return {
    ...{ clock, street, db, stores, unplugged, begin },
    addresses: records.map(({ address }) => address),
    get lines() {
      return current!.lines;
    },
    get entries() {
      return current!.entries;
    },
    get engine() {
      return current!.engine;
    },
    pass: (ms) => clock.pass(ms),
    until: (moment) => clock.pass(moment - clock.now()),
    stop: async () => {
      const ended = current!.close();
      const state = { over: false };
      void ended.then(() => (state.over = true));
      while (!state.over) await clock.pass(seconds(1));
      await ended;
    },
  };
}

interface Wire {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly loss: number;
  readonly latencyMs: number;
  readonly unplugged: ReadonlySet<string>;
  readonly changed: (bytes: Uint8Array) => Uint8Array;
}

/** One end of the line's wires. Bytes are not paced, so each piece that comes is one frame, and is lost whole. */
function wire(street: Simulated, bus: string, { clock, chance, loss, latencyMs, unplugged, changed }: Wire): Transport {
  const listeners = new Listeners();
  let end: ReturnType<Simulated["memoryEnd"]> | undefined;
  const travels = async (act: () => void): Promise<void> => {
    if (unplugged.has(bus) || (loss > 0 && chance.next() < loss)) return;
    if (latencyMs > 0) await clock.wait(latencyMs / 2);
    act();
  };
  const close = (): Promise<void> => {
    end?.close();
    end = undefined;
    listeners.closed("closed by us");
    return Promise.resolve();
  };
  return {
    name: `wire:${bus}`,
    get isOpen() {
      return end !== undefined;
    },
    open: () => {
      end = street.memoryEnd(bus);
      end.onBytes((bytes) => void travels(() => listeners.received(changed(bytes))));
      return Promise.resolve();
    },
    send: (bytes) => {
      if (end === undefined) return Promise.reject(new Fault("line-down", { transport: bus }));
      const to = end;
      void travels(() => to.send(bytes));
      return Promise.resolve();
    },
    close,
    onReceived: (listener) => listeners.onReceived(listener),
    onClosed: (listener) => listeners.onClosed(listener),
  };
}
