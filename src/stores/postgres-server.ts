/**
 * The life of one PostgreSQL server process: started on a free port of the loopback, revived when it dies, stopped in two
 * steps (fast, then at once). Its log is cut at each start; between two starts it says next to nothing.
 */
import { open, stat } from "node:fs/promises";
import { createServer, type AddressInfo } from "node:net";
import pg from "pg";
import type { Clock } from "../kernel/clock.ts";
import { Fault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { boundLog, CLUSTER_USER, serverArguments } from "./postgres-cluster.ts";
import { guard, type Guarded } from "./postgres-guardian.ts";
import { clearLeftovers, postmasterPid } from "./postgres-leftovers.ts";
import type { Place } from "./postgres-place.ts";
import { signal } from "./postgres-processes.ts";

const STARTS_MAX = 20;
const START_AGAIN_MS = 100;
/** After a crash the server replays what it had written; with many pages that takes its time. */
const READY_MS_MAX = 120_000;
const LOOK_AGAIN_MS = 10;
const FAST_STOP_MS_MAX = 10_000;
const IMMEDIATE_STOP_MS_MAX = 5_000;
const REVIVE_AGAIN_MS = 500;
const REASON_BYTES_MAX = 2_000;

export interface ServerOptions {
  readonly place: Place;
  readonly program: string;
  readonly password: string;
  readonly log: Logger;
  readonly clock: Clock;
}

export class PostgresServer {
  readonly #options: ServerOptions;
  readonly #ending = new AbortController();
  #port = 0;
  #guarded: Guarded | undefined;
  #reviving: Promise<void> = Promise.resolve();
  pid = 0;

  constructor(options: ServerOptions) {
    this.#options = options;
  }

  get connectionString(): string {
    return `postgres://${CLUSTER_USER}:${this.#options.password}@127.0.0.1:${this.#port}/postgres?sslmode=disable`;
  }

  async stop(): Promise<void> {
    const { clock, log } = this.#options;
    this.#ending.abort();
    await this.#reviving;
    const guarded = this.#guarded;
    if (guarded === undefined) return;
    guarded.letGo();
    if (await within(guarded, FAST_STOP_MS_MAX, clock)) return;
    log.warn(
      { pid: this.pid },
      "PostgreSQL takes too long to stop; it is stopped at once and will replay its log at the next start",
    );
    signal(this.pid, "SIGQUIT");
    if (!(await within(guarded, IMMEDIATE_STOP_MS_MAX, clock))) signal(this.pid, "SIGKILL");
    await within(guarded, IMMEDIATE_STOP_MS_MAX, clock);
  }

  /** A port that was free a moment ago may be taken now; a revived server wants the one that everybody knows. */
  async start(): Promise<void> {
    const { place, clock, log } = this.#options;
    for (let starts = 1; ; starts += 1) {
      if (this.pid === 0) this.#port = await freePort();
      const why = await this.#startOnce();
      if (why === null) return;
      if (starts >= STARTS_MAX || this.#ending.signal.aborted)
        throw new Fault("database-unreachable", { folder: place.cluster, why });
      log.debug({ why, starts }, "PostgreSQL did not start; trying again");
      await clock.wait(START_AGAIN_MS, this.#ending.signal);
      await clearLeftovers(place.cluster, clock, log);
    }
  }

  /** Null when the server answers, else why it did not start. Throws when trying again is of no use. */
  async #startOnce(): Promise<string | null> {
    const { place, program, clock } = this.#options;
    await boundLog(place.logFile);
    const logged = (await stat(place.logFile).catch(() => null))?.size ?? 0;
    const guarded = await guard(place.account, program, serverArguments(place, this.#port), place.logFile);
    this.#guarded = guarded;
    const until = clock.now() + READY_MS_MAX;
    while (!guarded.hasEnded()) {
      if ((await this.#answers()) && !guarded.hasEnded()) {
        this.pid = (await postmasterPid(place.cluster)) ?? 0;
        this.#reviveAfter(guarded);
        return null;
      }
      if (clock.now() >= until) {
        guarded.letGo();
        throw new Fault("database-unreachable", {
          folder: place.cluster,
          why: `PostgreSQL is not ready after ${READY_MS_MAX / 1_000} s`,
        });
      }
      await clock.wait(LOOK_AGAIN_MS);
    }
    const why = await readSince(place.logFile, logged);
    if (/in use|already exists|pre-existing shared memory block/i.test(why)) return why;
    throw new Fault("database-unreachable", { folder: place.cluster, why });
  }

  async #answers(): Promise<boolean> {
    const client = new pg.Client({ connectionString: this.connectionString, connectionTimeoutMillis: 2_000 });
    client.on("error", () => undefined);
    try {
      await client.connect();
      return true;
    } catch {
      return false;
    } finally {
      await client.end().catch(() => undefined);
    }
  }

  /** A server that dies while we live is started again where everybody looks for it. No timer: it must not keep us alive. */
  #reviveAfter(guarded: Guarded): void {
    void guarded.ended.then(() => {
      if (!this.#ending.signal.aborted) this.#reviving = this.#revive();
    });
  }

  async #revive(): Promise<void> {
    const { clock, log, place } = this.#options;
    while (!this.#ending.signal.aborted) {
      log.error({ folder: place.base }, "PostgreSQL died; it is started again");
      try {
        await clearLeftovers(place.cluster, clock, log);
        await this.start();
        log.info({ pid: this.pid }, "PostgreSQL runs again");
        return;
      } catch (error) {
        log.error({ why: reasonOf(error) }, "PostgreSQL does not start; trying again");
        await clock.wait(REVIVE_AGAIN_MS, this.#ending.signal);
      }
    }
  }
}

async function within(guarded: Guarded, ms: number, clock: Clock): Promise<boolean> {
  const enough = new AbortController();
  void guarded.ended.then(() => enough.abort());
  await clock.wait(ms, enough.signal);
  return guarded.hasEnded();
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

/** What the server said since this start: the reason, when there is one. */
async function readSince(logFile: string, position: number): Promise<string> {
  const file = await open(logFile, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(REASON_BYTES_MAX), 0, REASON_BYTES_MAX, position);
    return buffer.toString("utf8", 0, bytesRead).trim();
  } finally {
    await file.close();
  }
}
