/**
 * Raises the lines of a street: one per serial or TCP bus; over MQTT one per meter, all on one shared connection; one per caller where
 * meters dial in. Each line starts in the background and keeps trying; the broker is only dialled where a bus needs it.
 */
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import { DeviceWatch, watched } from "../transports/device-watch.ts";
import { MqttLink, type BrokerOptions } from "../transports/mqtt-link.ts";
import { MqttTransport } from "../transports/mqtt.ts";
import { patient, Patience } from "../transports/patience.ts";
import { Reconnecting } from "../transports/reconnecting.ts";
import { SerialTransport } from "../transports/serial.ts";
import { TcpTransport } from "../transports/tcp-client.ts";
import type { Transport } from "../transports/transport.ts";
import type { BusConfig } from "./bus-config.ts";
import { destinationOf } from "./destination.ts";
import { complaintsAbout } from "./dial-in/caller-book.ts";
import { Reception } from "./dial-in/reception.ts";
import { Line } from "./line.ts";
import { lineNameOf } from "./line-names.ts";
import type { MeterRecord } from "./meter.ts";
import { timingOf } from "./timing.ts";

export interface LinesParts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly buses: readonly BusConfig[];
  /** Needed as soon as a bus is reached over MQTT. */
  readonly mqtt?: BrokerOptions;
  /** Instead of what the bus says: by bus id. Tests and the in-process demonstration join a street in memory like this. */
  readonly wires?: ReadonlyMap<string, () => Transport>;
}

export interface StreetLine {
  readonly line: Line;
  readonly transport: string;
  /** Resolves after the first try to open it, whatever came of it. */
  readonly firstTry: Promise<void>;
  /** Called each time it can send again. */
  onOpened(listener: () => void): void;
}

export interface Lines {
  readonly lines: readonly StreetLine[];
  /** By bus id: where callers come in. */
  readonly receptions: ReadonlyMap<string, Reception>;
  readonly lineOf: (meter: MeterRecord) => StreetLine;
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
  for (const meter of meters) {
    const bus = buses.get(meter.bus);
    if (broker === undefined || bus?.transport.kind !== "mqtt" || byName.has(meter.bus)) continue;
    const { link, firstTry: ready } = broker;
    const topics = bus.transport;
    const name = nameOf(meter);
    const make = () => new MqttTransport(link, topics, meter.address);
    byName.set(name, raise(parts, bus, { name, make, ready, onHope: (listener) => link.onConnected(listener) }));
  }
  return {
    lines: [...byName.values()],
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
}

function raise({ clock, chance, log: house }: LinesParts, bus: BusConfig, { name, make, ready, onHope }: Wiring): StreetLine {
  const log = house.child({ bus: name });
  const link = new Reconnecting({
    make,
    clock,
    chance: chance.child(`line/${name}`),
    log,
    ...(onHope === undefined ? {} : { onHope }),
  });
  const line = new Line({ id: name, link, timing: timingOf(bus), clock, log });
  return {
    line,
    transport: link.name,
    firstTry: ready.then(() => link.start()),
    onOpened: (listener) => link.onOpened(listener),
  };
}

function refuseMistakes(bus: BusConfig, meters: readonly MeterRecord[]): void {
  const [mistake] = complaintsAbout(
    bus,
    new Set(meters.filter((meter) => meter.bus === bus.id).map((meter) => meter.address as string)),
  );
  if (mistake !== undefined) throw new Fault("site-file-invalid", { bus: bus.id, field: mistake.path, why: mistake.what });
}

/** The reception of a bus that is dialled, and a line for each of its callers. */
function openReception(
  { clock, chance, log: house }: LinesParts,
  bus: BusConfig & ConstructorParameters<typeof Reception>[0]["bus"],
  meters: readonly MeterAddress[],
  byName: Map<string, StreetLine>,
): Reception {
  const timing = timingOf(bus);
  const log = house.child({ bus: bus.id });
  const reception = new Reception({ bus, meters, timing, clock, chance: chance.child(`line/${bus.id}`), log });
  const firstTry = reception.start();
  for (const [name, link] of reception.seats) {
    const line = new Line({ id: name, link, timing, clock, log: house.child({ bus: name }) });
    byName.set(name, { line, transport: link.name, firstTry, onOpened: (listener) => link.onOpened(listener) });
  }
  return reception;
}

/** Undefined: this bus has no line of its own, its meters or callers have. */
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
