/**
 * An ear at a broker for the tools of whoever looks for a trouble: one connection, tried once, that listens to filters (with wildcards)
 * and never publishes. Retained messages come with their mark instead of being dropped: for such a tool they are a finding.
 *
 * Not for a gateway's lines: those are `mqtt-link.ts`, which comes back by itself and lets nothing old through.
 */
import mqtt from "mqtt";
import { systemChance } from "../kernel/chance.ts";
import { Fault, reasonOf } from "../kernel/faults.ts";
import { brokerFault, CONNECT_TIMEOUT_MS, hostOf, noDelay, type BrokerOptions } from "./mqtt-link.ts";

export interface HeardMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** It lay on the broker before we came. */
  readonly retained: boolean;
}

export interface BrokerEar {
  readonly broker: string;
  /** Resolves when the broker has granted it; throws `broker-refused` where its access rules do not. */
  listenTo(filter: string): Promise<void>;
  onHeard(listener: (message: HeardMessage) => void): void;
  onClosed(listener: (why: string) => void): void;
  close(): Promise<void>;
}

export async function openBrokerEar({ url, username, password, ca }: BrokerOptions): Promise<BrokerEar> {
  const broker = `mqtt:${hostOf(url)}`;
  const client = mqtt.connect(url, {
    clientId: `ear-${Buffer.from(systemChance.bytes(6)).toString("hex")}`,
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: CONNECT_TIMEOUT_MS,
    protocolVersion: 4,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password: password.open() }),
    ...(ca === undefined ? {} : { ca }),
  });
  const heard: ((message: HeardMessage) => void)[] = [];
  const closed: ((why: string) => void)[] = [];
  let isClosing = false;
  client.on("message", (topic, payload, { retain }) => {
    for (const listener of heard) listener({ topic, payload, retained: retain });
  });
  await new Promise<void>((resolve, reject) => {
    let why: Fault | undefined;
    client.once("connect", () => resolve());
    client.on("error", (error) => reject((why ??= brokerFault(broker, error))));
    client.once("close", () => reject(why ?? new Fault("broker-unavailable", { broker, why: "the connection was closed" })));
  }).catch((error: unknown) => {
    client.end(true);
    throw error;
  });
  noDelay(client);
  client.once("close", () => {
    if (!isClosing) for (const listener of closed) listener("the broker hung up");
  });
  return {
    broker,
    listenTo: async (filter) => {
      try {
        const grants = await client.subscribeAsync(filter, { qos: 1 });
        if (grants.some(({ qos }) => qos === 128)) throw new Error("the broker's access rules do not allow it");
      } catch (cause) {
        throw new Fault("broker-refused", { broker, subscribe: filter, why: reasonOf(cause) }, { cause });
      }
    },
    onHeard: (listener) => void heard.push(listener),
    onClosed: (listener) => void closed.push(listener),
    close: async () => {
      isClosing = true;
      await client.endAsync(true).catch(() => undefined);
    },
  };
}
