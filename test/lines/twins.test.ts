/** Two meters under one address on a virtual line: answering one after the other they are quarantined, answering at once suspected. */
import { afterEach, expect, test } from "vitest";
import { minutes, seconds } from "../../src/kernel/clock.ts";
import type { MeterAddress } from "../../src/kernel/ids.ts";
import { ADDRESS_SHARED, STANDS_MS } from "../../src/commands/shared-addresses.ts";
import { memoryTransport } from "../devices/house.ts";
import { IdleClock } from "./idle-clock.ts";
import { addressOf, raiseWorld, type World } from "./world.ts";

const A = addressOf(0);
const B = addressOf(1);
const MISMATCH = { code: "identity-mismatch", context: { why: expect.stringContaining(ADDRESS_SHARED) as string } };

const worlds: { readonly world: World; readonly clock: IdleClock }[] = [];
afterEach(async () => {
  for (const { world, clock } of worlds.splice(0)) {
    await world.close();
    clock.stop();
  }
});

async function raise() {
  const clock = new IdleClock();
  const told: string[] = [];
  const note = (what: string, meter: MeterAddress): Promise<void> => Promise.resolve(void told.push(`${what} ${meter}`));
  const world = await raiseWorld({
    clock,
    bus: { endpoint: { kind: "memory" }, baud: 2_400, wakeUps: 4 },
    reach: () => ({
      transport: { kind: "serial", path: "/dev/none", baudRate: 2_400, dataBits: 8, parity: "even", stopBits: 1 },
    }),
    wires: (simulator) => () => memoryTransport(simulator),
    meters: [{ loadKw: 0, energyKwh: "321.00" }, { loadKw: 0 }],
    addresses: {
      shared: (_, meter) => note("shared", meter),
      garbled: (_, meter) => note("garbled", meter),
      readable: (_, meter) => note("readable", meter),
    },
  });
  worlds.push({ world, clock });
  while (!world.street.buses()[0]!.open) await clock.wait(10);
  const read = (meter: MeterAddress) => world.read(meter, ["importedEnergy"]);
  const book = async () => world.books.stores.meters.meter(null, A);
  expect(await read(A)).toMatchObject([{ value: "321.00" }]);
  await read(B);
  told.length = 0; // that both are heard at all
  return { world, clock, told, read, book };
}

test.each([60, 200, 700])(
  "a twin that answers %d ms later is found, quarantined and cannot be cut; its neighbour is served",
  async (delayMs) => {
    const { world, clock, told, read, book } = await raise();
    world.simulator.setFault(A, { kind: "twin", delayMs });
    await clock.wait(minutes(15));
    await read(A).catch(() => undefined); // the one reading before anybody knows
    await clock.wait(minutes(15));
    await read(A).catch(() => undefined); // asked for its numbers: both answer
    await clock.wait(seconds(5));
    expect(await book()).toMatchObject({
      identity: "quarantined",
      identityNote: `${ADDRESS_SHARED}: two meters answer to this address; asked for 04000402 one says ${A}, the other ${B}`,
    });
    expect(told).toEqual([`shared ${A}`]);
    await expect(read(A)).rejects.toMatchObject(MISMATCH);
    await expect(world.order("disconnect", A)).rejects.toMatchObject({ code: "meter-quarantined" });
    expect(world.simulator.snapshot(A).obeyed).toMatchObject({ disconnects: 0 });
    await expect(read(B)).resolves.toHaveLength(1);
  },
);

test("right numbers do not lift it while the twin is heard, nor for an hour after; then they do", async () => {
  const { world, clock, told, read, book } = await raise();
  const twin = world.simulator.setFault(A, { kind: "twin", delayMs: 200 });
  for (let n = 0; n < 12; n += 1) {
    await clock.wait(minutes(15));
    await read(A).catch(() => undefined);
  }
  expect((await book())?.identity).toBe("quarantined");
  expect(told).toEqual([`shared ${A}`]); // once
  world.simulator.clearFaults(A, twin);
  await clock.wait(STANDS_MS - minutes(2));
  await expect(read(A)).rejects.toMatchObject(MISMATCH);
  await clock.wait(minutes(3));
  expect(await read(A)).toMatchObject([{ value: "321.00" }]);
  expect(await book()).toMatchObject({ identity: "confirmed", identityNote: null });
});

test("what was quarantined before the start stays so for an hour, though nobody remembers the twin", async () => {
  const { world, clock, read } = await raise();
  await world.books.stores.meters.setIdentity(null, A, "quarantined", `${ADDRESS_SHARED}: found before`);
  await clock.wait(STANDS_MS * 2);
  await expect(read(A)).rejects.toMatchObject(MISMATCH);
  await clock.wait(STANDS_MS);
  await expect(read(A)).resolves.toHaveLength(1);
});

test("twins that answer at once are suspected, not quarantined, and the suspicion ends when they can be read", async () => {
  const { world, clock, told, read, book } = await raise();
  const twin = world.simulator.setFault(A, { kind: "twin" });
  for (let n = 0; n < 8; n += 1) {
    await expect(read(A)).rejects.toMatchObject({ code: "meter-silent" });
    await read(B);
    await clock.wait(minutes(5));
  }
  expect(told).toEqual([`garbled ${A}`]);
  expect((await book())?.identity).toBe("confirmed");
  world.simulator.clearFaults(A, twin);
  await clock.wait(minutes(5));
  expect(await read(A)).toMatchObject([{ value: "321.00" }]);
  await clock.wait(seconds(1));
  expect(told).toEqual([`garbled ${A}`, `readable ${A}`]);
});

test("a meter that is only silent, and one whose answers come twice, are neither", async () => {
  const { world, clock, told, read, book } = await raise();
  for (const fault of [
    { kind: "duplicate-reply", times: 10 },
    { kind: "silence" },
    { kind: "late-reply", delayMs: 4_000, times: 10 },
  ] as const) {
    const id = world.simulator.setFault(A, fault);
    for (let n = 0; n < 10; n += 1) {
      await read(A).catch(() => undefined);
      await read(B);
      await clock.wait(minutes(5));
    }
    world.simulator.clearFaults(A, id);
  }
  await read(A);
  expect(told.filter((one) => !one.startsWith("readable"))).toEqual([]);
  expect((await book())?.identity).toBe("confirmed");
});
