/** A meter that answers, and stays silent to one item: its registers count, and it is not asked for that item without end. */
import { expect, test } from "vitest";
import type { Conversation } from "../../src/devices/conversation.ts";
import type { MeterHealth, MeterRecord, MeterSession, Street } from "../../src/devices/meter.ts";
import type { Duty } from "../../src/devices/poll-tiers.ts";
import { Poller } from "../../src/devices/poller.ts";
import { readItems } from "../../src/devices/readings.ts";
import { hours, Instant, later, minutes, seconds } from "../../src/kernel/clock.ts";
import { Fault, type FaultCode } from "../../src/kernel/faults.ts";
import { BusId } from "../../src/kernel/ids.ts";
import { silentLog } from "../../src/kernel/log.ts";
import type { Reading } from "../../src/kernel/reading.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import { A } from "./house.ts";

const ENERGY = "00010000";
const VOLTAGES = ["02010100", "02010200", "02010300"] as const;
const warm: Duty = { tier: "warm", everyMs: minutes(15), items: ["importedEnergy"], relay: false };
const cold: Duty = { tier: "cold", everyMs: hours(6), items: ["voltage", "voltageB", "voltageC"], relay: false };

/** `says`: what the meter does at an identifier; undefined: it answers. */
function stand(duties: readonly Duty[], says: (di: string) => FaultCode | undefined) {
  const clock = new VirtualClock(Instant(Date.UTC(2026, 10, 24, 2)));
  let health: MeterHealth = { state: "unknown", failures: 0, lastHeardAt: null, askAgainAt: null };
  const asked: string[] = [];
  const taken: Reading[] = [];
  let errands = 0;
  let errandFrom = clock.now();
  const talk = {
    bytes: (di: string) => {
      asked.push(di);
      const fault = says(di);
      if (fault === "meter-silent") {
        const failures = health.failures + 1;
        health = { ...health, state: "silent", failures, askAgainAt: later(clock.now(), seconds(2) * failures) };
      } else health = { state: "answering", failures: 0, lastHeardAt: clock.now(), askAgainAt: null };
      if (fault !== undefined) return Promise.reject(new Fault(fault, { meter: A, item: di, why: "as the test has it" }));
      return Promise.resolve({ bytes: new Uint8Array(di === ENERGY ? 4 : 2), at: clock.now() });
    },
  } as unknown as Conversation;
  const session = {
    read: (...[items, source, inParts]: Parameters<MeterSession["read"]>) =>
      readItems(talk, items, { meter: A, source, timeZone: "Asia/Shanghai", inParts }),
    close: () => Promise.resolve(),
  } as unknown as MeterSession;
  const poller = new Poller({
    street: {
      meters: () => [{ address: A, bus: BusId("bus-1") } as MeterRecord],
      health: () => health,
      session: () => Promise.resolve(session),
    } as unknown as Street,
    intake: { take: (readings: readonly Reading[]) => Promise.resolve(void taken.push(...readings)) } as never,
    relay: () => Promise.resolve(),
    clock,
    log: silentLog,
    duties: () => duties,
    identityInDoubt: () => Promise.resolve(false),
    identity: () => Promise.resolve(),
    sideBySide: () => false,
    errand: {
      isDue: () => errands === 0 && clock.now() >= errandFrom,
      run: () => Promise.resolve(void (errands += 1)),
      unreached: () => Promise.resolve(void (errandFrom = later(clock.now(), minutes(1)))),
    },
  });
  const stop = async (): Promise<void> => {
    const stopping = poller.stop();
    await clock.pass(seconds(2));
    await stopping;
  };
  const times = (di: string): number => asked.filter((each) => each === di).length;
  return { clock, poller, asked, taken, times, errands: () => errands, stop };
}

test("a meter that is silent to an item that is read seldom is billed all the same, and is asked for it when it is due, not without end", async () => {
  const { clock, poller, taken, times, errands, stop } = stand([warm, cold], (di) =>
    di === VOLTAGES[1] ? "meter-silent" : undefined,
  );
  poller.start();
  await clock.pass(hours(1));
  expect(taken.map(({ item }) => item).slice(0, 2)).toEqual(["importedEnergy", "voltage"]);
  expect(times(ENERGY)).toBeLessThanOrEqual(6);
  expect(times(VOLTAGES[1])).toBe(1);
  expect(errands()).toBe(1);
  await stop();
});

test("where it is silent to an item of each turn, it has one probe, then its regular turns, and its errand comes in between", async () => {
  const each: Duty = { ...warm, items: ["voltage", "importedEnergy", "voltageB"] };
  const { clock, poller, asked, taken, times, errands, stop } = stand([each], (di) =>
    di === VOLTAGES[0] ? "meter-silent" : undefined,
  );
  poller.start();
  await clock.pass(hours(1));
  expect(asked.slice(0, 2)).toEqual([ENERGY, VOLTAGES[0]]); // the register first, wherever it stands
  expect(times(VOLTAGES[0])).toBeLessThanOrEqual(6);
  expect(taken.filter(({ item }) => item === "importedEnergy")).toHaveLength(times(ENERGY));
  expect(errands()).toBe(1);
  await stop();
});

test.each(["meter-fault", "meter-refused", "reply-malformed"] as const)(
  "registers that were read before a %s count",
  async (fault) => {
    const { clock, poller, taken, stop } = stand([warm, cold], (di) => (di === VOLTAGES[0] ? fault : undefined));
    poller.start();
    await clock.pass(seconds(5));
    expect(taken.map(({ item }) => item)).toEqual(["importedEnergy"]);
    await stop();
  },
);

test("of a register and its rates a part counts for nothing: they are believed together", async () => {
  const rates: Duty = { ...warm, items: ["importedEnergy", "importedEnergyTariff1"] };
  const { clock, poller, taken, stop } = stand([rates], (di) => (di === "00010100" ? "meter-silent" : undefined));
  poller.start();
  await clock.pass(seconds(5));
  expect(taken).toEqual([]);
  await stop();
});
