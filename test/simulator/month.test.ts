/** A month in one jump is a month hour by hour is a month by fits and starts, to the last byte; and a thousand meters cost little. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { seededChance } from "../../src/kernel/chance.ts";
import type { MeterPlan } from "../../simulator/plans.ts";
import { StreetTime } from "../../simulator/street-time.ts";
import { VirtualMeter } from "../../simulator/virtual-meter.ts";
import { snapshotOf } from "../../simulator/meter-door.ts";
import { bench, StillClock } from "./support/frames.ts";
import type { Bench } from "./support/frames.ts";
import { DAY, HOUR, pass, timeOfUse, value } from "./support/life.ts";

/** Everything at once: three phases, tariffs, steps, a switch of all sets, a roof, a clock that drifts, an alarm that trips. */
const everything: Partial<MeterPlan> = {
  phases: 3,
  loadKw: undefined,
  solarKw: 2,
  balance: "60.00",
  alarm1: "40.00",
  alarm2: "20.00",
  alarm2Trips: true,
  overdraftLimit: "500.00",
  clockDriftPpm: 87.3,
  clockOffsetMs: -123_456,
  settlementDays: ["0100", "1512"],
  tariff: {
    ...timeOfUse,
    steps: { thresholds: ["40.00", "90.00"], prices: ["0.0000", "0.0500", "0.3000"] },
    next: {
      at: "2026-11-29T13:00",
      prices: ["1.2000", "0.9000", "0.6000", "0.2000"],
      steps: { thresholds: ["50.00"], prices: ["0.0100", "0.2000"] },
    },
  },
};
const START = { start: "2026-11-10T10:17:03.217+08:00" };

/** All that a tool could read, as one list. */
function told(b: Bench): string[] {
  const kinds = ["00", "01", "02", "03", "04", "05", "06", "07", "08"];
  const dis = [
    ...kinds.flatMap((kind) => [`00${kind}FF00`, `00${kind}FF01`, `00${kind}0003`]),
    ...kinds.slice(1).flatMap((kind) => [`01${kind}FF00`, `01${kind}FF02`]),
    ...["15", "1C", "29", "2A", "3D", "44"].map((kind) => `00${kind}0000`),
    ...["000B0000", "000B0001", "000C0000", "000C0001", "040005FF", "02800020", "02800004", "0203FF00", "0400010C"],
    ...["0502FF01", "0503FF01", "0504FF01", "0504FF64", "0505FF01", "0506FF01", "0506FF14", "0507FF01", "1D00FF01", "1D000001"],
  ];
  return [
    ...dis.map((di) => value(b, di)),
    ...["06000000", "06000002"].map((di) => value(b, di, "99")),
    JSON.stringify({ ...snapshotOf(b.meter), heard: 0 }),
    `${b.meter.wallet.balance} ${b.meter.wallet.overdraft} ${b.meter.wallet.consumed}`,
  ];
}

test.each([
  ["which alarm 2 trips early", "60.00", 1],
  ["which pays to the end", "1900.00", 0],
])("a month jumped equals a month stepped hour by hour: a meter %s", (_what, balance, trips) => {
  const [jumped, stepped] = [bench({ ...everything, balance }, START), bench({ ...everything, balance }, START)];
  pass(jumped, 30 * DAY);
  for (let hour = 0; hour < 30 * 24; hour += 1) pass(stepped, HOUR);
  expect(told(jumped)).toEqual(told(stepped));
  expect(Number(value(jumped, "1D000001"))).toBe(trips);
  // The same seed, the same bytes; and it is not as if nothing could differ.
  const [again, other] = [bench({ ...everything, balance }, START), bench({ ...everything, balance, solarKw: 2.001 }, START)];
  pass(again, 30 * DAY);
  pass(other, 30 * DAY);
  expect(told(again)).toEqual(told(jumped));
  expect(told(other)).not.toEqual(told(jumped));
});

test("looked at by fits and starts, with and without power, it comes to the same", () => {
  const step = fc.record({
    ms: fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 2 * DAY })),
    lights: fc.boolean(),
  });
  fc.assert(
    fc.property(
      fc.array(step, { minLength: 1, maxLength: 8 }),
      fc.array(fc.integer({ min: 1, max: 4 * HOUR }), { minLength: 1, maxLength: 20 }),
      (steps, looks) => {
        const [seldom, often] = [
          bench({ ...everything, balance: "900.00" }, START),
          bench({ ...everything, balance: "900.00" }, START),
        ];
        for (const { ms, lights } of steps) {
          pass(seldom, ms);
          let left = ms;
          for (let i = 0; left > 0; i += 1) {
            // A millisecond now and then, but not a hundred million of them.
            const look = i < 300 ? Math.min(left, looks[i % looks.length]!) : left;
            pass(often, look);
            left -= look;
          }
          for (const b of [seldom, often]) {
            if (lights) b.meter.powerOn();
            else b.meter.powerOff();
          }
        }
        for (const b of [seldom, often]) b.meter.powerOn();
        expect(told(often)).toEqual(told(seldom));
      },
    ),
    { numRuns: 25 },
  );
});

test("a thousand meters live a day for little", () => {
  const clock = new StillClock();
  const time = new StreetTime(clock);
  const street = seededChance(7);
  const meters = Array.from(
    { length: 1_000 },
    (_, i) =>
      new VirtualMeter(
        { address: `2026112${String(i).padStart(5, "0")}`, bus: "b" },
        { time, chance: street.child(`meter/${i}`) },
      ),
  );
  const before = performance.now();
  clock.ms += DAY;
  for (const meter of meters) meter.settle();
  const ms = performance.now() - before;
  console.log(`1,000 meters over a day: ${ms.toFixed(0)} ms`);
  expect(meters.every((meter) => meter.wallet.consumed > 0n)).toBe(true);
  expect(ms).toBeLessThan(20_000);
});
