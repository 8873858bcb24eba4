/**
 * One connection to one broker, shared by all meters behind it.
 *
 * MQTT.js publishes after a reconnect what was handed to it while offline (measured), which would let yesterday's disconnect
 * cut today. So its own reconnecting is switched off, every connect gets a FRESH client with an empty store, and
 * publishing happens only while connected. It also reconnects on a fixed period; here pauses grow and are jittered, and refused
 * credentials are tried slowly. TCP_NODELAY is set after each connect: without it a QoS 1 round trip takes 88 ms.
 */
import { Socket } from "node:net";
import mqtt, { type MqttClient } from "mqtt";
import type { Chance } from "../kernel/chance.ts";
import type { Clock } from "../kernel/clock.ts";
import { Fault, isFault, reasonOf } from "../kernel/faults.ts";
import type { Logger } from "../kernel/log.ts";
import type { Secret } from "../kernel/secret.ts";
import { PAUSE_FIRST_MS, PAUSE_MAX_MS, REFUSED_PAUSE_MS, STABLE_AFTER_MS } from "./reconnecting.ts";

const CONNECT_TIMEOUT_MS = 10_000;
const KEEP_ALIVE_S = 30; // a dead broker is noticed within 45 s even when nobody publishes

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
}

interface Parts {
  readonly clock: Clock;
  readonly chance: Chance;
  readonly log: Logger;
}

/** What one subscriber of an up-topic hears. */
export interface TopicListener {
  readonly topic: string;
  heard(bytes: Uint8Array): void;
  lost(why: string): void;
}

export class MqttLink {
  readonly name: string;
  /** Retained messages on up-topics that were ignored: a retained answer belongs to a question of another day. */
  retainedIgnored = 0;
  readonly #options: BrokerOptions;
  readonly #parts: Parts;
  readonly #clientId: string;
  readonly #ended = new AbortController();
  readonly #topics = new Map<string, Set<TopicListener>>();
  readonly #connected: (() => void)[] = [];
  #client: MqttClient | undefined;
  #fault: Fault;
  #failures = 0;
  #running: Promise<void> | undefined;

  constructor(options: BrokerOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.name = `mqtt:${hostOf(options.url)}`;
    this.#clientId = options.clientId ?? `gateway-${Buffer.from(parts.chance.bytes(6)).toString("hex")}`;
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

  /** Rejects with `line-down` when nothing was sent; a connection lost in the middle resolves, and `lost` tells the rest. */
  publish(topic: string, bytes: Uint8Array): Promise<void> {
    const client = this.#client;
    if (client === undefined || !this.isConnected) {
      return Promise.reject(new Fault("line-down", { transport: this.name, why: this.#fault.message }));
    }
    return new Promise((resolve) => {
      client.publish(topic, Buffer.from(bytes), { qos: 1, retain: false }, () => resolve());
    });
  }

  async close(): Promise<void> {
    this.#ended.abort();
    await this.#client?.endAsync(true).catch(() => undefined);
    await this.#running;
  }

  async #run(firstTry: () => void): Promise<void> {
    const { clock, chance, log } = this.#parts;
    const { pauseFirstMs = PAUSE_FIRST_MS, pauseMaxMs = PAUSE_MAX_MS } = this.#options;
    while (!this.#isClosing()) {
      const startedAt = clock.now();
      const before = this.#fault.message;
      this.#fault = await this.#once(firstTry);
      firstTry();
      if (clock.now() - startedAt >= STABLE_AFTER_MS) this.#failures = 0;
      this.#lose(this.#fault.message);
      if (this.#isClosing()) return;
      if (before !== this.#fault.message)
        log.warn({ broker: this.name, why: this.#fault.message }, "no broker; it is tried again");
      const limit = Math.min(pauseMaxMs, pauseFirstMs * 2 ** Math.min(this.#failures, 16));
      this.#failures += 1;
      await clock.wait(isFault(this.#fault, "broker-refused") ? REFUSED_PAUSE_MS : chance.next() * limit, this.#ended.signal);
    }
  }

  #isClosing(): boolean {
    return this.#ended.signal.aborted;
  }

  /** One client's whole life; resolves with the reason of its end. */
  async #once(onConnect: () => void): Promise<Fault> {
    const { url, username, password, ca } = this.#options;
    const client = mqtt.connect(url, {
      clientId: this.#clientId,
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
    const fault = await new Promise<Fault>((resolve) => {
      client.on("connect", () => {
        noDelay(client);
        this.#parts.log.info({ broker: this.name }, "broker connected");
        onConnect();
        for (const listener of this.#connected) listener();
      });
      client.on("message", (topic, payload, packet) => this.#message(topic, payload, packet.retain));
      client.on("error", (error) => (why ??= this.#faultOf(error)));
      client.on("close", () =>
        resolve(why ?? new Fault("broker-unavailable", { broker: this.name, why: "the connection was closed" })),
      );
      client.on("end", () => resolve(why ?? new Fault("broker-unavailable", { broker: this.name, why: "closed by us" })));
    });
    this.#client = undefined;
    client.end(true);
    return why ?? fault;
  }

  #message(topic: string, payload: Uint8Array, retained: boolean): void {
    if (retained) {
      this.retainedIgnored += 1;
      this.#parts.log.warn({ broker: this.name, topic }, "a retained message was ignored; clear it on the broker");
      return;
    }
    for (const listener of this.#topics.get(topic) ?? []) listener.heard(payload);
  }

  #faultOf(error: Error & { code?: unknown }): Fault {
    // MQTT 3.1.1: 4 bad user name or password, 5 not authorized; MQTT 5: 134, 135.
    const refused = typeof error.code === "number" && [4, 5, 134, 135].includes(error.code);
    return new Fault(
      refused ? "broker-refused" : "broker-unavailable",
      { broker: this.name, why: error.message },
      { cause: error },
    );
  }

  #lose(why: string): void {
    const listeners = [...this.#topics.values()].flatMap((set) => [...set]);
    this.#topics.clear();
    for (const listener of listeners) listener.lost(why);
  }

  /** True when nobody listens to that topic any more. */
  #forget(listener: TopicListener): boolean {
    const set = this.#topics.get(listener.topic);
    if (set?.delete(listener) !== true || set.size > 0) return false;
    return this.#topics.delete(listener.topic);
  }
}

function noDelay(client: MqttClient): void {
  const stream: unknown = client.stream;
  if (stream instanceof Socket) stream.setNoDelay(true);
}

/** Host and port only: user names and passwords of a URL are not for logs. */
function hostOf(url: string): string {
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
