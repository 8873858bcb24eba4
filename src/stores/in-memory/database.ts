/**
 * The database in memory: the Transactor that stores of this room join, for simulations and dry runs. It keeps the promises of
 * PostgreSQL that the house builds on (table.ts, row-lock.ts) and has none of its time: nothing waits but for a lock or a hook,
 * so the same calls in the same order give the same interleaving, whatever the machine is doing.
 *
 * Rows outlive a gateway. `crash` ends one life: what it had not committed is gone, and every later word of it is refused with
 * a Fault; `reopened` gives another life upon the committed rows, also beside this one, as a second gateway would have it.
 *
 * What it does not have: timeouts. A transaction that waits for something outside while it holds a row holds it for ever.
 */
import type { Instant } from "../../kernel/clock.ts";
import { Fault } from "../../kernel/faults.ts";
import type { Transaction, Transactor } from "../../kernel/transaction.ts";
import { DeadlockFound, releaseAll } from "./row-lock.ts";
import type { Work, Written } from "./table.ts";
import { Books } from "./tables.ts";

const TRANSACTION_RUNS_MAX = 5;

/** `lost-before`, `lost-after`: the connection is lost while COMMIT is under way, and it was not, or was, committed. */
export type CommitFate = "commit" | "lost-before" | "lost-after";

export interface DatabaseHooks {
  /** Before each statement; what it throws is what the caller hears, as of a server that is away. */
  beforeStatement?(): Promise<void> | void;
  /** Before each commit, of statements on their own also where they wrote. `crash()` in here loses what was to be committed. */
  beforeCommit?(commit: { readonly rows: number; readonly alone: boolean }): Promise<CommitFate> | CommitFate | undefined;
}

export interface InMemoryDatabaseParts {
  /** The database's own clock: by it leases lapse. */
  readonly now: () => Instant;
  readonly hooks?: DatabaseHooks;
}

interface Open extends Work {
  /** Statements of one transaction are said one after the other, as on one connection. */
  tail: Promise<unknown>;
  readonly last: (() => Promise<void>)[];
  readonly checks: (() => void)[];
  failed: boolean;
  lost: Fault | null;
}

export class InMemoryDatabase implements Transactor {
  /** For the stores of this room. */
  readonly books: Books;
  readonly #parts: InMemoryDatabaseParts;
  readonly #open = new WeakMap<Transaction, Open>();
  readonly #under = new Set<Open>();
  #dead = false;

  constructor(parts: InMemoryDatabaseParts, books: Books = new Books()) {
    this.#parts = parts;
    this.books = books;
  }

  now(): Instant {
    return this.#parts.now();
  }

  /** Deadlocks are run again, at most five times in all: the work must not do anything outside. */
  async transact<T>(work: (tx: Transaction) => Promise<T>): Promise<T> {
    const born = this.books.nextBirth();
    for (let run = 1; ; run += 1) {
      try {
        return await this.#once(born, work);
      } catch (error) {
        if (run >= TRANSACTION_RUNS_MAX || !(error instanceof DeadlockFound)) throw error;
      }
    }
  }

  /** One statement of a transaction, or one on its own: then it is committed with its last word. For the stores of this room. */
  async statement<T>(tx: Transaction | null, work: (on: Work) => Promise<T> | T): Promise<T> {
    this.#mustLive();
    if (tx === null) return this.#alone(work);
    const open = this.#of(tx);
    const said = open.tail.then(() => this.#say(open, work));
    open.tail = said.catch(() => undefined);
    return said;
  }

  /** Looks without locking anything. */
  async look<T>(tx: Transaction | null, what: (on: Work | null) => T): Promise<T> {
    if (tx !== null) return this.statement(tx, what);
    this.#mustLive();
    await this.#parts.hooks?.beforeStatement?.();
    this.#mustLive();
    return what(null);
  }

  /** Said last in this transaction, directly before it commits; what fails there undoes it all. */
  beforeCommit(tx: Transaction, work: () => Promise<void>): void {
    this.#of(tx).last.push(work);
  }

  /** Looked at when it commits; a throw undoes it all. */
  checkAtCommit(tx: Transaction, check: () => void): void {
    this.#of(tx).checks.push(check);
  }

  /** Null when a statement gets its answer. */
  trouble(): Promise<string | null> {
    return Promise.resolve(this.#dead ? "this life of the gateway is over" : null);
  }

  /** The process dies: nothing that is not committed remains, and nothing of this life is answered any more. */
  crash(): void {
    this.#dead = true;
    this.loseConnections("the process died");
  }

  /** Every transaction under way is undone; its next word hears so. Life goes on. */
  loseConnections(why = "Connection terminated unexpectedly"): void {
    for (const open of [...this.#under]) {
      open.lost = unreachable(why);
      this.#end(open, false);
    }
  }

  /** Another life upon what is committed. */
  reopened(parts: Partial<InMemoryDatabaseParts> = {}): InMemoryDatabase {
    return new InMemoryDatabase({ ...this.#parts, ...parts }, this.books);
  }

  async #once<T>(born: number, work: (tx: Transaction) => Promise<T>): Promise<T> {
    this.#mustLive();
    const tx = Object.freeze({}) as Transaction;
    const open = this.#begin(born);
    this.#open.set(tx, open);
    try {
      const result = await work(tx);
      for (const last of open.last) await last();
      await open.tail; // a statement that nobody awaited is part of it all the same
      this.#open.delete(tx);
      mustBeConnected(open);
      if (open.failed)
        throw new Error("nothing was committed: a statement of this transaction failed and its error was swallowed");
      for (const check of open.checks) check();
      await this.#commit(open, { duringCommit: true });
      return result;
    } finally {
      this.#open.delete(tx);
      this.#end(open, false);
    }
  }

  async #alone<T>(work: (on: Work) => Promise<T> | T): Promise<T> {
    const open = this.#begin(this.books.nextBirth());
    try {
      const result = await this.#say(open, work);
      if (open.written.size > 0) await this.#commit(open, {});
      return result;
    } finally {
      this.#end(open, false);
    }
  }

  async #say<T>(open: Open, work: (on: Work) => Promise<T> | T): Promise<T> {
    mustBeConnected(open);
    if (open.failed) throw new Error("a statement of this transaction failed before: nothing more is answered until its end");
    try {
      await this.#parts.hooks?.beforeStatement?.();
      mustBeConnected(open);
      return await work(open);
    } catch (error) {
      open.failed = true;
      mustBeConnected(open); // that the connection went says more than what followed from it
      throw error;
    }
  }

  async #commit(open: Open, context: Readonly<Record<string, unknown>>): Promise<void> {
    const alone = context["duringCommit"] === undefined;
    const fate = (await this.#parts.hooks?.beforeCommit?.({ rows: open.written.size, alone })) ?? "commit";
    if (open.lost !== null) throw unreachable(String(open.lost.context["why"]), context);
    if (fate !== "lost-before") this.#end(open, true);
    if (fate !== "commit") throw unreachable("Connection terminated unexpectedly", context);
  }

  #begin(born: number): Open {
    const open: Open = {
      born,
      locks: new Set(),
      waiting: null,
      over: null,
      written: new Set<Written>(),
      wroteIn: new Set<unknown>(),
      tail: Promise.resolve(),
      last: [],
      checks: [],
      failed: false,
      lost: null,
    };
    this.#under.add(open);
    return open;
  }

  /** First the rows, then the locks: whoever waited sees what became of them. Said twice it does no harm. */
  #end(open: Open, kept: boolean): void {
    if (!this.#under.delete(open)) return;
    for (const each of open.written) each.settle(kept);
    releaseAll(open, open.lost ?? new Error("the transaction has ended: a promise was forgotten"));
  }

  #of(tx: Transaction): Open {
    const open = this.#open.get(tx);
    if (open !== undefined) return open;
    throw new Error("a statement came after the end of its transaction: a promise was forgotten");
  }

  #mustLive(): void {
    if (this.#dead) throw unreachable("the process died");
  }
}

function mustBeConnected({ lost }: Open): void {
  if (lost !== null) throw lost;
}

const unreachable = (why: string, context: Readonly<Record<string, unknown>> = {}): Fault =>
  new Fault("database-unreachable", { host: "memory", port: 0, why, ...context });
