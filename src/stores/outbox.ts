/**
 * Committed rows become jobs and announcements, at least once.
 *
 * A row is written in the transaction that made it true; the pump reads rows in order, hands them out, and only then
 * deletes them. Dying in between means handing out twice, never losing. After each commit the pump is nudged, so nothing
 * waits for a period; the sweeper is the net beneath: whatever is due and has no job gets one.
 */
import { seconds, type Clock } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Announcement, Outbox } from "../kernel/events.ts";
import { CommandId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transaction, Transactor } from "../kernel/transaction.ts";
import type { Database } from "./database.ts";

const ROWS_AT_ONCE = 500;
/** Without a nudge (another process wrote the row, the queue was away) the pump looks by itself. */
const LOOK_EVERY_MS = seconds(1);

export interface OutboxSinks {
  jobs(commands: readonly CommandId[]): Promise<void>;
  events(events: readonly Announcement[]): void;
}

export class PostgresOutbox implements Outbox {
  readonly #db: Database;
  readonly #waiting = new WeakMap<Transaction, Row[]>();

  constructor(db: Database) {
    this.#db = db;
  }

  announce(tx: Transaction, event: Announcement): Promise<void> {
    return this.#add(tx, { command: null, event: JSON.stringify(event) });
  }

  wake(tx: Transaction, command: CommandId): Promise<void> {
    return this.#add(tx, { command, event: null });
  }

  /** What one transaction has to tell is written in one statement, last. */
  #add(tx: Transaction, row: Row): Promise<void> {
    let rows = this.#waiting.get(tx);
    if (rows === undefined) {
      const all: Row[] = (rows = []);
      this.#waiting.set(tx, all);
      this.#db.beforeCommit(tx, () =>
        this.#db.run(
          tx,
          "INSERT INTO outbox (command, event) SELECT command, event FROM unnest($1::uuid[], $2::jsonb[]) WITH ORDINALITY AS row(command, event, n) ORDER BY n",
          [all.map(({ command }) => command), all.map(({ event }) => event)],
        ),
      );
    }
    rows.push(row);
    return Promise.resolve();
  }
}

interface Row {
  readonly command: CommandId | null;
  readonly event: string | null;
}

export interface PumpParts {
  readonly db: Database;
  readonly sinks: OutboxSinks;
  readonly clock: Clock;
  readonly log: Logger;
  /** Commands for these buses are ours to hand out; others wait for the gateway that holds their line. Left out: all are. */
  readonly buses?: () => readonly string[];
}

export class OutboxPump {
  readonly #parts: PumpParts;
  readonly #stop = new AbortController();
  #nudge = new AbortController();
  #loop: Promise<void> | null = null;

  constructor(parts: PumpParts) {
    this.#parts = parts;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Something was committed. */
  nudge(): void {
    this.#nudge.abort();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#nudge.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, log } = this.#parts;
    while (!this.#stop.signal.aborted) {
      this.#nudge = new AbortController();
      try {
        if ((await this.#deliver()) === ROWS_AT_ONCE) continue;
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, "what is committed could not be handed out; it is tried again");
        await clock.wait(LOOK_EVERY_MS, this.#stop.signal);
        continue;
      }
      await clock.wait(LOOK_EVERY_MS, AbortSignal.any([this.#stop.signal, this.#nudge.signal]));
    }
  }

  async #deliver(): Promise<number> {
    const { db, sinks, buses } = this.#parts;
    const rows = await db.rows<{ id: bigint; command: string | null; event: Announcement | null }>(
      null,
      `SELECT o.id, o.command, o.event FROM outbox o WHERE o.command IS NULL
           OR $2::text[] IS NULL OR EXISTS (SELECT 1 FROM commands c JOIN meters m ON m.address = c.meter WHERE c.id = o.command AND m.bus = ANY($2))
        ORDER BY o.id LIMIT $1`,
      [ROWS_AT_ONCE, buses?.() ?? null],
    );
    if (rows.length === 0) return 0;
    sinks.events(rows.flatMap((row) => (row.event === null ? [] : [row.event])));
    const jobs = rows.flatMap((row) => (row.command === null ? [] : [CommandId(row.command)]));
    if (jobs.length > 0) await sinks.jobs(jobs);
    await db.run(null, "DELETE FROM outbox WHERE id = ANY($1::bigint[])", [rows.map((row) => row.id)]);
    return rows.length;
  }
}

/** A transactor that nudges the pump after every commit. */
export const nudging = (db: Transactor, pump: () => OutboxPump | null): Transactor => ({
  transact: async (work, by) => {
    const result = await db.transact(work, by);
    pump()?.nudge();
    return result;
  },
});
