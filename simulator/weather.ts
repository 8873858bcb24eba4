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
import { rowOf } from "./faults.ts";
import { refill } from "./state/keeping.ts";
import { CountedChance } from "./state/counted-chance.ts";
import type { Keeps } from "./state/keeping.ts";
import type { VirtualBus } from "./virtual-bus.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import { broughtBy } from "./weather-kinds.ts";
import type { Brought, WeatherPlan } from "./weather-kinds.ts";

type Settled = WeatherPlan & { readonly seed: number | string };

export interface Sky {
  readonly now: () => Instant;
  readonly meters: () => readonly VirtualMeter[];
  readonly buses: () => readonly VirtualBus[];
  readonly strikeMeter: (meter: VirtualMeter, fault: FaultOrder) => string;
  readonly strikeBus: (bus: VirtualBus, fault: FaultOrder) => string;
  readonly mendMeter: (meter: VirtualMeter, id: string) => void;
  /** Done when so much was lived, whoever looks then. */
  readonly appoint: (at: Instant, act: () => void) => void;
}

type Place = VirtualMeter | VirtualBus;
/** A fault that stands for a while. */
interface End {
  readonly place: Place;
  readonly id: string;
  readonly at: Instant;
}

const LOOK_BACK_MS = hours(24);

/** What is not said stays as it was; kinds that nobody can suffer are refused here. */
function settled({ seed, faultsPerHour, kinds }: WeatherPlan, before: Settled): Settled {
  const named = kinds === undefined ? before.kinds : (kinds ?? undefined);
  broughtBy(named);
  return { seed: seed ?? before.seed, faultsPerHour, ...(named === undefined ? {} : { kinds: named }) };
}

const chanceOf = ({ seed }: Settled): CountedChance => new CountedChance(() => seededChance(`weather/${seed}`));

interface WeatherState {
  readonly plan: Settled;
  readonly drawn: number;
  readonly nextAt: Instant;
  readonly count: number;
  /** Fault by place: meters, then buses, as the street counts them. */
  readonly struck: ReadonlyMap<number, string>;
  /** What ends when, by place as well. */
  readonly ends: readonly (Omit<End, "place"> & { readonly place: number })[];
}

export class Weather implements Keeps<WeatherState> {
  readonly keptAs = "weather";
  readonly #sky: Sky;
  readonly #struck = new Map<Place, string>();
  readonly #ends: End[] = [];
  #plan: Settled;
  #chance: CountedChance;
  #nextAt: Instant;
  #count = 0;

  constructor(sky: Sky, plan: WeatherPlan = { faultsPerHour: 0 }) {
    this.#sky = sky;
    this.#plan = settled(plan, { seed: 1, faultsPerHour: 0 });
    this.#chance = chanceOf(this.#plan);
    this.#nextAt = later(sky.now(), this.#pause());
  }

  /** From here on; what stands already stays. */
  change(plan: WeatherPlan): void {
    this.#plan = settled(plan, this.#plan);
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
      this.#strike(this.#nextAt, now);
      this.#nextAt = later(this.#nextAt, this.#pause());
    }
  }

  save(): WeatherState {
    // Whoever struck somebody has made every meter; nobody else has to be made for this.
    const places = this.#struck.size === 0 ? [] : this.#places;
    const struck = new Map([...this.#struck].map(([place, fault]) => [places.indexOf(place), fault]));
    const ends = this.#ends.map((end) => ({ ...end, place: places.indexOf(end.place) }));
    return { plan: this.#plan, drawn: this.#chance.drawn, nextAt: this.#nextAt, count: this.#count, struck, ends };
  }

  /** After the street's time, which has forgotten what was appointed. */
  load({ plan, drawn, nextAt, count, struck, ends }: WeatherState): void {
    [this.#plan, this.#nextAt, this.#count] = [plan, nextAt, count];
    this.#chance = chanceOf(plan);
    this.#chance.goTo(drawn);
    this.#struck.clear();
    const places = struck.size === 0 ? [] : this.#places;
    for (const [place, fault] of struck) if (places[place] !== undefined) this.#struck.set(places[place], fault);
    refill(this.#ends, []);
    for (const { place, ...end } of ends) if (places[place] !== undefined) this.#endsAt({ ...end, place: places[place] });
  }

  get #places(): readonly Place[] {
    return [...this.#sky.meters(), ...this.#sky.buses()];
  }

  #pause(): number {
    const { faultsPerHour } = this.#plan;
    return faultsPerHour <= 0 ? 0 : (-Math.log(1 - this.#chance.next()) * hours(1)) / faultsPerHour;
  }

  /** What was over before anybody looked has struck nobody whom one could see. */
  #strike(at: Instant, now: Instant): void {
    const [brought, pick] = [this.#drawn(), this.#chance.next()];
    if (brought === undefined) return;
    const { order, forMs } = brought;
    const places =
      rowOf(order.kind).on === "meter" ? this.#sky.meters() : this.#sky.buses().filter((bus) => fits(order.kind, bus));
    const place = places[Math.floor(pick * places.length)];
    if (place === undefined) return;
    const before = this.#struck.get(place);
    if (place.faults.standing.some(({ id }) => id === before)) return;
    const until = forMs === undefined ? undefined : later(at, forMs);
    const whole = "address" in place ? this.#withOther(order, place) : order;
    if (whole === undefined) return;
    this.#count += 1;
    if (until !== undefined && until <= now) return;
    const id = "address" in place ? this.#sky.strikeMeter(place, whole) : this.#sky.strikeBus(place, whole);
    this.#struck.set(place, id);
    if (until !== undefined) this.#endsAt({ place, id, at: until });
  }

  #endsAt(end: End): void {
    this.#ends.push(end);
    this.#sky.appoint(end.at, () => {
      this.#ends.splice(this.#ends.indexOf(end), 1);
      if ("address" in end.place) this.#sky.mendMeter(end.place, end.id);
      else end.place.faults.clear(end.id);
    });
  }

  /** A swap takes two: whoever was not named is drawn among the others of the bus; undefined, there is nobody to swap with. */
  #withOther(order: FaultOrder, meter: VirtualMeter): FaultOrder | undefined {
    if (order.kind !== "swapped-addresses") return order;
    const others = this.#sky.meters().filter((one) => one.address !== meter.address && one.plan.bus === meter.plan.bus);
    const named = others.filter(({ address }) => order.with === undefined || address === order.with);
    const other = named.length < 2 ? named[0] : named[Math.floor(this.#chance.next() * named.length)];
    return other === undefined ? undefined : { ...order, with: other.address };
  }

  /** By weight, among those that some place of this street can suffer. */
  #drawn(): Brought | undefined {
    const buses = this.#sky.buses();
    const likely = broughtBy(this.#plan.kinds).filter(
      ({ order: { kind } }) => rowOf(kind).on === "meter" || buses.some((bus) => fits(kind, bus)),
    );
    let left = this.#chance.next() * likely.reduce((sum, { weight }) => sum + weight, 0);
    return likely.find(({ weight }) => (left -= weight) < 0);
  }
}

/** Whether this kind can strike a bus that is reached as this one is. */
export function fits(kind: FaultKind, bus: VirtualBus): boolean {
  const { endpoints, payload } = rowOf(kind);
  const { endpoint } = bus.plan;
  if (payload !== undefined && (endpoint.kind !== "mqtt" || endpoint.payload !== payload)) return false;
  return endpoints?.includes(endpoint.kind) ?? true;
}
