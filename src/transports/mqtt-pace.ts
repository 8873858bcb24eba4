/**
 * How long to wait before the broker is dialled again. Pauses grow and are drawn between nought and their limit (full jitter),
 * and only a connection that stood for a while starts afresh. Two things do not get better by hurry:
 *
 * - **Refused credentials**: once a minute.
 * - **Take-over.** In MQTT 3.1.1 a broker that hears our client id from someone else hangs up on us without a word. All there is
 *   to see is a connection that was accepted and closed, again and again; so after a few of these in a row we come back slowly, and
 *   go on doing so until a connection has stood for minutes: two gateways with one id would else throw each other out for ever.
 *
 * A broker that restarts hangs up once and then does not answer, which clears the suspicion.
 */
import type { Chance } from "../kernel/chance.ts";
import { PAUSE_FIRST_MS, PAUSE_MAX_MS, REFUSED_PAUSE_MS, STABLE_AFTER_MS } from "./reconnecting.ts";

/** Hung up on so often in a row is no accident. */
export const HANG_UPS_MAX = 5;
/** Drawn between half of it and all of it, so that two who share an id do not come back together. */
export const THROWN_OUT_PAUSE_MS = 60_000;
/** Longer than whoever shares our id would let us be. */
export const CALM_AFTER_MS = 300_000;

export interface Ending {
  readonly refused: boolean;
  /** How long the connection stood; null: there was none. */
  readonly stoodMs: number | null;
}

export interface PaceOptions {
  readonly chance: Chance;
  readonly firstMs?: number | undefined;
  readonly maxMs?: number | undefined;
}

export class BrokerPace {
  readonly #chance: Chance;
  readonly #firstMs: number;
  readonly #maxMs: number;
  #failures = 0;
  #hangUps = 0;

  constructor({ chance, firstMs = PAUSE_FIRST_MS, maxMs = PAUSE_MAX_MS }: PaceOptions) {
    this.#chance = chance;
    this.#firstMs = firstMs;
    this.#maxMs = maxMs;
  }

  /** Most likely another client connects with our id. */
  get isThrownOut(): boolean {
    return this.#hangUps >= HANG_UPS_MAX;
  }

  /** The pause after a connection, or a try, that ended. */
  after({ refused, stoodMs }: Ending): number {
    if (stoodMs === null || stoodMs >= CALM_AFTER_MS) this.#hangUps = 0;
    else if (stoodMs < STABLE_AFTER_MS || this.isThrownOut) this.#hangUps += 1;
    if (stoodMs !== null && stoodMs >= STABLE_AFTER_MS) this.#failures = 0;
    if (refused) return REFUSED_PAUSE_MS;
    if (this.isThrownOut) return (THROWN_OUT_PAUSE_MS * (1 + this.#chance.next())) / 2;
    const limit = Math.min(this.#maxMs, this.#firstMs * 2 ** Math.min(this.#failures, 16));
    this.#failures += 1;
    return this.#chance.next() * limit;
  }
}
