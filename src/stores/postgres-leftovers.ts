/**
 * Deals with what an earlier life left on a cluster: a PostgreSQL that is still shutting down, or only its lock file.
 *
 * Called by the one who owns the folder, so whatever runs on it has lost its gateway. It is given time to go by itself (its
 * guardian has told it to), then it is told, then it is ended; PostgreSQL recovers from any of these. A lock file whose
 * process is a corpse or another program would stop the next start and is removed; one whose process is truly gone is left
 * to PostgreSQL, which looks for orphaned backends with its help.
 */
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { lookAt, signal } from "./postgres-processes.ts";

/** After so long, this. SIGINT: fast shutdown, SIGQUIT: immediate. */
const URGING: readonly { readonly afterMs: number; readonly signal: NodeJS.Signals }[] = [
  { afterMs: 3_000, signal: "SIGINT" },
  { afterMs: 15_000, signal: "SIGQUIT" },
  { afterMs: 20_000, signal: "SIGKILL" },
];
const PATIENCE_MS = 25_000;
const LOOK_AGAIN_MS = 20;

export const pidFileOf = (cluster: string): string => join(cluster, "postmaster.pid");

export async function postmasterPid(cluster: string): Promise<number | null> {
  const text = await readFile(pidFileOf(cluster), "utf8").catch(() => null);
  const pid = Number(text?.split("\n")[0]);
  return Number.isSafeInteger(pid) && pid > 0 ? pid : null;
}

export async function clearLeftovers(cluster: string, clock: Clock, log: Logger): Promise<void> {
  const since = clock.now();
  let urged = 0;
  for (;;) {
    const pid = await postmasterPid(cluster);
    if (pid === null) return;
    const look = await lookAt(pid);
    if (look === null || !isPostmasterOn(cluster, look.command)) {
      if (signal(pid, 0)) await rm(pidFileOf(cluster), { force: true });
      return;
    }
    const waited = clock.now() - since;
    if (waited >= PATIENCE_MS)
      throw new Fault("another-gateway", { folder: cluster, pid, why: "a PostgreSQL on this folder does not end" });
    const urge = URGING[urged];
    if (urge !== undefined && waited >= urge.afterMs) {
      log.warn({ pid, signal: urge.signal }, "a PostgreSQL that an earlier gateway left behind is told to end");
      signal(pid, urge.signal);
      urged += 1;
    }
    await clock.wait(LOOK_AGAIN_MS);
  }
}

const isPostmasterOn = (cluster: string, command: string): boolean => command.includes("postgres") && command.includes(cluster);
