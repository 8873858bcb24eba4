/**
 * Meters on a broker: each hears on `meters/{address}/down` and answers on `meters/{address}/up`, QoS 1, or all of them sit behind
 * one DTU and share its two topics and its wires. One connection serves them all. A payload may hold several frames; each answer is
 * a payload of its own.
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
import { dtuTopics, METER_TOPICS, Publisher } from "./mqtt-manners.ts";
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
  const topics = plan.dtu === undefined ? METER_TOPICS : dtuTopics(plan.dtu);
  const publisher = new Publisher(client, clock, topics);
  const deliverTo = new Map<string, Deliver>();
  const deliverFor = (address: string): Deliver => {
    let deliver = deliverTo.get(address);
    if (deliver === undefined) {
      deliver = (bytes, { manner, label }) =>
        publisher.answer(address, (modem) => write(bytes, address, modem), { manner, label: label as Asked | undefined });
      deliverTo.set(address, deliver);
    }
    return deliver;
  };
  const dtu = plan.dtu === undefined ? undefined : bus.join(deliverFor(plan.dtu));
  client.on("message", (topic, payload) => {
    if (dtu !== undefined) {
      const said = read(payload);
      if (said !== undefined) dtu.receive(said.bytes, { topic, payload, modem: said.modem } satisfies Asked);
      return;
    }
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
  await untilSubscribed(client, topics.down, { plan, clock });
  return { at: plainUrl(plan.url), close: () => (publisher.close(), client.endAsync(true)) };
}

/** Resolves when the broker has granted the topic; from then on nothing said to a meter is missed. */
async function untilSubscribed(
  client: MqttClient,
  topic: string,
  { plan, clock }: Pick<Surroundings, "plan" | "clock">,
): Promise<void> {
  const done = new AbortController();
  let why = "no answer";
  client.on("error", (error) => (why = reasonOf(error)));
  const subscribed = new Promise<boolean>((resolve) => {
    client.on("connect", () => {
      client.subscribe(topic, { qos: 1 }, (error) => {
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
