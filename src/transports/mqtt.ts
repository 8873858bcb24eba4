/**
 * Bytes carried in topics: one meter, or the DTU before one or several, hears on its `down` topic and speaks on its `up` topic; how
 * the bytes lie in a message tells `mqtt-payloads.ts`. All of them share one connection (`mqtt-link.ts`); to the line each pair of
 * topics looks like a wire of its own.
 *
 * Where the modem says our number back, only an answer to the last thing that was said is let through, or one without a
 * number. Bytes alone are never compared: the same answer to the same question asked twice is two answers.
 */
import { Fault } from "../kernel/faults.ts";
import { Listeners } from "./listeners.ts";
import type { MqttLink, TopicListener } from "./mqtt-link.ts";
import { payloadForm, type PayloadForm } from "./mqtt-payloads.ts";
import type { Transport } from "./transport.ts";

/** Topic templates; `{address}` stands for the meter's twelve digits. Without it the topics are those of a DTU with its meters. */
export interface MqttTopics {
  readonly down: string;
  readonly up: string;
}

export const topicFor = (template: string, address: string): string => template.replaceAll("{address}", address);

export class MqttTransport implements Transport {
  readonly name: string;
  readonly #link: MqttLink;
  readonly #form: PayloadForm;
  readonly #down: string;
  readonly #listeners = new Listeners();
  readonly #ear: TopicListener;
  /** The number of what was said last on this wire. */
  #asked: number | undefined;
  #isOpen = false;

  constructor(link: MqttLink, topics: MqttTopics, address: string, form = payloadForm("raw")) {
    this.#link = link;
    this.#form = form;
    this.#down = topicFor(topics.down, address);
    this.name = `mqtt:${this.#down}`;
    this.#ear = {
      topic: topicFor(topics.up, address),
      heard: (payload) => this.#heard(payload),
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
    this.#asked = this.#link.nextMessageId();
    const payload = this.#form.write(bytes, this.#asked);
    return this.#listeners.untilClosed((done) => void this.#link.publish(this.#down, payload).then(done, done));
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

  #heard(payload: Uint8Array): void {
    if (payload.length === 0) return; // how a retained message is cleared
    const read = this.#form.read(payload);
    const { ignored } = this.#link;
    if ("wrong" in read) ignored.note(this.#ear.topic, "malformed", read.wrong);
    else if (read.id !== null && read.id !== String(this.#asked)) ignored.note(this.#ear.topic, "otherQuestion");
    else this.#listeners.received(read.bytes);
  }

  #ended(why: string): void {
    this.#isOpen = false;
    this.#listeners.closed(why);
  }
}
