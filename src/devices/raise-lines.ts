/**
 * Raises the lines of a street: one per serial or TCP bus; over MQTT one per meter or per DTU, all on one shared connection. Each line
 * starts in the background and keeps trying; the broker is only dialled where a bus needs it.
 */
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import { MqttLink, type BrokerOptions } from "../transports/mqtt-link.ts";
import type { IgnoredCounts } from "../transports/mqtt-ignored.ts";
import { Reconnecting } from "../transports/reconnecting.ts";
import { SerialTransport } from "../transports/serial.ts";
import { TcpTransport } from "../transports/tcp-client.ts";
import type { Transport } from "../transports/transport.ts";
import { eachMeterAlone, type BusConfig } from "./bus-config.ts";
import { Line } from "./line.ts";
import { LineTape } from "./line-tape.ts";
import type { MeterRecord } from "./meter.ts";
import { overMqtt } from "./mqtt-lines.ts";
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
  /** Messages that were not let through; undefined where there are none to be. */
  readonly ignored?: (() => IgnoredCounts) | undefined;
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
    else if (broker !== undefined && bus.transport.kind === "mqtt" && !eachMeterAlone(bus.transport))
      byName.set(id, raise(parts, bus, { name: id, ready: broker.firstTry, ...overMqtt(broker.link, bus.transport) }));
  }
  const nameOf = (meter: MeterRecord): string => (byName.has(meter.bus) ? meter.bus : `${meter.bus}/${meter.address}`);
  for (const meter of meters) {
    const bus = buses.get(meter.bus);
    if (broker === undefined || bus?.transport.kind !== "mqtt" || byName.has(meter.bus)) continue;
    const name = nameOf(meter);
    byName.set(name, raise(parts, bus, { name, ready: broker.firstTry, ...overMqtt(broker.link, bus.transport, meter.address) }));
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
  readonly ignored?: () => IgnoredCounts;
}

function raise({ clock, chance, log: house }: LinesParts, bus: BusConfig, wiring: Wiring): StreetLine {
  const { name, make, ready, onHope, ignored } = wiring;
  const log = house.child({ bus: name });
  const link = new Reconnecting({
    make,
    clock,
    chance: chance.child(`line/${name}`),
    log,
    ...(onHope === undefined ? {} : { onHope }),
  });
  const line = new Line({ id: name, link, timing: timingOf(bus), clock, log, ...tapeOf(bus) });
  return {
    line,
    transport: link.name,
    firstTry: ready.then(() => link.start()),
    onOpened: (listener) => link.onOpened(listener),
    ignored,
  };
}

/** Over MQTT there are as many lines as meters, and each carries little. */
const tapeOf = ({ transport }: BusConfig): { tape?: LineTape } =>
  transport.kind === "mqtt" ? { tape: new LineTape(MQTT_TAPE_BYTES_MAX) } : {};
const MQTT_TAPE_BYTES_MAX = 4 * 1_024;

/** Undefined: it is reached over the broker, or its meters have lines of their own. */
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
