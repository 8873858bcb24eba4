/** Tariffs pushed into meters that deduct by themselves: over the switch, through lost answers, halves of writes, and other switches. */
import { afterEach, describe, expect, test } from "vitest";
import type { ModelName } from "../../src/devices/meter.ts";
import type { TariffOrder } from "../../src/devices/meter-tariff/order.ts";
import { hours, minutes } from "../../src/kernel/clock.ts";
import { A, flat, full, raise, type PushWorld } from "../tariff-push/world.ts";

const worlds: PushWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.close();
});
const up = async (...args: Parameters<typeof raise>): Promise<PushWorld> => {
  const world = await raise(...args);
  worlds.push(world);
  return world;
};
const push = async (world: PushWorld, order: TariffOrder, more: object = {}) =>
  world.ended(await world.order("tariff-set", A, { order, ...more }), hours(3));
const NEVER = { zones: null, slots: null, prices: null, steps: null };
const FULL_PRICES = ["0.9283", "0.7283", "0.5283", "0.2783"];
/** Every write of a full tariff into a plain meter, in its order; its zones are as they should be. */
const WRITES = ["04020001", "04020002", "04030001", "040605FF", "040502FF", "04000106", "04000107", "04000109", "04000108"];
/** Identifiers of the writes that left, in order. */
const written = (world: PushWorld): string[] =>
  world.simulator
    .frames(A)
    .filter(({ direction }) => direction === "request")
    .flatMap(({ hex }) => /68.{12}6814..((?:..){4})/.exec(hex.replaceAll(" ", ""))?.[1] ?? [])
    .map((wire) =>
      [...Buffer.from(wire, "hex")]
        .reverse()
        .map((byte) => ((byte - 0x33) & 0xff).toString(16).toUpperCase().padStart(2, "0"))
        .join(""),
    );

describe("a tariff that is pushed", () => {
  test("stands in the spare sets, runs from the midnight on, and what ran is untouched until then", async () => {
    const world = await up();
    const { running } = world.told();
    const command = await push(world, full);
    expect(command).toMatchObject({ state: "confirmed", receipt: { after: { switchAt: "2701010000" }, attempts: 1 } });
    const between = world.told();
    expect(between.running).toEqual(running);
    expect(between.spare.prices).toEqual(FULL_PRICES);
    expect(written(world)).toEqual(WRITES);
    await world.clock.wait(hours(4));
    const after = world.told();
    expect(after.running.prices).toEqual(FULL_PRICES);
    expect(after.running.slots[0]).toEqual(full.slots!.day.map(({ at, rate }) => `${at} ${rate}`));
    expect(after.running.slots[1]).toEqual(["00:00 4"]);
    expect(after.running.steps).toEqual({
      upTo: ["2880.00", "4800.00"],
      add: ["0.0000", "0.0500", "0.3000"],
      yearly: ["01-01 00:00"],
    });
    expect(after.holidays).toEqual(["270206 #2"]);
    expect(after.spare.prices).toEqual(running.prices);
    expect(after.switchAt).toEqual(NEVER);
  });

  test("with one price leaves all tables alone", async () => {
    const world = await up();
    expect(await push(world, flat("0.6000"))).toMatchObject({ state: "confirmed" });
    expect(written(world)).toEqual(["040502FF", "04000109", "04000108"]);
    await world.clock.wait(hours(4));
    expect(world.told().running.prices).toEqual(Array(4).fill("0.6000"));
  });

  test("goes back and forth between the two places of the tables", async () => {
    const world = await up({}, { at: "2026-12-31T22:00:00+08:00" });
    expect(await push(world, full)).toMatchObject({ state: "confirmed" });
    await world.clock.wait(hours(4));
    const next: TariffOrder = { ...full, from: "2027-01-02", slots: { day: [{ at: "00:00", rate: 2 }], holidays: null } };
    expect(await push(world, next)).toMatchObject({ state: "confirmed" });
    expect(world.told().holidays).toEqual([]);
    await world.clock.wait(hours(22));
    expect(world.told().running.slots[0]).toEqual(["00:00 2"]);
    expect(world.simulator.snapshot(A)).toMatchObject({ tariff: 2, price: "0.7283" });
  });

  test("of a day that has begun takes over at the next midnight; one that runs already is confirmed without a write", async () => {
    const world = await up();
    const command = await push(world, flat("0.6000", "2026-12-01"));
    expect(command.receipt).toMatchObject({ after: { switchAt: "2701010000" } });
    await world.clock.wait(hours(5));
    const again = await push(world, flat("0.6000", "2026-12-01"));
    expect(again).toMatchObject({ state: "confirmed", receipt: { sent: false, proof: { runs: true } } });
  });

  test.each<[ModelName, readonly string[]]>([
    ["southern-grid", ["97", "96"]],
    ["state-grid-2009", ["99", "98"]],
  ])("goes into a %s by its own levels", async (model, levels) => {
    const world = await up({ model });
    expect(await push(world, full)).toMatchObject({ state: "confirmed" });
    const seen = world.simulator
      .frames(A)
      .flatMap(({ hex }) => /68.{12}6814..(?:..){4}(..)/.exec(hex.replaceAll(" ", ""))?.[1] ?? [])
      .map((byte) => (Number.parseInt(byte, 16) - 0x33).toString(16));
    expect([...new Set(seen)].sort()).toEqual([...levels].sort());
  });
});

describe("when an answer is lost", () => {
  test.each(WRITES)("to the write of %s, the meter is looked at, and nothing is written twice", async (di) => {
    const world = await up();
    world.simulator.setFault(A, { kind: "lost-reply", function: "14", di });
    expect(await push(world, full)).toMatchObject({ state: "confirmed", receipt: { attempts: 1 } });
    expect(written(world)).toEqual(WRITES);
  });

  test.each(WRITES)("and the request of %s with it, it is written again after a look", async (di) => {
    const world = await up();
    world.simulator.setFault(A, { kind: "lost-request", function: "14", di });
    expect(await push(world, full)).toMatchObject({ state: "confirmed", receipt: { attempts: 2 } });
    expect(written(world).filter((each) => each === di)).toHaveLength(2);
    expect(written(world)).toHaveLength(WRITES.length + 1);
  });
});

describe("when the meter says no", () => {
  test.each(["04020001", "040605FF", "040502FF"])(
    "to %s and has done a half of it, the bytes are named, and nothing switches",
    async (di) => {
      const world = await up();
      const { running } = world.told();
      world.simulator.setFault(A, { kind: "refused-though-partly-done", function: "14", di });
      const command = await push(world, full);
      expect(command).toMatchObject({ state: "unanswered", because: "partial-write" });
      const { found } = command.receipt as { found: { spare: { item: string; at: number[] }[] } };
      expect(found.spare.find(({ item }) => item === di)!.at.length).toBeGreaterThan(0);
      expect(world.told().switchAt).toEqual(NEVER);
      await world.clock.wait(hours(5));
      expect(world.told().running).toEqual(running);
    },
  );

  // half of a date is no date, so that nothing has changed
  test.each(["04030001", "04000106", "04000107", "04000109", "04000108"])(
    "to %s of which a half is nothing, it is refused",
    async (di) => {
      const world = await up();
      world.simulator.setFault(A, { kind: "refused-though-partly-done", function: "14", di });
      expect(await push(world, full)).toMatchObject({ state: "refused", because: "meter-other-error" });
      expect(world.told().switchAt).toEqual(NEVER);
    },
  );

  test("to a table of one slot, half of which is all of it, the push goes on by what the meter shows", async () => {
    const world = await up();
    world.simulator.setFault(A, { kind: "refused-though-partly-done", function: "14", di: "04020002" });
    expect(await push(world, full)).toMatchObject({ state: "confirmed", receipt: { attempts: 1 } });
  });

  test("and has done nothing, it is refused with what the meter said, and no switch time is left behind", async () => {
    const world = await up();
    world.simulator.setFault(A, { kind: "refusal", function: "14", di: "04000109", error: "04" });
    expect(await push(world, full)).toMatchObject({ state: "refused", because: "password-refused" });
    expect(world.told().switchAt).toEqual(NEVER);
  });

  test("and has done all of it, the tariff is confirmed by what the meter shows", async () => {
    const world = await up();
    world.simulator.setFault(A, { kind: "refused-though-done", function: "14", di: "04000108" });
    expect(await push(world, full)).toMatchObject({ state: "confirmed" });
  });

  test("yes to a write that it did not do, the write is made again", async () => {
    const world = await up();
    world.simulator.setFault(A, { kind: "empty-acknowledgement", function: "14", di: "040502FF" });
    expect(await push(world, full)).toMatchObject({ state: "confirmed", receipt: { attempts: 2 } });
    expect(world.told().spare.prices).toEqual(FULL_PRICES);
  });
});

test("what changes that nobody wrote is named, and no switch time is written", async () => {
  const world = await up();
  const id = await world.order("tariff-set", A, { order: full });
  while (world.told().spare.prices[0] !== FULL_PRICES[0]) await world.clock.wait(100);
  world.simulator.meter(A).parameters.set("04000802", Uint8Array.of(2)); // somebody else is at this meter
  const command = await world.ended(id, hours(1));
  expect(command).toMatchObject({ state: "unanswered", because: "foreign-bytes-changed" });
  expect(command.receipt).toMatchObject({ found: { untouched: [{ item: "04000802", wanted: "01", found: "02", at: [0] }] } });
  expect(world.told().switchAt).toEqual(NEVER);
});

describe("another switch", () => {
  test("that is pending is not overwritten unless it is named, and then taken back first", async () => {
    const world = await up();
    expect(await push(world, flat("0.6000"))).toMatchObject({ state: "confirmed" });
    expect(await push(world, flat("0.7000", "2027-02-01"))).toMatchObject({ state: "refused", because: "tariff-switch-pending" });
    expect(world.told()).toMatchObject({ spare: { prices: Array(4).fill("0.6000") } });
    const { state } = await push(world, flat("0.7000", "2027-02-01"), { replacePending: true });
    expect(state).toBe("confirmed");
    await world.clock.wait(hours(5));
    expect(world.told()).toMatchObject({
      running: { prices: Array(4).fill("0.5283") },
      switchAt: { prices: "2027-02-01T00:00:00+08:00" },
    });
  });

  test("to the same tariff is confirmed as it stands", async () => {
    const world = await up();
    await push(world, full);
    expect(await push(world, full)).toMatchObject({ state: "confirmed", receipt: { sent: false } });
  });
});

describe("what a meter cannot keep is refused by name", () => {
  const month = { every: "month", startsOn: "15", upTo: ["100.00"], add: ["0.0000", "0.1000"] } as const;
  test.each<[string, TariffOrder]>([
    ["tariff-month-differs", { ...flat("0.5"), steps: month }],
    ["tariff-too-large", { ...flat("0.5"), prices: ["1", "2", "3", "4", "5"] }],
    [
      "tariff-too-large",
      {
        ...full,
        slots: {
          ...full.slots!,
          day: Array.from({ length: 15 }, (_, i) => ({ at: `${String(i).padStart(2, "0")}:00`, rate: 1 })),
        },
      },
    ],
    ["tariff-too-large", { ...full, slots: { ...full.slots!, day: [{ at: "00:00", rate: 5 }] } }],
  ])("%s", async (because, order) => {
    const world = await up();
    expect(await push(world, order)).toMatchObject({ state: "refused", because });
    expect(written(world)).toEqual([]);
  });

  test("steps of the month that the meter's own month begins are taken", async () => {
    const world = await up();
    expect(await push(world, { ...flat("0.5"), steps: { ...month, startsOn: "1" } })).toMatchObject({ state: "confirmed" });
    expect(world.told().spare.steps).toEqual({ upTo: ["100.00"], add: ["0.0000", "0.1000"], yearly: [] });
  });

  test.each(["remote-ledger", "order-number-4g"] as const)("a %s keeps no tariff of ours", async (model) => {
    const world = await up({ model });
    expect(await push(world, full)).toMatchObject({ state: "refused", because: "not-supported" });
    expect(written(world)).toEqual([]);
  });

  test("a meter whose clock is far off would switch on another day", async () => {
    const world = await up({ clockOffsetMs: minutes(6) });
    expect(await push(world, full)).toMatchObject({ state: "refused", because: "clock-too-far" });
  });
});

describe("when the switch comes too near", () => {
  test("what was begun is taken back: a meter that was silent until then switches nothing", async () => {
    const world = await up({}, { at: "2026-12-31T23:44:30+08:00" });
    const { running } = world.told();
    world.simulator.setFault(A, { kind: "refusal", function: "14", di: "04000109", error: "01" });
    const [id] = [await world.order("tariff-set", A, { order: full })];
    // two of its four switch times stand, and nobody hears it any more
    while (world.told().switchAt.slots === null) await world.clock.wait(100);
    const silence = world.simulator.setFault(A, { kind: "silence" });
    await world.clock.wait(minutes(11));
    world.simulator.clearFaults(A, silence);
    const command = await world.ended(id, hours(1));
    expect(command).toMatchObject({ state: "unanswered", because: "switch-time-passed" });
    expect(world.told().switchAt).toEqual(NEVER);
    await world.clock.wait(minutes(20));
    expect(world.told().running).toEqual(running);
  });

  test("a day whose midnight is a quarter of an hour away is pushed to the next one", async () => {
    const world = await up({}, { at: "2026-12-31T23:50:00+08:00" });
    expect(await push(world, full)).toMatchObject({ state: "confirmed", receipt: { after: { switchAt: "2701020000" } } });
  });
});
