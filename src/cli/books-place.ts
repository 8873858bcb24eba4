/** Which books a command speaks of that needs no gateway: those of a site file, of a database that is named, or of a data folder. */
import { existsSync } from "node:fs";
import type { Command } from "commander";
import { loadConfig } from "../config.ts";
import { systemClock } from "../kernel/clock.ts";
import { isFault } from "../kernel/faults.ts";
import { silentLog } from "../kernel/log.ts";
import { retentionShape, type Retention } from "../retention/site.ts";
import type { Database } from "../stores/database.ts";
import { WrongUse } from "./exits.ts";
import type { Terminal } from "./terminal.ts";

const DATA_FOLDER = "./data";
/** The site file's own default. */
const TIME_ZONE = "Asia/Shanghai";

export interface PlaceOptions {
  readonly database?: string;
  readonly config?: string;
  readonly json?: boolean;
}

/** Which books: where they are, how their site is called, and the data folder beside them. */
export interface Place {
  readonly url: string;
  readonly site: string | null;
  /** Null: a database alone was named, and whose data folder belongs to it is not known here. */
  readonly data: string | null;
  /** Defaults where no site file was found. */
  readonly timeZone: string;
  readonly retention: Retention;
}

export const placed = (command: Command): Command =>
  command
    .option("--database <url>", "postgres://… or embedded (default: that of the site file, else DATABASE_URL, else embedded)")
    .option("--config <file>", "site file (default: GATEWAY_CONFIG, else gateway.yaml where it is)")
    .option("--json", "JSON alone");

export function placeOf({ database, config }: PlaceOptions, { env }: Terminal): Place {
  const path = config ?? env["GATEWAY_CONFIG"] ?? "gateway.yaml";
  const data = env["GATEWAY_DATA"] ?? DATA_FOLDER;
  if (config !== undefined || env["GATEWAY_CONFIG"] !== undefined || (database === undefined && existsSync(path))) {
    const site = loadConfig({ path, env });
    const own = site.stores.database === "embedded" ? "embedded" : site.stores.database.open();
    const { retention } = site;
    return { url: database ?? own, site: site.site.name, data: site.stores.data, timeZone: site.site.timeZone, retention };
  }
  const url = database ?? env["DATABASE_URL"] ?? "embedded";
  if (url !== "embedded" && !/^postgres(ql)?:\/\//.test(url))
    throw new WrongUse("A database is named like postgres://USER:PASSWORD@HOST:PORT/NAME, or embedded.");
  if (url === "embedded" && !existsSync(data))
    throw new WrongUse(
      `Which books? There is no site file ${path} and no data folder ${data}; name one with --config or --database.`,
    );
  return {
    ...{ url, site: null, data: url === "embedded" || env["GATEWAY_DATA"] !== undefined ? data : null },
    ...{ timeZone: TIME_ZONE, retention: retentionShape.parse(undefined) },
  };
}

/** The embedded server is that of the gateway where one runs; else it is started for us, and stopped afterwards. */
export async function withDatabase<T>({ url, data: folder }: Place, work: (db: Database) => Promise<T>): Promise<T> {
  if (url !== "embedded") return connected(url, work);
  const data = folder ?? DATA_FOLDER;
  const running = await runningServer(data);
  if (running !== null) return connected(running, work);
  const { startEmbeddedPostgres } = await import("../stores/embedded-postgres.ts");
  const server = await startEmbeddedPostgres({ dataFolder: data, log: silentLog, clock: systemClock });
  try {
    return await connected(server.connectionString, work);
  } finally {
    await server.stop();
  }
}

async function runningServer(data: string): Promise<string | null> {
  const { embeddedAddress } = await import("../stores/embedded-address.ts");
  try {
    const address = await embeddedAddress(data);
    await connected(address, () => Promise.resolve());
    return address;
  } catch (error) {
    if (isFault(error, "database-unreachable")) return null;
    throw error;
  }
}

async function connected<T>(connectionString: string, work: (db: Database) => Promise<T>): Promise<T> {
  const { Database } = await import("../stores/database.ts");
  const db = await Database.open({ connectionString, log: silentLog, connectionsMax: 1, actor: "meterctl" });
  try {
    return await work(db);
  } finally {
    await db.close();
  }
}
