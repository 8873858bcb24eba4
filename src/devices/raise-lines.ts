/**
 * Raises the lines of a street: one per serial or TCP bus; over MQTT one per meter, all on one shared connection. Each line starts
 * in the background and keeps trying; the broker is only dialled where a bus needs it.
 */
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { MqttLink, type BrokerOptions } from "../transports/mqtt-link.ts";
import { MqttTransport } from "../transports/mqtt.ts";
import { Reconnecting } from "../transports/reconnecting.ts";
import { SerialTransport } from "../transports/serial.ts";
import { TcpTransport } from "../transports/tcp-client.ts";
import type { Transport } from "../transports/transport.ts";
import type { BusConfig } from "./bus-config.ts";
import { Line } from "./line.ts";
import type { MeterRecord } from "./meter.ts";
import { timingOf, type LineTiming } from "./timing.ts";

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
  readonly timing: LineTiming;
  /** Resolves after the first try to open it, whatever came of it. */
  readonly firstTry: Promise<void>;
  /** Called each time it can send again. */
  onOpened(listener: () => void): void;
}

export interface Lines {
  readonly lines: readonly StreetLine[];
  readonly lineOf: (meter: MeterRecord) => StreetLine;
  readonly close: () => Promise<void>;
}

export function raiseLines(parts: LinesParts, buses: ReadonlyMap<string, BusConfig>, meters: readonly MeterRecord[]): Lines {
  const broker = brokerFor(parts);
  const byName = new Map<string, StreetLine>();
  for (const [id, bus] of buses) {
    const make = makerFor(parts, bus);
    if (make !== undefined) byName.set(id, raise(parts, bus, { name: id, make, ready: Promise.resolve() }));
  }
  const nameOf = (meter: MeterRecord): string => (byName.has(meter.bus) ? meter.bus : `${meter.bus}/${meter.address}`);
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
    lineOf: (meter) => byName.get(nameOf(meter))!,
    close: async () => {
      await Promise.all([...byName.values()].map(({ line }) => line.close()));
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
  const timing = timingOf(bus);
  const line = new Line({ id: name, link, timing, clock, log });
  return {
    line,
    transport: link.name,
    timing,
    firstTry: ready.then(() => link.start()),
    onOpened: (listener) => link.onOpened(listener),
  };
}

/** Undefined: this bus has no line of its own, its meters have. */
function makerFor({ wires, clock }: LinesParts, bus: BusConfig): (() => Transport) | undefined {
  const given = wires?.get(bus.id);
  if (given !== undefined) return given;
  const { transport } = bus;
  switch (transport.kind) {
    case "serial":
      return () => new SerialTransport(transport);
    case "tcp":
      return () => new TcpTransport(transport, clock);
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
