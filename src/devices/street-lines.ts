/**
 * The street as the gateway sees it: one line per serial or TCP bus, and over MQTT one line per meter, all on one shared
 * connection to the broker. Every line is made exclusive by its own actor, every meter by its own lock.
 *
 * A line that cannot be opened does not stop the start: it is down, says why, and keeps trying.
 */
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { BusId, type MeterAddress } from "../kernel/ids.ts";
import type { Logger } from "../kernel/log.ts";
import type { SecurityModule } from "../security/security-module.ts";
import { MqttLink, type BrokerOptions } from "../transports/mqtt-link.ts";
import { MqttTransport } from "../transports/mqtt.ts";
import { Reconnecting } from "../transports/reconnecting.ts";
import { SerialTransport } from "../transports/serial.ts";
import { TcpTransport } from "../transports/tcp-client.ts";
import type { Transport } from "../transports/transport.ts";
import type { BusConfig, BusTransport } from "./bus-config.ts";
import { IdentityBook } from "./identity.ts";
import { Line } from "./line.ts";
import type { BusPicture, MeterRecord, Street } from "./meter.ts";
import { MeterClocks } from "./meter-clock.ts";
import { HealthBook } from "./meter-health.ts";
import { MeterLock } from "./meter-lock.ts";
import { meterModels } from "./meter-models.ts";
import { MeterRegistry } from "./meter-registry.ts";
import { openSession } from "./meter-session.ts";
import { byteMsOf, TURNAROUND_MS, timingDefaults, type LineTiming } from "./timing.ts";

/** Goes into the meters' records of who ordered what; zeros would say "nobody". */
export const OPERATOR = "00000001";

export interface StreetParts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  readonly security: SecurityModule;
  readonly buses: readonly BusConfig[];
  readonly meters: readonly MeterRecord[];
  /** Needed as soon as a bus is reached over MQTT. */
  readonly mqtt?: BrokerOptions;
  /** Meters run on local time. */
  readonly timeZone: string;
  readonly operator?: string;
  /** Instead of what the bus says: by bus id. Tests and the in-process demonstration join a street in memory like this. */
  readonly wires?: ReadonlyMap<string, () => Transport>;
}

interface StreetLine {
  readonly line: Line;
  readonly transport: string;
  /** Resolves after the first try to open it, whatever came of it. */
  readonly firstTry: Promise<void>;
}

export function buildStreetLines(parts: StreetParts): Street {
  const { clock, log, security, timeZone } = parts;
  const buses = new Map(parts.buses.map((bus) => [BusId(bus.id, "buses[].id") as string, supported(bus)]));
  const registry = new MeterRegistry(parts.meters, new Set(buses.keys()));
  const health = new HealthBook(clock);
  const identities = new IdentityBook(clock, timeZone);
  const clocks = new MeterClocks(clock);
  const locks = new Map<MeterAddress, MeterLock>();
  const broker = brokerFor(parts);
  const { lines, lineOf } = raiseLines(parts, buses, registry, broker);

  for (const meter of registry.all()) {
    // A line that dropped may come back with another meter behind it, or the same one after a power cut.
    lineOf(meter).line.link.onDropped(() => identities.drop(meter.address));
  }

  return {
    session: async (address, { priority, signal }) => {
      const meter = registry.find(address);
      if (meter === undefined) throw new Fault("unknown-meter", { meter: address });
      const { line, firstTry } = lineOf(meter);
      let lock = locks.get(address);
      if (lock === undefined) locks.set(address, (lock = new MeterLock()));
      const release = await lock.take(priority, signal);
      await firstTry; // directly after the start a line deserves a moment before it counts as down
      const model = meterModels[meter.model];
      return openSession({
        meter,
        model,
        line,
        priority,
        health,
        clock,
        log,
        signal,
        security,
        identities,
        clocks,
        timeZone,
        operator: parts.operator ?? OPERATOR,
        release,
      });
    },
    meter: (address) => registry.find(address),
    meters: () => registry.all(),
    health: (address) => health.of(address),
    onHeard: (listener) => health.onHeard(listener),
    buses: () => lines.map(pictureOf),
    hold: async () => {
      const releases = await Promise.all(lines.map(({ line }) => line.hold()));
      return () => {
        for (const release of releases) release();
      };
    },
    close: async () => {
      await Promise.all(lines.map(({ line }) => line.close()));
      await broker?.link.close();
    },
  };
}

/** What is not built yet is refused at the start, not met at midnight. */
function supported(bus: BusConfig): BusConfig {
  const { transport } = bus;
  if (transport.kind === "tcp-server")
    throw new Fault("not-supported", {
      bus: bus.id,
      transport: transport.kind,
      why: "dial-in is not built yet: dial the meters' serial server with kind tcp",
    });
  if (transport.kind === "mqtt" && transport.payload !== "raw")
    throw new Fault("not-supported", {
      bus: bus.id,
      payload: transport.payload,
      why: "only raw payloads are built yet: let the modem send the frame as it is",
    });
  return bus;
}

interface Broker {
  readonly link: MqttLink;
  readonly firstTry: Promise<void>;
}

/** One connection for all meters, and none where no bus needs it. */
function brokerFor({ buses, mqtt, clock, chance, log }: StreetParts): Broker | undefined {
  const user = buses.find((bus) => bus.transport.kind === "mqtt");
  if (user === undefined) return undefined;
  if (mqtt === undefined) throw new Fault("site-file-invalid", { bus: user.id, why: "a bus over mqtt needs mqtt.url" });
  const link = new MqttLink(mqtt, { clock, chance: chance.child("mqtt"), log });
  return { link, firstTry: link.start() };
}

function raiseLines(
  parts: StreetParts,
  buses: ReadonlyMap<string, BusConfig>,
  registry: MeterRegistry,
  broker: Broker | undefined,
) {
  const byName = new Map<string, StreetLine>();
  const raise = (name: string, bus: BusConfig, make: () => Transport): void => {
    const { clock, chance } = parts;
    const log = parts.log.child({ bus: name });
    const onHope =
      bus.transport.kind === "mqtt" && broker !== undefined
        ? { onHope: (listener: () => void) => broker.link.onConnected(listener) }
        : {};
    const link = new Reconnecting({ make, clock, chance: chance.child(`line/${name}`), log, ...onHope });
    const line = new Line({ id: name, link, timing: timingOf(bus), clock, log });
    const firstTry = (broker !== undefined && bus.transport.kind === "mqtt" ? broker.firstTry : Promise.resolve()).then(() =>
      link.start(),
    );
    byName.set(name, { line, transport: link.name, firstTry });
  };
  for (const [id, bus] of buses) {
    if (bus.transport.kind === "mqtt" && parts.wires?.has(id) !== true) continue;
    raise(id, bus, transportFor(parts, bus));
  }
  const nameOf = (meter: MeterRecord): string => (byName.has(meter.bus) ? meter.bus : `${meter.bus}/${meter.address}`);
  for (const meter of registry.all()) {
    const bus = buses.get(meter.bus);
    if (broker === undefined || bus?.transport.kind !== "mqtt" || byName.has(meter.bus)) continue;
    const topics = bus.transport;
    raise(nameOf(meter), bus, () => new MqttTransport(broker.link, topics, meter.address));
  }
  return { lines: [...byName.values()], lineOf: (meter: MeterRecord): StreetLine => byName.get(nameOf(meter))! };
}

function transportFor({ wires, clock }: StreetParts, bus: BusConfig): () => Transport {
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
      throw new Error(`a bus over ${transport.kind} has no line of its own`);
  }
}

export function timingOf({ transport, turnaroundMs, replyDeadlineMs, quietMs }: Omit<BusConfig, "id">): LineTiming {
  const defaults = timingDefaults[kindOf(transport)];
  return {
    turnaroundMs: turnaroundMs ?? TURNAROUND_MS,
    answerMs: replyDeadlineMs ?? defaults.answerMs,
    quietMs: quietMs ?? defaults.quietMs,
    byteMs: transport.kind === "serial" ? byteMsOf(transport) : 0,
  };
}

const kindOf = ({ kind }: BusTransport): keyof typeof timingDefaults => (kind === "tcp-server" ? "tcp" : kind);

const pictureOf = ({ line, transport }: StreetLine): BusPicture => ({
  id: line.id as BusId,
  transport,
  open: line.link.isOpen,
  why: line.link.why,
  waiting: line.waiting,
  exchanges: line.counts.exchanges,
  silences: line.counts.silences,
  busyMs: line.counts.busyMs,
});
