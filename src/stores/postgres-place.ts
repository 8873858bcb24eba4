/**
 * Decides where the embedded PostgreSQL keeps its files: `<data folder>/postgres`, unless we are root and the account it has
 * to run under cannot get there (root's home, a temporary folder of mode 0700). Then a folder elsewhere is made once, and a
 * note is left in the data folder. The note rules from then on: a database that seems to be missing is never begun anew.
 */
import { randomBytes } from "node:crypto";
import { chmod, chown, lstat, mkdir, readFile, realpath, rmdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, dirname, join, resolve, sep } from "node:path";
import { Fault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { canWrite, chooseAccount, isRoot, type Account } from "./postgres-account.ts";
import { ownShelf } from "./postgres-shelf.ts";

const NOTE = "postgres-is-elsewhere.txt";

export interface Place {
  readonly account: Account;
  /** Mode 0700, owned by the account. */
  readonly base: string;
  readonly cluster: string;
  readonly passwordFile: string;
  readonly logFile: string;
}

export async function choosePlace(dataFolder: string, log: Logger): Promise<Place> {
  const home = await openDataFolder(resolve(dataFolder));
  const elsewhere = await readNote(home);
  if (elsewhere !== null) return usePlace(elsewhere, await chooseAccount(elsewhere), `${NOTE} in ${home} names it`);

  const base = join(home, "postgres");
  const account = await chooseAccount(base);
  const fresh = await makeOwn(base, account);
  if (await canWrite(account, base)) return placeIn(base, account);
  if (!fresh || account === null) throw closed(base, account, "it cannot be entered or written");

  await rmdir(base);
  const other = join(
    await ownShelf(isPassing(home) ? "passing" : "lasting"),
    `${basename(home)}-${randomBytes(6).toString("hex")}`,
  );
  await makeOwn(other, account);
  if (!(await canWrite(account, other))) throw closed(other, account, "it cannot be entered or written");
  await writeFile(join(home, NOTE), noteText(account.name, other), { mode: 0o644 });
  log.info(
    { dataFolder: home, folder: other },
    `the account ${account.name} cannot reach the data folder; PostgreSQL keeps its files elsewhere`,
  );
  return placeIn(other, account);
}

const placeIn = (base: string, account: Account): Place => ({
  account,
  base,
  cluster: join(base, "cluster"),
  passwordFile: join(base, "password"),
  logFile: join(base, "log.txt"),
});

async function usePlace(base: string, account: Account, because: string): Promise<Place> {
  if (!(await canWrite(account, base))) throw closed(base, account, `it is gone or cannot be entered, though ${because}`);
  return placeIn(base, account);
}

/** Makes the data folder when it is missing: open to be entered, for everything secret inside has a mode of its own. */
async function openDataFolder(folder: string): Promise<string> {
  try {
    const first = await mkdir(folder, { recursive: true });
    for (let made = folder; first !== undefined && made.length >= first.length; made = dirname(made)) await chmod(made, 0o755);
    return await realpath(folder);
  } catch (error) {
    throw closed(folder, null, reasonOf(error));
  }
}

/** True when it was made now. */
async function makeOwn(folder: string, account: Account): Promise<boolean> {
  try {
    const found = await lstat(folder).catch(() => null);
    if (found !== null && !isRoot() && found.uid !== process.getuid?.()) throw new Error("it belongs to another user");
    if (found === null) await mkdir(folder, { mode: 0o700 });
    if (account !== null && found?.uid !== account.uid) await chown(folder, account.uid, account.gid); // also after a death in between
    return found === null;
  } catch (error) {
    throw closed(folder, account, reasonOf(error));
  }
}

async function readNote(home: string): Promise<string | null> {
  const note = await readFile(join(home, NOTE), "utf8").catch(() => null);
  return note?.trim().split("\n").at(-1) ?? null;
}

const noteText = (account: string, folder: string): string =>
  `PostgreSQL refuses to run as root, and the account ${account} cannot enter this folder.\n` +
  `So the database of this gateway is in the folder below. Keep this note: the gateway finds its database by it.\n\n${folder}\n`;

const isPassing = (home: string): boolean => [tmpdir(), "/tmp", "/var/tmp"].some((temporary) => home.startsWith(temporary + sep));

const closed = (folder: string, account: Account, why: string): Fault =>
  new Fault("data-folder-unreachable", {
    folder,
    account: account?.name ?? `uid ${process.getuid?.() ?? "?"}`,
    why,
    do: "let this account enter and write it (chmod, chown), set GATEWAY_DATA to another folder, or set DATABASE_URL",
  });
