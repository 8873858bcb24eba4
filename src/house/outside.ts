/** What the house stands on: keys, data folder, database, broker, and the port it listens on. Each failure says what to do next. */
import { mkdirSync } from "node:fs";
import type { buildApp } from "../api/app.ts";
import { isLoopback, type Config } from "../config.ts";
import type { Chance } from "../kernel/chance.ts";
import { systemClock } from "../kernel/clock.ts";
import { Fault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { HsmModule } from "../security/hsm.ts";
import type { SecurityModule } from "../security/security-module.ts";
import { softwareModule } from "../security/software-module.ts";
import { startEmbeddedPostgres } from "../stores/embedded-postgres.ts";
import { startEmbeddedBroker } from "../transports/embedded-broker.ts";
import type { Closers } from "./closers.ts";

/** A cipher machine that is down does not stop the start: top-ups wait for it. One with test keys does, in production. */
export async function securityOf(config: Config, chance: Chance, log: Logger, closers: Closers): Promise<SecurityModule> {
  const { security, production } = config;
  const own = chance.child("security");
  if (security.kind !== "hsm") return softwareModule({ chance: own, log, mode: production ? "production" : undefined });
  const { host, port, tls, secret, deadlineMs } = security;
  if (tls === null && !isLoopback(host))
    log.warn(
      { host, port },
      "the HSM is spoken to without TLS: whoever sits on this line can change its answers, and hears the passwords it hands out",
    );
  const module = new HsmModule({
    place: { host, port, tls },
    secret,
    deadlineMs,
    production,
    clock: systemClock,
    chance: own,
    log,
  });
  closers.add("HSM", () => module.close());
  await module.start();
  return module;
}

export function prepareDataFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new Fault("data-folder-unreachable", { folder, why: reasonOf(error) }, { cause: error });
  }
}

export async function databaseOf(config: Config, log: Logger, closers: Closers): Promise<string> {
  if (config.stores.database !== "embedded") return config.stores.database.open();
  const server = await startEmbeddedPostgres({ dataFolder: config.stores.data, log, clock: systemClock });
  closers.add("embedded PostgreSQL", () => server.stop());
  return server.connectionString;
}

export async function brokerOf(
  config: Config,
  log: Logger,
  closers: Closers,
): Promise<{ readonly url: string; readonly used: boolean }> {
  const used = config.buses.some((bus) => bus.transport.kind === "mqtt");
  if (config.mqtt.url !== "embedded") return { url: config.mqtt.url.open(), used };
  const broker = await startEmbeddedBroker();
  closers.add("embedded broker", () => broker.close());
  log.info({ url: broker.url }, "the embedded MQTT broker listens");
  return { url: broker.url, used };
}

export async function listen(app: Awaited<ReturnType<typeof buildApp>>, config: Config): Promise<string> {
  const { host, port } = config.http;
  try {
    await app.listen({ host, port });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EADDRINUSE" || code === "EACCES") throw new Fault("port-busy", { host, port }, { cause: error });
    throw error;
  }
  const address = app.server.address();
  const listening = typeof address === "object" && address !== null ? address.port : port;
  return `http://${host.includes(":") ? `[${host}]` : host}:${listening}`;
}
