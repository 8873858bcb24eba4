/** What holds a relay back that took its order, named from what the meter shows: stubs, no wires. */
import { expect, test } from "vitest";
import type { VerifyContext } from "../../src/commands/definition.ts";
import { whyNotCutYet, whyNotRestored } from "../../src/commands/definitions/postponed.ts";
import type { MeterSession } from "../../src/devices/meter.ts";
import { minutes } from "../../src/kernel/clock.ts";
import { Fault } from "../../src/kernel/faults.ts";

const meter = (items: Readonly<Record<string, string>>, delayMinutes = 0): MeterSession =>
  ({
    readTripDelayMinutes: () => Promise.resolve(delayMinutes),
    read: ([item]: string[]) => {
      const value = items[item!];
      return value === undefined ? Promise.reject(new Fault("meter-no-data", {})) : Promise.resolve([{ item, value }]);
    },
  }) as unknown as MeterSession;
const after = (n: number): VerifyContext => ({ sinceSentMs: minutes(n) }) as VerifyContext;
const waits = async (session: MeterSession, n: number): Promise<string | null> => {
  const verdict = await whyNotCutYet(session, after(n));
  return verdict?.verdict === "wait" ? verdict.waitingFor : null;
};

test("a cut waits for the trip delay, then for a current above the limit to fall, for as long as the meter holds off", async () => {
  const busy = { tripCurrentLimit: "10.000", tripHoldOff: "30", current: "4.000", currentB: "-12.500", currentC: "0.000" };
  expect(await waits(meter(busy, 5), 5)).toBe("trip-delay");
  expect(await waits(meter(busy, 5), 6)).toBe("high-current");
  expect(await waits(meter(busy), 30)).toBe("high-current");
  expect(await waits(meter(busy), 31), "it should have opened by now").toBe(null);
  expect(await waits(meter({ ...busy, currentB: "9.999" }), 1)).toBe(null);
  expect(await waits(meter({ ...busy, tripCurrentLimit: "0.000" }), 1), "any current may be cut").toBe(null);
  expect(await waits(meter({}), 1), "a meter without such items").toBe(null);
});

test("a restore that did not come waits for the button, unless word 1 says that order and relay disagree, or says nothing", async () => {
  expect(await whyNotRestored(meter({ runStateWord1: "0000" }))).toBe("button");
  expect(await whyNotRestored(meter({ runStateWord1: "0100" }))).toBe("stuck");
  expect(await whyNotRestored(meter({}))).toBe("stuck");
});
