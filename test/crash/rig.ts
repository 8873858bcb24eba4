/**
 * One complete site of real processes for the crash matrix: the gateway as `npm start` runs it, a street, a broker, PostgreSQL and
 * perhaps Redis, with gates before each store and the broker. Everything in it can be killed with -9 and started again.
 *
 * Two ways to keep the books: `named`, a PostgreSQL that the gateway is told of and that stands behind a gate; and `embedded`, the
 * gateway's own, which stands behind nothing and is held by locks on its rows (row-locks.ts).
 */
import { readdirSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { seconds, systemClock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { embeddedAddress } from "../../src/stores/embedded-address.ts";
import { startEmbeddedPostgres } from "../../src/stores/embedded-postgres.ts";
import { pidFileOf, postmasterPid } from "../../src/stores/postgres-leftovers.ts";
import { choosePlace } from "../../src/stores/postgres-place.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { folder, startGatewayProcess, startStreet, type GatewayProcess, type StreetProcess } from "../support/processes.ts";
import { findProgram, startMosquitto, startNamedPostgres, startRedis, type StartedServer } from "../support/servers.ts";
import { BALANCE, BUS } from "./orders.ts";
import { openPostgresGate, type PostgresGate } from "./postgres-gate.ts";
import { openBrokerGate, openRedisGate, type BrokerGate, type RedisGate } from "./wire-gates.ts";

export const queues = ["postgres", "redis"] as const;
export type QueueKind = (typeof queues)[number];
export type Books = "named" | "embedded";
export const victims = ["gateway", "postgres", "redis", "broker", "group"] as const;
/** `group`: the gateway and its own PostgreSQL in the same moment, as when the power fails. */
export type Victim = (typeof victims)[number];

export interface RigPlan {
  readonly books: Books;
  readonly queue: QueueKind;
  readonly meters: readonly string[];
  /** Hang on the same street, directly behind the meters, and stand in no site file. */
  readonly spares: number;
}

export interface Rig {
  readonly plan: RigPlan;
  readonly victims: readonly Victim[];
  readonly street: StreetProcess;
  readonly broker: BrokerGate;
  /** Null where the books are the gateway's own. */
  readonly postgres: PostgresGate | null;
  readonly redis: RedisGate | null;
  /** Where the gateway answers now. */
  url(): string;
  /** Straight to the books, past every gate. */
  books(): Promise<string>;
  /** What was set aside goes on its way. */
  release(): void;
  /** What would be held is not held any more. */
  disarm(): void;
  /** Ends the victim with -9 and starts it again; resolves when it has been started. Whatever was set aside goes on its way in between. */
  kill(victim: Victim): Promise<void>;
  said(): string;
  close(): Promise<void>;
}

/** How long a store is away. */
const AWAY_MS = seconds(1);
/** What is held until the slowest order of a group has come as far may not be taken for silence meanwhile: it would be sent again. */
const REPLY_DEADLINE_MS = 8_000;

const closings = new Set<() => Promise<void>>();
/** Whoever is stopped by a signal leaves nothing running. */
export const closeAllRigs = async (): Promise<void> => {
  await Promise.allSettled([...closings].map((close) => close()));
};

export async function raiseRig(plan: RigPlan): Promise<Rig> {
  const closers: (() => unknown)[] = [];
  const later = <T>(thing: T, close: (thing: T) => unknown): T => {
    closers.push(() => close(thing));
    return thing;
  };
  const close = async (): Promise<void> => {
    closings.delete(close);
    for (const one of closers.splice(0).reverse()) await one();
  };
  closings.add(close);
  try {
    return await raise(plan, later, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function raise(
  plan: RigPlan,
  later: <T>(thing: T, close: (thing: T) => unknown) => T,
  close: () => Promise<void>,
): Promise<Rig> {
  const place = later(folder(), (it) => it.remove());
  const mosquitto = findProgram("mosquitto") === null ? null : later(await startMosquitto(), (it) => it.stop());
  const embedded = mosquitto === null ? later(await startEmbeddedBroker({ port: 0 }), (it) => it.close()) : null;
  const brokerUrl = new URL(mosquitto?.url ?? embedded!.url);
  const broker = later(await openBrokerGate(Number(brokerUrl.port)), (it) => it.close());

  const server = plan.books === "embedded" ? null : later(await namedPostgres(place.path), (it) => it.stop());
  const postgres =
    server === null ? null : later(await openPostgresGate(Number(new URL(server.connectionString).port)), (it) => it.close());
  const throughGate = server === null ? null : Object.assign(new URL(server.connectionString), { port: String(postgres!.port) });
  const redisServer = plan.queue === "redis" ? later(await startRedis(), (it) => it.stop()) : null;
  const redis = redisServer === null ? null : later(await openRedisGate(redisServer.port), (it) => it.close());

  const first = plan.meters[0]!;
  const street = later(
    await startStreet([
      ...["--meters", String(plan.meters.length + plan.spares), "--first-address", first, "--mqtt", brokerUrl.href],
      ...["--balance", BALANCE, "--speed", "0"],
    ]),
    async (it) => {
      it.kill("SIGTERM");
      await it.ended;
    },
  );
  const siteFile = place.file(
    "site.yaml",
    JSON.stringify({
      stores: {
        data: "./data",
        database: throughGate?.href ?? "embedded",
        redis: redis === null ? null : `redis://127.0.0.1:${redis.port}`,
      },
      mqtt: { url: `mqtt://127.0.0.1:${broker.port}` },
      buses: [{ id: BUS, transport: { kind: "mqtt" }, replyDeadlineMs: REPLY_DEADLINE_MS, quietMs: 200 }],
      meters: plan.meters.map((address) => ({ address, account: address.slice(2), bus: BUS, model: "standard-wallet" })),
      polling: { everySeconds: 86_400 },
    }),
  );
  const start = (): Promise<GatewayProcess> => startGatewayProcess(siteFile);
  let gateway = await start();
  later(null, async () => {
    gateway.kill("SIGKILL");
    await gateway.ended;
  });

  const dataFolder = join(place.path, "data");
  const books = async (): Promise<string> => server?.connectionString ?? (await embeddedAddress(dataFolder));
  const release = (): void => {
    broker.release();
    postgres?.release();
    redis?.release();
  };
  const rest = async (killed: Pick<StartedServer, "pid" | "restart"> | null): Promise<void> => {
    endHard(killed!.pid);
    release();
    await systemClock.wait(AWAY_MS);
    await killed!.restart();
  };
  const embeddedPid = async (): Promise<number> => (await postmasterPid((await choosePlace(dataFolder, silentLog)).cluster))!;
  const reborn = async (): Promise<void> => {
    await gateway.ended;
    release();
    gateway = await start();
  };
  const kills: Record<Victim, () => Promise<void>> = {
    gateway: () => {
      gateway.kill("SIGKILL");
      return reborn();
    },
    group: async () => {
      const pid = await embeddedPid();
      gateway.kill("SIGKILL");
      endHard(pid);
      return reborn();
    },
    // the gateway starts its own again by itself
    postgres: async () => {
      if (server !== null) return rest(server);
      endHard(await embeddedPid());
      release();
    },
    redis: () => rest(redisServer),
    broker: () => rest(mosquitto),
  };
  return {
    plan,
    victims: [
      "gateway",
      "postgres",
      ...(redis === null ? [] : (["redis"] as const)),
      ...(mosquitto === null ? [] : (["broker"] as const)),
      ...(server === null ? (["group"] as const) : []),
    ],
    street,
    broker,
    postgres,
    redis,
    url: () => gateway.url,
    books,
    release,
    disarm: () => {
      broker.disarm();
      postgres?.disarm();
      redis?.disarm();
    },
    kill: (victim) => kills[victim](),
    said: () => gateway.said(),
    close,
  };
}

type NamedPostgres = Pick<StartedServer, "pid" | "restart" | "stop"> & { readonly connectionString: string };

/** Of the distribution where there is one; else the packaged one, started here and named like any other. It revives itself. */
async function namedPostgres(place: string): Promise<NamedPostgres> {
  if (findProgram("postgres") !== null) {
    const server = await startNamedPostgres();
    return {
      get pid() {
        return server.pid;
      },
      connectionString: server.connectionString,
      // what one that died so has left says "ready" although nobody is there
      restart: () => rm(pidFileOf(join(server.folder, "cluster")), { force: true }).then(() => server.restart()),
      stop: () => server.stop(),
    };
  }
  const server = await startEmbeddedPostgres({ dataFolder: join(place, "postgres"), log: silentLog, clock: systemClock });
  return Object.assign(server, { restart: () => Promise.resolve() });
}

/** A process and its children, which for PostgreSQL hold the connections: all of it at once, as when a machine stops. */
function endHard(pid: number): void {
  for (const one of [...childrenOf(pid), pid])
    try {
      process.kill(one, "SIGKILL");
    } catch {
      // it ended by itself in this moment
    }
}

const PARENT_FIELD = 1;

function childrenOf(pid: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, "utf8");
        return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[PARENT_FIELD]) === pid;
      } catch {
        return false;
      }
    })
    .map(Number);
}
