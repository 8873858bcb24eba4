/**
 * The two stores BullMQ works on: PostgreSQL (the default: nothing else to install) and Redis.
 *
 * The queue has a schema of its own in the gateway's database, and does not wait for the disk: what it forgets in a power cut
 * is added again by the sweeper. On Redis one connection adds and one works; the adding one gives up soon, because whoever
 * adds will come again, the working one never.
 */
import { createPostgresBackend, PostgresConnection, Queue, Worker, type Processor, type WorkerOptions } from "bullmq";
import { Redis } from "ioredis";

export interface Job {
  readonly commandId: string;
}

export type AddingQueue = Pick<Queue<Job>, "addBulk" | "close" | "waitUntilReady"> & {
  on(event: "error", listener: (error: Error) => void): unknown;
};
export type WorkingQueue = Pick<Worker<Job>, "close" | "pause" | "waitUntilReady"> & {
  on(event: "error", listener: (error: Error) => void): unknown;
};
export type WorkingOptions = Omit<WorkerOptions, "connection" | "prefix">;

export interface Store {
  readonly kind: string;
  readonly place: { readonly host: string; readonly port: number };
  queue(name: string): AddingQueue;
  worker(name: string, run: Processor<Job>, options: WorkingOptions): WorkingQueue;
  /** Throws when the store does not answer. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

const SCHEMA = "queue";
const ADDING_CONNECTIONS_MAX = 2;
const WORKING_CONNECTIONS_MAX = 4;
const CONNECT_MS_MAX = 5_000;
const STATEMENT_MS_MAX = 15_000;
/** BullMQ's own stream of events is not listened to: short. */
const EVENTS_MAX = 100;
const STREAMS = { events: { maxLen: EVENTS_MAX } };

const placeOf = (url: string, port: number): Store["place"] => {
  const parsed = URL.parse(url);
  return { host: parsed?.hostname ?? "(unreadable address)", port: Number(parsed?.port === "" ? port : (parsed?.port ?? 0)) };
};

export function postgresStore(connectionString: string): Store {
  const connect = (max: number) => ({
    connectionString,
    schema: SCHEMA,
    migrate: true,
    max,
    // a gateway that hangs in the middle of a transaction does not stop the others' queues
    options: "-c synchronous_commit=off -c idle_in_transaction_session_timeout=10s",
    application_name: "fee-control-gateway queue",
    connectionTimeoutMillis: CONNECT_MS_MAX,
    statement_timeout: STATEMENT_MS_MAX,
    keepAlive: true,
  });
  let asking: PostgresConnection | undefined;
  return {
    kind: "bullmq on postgresql",
    place: placeOf(connectionString, 5432),
    queue: (name) =>
      new Queue<Job>(name, { connection: connect(ADDING_CONNECTIONS_MAX), streams: STREAMS }, createPostgresBackend as never),
    worker: (name, run, options) =>
      new Worker<Job>(name, run, { ...options, connection: connect(WORKING_CONNECTIONS_MAX) }, createPostgresBackend as never),
    async ping() {
      asking ??= new PostgresConnection(connect(1)).on("error", () => undefined);
      await asking.pool.query("SELECT 1");
    },
    close: async () => asking?.close(),
  };
}

export function redisStore(url: string, noteTrouble: (error: Error) => void): Store {
  const connect = (maxRetriesPerRequest: number | null): Redis =>
    new Redis(url, {
      maxRetriesPerRequest,
      connectTimeout: CONNECT_MS_MAX,
      keepAlive: 10_000,
      noDelay: true,
      retryStrategy: (times) => Math.min(times * 100, 2_000),
    }).on("error", noteTrouble);
  const adding = connect(1);
  const working = connect(null);
  return {
    kind: "bullmq on redis",
    place: placeOf(url, 6379),
    // not waiting for ready: whoever adds while Redis is away is told so at once
    queue: (name) => new Queue<Job>(name, { connection: adding, streams: STREAMS, skipWaitingForReady: true }),
    worker: (name, run, options) => new Worker<Job>(name, run, { ...options, connection: working }),
    async ping() {
      await adding.ping();
    },
    close() {
      adding.disconnect();
      working.disconnect();
      return Promise.resolve();
    },
  };
}
