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
import { breakAt, breakThis, mend } from "./breaking.ts";
import type { Endpoint } from "./endpoints/endpoint.ts";
import { openMemory } from "./endpoints/memory.ts";
import type { MemoryEnd } from "./endpoints/memory.ts";
import { openEndpoint } from "./endpoints/open.ts";
import { announced } from "./fleet.ts";
import { FrameLog } from "./frame-log.ts";
import type { LoggedFrame, Shown } from "./frame-log.ts";
import type { FaultOrder, StandingFault } from "./faults.ts";
import type { Places } from "./placed-faults.ts";
import type { LazyMap } from "./lazy-map.ts";
import { patchMeter, snapshotOf } from "./meter-door.ts";
import type { MeterPatch, MeterSnapshot } from "./meter-door.ts";
import type { BusPlan, MeterPlan } from "./plans.ts";
import { planOf } from "./recording/header.ts";
import type { StreetPlan } from "./recording/header.ts";
import type { StreetOrder } from "./recording/orders.ts";
import { Recorder } from "./recording/recorder.ts";
import { Renamed } from "./renamed.ts";
import { ChanceBook } from "./state/counted-chance.ts";
import { loadStreet, saveStreet } from "./state/street-state.ts";
import type { StreetState } from "./state/street-state.ts";
import type { StoryStep } from "./story.ts";
import { Story } from "./story.ts";
import { StreetTime } from "./street-time.ts";
import { VirtualBus } from "./virtual-bus.ts";
import { unique } from "./unique.ts";
import type { VirtualMeter } from "./virtual-meter.ts";
import { isoWall } from "./wall-time.ts";
import { Weather } from "./weather.ts";
import type { WeatherPlan } from "./weather-kinds.ts";

export type { BusPlan, EndpointPlan, MeterPlan, MqttPayload } from "./plans.ts";
export type { MemoryEnd } from "./endpoints/memory.ts";
export type { MeterPatch, MeterSnapshot } from "./meter-door.ts";
export type { LoggedFrame } from "./frame-log.ts";
export type { FaultKind, FaultOrder } from "./faults.ts";
export type { WeatherKinds, WeatherPlan } from "./weather-kinds.ts";
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
  /** The control door and its page show the passwords in frames; left out, they are dots. */
  readonly unmasked?: boolean | undefined;
  /** Goes on from there instead of beginning; `faults` and `start` of the plan have had their turn. */
  readonly state?: StreetState | undefined;
  /** Without endpoints: for a street that only plays a recording. */
  readonly offline?: boolean | undefined;
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
  readonly #renamed = new Renamed();
  readonly buses: ReadonlyMap<string, VirtualBus>;
  readonly endpoints: StreetEndpoint[] = [];
  readonly weather: Weather;
  readonly story: Story;
  readonly events: FrameLog;
  readonly chances: ChanceBook;
  readonly recorder: Recorder;
  /** What it was raised from, without what belongs to the machine. */
  readonly plan: StreetPlan;
  readonly raisedFrom: StreetState | undefined;
  readonly unmasked: boolean;
  /** When it was raised. */
  readonly begun: { readonly at: Instant; readonly wall: Instant };
  readonly #opened: Endpoint[] = [];
  readonly #log: Logger;
  readonly #clock: Clock;
  #controlPort: number | undefined;
  #isTelling = false;

  private constructor(options: StreetOptions) {
    this.#log = options.log ?? silentLog;
    this.#clock = options.clock;
    this.chances = new ChanceBook(options.chance ?? seededChance(options.seed ?? 1));
    const chance = this.chances.root;
    this.time = new StreetTime(options.clock, options.start, options.speed);
    const begun = { at: this.time.began, wall: options.clock.now() };
    this.events = new FrameLog(
      () => this.time.now(),
      () => options.clock.now(),
      () => this.time.setBackMs,
    );
    const weather = (): void => this.weather.pass();
    const timePasses = (): void => void this.time.lived();
    const meterAt = (address: string): VirtualMeter => this.#meters.get(address)!;
    const renamed = this.#renamed;
    const around = { clock: options.clock, log: this.#log, frames: this.events, weather, timePasses, meterAt, renamed };
    this.buses = unique(
      "bus",
      options.buses,
      (plan) => plan.id,
      (plan) => new VirtualBus(plan, { ...around, chance: chance.child(`bus/${plan.id}`) }),
    );
    this.#meters = announced(options, { time: this.time, chance, renamed });
    for (const plan of options.meters) this.bus(plan.bus).announce(plan.address);
    this.weather = new Weather(
      {
        now: () => this.time.lived(),
        meters: () => [...this.meters.values()],
        buses: () => [...this.buses.values()],
        strikeMeter: (meter, fault) => breakThis(this, meter, fault),
        strikeBus: ({ id }, fault) => breakAt(this, { bus: id }, fault),
        mendMeter: (meter, id) => void mend(meter, id),
        appoint: (at, act) => this.time.appoint(at, act),
      },
      options.weather,
    );
    this.raisedFrom = options.state;
    this.unmasked = options.unmasked === true;
    if (options.state === undefined)
      for (const { meter, bus, ...fault } of options.faults ?? []) breakAt(this, { meter, bus }, fault);
    this.story = new Story(this, options.story ?? [], { log: this.#log, act: (deed) => this.#told(deed) });
    if (options.state !== undefined) loadStreet(this, options.state);
    this.begun = options.state === undefined ? begun : this.events.moment();
    this.plan = planOf({ seed: 1, ...options, start: options.start ?? this.time.began });
    this.recorder = new Recorder(this, this.#log);
  }

  static async build(options: StreetOptions): Promise<Street> {
    const street = new Street(options);
    const { root } = street.chances;
    try {
      if (options.offline !== true)
        for (const bus of street.buses.values()) await street.#open(bus, options, root.child(`endpoint/${bus.id}`));
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
    const meter = this.find(address);
    if (meter === undefined) throw new Fault("unknown-meter", { address });
    return meter;
  }

  /** The meter that has this address now: 15H gives a meter another name than the one it was planned with. */
  find(address: string): VirtualMeter | undefined {
    const planned = this.#meters.get(address);
    return planned?.address === address ? planned : this.#renamed.at(address)[0];
  }

  /** The meter planned under this address, if anybody has looked at it yet. */
  madeMeter(address: string): VirtualMeter | undefined {
    return this.#meters.peek(address);
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
    return this.#did({ do: "patch", meter: address, changes }, () => patchMeter(this.meter(address), changes));
  }

  /** True when it restored the supply: only an armed relay heeds the button. */
  pressButton(address: string): boolean {
    const meter = this.meter(address);
    return this.#did({ do: "press-button", meter: address }, () => {
      const at = meter.settle();
      return meter.isPowered && meter.relay.pressButton(at);
    });
  }

  /** The lights go out in one house: the meter is silent, its clock goes on. */
  powerOff(address: string): void {
    this.#did({ do: "power", meter: address, on: false }, () => this.meter(address).powerOff());
  }

  powerOn(address: string): void {
    this.#did({ do: "power", meter: address, on: true }, () => this.meter(address).powerOn());
  }

  setFault(address: string, fault: FaultOrder): string {
    return this.placeFault({ ...fault, meter: address });
  }

  /** All faults of a meter, or the one with this id; a freed contact goes where it was told to go. False: there was none. */
  clearFaults(address: string, id?: string): boolean {
    return this.#did({ do: "clear-faults", meter: address, ...(id === undefined ? {} : { id }) }, () =>
      mend(this.meter(address), id),
    );
  }

  setBusFault(busId: string, fault: FaultOrder): string {
    return this.placeFault({ ...fault, bus: busId });
  }

  clearBusFaults(busId: string, id?: string): boolean {
    const { faults } = this.bus(busId);
    return this.#did({ do: "clear-faults", bus: busId, ...(id === undefined ? {} : { id }) }, () => faults.clear(id));
  }

  placeFault({ meter, bus, ...fault }: PlacedFault): string {
    const place = { ...(meter === undefined ? {} : { meter }), ...(bus === undefined ? {} : { bus }) };
    return this.#did({ do: "set-fault", ...place, fault }, () => breakAt(this, place, fault));
  }

  /** Everything that stands anywhere. */
  standingFaults(): PlacedStandingFault[] {
    return [
      ...[...this.#meters.made()].flatMap(({ address, faults }) => faults.standing.map((f) => ({ meter: address, ...f }))),
      ...[...this.buses.values()].flatMap(({ id, faults }) => faults.standing.map((f) => ({ bus: id, ...f }))),
    ];
  }

  clearAllFaults(): void {
    this.#did({ do: "clear-all-faults" }, () => {
      // Nothing is broken about a meter that nobody has looked at.
      for (const meter of this.#meters.made()) mend(meter);
      for (const bus of this.buses.values()) bus.faults.clear();
    });
  }

  changeWeather(plan: WeatherPlan): void {
    this.#did({ do: "weather", plan }, () => this.weather.change(plan));
  }

  /** With passwords, for programs; whoever shows them says how. */
  frames(meter?: string, since?: Instant, form?: Shown): LoggedFrame[] {
    return this.events.list(meter, since, form);
  }

  /** For whoever looks again and again: what is new since the number it had then. */
  framesAfter(seq: number, atMost: number): ReturnType<FrameLog["after"]> {
    return this.events.after(seq, atMost);
  }

  advance(ms: number): void {
    this.#did({ do: "advance", ms }, () => this.time.advance(ms));
  }

  setSpeed(speed: number): void {
    this.#did({ do: "speed", factor: speed }, () => this.time.setSpeed(speed));
  }

  /** One step of a street that stands still, or stands still from here on. */
  step(ms: number): void {
    this.#did({ do: "step", ms }, () => this.time.step(ms));
  }

  /** Lets the calendar show this, ahead or back; see `street-time.ts`. */
  jumpTo(at: Instant): void {
    this.#did({ do: "jump", to: isoWall(at, true) }, () => this.time.jumpTo(at));
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
    this.#did({ do: "households", running: false }, () => this.time.setHouseholds("paused"));
  }

  resumeHouseholds(): void {
    this.#did({ do: "households", running: true }, () => this.time.setHouseholds("running"));
  }

  /** Everything that has to come back for this street to go on elsewhere. */
  state(): StreetState {
    return saveStreet(this);
  }

  /** One more party on the wires of a shared bus, of whatever kind: a memory bus has no other door. */
  memoryEnd(busId: string): MemoryEnd {
    return openMemory(this.bus(busId));
  }

  async listenControl(port: number, host = LOOPBACK): Promise<number> {
    // Loaded when wanted: the web server and the MQTT client are the heaviest parts of a street.
    const { openControl } = await import("./control.ts");
    const control = await openControl(this, { port, host, log: this.#log, clock: this.#clock });
    this.#opened.push(control);
    this.#controlPort = control.port;
    return control.port;
  }

  async close(): Promise<void> {
    for (const bus of this.buses.values()) bus.close();
    await this.recorder.stop();
    await Promise.all(this.#opened.splice(0).map((endpoint) => endpoint.close()));
  }

  async #open(bus: VirtualBus, { clock, host = LOOPBACK }: StreetOptions, chance: Chance): Promise<void> {
    const endpoint = await openEndpoint(bus, { clock, chance, log: this.#log, host });
    if (endpoint !== null) this.#opened.push(endpoint);
    this.endpoints.push({ bus: bus.id, kind: bus.plan.endpoint.kind, at: endpoint?.at ?? null });
  }

  /** Written down with the moment before it was done; what is refused is not written down. */
  #did<T>(order: StreetOrder, act: () => T): T {
    const at = this.events.moment();
    const isOfStory = this.#isTelling;
    const result = act();
    this.events.addOrder(order, at, isOfStory);
    return result;
  }

  /** What the story does is written down as its own. */
  #told(deed: () => void): void {
    const before = this.#isTelling;
    this.#isTelling = true;
    try {
      deed();
    } finally {
      this.#isTelling = before;
    }
  }
}

export const buildStreet = (options: StreetOptions): Promise<Street> => Street.build(options);
