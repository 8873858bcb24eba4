/**
 * One virtual meter: state that moves with time, and behaviours that hear a request and answer it or leave it to the next one.
 *
 * The meter holds no timer. Whenever somebody looks at it (a frame, the control door, another moment of the street) it works
 * out what has happened since: hour by hour, and inside an hour up to the exact moment at which the wallet ran empty, a
 * delayed trip fell due or a timed one ended. A jump of a month costs as many steps as the month has hours.
 */
import { Instant, later } from "../src/kernel/clock.ts";
import type { Chance } from "../src/kernel/chance.ts";
import { parsePrice, parseYuan } from "../src/kernel/money.ts";
import type { Behaviour, Answer } from "./behaviours/behaviour.ts";
import { behaviours } from "./behaviours/behaviours.ts";
import { FaultShelf } from "./faults.ts";
import { Household } from "./household.ts";
import type { KeyState, MeterMode } from "./models.ts";
import { meterModels } from "./models.ts";
import type { MeterPlan } from "./plans.ts";
import { refill } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";
import { Relay } from "./relay.ts";
import type { StreetTime } from "./street-time.ts";
import { VirtualEsam } from "./virtual-esam.ts";
import { Wallet } from "./wallet.ts";
import { dayNumber, hourNumber, hourStart } from "./wall-time.ts";
import type { Frame } from "./wire.ts";

/** Milliwatt-milliseconds in one step of the register, 0.01 kWh. */
const ENERGY_PER_STEP = 36_000_000_000n;

export interface PurchaseRecord {
  readonly at: Instant;
  readonly count: bigint;
  readonly amount: bigint;
  readonly before: bigint;
  readonly after: bigint;
  /** Everything ever purchased; a refund record has none. */
  readonly total: bigint;
}

export type Obeyed =
  | "topUps"
  | "openAccounts"
  | "refunds"
  | "disconnects"
  | "reconnects"
  | "arms"
  | "warns"
  | "unwarns"
  | "protects"
  | "unprotects"
  | "writes"
  | "clockSets"
  | "initialisations";

/** What the meter itself remembers; its parts keep their own (`state/parts.ts`). */
interface MeterState {
  readonly meterNumber: string;
  readonly customerNumber: string;
  readonly mode: MeterMode;
  readonly keyState: KeyState;
  readonly isOpened: boolean;
  readonly plainControl: boolean;
  readonly passwords: Readonly<Record<string, string>>;
  readonly purchaseCount: bigint;
  readonly purchasedTotal: bigint;
  readonly purchases: readonly PurchaseRecord[];
  readonly refunds: readonly PurchaseRecord[];
  readonly clockOffsetMs: number;
  readonly broadcastDay: number | undefined;
  readonly isProtected: boolean;
  readonly isWarned: boolean;
  readonly alarms: { readonly first: bigint; readonly second: bigint };
  readonly hoardingLimit: bigint;
  readonly closeAllowedAt: bigint;
  readonly heard: number;
  readonly obeyed: Readonly<Record<Obeyed, number>>;
  readonly at: Instant;
  readonly energy: bigint;
}

export class VirtualMeter implements Keeps<MeterState> {
  readonly keptAs = "meter";
  readonly plan: MeterPlan;
  readonly address: string;
  readonly time: StreetTime;
  readonly wallet: Wallet;
  readonly relay: Relay;
  readonly esam: VirtualEsam;
  readonly household: Household;
  readonly faults = new FaultShelf("meter");
  readonly #behaviours: readonly Behaviour[];

  meterNumber: string;
  customerNumber: string;
  mode: MeterMode;
  keyState: KeyState;
  isOpened: boolean;
  plainControl: boolean;
  passwords: Readonly<Record<string, string>>;
  purchaseCount: bigint;
  purchasedTotal = 0n;
  readonly purchases: PurchaseRecord[] = [];
  readonly refunds: PurchaseRecord[] = [];
  clockOffsetMs: number;
  /** The wall's day on which the broadcast clock was last taken: once a day. */
  broadcastDay: number | undefined;
  isProtected = false;
  isWarned = false;
  alarms = { first: 0n, second: 0n };
  hoardingLimit: bigint;
  closeAllowedAt = 0n;
  readonly decivolts: bigint;

  heard = 0;
  readonly obeyed: Record<Obeyed, number> = {
    topUps: 0,
    openAccounts: 0,
    refunds: 0,
    disconnects: 0,
    reconnects: 0,
    arms: 0,
    warns: 0,
    unwarns: 0,
    protects: 0,
    unprotects: 0,
    writes: 0,
    clockSets: 0,
    initialisations: 0,
  };

  #at: Instant;
  #energy: bigint;

  constructor(plan: MeterPlan, { time, chance }: { time: StreetTime; chance: Chance }) {
    const model = meterModels[plan.model ?? "standard-wallet"];
    this.plan = plan;
    this.#behaviours = [...(model.dialect?.(chance.child("dialect"), () => this.meterNumber) ?? []), ...behaviours];
    this.address = plan.address;
    this.time = time;
    this.#at = time.now();
    this.meterNumber = plan.meterNumber ?? plan.address;
    this.customerNumber = plan.customerNumber ?? `00${plan.address.slice(2)}`;
    this.mode = plan.mode ?? model.mode;
    this.plainControl = plan.plainControl ?? model.plainControl;
    this.keyState = plan.keyState ?? "production";
    this.isOpened = plan.opened ?? true;
    this.passwords = { "02": "000000", "04": "111111", ...plan.passwords };
    this.purchaseCount = BigInt(plan.purchaseCount ?? 0);
    this.clockOffsetMs = plan.clockOffsetMs ?? 0;
    this.hoardingLimit = parseYuan(plan.hoardingLimit ?? "999999.99", "hoardingLimit");

    const body = chance.child("body");
    this.decivolts = 2_200n + BigInt(Math.floor(body.next() * 120));
    const steps =
      plan.energyKwh === undefined ? BigInt(Math.floor(body.next() * 500_000)) : parseYuan(plan.energyKwh, "energyKwh");
    this.#energy = steps * ENERGY_PER_STEP;
    this.household = new Household(chance.child("household"));
    if (plan.loadKw !== undefined) this.household.override = BigInt(Math.round(plan.loadKw * 1_000_000));
    this.wallet = new Wallet(parsePrice(model.price ?? plan.price ?? "0.5283"), parseYuan(plan.balance ?? "50.00", "balance"));
    this.wallet.overdraftLimit = parseYuan(plan.overdraftLimit ?? "0.00", "overdraftLimit");
    this.esam = new VirtualEsam(chance.child("esam"), () => this.meterNumber);
    this.relay = new Relay({
      isStuck: () => this.faults.use((fault) => fault.kind === "stuck-relay") !== undefined,
      isWelded: () => this.faults.has("welded-relay") !== undefined,
      clockAt: (at) => later(at, this.clockOffsetMs),
      energy: () => this.energySteps,
    });
    this.relay.tripDelayMinutes = plan.tripDelayMinutes ?? 0;
    this.#heedWallet();
  }

  /** What this meter does with a request that reached it; undefined: nobody here knows it, so it stays silent. */
  hear(request: Frame): Answer | undefined {
    this.settle();
    this.heard += 1;
    for (const behaviour of this.#behaviours) {
      const answer = behaviour.hear(request, this);
      if (answer !== undefined) return answer;
    }
    return undefined;
  }

  /** Brings the meter up to the street's present and returns it. */
  settle(): Instant {
    const now = this.time.now();
    while (this.#at < now) this.#step(now);
    return this.#at;
  }

  /** What this meter's own clock shows. */
  get clock(): Instant {
    return later(this.settle(), this.clockOffsetMs);
  }

  get day(): number {
    return dayNumber(this.clock);
  }

  /** The register in steps of 0.01 kWh. */
  get energySteps(): bigint {
    return this.#energy / ENERGY_PER_STEP;
  }

  get milliwatts(): bigint {
    return this.relay.conducts ? this.household.milliwattsAt(this.#at) : 0n;
  }

  get milliamps(): bigint {
    return (this.milliwatts * 10n) / this.decivolts;
  }

  get hasWallet(): boolean {
    return this.mode === "local";
  }

  /** The wallet says no supply, and nobody protects it. */
  get walletForbidsSupply(): boolean {
    return this.hasWallet && this.wallet.isEmpty && !this.isProtected;
  }

  /** After anything that may change what the relay ought to do by itself: money, protection, load. */
  reconsider(): void {
    this.relay.tick(this.#at, Number(this.milliamps));
    this.#heedWallet();
  }

  /** Money has come: a supply that went for lack of it comes back by itself; one that a person cut does not. */
  restoreAfterCredit(): void {
    const { relay, wallet } = this;
    const enough = wallet.balance > 0n && wallet.balance >= this.closeAllowedAt;
    if (relay.trippedBy === "money" && enough) relay.reconnect(this.#at);
  }

  /** What its dialect remembers. */
  get dialectParts(): readonly Keeps[] {
    return this.#behaviours.flatMap(({ keeps }) => keeps ?? []);
  }

  save(): MeterState {
    const { meterNumber, customerNumber, mode, keyState, isOpened, plainControl, passwords, clockOffsetMs } = this;
    const { purchaseCount, purchasedTotal, purchases, refunds, broadcastDay, isProtected, isWarned, alarms } = this;
    const { hoardingLimit, closeAllowedAt, heard, obeyed } = this;
    return {
      ...{ meterNumber, customerNumber, mode, keyState, isOpened, plainControl, passwords, clockOffsetMs },
      ...{ purchaseCount, purchasedTotal, purchases: [...purchases], refunds: [...refunds], broadcastDay },
      ...{ isProtected, isWarned, alarms: { ...alarms }, hoardingLimit, closeAllowedAt, heard, obeyed: { ...obeyed } },
      ...{ at: this.#at, energy: this.#energy },
    };
  }

  load({ at, energy, purchases, refunds, obeyed, ...fields }: MeterState): void {
    Object.assign(this, fields);
    Object.assign(this.obeyed, obeyed);
    refill(this.purchases, purchases);
    refill(this.refunds, refunds);
    [this.#at, this.#energy] = [at, energy];
  }

  #step(until: Instant): void {
    const from = this.#at;
    const load = this.milliwatts;
    let to = Math.min(until, this.relay.conducts ? hourStart(hourNumber(from) + 1) : until, this.relay.nextAt ?? until);
    const wallet = this.hasWallet ? this.wallet : undefined;
    const emptyIn = this.isProtected ? undefined : wallet?.msUntilEmpty(load);
    if (emptyIn !== undefined && emptyIn < BigInt(to - from)) to = from + Number(emptyIn);
    to = Math.max(to, from + 1);
    const used = load * BigInt(to - from);
    this.#energy += used;
    wallet?.consume(used);
    this.#at = Instant(to);
    this.reconsider();
  }

  #heedWallet(): void {
    if (this.walletForbidsSupply && !this.relay.orderIsDisconnect)
      this.relay.disconnect(this.#at, "money", Number(this.milliamps));
  }
}
