/**
 * A street: meters on buses, reachable from outside, with a time of its own.
 *
 * This is the door for programs: the demonstration, benches and tests raise a street with `buildStreet` in their own process;
 * `main.ts` does the same for people. What is opened here is closed by `close()`: ports, links, connections.
 */
import { seededChance } from "../src/kernel/chance.ts";
import type { Chance } from "../src/kernel/chance.ts";
import type { Clock, Instant } from "../src/kernel/clock.ts";
import { Fault } from "../src/kernel/faults.ts";
import { silentLog } from "../src/kernel/log.ts";
import type { Logger } from "../src/kernel/log.ts";
import { bringUpToDate, restorePower } from "./bodies.ts";
import { openDialIn } from "./endpoints/dial-in.ts";
import type { Endpoint } from "./endpoints/endpoint.ts";
import { openMemory } from "./endpoints/memory.ts";
import type { MemoryEnd } from "./endpoints/memory.ts";
import { openSerial } from "./endpoints/serial.ts";
import { openTcp } from "./endpoints/tcp.ts";
import { announced, byName } from "./fleet.ts";
import { FrameLog } from "./frame-log.ts";
import type { LoggedFrame } from "./frame-log.ts";
import type { FaultOrder, StandingFault } from "./faults.ts";
import { rowOf } from "./faults.ts";
import type { Places } from "./placed-faults.ts";
import type { LazyMap } from "./lazy-map.ts";
import { checkedFault, patchMeter, snapshotOf } from "./meter-door.ts";
import type { MeterPatch, MeterSnapshot } from "./meter-door.ts";
import type { BusPlan, MeterPlan } from "./plans.ts";
import type { StoryStep } from "./story.ts";
import { Story } from "./story.ts";
import { StreetTime } from "./street-time.ts";
import { VirtualBus } from "./virtual-bus.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import { fits, Weather } from "./weather.ts";
import type { WeatherPlan } from "./weather.ts";

export type { BusPlan, EndpointPlan, MeterPlan, MqttPayload } from "./plans.ts";
export type { MemoryEnd } from "./endpoints/memory.ts";
export type { MeterPatch, MeterSnapshot } from "./meter-door.ts";
export type { LoggedFrame } from "./frame-log.ts";
export type { FaultKind, FaultOrder } from "./faults.ts";
export type { WeatherPlan } from "./weather.ts";
export type { StoryStep } from "./story.ts";

/** A fault and where it stands: on one meter or on one bus. */
export type PlacedFault = FaultOrder & { readonly meter?: string | undefined; readonly bus?: string | undefined };

export interface StreetOptions {
  readonly clock: Clock;
  /** Chance or seed; the same seed gives the same street. */
  readonly chance?: Chance | undefined;
  readonly seed?: number | string | undefined;
  readonly log?: Logger | undefined;
  readonly start?: Instant | undefined;
  readonly speed?: number | undefined;
  /** Yuan per kWh, for meters that name none. */
  readonly price?: string | undefined;
  readonly buses: readonly BusPlan[];
  readonly meters: readonly MeterPlan[];
  /** What is wrong from the start, in this order. */
  readonly faults?: readonly PlacedFault[] | undefined;
  /** What goes wrong by itself. */
  readonly weather?: WeatherPlan | undefined;
  /** What happens by itself, and when. */
  readonly story?: readonly StoryStep[] | undefined;
  /** Opens the control door; 0 takes a free port. Left out: no door. */
  readonly controlPort?: number | undefined;
  /** Where TCP buses and the control door listen. */
  readonly host?: string | undefined;
}

export interface StreetEndpoint {
  readonly bus: string;
  readonly kind: "tcp" | "dial-in" | "serial" | "mqtt" | "memory";
  /** Port, host and port, path or URL; null for memory. */
  readonly at: number | string | null;
}

type PlacedStandingFault = StandingFault & Pick<PlacedFault, "meter" | "bus">;

/** The speed may be changed while one waits. */
const LOOK_EVERY_MS = 1_000;

export const LOOPBACK = "127.0.0.1";

export class Street {
  readonly time: StreetTime;
  readonly #meters: LazyMap<VirtualMeter>;
  readonly buses: ReadonlyMap<string, VirtualBus>;
  readonly endpoints: StreetEndpoint[] = [];
  readonly weather: Weather;
  readonly story: Story;
  readonly #clock: Clock;
  readonly #frames: FrameLog;
  readonly #opened: Endpoint[] = [];
  readonly #log: Logger;
  #controlPort: number | undefined;

  private constructor(options: StreetOptions, chance: Chance) {
    this.#log = options.log ?? silentLog;
    this.#clock = options.clock;
    this.time = new StreetTime(options.clock, options.start, options.speed);
    this.#frames = new FrameLog(() => this.time.now());
    const weather = (): void => this.weather.pass();
    const timePasses = (): void => void this.time.lived();
    const meterAt = (address: string): VirtualMeter => this.#meters.get(address)!;
    const around = { clock: options.clock, log: this.#log, frames: this.#frames, weather, timePasses, meterAt };
    this.buses = byName(
      "bus",
      options.buses,
      (plan) => plan.id,
      (plan) => new VirtualBus(plan, { ...around, chance: chance.child(`bus/${plan.id}`) }),
    );
    this.#meters = announced(options, { time: this.time, chance });
    for (const plan of options.meters) this.bus(plan.bus).announce(plan.address);
    this.weather = new Weather(
      {
        now: () => this.time.lived(),
        meters: () => [...this.meters.values()],
        buses: () => [...this.buses.values()],
        strikeMeter: (address, fault) => this.setFault(address, fault),
        strikeBus: (id, fault) => this.setBusFault(id, fault),
      },
      options.weather,
    );
    for (const fault of options.faults ?? []) this.placeFault(fault);
    this.story = new Story(this, options.story ?? [], this.#log);
  }

  static async build(options: StreetOptions): Promise<Street> {
    const chance = options.chance ?? seededChance(options.seed ?? 1);
    const street = new Street(options, chance);
    try {
      for (const bus of street.buses.values()) await street.#open(bus, options, chance.child(`endpoint/${bus.id}`));
      if (options.controlPort !== undefined) await street.listenControl(options.controlPort, options.host);
    } catch (error) {
      await street.close();
      throw error;
    }
    return street;
  }

  /** By the address that was planned; each is made when it is looked at first. */
  get meters(): ReadonlyMap<string, VirtualMeter> {
    return this.#meters;
  }

  /** The port of the control door, or undefined while it is shut. */
  get controlPort(): number | undefined {
    return this.#controlPort;
  }

  meter(address: string): VirtualMeter {
    const planned = this.#meters.get(address);
    // 15H gives a meter another name than the one it was planned with.
    const meter = planned?.address === address ? planned : [...this.#meters.made()].find((one) => one.address === address);
    if (meter === undefined) throw new Fault("unknown-meter", { address });
    return meter;
  }

  bus(id: string): VirtualBus {
    const bus = this.buses.get(id);
    if (bus === undefined) throw new Fault("not-found", { bus: id, buses: [...this.buses.keys()] });
    return bus;
  }

  /** Where faults may be placed. */
  get places(): Places {
    return { meters: new Set(this.meters.keys()), buses: new Set(this.buses.keys()) };
  }

  /** Exactly the object that the control door shows. */
  snapshot(address: string): MeterSnapshot {
    return snapshotOf(this.meter(address));
  }

  patch(address: string, changes: MeterPatch): MeterSnapshot {
    return patchMeter(this.meter(address), changes);
  }

  /** True when it restored the supply: only an armed relay heeds the button. */
  pressButton(address: string): boolean {
    const meter = this.meter(address);
    const at = meter.settle();
    return meter.isPowered && meter.relay.pressButton(at);
  }

  /** The lights go out in one house: the meter is silent, its clock goes on. */
  powerOff(address: string): void {
    this.meter(address).powerOff();
  }

  powerOn(address: string): void {
    this.meter(address).powerOn();
  }

  setFault(address: string, fault: FaultOrder): string {
    const order = checkedFault(fault);
    const meter = this.meter(address);
    if (order.kind === "swapped-addresses") this.#swappable(meter, order.with);
    bringUpToDate(meter);
    const id = meter.faults.set(order);
    bringUpToDate(meter);
    return id;
  }

  /** All faults of a meter, or the one with this id; a freed contact goes where it was told to go. False: there was none. */
  clearFaults(address: string, id?: string): boolean {
    const meter = this.meter(address);
    bringUpToDate(meter);
    const wasThere = meter.faults.clear(id);
    if (id === undefined) restorePower(meter);
    meter.relay.follow(meter.settle());
    return wasThere;
  }

  setBusFault(busId: string, fault: FaultOrder): string {
    const bus = this.bus(busId);
    const order = checkedFault(fault);
    if (!fits(order.kind, bus)) {
      const allowed = `on a bus over ${(rowOf(order.kind).endpoints ?? []).join(" or ")}`;
      throw new Fault("invalid-request", { field: "kind", given: order.kind, allowed });
    }
    return bus.faults.set(order);
  }

  placeFault({ meter, bus, ...order }: PlacedFault): string {
    if (meter !== undefined && bus === undefined) return this.setFault(meter, order);
    if (bus !== undefined && meter === undefined) return this.setBusFault(bus, order);
    throw new Fault("invalid-request", { field: "meter", allowed: "either a meter or a bus" });
  }

  /** Everything that stands anywhere. */
  standingFaults(): PlacedStandingFault[] {
    return [
      ...[...this.#meters.made()].flatMap(({ address, faults }) => faults.standing.map((f) => ({ meter: address, ...f }))),
      ...[...this.buses.values()].flatMap(({ id, faults }) => faults.standing.map((f) => ({ bus: id, ...f }))),
    ];
  }

  clearAllFaults(): void {
    for (const { address } of this.#meters.made()) this.clearFaults(address);
    for (const bus of this.buses.values()) bus.faults.clear();
  }

  frames(meter?: string, since?: Instant): LoggedFrame[] {
    return this.#frames.list(meter, since);
  }

  advance(ms: number): void {
    this.time.advance(ms);
  }

  setSpeed(speed: number): void {
    this.time.setSpeed(speed);
  }

  /** One step of a street that stands still, or stands still from here on. */
  step(ms: number): void {
    this.time.step(ms);
  }

  /** Lets the calendar show this, ahead or back; see `street-time.ts`. */
  jumpTo(at: Instant): void {
    this.time.jumpTo(at);
  }

  /**
   * Lets the story go on though nobody looks, until it has ended or is told to stop. Meters need nobody for that; a broken
   * connection and a sentence in the log do.
   */
  async playStory(signal: AbortSignal): Promise<void> {
    for (let ms = this.time.msUntilNext; ms !== undefined && !signal.aborted; ms = this.time.msUntilNext)
      await this.#clock.wait(Math.min(ms, LOOK_EVERY_MS), signal);
  }

  /** Nobody draws power any more; the meters' clocks go on. */
  pauseHouseholds(): void {
    this.time.setHouseholds("paused");
  }

  resumeHouseholds(): void {
    this.time.setHouseholds("running");
  }

  /** One more party on the wires of a shared bus, of whatever kind: a memory bus has no other door. */
  memoryEnd(busId: string): MemoryEnd {
    return openMemory(this.bus(busId));
  }

  async listenControl(port: number, host = LOOPBACK): Promise<number> {
    // Loaded when wanted: the web server and the MQTT client are the heaviest parts of a street.
    const { openControl } = await import("./control.ts");
    const control = await openControl(this, { port, host, log: this.#log });
    this.#opened.push(control);
    this.#controlPort = control.port;
    return control.port;
  }

  async close(): Promise<void> {
    for (const bus of this.buses.values()) bus.close();
    await Promise.all(this.#opened.splice(0).map((endpoint) => endpoint.close()));
  }

  async #open(bus: VirtualBus, { clock, host }: StreetOptions, chance: Chance): Promise<void> {
    const plan = bus.plan.endpoint;
    const log = this.#log;
    if (plan.kind === "memory") {
      this.endpoints.push({ bus: bus.id, kind: plan.kind, at: null });
      return;
    }
    const endpoint =
      plan.kind === "tcp"
        ? await openTcp(bus, { host: plan.host ?? host ?? LOOPBACK, port: plan.port ?? 0, log })
        : plan.kind === "serial"
          ? openSerial(bus, { link: plan.link, log })
          : plan.kind === "dial-in"
            ? openDialIn(bus, { plan, clock, chance, log })
            : await (await import("./endpoints/mqtt.ts")).openMqtt(bus, { plan, clock, log });
    this.#opened.push(endpoint);
    this.endpoints.push({ bus: bus.id, kind: plan.kind, at: endpoint.at });
  }

  #swappable(meter: VirtualMeter, other: string | undefined): void {
    const bus = this.bus(meter.plan.bus);
    if (other === undefined || other === meter.address || !bus.meters.has(other))
      throw new Fault("invalid-request", { field: "with", given: other, allowed: `another meter on ${bus.id}` });
    bus.swaps.watch(meter);
  }
}

export const buildStreet = (options: StreetOptions): Promise<Street> => Street.build(options);
