/** Whom a poller asks again and when, where asking brings nobody: on virtual time, the street stands still and only counts. */
import { expect, test } from "vitest";
import type { MeterHealth, MeterRecord, MeterSession, Street } from "../../src/devices/meter.ts";
import type { Duty } from "../../src/devices/poll-tiers.ts";
import { Poller, type PollerParts } from "../../src/devices/poller.ts";
import { hours, Instant, later, minutes, seconds } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";
import { BusId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { A } from "./house.ts";

const START = Instant(Date.UTC(2026, 10, 24, 2));
const warm: Duty = { tier: "warm", everyMs: minutes(15), items: ["importedEnergy"], relay: true };
const cold: Duty = { tier: "cold", everyMs: hours(6), items: ["clock"], relay: false };
/** Read more seldom than what is read seldom: the two are not due together. */
const daily: Duty = { ...warm, everyMs: hours(24) };
/** More within a minute than any pause lets. */
const ENDLESS = 50;

const WELL: MeterHealth = { state: "answering", failures: 0, lastHeardAt: null, askAgainAt: null };

function stand(
  isDown: () => boolean,
  health: () => MeterHealth,
  { duties = [warm, cold], ...more }: { readonly duties?: readonly Duty[] } & Pick<PollerParts, "borneOutFrom" | "errand"> = {},
) {
  const clock = new VirtualClock(START);
  let backMs = 0;
  const now = (): Instant => later(clock.now(), -backMs);
  let asked = 0;
  const read: string[][] = [];
  let relays = 0;
  const session = {
    read: (items: readonly string[]) => Promise.resolve(void read.push([...items])),
    readRelay: () => Promise.resolve(void (relays += 1)),
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
    clock: { now, wait: (ms, signal) => clock.wait(ms, signal) },
    log: silentLog,
    duties: () => duties,
    identityInDoubt: () => Promise.resolve(false),
    identity: () => Promise.resolve(),
    sideBySide: () => false,
    ...more,
  });
  const stop = async (): Promise<void> => {
    const stopping = poller.stop();
    await clock.pass(seconds(2));
    await stopping;
  };
  const setBack = (ms: number): void => void (backMs += ms);
  return { clock, now, setBack, poller, read, asked: () => asked, relays: () => relays, stop };
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

test("who is to be read soon is read for money and relay, also where just then only what is read seldom is due", async () => {
  const { clock, poller, read, relays, stop } = stand(
    () => false,
    () => WELL,
    { duties: [daily, cold] },
  );
  poller.start();
  await clock.pass(seconds(5));
  expect(read).toEqual([["importedEnergy", "clock"]]);
  const release = await poller.pause(); // as a line that is busy with others
  await clock.pass(hours(6));
  poller.hurry(A);
  release();
  await clock.pass(seconds(5));
  expect(read.slice(1)).toEqual([["importedEnergy", "clock"]]);
  expect(relays()).toBe(2);
  await stop();
});

test("what was seen once is read again by its registers, also in a turn that was for something else, and again when that can bear it out", async () => {
  let from: Instant | null = null;
  let isErrandDue = false;
  const { clock, poller, read, stop } = stand(
    () => false,
    () => WELL,
    {
      duties: [daily, cold],
      borneOutFrom: () => from,
      errand: {
        isDue: () => isErrandDue,
        run: () => Promise.resolve(void (isErrandDue = false)),
        unreached: () => Promise.resolve(),
      },
    },
  );
  poller.start();
  await clock.pass(seconds(5));
  from = later(clock.now(), minutes(1));
  isErrandDue = true; // as a midnight that is fetched
  await clock.pass(seconds(2));
  expect(read.slice(1)).toEqual([["importedEnergy"]]);
  await clock.pass(seconds(55));
  expect(read).toHaveLength(2);
  from = later(clock.now(), minutes(1)); // another leap by then: as much is asked for it
  await clock.pass(seconds(5));
  expect(read.slice(2)).toEqual([["importedEnergy"], ["importedEnergy"]]);
  from = null;
  await clock.pass(minutes(2));
  expect(read).toHaveLength(5);
  await clock.pass(hours(1));
  expect(read).toHaveLength(5);
  await stop();
});

test("what is to be read again in a minute does not wait for a clock that was set back to come there again", async () => {
  let from: Instant | null = null;
  let isErrandDue = false;
  const { clock, now, setBack, poller, read, stop } = stand(
    () => false,
    () => WELL,
    {
      duties: [daily],
      borneOutFrom: () => from,
      errand: {
        isDue: () => isErrandDue,
        run: () => Promise.resolve(void (isErrandDue = false)),
        unreached: () => Promise.resolve(),
      },
    },
  );
  poller.start();
  await clock.pass(hours(3));
  expect(read).toHaveLength(1);
  from = later(now(), minutes(1));
  isErrandDue = true;
  await clock.pass(seconds(2));
  expect(read).toHaveLength(2);
  from = null;
  setBack(hours(1));
  await clock.pass(seconds(2));
  expect(read).toHaveLength(3);
  await clock.pass(hours(1));
  expect(read).toHaveLength(3);
  await stop();
});

test("whoever is hurried is asked for his register too, where a site's hot items bring none", async () => {
  const hot: Duty = { tier: "hot", everyMs: minutes(2), items: ["voltageA"], relay: true };
  const { clock, poller, read, stop } = stand(
    () => false,
    () => WELL,
    { duties: [hot, daily, cold] },
  );
  poller.start();
  await clock.pass(seconds(5));
  const before = read.length;
  poller.hurry(A);
  await clock.pass(seconds(5));
  expect(read.slice(before)).toEqual([["voltageA", "importedEnergy"]]);
  await stop();
});
