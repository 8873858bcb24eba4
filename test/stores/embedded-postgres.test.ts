/** The embedded PostgreSQL with real processes: whatever dies, the next start works at once and nothing confirmed is lost. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chmod, chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Database } from "../../src/stores/database.ts";
import { startEmbeddedPostgres, type EmbeddedPostgres } from "../../src/stores/embedded-postgres.ts";
import { chooseAccount, isRoot, runAs, type Account } from "../../src/stores/postgres-account.ts";
import { lookAt } from "../../src/stores/postgres-processes.ts";

interface Said {
  readonly lives?: number;
  readonly pid?: number;
  readonly folder?: string;
  readonly fault?: string;
  readonly why?: string;
}

interface Gateway {
  readonly process: ChildProcess;
  said(): Promise<Said>;
  killGroup(signal: NodeJS.Signals): void;
  ended: Promise<unknown>;
}

const CHILD = join(import.meta.dirname, "embedded-child.ts");
const START_MS_MAX = 15_000;

let home: string;
let gateways: Gateway[];
let servers: EmbeddedPostgres[];

/** Like a gateway started from a shell: it leads a process group of its own. */
function startGateway(dataFolder: string, account: Account = null): Gateway {
  const child = spawn(process.execPath, [CHILD, dataFolder], {
    cwd: "/",
    detached: true,
    stdio: ["pipe", "pipe", "inherit"],
    ...(account === null ? {} : { uid: account.uid, gid: account.gid }),
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const gateway: Gateway = {
    process: child,
    ended: once(child, "exit"),
    async said() {
      const line = await lines.next();
      return line.done === true ? {} : (JSON.parse(line.value) as Said);
    },
    killGroup: (signal) => void process.kill(-child.pid!, signal),
  };
  gateways.push(gateway);
  return gateway;
}

async function start(dataFolder: string): Promise<EmbeddedPostgres> {
  const server = await startEmbeddedPostgres({ dataFolder, log: silentLog, clock: systemClock });
  servers.push(server);
  return server;
}

async function becomes(what: () => Promise<boolean>, ms: number): Promise<boolean> {
  const until = systemClock.now() + ms;
  while (!(await what())) {
    if (systemClock.now() >= until) return false;
    await systemClock.wait(20);
  }
  return true;
}

const faultOf = (starting: Promise<unknown>): Promise<string> =>
  starting.then(
    () => "none",
    (error: unknown) => (isFault(error) ? error.code : String(error)),
  );

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly command: string;
}

/** All processes of the machine; slim machines have no ps. */
async function processes(): Promise<Row[]> {
  if (process.platform !== "linux") {
    const { printed } = await runAs(null, "ps", ["-A", "-o", "pid=,ppid=,args="]);
    return [...printed.matchAll(/^\s*(\d+)\s+(\d+)\s+(.*)$/gm)].map((match) => ({
      pid: Number(match[1]),
      parent: Number(match[2]),
      command: match[3]!,
    }));
  }
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name)).map(Number);
  const rows = pids.map(async (pid) => {
    const look = await lookAt(pid).catch(() => null);
    const stat = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => "");
    return look === null
      ? []
      : [{ pid, parent: Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]), command: look.command }];
  });
  return (await Promise.all(rows)).flat();
}

const holdersOf = async (folder: string): Promise<string[]> =>
  (await processes()).filter(({ command }) => command.includes(folder)).map(({ pid, command }) => `${pid} ${command}`);
const isFree = async (folder: string): Promise<boolean> => (await holdersOf(folder)).length === 0;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "embedded-postgres-"));
  await chmod(home, 0o755);
  gateways = [];
  servers = [];
});

afterEach(async () => {
  for (const gateway of gateways)
    if (gateway.process.exitCode === null && gateway.process.signalCode === null) gateway.killGroup("SIGKILL");
  for (const server of servers) await server.stop();
  await becomes(() => isFree(home), 5_000);
  await rm(home, { recursive: true, force: true, maxRetries: 5 });
});

test("the first start makes a closed folder, later starts find the data", async () => {
  const data = join(home, "data");
  const first = await start(data);
  const db = await Database.open({ connectionString: first.connectionString, log: silentLog });
  await db.run(null, "CREATE TABLE kept (amount bigint); INSERT INTO kept VALUES (4711)");
  const settings = await db.rows<{ name: string; setting: string }>(
    null,
    "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'listen_addresses', 'unix_socket_directories', 'server_encoding', 'lc_messages', 'password_encryption')",
  );
  await db.close();
  expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
    fsync: "on",
    lc_messages: "C",
    listen_addresses: "127.0.0.1",
    password_encryption: "scram-sha-256",
    server_encoding: "UTF8",
    unix_socket_directories: "",
  });
  expect((await stat(first.folder)).mode & 0o777).toBe(0o700);
  expect((await stat(join(first.folder, "password"))).mode & 0o777).toBe(0o600);
  await first.stop();
  expect(await holdersOf(data)).toEqual([]);

  const second = await start(data);
  const again = await Database.open({ connectionString: second.connectionString, log: silentLog });
  expect(await again.rows(null, "SELECT amount FROM kept")).toEqual([{ amount: 4711n }]);
  await again.close();
});

test("a server that is killed under us is revived at the same address", async () => {
  const server = await start(join(home, "data"));
  const db = await Database.open({ connectionString: server.connectionString, log: silentLog });
  await db.run(null, "CREATE TABLE kept (amount bigint); INSERT INTO kept VALUES (1)");
  const before = server.pid;
  process.kill(before, "SIGKILL");
  expect(await becomes(async () => server.pid !== before && (await db.trouble()) === null, START_MS_MAX)).toBe(true);
  expect(await db.rows(null, "SELECT amount FROM kept")).toEqual([{ amount: 1n }]);
  await db.close();
});

test("kill -9 of the whole group: the next start works at once, three times, and nothing is lost", async () => {
  const data = join(home, "data");
  for (const lives of [1, 2, 3, 4]) {
    const gateway = startGateway(data);
    expect(await gateway.said()).toMatchObject({ lives });
    gateway.killGroup("SIGKILL"); // not even waiting for its exit
  }
});

test("kill -9 of the whole group: soon nobody holds the data folder", async () => {
  const gateway = startGateway(join(home, "data"));
  await gateway.said();
  gateway.killGroup("SIGKILL");
  await gateway.ended;
  expect(await becomes(() => isFree(home), 3_000)).toBe(true);
});

test("everything killed at once, guardian and server too: the next start works", async () => {
  const data = join(home, "data");
  const gateway = startGateway(data);
  const { pid } = await gateway.said();
  const guardian = (await processes()).find((row) => row.pid === pid)!.parent;
  for (const each of [guardian, gateway.process.pid!, pid!]) process.kill(each, "SIGKILL");
  expect(await startGateway(data).said()).toMatchObject({ lives: 2 });
});

test("the guardian alone is killed: the server is stopped and revived, and stops with us", async () => {
  const data = join(home, "data");
  const server = await start(data);
  const before = server.pid;
  process.kill((await processes()).find((row) => row.pid === before)!.parent, "SIGKILL");
  expect(await becomes(() => Promise.resolve(server.pid !== before), START_MS_MAX)).toBe(true);
  await server.stop();
  expect(await becomes(() => isFree(home), 3_000)).toBe(true);
});

test("SIGTERM to the whole group: what was in the air is still written, then everything ends", async () => {
  const data = join(home, "data");
  const gateway = startGateway(data);
  expect(await gateway.said()).toMatchObject({ lives: 1 });
  gateway.killGroup("SIGTERM");
  expect(await gateway.said()).toEqual({ lives: 2 });
  expect(await gateway.ended).toEqual([0, null]);
  expect(await holdersOf(home)).toEqual([]);
});

test("a death in the middle of the very first start is begun anew", async () => {
  const data = join(home, "data");
  const gateway = startGateway(data);
  const base = join(data, "postgres");
  const unfinished = async (): Promise<boolean> =>
    (await readdir(base).catch(() => [])).some((name) => name.includes("unfinished"));
  expect(await becomes(unfinished, START_MS_MAX)).toBe(true);
  gateway.killGroup("SIGKILL");
  expect(await startGateway(data).said()).toMatchObject({ lives: 1 });
  expect(await unfinished()).toBe(false);
});

test("a lock file whose pid was given to another program does not stop the start", async () => {
  const data = join(home, "data");
  const server = await start(data);
  await server.stop();
  const cluster = join(server.folder, "cluster");
  await writeFile(join(cluster, "postmaster.pid"), `${process.pid}\n${cluster}\n1\n5432\n\n127.0.0.1\n`);
  await writeFile(join(server.folder, "owner"), JSON.stringify({ pid: process.pid, born: "another life" }));
  await start(data);
});

test("of two gateways on one folder the second is told so, and the first is not harmed", async () => {
  const data = join(home, "data");
  const first = await start(data);
  expect(await startGateway(data).said()).toMatchObject({ fault: "another-gateway" });
  expect(await lookAt(first.pid)).not.toBeNull();
});

test("a data folder that cannot be made is named", async () => {
  await writeFile(join(home, "file"), "");
  expect(await faultOf(start(join(home, "file", "data")))).toBe("data-folder-unreachable");
});

test("a script that forgets to stop the server still ends, and the server with it", async () => {
  const script = `
    import { startEmbeddedPostgres } from ${JSON.stringify(join(import.meta.dirname, "../../src/stores/embedded-postgres.ts"))};
    import { systemClock } from ${JSON.stringify(join(import.meta.dirname, "../../src/kernel/clock.ts"))};
    import { silentLog } from ${JSON.stringify(join(import.meta.dirname, "../../src/kernel/log.ts"))};
    await startEmbeddedPostgres({ dataFolder: ${JSON.stringify(join(home, "data"))}, log: silentLog, clock: systemClock });`;
  const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], { stdio: "inherit" });
  expect(await once(child, "exit")).toEqual([0, null]);
  expect(await becomes(() => isFree(home), 3_000)).toBe(true);
});

describe.skipIf(!isRoot())("as root", () => {
  test("under a folder that only root can enter, the data are kept elsewhere and found again", async () => {
    await chmod(home, 0o700);
    const data = join(home, "data");
    const first = await start(data);
    try {
      expect(first.folder.startsWith(data)).toBe(false);
      expect(await readFile(join(data, "postgres-is-elsewhere.txt"), "utf8")).toContain(first.folder);
      await first.stop();
      const second = await start(data);
      expect(second.folder).toBe(first.folder);
      await second.stop();
    } finally {
      await rm(first.folder, { recursive: true, force: true });
    }
    expect(await faultOf(start(data))).toBe("data-folder-unreachable"); // never begun anew in silence
  });

  test("an ordinary user gets along with a folder of its own, and is told when the folder is not", async (context) => {
    const account = await ordinaryAccount();
    if (account === null) return context.skip("no ordinary account can read this clone");
    const own = join(home, "own");
    await mkdir(own, { mode: 0o700 });
    await chown(own, account.uid, account.gid);
    expect(await startGateway(own, account).said()).toMatchObject({ lives: 1, folder: join(own, "postgres") });

    await mkdir(join(home, "closed"), { mode: 0o755 });
    const said = await startGateway(join(home, "closed"), account).said();
    expect(said).toMatchObject({ fault: "data-folder-unreachable" });
    expect(said.why).toContain("permission denied");
  });
});

async function ordinaryAccount(): Promise<Account> {
  const account = await chooseAccount("/nowhere");
  const readable = await runAs(account, "sh", ["-c", `test -r "$1" && "$2" --version`, "sh", CHILD, process.execPath]);
  return readable.code === 0 ? account : null;
}
