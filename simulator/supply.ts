/**
 * What comes down the line and what is done to the meter's body: voltage by phase, power failures, covers, batteries, failing
 * parts. Nature does such things; people set them through the control door. Voltages wander a little by themselves, from
 * quarter to quarter of an hour, by the seed.
 */
import type { Instant } from "../src/kernel/clock.ts";
import type { Chance } from "../src/kernel/chance.ts";
import { scrambled } from "./scrambled.ts";
import { keepsAll, keepsFields } from "./state/keeping.ts";
import type { Keeps } from "./state/keeping.ts";

export interface Outage {
  /** By the meter's clock, which goes on by its battery. */
  readonly from: Instant;
  readonly to: Instant | undefined;
}

export const failingParts = ["esam", "clock", "memory", "program"] as const;
export type FailingPart = (typeof failingParts)[number];

/** A phase at this or less carries nothing. */
export const DEAD_VOLTS = 22;
const OUTAGES_KEPT = 10;
const WANDER_DECIVOLTS = 15;

const AS_IT_COMES: readonly null[] = [null, null, null];
// Frozen: what many share is replaced when a state is loaded, never filled (`state/keeping.ts`).
const NOTHING_FAILS: ReadonlySet<FailingPart> = Object.freeze(new Set<FailingPart>());

export class Supply {
  readonly phases: 1 | 3;
  readonly #nominal: number;
  readonly #salt: number;
  #isPowered = true;
  #count = 0;
  #batteryMs = 0;
  #offSince: Instant | undefined;
  /** 031100NN, newest first. */
  readonly outages: Outage[] = [];
  /** Decivolts by phase where a person set them; null: as it comes. Another list for another state. */
  volts: readonly (number | null)[] = AS_IT_COMES;
  isCoverOpen = false;
  isTerminalCoverOpen = false;
  isPhaseOrderReversed = false;
  isAuxiliaryLost = false;
  /** Hundredths of a volt. */
  clockBattery = 360;
  readingBattery = 360;
  failing: ReadonlySet<FailingPart> = NOTHING_FAILS;

  constructor(chance: Chance, phases: 1 | 3) {
    this.phases = phases;
    this.#nominal = 2_200 + Math.floor(chance.next() * 120);
    this.#salt = scrambled(this.#nominal);
  }

  get isPowered(): boolean {
    return this.#isPowered;
  }

  get outageCount(): number {
    return this.#count;
  }

  /** What the clock shows when the lights go out. */
  fail(shown: Instant): void {
    if (!this.#isPowered) return;
    this.#isPowered = false;
    this.#count += 1;
    this.#offSince = shown;
    this.outages.unshift({ from: shown, to: undefined });
    this.outages.splice(OUTAGES_KEPT);
  }

  restore(shown: Instant): void {
    if (this.#isPowered) return;
    this.#isPowered = true;
    this.#batteryMs += Math.max(0, shown - (this.#offSince ?? shown));
    this.outages[0] = { from: this.outages[0]!.from, to: shown };
  }

  /** 0280000A. */
  get batteryMinutes(): number {
    return Math.floor(this.#batteryMs / 60_000);
  }

  /** Without the voltages, of which the load log knows more: `state/life-state.ts`. */
  get keeps(): Keeps {
    const covers = ["isCoverOpen", "isTerminalCoverOpen", "isPhaseOrderReversed", "isAuxiliaryLost"] as const;
    const open = [...covers, "outages", "clockBattery", "readingBattery", "failing"] as const;
    return keepsAll("supply", keepsFields("", this, open), {
      save: () => ({
        ...{ isPowered: this.#isPowered, count: this.#count, batteryMs: this.#batteryMs, offSince: this.#offSince },
      }),
      load: (own: { isPowered: boolean; count: number; batteryMs: number; offSince: Instant | undefined }) => {
        [this.#isPowered, this.#count] = [own.isPowered, own.count];
        [this.#batteryMs, this.#offSince] = [own.batteryMs, own.offSince];
      },
    });
  }

  decivoltsAt(at: Instant, phase = 0, volts = this.volts): number {
    const quarter = Math.floor(at / 900_000);
    const wander = (scrambled(this.#salt ^ (quarter * 4 + phase)) % (2 * WANDER_DECIVOLTS + 1)) - WANDER_DECIVOLTS;
    return volts[phase] ?? this.#nominal + wander;
  }

  /** Whether this phase carries anything. */
  isLive(phase: number, volts = this.volts): boolean {
    return (volts[phase] ?? this.#nominal) > DEAD_VOLTS * 10;
  }

  /** Hundredths of a hertz. */
  frequencyAt(at: Instant): number {
    return 5_000 + (scrambled(Math.floor(at / 900_000)) % 7) - 3;
  }

  /** Tenths of a degree inside the case: the season, the hour, and what a case keeps warm. */
  temperatureAt(at: Instant): number {
    const day = Math.floor(at / 86_400_000);
    const dayOfYear = day - Math.floor(day / 365.25) * 365.25;
    const season = Math.round(150 - 130 * Math.cos(((dayOfYear - 20) / 365.25) * 2 * Math.PI));
    const hour = ((Math.floor(at / 3_600_000) + 8) % 24) - 15;
    return season + 60 - Math.abs(hour) * 5 + (scrambled(this.#salt ^ day) % 41) - 20;
  }
}
