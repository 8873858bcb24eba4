/**
 * Listens to the topics of an MQTT link and says nothing: which meter, which direction, and the bytes, or why the message holds none.
 * Where each meter has topics of its own, `+` stands for its address, so that all of them are heard.
 */
import type { Clock, Instant } from "../kernel/clock.ts";
import { Fault } from "../kernel/faults.ts";
import { openBrokerEar } from "../transports/mqtt-ear.ts";
import { payloadForm } from "../transports/mqtt-payloads.ts";
import { topicFor } from "../transports/mqtt.ts";
import type { MqttTarget } from "./link-url.ts";

export type Side = "down" | "up";

export interface TopicHeard {
  readonly at: Instant;
  readonly topic: string;
  readonly side: Side;
  /** Null where the topics are those of a DTU, in which there is no address. */
  readonly address: string | null;
  /** It lay on the broker before we came. */
  readonly retained: boolean;
  /** The message as it came. */
  readonly payload: Uint8Array;
  readonly held: { readonly bytes: Uint8Array } | { readonly wrong: string };
}

export interface TopicListening {
  readonly broker: string;
  /** What is listened to, by direction. */
  readonly filters: Readonly<Record<Side, string>>;
  onHeard(listener: (heard: TopicHeard) => void): void;
  onClosed(listener: (why: string) => void): void;
  /** Begins; throws `broker-refused` with the filter that the broker's rules do not allow. */
  start(): Promise<void>;
  close(): Promise<void>;
}

const ADDRESS = "{address}";

/** Undefined where no wildcard can stand for the address: MQTT knows them for whole levels alone. */
export const filterOf = (template: string): string | undefined => {
  const levels = template.split("/").map((level) => (level === ADDRESS ? "+" : level));
  return levels.some((level) => level.includes(ADDRESS)) ? undefined : levels.join("/");
};

/** The address that a topic carries by this template; undefined: it is none of these topics. */
export function addressIn(template: string, topic: string): string | null | undefined {
  if (!template.includes(ADDRESS)) return template === topic ? null : undefined;
  const at = template.split("/").findIndex((level) => level.includes(ADDRESS));
  const address = /\d{12}/.exec(topic.split("/")[at] ?? "")?.[0];
  return address !== undefined && topicFor(template, address) === topic ? address : undefined;
}

/** Connects. `address`: this meter's topics alone. */
export async function listenToTopics({ transport, broker }: MqttTarget, clock: Clock, address?: string): Promise<TopicListening> {
  const own = (template: string): string => (address === undefined ? template : topicFor(template, address));
  const templates = { down: own(transport.down), up: own(transport.up) };
  const filterFor = (side: Side): string => {
    const filter = filterOf(templates[side]);
    if (filter !== undefined) return filter;
    throw new Fault("invalid-request", {
      field: `link: ?${side}`,
      given: templates[side],
      allowed: `topics in which ${ADDRESS} is a whole level, as in meters/${ADDRESS}/${side}: only there can + stand for all meters; else write one meter's address into both topics`,
    });
  };
  const filters = { down: filterFor("down"), up: filterFor("up") };
  const form = payloadForm(transport.payload);
  const ear = await openBrokerEar(broker);
  return {
    broker: ear.broker,
    filters,
    onHeard: (listener) =>
      ear.onHeard(({ topic, payload, retained }) => {
        if (payload.length === 0) return; // how a retained message is cleared
        for (const side of ["down", "up"] as const) {
          const carried = addressIn(templates[side], topic);
          if (carried === undefined) continue;
          listener({
            at: clock.now(),
            topic,
            side,
            address: carried ?? address ?? null,
            retained,
            payload,
            held: form.read(payload),
          });
          return;
        }
      }),
    onClosed: (listener) => ear.onClosed(listener),
    start: async () => {
      for (const side of ["down", "up"] as const) await ear.listenTo(filters[side]);
    },
    close: () => ear.close(),
  };
}

/** What passes on all other topics, as far as the broker lets us hear it; where it does not, nothing. */
export async function listenEverywhere(
  { transport, broker }: MqttTarget,
  listener: (topic: string, payload: Uint8Array) => void,
): Promise<{ close(): Promise<void> }> {
  const ear = await openBrokerEar(broker);
  ear.onHeard(({ topic, payload, retained }) => {
    const isOurs = [transport.down, transport.up].some((template) => addressIn(template, topic) !== undefined);
    if (!retained && !isOurs) listener(topic, payload);
  });
  await ear.listenTo("#").catch(() => undefined);
  return { close: () => ear.close() };
}
