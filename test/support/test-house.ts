/**
 * A whole house for tests: the real gateway on a real PostgreSQL, and the simulator's street on real TCP, in one process, on free
 * ports. What a test asks goes through the HTTP door; what it checks it reads from the street's own door.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildStreet, type BusPlan, type MeterPlan, type Street } from "../../simulator/street.ts";
import { buildConfig } from "../../src/config.ts";
import type { SiteInput } from "../../src/site-file.ts";
import { Desk } from "../../src/demo/desk.ts";
import { startGateway, type Gateway } from "../../src/gateway.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { systemClock, type Clock, type Instant } from "../../src/kernel/clock.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { testDatabase, type TestDatabase } from "./database.ts";

export interface TestHouse {
  readonly street: Street;
  readonly gateway: Gateway;
  readonly desk: Desk;
  readonly database: TestDatabase;
  /** Stops the gateway in order and starts a new one on the same books; the street lives on. */
  restart(): Promise<Gateway>;
  close(): Promise<void>;
}

export interface TestHouseOptions {
  /** All hang on the first bus unless they say otherwise; account is the last ten digits of the address. */
  readonly meters: readonly (Omit<MeterPlan, "bus"> & { readonly bus?: string })[];
  /** Instead of tcp-1; the site then has to name buses, and where they are called otherwise there, meters. */
  readonly buses?: readonly BusPlan[];
  readonly site?: Partial<SiteInput>;
  readonly clock?: Clock;
  readonly start?: Instant;
  readonly log?: Logger;
  readonly redisUrl?: string;
  /** Reply deadline of the line; short, so that silence is soon known. */
  readonly replyDeadlineMs?: number;
  readonly consoleFolder?: string | null;
  /** What secrets of the site are named by. */
  readonly env?: Readonly<Record<string, string>>;
  /** The data folder, for a test that looks into it; left out, one that is thrown away with the house. */
  readonly data?: string;
}

export const accountOf = (address: string): string => address.slice(2);

export async function raiseTestHouse(options: TestHouseOptions): Promise<TestHouse> {
  const clock = options.clock ?? systemClock;
  const folder = mkdtempSync(join(tmpdir(), "fee-control-house-"));
  const database = await testDatabase();
  await database.db.close(); // the gateway opens its own
  const buses = options.buses ?? [{ id: "tcp-1", endpoint: { kind: "tcp", port: 0 } }];
  const meters = options.meters.map((meter) => ({ ...meter, bus: meter.bus ?? buses[0]!.id }));
  const street = await buildStreet({
    clock,
    seed: 7,
    start: options.start,
    price: "0.5283",
    buses,
    meters,
  });
  const port = Number(street.endpoints[0]?.at);
  const site: SiteInput = {
    site: { name: "test-street" },
    http: { port: 0 },
    stores: { data: options.data ?? join(folder, "data"), database: database.connectionString, redis: options.redisUrl ?? null },
    mqtt: { url: "mqtt://127.0.0.1:9" }, // no bus uses it
    buses: [
      {
        id: "tcp-1",
        transport: { kind: "tcp", host: "127.0.0.1", port },
        turnaroundMs: 1,
        replyDeadlineMs: options.replyDeadlineMs ?? 250,
      },
    ],
    meters: meters.map(({ address, bus, model }) => ({
      address,
      bus,
      model: model ?? "standard-wallet",
      account: accountOf(address),
    })),
    policy: { mode: "live", restoreBy: "reconnect", noCut: { hours: "", weekends: false } },
    polling: { everySeconds: 900 },
    ...options.site,
  };
  const config = buildConfig(site, { file: join(folder, "site.yaml"), env: options.env ?? {} });
  const start = (): Promise<Gateway> =>
    startGateway({
      config,
      clock,
      chance: seededChance(7),
      log: options.log ?? silentLog,
      consoleFolder: options.consoleFolder ?? null,
    });
  let gateway: Gateway;
  try {
    gateway = await start();
  } catch (error) {
    await street.close();
    await database.drop();
    throw error;
  }
  let desk = new Desk(gateway.url, clock);
  return {
    street,
    database,
    get gateway() {
      return gateway;
    },
    get desk() {
      return desk;
    },
    restart: async () => {
      await gateway.stop();
      gateway = await start();
      desk = new Desk(gateway.url, clock);
      return gateway;
    },
    close: async () => {
      await gateway.stop();
      await street.close();
      await database.drop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
