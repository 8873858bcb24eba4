/**
 * Raises the lines of a street: one per serial or TCP bus; over MQTT one per meter or per DTU, all on one shared connection; one per
 * caller where meters dial in. Each line starts in the background and keeps trying; the broker is only dialled where a bus needs it.
 */
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { DeviceWatch, watched } from "../transports/device-watch.ts";
import { MqttLink, type BrokerOptions } from "../transports/mqtt-link.ts";
import type { IgnoredCounts } from "../transports/mqtt-ignored.ts";
import { patient, Patience } from "../transports/patience.ts";
import { Reconnecting } from "../transports/reconnecting.ts";
import { SerialTransport } from "../transports/serial.ts";
import { TcpTransport } from "../transports/tcp-client.ts";
import type { Transport } from "../transports/transport.ts";
import { eachMeterAlone, type BusConfig } from "./bus-config.ts";
import { destinationOf } from "./destination.ts";
import { complaintsAbout } from "./dial-in/caller-book.ts";
import { Reception } from "./dial-in/reception.ts";
import { LeaseGate } from "./lease-gate.ts";
import { Line } from "./line.ts";
import { everyLineIsOurs, type LineGuard } from "./line-leases.ts";
import { lineNameOf } from "./line-names.ts";
import { LineTape } from "./line-tape.ts";
import type { MeterRecord } from "./meter.ts";
import { overMqtt } from "./mqtt-lines.ts";
import { longestExchangeMs, timingOf, type LineTiming } from "./timing.ts";

export interface LinesParts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly buses: readonly BusConfig[];
  /** Needed as soon as a bus is reached over MQTT. */
  readonly mqtt?: BrokerOptions;
  /** Instead of what the bus says: by bus id. Tests and the in-process demonstration join a street in memory like this. */
  readonly wires?: ReadonlyMap<string, () => Transport>;
  /** Which lines may be driven; left out, all of them. */
  readonly guard?: LineGuard;
}

export interface StreetLine {
  readonly line: Line;
  readonly bus: string;
  /** Why it may not be driven just now. */
  readonly notOurs: () => Fault | undefined;
  readonly transport: string;
  /** Resolves after the first try to open it, whatever came of it. */
  readonly firstTry: Promise<void>;
  /** Called each time it can send again. */
  onOpened(listener: () => void): void;
  /** Messages that were not let through; undefined where there are none to be. */
  readonly ignored?: (() => IgnoredCounts) | undefined;
}

export interface Lines {
  readonly lines: readonly StreetLine[];
  /** By bus id: where callers come in. */
  readonly receptions: ReadonlyMap<string, Reception>;
  readonly lineOf: (meter: MeterRecord) => StreetLine;
  /** The line of a meter that comes while the house runs, raised now where it has one of its own. */
  readonly adopt: (meter: MeterRecord) => StreetLine;
  readonly close: () => Promise<void>;
}

export function raiseLines(parts: LinesParts, buses: ReadonlyMap<string, BusConfig>, meters: readonly MeterRecord[]): Lines {
  for (const bus of buses.values()) refuseMistakes(bus, meters); // before anything is opened
  const broker = brokerFor(parts);
  const byName = new Map<string, StreetLine>();
  const closers: (() => Promise<void>)[] = [];
  for (const [id, bus] of buses) {
    const wiring = wiringFor(parts, bus, closers);
    if (wiring !== undefined) byName.set(id, raise(parts, bus, { name: id, ready: Promise.resolve(), ...wiring }));
    else if (broker !== undefined && bus.transport.kind === "mqtt" && !eachMeterAlone(bus.transport))
      byName.set(id, raise(parts, bus, { name: id, ready: broker.firstTry, ...overMqtt(broker.link, bus.transport) }));
  }
  const nameOf = (meter: MeterRecord): string => (byName.has(meter.bus) ? meter.bus : lineNameOf(buses.get(meter.bus), meter));
  const receptions = new Map<string, Reception>();
  for (const [id, bus] of buses) {
    const { transport } = bus;
    if (transport.kind !== "tcp-server" || byName.has(id)) continue;
    const behind = meters.filter((meter) => meter.bus === id).map((meter) => meter.address);
    const reception = openReception(parts, { ...bus, transport }, behind, byName);
    receptions.set(id, reception);
    closers.push(() => reception.close());
  }
  /** Over MQTT, where each meter is a line of its own. */
  const raiseAlone = (meter: MeterRecord): void => {
    const bus = buses.get(meter.bus);
    if (broker === undefined || bus?.transport.kind !== "mqtt" || byName.has(meter.bus)) return;
    const name = nameOf(meter);
    byName.set(name, raise(parts, bus, { name, ready: broker.firstTry, ...overMqtt(broker.link, bus.transport, meter.address) }));
  };
  for (const meter of meters) raiseAlone(meter);
  return {
    get lines() {
      return [...byName.values()];
    },
    adopt: (meter) => {
      const known = byName.get(nameOf(meter));
      if (known !== undefined) return known;
      raiseAlone(meter);
      const line = byName.get(nameOf(meter));
      // A caller's seat is made when the port is opened, from what the site file says of callers.
      if (line === undefined)
        throw new Fault("site-file-invalid", {
          bus: meter.bus,
          field: "callers",
          why: `nobody who dials in is said to carry ${meter.address}; name it in the site file and start again`,
        });
      return line;
    },
    receptions,
    lineOf: (meter) => byName.get(nameOf(meter))!,
    close: async () => {
      await Promise.all([...byName.values()].map(({ line }) => line.close()));
      await Promise.all(closers.map((close) => close()));
      await broker?.link.close();
    },
  };
}

interface Wiring {
  readonly name: string;
  readonly make: () => Transport;
  /** Before this there is no sense in trying. */
  readonly ready: Promise<void>;
  readonly onHope?: (listener: () => void) => void;
  readonly ignored?: () => IgnoredCounts;
}

function raise(parts: LinesParts, bus: BusConfig, wiring: Wiring): StreetLine {
  const { clock, chance, log: house, guard = everyLineIsOurs } = parts;
  const { name, make, ready, onHope, ignored } = wiring;
  const log = house.child({ bus: name });
  const gate = new LeaseGate(guard, bus.id);
  const link = new Reconnecting({
    make: () => gate.before(make()),
    clock,
    chance: chance.child(`line/${name}`),
    log,
    onHope: (listener) => {
      onHope?.(listener);
      gate.onTaken(listener);
    },
  });
  const timing = timingOf(bus);
  const notOurs = whyNotOurs(guard, bus, timing);
  const line = new Line({ id: name, link, timing, clock, log, notOurs, ...tapeOf(bus) });
  guard.onGivingUp(async (given) => {
    if (given !== bus.id) return;
    const release = await line.hold(); // what is on the wire ends; nothing new begins
    await gate.close().finally(release);
  });
  return {
    line,
    bus: bus.id,
    notOurs,
    transport: link.name,
    firstTry: ready.then(() => link.start()),
    onOpened: (listener) => link.onOpened(listener),
    ignored,
  };
}

/** Over MQTT and where meters dial in there are many lines, and each carries little. */
const tapeOf = ({ transport }: BusConfig): { tape?: LineTape } =>
  transport.kind === "mqtt" || transport.kind === "tcp-server" ? { tape: new LineTape(SMALL_TAPE_BYTES_MAX) } : {};
const SMALL_TAPE_BYTES_MAX = 4 * 1_024;

/** Asked in front of each first byte, so from memory alone. */
function whyNotOurs(guard: LineGuard, { id }: BusConfig, timing: LineTiming): () => Fault | undefined {
  const exchangeMs = longestExchangeMs(timing);
  return () =>
    guard.mayDrive(id, exchangeMs) ? undefined : new Fault("line-not-ours", { bus: id, holder: guard.holderOf(id) ?? "nobody" });
}

function refuseMistakes(bus: BusConfig, meters: readonly MeterRecord[]): void {
  const [mistake] = complaintsAbout(
    bus,
    new Set(meters.filter((meter) => meter.bus === bus.id).map((meter) => meter.address as string)),
  );
  if (mistake !== undefined) throw new Fault("site-file-invalid", { bus: bus.id, field: mistake.path, why: mistake.what });
}

/**
 * The reception of a bus that is dialled, and a line for each of its callers. While another gateway holds the bus nobody is let in, and
 * who was in is sent away when the lease goes: a modem calls again, perhaps there.
 */
function openReception(
  { clock, chance, log: house, guard = everyLineIsOurs }: LinesParts,
  bus: BusConfig & ConstructorParameters<typeof Reception>[0]["bus"],
  meters: readonly MeterAddress[],
  byName: Map<string, StreetLine>,
): Reception {
  const timing = timingOf(bus);
  const log = house.child({ bus: bus.id });
  const isOurs = (): boolean => guard.holds(bus.id);
  const reception = new Reception({ bus, meters, timing, clock, chance: chance.child(`line/${bus.id}`), log, isOurs });
  const firstTry = reception.start();
  const notOurs = whyNotOurs(guard, bus, timing);
  const lines: Line[] = [];
  for (const [name, link] of reception.seats) {
    const line = new Line({ id: name, link, timing, clock, log: house.child({ bus: name }), notOurs, ...tapeOf(bus) });
    lines.push(line);
    const onOpened = (listener: () => void): void => link.onOpened(listener);
    byName.set(name, { line, bus: bus.id, notOurs, transport: link.name, firstTry, onOpened });
  }
  guard.onLost((buses) => (buses.includes(bus.id) ? void reception.hangUp() : undefined));
  guard.onGivingUp(async (given) => {
    if (given !== bus.id) return;
    const releases = await Promise.all(lines.map((line) => line.hold())); // what is on the wire ends; nothing new begins
    await reception.hangUp().finally(() => releases.forEach((release) => release()));
  });
  return reception;
}

/** Undefined: it is reached over the broker, or its meters or callers have lines of their own. */
function wiringFor(
  { wires, clock }: LinesParts,
  bus: BusConfig,
  closers: (() => Promise<void>)[],
): Pick<Wiring, "make" | "onHope"> | undefined {
  const given = wires?.get(bus.id);
  if (given !== undefined) return { make: given };
  const { transport } = bus;
  switch (transport.kind) {
    case "serial": {
      const watch = new DeviceWatch(transport.path, clock);
      watch.start();
      closers.push(() => watch.stop());
      return {
        make: () => watched(new SerialTransport(transport), watch),
        onHope: (listener) => void watch.onChange((device) => (device === null ? undefined : listener())),
      };
    }
    case "tcp": {
      const patience = new Patience(destinationOf);
      return { make: () => patient(new TcpTransport(transport, clock), patience, clock) };
    }
    case "mqtt":
    case "tcp-server":
      return undefined;
  }
}

interface Broker {
  readonly link: MqttLink;
  readonly firstTry: Promise<void>;
}

function brokerFor({ buses, wires, mqtt, clock, chance, log }: LinesParts): Broker | undefined {
  const user = buses.find((bus) => bus.transport.kind === "mqtt" && wires?.has(bus.id) !== true);
  if (user === undefined) return undefined;
  if (mqtt === undefined) throw new Fault("site-file-invalid", { bus: user.id, why: "a bus over mqtt needs mqtt.url" });
  const link = new MqttLink(mqtt, { clock, chance: chance.child("mqtt"), log });
  return { link, firstTry: link.start() };
}
