/** A meter that is changed for another after it was confirmed: what a person reads is never the other one's, and numbers are not read more often than that takes. */
import { afterEach, expect, test } from "vitest";
import { minutes, seconds } from "../../src/kernel/clock.ts";
import type { MeterAddress } from "../../src/kernel/ids.ts";
import type { Transport } from "../../src/transports/transport.ts";
import { memoryTransport } from "../devices/house.ts";
import { IdleClock } from "./idle-clock.ts";
import { addressOf, raiseWorld, type World } from "./world.ts";

const A = addressOf(0);
const B = addressOf(1);
/** 04000402 as it travels: low byte first, 33H added. */
const METER_NUMBER = /35373337/;

const worlds: { readonly world: World; readonly clock: IdleClock }[] = [];
afterEach(async () => {
  for (const { world, clock } of worlds.splice(0)) {
    await world.close();
    clock.stop();
  }
});

async function raise() {
  const clock = new IdleClock();
  let wire: Transport | undefined;
  const world = await raiseWorld({
    clock,
    bus: { endpoint: { kind: "memory" }, baud: 2_400, wakeUps: 4 },
    reach: () => ({
      transport: { kind: "serial", path: "/dev/none", baudRate: 2_400, dataBits: 8, parity: "even", stopBits: 1 },
    }),
    wires: (simulator) => () => (wire = memoryTransport(simulator)),
    meters: [
      { loadKw: 0, balance: "50.00" },
      { loadKw: 0, balance: "77.00" },
    ],
  });
  worlds.push({ world, clock });
  while (!world.street.buses()[0]!.open) await clock.wait(10);
  const read = () => world.read(A, ["balance"]);
  expect(await read()).toMatchObject([{ value: "50.00" }]);
  expect(await identity(world, A)).toBe("confirmed");
  const comparisons = (): number =>
    world.simulator.frames(A).filter(({ direction, hex }) => direction === "request" && METER_NUMBER.test(hex)).length;
  const swap = () => world.simulator.setFault(A, { kind: "swapped-addresses", with: B });
  return { world, clock, read, comparisons, swap, wire: () => wire! };
}

const identity = async (world: World, meter: MeterAddress) => (await world.books.stores.meters.meter(null, meter))?.identity;

async function expectFound({ world, read }: Pick<Awaited<ReturnType<typeof raise>>, "world" | "read">): Promise<void> {
  await expect(read()).rejects.toMatchObject({
    code: "identity-mismatch",
    context: { meter: A, why: expect.stringContaining(`the meter says number ${B}`) as string },
  });
  expect(await identity(world, A)).toBe("quarantined");
}

test("one that nobody doubts is read without reading its numbers again", async () => {
  const { clock, read, comparisons } = await raise();
  expect(comparisons()).toBe(1);
  for (let n = 0; n < 5; n += 1) {
    await clock.wait(minutes(10));
    await read();
  }
  expect(comparisons()).toBe(1);
});

test("it is found after an hour, though nobody saw it go", async () => {
  const raised = await raise();
  raised.swap();
  await raised.clock.wait(minutes(61));
  await expectFound(raised);
});

test("it is found at once when it was silent in between", async () => {
  const { world, clock, read, swap } = await raise();
  const silence = world.simulator.setFault(A, { kind: "silence" });
  await expect(read()).rejects.toMatchObject({ code: "meter-silent" });
  world.simulator.clearFaults(A, silence);
  swap();
  await clock.wait(seconds(30));
  await expectFound({ world, read });
});

test("an order that is the first to hear it again finds it, and nobody obeys", async () => {
  const { world, clock, read, swap } = await raise();
  const silence = world.simulator.setFault(A, { kind: "silence" });
  await expect(read()).rejects.toMatchObject({ code: "meter-silent" });
  world.simulator.clearFaults(A, silence);
  swap();
  await clock.wait(seconds(30));
  const order = await world.ended(await world.order("disconnect", A), seconds(60));
  expect(order).toMatchObject({ state: "refused", because: "identity-mismatch", sentAt: null });
  for (const meter of [A, B]) expect(world.simulator.snapshot(meter).obeyed).toMatchObject({ disconnects: 0 });
  await expectFound({ world, read });
});

test("an order that was sent before and met silence is neither looked at nor sent again at another: nobody else goes dark", async () => {
  const { world, clock, swap } = await raise();
  const lost = world.simulator.setFault(A, { kind: "lost-request", function: "1C" });
  const id = await world.order("disconnect", A);
  while (world.books.command(id).sentAt === null) await clock.wait(10);
  const silence = world.simulator.setFault(A, { kind: "silence" });
  while (world.books.command(id).waitingFor !== "silence") await clock.wait(100);
  for (const fault of [silence, lost]) world.simulator.clearFaults(A, fault);
  swap();
  expect(await world.ended(id, minutes(5))).toMatchObject({ state: "unanswered", because: "identity-mismatch" });
  for (const meter of [A, B]) expect(world.simulator.snapshot(meter).obeyed).toMatchObject({ disconnects: 0 });
  expect(await identity(world, A)).toBe("quarantined");
});

test("it is found at once when its line was opened anew", async () => {
  const { world, clock, read, swap, wire } = await raise();
  swap();
  expect(await read()).toMatchObject([{ value: "77.00" }]); // nothing has told of it yet
  await wire().close();
  await clock.wait(seconds(5));
  expect(world.street.buses()[0]!.open).toBe(true);
  await expectFound({ world, read });
});

test("a reading that became a command is refused by the same name, and tells nobody's value", async () => {
  const { world, clock, swap } = await raise();
  swap();
  await clock.wait(minutes(61));
  const command = await world.ended(await world.order("read-now", A, { items: ["balance"] }), seconds(60));
  expect(command).toMatchObject({ state: "refused", because: "identity-mismatch", receipt: null });
  expect(await identity(world, A)).toBe("quarantined");
});

test("it is read again when the right one is back", async () => {
  const { world, clock, read, swap } = await raise();
  const fault = swap();
  await clock.wait(minutes(61));
  await expectFound({ world, read });
  await expectFound({ world, read });
  world.simulator.clearFaults(A, fault);
  expect(await read()).toMatchObject([{ value: "50.00" }]);
  expect(await identity(world, A)).toBe("confirmed");
});
