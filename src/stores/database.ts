/**
 * The door to PostgreSQL: transactions and rows. Stores say SQL; nobody else does.
 *
 * A transaction is a token. Handing it to `rows` or `run` makes the statement part of it; handing in null runs the statement
 * on its own. A token that is used after its transaction ended is a mistake of ours and throws: it means that somewhere a
 * promise was forgotten. How values look on both sides is told in postgres-types.ts.
 *
 * When the connection is lost while COMMIT is under way, nobody knows whether it happened: the Fault then carries
 * `duringCommit: true`, and the caller looks, or asks again under the same key.
 */
import pg from "pg";
import { systemClock, type Clock } from "../kernel/clock.ts";
import { Fault, isFault, reasonOf, type FaultCode } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Authorship, Transaction, Transactor } from "../kernel/transaction.ts";
import type { CopyIn, CopyOut } from "./postgres-copy.ts";
import { asFault, isUnreachable, mayRunAgain, placeOf, tableHasChanged } from "./postgres-faults.ts";
import { houseTypes } from "./postgres-types.ts";
import { Turns } from "./turns.ts";

export { uniqueViolated } from "./postgres-faults.ts";
export { at } from "./postgres-types.ts";

const CONNECTIONS_MAX = 10;
const CONNECT_MS_MAX = 5_000;
const STATEMENT_MS_MAX = 15_000;
const LOCK_MS_MAX = 10_000;
/** Shorter than a line's lease: a gateway that hangs in the middle of a transaction must not bar its successor from the rows. */
const IDLE_IN_TRANSACTION_MS_MAX = 10_000;
/** The server ends a long statement itself; this is for a server that no longer speaks. */
const ANSWER_GRACE_MS = 5_000;
const ANSWER_MS_MAX = STATEMENT_MS_MAX + ANSWER_GRACE_MS;
const TRANSACTION_RUNS_MAX = 5;
const RUN_AGAIN_MS = 10;
/** Connections that no transaction may take, where there are enough: see turns.ts. */
const BESIDE_TRANSACTIONS = 2;
/** A disk with less room than these is as good as full. */
const ROOM_PAGES = 32;

/** A confirmed commit is on disk whatever the server's default says: this is money. */
const EVERY_CONNECTION = "SET synchronous_commit = on; SET TIME ZONE 'UTC'";

export interface DatabaseOptions {
  readonly connectionString: string;
  readonly log: Logger;
  readonly connectionsMax?: number;
  readonly clock?: Clock;
  /** Who is behind these connections, for the audit, where a transaction does not say. */
  readonly actor?: string;
}

export interface Trouble {
  readonly why: string;
  readonly code: FaultCode;
}

interface Open {
  readonly client: pg.PoolClient;
  readonly answerMsMax: number;
}

export class Database implements Transactor {
  readonly #pool: pg.Pool;
  readonly #place: ReturnType<typeof placeOf>;
  readonly #options: DatabaseOptions;
  readonly #clock: Clock;
  readonly #turns: Turns;
  readonly #open = new WeakMap<Transaction, Open>();
  readonly #last = new WeakMap<Transaction, (() => Promise<unknown>)[]>();
  /** Somebody was told so and nobody has found room since: a SELECT is answered on a full disk as well. */
  #isFull = false;
  #closing: Promise<void> | undefined;

  private constructor(options: DatabaseOptions) {
    const { connectionString, log, connectionsMax = CONNECTIONS_MAX, actor = "gateway" } = options;
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#place = placeOf(connectionString);
    this.#turns = new Turns(
      connectionsMax > 2 * BESIDE_TRANSACTIONS ? connectionsMax - BESIDE_TRANSACTIONS : connectionsMax,
      this.#clock,
    );
    this.#pool = new pg.Pool({
      connectionString,
      application_name: "fee-control-gateway",
      max: connectionsMax,
      connectionTimeoutMillis: CONNECT_MS_MAX,
      statement_timeout: STATEMENT_MS_MAX,
      lock_timeout: LOCK_MS_MAX,
      idle_in_transaction_session_timeout: IDLE_IN_TRANSACTION_MS_MAX,
      query_timeout: ANSWER_MS_MAX,
      keepAlive: true,
      types: houseTypes,
      // pg-pool waits for this before it hands the connection out, although the type of the option does not say so
      onConnect: (client: pg.ClientBase) => prepare(client, actor),
    });
    // A lost idle connection is the pool's everyday life: it is dropped and replaced. Without a listener Node would end here.
    this.#pool.on("error", (error) => {
      // A server that is stopped directly after us may still meet a connection that is on its way out.
      if (this.#closing === undefined) log.warn({ ...this.#place, why: reasonOf(error) }, "an idle database connection was lost");
    });
    // A connection that is lost between two statements of a transaction speaks here; the next statement tells the caller.
    this.#pool.on("connect", (client) => client.on("error", () => undefined));
  }

  /** Connects once, so that a wrong address is found at the start. */
  static async open(options: DatabaseOptions): Promise<Database> {
    const database = new Database(options);
    try {
      await database.rows(null, "SELECT 1");
      return database;
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  /**
   * Serialization failures, deadlocks and plans of before a migration are run again, at most five times in all: the work must not do
   * anything outside.
   * `statementMsMax` is for the few, like migrations, whose statements may take their time.
   */
  async transact<T>(work: (tx: Transaction) => Promise<T>, ways: Authorship & { statementMsMax?: number } = {}): Promise<T> {
    for (let run = 1; ; run += 1) {
      try {
        return await this.#inTurn(() => this.#transactOnce(work, ways));
      } catch (error) {
        if (run >= TRANSACTION_RUNS_MAX || !mayRunAgain(error)) throw error;
        this.#options.log.debug({ run, why: reasonOf(error) }, "transaction is run again");
        await this.#clock.wait(RUN_AGAIN_MS * run);
      }
    }
  }

  async rows<R>(tx: Transaction | null, sql: string, params: readonly unknown[] = []): Promise<R[]> {
    return (await this.#query(tx, sql, params)).rows as R[];
  }

  /** The number of rows touched. Without parameters the text may hold several statements; then it is that of the last one. */
  async run(tx: Transaction | null, sql: string, params: readonly unknown[] = []): Promise<number> {
    return (await this.#query(tx, sql, params)).rowCount ?? 0;
  }

  /** Rows by the thousand, in either direction (postgres-copy.ts); the number that passed. */
  async copy(tx: Transaction, work: CopyIn | CopyOut): Promise<number> {
    const open = this.#open.get(tx);
    if (open === undefined) throw new Error("a copy came after the end of its transaction: a promise was forgotten");
    open.client.query(work);
    return work.done.catch((error: unknown) => {
      throw asFault(error, this.#place);
    });
  }

  /** Said last in this transaction, directly before it commits; what fails there undoes it all. */
  beforeCommit(tx: Transaction, work: () => Promise<unknown>): void {
    const waiting = this.#last.get(tx);
    if (waiting === undefined) this.#last.set(tx, [work]);
    else waiting.push(work);
  }

  /** Null when a statement gets its answer and writing is possible. */
  async trouble(): Promise<Trouble | null> {
    try {
      const [{ readOnly } = { readOnly: "off" }] = await this.rows<{ readOnly: string }>(
        null,
        `SELECT current_setting('transaction_read_only') AS "readOnly"`,
      );
      if (readOnly === "on") throw new Fault("database-read-only");
      if (this.#isFull) await this.#findRoom();
      return null;
    } catch (error) {
      return { why: reasonOf(error), code: isFault(error) ? error.code : "database-unreachable" };
    }
  }

  /** Waits for the statements under way. May be called twice. */
  close(): Promise<void> {
    this.#closing ??= this.#pool.end();
    return this.#closing;
  }

  /** A disk that was full is believed to have room again when a file of its own could be made on it. */
  async #findRoom(): Promise<void> {
    await this.transact((tx) =>
      this.run(
        tx,
        `CREATE TEMPORARY TABLE room ON COMMIT DROP AS SELECT repeat('x', 7000) FROM generate_series(1, ${ROOM_PAGES})`,
      ),
    );
    this.#isFull = false;
  }

  async #query(tx: Transaction | null, sql: string, params: readonly unknown[]): Promise<pg.QueryResult> {
    if (tx === null) return this.#alone((client) => ask({ client, answerMsMax: ANSWER_MS_MAX }, sql, params));
    const open = this.#open.get(tx);
    if (open === undefined) throw new Error("a statement came after the end of its transaction: a promise was forgotten");
    return ask(open, sql, params).catch((error: unknown) => {
      throw this.#fault(error);
    });
  }

  /** A statement by itself is a transaction of its own: where it met another head-on, or a new table, it was undone, and is said again. */
  async #alone<T>(say: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    for (let run = 1; ; run += 1) {
      try {
        return await this.#borrow(say);
      } catch (error) {
        if (run >= TRANSACTION_RUNS_MAX || !mayRunAgain(error)) throw error;
        this.#options.log.debug({ run, why: reasonOf(error) }, "statement is said again");
        await this.#clock.wait(RUN_AGAIN_MS * run);
      }
    }
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const giveBack = await this.#turns.take(CONNECT_MS_MAX);
    if (giveBack === null) throw new Fault("database-busy", { ...this.#place, why: "too many transactions wait for their turn" });
    try {
      return await work();
    } finally {
      giveBack();
    }
  }

  #transactOnce<T>(
    work: (tx: Transaction) => Promise<T>,
    { statementMsMax = STATEMENT_MS_MAX, ...by }: Authorship & { statementMsMax?: number },
  ): Promise<T> {
    return this.#borrow(async (client) => {
      const tx = Object.freeze({}) as Transaction;
      await client.query(`BEGIN${sayWho(client, by)}`);
      if (statementMsMax !== STATEMENT_MS_MAX)
        await client.query(`SET LOCAL statement_timeout = ${statementMsMax}; SET LOCAL lock_timeout = ${statementMsMax}`);
      this.#open.set(tx, { client, answerMsMax: statementMsMax + ANSWER_GRACE_MS });
      let result: T;
      try {
        result = await work(tx);
        for (const last of this.#last.get(tx) ?? []) await last();
      } catch (error) {
        this.#open.delete(tx);
        await client.query("ROLLBACK").catch(() => undefined); // a connection that cannot even do this is dropped below
        throw error;
      }
      this.#open.delete(tx);
      try {
        await commit(client);
      } catch (error) {
        throw asFault(error, this.#place, { duringCommit: true });
      }
      return result;
    });
  }

  #fault(error: unknown): unknown {
    const fault = asFault(error, this.#place);
    if (isFault(fault, "database-full")) this.#isFull = true;
    return fault;
  }

  async #borrow<T>(use: (client: pg.PoolClient) => Promise<T>): Promise<T> {
    let client: pg.PoolClient;
    try {
      client = await this.#pool.connect();
    } catch (error) {
      throw asFault(error, this.#place);
    }
    let lost = false;
    try {
      return await use(client);
    } catch (error) {
      lost = isUnreachable(error) || isUnreachable((error as Error | undefined)?.cause);
      throw this.#fault(error);
    } finally {
      client.release(lost || client.getTransactionStatus() !== "I");
    }
  }
}

const prepare = (client: pg.ClientBase, actor: string): unknown =>
  client.query(`${EVERY_CONNECTION}; SET fee_control.actor = ${client.escapeLiteral(actor)}`);

/** In the same trip as BEGIN, and forgotten with the transaction: the audit's triggers read it (migration 0004). */
const sayWho = (client: pg.ClientBase, { actor, because }: Authorship): string =>
  [
    ...(actor === undefined ? [] : [`; SET LOCAL fee_control.actor = ${client.escapeLiteral(actor)}`]),
    ...(because === undefined ? [] : [`; SET LOCAL fee_control.because = ${client.escapeLiteral(because)}`]),
  ].join("");

async function ask({ client, answerMsMax }: Open, text: string, params: readonly unknown[]): Promise<pg.QueryResult> {
  const name = params.length === 0 ? undefined : nameOfStatement(text);
  const question: pg.QueryConfig & { query_timeout: number } = {
    ...{ text, values: [...params], query_timeout: answerMsMax },
    ...(name === undefined ? {} : { name }),
  };
  try {
    const result = (await client.query(question)) as pg.QueryResult | pg.QueryResult[];
    return Array.isArray(result) ? result[result.length - 1]! : result;
  } catch (error) {
    // only the first who hears of it: whoever comes later may have new names already
    if (tableHasChanged(error) && names.get(text) === name) names.clear();
    throw error;
  }
}

/** When a statement failed and its error was swallowed, PostgreSQL answers COMMIT with ROLLBACK and calls that a success. */
async function commit(client: pg.PoolClient): Promise<void> {
  const { command } = await client.query("COMMIT");
  if (command !== "COMMIT")
    throw new Error("nothing was committed: a statement of this transaction failed and its error was swallowed");
}

/**
 * A named statement is planned once per connection: a top-up says sixty of them. Texts are few; values never stand in them.
 * Where a newer gateway's migration changed a table, a plan of before is refused for good, on each connection that made one. All are
 * given new names then, and planned anew; what was planned under the old ones lies there unused until its connection ends.
 */
const names = new Map<string, string>();
let namesGiven = 0;
function nameOfStatement(text: string): string {
  let name = names.get(text);
  if (name === undefined) names.set(text, (name = `s${namesGiven++}`));
  return name;
}
