/**
 * Chains what was committed, about once a second and at the stop, and writes the chain's head where the database cannot reach it. All
 * gateways do this on the same books, one at a time; a head in the file of any of them guards the rows before it.
 *
 * A head is noted at most every ten seconds: what is cut off within them is found all the same where the tables still tell of it.
 */
import { iso, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import { reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { beginning, type Head, type NotedHead } from "./audit-row.ts";
import type { AuditStore } from "./audit-store.ts";

const SEAL_EVERY_MS = seconds(1);
const NOTE_EVERY_MS = seconds(10);
/** One statement's worth; a long backlog is worked off in turns. */
const ROWS_AT_ONCE = 500;

export interface SealerParts {
  readonly store: Pick<AuditStore, "seal">;
  /** Outside of the database. */
  readonly noteHead: (head: NotedHead) => void;
  readonly clock: Clock;
  readonly log: Logger;
}

export class Sealer {
  readonly #parts: SealerParts;
  readonly #stop = new AbortController();
  #loop: Promise<void> | null = null;
  #noted = beginning.sequence;
  #notedAt: Instant | null = null;
  #trouble: string | null = null;

  constructor(parts: SealerParts) {
    this.#parts = parts;
  }

  /** Why rows are not sealed now; null when they are. */
  get trouble(): string | null {
    return this.#trouble;
  }

  start(): void {
    this.#loop ??= this.#run();
  }

  /** Seals the rest, and notes the head. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#loop;
    await this.sealAll();
  }

  /** Everything that is committed by now has its place in the chain when this resolves. */
  async sealAll(): Promise<Head> {
    for (;;) {
      const head = await this.#parts.store.seal(ROWS_AT_ONCE, true);
      if (head === null || head.sealed === ROWS_AT_ONCE) continue;
      this.#note(head);
      return { sequence: head.sequence, hash: head.hash };
    }
  }

  async #run(): Promise<void> {
    const { store, clock, log } = this.#parts;
    while (!this.#stop.signal.aborted) {
      let more = false;
      try {
        const head = await store.seal(ROWS_AT_ONCE, false);
        more = head?.sealed === ROWS_AT_ONCE;
        // a clock that was set back says nothing of how long ago it was
        const isTime = this.#notedAt === null || Math.abs(clock.now() - this.#notedAt) >= NOTE_EVERY_MS;
        if (head !== null && isTime) this.#note(head);
        this.#trouble = null;
      } catch (error) {
        this.#trouble = reasonOf(error);
        log.warn({ reason: this.#trouble }, "the audit could not be sealed; it is tried again");
      }
      if (!more) await clock.wait(SEAL_EVERY_MS, this.#stop.signal);
    }
  }

  #note({ sequence, hash }: Head): void {
    if (sequence <= this.#noted) return;
    const { clock, log, noteHead } = this.#parts;
    noteHead({ sequence, hash, at: iso(clock.now(), "UTC") });
    log.info({ sequence, hash }, "head of the audit's chain");
    this.#noted = sequence;
    this.#notedAt = clock.now();
  }
}
