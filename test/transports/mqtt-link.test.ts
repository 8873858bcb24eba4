/** What a broker or a modem may do to us, and how little comes of it: hung up on, never acknowledged, heard twice, badly wrapped. */
import { createServer, type AddressInfo } from "node:net";
import { Aedes } from "aedes";
import mqtt from "mqtt";
import { afterEach, describe, expect, test, vi } from "vitest";
import { seededChance, systemChance } from "../../src/kernel/chance.ts";
import { systemClock, type Clock } from "../../src/kernel/clock.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { ACKNOWLEDGE_MS, MqttLink, type BrokerOptions } from "../../src/transports/mqtt-link.ts";
import { HANG_UPS_MAX, THROWN_OUT_PAUSE_MS } from "../../src/transports/mqtt-pace.ts";
import { payloadForm } from "../../src/transports/mqtt-payloads.ts";
import { MqttTransport } from "../../src/transports/mqtt.ts";
import { embeddedMqtt, mosquittoMissing, mosquittoMqtt } from "../conformance/transport-wires.ts";
import { HandClock } from "./hand-clock.ts";
import { ScriptedBroker } from "./scripted-broker.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
const METER = "202611220001";
const UP = `meters/${METER}/up`;
const TOPICS = { down: "meters/{address}/down", up: "meters/{address}/up" };
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));

class Said {
  readonly lines: string[] = [];
  readonly log: Logger = {
    ...silentLog,
    warn: (fields, message) => void this.lines.push(`warn ${message} ${JSON.stringify(fields)}`),
    error: (fields, message) => void this.lines.push(`error ${message} ${JSON.stringify(fields)}`),
  };
  with(words: RegExp): string[] {
    return this.lines.filter((line) => words.test(line));
  }
}

async function scripted(prepare: (broker: ScriptedBroker) => void = () => undefined) {
  const broker = new ScriptedBroker();
  prepare(broker);
  const url = await broker.start();
  cleanups.push(() => broker.close());
  return { broker, url };
}

async function linkTo(options: BrokerOptions, { clock = systemClock, log = silentLog }: { clock?: Clock; log?: Logger } = {}) {
  const link = new MqttLink(options, { clock, chance: seededChance(7), log });
  cleanups.push(() => link.close());
  await link.start();
  return link;
}

async function open(link: MqttLink, form = payloadForm("raw")) {
  const transport = new MqttTransport(link, TOPICS, METER, form);
  const heard: string[] = [];
  transport.onReceived((bytes) => heard.push(Buffer.from(bytes).toString()));
  await transport.open();
  return { transport, heard };
}

describe("hung up on", () => {
  test("a broker that accepts and hangs up twenty times meets us at a walk, and the reason is told once, with what to do", async () => {
    const { broker, url } = await scripted((it) => (it.hangsUp = true));
    const clock = new HandClock();
    const said = new Said();
    const link = await linkTo({ url, clientId: "gateway-7" }, { clock, log: said.log });
    for (let round = 1; round <= 20; round += 1) {
      await vi.waitFor(() => expect(clock.waits).toHaveLength(round));
      expect(broker.connects).toBe(round);
      if (round < 20) clock.advance(clock.waits.at(-1)!);
    }
    expect(Math.max(...clock.waits.slice(0, HANG_UPS_MAX - 1))).toBeLessThanOrEqual(4_000);
    expect(Math.min(...clock.waits.slice(HANG_UPS_MAX - 1))).toBeGreaterThanOrEqual(THROWN_OUT_PAUSE_MS / 2);
    expect(clock.waits.reduce((sum, wait) => sum + wait, 0)).toBeGreaterThan(7 * 60_000);
    expect(said.with(/^error thrown off the broker.*another client uses our id gateway-7.*mqtt\.clientId/)).toHaveLength(1);
    expect(said.lines.length).toBeLessThanOrEqual(3);
    expect(link.fault.message).toContain("gateway-7");
    await expect(link.publish("d", text("order"))).rejects.toThrow(/line-down/);
    expect(broker.heard).toEqual([]);
  });

  test("two gateways with one client id throw each other out a few times, then one stays and the other says why it is away", async () => {
    const broker = await Aedes.createBroker();
    const server = createServer({ noDelay: true }, (socket) => void broker.handle(socket));
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    cleanups.push(
      () => new Promise<void>((resolve) => server.close(() => resolve())),
      () => new Promise<void>((resolve) => broker.close(resolve)),
    );
    let connects = 0;
    broker.on("client", () => (connects += 1));
    const options = {
      url: `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`,
      clientId: "twin",
      pauseFirstMs: 1,
      pauseMaxMs: 5,
    };
    const links = [await linkTo(options), await linkTo(options)] as const;
    const away = (link: MqttLink) => !link.isConnected && /another client uses our id twin/.test(link.fault.message);
    await vi.waitFor(() => expect(links.map((link) => link.isConnected || away(link))).toEqual([true, true]), 10_000);
    await vi.waitFor(() => expect(links.filter(away)).toHaveLength(1), 10_000);
    expect(links.filter((link) => link.isConnected)).toHaveLength(1);
    expect(connects).toBeLessThanOrEqual(2 * HANG_UPS_MAX + 2);
  });

  test("each process has an id of its own, the same seed or not; a given one is kept", () => {
    const parts = { clock: systemClock, chance: seededChance(7), log: silentLog };
    const ids = [1, 2].map(() => new MqttLink({ url: "mqtt://h:1" }, { ...parts, chance: seededChance(7) }).clientId);
    expect(ids[0]).toMatch(/^gateway-[0-9a-f]{12}$/);
    expect(ids[0]).not.toBe(ids[1]);
    expect(new MqttLink({ url: "mqtt://h:1", clientId: "north-1" }, parts).clientId).toBe("north-1");
  });
});

test("an order that the broker does not acknowledge in time is thrown away with its connection, and never said again", async () => {
  const { broker, url } = await scripted((it) => (it.acknowledges = false));
  const clock = new HandClock();
  const said = new Said();
  const link = await linkTo({ url }, { clock, log: said.log });
  const { transport } = await open(link);
  let lost = "";
  transport.onClosed((why) => (lost = why));
  const sent = transport.send(text("order"));
  await vi.waitFor(() => expect(broker.heard).toEqual(["order"]));
  expect(clock.waits).toEqual([ACKNOWLEDGE_MS]);
  clock.advance(ACKNOWLEDGE_MS);
  await sent;
  expect(lost).toContain("closed");
  await vi.waitFor(() => expect(broker.ends).toEqual(["reset"]));
  expect(said.with(/does not acknowledge/)).toHaveLength(1);
  await vi.waitFor(() => expect(clock.waits).toHaveLength(2));
  broker.acknowledges = true;
  clock.advance(clock.waits[1]!);
  await vi.waitFor(() => expect(link.isConnected).toBe(true));
  await (await open(link)).transport.send(text("next"));
  await vi.waitFor(() => expect(broker.heard).toEqual(["order", "next"]));
});

describe("heard twice", () => {
  test("what the broker marks as delivered again is dropped; the same answer to a question asked again is not", async () => {
    const { broker, url } = await scripted();
    const said = new Said();
    const link = await linkTo({ url }, { log: said.log });
    const { heard } = await open(link);
    broker.say(UP, "a", { packet: 5 });
    broker.say(UP, "a", { packet: 5, dup: true });
    broker.say(UP, "a", { packet: 5, dup: true });
    broker.say(UP, "a", { packet: 6 }); // the question was repeated
    broker.say(UP, "b", { packet: 6, dup: true }); // the number is in use again, and the first delivery was lost
    broker.say(UP, "b", { packet: 6 }); // the same number and the same answer, and no mark
    broker.say(UP, "c", { packet: 7 });
    await vi.waitFor(() => expect(heard.at(-1)).toBe("c"));
    expect(heard).toEqual(["a", "a", "b", "b", "c"]);
    expect(link.ignored.of(UP)).toEqual({ retained: 0, duplicate: 2, malformed: 0, otherQuestion: 0 });
    expect(said.with(/delivered twice/)).toHaveLength(1);
  });

  test("where the modem says our number back, only an answer to the last question is let through, or one without a number", async () => {
    const wire = await embeddedMqtt();
    cleanups.push(() => wire.close());
    const form = payloadForm("json");
    const { transport, heard } = await open(wire.link, form);
    const asked: { msg_id: number; data: string }[] = [];
    wire.far().on("message", (_topic, payload) => asked.push(JSON.parse(payload.toString()) as (typeof asked)[number]));
    const answer = (msg_id: unknown, value: string) =>
      wire.far().publishAsync(UP, JSON.stringify({ msg_id, data: Buffer.from(value).toString("hex") }), { qos: 1 });
    await answer(1, "of a process before us");
    await transport.send(text("first"));
    await vi.waitFor(() => expect(asked).toHaveLength(1));
    await answer(asked[0]!.msg_id, "one");
    await vi.waitFor(() => expect(heard).toEqual(["one"]));
    await transport.send(text("first"));
    await vi.waitFor(() => expect(asked).toHaveLength(2));
    expect(asked[1]!.msg_id).toBe(asked[0]!.msg_id + 1);
    await answer(asked[0]!.msg_id, "one"); // again, and late
    await answer(String(asked[1]!.msg_id), "one");
    await answer(undefined, "two");
    await vi.waitFor(() => expect(heard.at(-1)).toBe("two"));
    expect(heard).toEqual(["one", "one", "two"]);
    expect(wire.link.ignored.of(UP)).toMatchObject({ otherQuestion: 2 });
  });
});

for (const [name, missing, start] of [
  ["embedded broker", null, embeddedMqtt],
  ["mosquitto", mosquittoMissing, mosquittoMqtt],
] as const) {
  describe.skipIf(missing !== null)(`${name}${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
    test("no order of ours is retained: whoever subscribes afterwards hears only what comes afterwards", async () => {
      const wire = await start();
      cleanups.push(() => wire.close());
      const transport = wire.transport();
      await transport.open();
      await transport.send(text("order"));
      await vi.waitFor(() => expect(Buffer.from(wire.heard()).toString()).toBe("order"));
      const late = await mqtt.connectAsync(wire.url, { reconnectPeriod: 0 });
      cleanups.push(() => late.endAsync(true));
      const heard: string[] = [];
      late.on("message", (_topic, payload, { retain }) => heard.push(`${payload.toString()} ${retain ? "retained" : "fresh"}`));
      await late.subscribeAsync(`meters/${METER}/down`, { qos: 1 });
      await transport.send(text("next"));
      await vi.waitFor(() => expect(heard.length).toBeGreaterThan(0));
      expect(heard).toEqual(["next fresh"]);
    });

    test("a retained answer is never let through, each time counted and told once; clearing it says nothing", async () => {
      const wire = await start();
      cleanups.push(() => wire.close());
      await wire.far().publishAsync(UP, "OLD", { qos: 1, retain: true });
      const first = await open(wire.link);
      await vi.waitFor(() => expect(wire.link.ignored.of(UP).retained).toBe(1));
      await first.transport.close();
      const second = await open(wire.link);
      await vi.waitFor(() => expect(wire.link.ignored.of(UP).retained).toBe(2));
      await wire.far().publishAsync(UP, "", { qos: 1, retain: true });
      wire.answer(text("new"));
      await vi.waitFor(() => expect(second.heard).toEqual(["new"]));
      expect([first.heard, wire.link.ignored.of(UP)]).toEqual([
        [],
        { retained: 2, duplicate: 0, malformed: 0, otherQuestion: 0 },
      ]);
    });
  });
}

test("what is not in the form agreed upon is counted and told once for each topic, with the field and without its contents", async () => {
  const wire = await embeddedMqtt();
  cleanups.push(() => wire.close());
  const said = new Said();
  const link = await linkTo({ url: wire.url }, { log: said.log });
  const { heard } = await open(link, payloadForm("json"));
  for (const payload of ['{"msg_id":1,"data":"SECRET"}', "+HEARTBEAT", '{"hex":"68"}'])
    await wire.far().publishAsync(UP, payload, { qos: 1 });
  await wire.far().publishAsync(UP, `{"data":"${Buffer.from("good").toString("hex")}"}`, { qos: 1 });
  await vi.waitFor(() => expect(heard).toEqual(["good"]));
  expect(link.ignored.of(UP).malformed).toBe(3);
  expect(link.ignored.of("meters/202611220002/up").malformed).toBe(0);
  expect(said.with(/form agreed upon.*told once/)).toHaveLength(1);
  expect(said.lines.join()).toContain("data: no hex digit at 1");
  expect(said.lines.join()).not.toMatch(/SECRET|HEARTBEAT/);
});

test("message numbers go up, and begin elsewhere in each process", () => {
  const of = () => new MqttLink({ url: "mqtt://h:1" }, { clock: systemClock, chance: systemChance, log: silentLog });
  const [one, other] = [of(), of()];
  const [first, second] = [one.nextMessageId(), one.nextMessageId()];
  expect(second).toBe(first + 1);
  expect(other.nextMessageId()).not.toBe(first);
});
