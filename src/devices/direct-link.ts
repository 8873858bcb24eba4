/**
 * Reading a meter without a gateway, for someone who stands beside it: `tcp://host:port`, `serial:///dev/ttyUSB0?baud=2400`,
 * `mqtt://host:port`. The link is opened once and told apart from a meter that is silent; nothing is tried for ever.
 *
 * Reading only. Whatever changes a meter goes through the gateway, where it is written down first.
 */
import { BusId, type MeterAddress } from "../kernel/ids.ts";
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import type { Reading, WireEvidence } from "../kernel/reading.ts";
import { MqttLink } from "../transports/mqtt-link.ts";
import { recording, WireRecord } from "../transports/recording.ts";
import { SerialTransport } from "../transports/serial.ts";
import { TcpTransport } from "../transports/tcp-client.ts";
import type { Transport } from "../transports/transport.ts";
import { eachMeterAlone } from "./bus-config.ts";
import { Conversation } from "./conversation.ts";
import { Line, type LineLink } from "./line.ts";
import { parseLink } from "./link-url.ts";
import { Priority, type ModelName } from "./meter.ts";
import { HealthBook } from "./meter-health.ts";
import { overMqtt } from "./mqtt-lines.ts";
import { meterModels } from "./meter-models.ts";
import { readTariff, type TariffPicture } from "./meter-tariff/picture.ts";
import { readItems } from "./readings.ts";
import { timingOf } from "./timing.ts";

export interface DirectLink {
  readonly name: string;
  /** Every whole frame so far. */
  readonly evidence: readonly WireEvidence[];
  /** The last bytes both ways, whole frames or not: "nothing came" and "rubbish came" have different causes. */
  readonly trace: WireRecord;
  read(address: MeterAddress, items: readonly string[]): Promise<readonly Reading[]>;
  /** Both sets of its tariff; word 3 as this model has it. */
  readTariff(address: MeterAddress, model: ModelName): Promise<TariffPicture>;
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
  const trace = new WireRecord(clock); // raw is harmless here: readings carry no password
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
    return overMqtt(broker, transport, address).make();
  };
  const lineTo = async (address: MeterAddress): Promise<Line> => {
    const key = eachMeterAlone(target.transport) ? address : "one";
    const existing = lines.get(key);
    if (existing !== undefined) return existing;
    const link = once(recording(await transportTo(address), trace));
    await link.start();
    const line = new Line({ id: link.name, link, timing: timingOf({ transport: target.transport }), clock, log });
    closers.push(() => line.close());
    lines.set(key, line);
    return line;
  };

  const heard = async <T>(address: MeterAddress, model: ModelName, ask: (talk: Conversation) => Promise<T>): Promise<T> => {
    const meter = {
      ...{ address, meterNumber: address, customerNumber: address, account: null, bus: BusId("direct"), model },
      relayPassword: null,
    } as const;
    const talk = new Conversation({
      meter,
      model: meterModels[model],
      line: await lineTo(address),
      priority: Priority.person,
      health: new HealthBook(clock),
      clock,
      log,
    });
    try {
      return await ask(talk);
    } finally {
      evidence.push(...talk.evidence);
    }
  };

  return {
    name: url.replace(/\/\/[^/@]*@/, "//"),
    evidence,
    trace,
    read: (address, items) =>
      heard(address, "standard-wallet", (talk) => readItems(talk, items, { meter: address, source: "person", timeZone })),
    readTariff: (address, model) => heard(address, model, (talk) => readTariff(talk, meterModels[model], "everything")),
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
