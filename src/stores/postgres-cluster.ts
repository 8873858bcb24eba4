/**
 * The files of the embedded PostgreSQL: made once, under another name, and given their name when they are whole. So a
 * cluster that has its name is a whole one, and what a death in the middle left behind is thrown away at the next start.
 */
import { randomBytes, randomUUID } from "node:crypto";
import { chown, readdir, readFile, rename, rm, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { runAs } from "./postgres-account.ts";
import type { Binaries } from "./postgres-binaries.ts";
import type { Place } from "./postgres-place.ts";

export const CLUSTER_USER = "gateway";
const MAJOR = "18";
const UNFINISHED = "cluster.unfinished-";

export async function ensureCluster(place: Place, binaries: Binaries, log: Logger): Promise<void> {
  const version = await readFile(join(place.cluster, "PG_VERSION"), "utf8").catch(() => null);
  if (version !== null) {
    if (version.trim() === MAJOR) return;
    const why = `the data were written by PostgreSQL ${version.trim()}, this gateway brings PostgreSQL ${MAJOR}`;
    throw new Fault(Number(version) > Number(MAJOR) ? "database-newer" : "data-folder-unreachable", {
      folder: place.cluster,
      why,
    });
  }
  for (const name of await readdir(place.base)) {
    if (name.startsWith(UNFINISHED)) await rm(join(place.base, name), { recursive: true, force: true, maxRetries: 5 });
  }
  await writePassword(place);
  const unfinished = join(place.base, `${UNFINISHED}${randomUUID()}`);
  const made = await runAs(place.account, binaries.initdb, [
    `--pgdata=${unfinished}`,
    `--username=${CLUSTER_USER}`,
    `--pwfile=${place.passwordFile}`,
    "--auth=scram-sha-256",
    "--encoding=UTF8",
    "--locale=C",
    "--no-instructions",
  ]);
  if (made.code !== 0)
    throw new Fault("data-folder-unreachable", { folder: place.base, why: made.printed.split("\n").slice(-3).join(" ") });
  await rename(unfinished, place.cluster);
  log.info({ folder: place.cluster }, "a new PostgreSQL cluster was made");
}

export const readPassword = async (place: Place): Promise<string> => (await readFile(place.passwordFile, "utf8")).trim();

async function writePassword(place: Place): Promise<void> {
  await rm(place.passwordFile, { force: true });
  await writeFile(place.passwordFile, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" });
  if (place.account !== null) await chown(place.passwordFile, place.account.uid, place.account.gid); // initdb reads it as that account
}

/** How the server is run. Given at every start, so that a newer gateway's settings hold on an older cluster. */
export const serverArguments = (place: Place, port: number): string[] => [
  "-D",
  place.cluster,
  ...Object.entries({
    listen_addresses: "127.0.0.1",
    port,
    unix_socket_directories: "", // a socket in a shared folder would outlive kill -9 and stop the next start
    max_connections: 60,
    shared_buffers: "64MB",
    max_wal_size: "256MB",
    min_wal_size: "32MB",
    max_parallel_workers_per_gather: 0,
    io_method: "sync", // no extra processes: a gateway's tables fit into memory
    fsync: "on",
    full_page_writes: "on",
    synchronous_commit: "on",
    timezone: "UTC",
    log_timezone: "UTC",
    logging_collector: "off",
    log_checkpoints: "off",
    log_min_messages: "log", // refused statements are told to the client; here they would only fill the disk
  }).flatMap(([name, value]) => ["-c", `${name}=${value}`]),
];

const LOG_BYTES_MAX = 1_000_000;

/** The server appends, so a log that is cut at any moment goes on from its new beginning. */
export async function boundLog(logFile: string): Promise<void> {
  const { size } = await stat(logFile).catch(() => ({ size: 0 }));
  if (size <= LOG_BYTES_MAX) return;
  await writeFile(`${logFile}.old`, await readFile(logFile), { mode: 0o600 });
  await truncate(logFile);
}
