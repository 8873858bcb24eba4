/**
 * What a household draws: a curve over the day, another on weekends, more in deep winter and high summer, a size of its own, and
 * some chance every hour. The load of an hour depends on nothing but the seed and the hour, so that a month can be worked out
 * in one go and comes out the same every time.
 * Loads are whole milliwatts and milliwatts reactive: energy is counted, never rounded on the way. A roof with solar cells may
 * turn the flow round: then the load is below zero.
 */
import { Instant } from "../src/kernel/clock.ts";
import type { Chance } from "../src/kernel/chance.ts";
import { scrambled } from "./scrambled.ts";
import { keepsFields } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";
import { hourNumber, hourStart } from "./wall-time.ts";

/** Watts of a middling flat, hour by hour: asleep, breakfast, away, cooking and an evening at home. About 8 kWh a day. */
// prettier-ignore
const WATTS_BY_HOUR = [150, 130, 120, 120, 130, 180, 350, 480, 360, 260, 250, 320, 420, 330, 260, 250, 300, 480, 720, 800, 760, 620, 420, 240];
/** Up later, at home at noon. */
// prettier-ignore
const WEEKEND_WATTS = [200, 150, 130, 120, 120, 140, 200, 320, 460, 520, 480, 520, 640, 560, 420, 400, 430, 560, 760, 820, 780, 660, 480, 300];
/** Hundredths, January first: heating, then cooling. */
const SEASON = [135, 125, 105, 90, 88, 105, 135, 140, 110, 88, 98, 120] as const;
/** Thousandths of a roof's peak, hour by hour. */
const SUN = [0, 0, 0, 0, 0, 0, 40, 160, 340, 530, 700, 820, 860, 800, 670, 490, 300, 120, 20, 0, 0, 0, 0, 0] as const;

/** Milliwatts drawn and milliwatts reactive (above zero: inductive). */
export interface Load {
  readonly active: number;
  readonly reactive: number;
}
const NOTHING: Load = { active: 0, reactive: 0 };

export interface HouseholdPlan {
  readonly phases?: 1 | 3 | undefined;
  readonly solarKw?: number | undefined;
}

export interface CurveState {
  readonly solarMilliwatts: number;
  readonly behindMs: number;
}

/**
 * What a household draws by itself, hour by hour: it follows from a few numbers and never changes. Another roof, another calendar:
 * another curve.
 */
export class Curve {
  readonly #size: number;
  readonly #salt: number;
  readonly #solarMilliwatts: number;
  /** By how much the calendar it lives by is behind what was lived. */
  readonly #behindMs: number;

  constructor(size: number, salt: number, solarMilliwatts: number, behindMs: number) {
    this.#size = size;
    this.#salt = salt;
    this.#solarMilliwatts = solarMilliwatts;
    this.#behindMs = behindMs;
  }

  /** What is not of the household itself. */
  save(): CurveState {
    return { solarMilliwatts: this.#solarMilliwatts, behindMs: this.#behindMs };
  }

  /** Another of the same household. */
  like({ solarMilliwatts, behindMs }: CurveState): Curve {
    return new Curve(this.#size, this.#salt, solarMilliwatts, behindMs);
  }

  underOtherSun(solarMilliwatts: number): Curve {
    return new Curve(this.#size, this.#salt, solarMilliwatts, this.#behindMs);
  }

  setBack(ms: number): Curve {
    return new Curve(this.#size, this.#salt, this.#solarMilliwatts, this.#behindMs + ms);
  }

  loadAt(at: Instant): Load {
    const hour = this.hourOf(at);
    const ofDay = ((hour % 24) + 24) % 24;
    const day = Math.floor(hour / 24);
    const month = new Date(day * 86_400_000).getUTCMonth();
    // 1 January 1970 was a Thursday.
    const isWeekend = ((((day + 4) % 7) + 7) % 7) % 6 === 0;
    const chance = scrambled(this.#salt ^ hour);
    const watts = (isWeekend ? WEEKEND_WATTS : WATTS_BY_HOUR)[ofDay]! * SEASON[month]!;
    const mood = 0.6 + (chance / 4_294_967_296) * 0.8;
    const used = Math.round(watts * this.#size * mood * 10);
    // Motors and chargers: power factors from 0.9 to nearly 1, and at night a little capacitive.
    const share = 140 + (scrambled(chance) % 340) - (ofDay < 6 ? 200 : 0);
    const clouds = 400 + (scrambled(chance ^ 0x5f5f) % 601);
    const sun = Math.floor((this.#solarMilliwatts * SUN[ofDay]! * clouds) / 1_000_000);
    return { active: used - sun, reactive: Math.round((used * share) / 1_000) };
  }

  /** Thousandths of the load on phases A and B of three; C has the rest. */
  splitAt(at: Instant, isSteady = false): readonly [number, number] {
    const hour = isSteady ? 0 : this.hourOf(at);
    const part = (phase: number): number =>
      333 + (scrambled(this.#salt ^ phase) % 61) - 30 + (scrambled(this.#salt ^ (hour * 4 + phase)) % 31) - 15;
    return [part(1), part(2)];
  }

  /** When the load changes next. */
  nextHourAfter(at: Instant): Instant {
    return Instant(hourStart(this.hourOf(at) + 1) + this.#behindMs);
  }

  hourOf(at: Instant): number {
    return hourNumber(Instant(at - this.#behindMs));
  }
}

export class Household {
  #curve: Curve;
  #override: bigint | null = null;
  #steady: Load = NOTHING;
  #powerFactor = 1;
  #hour = Number.NaN;
  #load: Load = NOTHING;
  paused = false;

  constructor(chance: Chance, { phases = 1, solarKw = 0 }: HouseholdPlan = {}, behindMs = 0) {
    const size = (0.5 + chance.next() * 1.5) * phases;
    const salt = Math.floor(chance.next() * 4_294_967_296);
    this.#curve = new Curve(size, salt, milliwattsOf(solarKw), behindMs);
  }

  /** Its own life; another one after anything that changes it. */
  get curve(): Curve {
    return this.#curve;
  }

  /** Milliwatts by a person's hand; null gives the household back its own life. */
  set override(milliwatts: bigint | null) {
    this.#override = milliwatts;
    const active = Number(milliwatts ?? 0n);
    this.#steady = { active, reactive: Math.round(active * Math.sqrt(1 / this.#powerFactor ** 2 - 1)) };
  }

  get override(): bigint | null {
    return this.#override;
  }

  /** Of a load by a person's hand: a heater has 1, and so has this until it is told otherwise. */
  set powerFactor(factor: number) {
    this.#powerFactor = factor;
    this.override = this.#override;
  }

  get powerFactor(): number {
    return this.#powerFactor;
  }

  set solarKw(kilowatts: number) {
    this.#live(this.#curve.underOtherSun(milliwattsOf(kilowatts)));
  }

  setBack(ms: number): void {
    this.#live(this.#curve.setBack(ms));
  }

  /**
   * The power factor before the steady load, which follows from it. Without the curve, by which the load log knows what was:
   * `state/life-state.ts`.
   */
  get keeps(): Keeps {
    return keepsFields("household", this, ["paused", "powerFactor", "override"]);
  }

  /** Lives by this curve from now on, as one that was loaded. */
  goOnWith(curve: Curve): void {
    this.#live(curve);
  }

  /** Whether the load stays as it is until somebody changes it. */
  get isSteady(): boolean {
    return this.paused || this.#override !== null;
  }

  loadAt(at: Instant): Load {
    if (this.paused) return NOTHING;
    if (this.#override !== null) return this.#steady;
    const hour = this.#curve.hourOf(at);
    if (hour !== this.#hour) {
      this.#hour = hour;
      this.#load = this.#curve.loadAt(at);
    }
    return this.#load;
  }

  /** A steady load keeps to the household's own split. */
  splitAt(at: Instant): readonly [number, number] {
    return this.#curve.splitAt(at, this.isSteady);
  }

  #live(curve: Curve): void {
    this.#curve = curve;
    this.#hour = Number.NaN;
  }
}

const milliwattsOf = (kilowatts: number): number => Math.round(kilowatts * 1_000_000);
