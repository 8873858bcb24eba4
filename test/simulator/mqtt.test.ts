/** Meters on a broker: each its own radio, all in one connection. */
import mqtt from "mqtt";
import type { MqttClient } from "mqtt";
import { expect, onTestFinished, test } from "vitest";
import { hex, joined } from "../../simulator/bytes.ts";
import type { MqttPayload } from "../../simulator/street.ts";
import { writeFrame } from "../../simulator/wire.ts";
import { broker, Ear, raise, readRequest, until } from "./support/street.ts";

const A = "202611220001";
const B = "202611220002";
const reply = (address: string): string => `${address} 91 0000010000010000`;

async function listener(url: string): Promise<{ client: MqttClient; heard: [string, Buffer][] }> {
  const client = await mqtt.connectAsync(url);
  onTestFinished(() => client.endAsync(true));
  const heard: [string, Buffer][] = [];
  client.on("message", (topic, payload) => heard.push([topic, payload]));
  await client.subscribeAsync("meters/+/up", { qos: 1 });
  return { client, heard };
}

const street = (url: string, payload?: MqttPayload, more = {}): Promise<Awaited<ReturnType<typeof raise>>> =>
  raise({
    buses: [{ id: "mqtt-1", endpoint: { kind: "mqtt", url, payload }, ...more }],
    meters: [A, B].map((address) => ({ address, bus: "mqtt-1", loadKw: 0, energyKwh: "1.00" })),
  });

const framesIn = (payload: Buffer): string[] => {
  const ear = new Ear();
  ear.hear(new Uint8Array(payload));
  return ear.replies;
};

test("raw: answers on the meter's own topic, several frames in one payload one by one", async () => {
  const url = await broker();
  const { endpoints } = await street(url);
  expect(endpoints).toEqual([{ bus: "mqtt-1", kind: "mqtt", at: url }]);
  const { client, heard } = await listener(url);
  const request = readRequest(A, "00010000");
  await client.publishAsync(`meters/${A}/down`, Buffer.from(joined(request, request)), { qos: 1 });
  await client.publishAsync(`meters/${B}/down`, Buffer.from(readRequest(B, "00010000")), { qos: 1 });
  await client.publishAsync(`meters/${A}/down`, Buffer.from(readRequest(B, "00010000")), { qos: 1 });
  await client.publishAsync("meters/999999999999/down", Buffer.from(request), { qos: 1 });
  await until("three answers", () => heard.length === 3);
  expect(heard.map(([topic, payload]) => [topic, ...framesIn(payload)])).toEqual([
    [`meters/${A}/up`, reply(A)],
    [`meters/${A}/up`, reply(A)],
    [`meters/${B}/up`, reply(B)],
  ]);
});

test("paced meters take turns each on its own wires, and do not collide", async () => {
  const url = await broker();
  const { snapshot } = await street(url, "raw", { baud: 9_600 }).then((s) => ({
    snapshot: (address: string) => s.snapshot(address),
  }));
  const { client, heard } = await listener(url);
  for (const address of [A, B]) {
    const request = readRequest(address, "00010000");
    await client.publishAsync(`meters/${address}/down`, Buffer.from(joined(request, request, request)), { qos: 1 });
  }
  await until("six answers", () => heard.length === 6);
  expect([snapshot(A).heard, snapshot(B).heard]).toEqual([3, 3]);
});

test("hex and json carry the same frames, and what is neither is left alone", async () => {
  const url = await broker();
  const text = hex(readRequest(A, "00010000"));
  const hexStreet = await street(url, "hex");
  const { client, heard } = await listener(url);
  await client.publishAsync(`meters/${A}/down`, "no hex at all", { qos: 1 });
  await client.publishAsync(`meters/${A}/down`, text.toLowerCase(), { qos: 1 });
  await until("an answer in hex", () => heard.length === 1);
  expect(framesIn(Buffer.from(heard[0]![1].toString(), "hex"))).toEqual([reply(A)]);
  await hexStreet.close();
  await street(url, "json");
  await client.publishAsync(`meters/${A}/down`, "{", { qos: 1 });
  await client.publishAsync(`meters/${A}/down`, JSON.stringify({ hex: text }), { qos: 1 });
  await until("an answer in json", () => heard.length === 2);
  expect(JSON.parse(heard[1]![1].toString())).toMatchObject({ address: A });
});

test("json is answered in the form it was asked in: a modem's msg_id comes back as it was", async () => {
  const url = await broker();
  await street(url, "json");
  const { client, heard } = await listener(url);
  const request = hex(readRequest(A, "00010000"));
  const answer = hex(writeFrame({ address: A, control: 0x91, data: Buffer.from("0000010000010000", "hex") }));
  const exchanges: [object, object][] = [
    [
      { msg_id: 17, data: request },
      { msg_id: 17, data: answer },
    ],
    [{ hex: request }, { address: A, hex: answer }],
    [
      { msg_id: "a-1", data: request.toLowerCase(), topic_id: 4 },
      { msg_id: "a-1", data: answer },
    ],
    [{ data: request }, { data: answer }],
  ];
  for (const [ask] of exchanges) await client.publishAsync(`meters/${A}/down`, JSON.stringify(ask), { qos: 1 });
  for (const wrong of ["[]", "7", '{"data":"6"}', '{"msg_id":1,"data":{}}', '{"hex":null}'])
    await client.publishAsync(`meters/${A}/down`, wrong, { qos: 1 });
  await client.publishAsync(`meters/${B}/down`, JSON.stringify({ hex: hex(readRequest(B, "00010000")) }), { qos: 1 });
  await until("five answers", () => heard.length === 5);
  expect(heard.slice(0, 4).map(([, payload]) => JSON.parse(payload.toString()) as unknown)).toEqual(
    exchanges.map(([, said]) => said),
  );
  expect(heard[4]![0]).toBe(`meters/${B}/up`);
});

test("behind a DTU the meters share one pair of topics and one pair of wires: a frame in pieces, and two at once collide", async () => {
  const url = await broker();
  const s = await raise({
    buses: [{ id: "dtu-1", endpoint: { kind: "mqtt", url, payload: "json", dtu: "17" }, baud: 9_600 }],
    meters: [A, B].map((address) => ({ address, bus: "dtu-1", loadKw: 0, energyKwh: "1.00" })),
  });
  const { client, heard } = await listener(url);
  await client.subscribeAsync("dtu/17/up", { qos: 1 });
  const say = (msg_id: number, bytes: Uint8Array) =>
    client.publishAsync("dtu/17/down", JSON.stringify({ msg_id, data: hex(bytes) }), { qos: 1 });
  const request = readRequest(B, "00010000");
  await say(1, request.subarray(0, 7));
  await say(2, request.subarray(7));
  await until("an answer", () => heard.length === 1);
  const [topic, payload] = heard[0]!;
  const { msg_id, data } = JSON.parse(payload.toString()) as { msg_id: number; data: string };
  expect([topic, msg_id, ...framesIn(Buffer.from(data, "hex"))]).toEqual(["dtu/17/up", 2, reply(B)]);
  await Promise.all([say(3, readRequest(A, "00010000")), say(4, request)]);
  await until("a collision", () => s.frames().some(({ fault }) => fault === "collision"));
});

test("a dropped connection comes back by itself, and the answer of then is not said late", async () => {
  const url = await broker();
  const s = await street(url);
  const { client, heard } = await listener(url);
  s.setBusFault("mqtt-1", { kind: "dropped-connection" });
  await client.publishAsync(`meters/${A}/down`, Buffer.from(readRequest(A, "00010000")), { qos: 1 });
  await until("the meter has heard", () => s.snapshot(A).heard >= 1);
  await until("it answers again", async () => {
    await client.publishAsync(`meters/${B}/down`, Buffer.from(readRequest(B, "00010000")), { qos: 1 });
    return heard.some(([topic]) => topic === `meters/${B}/up`);
  });
});

test("a broker that is not there is named", async () => {
  await expect(
    raise({ buses: [{ id: "mqtt-1", endpoint: { kind: "mqtt", url: "mqtt://127.0.0.1:1", connectMs: 300 } }], meters: [] }),
  ).rejects.toThrow(/broker-unavailable.*127\.0\.0\.1:1/);
});

test("15H over a broker: the answer comes on the topic that was asked, and the meter is reached by its old and its new one", async () => {
  const url = await broker();
  const { meters } = await street(url);
  meters.get(A)!.programmingEnabled = true;
  const { client, heard } = await listener(url);
  const N = "202699990001";
  const say = async (topic: string, frame: Uint8Array): Promise<string[]> => {
    const before = heard.length;
    await client.publishAsync(`meters/${topic}/down`, Buffer.from(frame), { qos: 1 });
    await client.publishAsync(`meters/${B}/down`, Buffer.from(readRequest(B, "00010000")), { qos: 1 });
    await until("the other meter's answer", () => heard.slice(before).some(([where]) => where === `meters/${B}/up`));
    return heard
      .slice(before)
      .filter(([where]) => where !== `meters/${B}/up`)
      .flatMap(([where, payload]) => framesIn(payload).map((frame) => `${where} ${frame}`));
  };
  const named = writeFrame({ address: "AAAAAAAAAAAA", control: 0x15, data: Buffer.from(N, "hex").reverse() });
  expect(await say(A, named)).toEqual([`meters/${A}/up ${N} 95 `]);
  expect(await say(A, readRequest(N, "00010000"))).toEqual([`meters/${A}/up ${reply(N)}`]);
  expect(await say(N, readRequest(N, "00010000"))).toEqual([`meters/${N}/up ${reply(N)}`]);
  expect(await say(A, readRequest(A, "00010000"))).toEqual([]);
  expect(heard.filter(([, payload]) => payload.includes(Buffer.from(named)))).toEqual([]);
});
