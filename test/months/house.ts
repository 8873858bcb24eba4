/**
 * A house for a month: the street, and the whole engine of the gateway upon it, on stores in memory and virtual time. What is joined here is
 * what `gateway.ts` joins; only books and wires are others.
 */
import type { MeterPlan } from "../../simulator/plans.ts";
import { buildStreet, type Street } from "../../simulator/street.ts";
import { collectionFile } from "../../src/collection/settings.ts";
import type { MeterRecord } from "../../src/devices/meter.ts";
import { everyLineIsOurs } from "../../src/devices/line-leases.ts";
import type { SuspectListener } from "../../src/devices/reading-intake.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import { buildEngine } from "../../src/house/engine.ts";
import type { Engine, EngineBooks, EngineKeepers, HouseSite } from "../../src/house/ports.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { hours, minutes, seconds } from "../../src/kernel/clock.ts";
import { AccountId, BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { Fen, parseYuan } from "../../src/kernel/money.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import { inMemoryQueue } from "../../src/queue/in-memory.ts";
import { lanesOf } from "../../src/queue/lanes.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { InMemoryDatabase } from "../../src/stores/in-memory/database.ts";
import { storesInMemory, type StoresInMemory } from "../../src/stores/in-memory/stores.ts";
import { tariffOf, tariffShape } from "../../src/tariff/site-tariffs.ts";
import { StormClock } from "../storms/storm-clock.ts";
import { answerIn, isAbout, lied, type LieKind } from "./lies.ts";
import { MonthWire } from "./month-wire.ts";
import { instead, plants, type Plant, type PlantName } from "./plants.ts";
import { TIME_ZONE, type Household, type Month } from "./plan.ts";

/** Everybody can pay for everything: nobody may be cut, and a cut would be wrong. */
export const PAID = "20000.00";
const POLL_EVERY_MS = hours(5);
const LOOK_EVERY_MS = minutes(20);
/** The rules pause in proportion to what a look at everybody took, and on virtual time nothing takes any: they would look at a thousand after each reading. */
const RULES_LOOK_MS = seconds(5);

export interface Doubted {
  readonly reading: Reading;
  readonly doubt: string;
  /** When it was kept aside. */
  readonly at: number;
}

/** A false register that has left for the gateway. */
export interface Told {
  readonly meter: string;
  readonly lie: LieKind;
  readonly about: "poll" | "freeze";
  /** Eight digits. */
  readonly said: string;
  readonly at: number;
}

export interface MonthHouse {
  readonly clock: StormClock;
  readonly newId: () => string;
  readonly street: Street;
  readonly database: InMemoryDatabase;
  readonly stores: StoresInMemory;
  readonly engine: Engine;
  readonly doubted: readonly Doubted[];
  readonly told: readonly Told[];
  /** The next answer of this meter about that is falsified. */
  willLie(meter: string, lie: LieKind, about: "poll" | "freeze"): void;
  close(): Promise<void>;
}

export interface HouseOptions {
  readonly log?: Logger | undefined;
  readonly plant?: PlantName | undefined;
}

/** What another house than a month's has otherwise. */
export interface Otherwise {
  readonly site: (usual: HouseSite) => HouseSite;
  /** Meters that lie in the store room still. */
  readonly spares: readonly MeterPlan[];
  readonly plant: Plant;
  readonly keepers: (books: EngineBooks, stores: StoresInMemory) => EngineKeepers;
  readonly rulesLookMs: number;
}
const asUsual: Otherwise = {
  site: (site) => site,
  spares: [],
  plant: plants.nothing,
  keepers: () => ({}),
  rulesLookMs: RULES_LOOK_MS,
};

export async function raiseHouse(
  month: Month,
  { log = silentLog, plant = "nothing" }: HouseOptions = {},
  otherwise: Partial<Otherwise> = {},
): Promise<MonthHouse> {
  const other = { ...asUsual, ...otherwise };
  const chance = seededChance(`month-house/${month.wish.seed}`);
  const clock = new StormClock(month.startAt);
  const street = await buildStreet({
    clock,
    chance: chance.child("street"),
    start: month.startAt,
    buses: month.lines.map((id) => ({ id, endpoint: { kind: "memory" } })),
    meters: [...month.households.map(({ plan }) => plan), ...other.spares],
  });
  street.pauseHouseholds();

  const told: Told[] = [];
  const lies = new Map<string, { lie: LieKind; about: "poll" | "freeze" }[]>();
  const changed = (bytes: Uint8Array): Uint8Array => {
    if (lies.size === 0) return bytes;
    const answer = answerIn(bytes);
    const waiting = answer === null ? undefined : lies.get(answer.address);
    const at = waiting?.findIndex(({ about }) => isAbout[about](answer!.di)) ?? -1;
    if (at < 0) return bytes;
    const { lie, about } = waiting![at]!;
    const falsehood = lied(lie, answer!);
    if (falsehood === null) return bytes;
    waiting!.splice(at, 1);
    if (waiting!.length === 0) lies.delete(answer!.address);
    told.push({ meter: answer!.address, lie, about, said: falsehood.said, at: clock.now() });
    return falsehood.bytes;
  };

  const site = other.site(siteOf(month));
  const database = new InMemoryDatabase({ now: () => clock.now() });
  const stores = other.plant(plants[plant](storesInMemory(database, clock)));
  await stores.meters.bringIn(site.accounts, site.meters);
  const lines = buildStreetLines({
    clock,
    chance: chance.child("lines"),
    log,
    security: softwareModule({ chance: chance.child("security"), log: silentLog, mode: "test" }),
    buses: site.buses,
    meters: site.meters,
    timeZone: TIME_ZONE,
    wires: new Map(month.lines.map((id) => [id, () => new MonthWire(id, { connect: () => street.memoryEnd(id), changed })])),
  });
  const doubted: Doubted[] = [];
  const suspects: SuspectListener = {
    suspect: (_tx, reading, doubt) => {
      doubted.push({ reading, doubt, at: clock.now() });
      return Promise.resolve();
    },
  };
  const policy = instead(stores.policy, {
    remoteMeters: async () => {
      await clock.wait(other.rulesLookMs);
      return stores.policy.remoteMeters();
    },
  });
  const closers: (() => unknown)[] = [];
  let ids = 0;
  const newId = (): string => `01920000-0000-7000-8000-${String((ids += 1)).padStart(12, "0")}`;
  const engine = buildEngine({
    config: site,
    stores: { ...stores, policy, transactor: database },
    street: lines,
    leases: { ...everyLineIsOurs, held: () => month.lines },
    queue: inMemoryQueue({ log, clock }),
    lanes: lanesOf(1),
    clock,
    worldClock: clock,
    newId,
    log,
    live: { publish: () => undefined },
    count: () => undefined,
    keepers: (books) => ({ suspects, ...other.keepers(books, stores) }),
    closers: { add: (_name, close) => void closers.unshift(close) },
    stopCommandsMs: seconds(15),
    lookEveryMs: LOOK_EVERY_MS,
  });
  await engine.start();
  return {
    ...{ clock, newId, street, database, stores, engine, doubted, told },
    willLie: (meter, lie, about) => void lies.set(meter, [...(lies.get(meter) ?? []), { lie, about }]),
    close: async () => {
      for (const close of closers) await close();
      await lines.close();
      await street.close();
    },
  };
}

function siteOf({ lines, households, tariffs }: Month): HouseSite {
  return {
    site: { name: "month", timeZone: TIME_ZONE },
    buses: lines.map((id, n) => ({ id, transport: { kind: "tcp", host: "127.0.0.1", port: n + 1 } })),
    meters: households.map(recordOf),
    accounts: households.map(({ account, isRemote, tariff }) => ({
      account: AccountId(account),
      name: account,
      class: "residential",
      mode: isRemote ? "remote" : "local",
      tariff,
    })),
    tariffs: new Map(Object.entries(tariffs).map(([id, tariff]) => [id, tariffOf(tariffShape.parse({ id, ...tariff }))])),
    policy: {
      mode: "live",
      restoreBy: "reconnect",
      cutBelow: Fen(0n),
      noCut: { hours: "00:00-00:00", weekends: false, holidays: [] },
    },
    polling: { hot: null, warm: { everyMs: POLL_EVERY_MS, items: null }, cold: null },
    collection: collectionFile.parse({}),
    paymentCap: parseYuan("50000.00", "cap"),
    channels: null,
  };
}

const recordOf = ({ address, account, line, isRemote }: Household): MeterRecord => ({
  address: MeterAddress(address),
  meterNumber: address,
  customerNumber: `00${address.slice(2)}`,
  account: AccountId(account),
  bus: BusId(line),
  model: isRemote ? "remote-ledger" : "standard-wallet",
  relayPassword: null,
});
