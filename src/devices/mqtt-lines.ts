/** What a line needs to run over a broker: its transport, when to hope, and what the broker's messages were worth. */
import type { IgnoredCounts } from "../transports/mqtt-ignored.ts";
import type { MqttLink } from "../transports/mqtt-link.ts";
import { payloadForm } from "../transports/mqtt-payloads.ts";
import { MqttTransport, topicFor } from "../transports/mqtt.ts";
import type { Transport } from "../transports/transport.ts";
import type { MqttBus } from "./bus-config.ts";

export interface MqttLine {
  readonly make: () => Transport;
  readonly onHope: (listener: () => void) => void;
  readonly ignored: () => IgnoredCounts;
}

/** Behind a DTU the meters share its topics, and there is no address in them. */
export function overMqtt(link: MqttLink, bus: MqttBus, address = ""): MqttLine {
  const form = payloadForm(bus.payload, bus.json);
  const up = topicFor(bus.up, address);
  return {
    make: () => new MqttTransport(link, bus, address, form),
    onHope: (listener) => link.onConnected(listener),
    ignored: () => link.ignored.of(up),
  };
}
