/** Whom a poller asks again and when, where asking brings nobody: on virtual time, the street stands still and only counts. */
import { expect, test } from "vitest";
import type { MeterHealth, MeterRecord, MeterSession, Street } from "../../src/devices/meter.ts";
import type { Duty } from "../../src/devices/poll-tiers.ts";
import { Poller } from "../../src/devices/poller.ts";
import { hours, Instant, later, minutes, seconds } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { BusId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { A } from "./house.ts";

const START = Instant(Date.UTC(2026, 10, 24, 2));
const warm: Duty = { tier: "warm", everyMs: minutes(15), items: ["importedEnergy"], relay: true };
/** Comes due between two turns of the other. */
const cold: Duty = { tier: "cold", everyMs: minutes(365), items: ["clock"], relay: false };
/** More within a minute than any pause lets. */
const ENDLESS = 50;

function stand(isDown: () => boolean, health: () => MeterHealth, seenOnce = (): boolean => false) {
  const clock = new VirtualClock(START);
  let asked = 0;
  const read: string[][] = [];
  const session = {
    read: (items: readonly string[]) => Promise.resolve(void read.push([...items])),
    readRelay: () => Promise.resolve({}),
    close: () => Promise.resolve(),
  } as unknown as MeterSession;
  const street = {
    meters: () => [{ address: A, bus: BusId("bus-1") } as MeterRecord],
    health,
    session: () => {
      asked += 1;
      if (asked === ENDLESS) void poller.stop(); // without a pause it would never let go of the processor
      return isDown() ? Promise.reject(new Fault("line-down", { bus: "bus-1" })) : Promise.resolve(session);
    },
  } as unknown as Street;
  const poller = new Poller({
    street,
    intake: { take: () => Promise.resolve() } as never,
    relay: () => Promise.resolve(),
    clock,
    log: silentLog,
    duties: () => [warm, cold],
    identityInDoubt: () => Promise.resolve(false),
    identity: () => Promise.resolve(),
    seenOnce,
    sideBySide: () => false,
  });
  const stop = async (): Promise<void> => {
    const stopping = poller.stop();
    await clock.pass(seconds(2));
    await stopping;
  };
  return { clock, poller, read, asked: () => asked, stop };
}

test("a silent meter on a line that is down is tried once for each of its pauses, and again when the line opens", async () => {
  let health: MeterHealth = { state: "silent", failures: 3, lastHeardAt: null, askAgainAt: Instant(START - 1) };
  const { clock, poller, asked, stop } = stand(
    () => true,
    () => health,
  );
  poller.start();
  await clock.pass(minutes(5));
  expect(asked()).toBe(1);
  health = { ...health, askAgainAt: clock.now() }; // as a line that opens leaves it
  await clock.pass(seconds(5));
  expect(asked()).toBe(2);
  await clock.pass(minutes(15));
  expect(asked()).toBe(3); // its regular turn
  health = { ...health, askAgainAt: later(clock.now(), hours(1)) };
  await clock.pass(minutes(30));
  expect(asked()).toBe(3);
  await stop();
});

test("what a turn that reached nobody did not bring comes with the next, also what is read seldom", async () => {
  let isDown = true;
  const { clock, poller, read, stop } = stand(
    () => isDown,
    () => ({ state: "unknown", failures: 0, lastHeardAt: null, askAgainAt: null }),
  );
  poller.start();
  await clock.pass(seconds(5));
  expect(read).toEqual([]);
  isDown = false;
  poller.hurry(A);
  await clock.pass(seconds(5));
  expect(read).toEqual([["importedEnergy", "clock"]]);
  poller.hurry(A);
  await clock.pass(seconds(5));
  expect(read.at(-1)).toEqual(["importedEnergy"]);
  await stop();
});

test("registers that wait to be seen a second time are read with whatever is due, also where that asks for none, and not without end", async () => {
  let isOnce = false;
  const { clock, poller, read, stop } = stand(
    () => false,
    () => ({ state: "answering", failures: 0, lastHeardAt: null, askAgainAt: null }),
    () => isOnce,
  );
  poller.start();
  await clock.pass(minutes(363));
  isOnce = true;
  const before = read.length;
  await clock.pass(minutes(5)); // what is read seldom is due, and the rest was read a moment ago
  expect(read[before]).toEqual(["clock"]);
  expect(read.slice(before)).toContainEqual(["importedEnergy"]);
  expect(read.slice(before)).not.toContainEqual([]);
  expect(read.length - before).toBeLessThan(5);
  await stop();
});
