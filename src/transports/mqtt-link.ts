/**
 * One connection to one broker, shared by all meters behind it.
 *
 * MQTT.js publishes after a reconnect what was handed to it while offline (measured), which would let yesterday's disconnect
 * cut today. So its own reconnecting is switched off, every connect gets a FRESH client with an empty store, and
 * publishing happens only while connected. It also reconnects on a fixed period; our own pace is in `mqtt-pace.ts`.
 *
 * What the client has handed to a network that hangs is no better off: TCP delivers it whenever the network recovers. So a
 * publish that the broker does not acknowledge in time ends the connection with a reset, which throws those bytes away.
 * TCP_NODELAY is set after each connect: without it a QoS 1 round trip takes 88 ms.
 */
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import mqtt, { type IPublishPacket, type MqttClient } from "mqtt";
import { systemChance, type Chance } from "../kernel/chance.ts";
import type { Clock, Instant } from "../kernel/clock.ts";
import { Fault, isFault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Secret } from "../kernel/secret.ts";
import { IgnoredMessages } from "./mqtt-ignored.ts";
import { BrokerPace } from "./mqtt-pace.ts";

export const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_S = 30; // a dead broker is noticed within 45 s even when nobody publishes
/** A broker acknowledges in milliseconds; after this nobody waits for the answer any more, and it shall not be asked for later. */
export const ACKNOWLEDGE_MS = 10_000;
const MESSAGE_IDS = 0x7fff_ffff;

export interface BrokerOptions {
  /** mqtt://host:port or mqtts://host:port; credentials go in the fields below, never in logs. */
  readonly url: string;
  readonly username?: string;
  readonly password?: Secret<string>;
  /** PEM text of the authority that signed the broker's certificate. */
  readonly ca?: string;
  /** Must be unique on the broker, or two clients throw each other out for ever. Default: drawn once per process. */
  readonly clientId?: string;
  readonly pauseFirstMs?: number;
  readonly pauseMaxMs?: number;
  readonly acknowledgeMs?: number;
}

interface Parts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
}

/** What one subscriber of an up-topic hears. */
export interface TopicListener {
  readonly topic: string;
  heard(payload: Uint8Array): void;
  lost(why: string): void;
}

export class MqttLink {
  readonly name: string;
  readonly clientId: string;
  readonly ignored: IgnoredMessages;
  readonly #options: BrokerOptions;
  readonly #parts: Parts;
  readonly #pace: BrokerPace;
  readonly #ended = new AbortController();
  readonly #topics = new Map<string, Set<TopicListener>>();
  readonly #connected: (() => void)[] = [];
  /** By topic, the last message of this connection that the broker may deliver again. */
  readonly #last = new Map<string, { readonly packet: number | undefined; readonly payload: Uint8Array }>();
  #client: MqttClient | undefined;
  #fault: Fault;
  #messageId: number;
  #running: Promise<void> | undefined;

  constructor(options: BrokerOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.name = `mqtt:${hostOf(options.url)}`;
    // The one thing that must not come from a seed: two gateways of one seed would throw each other off the broker for ever.
    this.clientId = options.clientId ?? `gateway-${Buffer.from(systemChance.bytes(6)).toString("hex")}`;
    this.ignored = new IgnoredMessages(this.name, parts.log);
    this.#pace = new BrokerPace({ chance: parts.chance, firstMs: options.pauseFirstMs, maxMs: options.pauseMaxMs });
    this.#messageId = Math.floor(parts.chance.next() * MESSAGE_IDS);
    this.#fault = new Fault("broker-unavailable", { broker: this.name, why: "not connected yet" });
  }

  get isConnected(): boolean {
    return this.#client?.connected === true && !this.#client.disconnecting;
  }

  /** Why there is no connection. */
  get fault(): Fault {
    return this.#fault;
  }

  /** Resolves after the first try, whatever came of it. */
  start(): Promise<void> {
    return new Promise((firstTry) => {
      this.#running ??= this.#run(firstTry);
    });
  }

  onConnected(listener: () => void): void {
    this.#connected.push(listener);
  }

  async subscribe(listener: TopicListener): Promise<void> {
    const client = this.#client;
    if (client === undefined || !this.isConnected) throw this.#fault;
    const others = this.#topics.get(listener.topic) ?? new Set();
    this.#topics.set(listener.topic, others.add(listener));
    try {
      const grants = await client.subscribeAsync(listener.topic, { qos: 1 });
      if (grants.some((grant) => grant.qos === 128)) throw new Error("the broker's access rules do not allow it");
    } catch (cause) {
      this.#forget(listener);
      if (!client.connected) throw this.#fault; // it went away meanwhile: nobody has refused anything
      throw new Fault("broker-refused", { broker: this.name, subscribe: listener.topic, why: reasonOf(cause) }, { cause });
    }
  }

  async unsubscribe(listener: TopicListener): Promise<void> {
    if (this.#forget(listener) && this.isConnected) await this.#client?.unsubscribeAsync(listener.topic).catch(() => undefined);
  }

  /** For a question in a wrapper. It begins somewhere by chance, so that no answer to a process before us fits. */
  nextMessageId(): number {
    return (this.#messageId = (this.#messageId % MESSAGE_IDS) + 1);
  }

  /**
   * Rejects with `line-down` when nothing was sent; a connection lost in the middle resolves, and `lost` tells the rest. Never
   * retained: whoever subscribes tomorrow would obey an order of today.
   */
  publish(topic: string, payload: Uint8Array | string): Promise<void> {
    const client = this.#client;
    if (client === undefined || !this.isConnected) {
      return Promise.reject(new Fault("line-down", { transport: this.name, why: this.#fault.message }));
    }
    const acknowledged = new AbortController();
    void this.#awaitAcknowledgement(client, acknowledged.signal);
    return new Promise((resolve) => {
      const message = typeof payload === "string" ? payload : Buffer.from(payload);
      client.publish(topic, message, { qos: 1, retain: false }, () => {
        acknowledged.abort(DONE);
        resolve();
      });
    });
  }

  async #awaitAcknowledgement(client: MqttClient, acknowledged: AbortSignal): Promise<void> {
    await this.#parts.clock.wait(this.#options.acknowledgeMs ?? ACKNOWLEDGE_MS, acknowledged);
    if (acknowledged.aborted || client !== this.#client) return;
    this.#parts.log.warn(
      { broker: this.name },
      "the broker does not acknowledge; the connection is given up with what is stuck in it",
    );
    hangUp(client);
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#client?.endAsync(true).catch(() => undefined);
    await this.#running;
  }

  async #run(firstTry: () => void): Promise<void> {
    const { clock, log } = this.#parts;
    while (!this.#isClosing()) {
      const before = this.#fault.message;
      const wasThrownOut = this.#pace.isThrownOut;
      const end = await this.#once(firstTry);
      this.#fault = end.fault;
      firstTry();
      this.#lose(this.#fault.message);
      if (this.#isClosing()) return;
      const stoodMs = end.connectedAt === null ? null : clock.now() - end.connectedAt;
      const pauseMs = this.#pace.after({ refused: isFault(end.fault, "broker-refused"), stoodMs });
      if (this.#pace.isThrownOut) this.#fault = this.#thrownOut();
      if (this.#pace.isThrownOut && !wasThrownOut)
        log.error(
          { broker: this.name, clientId: this.clientId, why: this.#fault.message },
          "thrown off the broker again and again",
        );
      else if (before !== this.#fault.message)
        log.warn({ broker: this.name, why: this.#fault.message }, "no broker; it is tried again");
      await clock.wait(pauseMs, this.#ended.signal);
    }
  }

  #thrownOut(): Fault {
    const why =
      `the broker accepts us and hangs up: most likely another client uses our id ${this.clientId} ` +
      "(give each gateway its own mqtt.clientId, or none), else its rules forbid what we do; tried slowly";
    return new Fault("broker-unavailable", { broker: this.name, why });
  }

  #isClosing(): boolean {
    return this.#ended.signal.aborted;
  }

  /** One client's whole life; resolves with the reason of its end, and since when it was connected, if ever. */
  async #once(onConnect: () => void): Promise<{ readonly fault: Fault; readonly connectedAt: Instant | null }> {
    const { url, username, password, ca } = this.#options;
    const client = mqtt.connect(url, {
      clientId: this.clientId,
      clean: true,
      reconnectPeriod: 0,
      resubscribe: false,
      queueQoSZero: false,
      connectTimeout: CONNECT_TIMEOUT_MS,
      keepalive: KEEP_ALIVE_S,
      protocolVersion: 4,
      ...(username === undefined ? {} : { username }),
      ...(password === undefined ? {} : { password: password.open() }),
      ...(ca === undefined ? {} : { ca }),
    });
    this.#client = client;
    let why: Fault | undefined;
    let connectedAt: Instant | null = null;
    const fault = await new Promise<Fault>((resolve) => {
      client.on("connect", () => {
        noDelay(client);
        connectedAt = this.#parts.clock.now();
        this.#parts.log.info({ broker: this.name }, "broker connected");
        onConnect();
        for (const listener of this.#connected) listener();
      });
      client.on("message", (topic, payload, packet) => this.#message(topic, payload, packet));
      client.on("error", (error) => (why ??= brokerFault(this.name, error)));
      client.on("close", () =>
        resolve(why ?? new Fault("broker-unavailable", { broker: this.name, why: "the connection was closed" })),
      );
      client.on("end", () => resolve(why ?? new Fault("broker-unavailable", { broker: this.name, why: "closed by us" })));
    });
    this.#client = undefined;
    client.end(true);
    return { fault: why ?? fault, connectedAt };
  }

  #message(topic: string, payload: Uint8Array, { retain, dup, messageId }: IPublishPacket): void {
    const listeners = this.#topics.get(topic);
    if (listeners === undefined) return;
    if (retain) {
      this.ignored.note(topic, "retained");
      return;
    }
    // The broker says itself that it delivers this again, and we have it: an answer to a repeated question has no such mark.
    const last = this.#last.get(topic);
    const isAgain = dup && last !== undefined && last.packet === messageId && Buffer.compare(last.payload, payload) === 0;
    this.#last.set(topic, { packet: messageId, payload });
    if (isAgain) {
      this.ignored.note(topic, "duplicate");
      return;
    }
    for (const listener of listeners) listener.heard(payload);
  }

  #lose(why: string): void {
    const listeners = [...this.#topics.values()].flatMap((set) => [...set]);
    this.#topics.clear();
    this.#last.clear();
    for (const listener of listeners) listener.lost(why);
  }

  /** True when nobody listens to that topic any more. */
  #forget(listener: TopicListener): boolean {
    const set = this.#topics.get(listener.topic);
    if (set?.delete(listener) !== true || set.size > 0) return false;
    return this.#topics.delete(listener.topic);
  }
}

/** Whether the broker does not want us, or is not there. */
export function brokerFault(broker: string, error: Error & { code?: unknown }): Fault {
  // MQTT 3.1.1: 4 bad user name or password, 5 not authorized; MQTT 5: 134, 135.
  const refused = typeof error.code === "number" && [4, 5, 134, 135].includes(error.code);
  return new Fault(refused ? "broker-refused" : "broker-unavailable", { broker, why: error.message }, { cause: error });
}

/** Named, because an abort without a reason builds an Error with a stack, and this one happens with each request. */
const DONE = "done";

export function noDelay(client: MqttClient): void {
  const stream: unknown = client.stream;
  if (stream instanceof Socket) stream.setNoDelay(true);
}

/** With a reset where it can be: a closed socket goes on delivering what it holds. */
function hangUp(client: MqttClient): void {
  const stream: unknown = client.stream;
  if (stream instanceof TLSSocket || !(stream instanceof Socket)) client.stream.destroy();
  else stream.resetAndDestroy();
}

/** Host and port only: user names and passwords of a URL are not for logs. */
export function hostOf(url: string): string {
  try {
    return new URL(url).host;
  } catch {
    throw new Fault("invalid-request", {
      field: "mqtt.url",
      given: "(not shown)",
      allowed: "mqtt://host:port or mqtts://host:port",
    });
  }
}
