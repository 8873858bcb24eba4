/**
 * One virtual meter: a life that moves with time (`life.ts`), wallet, relay and chip, and behaviours that hear a request and
 * answer it or leave it to the next one.
 *
 * The meter holds no timer. Whenever somebody looks at it (a frame, the control door, another moment of the street) it works
 * out what has happened since. Without power it hears nothing and uses nothing; only its clock goes on.
 */
import type { Instant } from "../src/kernel/clock.ts";
import { minutes } from "../src/kernel/clock.ts";
import type { Chance } from "../src/kernel/chance.ts";
import { parsePrice, parseYuan } from "../src/kernel/money.ts";
import type { Behaviour, Answer } from "./behaviours/behaviour.ts";
import { lowHigh, Serr } from "./behaviours/behaviour.ts";
import { behaviours } from "./behaviours/behaviours.ts";
import { KINDS, placeOf } from "./energies.ts";
import { FaultShelf } from "./faults.ts";
import { bindLife } from "./life-binding.ts";
import type { DemandRegisters, FreezeSink } from "./sinks.ts";
import type { Habits } from "./habits.ts";
import { habitsOf } from "./habits.ts";
import type { Household } from "./household.ts";
import type { Body } from "./life.ts";
import { Life } from "./life.ts";
import type { LineRate } from "./line-rate.ts";
import { PasswordLock } from "./lockout.ts";
import type { KeyState, MeterMode, PlainControl } from "./models.ts";
import { meterModels } from "./models.ts";
import { ParameterStore } from "./parameter-store.ts";
import type { MeterPlan } from "./plans.ts";
import { ReadPosition } from "./read-on.ts";
import { Logbook } from "./records.ts";
import type { Keeps } from "./state/keeping.ts";
import { Relay } from "./relay.ts";
import type { Befallen, StreetTime } from "./street-time.ts";
import { VirtualEsam } from "./virtual-esam.ts";
import { Wallet } from "./wallet.ts";
import { dayNumber } from "./wall-time.ts";
import type { Frame } from "./wire.ts";
import { FunctionCode, no } from "./wire.ts";

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
  | "initialisations"
  | "modeSwitches";

/** Frozen, for all meters share them. */
const USUAL_PASSWORDS: Readonly<Record<string, string>> = Object.freeze({ "02": "000000", "04": "111111" });

export class VirtualMeter {
  readonly plan: MeterPlan;
  readonly time: StreetTime;
  readonly wallet: Wallet;
  readonly relay: Relay;
  readonly life: Life;
  readonly faults = new FaultShelf("meter");
  readonly habits: Habits;
  readonly readOn: ReadPosition;
  readonly passwordLock: PasswordLock;
  readonly parameters = new ParameterStore();
  readonly logbook = new Logbook();
  /** Who keeps frozen values; nobody: 16H is refused. */
  freezes: FreezeSink | undefined;
  /** Who measures maximum demand; nobody: there is none to clear, and its record shows zeros. */
  demand: DemandRegisters | undefined;
  /** Called when 15H, or a state that is loaded, has given it another address. */
  uponRename: (() => void) | undefined;
  /** Called when 1AH empties the meter, for whoever keeps values of his own. */
  readonly uponClear: (() => void)[] = [];
  /** The programming key: see `habits.ts`. */
  programmingEnabled: boolean;
  /** The rate of the line it hangs on, where bytes are paced. */
  line: LineRate | undefined;
  /** 1DH: 0 second pulses, 1 demand period, 2 slot switching. */
  output = 0;
  readonly #behaviours: readonly Behaviour[];

  meterNumber: string;
  customerNumber: string;
  mode: MeterMode;
  keyState: KeyState;
  isOpened: boolean;
  plainControl: PlainControl;
  passwords: Readonly<Record<string, string>>;
  purchaseCount: bigint;
  purchasedTotal = 0n;
  readonly purchases: PurchaseRecord[] = [];
  readonly refunds: PurchaseRecord[] = [];
  /** The wall's day on which the broadcast clock was last taken: once a day. */
  broadcastDay: number | undefined;
  isProtected = false;
  isWarned = false;
  alarms: { first: bigint; second: bigint };
  /** Falling below the second alarm trips once, to remind. */
  alarm2Trips: boolean;
  hoardingLimit: bigint;
  closeAllowedAt = 0n;

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
    modeSwitches: 0,
  };

  /** Whether the supply was cut once since the balance fell below the second alarm. */
  isReminded = false;
  /** How many of the things that befell the whole street it has heeded. */
  heeded: number;
  readonly #chance: Chance;
  #address: string;
  #esam: VirtualEsam | undefined;

  /** `since` is when its life began, at most as long ago as the street's; left out, it begins now. */
  constructor(plan: MeterPlan, { time, chance, since }: { time: StreetTime; chance: Chance; since?: Instant }) {
    const model = meterModels[plan.model ?? "standard-wallet"];
    this.plan = plan;
    this.#chance = chance;
    this.habits = habitsOf(plan);
    this.programmingEnabled = this.habits.programmingEnabled;
    this.readOn = new ReadPosition(this.habits.readReplyMax);
    this.passwordLock = new PasswordLock(this.habits.passwordTriesMax, minutes(this.habits.passwordLockMinutes));
    const dialect = model.dialect?.(chance.child("dialect"), () => this.meterNumber);
    this.#behaviours = dialect === undefined ? behaviours : [...dialect, ...behaviours];
    this.#address = plan.address;
    this.time = time;
    this.meterNumber = plan.meterNumber ?? plan.address;
    this.customerNumber = plan.customerNumber ?? `00${plan.address.slice(2)}`;
    this.mode = plan.mode ?? model.mode;
    this.plainControl = plan.plainControl ?? model.plainControl;
    this.keyState = plan.keyState ?? "production";
    this.isOpened = plan.opened ?? true;
    this.passwords = plan.passwords === undefined ? USUAL_PASSWORDS : { ...USUAL_PASSWORDS, ...plan.passwords };
    this.purchaseCount = BigInt(plan.purchaseCount ?? 0);
    this.hoardingLimit = parseYuan(plan.hoardingLimit ?? "999999.99", "hoardingLimit");
    this.alarms = { first: parseYuan(plan.alarm1 ?? "0.00", "alarm1"), second: parseYuan(plan.alarm2 ?? "0.00", "alarm2") };
    this.alarm2Trips = plan.alarm2Trips ?? false;

    this.wallet = new Wallet(parsePrice(model.price ?? plan.price ?? "0.5283"), parseYuan(plan.balance ?? "50.00", "balance"));
    this.wallet.overdraftLimit = parseYuan(plan.overdraftLimit ?? "0.00", "overdraftLimit");
    this.relay = new Relay({
      isStuck: () => this.faults.use((fault) => fault.kind === "stuck-relay") !== undefined,
      isWelded: () => this.faults.has("welded-relay") !== undefined,
      clockAt: (at) => this.life.clock.at(at),
      energies: () => KINDS.map((kind) => this.life.registers.steps(placeOf(kind, 0))),
      mayClose: () => !this.walletForbidsSupply,
    });
    this.logbook.alsoClears("1D00", () => this.relay.forget("trips"));
    this.logbook.alsoClears("1E00", () => this.relay.forget("closes"));
    this.relay.tripDelayMinutes = plan.tripDelayMinutes ?? 0;
    this.heeded = since === undefined ? time.befallen.length : 0;
    const setBackMs = since === undefined ? time.setBackMs : 0;
    this.life = new Life(plan, {
      at: since ?? time.lived(),
      chance,
      price: this.wallet.price,
      body: this.#body(),
      setBackMs,
    });
    bindLife(this);
    this.#heedWallet();
  }

  /** What this meter does with a request that reached it; undefined: nobody here knows it, so it stays silent. */
  hear(request: Frame): Answer | undefined {
    this.settle();
    if (!this.isPowered) return undefined;
    this.heard += 1;
    if (request.control === FunctionCode.security && this.life.supply.failing.has("esam"))
      return no(request, ...lowHigh(Serr.other));
    for (const behaviour of this.#behaviours) {
      const answer = behaviour.hear(request, this);
      if (answer !== undefined) return this.readOn.passed(request, answer);
    }
    return undefined;
  }

  /** Changed by 15H. */
  get address(): string {
    return this.#address;
  }

  set address(given: string) {
    this.#address = given;
    this.uponRename?.();
  }

  /** The chip; made when it is asked first, since most meters of a street never are. */
  get esam(): VirtualEsam {
    this.#esam ??= new VirtualEsam(this.#chance.child("esam"), () => this.meterNumber, this.habits.macPolicy);
    return this.#esam;
  }

  /** Brings the meter up to the street's present and returns it. */
  settle(): Instant {
    const now = this.time.lived();
    const { befallen } = this.time;
    while (this.heeded < befallen.length) this.#heed(befallen[this.heeded++]!);
    this.life.live(now);
    return this.life.at;
  }

  /** What this meter's own clock shows. */
  get clock(): Instant {
    const at = this.settle();
    return this.life.clock.at(at);
  }

  /** How far its clock is ahead of the street's calendar. */
  get clockOffsetMs(): number {
    const at = this.settle();
    return this.life.clock.offsetAt(at) + this.time.setBackMs;
  }

  set clockOffsetMs(ms: number) {
    const at = this.settle();
    this.life.clock = this.life.clock.set(at, ms - this.time.setBackMs);
  }

  get day(): number {
    return dayNumber(this.clock);
  }

  get household(): Household {
    return this.life.household;
  }

  /** The register in steps of 0.01 kWh. */
  get energySteps(): bigint {
    return BigInt(this.life.registers.steps(0));
  }

  get milliwatts(): bigint {
    return BigInt(this.life.load.active);
  }

  /** Of the phase that carries most. */
  get milliamps(): bigint {
    return BigInt(Math.max(...this.life.phases.map(({ milliamps }) => Math.abs(milliamps))));
  }

  get isPowered(): boolean {
    return this.life.supply.isPowered;
  }

  /** The lights go out: nothing is heard, said, drawn or switched, and the chip forgets its session. */
  powerOff(): void {
    this.settle();
    this.#esam?.endSession();
    this.life.fail();
  }

  powerOn(): void {
    this.settle();
    this.life.restore();
    this.restoreAfterCredit();
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
    if (!this.isPowered) return;
    // Only a trip that waits asks how much flows; this is asked after every step of every meter.
    this.relay.tick(this.life.at, this.relay.isTripPending ? Number(this.milliamps) : 0);
    this.#heedWallet();
  }

  /** Money has come: a supply that went for lack of it comes back by itself; one that a person cut does not. */
  restoreAfterCredit(): void {
    const { relay, wallet } = this;
    const least = this.habits.armingLimit === "at-least" ? this.closeAllowedAt : this.closeAllowedAt + 1n;
    const enough = wallet.balance > 0n && wallet.balance >= least;
    const wentForMoney = relay.trippedBy === "money" || (this.isReminded && relay.wish === "armed");
    if (wentForMoney && enough && this.isPowered) relay.reconnect(this.life.at);
  }

  /** What its dialect remembers. */
  get dialectParts(): readonly Keeps[] {
    return this.#behaviours.flatMap(({ keeps }) => keeps ?? []);
  }

  /** 1AH: the registers begin anew. */
  clearRegisters(): void {
    this.settle();
    for (const clear of this.uponClear) clear();
  }

  #heed(event: Befallen): void {
    this.life.live(event.at);
    if ("setBackMs" in event) this.life.setBack(event.setBackMs);
    else {
      this.household.paused = event.households === "paused";
      this.reconsider();
    }
  }

  #body(): Body {
    // An arrow function each: `this` stays the meter.
    return {
      isClosed: () => this.relay.conducts,
      nextRelayAt: () => this.relay.nextAt,
      msUntilHeard: (milliwatts, price) => this.#msUntilHeard(milliwatts, price),
      consume: (milliwattMs, price) => {
        if (this.hasWallet) this.wallet.consume(milliwattMs, price);
      },
      reconsider: () => this.reconsider(),
    };
  }

  #msUntilHeard(milliwatts: bigint, price: bigint): bigint | undefined {
    if (!this.hasWallet || this.isProtected) return undefined;
    const { wallet } = this;
    const above = wallet.balance - this.alarms.second;
    // A millisecond before the fen that makes the difference there is nothing to hear.
    if (this.alarm2Trips && above >= 0n) return wallet.msUntilSpent(above + 1n, milliwatts, price);
    return wallet.msUntilEmpty(milliwatts, price);
  }

  #heedWallet(): void {
    const { relay, wallet } = this;
    const at = this.life.at;
    if (wallet.balance >= this.alarms.second) this.isReminded = false;
    else if (this.alarm2Trips && !this.isReminded && this.hasWallet && !this.isProtected && relay.wish === "connected") {
      // Off, and the button brings it back at once: the customer knows now.
      this.isReminded = true;
      relay.disconnectFor(at, { minutes: 0, arm: true }, new Uint8Array(4));
      relay.tick(at, 0);
    }
    if (this.walletForbidsSupply && !relay.orderIsDisconnect) relay.disconnect(at, "money", Number(this.milliamps));
  }
}
