/**
 * Bytes carried in topics: one meter (or the DTU before it) hears on its `down` topic and speaks on its `up` topic; the payload
 * is the frame as it is. All meters of a broker share one connection (`mqtt-link.ts`); to the line each looks like a wire of its own.
 */
import { Fault } from "../kernel/faults.ts";
import { Listeners } from "./listeners.ts";
import type { MqttLink, TopicListener } from "./mqtt-link.ts";
import type { Transport } from "./transport.ts";

/** Topic templates; `{address}` stands for the meter's twelve digits. */
export interface MqttTopics {
  readonly down: string;
  readonly up: string;
}

export const topicFor = (template: string, address: string): string => template.replaceAll("{address}", address);

export class MqttTransport implements Transport {
  readonly name: string;
  readonly #link: MqttLink;
  readonly #down: string;
  readonly #listeners = new Listeners();
  readonly #ear: TopicListener;
  #isOpen = false;

  constructor(link: MqttLink, topics: MqttTopics, address: string) {
    this.#link = link;
    this.#down = topicFor(topics.down, address);
    this.name = `mqtt:${this.#down}`;
    this.#ear = {
      topic: topicFor(topics.up, address),
      heard: (bytes) => this.#listeners.received(bytes),
      lost: (why) => this.#ended(why),
    };
  }

  get isOpen(): boolean {
    return this.#isOpen && this.#link.isConnected;
  }

  /** Open means: the broker has granted the up-topic, so no answer can be missed. */
  async open(): Promise<void> {
    let refused: Error | undefined;
    const subscribed = this.#link.subscribe(this.#ear).catch((error: unknown) => {
      refused = error instanceof Error ? error : new Error(String(error));
    });
    await this.#listeners.untilClosed((done) => void subscribed.then(done));
    if (refused !== undefined) throw refused;
    if (this.#listeners.why !== null) throw new Fault("line-down", { transport: this.name, why: this.#listeners.why });
    this.#isOpen = true;
  }

  send(bytes: Uint8Array): Promise<void> {
    if (!this.isOpen)
      return Promise.reject(new Fault("line-down", { transport: this.name, why: this.#listeners.why ?? "not open" }));
    return this.#listeners.untilClosed((done) => void this.#link.publish(this.#down, bytes).then(done, done));
  }

  async close(): Promise<void> {
    this.#ended("closed by us");
    await this.#link.unsubscribe(this.#ear);
  }

  onReceived(listener: (bytes: Uint8Array) => void): void {
    this.#listeners.onReceived(listener);
  }

  onClosed(listener: (why: string) => void): void {
    this.#listeners.onClosed(listener);
  }

  #ended(why: string): void {
    this.#isOpen = false;
    this.#listeners.closed(why);
  }
}
