/**
 * A switch to another tariff that is to be replaced: it is gone when the meter shows that it is, and a half of it that is left is
 * named. A meter that says yes or no to a withdrawal has shown nothing.
 */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { TariffOrder } from "../../src/devices/meter-tariff/order.ts";
import type { Command } from "../../src/commands/command.ts";
import { hours } from "../../src/kernel/clock.ts";
import { A, flat, full, raise, type PushWorld } from "./world.ts";

const NEVER = { zones: null, slots: null, prices: null, steps: null };
const other = flat("0.7000", "2027-02-01");
let world: PushWorld;

beforeEach(async () => {
  world = await raise();
  expect(await world.ended(await world.order("tariff-set", A, { order: full }), hours(1))).toMatchObject({ state: "confirmed" });
});
afterEach(() => world.close());

const replace = async (order: TariffOrder): Promise<Command> =>
  world.ended(await world.order("tariff-set", A, { order, replacePending: true }), hours(1));
const deaf = (kind: "refusal" | "empty-acknowledgement", di: string, times?: number): void => {
  world.simulator.setFault(A, {
    ...{ kind, function: "14", di },
    ...(kind === "refusal" ? { error: "01" } : {}),
    ...(times === undefined ? {} : { times }),
  });
};

describe("a withdrawal that is acknowledged and not done", () => {
  test.each(["04000106", "04000107"])("of %s is made again, and what ran goes on over the old midnight", async (di) => {
    deaf("empty-acknowledgement", di);
    expect(await replace(other)).toMatchObject({ state: "confirmed", receipt: { attempts: 2 } });
    expect(world.told().switchAt).toEqual({ ...NEVER, prices: "2027-02-01T00:00:00+08:00", steps: "2027-02-01T00:00:00+08:00" });
    const { running } = world.told();
    await world.clock.wait(hours(5));
    expect(world.told().running).toEqual(running);
  });

  test("however often it is asked is told with what stands, and nothing of the new one switches", async () => {
    const { spare } = world.told();
    deaf("empty-acknowledgement", "04000107", 100);
    const command = await replace(other);
    expect(command).toMatchObject({ state: "unanswered", because: "partial-write" });
    expect(command.receipt).toMatchObject({
      found: { withdrawn: [{ item: "04000107", wanted: "0000000000" }], stands: { "04000107": "0000010127" } },
    });
    expect(world.told().switchAt).toEqual({ ...NEVER, slots: "2027-01-01T00:00:00+08:00" });
    expect(world.told().spare).toEqual(spare);
  });
});

describe("a withdrawal that is refused", () => {
  test.each(["04000106", "04000109"])("at %s: the rest is tried, and the half of it is named", async (di) => {
    deaf("refusal", di, 2);
    const command = await replace({ ...full, from: "2027-02-01" });
    expect(command).toMatchObject({ state: "unanswered", because: "partial-write" });
    expect(command.receipt).toMatchObject({ found: { stands: { [di]: "0000010127" } } });
    const { switchAt } = world.told();
    expect(Object.values(switchAt).filter((at) => at !== null)).toHaveLength(1);
  });

  test("once is taken back at the second try, and told all the same: what was to switch does so no more", async () => {
    deaf("refusal", "04000109");
    const command = await replace({ ...full, from: "2027-02-01" });
    expect(command).toMatchObject({ state: "unanswered", because: "partial-write", receipt: { found: { stands: {} } } });
    expect(world.told().switchAt).toEqual(NEVER);
  });

  test("for every part of it leaves the other switch whole, and is refused with what the meter said", async () => {
    const { switchAt, spare } = world.told();
    for (const di of ["04000106", "04000107", "04000108", "04000109"]) deaf("refusal", di, 3);
    expect(await replace(other)).toMatchObject({ state: "refused" });
    expect(world.told()).toMatchObject({ switchAt, spare });
  });
});
