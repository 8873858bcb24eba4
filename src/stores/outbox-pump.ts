/**
 * Committed rows become jobs and announcements, at least once.
 *
 * A row is written in the transaction that made it true; the pump reads rows in order, hands them out, and only then
 * deletes them. Dying in between means handing out twice, never losing. After each commit the pump is nudged, so nothing
 * waits for a period but the few milliseconds in which rows gather while many commit; the sweeper is the net beneath: whatever is due and has no job gets one.
 */
import { seconds, type Clock } from "../kernel/clock.ts";
import type { Announcement } from "../kernel/events.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { CommandId } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { Transactor } from "../kernel/transaction.ts";

const ROWS_AT_ONCE = 500;
/** Without a nudge (another process wrote the row, the queue was away) the pump looks by itself. */
const LOOK_EVERY_MS = seconds(1);
/** After something was handed out: what is committed meanwhile goes together. A look and a deletion for each single row cost more than the row. */
const GATHER_MS = 20;

export interface OutboxSinks {
  jobs(commands: readonly CommandId[]): Promise<void>;
  events(events: readonly Announcement[]): void;
}

/** A committed row: a command that wants a worker, or an announcement. */
export interface Told {
  readonly id: bigint;
  readonly command: CommandId | null;
  readonly event: Announcement | null;
}

/** What is committed and not told yet. */
export interface Untold {
  /** Oldest first. Commands for these buses alone; null: for all. */
  next(limit: number, buses: readonly string[] | null): Promise<readonly Told[]>;
  forget(ids: readonly bigint[]): Promise<void>;
}

export interface PumpParts {
  readonly untold: Untold;
  readonly sinks: OutboxSinks;
  readonly clock: Clock;
  readonly log: Logger;
  /** Commands for these buses are ours to hand out; others wait for the gateway that holds their line. Left out: all are. */
  readonly buses?: () => readonly string[];
  /** How often it looks without a nudge; left out: every second. */
  readonly everyMs?: number;
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
    this.#nudge.abort("nudged"); // with a reason of our own: the default one is an Error with a stack, for each commit
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#nudge.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { clock, log, everyMs = LOOK_EVERY_MS } = this.#parts;
    while (!this.#stop.signal.aborted) {
      this.#nudge = new AbortController();
      try {
        const told = await this.#deliver();
        if (told === ROWS_AT_ONCE) continue;
        if (told > 0) await clock.wait(GATHER_MS, this.#stop.signal);
      } catch (error) {
        log.warn({ reason: reasonOf(error) }, "what is committed could not be handed out; it is tried again");
        await clock.wait(LOOK_EVERY_MS, this.#stop.signal);
        continue;
      }
      await clock.wait(everyMs, AbortSignal.any([this.#stop.signal, this.#nudge.signal]));
    }
  }

  async #deliver(): Promise<number> {
    const { untold, sinks, buses } = this.#parts;
    const rows = await untold.next(ROWS_AT_ONCE, buses?.() ?? null);
    if (rows.length === 0) return 0;
    sinks.events(rows.flatMap((row) => (row.event === null ? [] : [row.event])));
    const jobs = rows.flatMap((row) => (row.command === null ? [] : [row.command]));
    if (jobs.length > 0) await sinks.jobs(jobs);
    await untold.forget(rows.map((row) => row.id));
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
