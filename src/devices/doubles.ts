/**
 * Notices that answers come twice on a line: a modem that publishes again what it already published, a network that delivers
 * again. One that comes while nobody asks does no harm. One that comes during the next exchange may: an error has no identifier, and
 * is the answer to whatever is asked. So a line that was caught rests after each answer, long enough for the copy to pass.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import { later, minutes } from "../kernel/clock.ts";

/** Copies follow their answer at once, or after the modem has waited for an acknowledgement; this covers the first. */
export const DOUBLE_REST_MS = 300;
/** For so long after the last copy: the rest is dear on a line that many meters share. */
export const DOUBLE_MEMORY_MS = minutes(10);

export class Doubles {
  readonly #clock: Clock;
  #taken: Uint8Array | undefined;
  #until: Instant | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What was believed as an answer. */
  took(reply: Uint8Array): void {
    this.#taken = reply;
  }

  /** A reply that nobody took. */
  stray(reply: Uint8Array): void {
    if (this.#taken !== undefined && Buffer.compare(this.#taken, reply) === 0)
      this.#until = later(this.#clock.now(), DOUBLE_MEMORY_MS);
  }

  /** To rest after an answer, beside what the line needs anyway. */
  get restMs(): number {
    return this.#until !== undefined && this.#clock.now() < this.#until ? DOUBLE_REST_MS : 0;
  }
}
