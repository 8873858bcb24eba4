/** Traps of MQTT, each measured once and held here: stale publishes, retained orders, slow QoS 1, refused credentials. */
import { createServer, type AddressInfo } from "node:net";
import { Aedes } from "aedes";
import mqtt from "mqtt";
import { afterEach, describe, expect, test, vi } from "vitest";
import { systemChance } from "../../src/kernel/chance.ts";
import { systemClock } from "../../src/kernel/clock.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { MqttLink } from "../../src/transports/mqtt-link.ts";
import { topicFor } from "../../src/transports/mqtt.ts";
import { REFUSED_PAUSE_MS } from "../../src/transports/reconnecting.ts";
import { embeddedMqtt, mosquittoMissing, mosquittoMqtt } from "../conformance/transport-wires.ts";
import { HandClock } from "./hand-clock.ts";

const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value));

for (const [name, missing, start] of [
  ["embedded broker", null, embeddedMqtt],
  ["mosquitto", mosquittoMissing, mosquittoMqtt],
] as const) {
  describe.skipIf(missing !== null)(`${name}${missing === null ? "" : ` (skipped: ${missing})`}`, () => {
    test("nothing that was given while the broker was away is published after it is back", async () => {
      const wire = await start();
      cleanups.push(() => wire.close());
      const transport = wire.transport();
      await transport.open();
      await transport.send(text("before."));
      await vi.waitFor(() => expect(Buffer.from(wire.heard()).toString()).toBe("before."));
      await wire.vanish();
      await vi.waitFor(() => expect(wire.link.isConnected).toBe(false), 10_000);
      await expect(transport.send(text("STALE"))).rejects.toSatisfy((error) => isFault(error, "line-down"));
      await expect(wire.link.publish("meters/202611220001/down", text("STALE"))).rejects.toSatisfy((error) =>
        isFault(error, "line-down"),
      );
      await wire.comeBack();
      const next = wire.transport();
      await next.open();
      await next.send(text("after."));
      await vi.waitFor(() => expect(Buffer.from(wire.heard()).toString()).toBe("before.after."));
    });

    test("a QoS 1 round trip takes less than 20 ms in the median: delay is off on both ends", async () => {
      const wire = await start();
      cleanups.push(() => wire.close());
      const transport = wire.transport();
      await transport.open();
      wire.far().on("message", () => wire.answer(text("pong")));
      const took: number[] = [];
      for (let n = 0; n < 21; n += 1) {
        const answered = new Promise<void>((resolve) => transport.onReceived(() => resolve()));
        const startedAt = performance.now();
        await transport.send(text("ping"));
        await answered;
        took.push(performance.now() - startedAt);
      }
      expect(took.sort((a, b) => a - b)[10]).toBeLessThan(20);
    });

    test("a retained message on an up-topic is ignored and counted: it answers a question of another day", async () => {
      const wire = await start();
      cleanups.push(() => wire.close());
      await wire.far().publishAsync("meters/202611220001/up", "OLD", { qos: 1, retain: true });
      const transport = wire.transport();
      let heard = "";
      transport.onReceived((bytes) => (heard += Buffer.from(bytes).toString()));
      await transport.open();
      await vi.waitFor(() => expect(wire.link.ignored.of("meters/202611220001/up").retained).toBe(1));
      wire.answer(text("new"));
      await vi.waitFor(() => expect(heard).toBe("new"));
    });
  });
}

test("refused credentials have a name, the secret is in no log, and the next try waits a minute", async () => {
  const broker = await Aedes.createBroker({ authenticate: (_client, _user, _password, done) => done(null, false) });
  const server = createServer({ noDelay: true }, (socket) => void broker.handle(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  cleanups.push(
    () => new Promise<void>((resolve) => server.close(() => resolve())),
    () => new Promise<void>((resolve) => broker.close(resolve)),
  );
  const said: string[] = [];
  const note = (fields: object, message: string) => said.push(JSON.stringify(fields) + message);
  const log: Logger = { ...silentLog, info: note, warn: note, error: note };
  const clock = new HandClock();
  const url = `mqtt://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const link = new MqttLink(
    { url, username: "gateway", password: new Secret("swordfish") },
    { clock, chance: systemChance, log },
  );
  await link.start();
  cleanups.push(() => link.close());
  expect(isFault(link.fault, "broker-refused")).toBe(true);
  await vi.waitFor(() => expect(clock.waits).toEqual([REFUSED_PAUSE_MS]));
  expect(said.join()).toContain("broker-refused");
  expect(said.join()).not.toContain("swordfish");
});

test("no broker at all: the link says so, keeps trying, and is there when the broker comes", async () => {
  const spare = await startEmbeddedBroker({ port: 0 });
  await spare.close();
  const link = new MqttLink(
    { url: spare.url, pauseFirstMs: 10, pauseMaxMs: 20 },
    { clock: systemClock, chance: systemChance, log: silentLog },
  );
  cleanups.push(() => link.close());
  await link.start();
  expect(isFault(link.fault, "broker-unavailable")).toBe(true);
  const broker = await startEmbeddedBroker({ port: spare.port });
  cleanups.push(() => broker.close());
  await vi.waitFor(() => expect(link.isConnected).toBe(true), 5_000);
});

test("the embedded broker listens on loopback, and takes the next port when its own is taken", async () => {
  const first = await startEmbeddedBroker({ port: 0 });
  cleanups.push(() => first.close());
  const second = await startEmbeddedBroker({ port: first.port });
  cleanups.push(() => second.close());
  expect(second.port).toBeGreaterThan(first.port);
  expect(second.url).toBe(`mqtt://127.0.0.1:${second.port}`);
  const client = await mqtt.connectAsync(second.url, { reconnectPeriod: 0 });
  await client.endAsync();
});

test("a broker url that is none is refused without printing what may be a password", () => {
  const build = () => new MqttLink({ url: "user:swordfish@host" }, { clock: systemClock, chance: systemChance, log: silentLog });
  expect(build).not.toThrow(/swordfish/);
});

test("topics are made from templates", () => {
  expect(topicFor("meters/{address}/down", "202611220001")).toBe("meters/202611220001/down");
});
