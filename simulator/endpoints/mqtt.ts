/**
 * Meters on a broker: each hears on `meters/{address}/down` and answers on `meters/{address}/up`, QoS 1. One connection serves
 * them all. A payload may hold several frames; each answer is a payload of its own.
 *
 * The client's stream gets TCP_NODELAY after each connect, or every round trip costs 40 ms and more.
 */
import { Socket } from "node:net";
import mqtt from "mqtt";
import type { MqttClient } from "mqtt";
import { systemChance } from "../../src/kernel/chance.ts";
import type { Clock } from "../../src/kernel/clock.ts";
import { Fault, reasonOf } from "../../src/kernel/faults.ts";
import type { Logger } from "../../src/kernel/log.ts";
import { hex } from "../bytes.ts";
import type { EndpointPlan } from "../plans.ts";
import type { VirtualBus } from "../virtual-bus.ts";
import type { Deliver } from "../wires.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Asked } from "./mqtt-manners.ts";
import { DOWN_TOPICS, Publisher } from "./mqtt-manners.ts";
import { payloadForms } from "./mqtt-payloads.ts";

const DOWN = /^meters\/(\d{12})\/down$/;
const CONNECT_MS = 15_000;
const RECONNECT_MS = 500;

interface Surroundings {
  readonly plan: Extract<EndpointPlan, { kind: "mqtt" }>;
  readonly clock: Clock;
  readonly log: Logger;
}

export async function openMqtt(bus: VirtualBus, { plan, clock, log }: Surroundings): Promise<Endpoint> {
  const { write, read } = payloadForms[plan.payload ?? "raw"];
  const client = mqtt.connect(plan.url, {
    // The one thing that must not come from the seed: two streets of one name would throw each other off the broker for ever.
    clientId: `street-${hex(systemChance.bytes(6))}`,
    clean: true,
    reconnectPeriod: RECONNECT_MS,
    queueQoSZero: false,
    ...(plan.username === undefined ? {} : { username: plan.username }),
    ...(plan.password === undefined ? {} : { password: plan.password }),
  });
  const publisher = new Publisher(client, clock);
  const deliverTo = new Map<string, Deliver>();
  const deliverFor = (address: string): Deliver => {
    let deliver = deliverTo.get(address);
    if (deliver === undefined) {
      deliver = (bytes, { label, ...how }) =>
        publisher.answer(address, (modem) => write(bytes, address, modem), { ...how, label: label as Asked | undefined });
      deliverTo.set(address, deliver);
    }
    return deliver;
  };
  client.on("message", (topic, payload) => {
    const address = DOWN.exec(topic)?.[1];
    const meter = address === undefined ? undefined : bus.meters.get(address);
    const asked = meter === undefined ? undefined : read(payload);
    if (meter === undefined || asked === undefined) return;
    bus.receiveFor(meter, asked.bytes, deliverFor(meter.address), { topic, payload, modem: asked.modem } satisfies Asked);
  });
  client.on("connect", () => {
    if (client.stream instanceof Socket) client.stream.setNoDelay(true);
  });
  client.on("error", (error) =>
    log.warn({ bus: bus.id, url: plainUrl(plan.url), error: reasonOf(error) }, "the broker cannot be used"),
  );
  bus.hands["dropped-connection"] = () => void client.stream.destroy();
  await untilSubscribed(client, clock, plan);
  return { at: plainUrl(plan.url), close: () => (publisher.close(), client.endAsync(true)) };
}

/** Resolves when the broker has granted the topic; from then on nothing said to a meter is missed. */
async function untilSubscribed(client: MqttClient, clock: Clock, plan: Surroundings["plan"]): Promise<void> {
  const done = new AbortController();
  let why = "no answer";
  client.on("error", (error) => (why = reasonOf(error)));
  const subscribed = new Promise<boolean>((resolve) => {
    client.on("connect", () => {
      client.subscribe(DOWN_TOPICS, { qos: 1 }, (error) => {
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
