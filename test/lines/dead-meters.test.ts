/** What a dead meter costs its line, whoever asks; counted in exchanges, on a clock that moves by itself. */
import { afterEach, expect, test } from "vitest";
import { hours, minutes, seconds } from "../../src/kernel/clock.ts";
import type { MeterAddress } from "../../src/kernel/ids.ts";
import { memoryTransport } from "../devices/house.ts";
import type { Transport } from "../../src/transports/transport.ts";
import { IdleClock } from "./idle-clock.ts";
import { raiseWorld, type World } from "./world.ts";

const worlds: { readonly world: World; readonly clock: IdleClock }[] = [];
afterEach(async () => {
  for (const { world, clock } of worlds.splice(0)) {
    await world.close();
    clock.stop();
  }
});

async function raise({ meters = 3, pollEveryMs }: { meters?: number; pollEveryMs?: number } = {}) {
  const clock = new IdleClock();
  let wire: Transport | undefined;
  const world = await raiseWorld({
    clock,
    bus: { endpoint: { kind: "memory" }, baud: 2_400, wakeUps: 4 },
    reach: () => ({
      transport: { kind: "serial", path: "/dev/none", baudRate: 2_400, dataBits: 8, parity: "even", stopBits: 1 },
    }),
    wires: (simulator) => () => (wire = memoryTransport(simulator)),
    meters: Array.from({ length: meters }, () => ({ loadKw: 0 })),
    ...(pollEveryMs === undefined ? {} : { pollEveryMs }),
  });
  worlds.push({ world, clock });
  if (pollEveryMs !== undefined) world.startPolls();
  /** Every request this meter was sent, dead or not, with its moment. */
  const asked = (meter: MeterAddress): number[] =>
    world.simulator
      .frames(meter)
      .filter(({ direction }) => direction === "request")
      .map(({ at }) => Date.parse(at));
  return { world, clock, asked, wire: () => wire! };
}

test("polls, a waiting top-up and people who read cost one time-out in each pause between them", async () => {
  const { world, clock, asked } = await raise({ pollEveryMs: minutes(5) });
  const [dead, alive] = world.addresses as [MeterAddress, MeterAddress];
  await clock.wait(minutes(2));
  expect(world.street.health(dead).state).toBe("answering");
  world.simulator.setFault(dead, { kind: "silence" });
  const before = asked(dead).length;
  const topUp = await world.topUp(dead, "20.00");
  const people = (async () => {
    for (let n = 0; n < 240; n += 1) {
      await world.read(dead, ["balance"]).catch(() => undefined);
      await clock.wait(seconds(15));
    }
  })();
  await clock.wait(hours(1));
  await people;
  const moments = asked(dead).slice(before);
  // The first question is asked twice, since a lost frame is likelier than a death; from then on each time-out opens one pause.
  const pauses = moments.slice(1).map((at, n) => at - moments[n]!);
  expect(pauses[0]).toBeLessThan(seconds(5));
  for (const [n, pause] of pauses.slice(1).entries()) {
    const promised = Math.min(seconds(2) * (n + 2), minutes(5));
    expect(pause, `pause ${n + 1}`).toBeGreaterThanOrEqual(promised);
  }
  expect(world.books.command(topUp)).toMatchObject({ state: "queued", waitingFor: "meter-online" });
  expect(moments.length).toBeLessThan(62); // 2 s + 4 s + … + 118 s is an hour
  expect(moments.length).toBeGreaterThan(40);
  expect(world.street.health(alive).state).toBe("answering");

  world.simulator.clearFaults(dead);
  const end = await world.ended(topUp, minutes(10));
  expect(end.state).toBe("confirmed");
  expect(world.simulator.snapshot(dead)).toMatchObject({ balance: "70.00", purchaseCount: 1 });
});

test("who asks in the pause of a silent meter is told so at once, and nothing is sent", async () => {
  const { world, clock, asked } = await raise();
  const [dead] = world.addresses as [MeterAddress];
  world.simulator.setFault(dead, { kind: "silence" });
  await expect(world.read(dead, ["balance"])).rejects.toMatchObject({ code: "meter-silent" });
  const before = asked(dead).length;
  const from = clock.now();
  await expect(world.read(dead, ["balance"])).rejects.toMatchObject({
    code: "meter-silent",
    context: { askAgainAt: world.street.health(dead).askAgainAt },
  });
  expect(clock.now()).toBe(from);
  expect(asked(dead)).toHaveLength(before);
});

test("a restore is its own probe: a meter that is only believed silent is restored at once, in the middle of its pause", async () => {
  const { world, clock, asked } = await raise();
  const [meter] = world.addresses as [MeterAddress];
  const cut = await world.order("disconnect", meter);
  expect((await world.ended(cut, minutes(5))).state).toBe("confirmed");
  world.simulator.setFault(meter, { kind: "silence" });
  const pauseLeftMs = () => (world.street.health(meter).askAgainAt ?? 0) - clock.now();
  while (pauseLeftMs() < minutes(1)) {
    await world.read(meter, ["balance"]).catch(() => undefined);
    await clock.wait(seconds(1));
  }
  world.simulator.clearFaults(meter);
  const from = clock.now();
  const restore = await world.order("reconnect", meter);
  expect((await world.ended(restore, minutes(5))).state).toBe("confirmed");
  expect(clock.now() - from).toBeLessThan(seconds(5));

  // a meter that is dead indeed: the restore costs one question more, and then waits with the others
  world.simulator.setFault(meter, { kind: "silence" });
  const again = await world.order("disconnect", meter);
  await clock.wait(minutes(30));
  const before = asked(meter).length;
  while (pauseLeftMs() < seconds(30)) await clock.wait(seconds(1)); // the cut, which waits, is the probe
  const second = await world.order("reconnect", meter);
  await clock.wait(seconds(20));
  expect(asked(meter).length - before).toBe(1);
  expect(world.books.command(second)).toMatchObject({ state: "queued", waitingFor: "meter-online" });
  expect(world.books.command(again).state).toBe("cancelled");
});

test("a line that was opened anew makes every silent meter worth asking", async () => {
  const { world, clock, wire } = await raise();
  const [meter] = world.addresses as [MeterAddress];
  const fault = world.simulator.setFault(meter, { kind: "silence" });
  for (let n = 0; n < 20; n += 1) {
    await clock.wait(seconds(30));
    await world.read(meter, ["balance"]).catch(() => undefined);
  }
  world.simulator.clearFaults(meter, fault);
  await expect(world.read(meter, ["balance"])).rejects.toMatchObject({ code: "meter-silent" });
  await wire().close();
  await clock.wait(seconds(2)); // it is opened again by itself
  expect(await world.read(meter, ["balance"])).toMatchObject([{ value: "50.00" }]);
});

test("a dead meter's probes cost its line less when its neighbours are quick: one second of the allowance, three of four times", async () => {
  const { world, clock } = await raise({ meters: 32 });
  const bus = () => world.street.buses()[0]!;
  const [dead, ...alive] = world.addresses as [MeterAddress, ...MeterAddress[]];
  for (const meter of alive.slice(0, 5)) for (let n = 0; n < 4; n += 1) await world.read(meter, ["importedEnergy"]);
  world.simulator.setFault(dead, { kind: "silence" });
  const costs: number[] = [];
  for (let n = 0; n < 9; n += 1) {
    const before = bus().busyMs;
    await world.read(dead, ["importedEnergy"]).catch(() => undefined);
    costs.push(Math.round(bus().busyMs - before));
    await clock.wait(minutes(6));
  }
  // what a silent meter is asked first is its number, an answer of 26 bytes
  const [wire, whole] = [(20 + 26) * (11_000 / 2_400), 1_500];
  const [dear, cheap] = [Math.ceil(wire) + whole, Math.ceil(wire) + 500];
  // at first twice, and whole: a meter that was never heard might just be slow
  expect(costs).toEqual([2 * dear, cheap, cheap, cheap, dear, cheap, cheap, cheap, dear]);
});
