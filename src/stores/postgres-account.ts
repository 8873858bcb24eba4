/**
 * Under which account the embedded PostgreSQL runs, and what that account can reach.
 *
 * PostgreSQL refuses to run as root. When we are root it runs as the owner of the cluster that is already there, else as
 * `postgres`, else as `nobody`. Whether such an account can reach a place is not computed from modes but tried.
 */
import { spawn } from "node:child_process";
import { stat } from "node:fs/promises";
import { Fault } from "../kernel/faults.ts";

/** Null: our own account. */
export type Account = { readonly uid: number; readonly gid: number; readonly name: string } | null;

/** Nothing of our environment is handed on: PGDATA, PGPORT and the like would be obeyed. */
export const bareEnvironment = (): NodeJS.ProcessEnv => ({
  PATH: process.env["PATH"] ?? "/usr/bin:/bin",
  LC_ALL: "C",
  TZ: "UTC",
});

export interface Ran {
  readonly code: number | null;
  readonly printed: string;
}

/** Runs a program to its end under an account; a program that cannot be started is an exit like any other. */
export function runAs(account: Account, program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    let printed = "";
    try {
      const child = spawn(program, [...args], {
        cwd: "/",
        env: bareEnvironment(),
        stdio: ["ignore", "pipe", "pipe"],
        ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
      });
      for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => (printed += chunk.toString()));
      child.on("error", (error) => resolve({ code: null, printed: error.message }));
      child.on("close", (code) => resolve({ code, printed: printed.trim() }));
    } catch (error) {
      resolve({ code: null, printed: error instanceof Error ? error.message : String(error) });
    }
  });
}

export const isRoot = (): boolean => process.getuid?.() === 0;

/** Chooses the account; `cluster` is the folder that may already belong to one. */
export async function chooseAccount(cluster: string): Promise<Account> {
  if (!isRoot()) return null;
  const owner = await stat(cluster).catch(() => null);
  if (owner !== null && owner.uid !== 0) return { uid: owner.uid, gid: owner.gid, name: `uid ${owner.uid}` };
  for (const name of ["postgres", "nobody"]) {
    const [uid, gid] = await Promise.all([runAs(null, "id", ["-u", name]), runAs(null, "id", ["-g", name])]);
    if (uid.code === 0 && gid.code === 0) return { uid: Number(uid.printed), gid: Number(gid.printed), name };
  }
  throw new Fault("data-folder-unreachable", {
    why: "PostgreSQL refuses to run as root, and neither an account postgres nor nobody exists",
    do: "run the gateway as an ordinary user, add one of these accounts, or set DATABASE_URL",
  });
}

export const canRun = async (account: Account, program: string): Promise<Ran & { yes: boolean }> => {
  const ran = await runAs(account, program, ["--version"]);
  return { ...ran, yes: ran.code === 0 };
};

/** True when the account can enter the folder and write in it. Tried under a name of its own: a gateway that was killed may still be trying, too. */
export const canWrite = async (account: Account, folder: string): Promise<boolean> =>
  (await runAs(account, "/bin/sh", ["-c", 'cd "$1" && : > ".reach-$$" && rm -f ".reach-$$"', "sh", folder])).code === 0;
