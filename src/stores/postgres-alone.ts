/**
 * One gateway per database: a session advisory lock on a connection of its own.
 *
 * The lock lives exactly as long as the connection, so a gateway that is killed lets go of it by dying; its server side may
 * need a moment to notice, hence the patience at the start. If the connection is lost while we live (the server was
 * restarted), we say so, are not ready, and take it again. Should another gateway have come in between, that is final.
 */
import pg from "pg";
import type { Clock } from "../kernel/clock.ts";
import { Fault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { asFault } from "./postgres-faults.ts";

const ALONE_LOCK = "fee-control-gateway alone";
const PATIENCE_MS = 5_000;
const LOOK_AGAIN_MS = 100;
const TAKE_AGAIN_MS = 1_000;
const CONNECT_MS_MAX = 5_000;
/** A holder whose machine vanished is dropped by the server after about 10 + 3 × 5 s. */
const DROP_DEAD_PEERS =
  "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3; SET idle_session_timeout = 0";

export interface AloneOptions {
  readonly connectionString: string;
  readonly place: { readonly host: string; readonly port: number; readonly database: string };
  readonly log: Logger;
  readonly clock: Clock;
  /** Called once, when the lock was lost and another gateway has it: this process must stop. */
  readonly onLost: (fault: Fault) => void;
}

export class Alone {
  readonly #options: AloneOptions;
  readonly #ending = new AbortController();
  #client: pg.Client | undefined;
  #retaking: Promise<void> = Promise.resolve();
  #trouble: string | null = null;

  constructor(options: AloneOptions) {
    this.#options = options;
  }

  /** Null while the lock is held. */
  trouble(): string | null {
    return this.#trouble;
  }

  async take(): Promise<void> {
    const { connectionString, place, clock, log } = this.#options;
    const client = new pg.Client({
      connectionString,
      application_name: ALONE_LOCK,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      query_timeout: CONNECT_MS_MAX,
      keepAlive: true,
    });
    let held = false;
    client.on("error", (error) => log.warn({ why: reasonOf(error) }, "trouble on the connection that keeps other gateways out"));
    client.on("end", () => {
      if (held && !this.#ending.signal.aborted) this.#lost();
    });
    try {
      await client.connect();
      await client.query(DROP_DEAD_PEERS);
      const until = clock.now() + PATIENCE_MS;
      while (!(held = await tryLock(client))) {
        if (clock.now() >= until || this.#ending.signal.aborted) throw new Fault("another-gateway", { ...place });
        await clock.wait(LOOK_AGAIN_MS, this.#ending.signal);
      }
      this.#client = client;
      this.#trouble = null;
    } catch (error) {
      await client.end().catch(() => undefined);
      throw asFault(error, place);
    }
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await this.#retaking;
    await this.#client?.end().catch(() => undefined);
  }

  #lost(): void {
    this.#trouble = "the lock that keeps other gateways out is lost";
    this.#options.log.error({ ...this.#options.place }, "the connection that keeps other gateways out is lost; taking it again");
    this.#retaking = this.#retake();
  }

  async #retake(): Promise<void> {
    const { clock, log, onLost } = this.#options;
    while (!this.#ending.signal.aborted) {
      try {
        await this.take();
        log.info({}, "the lock that keeps other gateways out is held again");
        return;
      } catch (error) {
        if (error instanceof Fault && error.code === "another-gateway") {
          log.error({ why: error.message }, "another gateway took this database while our connection was lost");
          onLost(error);
          return;
        }
        await clock.wait(TAKE_AGAIN_MS, this.#ending.signal);
      }
    }
  }
}

async function tryLock(client: pg.Client): Promise<boolean> {
  const { rows } = await client.query<{ held: boolean }>("SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS held", [
    ALONE_LOCK,
  ]);
  return rows[0]?.held === true;
}
