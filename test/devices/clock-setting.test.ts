/** Clocks set and values frozen by a session: what leaves, when nothing may leave, and what a line makes of a word nobody answers. */
import { afterEach, expect, test, vi } from "vitest";
import { hours, Instant, later, minutes, seconds, ShiftableClock } from "../../src/kernel/clock.ts";
import { isFault, type FaultCode } from "../../src/kernel/faults.ts";
import { seededChance } from "../../src/kernel/chance.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { Secret } from "../../src/kernel/secret.ts";
import type { SendOptions } from "../../src/devices/meter.ts";
import type { SecurityModule } from "../../src/security/security-module.ts";
import { softwareModule } from "../../src/security/software-module.ts";
import { A, B, raiseHouse, type House, type HouseOptions } from "./house.ts";

/** Ten in the morning in Shanghai. */
const TEN = Instant(Date.UTC(2026, 10, 25, 2));
const houses: House[] = [];
afterEach(async () => {
  for (const house of houses.splice(0)) await house.close();
});
const raise = async (options: HouseOptions & { at?: Instant } = {}): Promise<House & { clock: ShiftableClock }> => {
  const clock = new ShiftableClock(options.at ?? TEN);
  const house = await raiseHouse({ ...options, clock });
  houses.push(house);
  return { ...house, clock };
};
const soon = (house: House): SendOptions => ({ notAfter: later(house.clock.now(), minutes(10)) });
const code = (expected: FaultCode) => (error: unknown) => isFault(error) && error.code === expected;
const offBy = (house: House, address: string): number =>
  Math.abs(Date.parse(house.simulator.snapshot(address).clock) - house.simulator.time.now());
const heard = (house: House, piece: RegExp): number =>
  house.simulator
    .frames()
    .filter(({ direction, hex }) => direction === "request" && piece.test(hex.replaceAll(" ", "").toUpperCase())).length;
const BROADCAST = /68(99){6}6808/;

test("one broadcast sets every clock on the line, costs it no deadline, and is held against nobody", async () => {
  const house = await raise({
    meters: [{ clockOffsetMs: minutes(2) }, { clockOffsetMs: -minutes(3) }],
    bus: { replyDeadlineMs: 5_000 },
  });
  const session = await house.session();
  const { aheadMs, takenAt } = await session.readClock();
  expect(aheadMs).toBeGreaterThan(minutes(2) - seconds(3));
  const began = performance.now();
  const mark = vi.fn(() => Promise.resolve());
  const sent = await session.setClock("broadcast", takenAt, { ...soon(house), beforeFirstByte: mark });
  expect(sent).toMatchObject({ sent: "silent", asExpected: true });
  expect(mark).toHaveBeenCalledOnce();
  expect(Math.abs((await session.readClock()).aheadMs!)).toBeLessThan(seconds(3));
  expect(performance.now() - began).toBeLessThan(4_000);
  await session.close();
  for (const address of [A, B]) expect(offBy(house, address)).toBeLessThan(seconds(3));
  expect(house.street.buses()[0]).toMatchObject({ silences: 0 });
  expect(house.street.health(A)).toMatchObject({ state: "answering", failures: 0 });
});

test("a meter that was looked at before a broadcast left counts as told with it; later ones wait for another day", async () => {
  const house = await raise();
  const [one, two] = [await house.session(A), await house.session(B)];
  const [first, second] = [await one.readClock(), await two.readClock()];
  await one.setClock("broadcast", first.takenAt, soon(house));
  const mark = vi.fn(() => Promise.resolve());
  expect(await two.setClock("broadcast", second.takenAt, { ...soon(house), beforeFirstByte: mark })).toMatchObject({
    sent: "silent",
  });
  expect(mark).toHaveBeenCalledOnce(); // the attempt stands in the books all the same
  expect(heard(house, BROADCAST)).toBe(1);

  await house.clock.jump(minutes(1));
  const again = await two.readClock();
  await expect(two.setClock("broadcast", again.takenAt, soon(house))).rejects.toSatisfy(code("clock-told-today"));
  await house.clock.jump(hours(24));
  const nextDay = await two.readClock();
  await two.setClock("broadcast", nextDay.takenAt, soon(house));
  expect(heard(house, BROADCAST)).toBe(2);
  await one.close();
  await two.close();
});

test("within five minutes of midnight no broadcast leaves, on either side of it", async () => {
  for (const at of [hours(24) - minutes(4), minutes(4)]) {
    const midnight = Date.UTC(2026, 10, 24, 16);
    const house = await raise({ at: Instant(midnight + (at > hours(12) ? at - hours(24) : at)) });
    const session = await house.session();
    const { takenAt } = await session.readClock();
    await expect(session.setClock("broadcast", takenAt, soon(house))).rejects.toSatisfy(code("clock-near-midnight"));
    expect(heard(house, BROADCAST)).toBe(0);
    await session.close();
  }
});

test("a clock is written under a cipher where the chip has keys, by password where the record names one", async () => {
  const password = { level: "04", secret: new Secret("111111") } as const;
  const house = await raise({
    meters: [{ clockOffsetMs: hours(5) }, { clockOffsetMs: -hours(5) }],
    records: (record) => (record.address === B ? { ...record, relayPassword: password } : record),
  });
  for (const address of [A, B]) {
    const session = await house.session(address);
    const { takenAt } = await session.readClock();
    expect(await session.setClock("write", takenAt, soon(house))).toMatchObject({ sent: "acknowledged" });
    expect(offBy(house, address)).toBeLessThan(seconds(3));
    await session.close();
  }
  // 98H and 04H behind the identifier 0400010C, each with 33H added
  expect([heard(house, /14..3F343337CB/), heard(house, /14..3F34333737/)]).toEqual([1, 1]);
});

test.each(["southern-grid", "state-grid-2009", "remote-ledger"] as const)(
  "a %s takes the time under its own cipher",
  async (model) => {
    const house = await raise({ meters: [{ clockOffsetMs: -hours(1), model }] });
    const session = await house.session();
    const { takenAt } = await session.readClock();
    expect(await session.setClock("write", takenAt, soon(house))).toMatchObject({ sent: "acknowledged" });
    expect(offBy(house, A)).toBeLessThan(seconds(3));
    await session.close();
  },
);

test("no password is guessed against a chip: a machine that protects no writes refuses by name", async () => {
  const module = softwareModule({ chance: seededChance(3), log: silentLog, mode: "test" });
  const verbs = Object.entries(module).filter(([name]) => name !== "protectWrite");
  const without = Object.fromEntries(verbs) as unknown as SecurityModule;
  const house = await raise({ security: without });
  const session = await house.session();
  const { takenAt } = await session.readClock();
  await expect(session.setClock("write", takenAt, soon(house))).rejects.toSatisfy(code("not-supported"));
  expect(heard(house, /14..3F343337/)).toBe(0);
  await session.close();
});

test("what waited too long for the line is made anew: the told time is that of the sending", async () => {
  const house = await raise({ meters: [{ clockOffsetMs: hours(1) }, {}] });
  const session = await house.session();
  const { takenAt } = await session.readClock();
  const release = await house.street.hold();
  const mark = vi.fn(() => Promise.resolve());
  const setting = session.setClock("broadcast", takenAt, { ...soon(house), beforeFirstByte: mark });
  await vi.waitFor(() => expect(house.street.buses()[0]!.waiting).toBe(1));
  await house.clock.jump(minutes(2));
  release();
  await setting;
  expect(mark).toHaveBeenCalledOnce();
  expect(heard(house, BROADCAST)).toBe(1);
  expect(offBy(house, B)).toBeLessThan(seconds(3)); // two minutes old, it would have been told a time that has passed
  await session.close();
});

test("a cipher machine that takes longer than a told time is fresh: the time is told that will be when it is done", async () => {
  const honest = softwareModule({ chance: seededChance(3), log: silentLog, mode: "test" });
  let asked = 0;
  const slow: SecurityModule = {
    ...honest,
    protectWrite: async (...write) => {
      asked += 1;
      await house.clock.jump(seconds(2.5));
      return honest.protectWrite!(...write);
    },
  };
  const house = await raise({ meters: [{ clockOffsetMs: hours(5) }], security: slow });
  const session = await house.session();
  const { takenAt } = await session.readClock();
  expect(await session.setClock("write", takenAt, soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(asked).toBe(2);
  expect(heard(house, /14..3F343337CB/)).toBe(1);
  expect(offBy(house, A)).toBeLessThan(seconds(1.6));
  await session.close();
});

test("a meter is frozen by name, and one that cannot says so before anything leaves", async () => {
  const house = await raise({ meters: [{}, { model: "breaker-645" }] });
  const session = await house.session();
  expect(await session.freeze("99999999", soon(house))).toMatchObject({ sent: "acknowledged" });
  expect(await session.freeze("99991299", soon(house)).catch((error: unknown) => error)).toSatisfy(code("unencodable"));
  await session.close();
  const breaker = await house.session(B);
  await expect(breaker.freeze("99999999", soon(house))).rejects.toSatisfy(code("not-supported"));
  await expect(breaker.readClock()).rejects.toSatisfy(code("not-supported"));
  expect(house.street.buses()[0]!.exchanges).toBe(1);
  await breaker.close();
});
