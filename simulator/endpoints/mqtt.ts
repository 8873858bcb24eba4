/**
 * Meters on a broker: each hears on `meters/{address}/down` and answers on `meters/{address}/up`, QoS 1, or all of them sit behind
 * one DTU and share its two topics and its wires. One connection serves them all. A payload may hold several frames; each answer is
 * a payload of its own, on the topic beside the one that was asked. Who got another address by 15H is found under it, and under the
 * planned one as long as nobody else has that: a modem keeps its topic.
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
import type { VirtualMeter } from "../virtual-meter.ts";
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
  const deliverFor = (planned: string): Deliver => {
    let deliver = deliverTo.get(planned);
    if (deliver === undefined) {
      deliver = (bytes, { label, ...how }) => {
        const asked = label as Asked | undefined;
        const name = asked?.name ?? planned;
        publisher.answer(name, (modem) => write(bytes, name, modem), { ...how, label: asked });
      };
      deliverTo.set(planned, deliver);
    }
    return deliver;
  };
  const dtu = plan.dtu === undefined ? undefined : bus.join(deliverFor(plan.dtu));
  client.on("message", (topic, payload) => {
    if (dtu !== undefined) {
      const said = read(payload);
      if (said !== undefined) dtu.receive(said.bytes, { topic, name: plan.dtu!, payload, modem: said.modem } satisfies Asked);
      return;
    }
    const name = DOWN.exec(topic)?.[1];
    const meters = name === undefined ? [] : reachedBy(bus, name);
    const asked = meters.length === 0 ? undefined : read(payload);
    if (name === undefined || asked === undefined) return;
    const label = { topic, name, payload, modem: asked.modem } satisfies Asked;
    for (const meter of meters) bus.receiveFor(meter, asked.bytes, deliverFor(meter.plan.address), label);
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

function reachedBy(bus: VirtualBus, name: string): readonly VirtualMeter[] {
  const named = bus.named(name);
  const planned = named.length === 0 ? bus.meters.get(name) : undefined;
  return planned === undefined ? named : [planned];
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
