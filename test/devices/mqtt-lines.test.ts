/** Lines over a broker: frames in pieces and in heaps, meters behind one DTU, and how long a mobile network may take. */
import type { Socket } from "node:net";
import mqtt from "mqtt";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { MqttBus } from "../../src/devices/bus-config.ts";
import { Line } from "../../src/devices/line.ts";
import { Priority } from "../../src/devices/meter.ts";
import { overMqtt } from "../../src/devices/mqtt-lines.ts";
import { timingDefaults, timingOf } from "../../src/devices/timing.ts";
import { seededChance, systemChance } from "../../src/kernel/chance.ts";
import { hours, later, systemClock } from "../../src/kernel/clock.ts";
import { MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Deframer, encodeFrame, type Frame } from "../../src/protocols/dlt645/index.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { MqttLink } from "../../src/transports/mqtt-link.ts";
import { PAYLOAD_KINDS, payloadForm, type PayloadKind } from "../../src/transports/mqtt-payloads.ts";
import { Reconnecting } from "../../src/transports/reconnecting.ts";
import { embeddedMqtt, mosquittoMissing, mosquittoMqtt } from "../conformance/transport-wires.ts";
import { HandClock } from "../transports/hand-clock.ts";
import { A, B, FarMeter, quick, readReplyTo, readRequest } from "./far-meter.ts";
import { raiseHouse } from "./house.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const raw = (frame: Frame): Uint8Array => encodeFrame(frame, { preamble: 2 });
const ask = (line: Line, frame: Frame) => line.ask({ frame, preamble: 4, priority: Priority.person });

/** A DTU played by the test: each request it hears is answered by the messages that `answer` makes of it. */
async function playDtu(url: string, payload: PayloadKind, answer: (request: Frame) => readonly Uint8Array[]) {
  const form = payloadForm(payload);
  const client = await mqtt.connectAsync(url, { reconnectPeriod: 0 });
  (client.stream as Socket).setNoDelay(true);
  closers.push(() => client.endAsync(true));
  const heard: Frame[] = [];
  client.on("message", (_topic, message) => {
    const read = form.read(message);
    if ("wrong" in read) throw new Error(read.wrong);
    for (const piece of new Deframer().push(read.bytes)) {
      if (piece.kind !== "frame") continue;
      heard.push(piece.frame);
      for (const bytes of answer(piece.frame))
        client.publish("dtu/17/up", Buffer.from(form.write(bytes, Number(read.id))), { qos: 1 });
    }
  });
  await client.subscribeAsync("dtu/17/down", { qos: 1 });
  return { heard };
}

async function lineOver(url: string, payload: PayloadKind) {
  const parts = { clock: systemClock, chance: systemChance, log: silentLog };
  const link = new MqttLink({ url }, parts);
  await link.start();
  closers.push(() => link.close());
  const bus: MqttBus = { kind: "mqtt", down: "dtu/17/down", up: "dtu/17/up", payload };
  const reconnecting = new Reconnecting({ ...overMqtt(link, bus), ...parts });
  const line = new Line({
    id: "dtu",
    link: reconnecting,
    timing: { ...quick, turnaroundMs: 0, answerMs: 2_000 },
    clock: systemClock,
    log: silentLog,
  });
  closers.push(() => line.close());
  await reconnecting.start();
  return line;
}

for (const [broker, missing, start] of [
  ["embedded broker", null, embeddedMqtt],
  ["mosquitto", mosquittoMissing, mosquittoMqtt],
] as const) {
  describe.skipIf(missing !== null)(`${broker}${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
    for (const payload of PAYLOAD_KINDS) {
      test(`${payload}: a reply cut into two messages at any byte is one reply, and so is one in single bytes`, async () => {
        const wire = await start();
        closers.push(() => wire.close());
        const whole = raw(readReplyTo(readRequest(A)));
        let cut = 1;
        await playDtu(wire.url, payload, (request) => {
          const bytes = raw(readReplyTo(request));
          if (cut === bytes.length) return Array.from(bytes, (byte) => Uint8Array.of(byte));
          return [bytes.subarray(0, cut), bytes.subarray(cut)];
        });
        const line = await lineOver(wire.url, payload);
        for (; cut <= whole.length; cut += 1)
          expect(await ask(line, readRequest(A))).toMatchObject({ outcome: "answered", reply: { is: "value" } });
        expect(line.counts).toMatchObject({ exchanges: whole.length, silences: 0, strays: 0, noiseBytes: 0 });
      });

      test(`${payload}: of several frames in one message each is heard, and the one that answers is taken`, async () => {
        const wire = await start();
        closers.push(() => wire.close());
        await playDtu(wire.url, payload, (request) => {
          const neighbour = raw(readReplyTo(readRequest(B), "00099999"));
          const other = raw(readReplyTo(readRequest(A, "00020000"), "00088888"));
          return [Uint8Array.from([...neighbour, ...other, ...raw(readReplyTo(request)), ...neighbour])];
        });
        const line = await lineOver(wire.url, payload);
        const answer = await ask(line, readRequest(A));
        expect(answer).toMatchObject({ outcome: "answered", reply: { is: "value" } });
        const value =
          answer.outcome === "answered" && answer.reply.is === "value" ? Buffer.from(answer.reply.bytes).toString("hex") : "";
        expect([value, line.counts.strays, line.counts.late]).toEqual(["45230100", 2, 1]);
      });
    }
  });
}

test("meters behind one DTU share a line and take turns on it; with their own topics each has a line", async () => {
  const shared = await raiseHouse({ carrier: "mqtt", mqtt: { payload: "json", dtu: "17" } });
  closers.push(() => shared.close());
  const asked = await Promise.all([A, B].map((address) => shared.session(MeterAddress(address))));
  await Promise.all(asked.map((session) => session.readWallet()));
  await Promise.all(asked.map((session) => session.close()));
  expect(shared.street.buses()).toMatchObject([{ id: "bus-1", transport: "mqtt:dtu/17/down", open: true }]);
  expect(shared.simulator.frames().filter(({ fault }) => fault === "collision")).toEqual([]);
  const own = await raiseHouse({ carrier: "mqtt", mqtt: { payload: "hex" } });
  closers.push(() => own.close());
  const session = await own.session();
  await session.readWallet();
  await session.close();
  expect(own.street.buses().map(({ id }) => id)).toEqual([`bus-1/${A}`, `bus-1/${B}`]);
});

test("what the broker brought and nobody let through stands in the picture of its bus", async () => {
  const house = await raiseHouse({ carrier: "mqtt", mqtt: { payload: "hex", dtu: "17" } });
  closers.push(() => house.close());
  const client = await mqtt.connectAsync(house.broker!.url, { reconnectPeriod: 0 });
  closers.push(() => client.endAsync(true));
  await (await house.session()).close(); // the line is open
  await client.publishAsync("dtu/17/up", "+IMEI", { qos: 1 });
  await vi.waitFor(() =>
    expect(house.street.buses()[0]?.ignored).toEqual({ retained: 0, duplicate: 0, malformed: 1, otherQuestion: 0 }),
  );
});

describe("a mobile network takes its time", () => {
  const DEADLINE_MS = timingDefaults.mqtt.answerMs;
  async function slowLine(replyDeadlineMs?: number) {
    const clock = new HandClock();
    const far = new FarMeter();
    far.answer = () => undefined;
    const transport = { kind: "mqtt", down: "d", up: "u", payload: "raw" } as const;
    const link = new Reconnecting({ make: () => far.wire.transport(), clock, chance: seededChance(1), log: silentLog });
    const line = new Line({ id: "slow", link, timing: timingOf({ transport, replyDeadlineMs }), clock, log: silentLog });
    await link.start();
    const asked = async (di?: string) => {
      const count = far.heard.length;
      const answer = ask(line, readRequest(A, di));
      await vi.waitFor(() => expect(far.heard.length).toBe(count + 1));
      return answer;
    };
    return { clock, far, line, asked };
  }

  test("the deadline is 8 s unless the site file says otherwise", () => {
    expect(DEADLINE_MS).toBe(8_000);
  });

  test("a reply after 7 s is taken; with the deadline at 12 s one after 11 s is too", async () => {
    for (const [deadline, lateness] of [
      [undefined, 7_000],
      [12_000, 11_000],
    ] as const) {
      const { clock, far, asked, line } = await slowLine(deadline);
      const answer = asked();
      await vi.waitFor(() => expect(clock.sleeping).toBe(1));
      clock.advance(lateness);
      far.say(readReplyTo(readRequest(A)));
      expect(await answer).toMatchObject({ outcome: "answered", at: 1_000_000 + lateness });
      expect(line.counts).toMatchObject({ silences: 0, late: 0 });
    }
  });

  test("a reply after the deadline belongs to nobody: the question that was asked again in vain is not answered by it", async () => {
    const { clock, far, asked, line } = await slowLine();
    const silent = asked();
    await vi.waitFor(() => expect(clock.sleeping).toBe(1));
    clock.advance(DEADLINE_MS);
    expect(await silent).toMatchObject({ outcome: "silent" });
    const again = ask(line, readRequest(A));
    far.say(readReplyTo(readRequest(A), "00000001"));
    await vi.waitFor(() => expect(line.counts.late).toBe(1));
    expect(far.heard).toHaveLength(1); // not asked before the line has been quiet for a whole window
    clock.advance(timingDefaults.mqtt.quietMs);
    await vi.waitFor(() => expect(far.heard).toHaveLength(2));
    far.say(readReplyTo(readRequest(A), "00000002"));
    const answer = await again;
    expect(answer.outcome === "answered" && answer.reply.is === "value" ? answer.reply.bytes[0] : null).toBe(2);
  });
});

test("over the broker of a real street: an order lies in its topic once, and nothing that was asked while it was away comes later", async () => {
  const house = await raiseHouse({ carrier: "mqtt", mqtt: { payload: "json", dtu: "17" } });
  closers.push(() => house.close());
  const session = await house.session();
  await session.readRelay();
  await house.broker!.close();
  await vi.waitFor(() => expect(house.street.buses()[0]?.open).toBe(false), 5_000);
  const before = house.simulator.frames().length;
  await expect(session.orderRelay("disconnect", { notAfter: later(house.clock.now(), hours(1)) })).rejects.toThrow(/line-down/);
  const broker = await startEmbeddedBroker({ port: house.broker!.port });
  closers.push(() => broker.close());
  await vi.waitFor(() => expect(house.street.buses()[0]?.open).toBe(true), 5_000);
  // What is asked now is heard after anything that was left behind.
  await vi.waitFor(async () => expect(await session.readRelay()).toMatchObject({ relay: "connected" }), 10_000);
  const since = house.simulator.frames().slice(before);
  expect(since.filter(({ direction, hex }) => direction === "request" && /68.{12}681C/i.test(hex))).toEqual([]);
  expect(house.simulator.snapshot(A).obeyed.disconnects).toBe(0);
  await session.close();
});
