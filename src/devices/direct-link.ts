/**
 * Reading a meter without a gateway, for someone who stands beside it: `tcp://host:port`, `serial:///dev/ttyUSB0?baud=2400`,
 * `mqtt://host:port`. The link is opened once and told apart from a meter that is silent; nothing is tried for ever.
 *
 * Reading only. Whatever changes a meter goes through the gateway, where it is written down first.
 */
import { BusId, type MeterAddress } from "../kernel/ids.ts";
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Reading, WireEvidence } from "../kernel/reading.ts";
import { Secret } from "../kernel/secret.ts";
import { MqttLink } from "../transports/mqtt-link.ts";
import { MqttTransport } from "../transports/mqtt.ts";
import { SerialTransport } from "../transports/serial.ts";
import { TcpTransport } from "../transports/tcp-client.ts";
import type { Transport } from "../transports/transport.ts";
import type { BusTransport } from "./bus-config.ts";
import { Conversation } from "./conversation.ts";
import { Line, type LineLink } from "./line.ts";
import { Priority } from "./meter.ts";
import { HealthBook } from "./meter-health.ts";
import { meterModels } from "./meter-models.ts";
import { readItems } from "./readings.ts";
import { timingOf } from "./street-lines.ts";

export interface DirectLink {
  readonly name: string;
  /** Every frame so far, passwords masked. */
  readonly evidence: readonly WireEvidence[];
  read(address: MeterAddress, items: readonly string[]): Promise<readonly Reading[]>;
  close(): Promise<void>;
}

export interface DirectParts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
  /** What the meter's clock is read in. Default: Asia/Shanghai. */
  readonly timeZone?: string;
}

/** Does not connect yet: that happens at the first reading, since over MQTT it takes an address. */
export function openDirectLink(url: string, parts: DirectParts): DirectLink {
  const { clock, log, chance, timeZone = "Asia/Shanghai" } = parts;
  const target = parseLink(url);
  const evidence: WireEvidence[] = [];
  const closers: (() => Promise<void>)[] = [];
  const lines = new Map<string, Line>();
  let broker: MqttLink | undefined;

  const transportTo = async (address: MeterAddress): Promise<Transport> => {
    const { transport } = target;
    if (transport.kind === "serial") return new SerialTransport(transport);
    if (transport.kind === "tcp") return new TcpTransport(transport, clock);
    if (broker === undefined) {
      broker = new MqttLink(target.broker!, { clock, chance, log });
      closers.unshift(() => broker!.close());
      await broker.start();
    }
    return new MqttTransport(broker, transport, address);
  };
  const lineTo = async (address: MeterAddress): Promise<Line> => {
    const key = target.transport.kind === "mqtt" ? address : "one";
    const existing = lines.get(key);
    if (existing !== undefined) return existing;
    const link = once(await transportTo(address));
    await link.start();
    const line = new Line({ id: link.name, link, timing: timingOf({ transport: target.transport }), clock, log });
    closers.push(() => line.close());
    lines.set(key, line);
    return line;
  };

  return {
    name: url.replace(/\/\/[^/@]*@/, "//"),
    evidence,
    read: async (address, items) => {
      const meter = {
        address,
        meterNumber: address,
        customerNumber: address,
        account: null,
        bus: BusId("direct"),
        model: "standard-wallet",
        relayPassword: null,
      } as const;
      const talk = new Conversation({
        meter,
        model: meterModels[meter.model],
        line: await lineTo(address),
        priority: Priority.person,
        health: new HealthBook(clock),
        clock,
        log,
      });
      try {
        return await readItems(talk, items, { meter: address, source: "person", timeZone });
      } finally {
        evidence.push(...talk.evidence);
      }
    },
    close: async () => {
      for (const close of closers.splice(0).reverse()) await close();
    },
  };
}

/** A transport that is opened once, as the line wants to see it. */
function once(transport: Transport): LineLink {
  let why: string | null = "not opened yet";
  return {
    name: transport.name,
    get isOpen() {
      return transport.isOpen;
    },
    get why() {
      return transport.isOpen ? null : why;
    },
    start: async () => {
      await transport.open();
      transport.onClosed((reason) => (why = reason));
    },
    send: (bytes) => transport.send(bytes),
    close: () => transport.close(),
    onReceived: (listener) => transport.onReceived(listener),
    onDropped: (listener) => transport.onClosed(listener),
  };
}

interface LinkTarget {
  readonly transport: Exclude<BusTransport, { kind: "tcp-server" }>;
  readonly broker?: { readonly url: string; readonly username?: string; readonly password?: Secret<string> };
}

const FORMS = "tcp://host:port, serial:///dev/ttyUSB0?baud=2400 or mqtt://host:port";

/** Names the part that is wrong; never prints a password. */
export function parseLink(text: string): LinkTarget {
  const wrong = (part: string, given: string, allowed: string): Fault =>
    new Fault("invalid-request", { field: `link: ${part}`, given, allowed });
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong("all of it", "(not a URL)", FORMS);
  }
  const known = (...names: readonly string[]): void => {
    for (const name of url.searchParams.keys())
      if (!names.includes(name)) throw wrong(`?${name}`, name, names.length === 0 ? "nothing behind the port" : names.join(", "));
  };
  const option = (name: string, byDefault: string, allowed: RegExp, said: string): string => {
    const given = url.searchParams.get(name) ?? byDefault;
    if (!allowed.test(given)) throw wrong(`?${name}`, given, said);
    return given;
  };
  const host = (): string => {
    if (url.hostname === "") throw wrong("host", "(nothing)", FORMS);
    return url.hostname.replace(/^\[|\]$/g, "");
  };
  switch (url.protocol) {
    case "tcp:": {
      known();
      const port = Number(url.port);
      if (port === 0) throw wrong("port", url.port === "" ? "(nothing)" : url.port, "1 to 65535");
      return { transport: { kind: "tcp", host: host(), port } };
    }
    case "serial:": {
      known("baud", "parity", "data", "stop");
      const path = decodeURIComponent(`${url.hostname === "" ? "" : `/${url.hostname}`}${url.pathname}`);
      if (path === "" || path === "/") throw wrong("path", "(nothing)", "serial:///dev/ttyUSB0");
      const parity = option("parity", "even", /^(even|odd|none)$/, "even, odd or none") as "even" | "odd" | "none";
      const baudRate = Number(option("baud", "2400", /^\d{3,6}$/, "a baud rate like 2400 or 9600"));
      const dataBits = option("data", "8", /^[78]$/, "7 or 8") === "7" ? 7 : 8;
      const stopBits = option("stop", "1", /^[12]$/, "1 or 2") === "2" ? 2 : 1;
      return { transport: { kind: "serial", path, baudRate, dataBits, parity, stopBits } };
    }
    case "mqtt:":
    case "mqtts:": {
      known("down", "up");
      host();
      const template = (name: "down" | "up") =>
        option(name, `meters/{address}/${name}`, /\{address\}/, "a topic with {address} in it");
      const credentials =
        url.username === ""
          ? {}
          : { username: decodeURIComponent(url.username), password: new Secret(decodeURIComponent(url.password)) };
      return {
        transport: { kind: "mqtt", down: template("down"), up: template("up"), payload: "raw" },
        broker: { url: `${url.protocol}//${url.host}`, ...credentials },
      };
    }
    default:
      throw wrong("kind", url.protocol.replace(":", ""), FORMS);
  }
}
