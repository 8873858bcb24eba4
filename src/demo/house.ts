/** Raises the demonstration: broker, street and gateway in one process, on embedded stores and free ports, in a data folder of its own. */
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildStreet, type Street } from "../../simulator/street.ts";
import { buildConfig } from "../config.ts";
import { startGateway, type Gateway } from "../gateway.ts";
import { seededChance } from "../kernel/chance.ts";
import type { Clock, Instant } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { startEmbeddedBroker } from "../transports/embedded-broker.ts";
import { PRICE, residents, siteOf } from "./street-plan.ts";

export interface DemoHouse {
  readonly street: Street;
  readonly gateway: Gateway;
  readonly notes: readonly string[];
  close(): Promise<void>;
}

export interface DemoOptions {
  readonly clock: Clock;
  readonly seed: number;
  readonly log: Logger;
  readonly start?: Instant;
  readonly pollSeconds: number;
  /** 0: any free port. */
  readonly httpPort: number;
  readonly controlPort: number;
  readonly mqttPort: number;
  readonly consoleFolder: string | null;
  readonly env: Readonly<Record<string, string | undefined>>;
}

export async function raiseHouse(options: DemoOptions): Promise<DemoHouse> {
  const { clock, seed, log } = options;
  const folder = mkdtempSync(join(tmpdir(), "fee-control-demo-"));
  chmodSync(folder, 0o755); // the embedded PostgreSQL runs under another account when we are root
  const closers: (() => Promise<void> | void)[] = [() => rmSync(folder, { recursive: true, force: true })];
  const notes: string[] = [];
  const close = async (): Promise<void> => {
    for (const step of closers.splice(0).reverse()) await step();
  };
  try {
    const broker = await startEmbeddedBroker({ port: options.mqttPort });
    closers.push(() => broker.close());
    const link = join(folder, "tty-street");
    const street = await buildStreet({
      clock,
      seed,
      log: log.child({ part: "street" }),
      start: options.start,
      price: PRICE,
      buses: [
        { id: "serial-1", endpoint: { kind: "serial", link } },
        { id: "tcp-1", endpoint: { kind: "tcp", port: 0 } },
        { id: "mqtt-1", endpoint: { kind: "mqtt", url: broker.url } },
      ],
      meters: residents.map(({ meter }) => meter),
    });
    closers.push(() => street.close());
    street.pauseHouseholds(); // nobody uses anything before the first reading, so that the books begin where the street begins
    const control = await freePort(options.controlPort, notes, "control door");
    await street.listenControl(control);
    const tcpPort = Number(street.endpoints.find((endpoint) => endpoint.kind === "tcp")!.at);
    const httpPort = await freePort(options.httpPort, notes, "console");
    const site = siteOf({
      serialPath: link,
      tcpPort,
      mqttUrl: broker.url,
      httpPort,
      dataFolder: join(folder, "data"),
      pollSeconds: options.pollSeconds,
    });
    // Stores may be named from outside (REDIS_URL, DATABASE_URL); port and data folder are the demonstration's own.
    const { DATABASE_URL, REDIS_URL } = options.env;
    const config = buildConfig(site, {
      file: join(folder, "site.yaml"),
      env: { ...(DATABASE_URL === undefined ? {} : { DATABASE_URL }), ...(REDIS_URL === undefined ? {} : { REDIS_URL }) },
    });
    const gateway = await startGateway({ config, clock, chance: seededChance(seed), log, consoleFolder: options.consoleFolder });
    closers.push(() => gateway.stop());
    return { street, gateway, notes, close };
  } catch (error) {
    await close();
    throw error;
  }
}

const PORTS_TRIED_MAX = 100;

/** The port wished for, or the next free one, which is then said. */
async function freePort(wish: number, notes: string[], what: string): Promise<number> {
  if (wish === 0) return 0;
  for (let port = wish; port < wish + PORTS_TRIED_MAX; port += 1) {
    if (!(await isFree(port))) continue;
    if (port !== wish) notes.push(`port ${wish} is busy; the ${what} is at ${port}`);
    return port;
  }
  return 0;
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen({ host: "127.0.0.1", port }, () => server.close(() => resolve(true)));
  });
