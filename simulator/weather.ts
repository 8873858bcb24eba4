/**
 * Bad weather: faults that come by themselves, so many an hour of the street's time, drawn from a seed. The same seed over the
 * same exchanges brings the same faults. Nothing waits for them with a timer: before each exchange the weather works out what
 * has struck since the last one. A place that still carries what the weather did to it is spared, so a street that was moved
 * ahead by a week does not fall to pieces at the first question.
 */
import { seededChance } from "../src/kernel/chance.ts";
import type { Instant } from "../src/kernel/clock.ts";
import { hours, later } from "../src/kernel/clock.ts";
import type { FaultKind, FaultOrder } from "./faults.ts";
import { faultKinds, isFaultKind, rowOf } from "./faults.ts";
import { CountedChance } from "./state/counted-chance.ts";
import type { Keeps } from "./state/keeping.ts";
import type { VirtualBus } from "./virtual-bus.ts";
import type { VirtualMeter } from "./virtual-meter.ts";

export interface WeatherPlan {
  readonly seed?: number | string | undefined;
  /** On average, over the whole street; 0 is calm. */
  readonly faultsPerHour: number;
}

type Settled = WeatherPlan & { readonly seed: number | string };

export interface Sky {
  readonly now: () => Instant;
  readonly meters: () => readonly VirtualMeter[];
  readonly buses: () => readonly VirtualBus[];
  readonly strikeMeter: (address: string, fault: FaultOrder) => string;
  readonly strikeBus: (id: string, fault: FaultOrder) => string;
}

const LOOK_BACK_MS = hours(24);

const chanceOf = ({ seed }: Settled): CountedChance => new CountedChance(() => seededChance(`weather/${seed}`));

interface WeatherState {
  readonly plan: Settled;
  readonly drawn: number;
  readonly nextAt: Instant;
  readonly count: number;
  /** Fault by place: meters, then buses, as the street counts them. */
  readonly struck: ReadonlyMap<number, string>;
}

export class Weather implements Keeps<WeatherState> {
  readonly keptAs = "weather";
  readonly #sky: Sky;
  readonly #struck = new Map<object, string>();
  #plan: Settled;
  #chance: CountedChance;
  #nextAt: Instant;
  #count = 0;

  constructor(sky: Sky, plan: WeatherPlan = { faultsPerHour: 0 }) {
    this.#sky = sky;
    this.#plan = { seed: plan.seed ?? 1, faultsPerHour: plan.faultsPerHour };
    this.#chance = chanceOf(this.#plan);
    this.#nextAt = later(sky.now(), this.#pause());
  }

  /** From here on; what stands already stays. */
  change(plan: WeatherPlan): void {
    this.#plan = { seed: plan.seed ?? this.#plan.seed, faultsPerHour: plan.faultsPerHour };
    this.#chance = chanceOf(this.#plan);
    this.#nextAt = later(this.#sky.now(), this.#pause());
  }

  get view(): object {
    return { ...this.#plan, struck: this.#count };
  }

  /** Lets happen what has happened since somebody asked last. */
  pass(): void {
    if (this.#plan.faultsPerHour <= 0) return;
    const now = this.#sky.now();
    if (this.#nextAt < now - LOOK_BACK_MS) this.#nextAt = later(now, -LOOK_BACK_MS);
    while (this.#nextAt <= now) {
      this.#strike();
      this.#nextAt = later(this.#nextAt, this.#pause());
    }
  }

  save(): WeatherState {
    // Whoever struck somebody has made every meter; nobody else has to be made for this.
    const places = this.#struck.size === 0 ? [] : this.#places;
    const struck = new Map([...this.#struck].map(([place, fault]) => [places.indexOf(place), fault]));
    return { plan: this.#plan, drawn: this.#chance.drawn, nextAt: this.#nextAt, count: this.#count, struck };
  }

  load({ plan, drawn, nextAt, count, struck }: WeatherState): void {
    [this.#plan, this.#nextAt, this.#count] = [plan, nextAt, count];
    this.#chance = chanceOf(plan);
    this.#chance.goTo(drawn);
    this.#struck.clear();
    const places = struck.size === 0 ? [] : this.#places;
    for (const [place, fault] of struck) if (places[place] !== undefined) this.#struck.set(places[place], fault);
  }

  get #places(): readonly object[] {
    return [...this.#sky.meters(), ...this.#sky.buses()];
  }

  #pause(): number {
    const { faultsPerHour } = this.#plan;
    return faultsPerHour <= 0 ? 0 : (-Math.log(1 - this.#chance.next()) * hours(1)) / faultsPerHour;
  }

  #strike(): void {
    const [kind, pick] = [this.#kind(), this.#chance.next()];
    if (kind === undefined) return;
    const { on } = faultKinds[kind];
    const places = on === "meter" ? this.#sky.meters() : this.#sky.buses().filter((bus) => fits(kind, bus));
    const place = places[Math.floor(pick * places.length)];
    if (place === undefined) return;
    const before = this.#struck.get(place);
    if (place.faults.standing.some(({ id }) => id === before)) return;
    const id = "address" in place ? this.#sky.strikeMeter(place.address, { kind }) : this.#sky.strikeBus(place.id, { kind });
    this.#struck.set(place, id);
    this.#count += 1;
  }

  /** By weight, among those that some place of this street can suffer. */
  #kind(): FaultKind | undefined {
    const buses = this.#sky.buses();
    const likely = Object.keys(faultKinds)
      .filter(isFaultKind)
      .map((kind) => ({ kind, weight: rowOf(kind).weather ?? 0 }))
      .filter(({ kind, weight }) => weight > 0 && (rowOf(kind).on === "meter" || buses.some((bus) => fits(kind, bus))));
    let left = this.#chance.next() * likely.reduce((sum, { weight }) => sum + weight, 0);
    return likely.find(({ weight }) => (left -= weight) < 0)?.kind;
  }
}

/** Whether this kind can strike a bus that is reached as this one is. */
export function fits(kind: FaultKind, bus: VirtualBus): boolean {
  return rowOf(kind).endpoints?.includes(bus.plan.endpoint.kind) ?? true;
}
