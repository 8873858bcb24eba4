/**
 * A push beside a switch that somebody else set: which places are spare is asked first and the clock last, so near a switch nobody
 * knows what is written over. What runs is never written, whenever the push begins.
 */
import { afterEach, expect, test } from "vitest";
import { CommandRunner } from "../../src/commands/command-runner.ts";
import { isNear } from "../../src/devices/meter-tariff/moment.ts";
import type { TariffOrder } from "../../src/devices/meter-tariff/order.ts";
import { hours, minutes } from "../../src/kernel/clock.ts";
import { A, full, raise, type PushWorld } from "./world.ts";

let world: PushWorld;
afterEach(() => world.close());

const next: TariffOrder = { ...full, from: "2027-02-01", slots: { day: [{ at: "00:00", rate: 1 }], holidays: null } };
const midnight = Date.parse("2027-01-01T00:00:00+08:00");
/** With the full tariff waiting for the new year, brought to a moment that so many milliseconds lie before it. */
const waiting = async (beforeMs: number): Promise<void> => {
  world = await raise();
  const first = await world.ended(await world.order("tariff-set", A, { order: full }), hours(1));
  expect(first).toMatchObject({ state: "confirmed", receipt: { after: { switchAt: "2701010000" } } });
  await world.clock.wait(midnight - beforeMs - world.clock.now());
};
const slotsOf = ({ slots }: TariffOrder): string[] => slots!.day.map(({ at, rate }) => `${at} ${rate}`);

test.each([
  ["ten seconds before the switch, which comes while it looks", 10_000, false],
  ["ten seconds before the switch, which it is to replace", 10_000, true],
  ["ten minutes before the switch, which it is to replace", minutes(10), true],
])("a push that begins %s waits until it is past, and then writes what is spare", async (_, beforeMs, replacePending) => {
  await waiting(beforeMs);
  const id = await world.order("tariff-set", A, { order: next, replacePending });
  await world.clock.wait(minutes(1));
  expect(world.books.command(id)).toMatchObject({ state: "queued", waitingFor: "window" });
  const command = await world.ended(id, hours(3));
  expect(command).toMatchObject({ state: "confirmed", receipt: { after: { switchAt: "2702010000" } } });
  expect(command.sentAt).toBeGreaterThan(midnight);
  const { running, spare } = world.told();
  expect(running.slots[0]).toEqual(slotsOf(full));
  expect(running.prices).toEqual(full.prices);
  expect(spare.slots[0]).toEqual(slotsOf(next));
});

test("a push that is to replace a switch and met silence writes nothing any more when that one is near", async () => {
  await waiting(minutes(20));
  const id = await world.order("tariff-set", A, { order: next, replacePending: true });
  while (world.books.command(id).sentAt === null) await world.clock.wait(20);
  const silence = world.simulator.setFault(A, { kind: "silence" });
  await world.clock.wait(midnight - 15_000 - world.clock.now());
  world.simulator.clearFaults(A, silence);
  expect(await world.ended(id, hours(1))).toMatchObject({ state: "unanswered", because: "switch-time-passed" });
  const { running } = world.told();
  expect([running.slots[0], running.prices]).not.toContainEqual(slotsOf(next));
  expect(world.told().spare.slots[0]).not.toEqual(slotsOf(next));
});

test("tables that changed places between the look and the first byte are not written", async () => {
  world = await raise();
  const id = await world.orderUnrun("tariff-set", A, { order: full });
  const { running } = world.told();
  const parts = world.runnerParts;
  const turned = new Proxy(parts.street, {
    get: (street, verb, self: unknown) =>
      verb !== "session"
        ? (Reflect.get(street, verb, self) as unknown)
        : async (...asked: Parameters<typeof street.session>) => {
            const session = await street.session(...asked);
            return {
              ...session,
              readTariff: async (extent: Parameters<typeof session.readTariff>[0]) => {
                const picture = await session.readTariff(extent);
                // Somebody else's order, heard directly after the look.
                if (extent === "everything") turnTables(world);
                return picture;
              },
            };
          },
  });
  await new CommandRunner({ ...parts, street: turned }).run(id);
  expect(world.books.command(id)).toMatchObject({ state: "unanswered", because: "foreign-bytes-changed" });
  expect(world.told().spare.slots[0]).toEqual(running.slots[0]); // what ran is spare now, as it stood
  expect(world.told().switchAt).toEqual({ zones: null, slots: null, prices: null, steps: null });
});

function turnTables({ simulator }: PushWorld): void {
  const { parameters } = simulator.meter(A);
  parameters.set("04000107", Uint8Array.from([0x00, 0x19, 0x31, 0x12, 0x26])); // an hour ago: due at once
  simulator.meter(A).settle();
}

test.each([
  ["sixteen minutes before", "2612312344", 12_000, false],
  ["fifteen minutes before", "2612312345", 12_000, true],
  ["at it", "2701010000", 12_000, true],
  ["five minutes after", "2701010005", 12_000, true],
  ["six minutes after", "2701010006", 12_000, false],
  ["twenty minutes after a look of half an hour", "2701010020", minutes(30), true],
])("%s a switch it is near: %s", (_, shown, tookMs, near) => {
  expect(isNear("2701010000", shown, tookMs)).toBe(near);
});
