/**
 * Orders that nobody wants any more: the port was dead, the broker was away, the line was held, and the deadline passed meanwhile. What
 * was accepted and has not left by then never leaves, whatever comes back: seen from the wire, not from our own books.
 */
import { createServer, connect, type AddressInfo, type Server, type Socket } from "node:net";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildConfig } from "../../src/config.ts";
import { Desk, type Thing } from "../../src/demo/desk.ts";
import { startGateway, type Gateway } from "../../src/gateway.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { hours, Instant, minutes, ShiftableClock, type Clock } from "../../src/kernel/clock.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Deframer } from "../../src/protocols/dlt645/index.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { testDatabase } from "../support/database.ts";
import { accountOf, raiseTestHouse, type TestHouse } from "../support/test-house.ts";

const LIMIT_MS = 20_000;
const DAY = Instant(Date.UTC(2026, 10, 23, 1, 0));

const bodyOf = (order: string): Thing => ({ order, reason: "a test wants it" });
const orderOf = async (desk: Desk, address: string, order: string): Promise<string> =>
  String(((await desk.post(`/v1/meters/${address}/relay`, bodyOf(order)))["command"] as Thing)["id"]);
const whenItIs = (desk: Desk, command: string, what: Thing): Promise<Thing> =>
  desk.until(`command ${command} to be ${JSON.stringify(what)}`, LIMIT_MS, async () => {
    const found = await desk.get(`/v1/commands/${command}`);
    return Object.entries(what).every(([name, value]) => found[name] === value) ? found : null;
  });
const isOpen = (desk: Desk, open: boolean): Promise<true> =>
  desk.until(`the line to be ${open ? "open" : "down"}`, LIMIT_MS, async () => {
    const [bus] = (await desk.get("/v1/buses"))["items"] as readonly Thing[];
    return bus!["open"] === open ? true : null;
  });
/** Its deadline passes: a cut is wanted for two hours, a top-up for three days. */
const expires = async (clock: ShiftableClock, desk: Desk, commands: readonly string[]): Promise<void> => {
  await clock.jump(hours(73));
  for (const command of commands)
    expect(await whenItIs(desk, command, { state: "expired" })).toMatchObject({
      because: "deadline",
      proof: { sent: null },
      attempts: [],
    });
};

describe("over TCP", () => {
  const clock = new ShiftableClock(DAY);
  const [first, second, alive] = ["202611220701", "202611220702", "202611220703"] as const;
  /** Control codes of everything the street heard. */
  const heard: number[] = [];
  const sockets = new Set<Socket>();
  let house: TestHouse | undefined;
  let desk: Desk;
  let wire: Server;
  let port: number;

  /** The serial server between gateway and street, which can be switched off. */
  const listen = (at: number): Promise<Server> =>
    new Promise((resolve) => {
      const server = createServer((near) => {
        if (house === undefined) {
          near.on("error", () => undefined).destroy(); // the street is not known yet; the gateway dials again
          return;
        }
        const deframer = new Deframer();
        const far = connect({ port: Number(house.street.endpoints[0]!.at), host: "127.0.0.1" });
        for (const socket of [near, far]) {
          sockets.add(socket);
          socket.on("error", () => undefined).on("close", () => [near, far].forEach((each) => each.destroy()));
        }
        near.on("data", (chunk: Buffer) => {
          for (const piece of deframer.push(chunk)) if (piece.kind === "frame") heard.push(piece.frame.control);
          far.write(chunk);
        });
        far.on("data", (chunk: Buffer) => near.write(chunk));
      });
      server.listen(at, "127.0.0.1", () => resolve(server));
    });
  const switchOff = async (): Promise<void> => {
    const closed = new Promise((resolve) => wire.close(resolve));
    for (const socket of sockets) socket.destroy();
    sockets.clear();
    await closed;
  };

  beforeAll(async () => {
    wire = await listen(0);
    ({ port } = wire.address() as AddressInfo);
    const transport = { kind: "tcp", host: "127.0.0.1", port } as const;
    house = await raiseTestHouse({
      clock,
      start: clock.now(),
      meters: [first, second, alive].map((address) => ({ address, loadKw: 0, balance: "10.00" })),
      site: { buses: [{ id: "tcp-1", transport, turnaroundMs: 1, replyDeadlineMs: 500 }] },
    });
    desk = house.desk;
    await clock.jump(minutes(1)); // past the pause after a first try that failed
    await isOpen(desk, true);
  });
  afterAll(async () => {
    await house?.close();
    await switchOff();
  });

  const READS: readonly number[] = [0x11, 0x12, 0x03]; // 03 asks for the status of the purse as well; what was obeyed tells the rest
  const nothingObeyed = (address: string): void => {
    expect(house!.street.snapshot(address)).toMatchObject({
      balance: "10.00",
      relay: "connected",
      obeyed: { topUps: 0, disconnects: 0 },
    });
  };

  test("a port that was dead until the deadline had passed carries none of what was ordered meanwhile", async () => {
    await switchOff();
    await isOpen(desk, false);
    const { command: topUp } = await desk.pay(accountOf(first), "30.00");
    const cut = await orderOf(desk, first, "disconnect");
    for (const command of [topUp!, cut]) await whenItIs(desk, command, { waitingFor: "line" });
    await expires(clock, desk, [topUp!, cut]);
    heard.length = 0;
    wire = await listen(port);
    await clock.jump(minutes(1)); // the next try to open comes after half a minute at most
    await isOpen(desk, true);
    await whenItIs(desk, await orderOf(desk, alive, "warn"), { state: "confirmed" }); // the line works, in turn
    expect(heard.filter((control) => !READS.includes(control))).toEqual([0x1c]);
    nothingObeyed(first);
  });

  test("a job that waited for the line past its deadline sends nothing when its turn comes", async () => {
    const release = await house!.gateway.street.hold();
    const cut = await orderOf(desk, second, "disconnect");
    await desk.until("the order to stand at the line", LIMIT_MS, () =>
      Promise.resolve(house!.gateway.street.buses()[0]!.waiting > 0 ? true : null),
    );
    heard.length = 0;
    await clock.jump(hours(3));
    release();
    expect(await whenItIs(desk, cut, { state: "expired" })).toMatchObject({ because: "deadline", attempts: [] });
    expect(heard.filter((control) => !READS.includes(control))).toEqual([]);
    nothingObeyed(second);
  });
});

describe("over MQTT", () => {
  const clock = new ShiftableClock(DAY);
  const address = "202611220711";
  const folder = mkdtempSync(join(tmpdir(), "stale-orders-"));
  let broker: Awaited<ReturnType<typeof startEmbeddedBroker>>;
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let gateway: Gateway;
  let spy: mqtt.MqttClient | undefined;

  beforeAll(async () => {
    broker = await startEmbeddedBroker({ port: 0 });
    database = await testDatabase();
    const config = buildConfig(
      {
        http: { port: 0 },
        stores: { data: join(folder, "data"), database: database.connectionString },
        mqtt: { url: broker.url },
        buses: [{ id: "cell", transport: { kind: "mqtt" }, replyDeadlineMs: 300 }],
        meters: [{ address, account: accountOf(address), bus: "cell", model: "standard-wallet" }],
      },
      { file: join(folder, "site.yaml"), env: {} },
    );
    const world: Clock = clock;
    gateway = await startGateway({ config, clock: world, chance: seededChance(7), log: silentLog, consoleFolder: null });
  });
  afterAll(async () => {
    await spy?.endAsync(true);
    await gateway.stop();
    await broker.close();
    await database.drop();
    rmSync(folder, { recursive: true, force: true });
  });

  test("an order that was given while the broker was away is not published when it is back after the deadline", async () => {
    const desk = new Desk(gateway.url, clock);
    await isOpen(desk, true);
    const { port } = new URL(broker.url);
    await broker.close();
    await isOpen(desk, false);
    const { command: topUp } = await desk.pay(accountOf(address), "30.00");
    const cut = await orderOf(desk, address, "disconnect");
    for (const command of [topUp!, cut]) await whenItIs(desk, command, { waitingFor: "line" });
    await expires(clock, desk, [topUp!, cut]);

    broker = await startEmbeddedBroker({ port: Number(port) });
    const published: Buffer[] = [];
    spy = await mqtt.connectAsync(broker.url);
    spy.on("message", (_topic, payload) => published.push(payload));
    await spy.subscribeAsync("meters/+/down", { qos: 1 });
    await clock.jump(minutes(1));
    await isOpen(desk, true);
    await desk.until("something to be asked again", LIMIT_MS, () => Promise.resolve(published.length > 0 ? true : null));
    const deframer = new Deframer();
    const controls = published.flatMap((bytes) =>
      deframer.push(bytes).flatMap((piece) => (piece.kind === "frame" ? [piece.frame.control] : [])),
    );
    expect(controls.filter((control) => control !== 0x11)).toEqual([]);
    expect((await desk.commands(`meter=${address}`)).map(({ state }) => state)).toEqual(["expired", "expired"]);
  });
});
