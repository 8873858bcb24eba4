/**
 * Real servers for the suites that need them: each on a free port of the loopback, in a temporary folder of its own, under a
 * guardian that stops it even when the test run is killed. A server that is not installed is skipped by name; with CI=true
 * it is a failure, because there a silent skip would be a hole nobody sees.
 */
import { accessSync, constants, readdirSync } from "node:fs";
import { chmod, chown, readFile, rm, writeFile } from "node:fs/promises";
import { createConnection, createServer, type AddressInfo } from "node:net";
import { delimiter, join } from "node:path";
import { describe, test } from "vitest";
import { systemClock } from "../../src/kernel/clock.ts";
import { chooseAccount, runAs, type Account } from "../../src/stores/postgres-account.ts";
import { guard } from "../../src/stores/postgres-guardian.ts";
import { quickFolder } from "./quick-folder.ts";

const debianPackage: Record<string, string> = {
  "redis-server": "redis-server",
  mosquitto: "mosquitto",
  socat: "socat",
  chromium: "chromium",
  postgres: "postgresql",
};

const READY_MS_MAX = 15_000;
const STOP_MS_MAX = 10_000;
const LOOK_AGAIN_MS = 10;

export interface StartedServer {
  readonly port: number;
  /** The server's own process, to be killed or paused by tests of trouble. */
  readonly pid: number;
  readonly folder: string;
  /** Ends it and starts it again on the same port and folder. */
  restart(): Promise<void>;
  /** Ends it, in order or by SIGKILL; what it keeps stays. */
  halt(how?: "in-order" | "killed"): Promise<void>;
  /** Starts it again after that. */
  begin(): Promise<void>;
  stop(): Promise<void>;
}

/** The path of an installed program, also where Debian hides servers from ordinary users; null when it is missing. */
export function findProgram(name: string): string | null {
  const debian = "/usr/lib/postgresql";
  const versions = isThere(debian, constants.R_OK) ? readdirSync(debian).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [
    ...(process.env["PATH"] ?? "").split(delimiter),
    "/usr/sbin",
    "/usr/local/sbin",
    ...versions.map((version) => join(debian, version, "bin")),
  ];
  return folders.map((folder) => join(folder, name)).find((path) => isThere(path, constants.X_OK)) ?? null;
}

function isThere(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

export const chromiumPath = (): string | null =>
  ["chromium", "chromium-browser", "google-chrome"].map(findProgram).find((path) => path !== null) ?? null;

const isMissing = (program: string): boolean => (program === "chromium" ? chromiumPath() : findProgram(program)) === null;

/** A suite that needs installed programs: `suiteNeeding(["redis-server"], "…", () => { … })`. */
export function suiteNeeding(programs: readonly string[], title: string, body: () => void): void {
  const missing = programs.filter(isMissing);
  const say = missing.map((name) => `${name} (Debian package ${debianPackage[name] ?? name})`).join(", ");
  if (missing.length === 0) describe(title, body);
  else if (process.env["CI"] === "true") {
    describe(title, () => {
      test(`needs ${say}`, () => {
        throw new Error(`missing: ${say}. With CI=true nothing is skipped.`);
      });
    });
  } else describe.skip(`${title}: skipped, missing ${say}`, body);
}

export interface RedisOptions {
  readonly appendonly?: boolean;
  readonly maxmemoryPolicy?: string;
  readonly password?: string;
}

export async function startRedis(options: RedisOptions = {}): Promise<StartedServer & { url: string }> {
  const { appendonly = true, maxmemoryPolicy = "noeviction", password } = options;
  const server = await startServer("redis-server", {
    args: (port, folder) => [
      ...["--port", String(port), "--bind", "127.0.0.1", "--dir", folder, "--save", "", "--loglevel", "warning"],
      ...["--appendonly", appendonly ? "yes" : "no", "--maxmemory-policy", maxmemoryPolicy],
      ...(password === undefined ? [] : ["--requirepass", password]),
    ],
    isReady: (port) => says(port, "PING\r\n", /^(\+PONG|-NOAUTH)/),
  });
  return Object.assign(server, { url: `redis://${password === undefined ? "" : `:${password}@`}127.0.0.1:${server.port}` });
}

/** Without users anybody may connect; with them a password is needed. */
export async function startMosquitto(users: Readonly<Record<string, string>> = {}): Promise<StartedServer & { url: string }> {
  const server = await startServer("mosquitto", {
    async prepare(folder, port) {
      const named = Object.entries(users);
      const passwords = join(folder, "passwords");
      await writeFile(passwords, "", { mode: 0o600 });
      for (const [user, password] of named)
        await runAs(null, findProgram("mosquitto_passwd")!, ["-b", passwords, user, password]);
      const access = named.length === 0 ? ["allow_anonymous true"] : ["allow_anonymous false", `password_file ${passwords}`];
      const lines = [
        `listener ${port} 127.0.0.1`,
        "set_tcp_nodelay true",
        "persistence false",
        "log_type error",
        "user root",
        ...access,
      ];
      await writeFile(join(folder, "mosquitto.conf"), `${lines.join("\n")}\n`);
    },
    args: (_port, folder) => ["-c", join(folder, "mosquitto.conf")],
    isReady: (port) => says(port, "", null),
  });
  return Object.assign(server, { url: `mqtt://127.0.0.1:${server.port}` });
}

/** The PostgreSQL of the distribution, as an operator would name it by DATABASE_URL. */
export async function startNamedPostgres(): Promise<StartedServer & { connectionString: string }> {
  const account = await chooseAccount("/nowhere");
  const server = await startServer("postgres", {
    account,
    async prepare(folder) {
      const made = await runAs(account, findProgram("initdb")!, [
        "-D",
        join(folder, "cluster"),
        "-U",
        "gateway",
        "-A",
        "trust",
        "-E",
        "UTF8",
        "--locale=C",
        "-N",
      ]);
      if (made.code !== 0) throw new Error(`initdb: ${made.printed}`);
    },
    args: (port, folder) => [
      ...["-D", join(folder, "cluster"), "-p", String(port), "-c", "listen_addresses=127.0.0.1"],
      ...["-c", "unix_socket_directories=", "-c", "max_connections=60", "-c", "logging_collector=off"],
    ],
    // an SSL request is answered with one letter as soon as somebody serves the port; "ready" is in the pid file
    isReady: async (_port, folder) =>
      /^ready/m.test(await readFile(join(folder, "cluster", "postmaster.pid"), "utf8").catch(() => "")),
  });
  return Object.assign(server, { connectionString: `postgres://gateway@127.0.0.1:${server.port}/postgres` });
}

interface Recipe {
  readonly account?: Account;
  prepare?(folder: string, port: number): Promise<void>;
  args(port: number, folder: string): string[];
  isReady(port: number, folder: string): Promise<boolean>;
}

async function startServer(name: string, recipe: Recipe): Promise<StartedServer> {
  const program = findProgram(name);
  if (program === null) throw new Error(`${name} is not installed`);
  const account = recipe.account ?? null;
  const folder = quickFolder(`${name}-`);
  if (account !== null) await chown(folder, account.uid, account.gid);
  await chmod(folder, 0o700);
  const port = await freePort();
  await recipe.prepare?.(folder, port);
  const pidFile = join(folder, "server.pid");
  const logFile = join(folder, "server.log");

  const launch = async () => {
    await rm(pidFile, { force: true });
    const args = ["-c", 'echo $$ > "$0"; exec "$@"', pidFile, program, ...recipe.args(port, folder)];
    const guarded = await guard(account, "/bin/sh", args, logFile);
    const until = systemClock.now() + READY_MS_MAX;
    while (!(await recipe.isReady(port, folder))) {
      if (guarded.hasEnded() || systemClock.now() >= until) {
        guarded.letGo();
        throw new Error(`${name} does not start: ${await readFile(logFile, "utf8").catch(() => "")}`);
      }
      await systemClock.wait(LOOK_AGAIN_MS);
    }
    return { guarded, pid: Number(await readFile(pidFile, "utf8")) };
  };
  let running = await launch();
  const end = async (): Promise<void> => {
    running.guarded.letGo();
    const late = new AbortController();
    void systemClock.wait(STOP_MS_MAX, late.signal).then(() => {
      if (!late.signal.aborted) process.kill(running.pid, "SIGKILL");
    });
    await running.guarded.ended;
    late.abort();
  };
  return {
    port,
    folder,
    get pid() {
      return running.pid;
    },
    async restart() {
      await end();
      running = await launch();
    },
    async halt(how = "in-order") {
      if (how === "killed") process.kill(running.pid, "SIGKILL");
      await (how === "killed" ? running.guarded.ended : end());
    },
    async begin() {
      const until = systemClock.now() + READY_MS_MAX;
      for (;;) {
        try {
          running = await launch();
          return;
        } catch (error) {
          // children of a killed server hold its shared memory for a moment
          if (systemClock.now() >= until) throw error;
          await systemClock.wait(100);
        }
      }
    },
    async stop() {
      await end();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** Whether somebody listens there and, when asked something, answers as expected. */
function says(port: number, question: string, expected: RegExp | null): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ port, host: "127.0.0.1" });
    const done = (yes: boolean): void => {
      socket.destroy();
      resolve(yes);
    };
    socket.once("error", () => done(false));
    socket.once("connect", () => (expected === null ? done(true) : socket.write(question)));
    socket.once("data", (chunk) => done(expected?.test(chunk.toString("latin1")) ?? true));
    socket.setTimeout(1_000, () => done(false));
  });
}
