/**
 * A meter that falls silent with two of its four switch times written: on the day it would use the tables of one tariff and the prices
 * of another. It is looked after until the switch, however far away, and what stands is taken back as soon as it is heard.
 */
import { afterEach, beforeEach, expect, test } from "vitest";
import { ReplacementService } from "../../src/commands/replacement/replacement-service.ts";
import type { TariffOrder } from "../../src/devices/meter-tariff/order.ts";
import { hours, minutes } from "../../src/kernel/clock.ts";
import { BusId, type CommandId } from "../../src/kernel/ids.ts";
import { parseYuan } from "../../src/kernel/money.ts";
import { addressOf } from "../lines/world.ts";
import { A, full, raise, type PushWorld } from "./world.ts";

const far: TariffOrder = { ...full, from: "2027-01-02", slots: { ...full.slots!, holidays: null } };
const NEVER = { zones: null, slots: null, prices: null, steps: null };
let world: PushWorld;
let id: CommandId;
let silence: string;
let ordered: number;

beforeEach(async () => {
  world = await raise();
  ordered = world.clock.now();
  id = await world.order("tariff-set", A, { order: far });
  while (world.told().switchAt.slots === null) await world.clock.wait(100);
  silence = world.simulator.setFault(A, { kind: "silence" });
  expect(world.told().switchAt).toMatchObject({ prices: null, steps: null });
});
afterEach(() => world.close());

test("is taken back when the meter is heard after the push's day is over, and the push ends openly", async () => {
  const { running } = world.told();
  await world.clock.wait(hours(26));
  expect(world.books.command(id)).toMatchObject({ state: "verifying", waitingFor: "silence" });
  world.simulator.clearFaults(A, silence);
  const command = await world.ended(id, hours(3));
  expect(command).toMatchObject({ state: "unanswered", because: "deadline" });
  expect(command.receipt).toMatchObject({ found: { times: [{ item: "04000109" }, { item: "04000108" }], stands: {} } });
  expect(world.told().switchAt).toEqual(NEVER);
  await world.clock.wait(hours(6));
  expect(world.told().running).toEqual(running);
});

test("is taken back when it answers in the very moment in which the day is over", async () => {
  await world.clock.wait(ordered + hours(24) + 1_000 - world.clock.now());
  world.simulator.clearFaults(A, silence);
  expect(await world.ended(id, hours(3))).toMatchObject({ state: "unanswered", because: "deadline" });
  expect(world.told().switchAt).toEqual(NEVER);
});

test("is finished when the meter is heard within the day", async () => {
  await world.clock.wait(hours(20));
  world.simulator.clearFaults(A, silence);
  expect(await world.ended(id, hours(3))).toMatchObject({ state: "confirmed" });
});

test("does not stand in the way of whoever replaces the dead meter when the day is over", async () => {
  const { runnerParts, books, street } = world;
  const replacements = new ReplacementService({
    ...runnerParts,
    ...{
      replacements: books.stores.replacements,
      buses: new Set(["bus-1"]),
      cap: parseYuan("50000.00"),
      asks: () => ({ restoreBy: "arm", meterWarn: false }),
    },
    service: undefined as never, // nothing is carried over here
    newId: () => "a-replacement",
  });
  const newMeter = { address: addressOf(1), meterNumber: addressOf(1), customerNumber: "002611220002" };
  const begin = () =>
    books.transactor.transact((tx) =>
      replacements.begin(tx, street.meter(A)!, {
        newMeter: { ...newMeter, bus: BusId("bus-1"), model: "standard-wallet" },
        ...{ given: null, reason: "dead", askedByName: "lin" },
      }),
    );
  await world.clock.wait(hours(20));
  await expect(begin()).rejects.toThrow("an order is on its way to it");
  await world.clock.wait(hours(5));
  await begin();
  expect(books.command(id)).toMatchObject({ state: "unanswered", because: "replaced" });
});

test("ends as silence when the switch is here and nobody has heard the meter", async () => {
  await world.clock.wait(hours(27));
  const command = await world.ended(id, hours(3));
  expect(command).toMatchObject({ state: "unanswered", because: "silence" });
  const switchAt = Date.parse("2027-01-02T00:00:00+08:00");
  expect(Math.abs(command.endedAt! - switchAt)).toBeLessThan(minutes(5));
});
