/** The whole way of a customer into arrears and out of it, told step by step, on a clock that jumps. */
import { afterEach, describe, expect, test } from "vitest";
import { hours, iso, minutes, seconds } from "../../src/kernel/clock.ts";
import { at, TIME_ZONE } from "../collection/street-house.ts";
import { accountOf, raiseNoticeWorld, type NoticeWorld } from "./world.ts";

let world: NoticeWorld | undefined;
afterEach(async () => {
  await world?.house.stop();
  world = undefined;
});

const MONDAY = at("2026-11-23T08:00:00");
/** 5.28 yuan an hour. */
const HUNGRY = { energyKwh: "1000.00", loadKw: 10 } as const;
const cutsOf = ({ house }: NoticeWorld, n: number): readonly string[] =>
  house.db.books.commands
    .all(null)
    .filter(({ command }) => command.meter === house.addresses[n] && command.kind === "disconnect")
    .map(({ command }) => command.state);
const relayOf = ({ house }: NoticeWorld, n: number): string => house.street.snapshot(house.addresses[n]!).relay;

describe("a customer", () => {
  test("A9: is warned twice, told, cut half an hour later, and told again when the supply is back", async () => {
    world = await raiseNoticeWorld({
      start: MONDAY,
      meters: [HUNGRY, HUNGRY],
      rules: { notices: "required", contact: "required", restoreBy: "reconnect", forecastDays: 0 },
      balances: ["40.00", "1000.00"],
    });
    const { house, channel } = world;
    await house.pass(hours(9));
    expect(world.told(0)).toEqual(["warn-1", "warn-2", "notice-due", "cut"]);
    const [first, second, final, cut] = channel.heard;
    // 10 yuan more than the first level, 5.283 an hour; a poll every five minutes
    expect(first!.heardAt - MONDAY).toBeGreaterThan(hours(1.8));
    expect(first!.heardAt - MONDAY).toBeLessThan(hours(2.2));
    expect(second!.heardAt - MONDAY).toBeGreaterThan(hours(6.5));
    expect(second!.heardAt - MONDAY).toBeLessThan(hours(6.9));
    expect(first!.text).toContain(accountOf(0));
    const row = world.rows(0).find(({ kind }) => kind === "notice-due")!;
    expect(row).toMatchObject({ state: "delivered", channel: "memory", meter: house.addresses[0] });
    expect(final!.cutFrom! - row.delivered!, "half an hour, and the time of the channel").toBeLessThanOrEqual(minutes(30));
    const order = house.db.books.commands.all(null).find(({ command }) => command.kind === "disconnect")!.command;
    expect(order.sentAt! - row.delivered!).toBeGreaterThanOrEqual(minutes(30));
    expect(order.sentAt! - row.delivered!).toBeLessThan(minutes(31));
    expect(cut!.heardAt - order.verifiedAt!, "what the meter shows is told").toBeLessThan(minutes(1));
    expect(relayOf(world, 0)).toBe("disconnected");

    await world.pay(0, "100.00");
    await house.pass(minutes(2));
    expect(relayOf(world, 0)).toBe("connected");
    expect(world.told(0).slice(4)).toEqual(["restored"]);
    expect(world.told(1), "who has credit hears nothing").toEqual([]);
  });

  test("is told to press the button where the supply waits for it, and not again once it was pressed", async () => {
    world = await raiseNoticeWorld({
      start: MONDAY,
      meters: [HUNGRY],
      rules: { notices: "required", restoreBy: "arm", forecastDays: 0 },
      balances: ["4.00"],
    });
    const { house } = world;
    await house.pass(hours(2));
    expect(world.told(0)).toEqual(["warn-2", "notice-due", "cut"]);
    await world.pay(0, "50.00");
    await house.pass(minutes(2));
    expect(relayOf(world, 0)).toBe("armed");
    house.street.pressButton(house.addresses[0]!);
    await house.pass(minutes(30));
    expect(relayOf(world, 0)).toBe("connected");
    expect(world.told(0).slice(3)).toEqual(["armed"]);
  });

  test("is told of no button where the relay closes by itself and is slow to, but once that the supply is back", async () => {
    world = await raiseNoticeWorld({
      start: MONDAY,
      meters: [HUNGRY, HUNGRY],
      rules: { notices: "required", restoreBy: "reconnect", forecastDays: 0 },
      balances: ["4.00", "4.00"],
    });
    const { house } = world;
    await house.pass(hours(2));
    const before = [world.told(0), world.told(1)] as const;
    for (const kinds of before) expect(kinds.at(-1)).toBe("cut");
    const slow = [0, 1].map((n) => house.street.setFault(house.addresses[n]!, { kind: "stuck-relay" }));
    for (const n of [0, 1]) await world.pay(n, "50.00");
    await house.pass(seconds(8));
    for (const n of [0, 1] as const) {
      expect(relayOf(world, n)).toBe("armed");
      const book = await house.stores.meters.meter(null, house.addresses[n]!);
      expect(book!.relay, "the first sight shows an open relay that is ordered to connect").toBe("armed");
      expect(world.rows(n).at(-1)!.kind, "nothing is told, and nothing waits to be").toBe("cut");
    }

    house.street.clearFaults(house.addresses[0]!, slow[0]);
    await house.pass(minutes(30));
    expect(world.told(0), "the order found it closed").toEqual([...before[0], "restored"]);
    expect(world.told(1), "stuck: there is no button for him to press").toEqual(before[1]);
    house.street.clearFaults(house.addresses[1]!, slow[1]);
    await house.pass(hours(1));
    expect(world.told(0)).toEqual([...before[0], "restored"]);
    expect(world.told(1), "the order has long ended, a poll found it closed").toEqual([...before[1], "restored"]);
  });

  test("B18: who pays a second before the cut is not cut, and hears nothing false", async () => {
    world = await raiseNoticeWorld({
      start: MONDAY,
      meters: [HUNGRY],
      rules: { notices: "required", restoreBy: "reconnect", forecastDays: 0 },
      balances: ["2.00"],
    });
    const { house } = world;
    await house.pass(minutes(30));
    const row = world.rows(0).find(({ kind }) => kind === "notice-due")!;
    await house.until((row.delivered! + minutes(30) - seconds(1)) as typeof row.at);
    await world.pay(0, "50.00");
    await house.pass(hours(1));
    expect(cutsOf(world, 0)).toEqual([]);
    expect(house.street.snapshot(house.addresses[0]!)).toMatchObject({ relay: "connected", obeyed: { disconnects: 0 } });
    expect(world.told(0)).toEqual(["warn-2", "notice-due"]);
  });

  test("is not told of arrears that were paid before the notice left", async () => {
    world = await raiseNoticeWorld({
      start: MONDAY,
      meters: [HUNGRY],
      rules: { notices: "required", forecastDays: 0 },
      balances: ["2.00"],
    });
    const { house, channel } = world;
    channel.answer = () => ({ outcome: "later", words: "down" });
    await house.pass(hours(1));
    channel.answer = () => ({ outcome: "delivered", words: "taken" });
    await world.pay(0, "50.00");
    const before = channel.heard.length;
    await house.pass(hours(1));
    expect(channel.heard).toHaveLength(before);
    expect(world.rows(0).map(({ kind, state, because }) => [kind, state, because])).toEqual([
      ["warn-2", "cancelled", "superseded"],
      ["notice-due", "cancelled", "paid"],
    ]);
    expect(cutsOf(world, 0)).toEqual([]);
  });

  test("who paid a little is told again, and the half hour begins anew", async () => {
    world = await raiseNoticeWorld({
      start: MONDAY,
      meters: [HUNGRY],
      rules: { notices: "required", forecastDays: 0, overdraft: "10.00" },
      balances: ["0.00"],
    });
    const { house, channel } = world;
    await house.pass(hours(2.2));
    expect(world.told(0).filter((kind) => kind === "notice-due")).toHaveLength(1);
    await world.pay(0, "0.50");
    await house.pass(minutes(1));
    const finals = channel.heard.filter(({ kind }) => kind === "notice-due");
    expect(finals).toHaveLength(2);
    expect(new Set(finals.map(({ id }) => id)).size).toBe(2);
    await house.pass(hours(1));
    const order = house.db.books.commands.all(null).find(({ command }) => command.kind === "disconnect")!.command;
    expect(order.sentAt! - finals[1]!.heardAt).toBeGreaterThanOrEqual(minutes(30));
  });

  test("no notice, no cut: while nobody takes it nobody is cut, and a day later a person is asked", async () => {
    world = await raiseNoticeWorld({
      start: MONDAY,
      meters: [HUNGRY],
      rules: { notices: "required", forecastDays: 0 },
      balances: ["2.00"],
    });
    const { house, channel, untold } = world;
    channel.answer = () => ({ outcome: "later", words: "down" });
    await house.pass(hours(26));
    expect(cutsOf(world, 0)).toEqual([]);
    expect(relayOf(world, 0)).toBe("connected");
    expect(untold.map(([{ kind }, because]) => [kind, because])).toEqual([["notice-due", "out-of-time"]]);
    const tries = channel.heard.filter(({ kind }) => kind === "notice-due").length;
    expect(tries, "with growing pauses").toBeGreaterThan(80);
    expect(tries).toBeLessThan(120);
  });

  test("A27: who cannot be reached is not cut, and not threatened", async () => {
    world = await raiseNoticeWorld({
      start: MONDAY,
      meters: [HUNGRY],
      rules: { notices: "required", contact: "required", forecastDays: 0 },
      balances: ["2.00"],
      hasContact: () => false,
    });
    await world.house.pass(hours(4));
    expect(cutsOf(world, 0)).toEqual([]);
    expect(world.told(0)).toEqual(["warn-2"]);
  });

  test("in shadow nobody is threatened with a cut that does not come", async () => {
    world = await raiseNoticeWorld({
      start: MONDAY,
      meters: [HUNGRY],
      rules: { mode: "shadow", forecastDays: 0 },
      balances: ["2.00"],
    });
    await world.house.pass(hours(4));
    expect(world.told(0)).toEqual([]);
  });

  test("where no notice is required the customer is told all the same", async () => {
    world = await raiseNoticeWorld({
      start: at("2026-11-23T18:00:00"),
      meters: [HUNGRY],
      rules: { notices: "off", forecastDays: 0, noCut: { hours: "17:00-08:00", weekends: false } },
      balances: ["2.00"],
    });
    await world.house.pass(hours(4));
    expect(world.told(0)).toEqual(["warn-2", "notice-due"]);
    const final = world.channel.heard.at(-1)!;
    expect(iso(final.cutFrom!, TIME_ZONE), "the first moment outside the night").toBe("2026-11-24T08:00:00+08:00");
    expect(final.text).toContain("2026年11月24日08:00");
  });
});

test("A20: a planned outage is told seven days before and on the day before; one that comes at once is told at once; nobody is cut in it", async () => {
  const outage = { from: "2026-12-02T09:00:00+08:00", to: "2026-12-02T15:00:00+08:00", reason: "更换变压器" };
  const sudden = { from: "2026-11-24T12:00:00+08:00", to: "2026-11-24T16:00:00+08:00", reason: "抢修" };
  world = await raiseNoticeWorld({
    start: MONDAY,
    meters: [{ energyKwh: "1.00", loadKw: 0 }],
    rules: { noCut: { hours: "", weekends: false, maintenance: [outage, sudden] } },
    balances: ["100.00"],
    isSlow: true,
  });
  const { house, channel } = world;
  await house.pass(minutes(2));
  expect(channel.heard.map(({ kind, text }) => [kind, /因(.*?),/.exec(text)![1]])).toEqual([["outage", "抢修"]]);
  await house.until(at("2026-11-25T08:59:00"));
  expect(world.told(0)).toHaveLength(1);
  await house.until(at("2026-11-25T09:07:00"));
  expect(world.told(0)).toHaveLength(2);
  expect(channel.heard[1]!.text).toContain("2026年12月2日09:00至2026年12月2日15:00");
  await house.until(at("2026-12-02T12:00:00"));
  expect(world.told(0)).toEqual(["outage", "outage", "outage-soon"]);
  const soon = channel.heard[2]!.heardAt;
  expect(soon - at("2026-12-01T09:00:00")).toBeGreaterThanOrEqual(0);
  expect(soon - at("2026-12-01T09:00:00")).toBeLessThan(minutes(7));
});
