/**
 * The part of a meter that time moves: load, registers, demands, settlements, freezes, its clock and its supply.
 *
 * Nothing here holds a timer. Whoever looks makes the meter catch up, from one moment at which something changes to the next:
 * the hour (another load), what its agenda holds (another tariff, a freeze, a settlement), the end of a relay's delay, and the
 * very millisecond at which a threshold is passed or the wallet has nothing left. In between everything runs evenly, so a
 * month in one jump and a month minute by minute come to the same.
 */
import type { Chance } from "../src/kernel/chance.ts";
import { Instant } from "../src/kernel/clock.ts";
import type { PricePerKwh } from "../src/kernel/money.ts";
import { parseYuan } from "../src/kernel/money.ts";
import { Agenda } from "./agenda.ts";
import { entries } from "./life-entries.ts";
import { Demand } from "./demand.ts";
import type { Combinations } from "./energies.ts";
import { combined, ENERGY_PER_STEP, Kind, KINDS, Registers } from "./energies.ts";
import type { FreezeKind, Take } from "./freezes.ts";
import { Freezes } from "./freezes.ts";
import type { Curve, Load } from "./household.ts";
import { Household } from "./household.ts";
import { LoadLog } from "./load-log.ts";
import { LoadProfile } from "./load-profile.ts";
import { MeterClock } from "./meter-clock.ts";
import type { MeterPlan } from "./plans.ts";
import type { Phase } from "./power.ts";
import { IDLE, phaseLoads, phasesAt, sumOf } from "./power.ts";
import { Settlements } from "./settlements.ts";
import { Supply } from "./supply.ts";
import type { SetKind, Tariff } from "./tariff.ts";
import { tariffOf } from "./tariff-plan.ts";

/** What the rest of the meter has to say while its life goes on. */
export interface Body {
  isClosed(): boolean;
  /** The next moment at which the relay does something by itself. */
  nextRelayAt(): Instant | undefined;
  /** After how many milliseconds at this load the wallet wants to be heard. */
  msUntilHeard(milliwatts: bigint, price: bigint): bigint | undefined;
  consume(milliwattMs: bigint, price: bigint): void;
  /** A step is done: relay and wallet look what follows. */
  reconsider(): void;
}

/** One empty list for all the hours that are kept. */
const NONE: readonly never[] = [];

export interface OwnLife {
  readonly at: Instant;
  readonly clock: MeterClock;
  readonly tariffNow: number;
  readonly switched: boolean;
}

export class Life {
  readonly household: Household;
  readonly supply: Supply;
  readonly registers: Registers;
  readonly tariff: Tariff;
  readonly demand: Demand;
  readonly settlements = new Settlements();
  readonly freezes: Freezes;
  readonly profile = new LoadProfile();
  readonly log: LoadLog;
  readonly agenda: Agenda<Life>;
  /** 04000601 to 03. The wallet and the steps count what the first adds. */
  readonly combinations: Combinations = { active: 0x05, reactive1: 0x41, reactive2: 0x14 };
  #clock: MeterClock;
  #at: Instant;
  #tariffNow: number;
  #switched = false;
  readonly #body: Body;

  constructor(
    plan: MeterPlan,
    {
      at,
      chance,
      price,
      body,
      setBackMs = 0,
    }: { at: Instant; chance: Chance; price: PricePerKwh; body: Body; setBackMs?: number },
  ) {
    const phases = plan.phases ?? 1;
    this.#body = body;
    this.#at = at;
    this.#clock = new MeterClock(at, (plan.clockOffsetMs ?? 0) - setBackMs, plan.clockDriftPpm ?? 0);
    const trunk = chance.child("body");
    this.supply = new Supply(trunk, phases);
    const steps =
      plan.energyKwh === undefined ? Math.floor(trunk.next() * 500_000) : Number(parseYuan(plan.energyKwh, "energyKwh"));
    this.household = new Household(chance.child("household"), { phases, solarKw: plan.solarKw }, setBackMs);
    if (plan.loadKw !== undefined) this.household.override = BigInt(Math.round(plan.loadKw * 1_000_000));
    if (plan.powerFactor !== undefined) this.household.powerFactor = plan.powerFactor;
    this.tariff = tariffOf(plan, price);
    this.registers = new Registers(phases);
    this.demand = new Demand(this.combinations);
    const shares = plan.tariff?.tables === undefined ? [0, 0, 100, 0] : [10, 30, 40, 20];
    this.registers.start(Kind.forward, steps, shares);
    this.registers.start(Kind.q1, Math.floor((steps * 12) / 100), shares);
    this.settlements.days = [...(plan.settlementDays ?? ["0100"]), "9999", "9999"].slice(0, 3) as [string, string, string];
    this.freezes = new Freezes({
      take: (kind) => this.#freeze(kind),
      shown: () => this.shown,
      appointed: () => this.replan(),
    });
    this.log = new LoadLog(at, this.supply);
    const shown = this.#clock.at(at);
    this.#tariffNow = this.tariff.tariffAt(shown);
    this.agenda = new Agenda(this, entries, shown);
    this.#note();
  }

  /** Up to where this meter has lived. */
  get at(): Instant {
    return this.#at;
  }

  /** What its clock shows there. */
  get shown(): Instant {
    return this.#clock.at(this.#at);
  }

  get clock(): MeterClock {
    return this.#clock;
  }

  /** Sets it, at this moment; what it jumps over falls due, what it goes back to may come again. */
  set clock(clock: MeterClock) {
    const [before, after] = [this.shown, clock.at(this.#at)];
    this.#clock = clock;
    this.#note();
    if (after < before) this.agenda.plan(after);
    else if (this.supply.isPowered) this.#fall();
    this.#tariffNow = this.tariff.tariffAt(after);
  }

  get tariffNow(): number {
    return this.#tariffNow;
  }

  /** 0.0001 yuan a kWh: the tariff's and the step's. */
  get price(): bigint {
    return this.tariff.tariffPrice(this.#tariffNow) + this.stepPrice;
  }

  get stepPrice(): bigint {
    return this.tariff.hasSteps ? this.tariff.stepPrice(BigInt(this.settlements.period.current.steps)) : 0n;
  }

  /** On each phase that there is, at this moment. */
  get loads(): readonly Load[] {
    const flows = this.supply.isPowered && this.#body.isClosed();
    const load = flows ? this.household.loadAt(this.#at) : IDLE;
    return phaseLoads(load, this.supply, this.household.splitAt(this.#at));
  }

  get load(): Load {
    return sumOf(this.loads);
  }

  get phases(): readonly Phase[] {
    return phasesAt(this.#at, this.supply, this.loads);
  }

  /** A total as it stood at an earlier moment of the street, in steps: what it is now less what flowed since. */
  stepsAt(at: Instant): readonly number[] {
    const since = this.log.between(at, this.#at);
    return KINDS.map((kind) => Number((this.registers.whole(kind) - since[kind]) / BigInt(ENERGY_PER_STEP)));
  }

  /** What it remembers itself; its parts keep their own (`state/life-state.ts`). */
  ownState(): OwnLife {
    return { at: this.#at, clock: this.#clock, tariffNow: this.#tariffNow, switched: this.#switched };
  }

  /** As it was, and nothing follows from it. */
  goOnFrom({ at, clock, tariffNow, switched }: OwnLife): void {
    [this.#at, this.#clock, this.#tariffNow, this.#switched] = [at, clock, tariffNow, switched];
  }

  /** Lives on to `until`. */
  live(until: Instant): void {
    while (this.#at < until) this.#step(until);
  }

  /** After settings that move moments: tables, switch times, settlement days, freeze times. */
  replan(): void {
    this.agenda.plan(this.shown);
    this.#fall();
    this.#tariffNow = this.tariff.tariffAt(this.shown);
  }

  /** The calendar of the whole street goes back: the clock with it, and the hours of the day. What was counted stays. */
  setBack(ms: number): void {
    this.household.setBack(ms);
    this.clock = this.#clock.set(this.#at, this.#clock.offsetAt(this.#at) - ms);
  }

  /** A settlement is due: registers and demands are kept, and the demands begin anew. */
  settle(due: Instant): void {
    const take = () => ({ energies: this.registers.snapshot(), demands: this.demand.snapshot() });
    if (this.settlements.settle(due, take, this.tariff)) this.demand.reset(this.#at);
  }

  /** The set that waited takes over; what stood until then is frozen. */
  switch(kind: SetKind, due: Instant): void {
    this.freezes.switched(kind, due);
    this.tariff.switch(kind);
    this.#switched = true;
  }

  /** Another slot of the day has begun. */
  lookUpTariff(): void {
    this.#tariffNow = this.tariff.tariffAt(this.shown);
  }

  fail(): void {
    this.supply.fail(this.shown);
    this.#note();
  }

  restore(): void {
    this.supply.restore(this.shown);
    this.#note();
    this.#fall();
    this.#body.reconsider();
  }

  /** 1AH: energies, demands, settlements, freezes and records begin anew. */
  clear(): void {
    this.registers.clear();
    this.settlements.clear();
    this.demand.reset(this.#at);
    this.freezes.clear();
    this.log.clear();
  }

  #step(until: Instant): void {
    const from = this.#at;
    if (!this.supply.isPowered) {
      this.#at = until;
      this.log.reach(until);
      return;
    }
    const loads = this.loads;
    const load = sumOf(loads);
    const charged = this.#charged(load);
    const price = this.price;
    let to = Math.min(until, this.#body.nextRelayAt() ?? until, this.#clock.firstAt(this.agenda.next, from));
    if (this.#body.isClosed() && !this.household.isSteady) to = Math.min(to, this.household.curve.nextHourAfter(from));
    for (const ms of [this.#msUntilNextStep(charged), this.#body.msUntilHeard(BigInt(charged), price)])
      if (ms !== undefined && ms < BigInt(to - from)) to = from + Number(ms);
    this.#run(loads, load, Instant(Math.max(to, from + 1)));
    this.settlements.consume(charged * (this.#at - from));
    this.#body.consume(BigInt(charged) * BigInt(this.#at - from), price);
    if (this.agenda.next <= this.shown) this.#fall();
    this.#body.reconsider();
  }

  #fall(): void {
    this.agenda.fall(this.shown);
    if (!this.#switched) return;
    // Other tables run now, so other moments are next.
    this.#switched = false;
    this.agenda.plan(this.shown);
    this.#tariffNow = this.tariff.tariffAt(this.shown);
  }

  /** Counts what flows from here to there. */
  #run(loads: readonly Load[], load: Load, to: Instant): void {
    const from = this.#at;
    const [ms, tariff] = [to - from, this.#tariffNow];
    this.log.note({ from, loads, powered: true, volts: this.supply.volts, clock: this.#clock }, this.#curve());
    this.log.reach(to);
    this.registers.count(load, ms, tariff);
    if (loads.length > 1) loads.forEach((each, phase) => this.registers.countPhase(phase, each, ms));
    this.demand.follow(this.log, this.#clock, { from, to, tariff });
    this.#at = to;
  }

  #note(): void {
    const { isPowered: powered, volts } = this.supply;
    const loads = this.loads;
    this.log.note({ from: this.#at, loads, powered, volts, clock: this.#clock }, this.#curve());
  }

  /** What the load follows by itself; undefined: it stays as it is until something happens. */
  #curve(): Curve | undefined {
    const flows = this.supply.isPowered && this.#body.isClosed() && !this.household.isSteady;
    return flows ? this.household.curve : undefined;
  }

  /** What costs money and counts towards steps: energy that the combination word adds. */
  #charged({ active }: Load): number {
    return Math.max(0, combined(this.combinations.active, active >= 0 ? [active, 0] : [0, -active]));
  }

  #msUntilNextStep(milliwatts: number): bigint | undefined {
    if (!this.tariff.hasSteps || milliwatts === 0) return undefined;
    const { current } = this.settlements.period;
    const threshold = this.tariff.nextThreshold(BigInt(current.steps));
    if (threshold === undefined) return undefined;
    const needed = threshold * BigInt(ENERGY_PER_STEP) - current.whole;
    return (needed + BigInt(milliwatts) - 1n) / BigInt(milliwatts);
  }

  #freeze(kind: FreezeKind): ReturnType<Take> {
    if (kind === "hourly") return { energies: this.registers.totals(), forward: NONE, reverse: NONE, variables: NONE };
    const { maxima } = this.demand;
    const phases = [0, 1, 2].map((phase) => this.loads[phase]);
    return {
      energies: this.registers.snapshot(),
      forward: maxima[Kind.forward]!,
      reverse: maxima[Kind.reverse]!,
      variables: [
        this.load.active,
        ...phases.map((load) => load?.active),
        this.load.reactive,
        ...phases.map((load) => load?.reactive),
      ],
    };
  }
}
