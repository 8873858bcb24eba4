/**
 * The proof of identity that a meter has accepted (070000FF): its random 2 and ESAM serial, from which every later MAC is made. Kept
 * across sessions until it lapses, since proving it anew costs an exchange; dropped at the first doubt.
 *
 * Also the brake on MACs: a meter that has refused two of ours is not sent another that day. A handful more and it suspends all
 * secured commands until its midnight, for us and for everybody.
 */
import { dayOf, later, minutes, seconds, type Clock, type Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { SessionSeed } from "../security/security-module.ts";

/** What meters keep when nobody sets it by 070001FF. */
export const VALIDITY_MS = minutes(5);
/** The order must arrive and be checked while the proof still holds. */
export const VALIDITY_MARGIN_MS = seconds(20);
export const MAC_REFUSALS_MAX = 2;

export interface Identity {
  readonly seed: SessionSeed;
  readonly lapsesAt: Instant;
}

export class IdentityBook {
  readonly #clock: Clock;
  readonly #timeZone: string;
  readonly #proofs = new Map<MeterAddress, Identity>();
  readonly #refusals = new Map<MeterAddress, { readonly day: string; readonly count: number }>();

  constructor(clock: Clock, timeZone: string) {
    this.#clock = clock;
    this.#timeZone = timeZone;
  }

  /** The proof that still holds, if any. */
  of(meter: MeterAddress): Identity | undefined {
    const kept = this.#proofs.get(meter);
    return kept !== undefined && this.#clock.now() < kept.lapsesAt ? kept : undefined;
  }

  keep(meter: MeterAddress, seed: SessionSeed, provedAt: Instant): Identity {
    const identity = { seed, lapsesAt: later(provedAt, VALIDITY_MS - VALIDITY_MARGIN_MS) };
    this.#proofs.set(meter, identity);
    return identity;
  }

  drop(meter: MeterAddress): void {
    this.#proofs.delete(meter);
  }

  macRefused(meter: MeterAddress): void {
    const day = this.#today();
    const before = this.#refusals.get(meter);
    this.#refusals.set(meter, { day, count: before?.day === day ? before.count + 1 : 1 });
  }

  /** The meter itself says that it is suspended: as if it had refused too often. */
  suspended(meter: MeterAddress): void {
    this.#refusals.set(meter, { day: this.#today(), count: MAC_REFUSALS_MAX });
  }

  /** Throws `security-suspended` when no MAC of ours may go to this meter today. */
  mayBeOrdered(meter: MeterAddress): void {
    const refusals = this.#refusals.get(meter);
    if (refusals === undefined || refusals.day !== this.#today() || refusals.count < MAC_REFUSALS_MAX) return;
    throw new Fault("security-suspended", {
      meter,
      why: `${MAC_REFUSALS_MAX} MACs were refused today, or the meter said so itself; nothing was sent`,
    });
  }

  #today(): string {
    return dayOf(this.#clock.now(), this.#timeZone);
  }
}
