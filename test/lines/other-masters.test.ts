/** Somebody else is the master too: what he does to the wires, to sessions and to counts is noticed, named and told once in a while. */
import { afterEach, expect, test } from "vitest";
import { minutes, seconds } from "../../src/kernel/clock.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import type { MeterAddress } from "../../src/kernel/ids.ts";
import { encodeFrame } from "../../src/protocols/dlt645/index.ts";
import { readRequest } from "../devices/far-meter.ts";
import { memoryTransport } from "../devices/house.ts";
import { IdleClock } from "./idle-clock.ts";
import { raiseWorld, type World } from "./world.ts";

const open: { readonly world: World; readonly clock: IdleClock }[] = [];
afterEach(async () => {
  for (const { world, clock } of open.splice(0)) {
    await world.close();
    clock.stop();
  }
});

async function raise() {
  const clock = new IdleClock();
  const warnings: string[] = [];
  const log: Logger = {
    ...silentLog,
    warn: (...given: unknown[]) => void warnings.push(String(given.at(-1))),
    child: () => log,
  };
  const world = await raiseWorld({
    clock,
    log,
    meters: [{ loadKw: 0 }, { loadKw: 0 }],
    bus: { endpoint: { kind: "memory" }, baud: 2_400, wakeUps: 4 },
    reach: () => ({
      transport: { kind: "serial", path: "/dev/none", baudRate: 2_400, dataBits: 8, parity: "even", stopBits: 1 },
    }),
    wires: (simulator) => () => memoryTransport(simulator),
  });
  open.push({ world, clock });
  const [a, b] = world.addresses as [MeterAddress, MeterAddress];
  return {
    world,
    clock,
    a,
    b,
    told: () => warnings.filter((text) => text.includes("another master")),
    bus: () => world.street.buses()[0]!,
  };
}

test("a concentrator that polls the same wires is named on the picture of the line, told once a period, and given its turn", async () => {
  const { world, clock, a, b, told, bus } = await raise();
  expect(bus().otherMaster).toBeNull();
  const concentrator = world.simulator.memoryEnd("bus-1");
  const heard: number[] = [];
  concentrator.onBytes((bytes) => heard.push(bytes.length));
  const polling = new AbortController();
  let asked = 0;
  void (async () => {
    while (!polling.signal.aborted) {
      concentrator.send(encodeFrame(readRequest(b), { preamble: 4 }));
      asked += 1;
      await clock.wait(seconds(2));
    }
  })();
  let answered = 0;
  for (let n = 0; n < 200; n += 1) {
    await world.read(a, ["balance"]).then(
      () => (answered += 1),
      () => undefined,
    );
    await clock.wait(170);
  }
  polling.abort();
  concentrator.close();
  expect(bus().otherMaster!.requests).toBeGreaterThan(asked / 2);
  expect(bus().otherMaster).toMatchObject({ replies: 0, sessions: 0, counts: 0 });
  expect(answered).toBeGreaterThan(190);
  expect(told()).toHaveLength(1);
  await clock.wait(minutes(10));
  const again = world.simulator.memoryEnd("bus-1");
  again.send(encodeFrame(readRequest(b)));
  await clock.wait(seconds(1));
  expect(told()).toHaveLength(2);
  again.close();
});

test("the street's own foreign master, who asks just before our answer, does not come between us and it", async () => {
  const { world, a, bus } = await raise();
  world.simulator.setBusFault("bus-1", { kind: "foreign-master", times: 5, function: "11", di: "00900200" });
  for (let n = 0; n < 5; n += 1) {
    const value = `${60 + n}.00`;
    world.simulator.patch(a, { balance: value });
    expect(await world.read(a, ["balance"])).toMatchObject([{ value }]);
  }
  expect(bus().otherMaster).toMatchObject({ requests: 5, replies: 0 });
});

test("a session that is forgotten twice in a row after a good proof was taken by somebody else; once is a power cut", async () => {
  const { world, a, b, bus, told } = await raise();
  const status = { function: "03", di: "078102FF" };
  world.simulator.setFault(a, { kind: "expired-session", ...status });
  const first = await world.ended(await world.topUp(a, "5.00"), minutes(5));
  expect(first.state).toBe("confirmed");
  expect(bus().otherMaster).toBeNull();
  world.simulator.setFault(b, { kind: "expired-session", times: 2, ...status });
  const second = await world.ended(await world.topUp(b, "5.00"), minutes(5));
  expect(second.state).toBe("confirmed");
  expect(bus().otherMaster).toMatchObject({ requests: 0, counts: 0 });
  expect(bus().otherMaster!.sessions).toBeGreaterThanOrEqual(2);
  expect(told()).toHaveLength(1);
  for (const meter of [a, b]) expect(world.simulator.snapshot(meter)).toMatchObject({ balance: "55.00", purchaseCount: 1 });
});

test("a purchase count that another channel moved is noticed, and our own purchases are not", async () => {
  const { world, a, bus } = await raise();
  for (let n = 0; n < 3; n += 1) expect((await world.ended(await world.topUp(a, "5.00"), minutes(5))).state).toBe("confirmed");
  expect(bus().otherMaster).toBeNull();
  world.simulator.setFault(a, { kind: "count-jump", function: "03", di: "078102FF" });
  await world.ended(await world.topUp(a, "5.00"), minutes(5));
  expect(bus().otherMaster).toMatchObject({ requests: 0, sessions: 0, counts: 1 });
});

test("an echoing adapter is counted as such, and is no other master", async () => {
  const { world, a, bus } = await raise();
  world.simulator.setBusFault("bus-1", { kind: "echo" });
  for (let n = 0; n < 4; n += 1) expect(await world.read(a, ["balance"])).toMatchObject([{ value: "50.00" }]);
  expect((await world.ended(await world.topUp(a, "5.00"), minutes(5))).state).toBe("confirmed");
  expect(bus().echoes).toBe(bus().exchanges);
  expect(bus()).toMatchObject({ noiseBytes: 0, silences: 0, otherMaster: null });
});
