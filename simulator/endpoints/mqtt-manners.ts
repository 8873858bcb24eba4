/**
 * How answers are published, well or badly. Well: once, on the meter's own topic, not retained, and only while the connection
 * stands; an answer that arrives after the reconnect is an answer to nobody. Badly: as the fault table says.
 */
import type { MqttClient } from "mqtt";
import type { Clock } from "../../src/kernel/clock.ts";
import type { StandingFault } from "../faults.ts";
import { setting } from "../faults.ts";
import { nextAddress } from "../spoiling.ts";
import type { Delivery } from "../wires.ts";
import type { Read } from "./mqtt-payloads.ts";

/** The request a meter is answering, as it came. */
export interface Asked {
  readonly topic: string;
  /** The address in the topic. */
  readonly name: string;
  readonly payload: Buffer;
  readonly modem: Read["modem"];
}

interface Message {
  readonly topic: string;
  readonly payload: Buffer | string;
}

export interface Topics {
  readonly down: string;
  readonly up: (address: string) => string;
}
export const METER_TOPICS: Topics = { down: "meters/+/down", up: (address) => `meters/${address}/up` };
export const dtuTopics = (dtu: string): Topics => ({ down: `dtu/${dtu}/down`, up: () => `dtu/${dtu}/up` });

export class Publisher {
  readonly #client: MqttClient;
  readonly #clock: Clock;
  readonly #topics: Topics;
  readonly #closed = new AbortController();
  #overtaken: Message[] = [];
  #queued: Message[] = [];

  constructor(client: MqttClient, clock: Clock, topics: Topics) {
    this.#topics = topics;
    this.#client = client;
    this.#clock = clock;
    client.on("connect", () => {
      for (const message of this.#queued.splice(0)) this.#publish(message);
    });
  }

  answer(
    address: string,
    write: (modem: Read["modem"]) => Buffer | string,
    { manner, label, tell }: Omit<Delivery, "label"> & { readonly label: Asked | undefined },
  ): void {
    const message = (modem = label?.modem): Message => ({ topic: this.#topics.up(address), payload: write(modem) });
    switch (manner?.kind) {
      case "mqtt-duplicate":
        tell?.(`${setting(manner, "copies")} times`);
        for (let i = 0; i < setting(manner, "copies"); i += 1) this.#publish(message());
        break;
      case "mqtt-reorder":
        tell?.(`after the next answer, or after ${setting(manner, "delayMs")} ms`);
        this.#letOvertake(message(), manner);
        return;
      case "mqtt-queued":
        tell?.(`${setting(manner, "copies")} times when the broker is there again`);
        for (let i = 0; i < setting(manner, "copies"); i += 1) this.#queued.push(message());
        this.#client.stream.destroy();
        return;
      case "mqtt-retained-reply":
        tell?.("retained");
        this.#publish(message(), true);
        break;
      case "mqtt-retained-order":
        tell?.("and the order stays at the broker");
        this.#publish(message());
        if (label !== undefined) void this.#hearAgain(label);
        break;
      case "mqtt-wrong-topic":
        tell?.(`on ${METER_TOPICS.up(manner.address ?? nextAddress(address))}`);
        this.#publish({ ...message(), topic: METER_TOPICS.up(manner.address ?? nextAddress(address)) });
        break;
      case "mqtt-wrong-msg-id": {
        const modem = label?.modem === undefined ? undefined : { msgId: otherId(label.modem.msgId) };
        tell?.(modem === undefined ? "as usual: the request had no msg_id" : `msg_id ${JSON.stringify(modem.msgId)}`);
        this.#publish(message(modem));
        break;
      }
      default:
        this.#publish(message());
    }
    for (const late of this.#overtaken.splice(0)) this.#publish(late);
  }

  close(): void {
    this.#closed.abort();
  }

  #publish({ topic, payload }: Message, retain = false): void {
    if (this.#client.connected) this.#client.publish(topic, payload, { qos: 1, retain });
  }

  #letOvertake(message: Message, manner: StandingFault): void {
    this.#overtaken.push(message);
    void this.#clock.wait(setting(manner, "delayMs"), this.#closed.signal).then(() => {
      const left = this.#overtaken.indexOf(message);
      if (left < 0 || this.#closed.signal.aborted) return;
      this.#overtaken.splice(left, 1);
      this.#publish(message);
    });
  }

  /** The order is left at the broker while nobody listens, heard anew by whoever subscribes, and taken away again. */
  async #hearAgain({ topic, payload }: Asked): Promise<void> {
    try {
      await this.#client.unsubscribeAsync(this.#topics.down);
      await this.#client.publishAsync(topic, payload, { qos: 1, retain: true });
      await this.#client.subscribeAsync(this.#topics.down, { qos: 1 });
      await this.#client.publishAsync(topic, "", { qos: 1, retain: true });
    } catch {
      // The connection is gone; the next one subscribes by itself.
    }
  }
}

const otherId = (id: unknown): unknown => (typeof id === "number" ? id + 1 : `${String(id)}-other`);
