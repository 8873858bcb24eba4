/** Faults of meters behind a broker, as another client of that broker sees them. */
import mqtt from "mqtt";
import type { MqttClient } from "mqtt";
import { expect, onTestFinished } from "vitest";
import { systemClock } from "../../../src/kernel/clock.ts";
import { hex } from "../../../simulator/bytes.ts";
import type { lineKinds } from "../../../simulator/faults/line-kinds.ts";
import { lineOf } from "../../../simulator/recording/line.ts";
import type { FaultOrder, MqttPayload, Street } from "../../../simulator/street.ts";
import { broker, raise, until } from "../support/street.ts";
import { A, B, C, order, question, RESTORE, RIGHT, TRIP } from "./wire-bench.ts";

type Cases = Readonly<Partial<Record<keyof typeof lineKinds, () => Promise<void>>>>;

interface Seen {
  readonly meter: string;
  readonly payload: string;
  readonly isRetained: boolean;
}

class Gateway {
  readonly street: Street;
  readonly url: string;
  readonly seen: Seen[];
  readonly #client: MqttClient;

  private constructor(street: Street, url: string, client: MqttClient, seen: Seen[]) {
    this.street = street;
    this.url = url;
    this.#client = client;
    this.seen = seen;
  }

  static async raise(fault: FaultOrder, payload: MqttPayload = "hex"): Promise<Gateway> {
    const url = await broker();
    const street = await raise({
      buses: [{ id: "b", endpoint: { kind: "mqtt", url, payload } }],
      meters: [A, B, C].map((address) => ({ address, bus: "b", loadKw: 0, energyKwh: "1.00" })),
    });
    street.setBusFault("b", fault);
    const { client, seen } = await listener(url);
    return new Gateway(street, url, client, seen);
  }

  async say(address: string, payload: string): Promise<void> {
    await this.#client.publishAsync(`meters/${address}/down`, payload, { qos: 1 });
  }

  /** What the recording says of how answers were handed over. */
  get written(): (string | undefined)[][] {
    return this.street.events.events().flatMap((event) => {
      const line = lineOf(event, {});
      return line.what === "noise" ? [[line.fault, line.hex, line.how]] : [];
    });
  }

  /** The meters whose answers came, in order. */
  async answers(count: number): Promise<string[]> {
    await until(`${count} answers`, () => this.seen.length >= count);
    return this.seen.map(({ meter }) => meter);
  }

  /** Proves that nothing more is on its way: what is asked of C now is answered after it. */
  async nothingElse(count: number): Promise<void> {
    await this.say(C, hex(question(C)));
    expect((await this.answers(count + 1)).at(-1)).toBe(C);
    expect(this.seen).toHaveLength(count + 1);
  }
}

async function listener(url: string): Promise<{ client: MqttClient; seen: Seen[] }> {
  const client = await mqtt.connectAsync(url);
  onTestFinished(() => client.endAsync(true));
  const seen: Seen[] = [];
  client.on("message", (topic, payload, { retain }) =>
    seen.push({ meter: topic.slice("meters/".length, -"/up".length), payload: payload.toString(), isRetained: retain }),
  );
  await client.subscribeAsync("meters/+/up", { qos: 1 });
  return { client, seen };
}

const right = hex(RIGHT);

export const mqttCases = {
  "mqtt-duplicate": async () => {
    const gateway = await Gateway.raise({ kind: "mqtt-duplicate", copies: 3 });
    await gateway.say(A, hex(question(A)));
    expect(await gateway.answers(3)).toEqual([A, A, A]);
    expect(new Set(gateway.seen.map(({ payload }) => payload))).toEqual(new Set([right]));
    expect(gateway.street.snapshot(A).heard).toBe(1);
    expect(gateway.written).toEqual([["mqtt-duplicate", right, "3 times"]]);
    await gateway.nothingElse(3);
  },
  "mqtt-reorder": async () => {
    const gateway = await Gateway.raise({ kind: "mqtt-reorder", delayMs: 60_000 });
    await gateway.say(A, hex(question(A)));
    await gateway.say(B, hex(question(B)));
    expect(await gateway.answers(2)).toEqual([B, A]);
    gateway.street.setBusFault("b", { kind: "mqtt-reorder", delayMs: 20 });
    await gateway.say(A, hex(question(A)));
    expect(await gateway.answers(3)).toEqual([B, A, A]);
    await gateway.nothingElse(3);
  },
  "mqtt-queued": async () => {
    const gateway = await Gateway.raise({ kind: "mqtt-queued" });
    await gateway.say(A, hex(order(A, TRIP)));
    await until("it obeyed", () => gateway.street.snapshot(A).relay === "disconnected");
    expect(gateway.seen).toEqual([]);
    expect(await gateway.answers(2)).toEqual([A, A]);
    expect(gateway.street.snapshot(A).obeyed.disconnects).toBe(1);
    await until("it listens again", async () => {
      await gateway.say(C, hex(question(C)));
      await systemClock.wait(20);
      return gateway.seen.some(({ meter }) => meter === C);
    });
    expect(gateway.seen.filter(({ meter }) => meter === A)).toHaveLength(2);
  },
  "mqtt-retained-reply": async () => {
    const gateway = await Gateway.raise({ kind: "mqtt-retained-reply" });
    await gateway.say(A, hex(question(A)));
    await gateway.answers(1);
    const late = await listener(gateway.url);
    await until("the late one hears it", () => late.seen.length > 0);
    expect(late.seen).toEqual([{ meter: A, payload: right, isRetained: true }]);
    // The next answer is an answer like any other.
    await gateway.say(B, hex(question(B)));
    await until("both hear it", () => late.seen.length === 2 && gateway.seen.length === 2);
    expect(late.seen[1]).toMatchObject({ meter: B, isRetained: false });
  },
  "mqtt-retained-order": async () => {
    const gateway = await Gateway.raise({ kind: "mqtt-retained-order" });
    await gateway.say(A, hex(order(A, TRIP)));
    expect(await gateway.answers(2)).toEqual([A, A]);
    expect(gateway.street.snapshot(A).obeyed.disconnects).toBe(2);
    await gateway.say(A, hex(order(A, RESTORE)));
    await gateway.answers(3);
    // Whoever subscribes now finds no order left behind.
    const late = await mqtt.connectAsync(gateway.url);
    onTestFinished(() => late.endAsync(true));
    const left: string[] = [];
    late.on("message", (topic, _payload, { retain }) => {
      if (retain) left.push(topic);
    });
    await late.subscribeAsync("meters/+/down", { qos: 1 });
    await gateway.nothingElse(3);
    expect([left, gateway.street.snapshot(A).relay]).toEqual([[], "connected"]);
  },
  "mqtt-wrong-topic": async () => {
    const gateway = await Gateway.raise({ kind: "mqtt-wrong-topic" });
    await gateway.say(A, hex(question(A)));
    expect(await gateway.answers(1)).toEqual([B]);
    expect(gateway.seen[0]!.payload).toBe(right);
    gateway.street.setBusFault("b", { kind: "mqtt-wrong-topic", address: "999900000001" });
    await gateway.say(A, hex(question(A)));
    expect(await gateway.answers(2)).toEqual([B, "999900000001"]);
    expect(gateway.written).toEqual([
      ["mqtt-wrong-topic", right, `on meters/${B}/up`],
      ["mqtt-wrong-topic", right, "on meters/999900000001/up"],
    ]);
    await gateway.nothingElse(2);
  },
  "mqtt-wrong-msg-id": async () => {
    const gateway = await Gateway.raise({ kind: "mqtt-wrong-msg-id", times: 2 }, "json");
    const data = hex(question(A));
    for (const msg_id of [41, "x-7", 41]) await gateway.say(A, JSON.stringify({ msg_id, data }));
    await gateway.answers(3);
    expect(gateway.seen.map(({ payload }) => JSON.parse(payload) as unknown)).toEqual([
      { msg_id: 42, data: right },
      { msg_id: "x-7-other", data: right },
      { msg_id: 41, data: right },
    ]);
    expect(gateway.written).toEqual([
      ["mqtt-wrong-msg-id", right, "msg_id 42"],
      ["mqtt-wrong-msg-id", right, 'msg_id "x-7-other"'],
    ]);
  },
} satisfies Cases;
