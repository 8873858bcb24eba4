/** A bare link over a broker: the topics of one meter, or of a DTU, on a connection of their own that ends with them. */
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import type { Logger } from "../kernel/log.ts";
import { MqttLink } from "../transports/mqtt-link.ts";
import type { Transport } from "../transports/transport.ts";
import type { MqttTarget } from "./link-url.ts";
import { overMqtt } from "./mqtt-lines.ts";

export interface BrokerParts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
}

export function bareBroker({ transport, broker }: MqttTarget, parts: BrokerParts, address = ""): Transport {
  const link = new MqttLink(broker, parts);
  const wire = overMqtt(link, transport, address).make();
  return {
    name: wire.name,
    get isOpen() {
      return wire.isOpen;
    },
    open: async () => {
      try {
        await link.start();
        await wire.open();
      } catch (error) {
        await link.close(); // it would try for ever
        throw error;
      }
    },
    send: (bytes) => wire.send(bytes),
    close: async () => {
      await wire.close();
      await link.close();
    },
    onReceived: (listener) => wire.onReceived(listener),
    onClosed: (listener) => wire.onClosed(listener),
  };
}
