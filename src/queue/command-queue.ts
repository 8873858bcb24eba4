/**
 * The port to the waiting rooms. A job carries a command id and nothing else; the truth is in our rows.
 *
 * What is asked of a queue: wake a worker soon, spread lanes, survive restarts if it can. What is not asked: to remember
 * who paid. A job may be delivered twice, late, or never (the sweeper adds it again); emptying the queue at any moment
 * loses no command and doubles none.
 */
import type { CommandId } from "../kernel/ids.ts";

export interface CommandQueue {
  /** "bullmq on postgresql", "bullmq on redis", "memory": for health and logs. */
  readonly kind: string;
  add(lane: string, commands: readonly CommandId[]): Promise<void>;
  /** Starts the clerks of a lane. Up to `concurrency` commands at once; most of them only wait for their line. */
  work(lane: string, concurrency: number, run: (command: CommandId) => Promise<void>): Promise<void>;
  /** Resolves with null when the store answers, else with the reason: for readiness. */
  trouble(): Promise<string | null>;
  /** Makes the clerks anew, where they seem to have fallen asleep. Left out: they cannot. */
  renew?(): Promise<void>;
  /** Takes no new jobs, waits for running ones at most `graceMs`, frees everything. */
  close(graceMs: number): Promise<void>;
}
