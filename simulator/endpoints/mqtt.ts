/**
 * Meters on a broker: each hears on `meters/{address}/down` and answers on `meters/{address}/up`, QoS 1. One connection serves
 * them all. A payload may hold several frames; each answer is a payload of its own.
 *
 * Nothing is published while the connection is down: an answer that arrives after the reconnect is an answer to nobody. The
 * client's stream gets TCP_NODELAY after each connect, or every round trip costs 40 ms and more.
 */
import { Socket } from "node:net";
import mqtt from "mqtt";
import type { MqttClient } from "mqtt";
import { systemChance } from "../../src/kernel/chance.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import { Fault, reasonOf } from "../../src/kernel/faults.ts";
import type { Logger } from "../../src/kernel/log.ts";
import { fromHex, hex } from "../bytes.ts";
import type { EndpointPlan, MqttPayload } from "../plans.ts";
import type { VirtualBus } from "../virtual-bus.ts";
import type { Endpoint } from "./endpoint.ts";

const DOWN = /^meters\/(\d{12})\/down$/;
const CONNECT_MS = 15_000;
const RECONNECT_MS = 500;

interface Surroundings {
  readonly plan: Extract<EndpointPlan, { kind: "mqtt" }>;
  readonly clock: Clock;
  readonly log: Logger;
}

export async function openMqtt(bus: VirtualBus, { plan, clock, log }: Surroundings): Promise<Endpoint> {
  const { write, read } = payloads[plan.payload ?? "raw"];
  const client = mqtt.connect(plan.url, {
    // The one thing that must not come from the seed: two streets of one name would throw each other off the broker for ever.
    clientId: `street-${hex(systemChance.bytes(6))}`,
    clean: true,
    reconnectPeriod: RECONNECT_MS,
    queueQoSZero: false,
    ...(plan.username === undefined ? {} : { username: plan.username }),
    ...(plan.password === undefined ? {} : { password: plan.password }),
  });
  const deliverTo = new Map<string, (bytes: Uint8Array) => void>();
  const deliverFor = (address: string): ((bytes: Uint8Array) => void) => {
    let deliver = deliverTo.get(address);
    if (deliver === undefined) {
      const topic = `meters/${address}/up`;
      deliver = (bytes) => {
        if (client.connected) client.publish(topic, write(bytes, address), { qos: 1 });
      };
      deliverTo.set(address, deliver);
    }
    return deliver;
  };
  client.on("message", (topic, payload) => {
    const address = DOWN.exec(topic)?.[1];
    const meter = address === undefined ? undefined : bus.meters.get(address);
    const bytes = meter === undefined ? undefined : read(payload);
    if (meter !== undefined && bytes !== undefined) bus.receiveFor(meter, bytes, deliverFor(meter.address));
  });
  client.on("connect", () => {
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  });
  client.on("error", (error) =>
    log.warn({ bus: bus.id, url: plainUrl(plan.url), error: reasonOf(error) }, "the broker cannot be used"),
  );
  bus.drop = () => void client.stream.destroy();
  await untilSubscribed(client, clock, plan);
  return { at: plainUrl(plan.url), close: () => client.endAsync(true) };
}

/** Resolves when the broker has granted the topic; from then on nothing said to a meter is missed. */
async function untilSubscribed(client: MqttClient, clock: Clock, plan: Surroundings["plan"]): Promise<void> {
  const done = new AbortController();
  let why = "no answer";
  client.on("error", (error) => (why = reasonOf(error)));
  const subscribed = new Promise<boolean>((resolve) => {
    client.on("connect", () => {
      client.subscribe("meters/+/down", { qos: 1 }, (error) => {
        if (error === null) resolve(true);
        else why = reasonOf(error);
      });
    });
  });
  const isReady = await Promise.race([subscribed, clock.wait(plan.connectMs ?? CONNECT_MS, done.signal).then(() => false)]);
  done.abort();
  if (isReady) return;
  await client.endAsync(true);
  throw new Fault("broker-unavailable", { url: plainUrl(plan.url), why });
}

/** Without credentials, for people and logs. */
function plainUrl(url: string): string {
  const plain = new URL(url);
  plain.username = "";
  plain.password = "";
  return plain.href.replace(/\/$/, "");
}

interface PayloadForm {
  readonly write: (bytes: Uint8Array, address: string) => Buffer | string;
  /** undefined: not in this form. */
  readonly read: (payload: Buffer) => Uint8Array | undefined;
}

function readHex(text: string): Uint8Array | undefined {
  const digits = text.replaceAll(/\s/g, "");
  return digits.length % 2 === 0 && /^[0-9a-f]*$/i.test(digits) ? fromHex(digits) : undefined;
}

const payloads: Readonly<Record<MqttPayload, PayloadForm>> = {
  raw: { write: (bytes) => Buffer.from(bytes), read: (payload) => new Uint8Array(payload) },
  hex: { write: (bytes) => hex(bytes), read: (payload) => readHex(payload.toString()) },
  json: {
    write: (bytes, address) => JSON.stringify({ address, hex: hex(bytes) }),
    read: (payload) => {
      try {
        const value: unknown = JSON.parse(payload.toString());
        return typeof value === "object" && value !== null && "hex" in value && typeof value.hex === "string"
          ? readHex(value.hex)
          : undefined;
      } catch {
        return undefined;
      }
    },
  },
};
