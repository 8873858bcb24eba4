/** All lines together: what starts, what is refused at the start, who waits for whom, and how it is held still. */
import { createServer, type AddressInfo } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { BusConfig } from "../../src/devices/bus-config.ts";
import { Priority, type MeterRecord, type Street } from "../../src/devices/meter.ts";
import { buildStreetLines } from "../../src/devices/street-lines.ts";
import { timingOf } from "../../src/devices/timing.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { hours, Instant, later, minutes, ShiftableClock, systemClock } from "../../src/kernel/clock.ts";
import { isFault, type FaultCode } from "../../src/kernel/faults.ts";
import { BusId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Fen } from "../../src/kernel/money.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { startEmbeddedBroker } from "../../src/transports/embedded-broker.ts";
import { A, B, raiseHouse, type House, type HouseOptions } from "./house.ts";

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
const raise = async (options: HouseOptions = {}): Promise<House> => {
  const house = await raiseHouse(options);
  closers.push(() => house.close());
  return house;
};
const code = (expected: FaultCode) => (error: unknown) => isFault(error) && error.code === expected;

const tcp: BusConfig = { id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port: 1 } };
const record = (address: string, bus = "tcp-1"): MeterRecord => ({
  address: MeterAddress(address),
  meterNumber: address,
  customerNumber: address,
  account: null,
  bus: BusId(bus),
  model: "standard-wallet",
  relayPassword: null,
});
const build = (buses: readonly BusConfig[], meters: readonly MeterRecord[], mqttUrl?: string): Street => {
  const street = buildStreetLines({
    clock: systemClock,
    chance: seededChance(1),
    log: silentLog,
    security: softwareModule({ chance: seededChance(1), log: silentLog, mode: "test" }),
    buses,
    meters,
    timeZone: "Asia/Shanghai",
    ...(mqttUrl === undefined ? {} : { mqtt: { url: mqttUrl, pauseFirstMs: 10, pauseMaxMs: 30 } }),
  });
  closers.push(() => street.close());
  return street;
};

describe("what the start refuses, by name", () => {
  test("a caller whose meter hangs elsewhere", () => {
    const hill: BusConfig = {
      id: "hill",
      transport: { kind: "tcp-server", port: 0 },
      callers: [{ registration: "R", meters: [B] }],
    };
    expect(() => build([hill], [record(A, "hill")])).toThrow(/site-file-invalid.*callers\[0\]\.meters\[0\]/);
  });
  const overTopics = (id: string, down: string, up: string): BusConfig => ({
    id,
    transport: { kind: "mqtt", down, up, payload: "raw" },
  });
  for (const [what, buses, why] of [
    ["one topic of a meter and one of a DTU", [overTopics("cell", "dtu/17/down", "u/{address}")], /\[0\].*down.*no \{address\}/],
    ["the same mistake the other way round", [overTopics("cell", "d/{address}", "dtu/17/up")], /\[0\].*up.*no \{address\}/],
    ["a topic with a wildcard", [overTopics("cell", "d/+", "u")], /\[0\].*down.*no wildcards/],
    ["one topic for both directions", [overTopics("cell", "d", "d")], /\[0\].*up.*hear ourselves/],
    [
      "two buses on one DTU",
      [overTopics("a", "dtu/17/down", "dtu/17/up"), overTopics("b", "dtu/17/down", "dtu/17/other")],
      /\[1\].*topic dtu\/17\/down.*bus a speaks there/,
    ],
    [
      "a DTU on the topic of a meter",
      [overTopics("a", `d/${A}`, `u/${A}`), overTopics("b", "d/{address}", "u/{address}")],
      /\[1\].*down.*bus a has the topic d\/202611220001/,
    ],
  ] as const) {
    test(what, () => expect(() => build(buses, [], "mqtt://127.0.0.1:1")).toThrow(why));
  }
  test("a meter on a bus that does not exist", () => {
    expect(() => build([tcp], [record(A, "elsewhere")])).toThrow(/meters\[0\]\.bus.*elsewhere/);
  });
  test("the same address twice", () => {
    expect(() => build([tcp], [record(A), record(A)])).toThrow(/meters\[1\]\.address.*already hangs on tcp-1/);
  });
  test("the address of everybody", () => {
    expect(() => build([tcp], [record("999999999999")])).toThrow(/meters\[0\]\.address.*no meter has/);
  });
  test("a bus named twice, and two buses on one pair of wires", () => {
    expect(() => build([tcp, tcp], [])).toThrow(/buses\[1\]\.id.*named twice/);
    expect(() => build([tcp, { ...tcp, id: "tcp-2" }], [])).toThrow(
      /buses\[1\]\.transport.*127\.0\.0\.1:1.*tcp-1 speaks there already/,
    );
  });
  test("a bus over mqtt without a broker", () => {
    const cell: BusConfig = { id: "cell", transport: { kind: "mqtt", down: "d/{address}", up: "u/{address}", payload: "raw" } };
    expect(() => build([cell], [])).toThrow(/mqtt\.url/);
  });
});

test("a line that cannot open does not stop the start: it is down, says why, and comes when it can", async () => {
  const server = createServer((socket) => socket.resume().on("error", () => undefined)); // whoever hangs up does so with a reset
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  const street = build([{ id: "tcp-1", transport: { kind: "tcp", host: "127.0.0.1", port } }], [record(A)]);
  const session = await street.session(A, { priority: Priority.person });
  await expect(session.readRelay()).rejects.toSatisfy(code("line-down"));
  expect(street.buses()).toMatchObject([
    { id: "tcp-1", transport: `tcp:127.0.0.1:${port}`, open: false, why: expect.stringContaining("ECONNREFUSED") as string },
  ]);
  await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
  await vi.waitFor(() => expect(street.buses()[0]).toMatchObject({ open: true, why: null }), 10_000);
  await session.close();
  await street.close();
  await new Promise<void>((resolve) => server.close(() => resolve()));
});

test("an unknown meter has no session", async () => {
  const house = await raise();
  await expect(house.session(MeterAddress("999999000000"))).rejects.toSatisfy(code("unknown-meter"));
});

test("one session per meter at a time, urgent ones first, others in order; an abort leaves the queue", async () => {
  const house = await raise();
  const first = await house.session();
  const came: string[] = [];
  const want = (name: string, priority: Priority, signal?: AbortSignal) =>
    house.street.session(A, { priority, ...(signal === undefined ? {} : { signal }) }).then((session) => {
      came.push(name);
      return session.close();
    });
  const change = new AbortController();
  const all = [
    want("poll 1", Priority.rest),
    want("poll 2", Priority.rest),
    want("top-up", Priority.money),
    want("restore", Priority.safety),
  ];
  const given = want("never", Priority.safety, change.signal);
  given.catch(() => undefined);
  change.abort(new Error("no longer wanted"));
  await expect(given).rejects.toThrow("no longer wanted");
  expect(came).toEqual([]);
  await first.close();
  await Promise.all(all);
  expect(came).toEqual(["restore", "top-up", "poll 1", "poll 2"]);
});

test("a session is told when somebody more urgent waits for its meter", async () => {
  const house = await raise();
  const poll = await house.street.session(A, { priority: Priority.billing });
  expect(poll.isWanted).toBe(false);
  const later = house.street.session(A, { priority: Priority.billing });
  expect(poll.isWanted, "an equal waits its turn").toBe(false);
  const restore = house.street.session(A, { priority: Priority.safety });
  expect(poll.isWanted).toBe(true);
  await poll.close();
  const urgent = await restore;
  expect(urgent.isWanted).toBe(false);
  await urgent.close();
  await (await later).close();
});

test("two meters of one line take turns on it, and a long poll lets an urgent order through after one exchange", async () => {
  const house = await raise({ carrier: "tcp" });
  const poll = await house.street.session(A, { priority: Priority.rest });
  const urgent = await house.street.session(B, { priority: Priority.safety });
  const polled = poll.read(
    Array.from({ length: 30 }, () => "importedEnergy"),
    "poll",
  );
  const asked = urgent.readRelay();
  expect(await polled).toHaveLength(30);
  await asked;
  // As the far end heard it: at most the poll's first exchange stood before the urgent one.
  const heard = house.simulator.frames().filter(({ direction }) => direction === "request");
  expect(heard).toHaveLength(31);
  expect(heard.findIndex(({ meter }) => meter === B)).toBeLessThanOrEqual(1);
  await poll.close();
  await urgent.close();
});

test("hold: nothing is under way, and nothing begins before it is released", async () => {
  const house = await raise();
  const session = await house.session();
  const release = await house.street.hold();
  let answered = false;
  const asked = session.readRelay().then(() => (answered = true));
  await systemClock.wait(60);
  expect(answered).toBe(false);
  expect(house.street.buses()[0]?.waiting).toBe(1);
  release();
  await asked;
  await session.close();
});

test("a dropped line takes its meters' identities with it", async () => {
  const house = await raise({ carrier: "tcp" });
  const session = await house.session();
  await session.readWallet();
  const proofs = () =>
    house.simulator
      .frames(A)
      .filter(({ direction, hex }) => direction === "request" && hex.replaceAll(" ", "").includes("680320")).length;
  expect(proofs()).toBe(1);
  house.simulator.setBusFault("bus-1", { kind: "dropped-connection" });
  await session.readRelay().catch(() => undefined);
  await vi.waitFor(() => expect(house.street.buses()[0]?.open).toBe(true), 10_000);
  await session.readWallet();
  expect(proofs()).toBe(2);
  await session.close();
});

test("the connection breaks under an order: silent, and the meter tells afterwards that it obeyed", async () => {
  const house = await raise({ carrier: "tcp" });
  const session = await house.session();
  await session.readWallet();
  house.simulator.setBusFault("bus-1", { kind: "dropped-connection", di: "070102FF" });
  const sent = await session.topUp(
    { amount: Fen(1_000n), count: 1, opening: false },
    { notAfter: later(systemClock.now(), minutes(5)) },
  );
  expect(sent.sent).toBe("silent");
  expect(house.street.health(A).state).toBe("answering"); // the line broke, not the meter
  await vi.waitFor(() => expect(house.street.buses()[0]?.open).toBe(true), 10_000);
  expect(await session.readWallet()).toMatchObject({ count: 1 });
  await session.close();
});

test("a serial server that takes everything and says nothing is dialled again after three requests; the fourth never left", async () => {
  const house = await raise({ carrier: "tcp", bus: { replyDeadlineMs: 100, quietMs: 10 } });
  const first = await house.session();
  await first.readRelay();
  await first.close();
  house.simulator.setBusFault("bus-1", { kind: "half-open" });
  const ends: unknown[] = [];
  // Each a restore of its own: they alone may ask a meter that was just silent.
  while (ends.length < 9 && !ends.some((error) => isFault(error, "line-down"))) {
    const restore = await house.street.session(A, { priority: Priority.safety, mayProbe: true });
    await restore.readRelay().catch((error: unknown) => ends.push(error));
    await restore.close();
  }
  expect(isFault(ends.at(-1), "line-down")).toBe(true);
  expect(house.street.buses()[0]).toMatchObject({ silences: 3 });
  house.simulator.clearAllFaults();
  await vi.waitFor(() => expect(house.street.buses()[0]).toMatchObject({ open: true }), 10_000);
  const session = await house.session();
  expect(await session.readRelay()).toMatchObject({ relay: "connected" });
  await session.close();
});

test("over MQTT every meter is a line of its own, and a dead one holds up nobody", async () => {
  const house = await raise({ carrier: "mqtt", bus: { replyDeadlineMs: 1_000, quietMs: 10 } });
  expect(house.street.buses().map(({ id }) => id)).toEqual([`bus-1/${A}`, `bus-1/${B}`]);
  house.simulator.setFault(A, { kind: "silence" });
  const [dead, alive] = [await house.session(A), await house.session(B)];
  const silent = dead.readRelay().catch((error: unknown) => error);
  const startedAt = performance.now();
  await alive.readRelay();
  expect(performance.now() - startedAt).toBeLessThan(900);
  expect(isFault(await silent, "meter-silent")).toBe(true);
  await dead.close();
  await alive.close();
});

test("a broker that is away at the start: the meters' lines are down and say so; when it comes they open at once", async () => {
  const spare = await startEmbeddedBroker({ port: 0 });
  await spare.close();
  const cell: BusConfig = {
    id: "cell",
    transport: { kind: "mqtt", down: "m/{address}/down", up: "m/{address}/up", payload: "raw" },
  };
  const street = build([cell], [record(A, "cell"), record(B, "cell")], spare.url);
  const session = await street.session(A, { priority: Priority.person });
  await expect(session.readRelay()).rejects.toSatisfy(code("line-down"));
  expect(street.buses()[0]?.why).toContain("broker-unavailable");
  const broker = await startEmbeddedBroker({ port: spare.port });
  closers.unshift(() => broker.close());
  await vi.waitFor(() => expect(street.buses().every(({ open }) => open)).toBe(true), 5_000);
  await session.close();
});

test("a jump of the clock under a hold ages what depends on time, and harms no exchange", async () => {
  const clock = new ShiftableClock(Instant(Date.parse("2026-11-22T10:00:00+08:00")));
  const house = await raise({ clock });
  const session = await house.session();
  await session.readWallet();
  const release = await house.street.hold();
  await clock.jump(hours(30));
  release();
  expect(await session.readWallet()).toMatchObject({ count: 0 });
  expect(house.street.health(A).state).toBe("answering");
  await session.close();
});

test("timing: the defaults of each kind, and what the site file overrides", () => {
  expect(timingOf(tcp)).toEqual({ turnaroundMs: 30, answerMs: 3_000, quietMs: 1_000, byteMs: 0 });
  expect(timingOf({ transport: { kind: "mqtt", down: "", up: "", payload: "raw" } })).toMatchObject({
    answerMs: 8_000,
    quietMs: 2_000,
  });
  const serial = { kind: "serial", path: "/dev/x", baudRate: 2_400, dataBits: 8, parity: "even", stopBits: 1 } as const;
  expect(timingOf({ transport: serial, turnaroundMs: 50, replyDeadlineMs: 700 })).toMatchObject({
    turnaroundMs: 50,
    answerMs: 700,
    quietMs: 1_000,
  });
  expect(timingOf({ transport: serial }).byteMs).toBeCloseTo(4.58, 2);
});
