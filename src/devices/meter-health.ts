/**
 * How meters have been answering. A silent meter is asked less often, so that one dead meter does not slow a street: each
 * unanswered request costs its line a reply deadline and the quiet after it. Each time-out begins a pause, two seconds longer than
 * the one before; whoever asks first when it is over is the probe, and the others see its outcome (conversation.ts).
 */
import { later, minutes, seconds, type Clock } from "../kernel/clock.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { MeterHealth } from "./meter.ts";

const ASK_AGAIN_STEP_MS = seconds(2);
const ASK_AGAIN_MAX_MS = minutes(5);

/** How long a meter is left alone after so many silences in a row. */
export const backOffMs = (failures: number): number => Math.min(ASK_AGAIN_STEP_MS * failures, ASK_AGAIN_MAX_MS);

const unknown: MeterHealth = { state: "unknown", failures: 0, lastHeardAt: null, askAgainAt: null };

export class HealthBook {
  readonly #clock: Clock;
  readonly #meters = new Map<MeterAddress, MeterHealth>();
  readonly #listeners: ((address: MeterAddress) => void)[] = [];

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Where a clock was set back, a pause would last for hours: one that is longer than any pause is over. */
  of(meter: MeterAddress): MeterHealth {
    const health = this.#meters.get(meter) ?? unknown;
    const { askAgainAt, failures } = health;
    if (askAgainAt === null || askAgainAt - this.#clock.now() <= backOffMs(failures)) return health;
    const over = { ...health, askAgainAt: this.#clock.now() };
    this.#meters.set(meter, over);
    return over;
  }

  /** Called each time a meter that was silent or unknown answers. */
  onHeard(listener: (address: MeterAddress) => void): void {
    this.#listeners.push(listener);
  }

  isWorthAsking(meter: MeterAddress): boolean {
    const { askAgainAt } = this.of(meter);
    return askAgainAt === null || this.#clock.now() >= askAgainAt;
  }

  /** Its line was opened anew: what was silence behind a broken line may be none. */
  doubt(meter: MeterAddress): void {
    const health = this.of(meter);
    if (health.state === "silent") this.#meters.set(meter, { ...health, askAgainAt: this.#clock.now() });
  }

  heard(meter: MeterAddress): void {
    const before = this.of(meter).state;
    this.#meters.set(meter, { state: "answering", failures: 0, lastHeardAt: this.#clock.now(), askAgainAt: null });
    if (before !== "answering") for (const listener of this.#listeners) listener(meter);
  }

  silent(meter: MeterAddress): void {
    const { failures: before, lastHeardAt } = this.of(meter);
    const failures = before + 1;
    const askAgainAt = later(this.#clock.now(), backOffMs(failures));
    this.#meters.set(meter, { state: "silent", failures, lastHeardAt, askAgainAt });
  }
}
