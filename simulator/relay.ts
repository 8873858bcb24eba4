/**
 * The relay of a meter: what is wished of it, where its contact stands, and what lies between the two.
 *
 *                 disconnect            (delay, high current)
 *     connected ─────────────► trip pending ─────────────► disconnected
 *         ▲  ▲                                               │      │
 *         │  └────────────── reconnect ──────────────────────┘      │ arm
 *         └───── the customer presses the button ◄──── armed ◄──────┘
 *
 * Run-state word 3 shows the order (bit 6) and the contact (bit 4) apart, because they may differ: while a trip waits, while
 * the button has not been pressed, and when the contact is stuck.
 */
import type { Instant } from "../src/kernel/clock.ts";
import { later, minutes } from "../src/kernel/clock.ts";
import { keepsAll, keepsFields } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";

export type RelayWish = "connected" | "armed" | "disconnected";
export interface RelayRecord {
  readonly at: Instant;
  readonly operator: Uint8Array;
  /** What was counted until then by kind, 0.01 kWh and kvarh: forward, reverse, quadrants 1 to 4. */
  readonly energies: readonly number[];
}

/** What the relay has to ask of its meter. */
export interface RelaySurroundings {
  /** True when the contact will not move this time. */
  isStuck(): boolean;
  /** True while current flows whatever the contact says. */
  isWelded(): boolean;
  clockAt(at: Instant): Instant;
  energies(): readonly number[];
  /** False while an empty wallet keeps the supply off. */
  mayClose(): boolean;
}

const RECORDS_MAX = 10;
const NOBODY = new Uint8Array(4);

interface PendingTrip {
  readonly dueAt: Instant;
  readonly latestAt?: Instant;
  readonly operator: Uint8Array;
}
interface TimedRestore {
  readonly at: Instant;
  readonly arm: boolean;
  readonly operator: Uint8Array;
}
interface OwnState {
  readonly wish: RelayWish;
  readonly isClosed: boolean;
  readonly trippedBy: "money" | "order" | null;
  readonly pending: PendingTrip | undefined;
  readonly restore: TimedRestore | undefined;
  /** Who allowed the customer to close. */
  readonly armedBy: Uint8Array;
}

export class Relay {
  readonly #around: RelaySurroundings;
  #wish: RelayWish = "connected";
  #isClosed = true;
  #trippedBy: "money" | "order" | null = null;
  #pending: PendingTrip | undefined;
  #restore: TimedRestore | undefined;
  #armedBy: Uint8Array = NOBODY;
  readonly trips: RelayRecord[] = [];
  readonly closes: RelayRecord[] = [];
  tripCount = 0;
  closeCount = 0;
  tripDelayMinutes = 0;
  /** Thousandths of an ampere; 0: any current may be cut. */
  tripMilliampsMax = 0;
  holdOffMinutes = 0;

  constructor(around: RelaySurroundings) {
    this.#around = around;
  }

  get wish(): RelayWish {
    return this.#wish;
  }
  get isClosed(): boolean {
    return this.#isClosed;
  }
  /** Whether current can flow: through a closed contact, or through one that says open and is welded. */
  get conducts(): boolean {
    return this.#isClosed || this.#around.isWelded();
  }
  get trippedBy(): "money" | "order" | null {
    return this.#trippedBy;
  }
  get isTripPending(): boolean {
    return this.#pending !== undefined;
  }
  get isTimed(): boolean {
    return this.#restore !== undefined;
  }
  /** Bit 6 of word 3. */
  get orderIsDisconnect(): boolean {
    return this.#wish === "disconnected";
  }
  /** As word 3 tells it: a contact that should be closed and is not looks like one that waits for the button. */
  get state(): RelayWish {
    if (this.#isClosed) return "connected";
    return this.orderIsDisconnect ? "disconnected" : "armed";
  }
  /** Word 1 bit 8: the contact does not follow, and nothing explains it. */
  get hasControlError(): boolean {
    if (!this.#isClosed && this.conducts) return true;
    if (this.orderIsDisconnect) return this.#isClosed && this.#pending === undefined;
    return this.#wish === "connected" && !this.#isClosed;
  }

  disconnect(
    at: Instant,
    by: "money" | "order",
    milliamps: number,
    operator: Uint8Array = NOBODY,
  ): "opened" | "delayed" | "high-current" {
    this.#restore = undefined;
    // A person's order outlives an empty wallet: money alone does not bring this supply back.
    if (by === "order" || this.#trippedBy === null) this.#trippedBy = by;
    if (this.orderIsDisconnect && (!this.#isClosed || this.#pending !== undefined)) return this.#standsBy;
    this.#wish = "disconnected";
    this.#pending = { dueAt: later(at, minutes(this.tripDelayMinutes)), operator };
    this.tick(at, milliamps);
    return this.#standsBy;
  }

  /** What a trip waits for: its delay, then for less current. */
  get #standsBy(): "opened" | "delayed" | "high-current" {
    if (this.#pending === undefined) return "opened";
    return this.#pending.latestAt === undefined ? "delayed" : "high-current";
  }

  /** Trips now and takes it back by itself: directly (1D) or leaving the last step to the button (1E). */
  disconnectFor(at: Instant, duration: { minutes: number; arm: boolean }, operator: Uint8Array): void {
    this.#wish = "disconnected";
    this.#trippedBy = "order";
    this.#restore = { at: later(at, minutes(duration.minutes)), arm: duration.arm, operator };
    this.#move(false, at, operator);
  }

  reconnect(at: Instant, operator: Uint8Array = NOBODY): void {
    this.#clear();
    this.#wish = "connected";
    this.#move(true, at, operator);
  }

  /** The customer may restore at the meter, in the name of who allowed it. A trip that was still waiting is called off. */
  arm(operator: Uint8Array = NOBODY): void {
    this.#clear();
    this.#wish = this.#isClosed ? "connected" : "armed";
    this.#armedBy = operator;
  }

  pressButton(at: Instant): boolean {
    if (this.#wish !== "armed") return false;
    this.#wish = "connected";
    this.#move(true, at, this.#armedBy);
    return this.#isClosed;
  }

  /** Calls off what has not happened yet (3A): a trip that waits, and the end of a timed one. What is open stays open. */
  callOff(): void {
    this.#restore = undefined;
    if (this.#pending !== undefined) this.arm();
  }

  /** The trip that waits never comes, though the order stands: a fault. */
  forgetPending(): void {
    this.#pending = undefined;
  }

  /** The next moment at which something happens by itself. */
  get nextAt(): Instant | undefined {
    return this.#pending === undefined ? this.#restore?.at : (this.#pending.latestAt ?? this.#pending.dueAt);
  }

  tick(at: Instant, milliamps: number): void {
    if (this.#pending !== undefined && at >= this.#pending.dueAt) {
      const { latestAt = later(at, minutes(this.holdOffMinutes)), operator } = this.#pending;
      const tooHigh = this.tripMilliampsMax > 0 && milliamps > this.tripMilliampsMax;
      this.#pending = tooHigh && at < latestAt ? { ...this.#pending, latestAt } : undefined;
      if (this.#pending === undefined) this.#move(false, at, operator);
    }
    if (this.#restore !== undefined && at >= this.#restore.at) {
      const { arm, operator } = this.#restore;
      this.#restore = undefined;
      // The time is over, and in the meantime the money may be: then the trip is the wallet's from now on.
      if (!this.#around.mayClose()) this.#trippedBy = "money";
      else if (arm) this.arm(operator);
      else this.reconnect(at, operator);
    }
  }

  /** A contact that was stuck and is free again goes where it was told to go. */
  follow(at: Instant): void {
    const shouldBeClosed = this.#wish === "connected";
    if (this.hasControlError && this.#isClosed !== shouldBeClosed) this.#move(shouldBeClosed, at, NOBODY);
  }

  /** Events cleared (1BH): records and their count. */
  forget(kind: "trips" | "closes"): void {
    this[kind].length = 0;
    if (kind === "trips") this.tripCount = 0;
    else this.closeCount = 0;
  }

  get keeps(): Keeps {
    const open = [
      "trips",
      "closes",
      "tripCount",
      "closeCount",
      "tripDelayMinutes",
      "tripMilliampsMax",
      "holdOffMinutes",
    ] as const;
    return keepsAll("relay", keepsFields("", this, open), { save: () => this.#save(), load: (own: OwnState) => this.#load(own) });
  }

  #save(): OwnState {
    const [wish, isClosed, trippedBy] = [this.#wish, this.#isClosed, this.#trippedBy];
    return { wish, isClosed, trippedBy, pending: this.#pending, restore: this.#restore, armedBy: this.#armedBy };
  }

  #load({ wish, isClosed, trippedBy, pending, restore, armedBy }: OwnState): void {
    [this.#wish, this.#isClosed, this.#trippedBy] = [wish, isClosed, trippedBy];
    [this.#pending, this.#restore, this.#armedBy] = [pending, restore, armedBy];
  }

  #clear(): void {
    this.#pending = undefined;
    this.#restore = undefined;
    this.#trippedBy = null;
  }

  #move(closed: boolean, at: Instant, operator: Uint8Array): void {
    if (this.#isClosed === closed || this.#around.isStuck()) return;
    this.#isClosed = closed;
    const records = closed ? this.closes : this.trips;
    records.unshift({ at: this.#around.clockAt(at), operator, energies: this.#around.energies() });
    records.splice(RECORDS_MAX);
    if (closed) this.closeCount += 1;
    else this.tripCount += 1;
  }
}
