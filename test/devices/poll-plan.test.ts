/** The airtime a plan predicts, beside what a street of 32 meters at 2400 baud really uses: an hour of it, on virtual time. */
import { afterEach, describe, expect, test, vi } from "vitest";
import type { MeterPlan } from "../../simulator/street.ts";
import { questionsFor } from "../../src/devices/block-reads.ts";
import { answeredMs, probesWithin } from "../../src/devices/airtime.ts";
import { heatOf, HotMeters, ORDER_BELIEVED_MS, RESTORED_MS } from "../../src/devices/hot-meters.ts";
import { LineShares } from "../../src/devices/line-shares.ts";
import type { BusConfig } from "../../src/devices/bus-config.ts";
import type { MeterRecord } from "../../src/devices/meter.ts";
import { meterModels } from "../../src/devices/meter-models.ts";
import { complaintAboutPlan, planLine } from "../../src/devices/poll-plan.ts";
import { linesToPlan, PollPlanner, type LineToPlan } from "../../src/devices/poll-planner.ts";
import { dutiesOf, exchangesOf, onlyWarm, type Tiers } from "../../src/devices/poll-tiers.ts";
import { Poller } from "../../src/devices/poller.ts";
import type { ReadingIntake } from "../../src/devices/reading-intake.ts";
import { byteMsOf, type LineTiming } from "../../src/devices/timing.ts";
import { hours, Instant, minutes, seconds } from "../../src/kernel/clock.ts";
import { BusId, CommandId, MeterAddress } from "../../src/kernel/ids.ts";
import { silentLog, type Logger } from "../../src/kernel/log.ts";
import { Fen } from "../../src/kernel/money.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import { itemOf } from "../../src/protocols/dlt645/index.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { raiseHouse, type House } from "./house.ts";

const START = Instant(Date.UTC(2026, 10, 24, 2));
const BAUD = 2_400;
const ANSWER_MS = 60;
const timing: LineTiming = {
  turnaroundMs: 30,
  answerMs: 1_500,
  quietMs: 1_000,
  byteMs: byteMsOf({ baudRate: BAUD, dataBits: 8, parity: "even", stopBits: 1 }),
};

const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});

const addressOf = (n: number): MeterAddress => MeterAddress(`2026112200${String(n).padStart(2, "0")}`);

interface Hour {
  readonly planned: number;
  readonly measured: number;
  readonly exchanges: number;
  readonly plannedExchanges: number;
  readonly readings: readonly Reading[];
  readonly perMeter: ReadonlyMap<MeterAddress, number>;
}

/** A line on which bytes take their time, all of it virtual. */
async function raisePaced(clock: VirtualClock, meters: number): Promise<House> {
  const rising = raiseHouse({
    clock,
    meters: Array.from({ length: meters }, (_, n): Partial<MeterPlan> => ({ address: addressOf(n + 1) })),
    paced: { baud: BAUD, answerDelayMs: ANSWER_MS, wakeUps: 4 },
    bus: { turnaroundMs: timing.turnaroundMs, replyDeadlineMs: timing.answerMs, quietMs: timing.quietMs },
  });
  await clock.pass(10);
  const house = await rising;
  houses.push(house);
  return house;
}

/** A paced line on virtual time, a poller on it, and nobody else; the first `dead` meters say nothing. */
async function anHour(options: {
  readonly meters: number;
  readonly dead?: number;
  readonly tiers: Tiers;
  readonly log?: Logger;
  readonly isHot?: (meter: MeterAddress) => boolean;
  /** Before the hour that counts: first readings, dead meters found out. */
  readonly before?: number;
}): Promise<Hour> {
  const clock = new VirtualClock(START);
  const house = await raisePaced(clock, options.meters);
  for (let n = 0; n < (options.dead ?? 0); n += 1) house.simulator.setFault(addressOf(n + 1), { kind: "silence" });
  const line: LineToPlan = { id: "bus-1", kind: "serial", timing, meters: house.street.meters() };
  const planner = new PollPlanner({
    lines: [line],
    tiers: options.tiers,
    clock,
    log: options.log ?? silentLog,
    health: (meter) => house.street.health(meter),
    isHot: options.isHot ?? (() => false),
    answers: (meter) => house.street.answers?.(meter),
  });
  const readings: Reading[] = [];
  const perMeter = new Map<MeterAddress, number>();
  const poller = new Poller({
    street: house.street,
    intake: { take: (taken: readonly Reading[]) => Promise.resolve(void readings.push(...taken)) } as unknown as ReadingIntake,
    relay: (meter) => Promise.resolve(void perMeter.set(meter, (perMeter.get(meter) ?? 0) + 1)),
    clock,
    log: silentLog,
    duties: (meter) => planner.duties(meter),
    identityInDoubt: () => Promise.resolve(false),
    identity: () => Promise.resolve(),
    sideBySide: () => false,
  });
  poller.start();
  await clock.pass(options.before ?? minutes(30));
  perMeter.clear();
  readings.length = 0;
  const plan = planner.plan("bus-1")!;
  const [from] = house.street.buses();
  await clock.pass(hours(1));
  const [to] = house.street.buses();
  const stopping = poller.stop();
  await clock.pass(seconds(10));
  await stopping;
  return {
    planned: plan.stretchedShare,
    measured: (to!.occupiedMs - from!.occupiedMs) / hours(1),
    exchanges: to!.exchanges - from!.exchanges,
    plannedExchanges: plan.exchangesPerHour,
    readings,
    perMeter,
  };
}

const within = (measured: number, planned: number): number => Math.abs(planned / measured - 1);

describe("32 meters at 2400 baud, an hour", () => {
  test("all alive: what the plan predicts is used, within a tenth", async () => {
    const hour = await anHour({ meters: 32, tiers: onlyWarm(minutes(5)) });
    expect(hour.measured).toBeGreaterThan(0.1);
    expect(within(hour.measured, hour.planned)).toBeLessThan(0.1);
    expect(within(hour.exchanges, hour.plannedExchanges)).toBeLessThan(0.1);
    console.log(`all alive: planned ${hour.planned.toFixed(4)}, measured ${hour.measured.toFixed(4)}`);
  });

  test("eight dead: they cost their probes, and no more", async () => {
    const hour = await anHour({ meters: 32, dead: 8, tiers: onlyWarm(minutes(5)) });
    expect(within(hour.measured, hour.planned)).toBeLessThan(0.1);
    console.log(`8 dead: planned ${hour.planned.toFixed(4)}, measured ${hour.measured.toFixed(4)}`);
  });

  test("all three tiers: hot meters are read as often as hot asks, the clock as seldom as cold", async () => {
    const hot = new Set([addressOf(3), addressOf(4)]);
    const tiers: Tiers = {
      hot: { everyMs: minutes(1), items: null },
      warm: { everyMs: minutes(10), items: null },
      cold: { everyMs: minutes(30), items: ["clock", "voltage", "voltageB", "voltageC"] },
    };
    const hour = await anHour({ meters: 32, tiers, isHot: (meter) => hot.has(meter) });
    expect(within(hour.measured, hour.planned)).toBeLessThan(0.1);
    expect(hour.perMeter.get(addressOf(3))).toBeGreaterThanOrEqual(57);
    expect(hour.perMeter.get(addressOf(5))).toBe(6);
    const of = (item: string) =>
      hour.readings.filter((reading) => reading.meter === addressOf(5) && reading.item === item).length;
    expect({ clock: of("clock"), energy: of("importedEnergy") }).toEqual({ clock: 2, energy: 6 });
    console.log(`tiers: planned ${hour.planned.toFixed(4)}, measured ${hour.measured.toFixed(4)}`);
  });

  test("a plan that asks for more than there is says so once; the coldest waits and the hottest does not", async () => {
    const warn = vi.fn();
    const log: Logger = { ...silentLog, warn };
    const tiers: Tiers = {
      hot: { everyMs: minutes(2), items: null },
      warm: { everyMs: minutes(2), items: null },
      cold: { everyMs: minutes(1), items: ["0201FF00", "0202FF00", "0203FF00", "clock"] },
    };
    const hot = addressOf(1);
    const hour = await anHour({ meters: 32, tiers, log, isHot: (meter) => meter === hot });
    expect(warn).toHaveBeenCalledOnce();
    expect(warn.mock.calls[0]![1]).toMatch(/^this plan needs 1\d\d % of the line; cold is read [\d.]+ times as seldom/);
    expect(hour.planned).toBeCloseTo(1, 2);
    expect(within(hour.measured, hour.planned)).toBeLessThan(0.1);
    // one period, and the round that was under way
    expect(hour.perMeter.get(hot)).toBeGreaterThanOrEqual(22);
    console.log(`${String(warn.mock.calls[0]![1])}; measured ${hour.measured.toFixed(4)}`);
  });
});

const meter = (share: number, tier: "hot" | "warm" | "cold") => ({
  duties: [{ tier, everyMs: 1_000 / share, exchanges: [{ sent: 0, received: 0 }] }],
  answerMs: 1_000 - timing.turnaroundMs,
  failures: null,
});

test("cold gives way tenfold before warm gives way at all, and hot last", () => {
  const plan = planLine(timing, [meter(0.2, "hot"), meter(0.5, "warm"), meter(0.61, "cold")]);
  expect(plan.share).toBeCloseTo(1.31);
  expect(plan.stretch).toMatchObject({ hot: 1, warm: 1 });
  expect(plan.stretch.cold).toBeCloseTo(0.61 / 0.3);
  expect(plan.stretchedShare).toBeCloseTo(1);
  expect(complaintAboutPlan(plan)).toBe("this plan needs 131 % of the line; cold is read 2 times as seldom");

  const fuller = planLine(timing, [meter(0.4, "hot"), meter(1, "warm"), meter(0.5, "cold")]);
  expect(fuller.stretch.cold).toBe(10);
  expect(fuller.stretch.warm).toBeCloseTo(1 / 0.55);
  expect(fuller.stretch.hot).toBe(1);

  const hopeless = planLine(timing, [meter(20, "hot")]);
  expect(hopeless.stretch.hot).toBe(10);
  expect(complaintAboutPlan(hopeless)).toContain("every round comes late");
  expect(complaintAboutPlan(planLine(timing, [meter(0.99, "warm")]))).toBeNull();
});

test("a dead meter's pauses grow to five minutes, so an hour holds twelve probes at most from then on", () => {
  expect(probesWithin(hours(1), 1_000, 0)).toBe(11); // the next is due at the hour itself
  expect(probesWithin(minutes(1), 1, 0)).toBe(7); // at 2, 6, 12, 20, 30, 42 and 56 seconds
});

test("a plan for each pair of wires, by the names that the lines have: a bus, a meter or a DTU over MQTT, a caller", () => {
  const record = (n: number, bus: string): MeterRecord => ({
    address: addressOf(n),
    meterNumber: addressOf(n),
    customerNumber: addressOf(n),
    account: null,
    bus: BusId(bus),
    model: "standard-wallet",
    relayPassword: null,
  });
  const topics = (place: string) => ({ kind: "mqtt", down: `${place}/down`, up: `${place}/up`, payload: "raw" }) as const;
  const buses: BusConfig[] = [
    { id: "rs485", transport: { kind: "tcp", host: "10.0.0.1", port: 1 } },
    { id: "alone", transport: topics("meters/{address}") },
    { id: "dtu", transport: topics("dtu/7") },
    { id: "door", transport: { kind: "tcp-server", port: 1 }, callers: [{ registration: "DTU-1", meters: [addressOf(7)] }] },
  ];
  const meters = ["rs485", "rs485", "alone", "alone", "dtu", "dtu", "door", "door"].map((bus, n) => record(n + 1, bus));
  expect(linesToPlan(buses, meters).map(({ id, meters: behind }) => [id, behind.length])).toEqual([
    ["rs485", 2],
    [`alone/${addressOf(3)}`, 1],
    [`alone/${addressOf(4)}`, 1],
    ["dtu", 2],
    ["door/DTU-1", 1],
    [`door/${addressOf(8)}`, 1],
  ]);
  const planner = new PollPlanner({
    lines: linesToPlan(buses, meters),
    tiers: onlyWarm(minutes(1)),
    clock: new VirtualClock(START),
    log: silentLog,
    health: () => ({ state: "unknown", failures: 0, lastHeardAt: null, askAgainAt: null }),
    isHot: () => false,
    answers: () => undefined,
  });
  expect(planner.shares({ id: BusId("door"), occupiedMs: 0 })).toEqual({ planned: 0, measured: null, plan: null });
  expect(planner.plan("door/DTU-1")!.share).toBeGreaterThan(0);
});

describe("block reads", () => {
  const wanted = ["voltage", "voltageB", "voltageC", "current", "importedEnergy", "balance"].map((name) => itemOf(name)!);
  const { profile } = meterModels["standard-wallet"];

  test("what lies in one block is asked for at once, and what stands alone by itself", () => {
    const questions = questionsFor(wanted, profile.blocks);
    expect(questions.map(({ di, brings }) => [di, brings.length])).toEqual([
      ["0201FF00", 3],
      ["02020100", 1],
      ["00010000", 1],
      ["00900200", 1],
    ]);
    expect(questionsFor(wanted, [])).toHaveLength(6);
  });

  test("a member under another name than its item is not taken for it, and a block asked for is no part of itself", () => {
    const relay = [itemOf("relay")!, itemOf("runStateWord1")!];
    expect(questionsFor(relay, profile.blocks).map(({ di }) => di)).toEqual(["04000503", "04000501"]);
    const whole = [itemOf("0201FF00")!, itemOf("voltage")!];
    expect(questionsFor(whole, profile.blocks).map(({ di }) => di)).toEqual(["0201FF00", "02010100"]);
  });

  test("a session brings the same values in a third of the exchanges", async () => {
    const house = await raiseHouse();
    houses.push(house);
    const session = await house.session();
    const names = ["voltage", "voltageB", "voltageC"];
    const before = house.street.buses()[0]!.exchanges;
    const together = await session.read(names, "poll");
    const used = house.street.buses()[0]!.exchanges - before;
    const alone = [];
    for (const name of names) alone.push(...(await session.read([name], "poll")));
    await session.close();
    expect(used).toBe(1);
    expect(together.map(({ item, value, unit }) => ({ item, value, unit }))).toEqual(
      alone.map(({ item, value, unit }) => ({ item, value, unit })),
    );
    expect(house.street.buses()[0]!.exchanges - before).toBe(4);
  });

  test("seven values of voltage and power in a third of the line's time, as the plan counts it and as a paced line spends it", async () => {
    const names = ["voltage", "voltageB", "voltageC", "power", "powerA", "powerB", "powerC"];
    const model = meterModels["standard-wallet"];
    const planned = (blocks: readonly string[]) =>
      exchangesOf({ items: names, relay: false }, { ...model, profile: { ...profile, blocks } }).reduce(
        (sum, exchange) => sum + answeredMs(timing, exchange, ANSWER_MS),
        0,
      );
    const clock = new VirtualClock(START);
    const house = await raisePaced(clock, 1);
    const session = await house.session(addressOf(1));
    const spent = async (reads: readonly (readonly string[])[]): Promise<number> => {
      const before = house.street.buses()[0]!.occupiedMs;
      let left = reads.length;
      for (const items of reads) void session.read(items, "poll").then(() => (left -= 1));
      for (let passed = 0; left > 0 && passed < 60; passed += 1) await clock.pass(seconds(1));
      expect(left).toBe(0);
      return house.street.buses()[0]!.occupiedMs - before;
    };
    const single = await spent(names.map((name) => [name]));
    const blocks = await spent([names]);
    console.log(`seven values at 2400 baud: ${single.toFixed(0)} ms one by one, ${blocks.toFixed(0)} ms in blocks`);
    expect(blocks).toBeLessThan(single / 2.5);
    expect(within(single, planned([]))).toBeLessThan(0.05);
    expect(within(blocks, planned(profile.blocks))).toBeLessThan(0.05);
  });
});

describe("tiers", () => {
  const wallet = meterModels["standard-wallet"];
  const tiers: Tiers = { hot: { everyMs: 1, items: null }, warm: { everyMs: 5, items: null }, cold: { everyMs: 9, items: null } };

  test("today's shape means the same as it always did: one round for every meter, money and relay", () => {
    const duties = dutiesOf(onlyWarm(900_000), wallet, true);
    expect(duties).toEqual([{ tier: "warm", everyMs: 900_000, items: ["importedEnergy", "balance", "overdraft"], relay: true }]);
    expect(dutiesOf(onlyWarm(900_000), meterModels["remote-ledger"], false)[0]!.items).toEqual(["importedEnergy"]);
  });

  test("a hot round stands for the warm one only where it reads all of it", () => {
    expect(dutiesOf(tiers, wallet, true).map(({ tier }) => tier)).toEqual(["hot", "cold"]);
    expect(dutiesOf(tiers, wallet, false).map(({ tier }) => tier)).toEqual(["warm", "cold"]);
    const less = { ...tiers, hot: { everyMs: 1, items: ["balance"] } };
    expect(dutiesOf(less, wallet, true).map(({ tier }) => tier)).toEqual(["hot", "warm", "cold"]);
    expect(dutiesOf(tiers, meterModels["breaker-645"], false).map(({ tier }) => tier)).toEqual(["warm"]); // it has no clock
  });

  test("a meter is hot while its money is low, an order is open, or its supply has just come back", () => {
    const facts = { available: Fen(5_000n), orderOpen: false, restoredAt: null, now: START };
    expect(heatOf(facts)).toBeNull();
    expect(heatOf({ ...facts, available: Fen(999n) })).toBe("low-balance");
    expect(heatOf({ ...facts, available: null })).toBeNull();
    expect(heatOf({ ...facts, orderOpen: true })).toBe("order-open");
    expect(heatOf({ ...facts, restoredAt: Instant(START - RESTORED_MS + 1) })).toBe("just-restored");
    expect(heatOf({ ...facts, restoredAt: Instant(START - RESTORED_MS) })).toBeNull();
  });

  test("the facts are heard as they happen", async () => {
    const clock = new VirtualClock(START);
    const hot = new HotMeters(clock);
    const one = addressOf(1);
    const id = CommandId("0197e7a0-0000-7000-8000-000000000001");
    expect(hot.heat(one)).toBeNull();
    hot.command(one, id, "reconnect", "queued");
    expect(hot.heat(one)).toBe("order-open");
    hot.command(one, id, "reconnect", "confirmed");
    expect(hot.heat(one)).toBe("just-restored");
    await clock.pass(RESTORED_MS);
    expect(hot.heat(one)).toBeNull();
    hot.command(one, id, "reconnect", "sending"); // how it ended is told to another gateway
    await clock.pass(ORDER_BELIEVED_MS);
    expect(hot.heat(one)).toBeNull();
    hot.balance(one, Fen(-5n));
    expect(hot.heat(one)).toBe("low-balance");
  });
});

test("the measured share is that of the last hour, and a clock that went back begins anew", async () => {
  const clock = new VirtualClock(START);
  const shares = new LineShares(clock);
  expect(shares.share("a", 0)).toBeNull();
  await clock.pass(minutes(10));
  expect(shares.share("a", minutes(5))).toBeCloseTo(0.5);
  for (let n = 1; n <= 70; n += 1) {
    await clock.pass(minutes(1));
    shares.share("a", minutes(5));
  }
  expect(shares.share("a", minutes(5))).toBe(0);
  const back = new LineShares({ now: () => Instant(0), wait: () => Promise.resolve() });
  expect(back.share("a", 7)).toBeNull();
  expect(back.share("a", 9)).toBeNull();
});
