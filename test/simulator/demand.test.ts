/** Maximum demand with its moment, and instantaneous values that fit together. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { bench, plainOrder, read } from "./support/frames.ts";
import type { Bench } from "./support/frames.ts";
import { DAY, HOUR, pass, timeOfUse, value, values } from "./support/life.ts";

const draw = (b: Bench, kilowatts: number): void => {
  b.meter.settle();
  b.meter.household.override = BigInt(Math.round(kilowatts * 1_000_000));
};

test("a quarter of an hour's mean, sliding by the minute", () => {
  const b = bench({ loadKw: 1 }, { start: "2026-11-22T10:00:00+08:00" });
  pass(b, 14 * 60_000);
  expect(value(b, "01010000")).toBe("0000000000000000");
  pass(b, 60_000);
  expect(value(b, "01010000")).toBe("2611221015010000");
  draw(b, 4);
  // 5 minutes of 4 kW in a quarter of 1 kW: 2 kW, at 10:20.
  pass(b, 5 * 60_000);
  draw(b, 0.5);
  pass(b, HOUR);
  // Until 10:20 four replaces one; after that a half replaces one until 10:30.
  expect(value(b, "01010000")).toBe("2611221020020000");
  expect(read(b, "02800004")).toBe("005000");
});

test("in blocks only whole quarters count", () => {
  const b = bench({ loadKw: 0 }, { start: "2026-11-22T10:00:00+08:00" });
  b.meter.life.demand.isBlock = true;
  pass(b, 10 * 60_000);
  draw(b, 3);
  pass(b, 15 * 60_000);
  draw(b, 0);
  pass(b, HOUR);
  // 5 minutes of 3 kW before 10:15, 10 minutes before 10:30.
  expect(value(b, "01010000")).toBe("2611221030020000");
  expect(read(b, "04000501")).toBe("0002");
});

test("against the definition: minute by minute, whatever the load did", () => {
  const change = fc.record({
    after: fc.integer({ min: 1, max: 40 * 60_000 }),
    kilowatts: fc.constantFrom(0, 0.2, 1, 2.5, 7, 12),
  });
  fc.assert(
    fc.property(
      fc.array(change, { minLength: 1, maxLength: 12 }),
      fc.constantFrom(0, 40_000, -7_001),
      (changes, clockOffsetMs) => {
        const b = bench({ loadKw: 1, clockOffsetMs, balance: "9000.00" }, { start: "2026-11-22T10:00:00+08:00" });
        const begin = b.clock.ms;
        const lived: { from: number; to: number; watts: number }[] = [];
        let watts = 1_000;
        for (const { after, kilowatts } of changes) {
          lived.push({ from: b.clock.ms, to: b.clock.ms + after, watts });
          pass(b, after);
          draw(b, kilowatts);
          watts = kilowatts * 1_000;
        }
        let best = { mean: 0, shown: 0 };
        for (
          let shown = Math.ceil((begin + clockOffsetMs + 900_000) / 60_000) * 60_000;
          shown <= b.clock.ms + clockOffsetMs;
          shown += 60_000
        ) {
          const end = shown - clockOffsetMs;
          const sum = lived.reduce(
            (all, { from, to, watts: w }) => all + w * Math.max(0, Math.min(to, end) - Math.max(from, end - 900_000)),
            0,
          );
          const mean = Math.floor((sum * 10) / 900_000);
          if (mean > best.mean) best = { mean, shown };
        }
        const found = b.meter.life.demand.maxima[0]![0]!;
        expect([found.value, found.at ?? 0]).toEqual([best.mean, best.shown]);
      },
    ),
    { numRuns: 60 },
  );
});

test("each tariff has its own maximum, and a reset begins anew", () => {
  const b = bench({ loadKw: 1, tariff: timeOfUse, balance: "9000.00" }, { start: "2026-11-22T06:00:00+08:00" });
  pass(b, HOUR);
  draw(b, 2);
  pass(b, 3.5 * HOUR);
  draw(b, 0.5);
  pass(b, HOUR);
  const [total, sharp, peak, flat, valley] = values(b, "0101FF00");
  expect([total, sharp, flat, valley]).toEqual(["2611220715020000", "0000000000000000", "2611220715020000", "2611220615010000"]);
  // At 10:31 the window still holds fourteen minutes of two kilowatts.
  expect(peak).toBe("2611221031019000");
  b.meter.life.demand.reset(b.meter.settle());
  expect(value(b, "01010000")).toBe("0000000000000000");
  pass(b, HOUR);
  expect(value(b, "01010000").slice(10)).toBe("005000");
});

test("reactive demand goes by quadrant and by the combination words", () => {
  const b = bench({ loadKw: 2, powerFactor: 0.8, energyKwh: "0.00" });
  pass(b, HOUR);
  expect(value(b, "01050000").slice(10)).toBe("015000");
  expect(value(b, "01030000").slice(10)).toBe("015000");
  expect(value(b, "01040000")).toBe("0000000000000000");
  // 1.5 kvar for an hour, in the first quadrant, which the first word adds and the second does not.
  expect(["00050000", "00030000", "00040000", "00080000"].map((di) => read(b, di))).toEqual([
    "00000150",
    "00000150",
    "00000000",
    "00000000",
  ]);
  expect([read(b, "02800005"), read(b, "02800006"), read(b, "02800003")]).toEqual(["015000", "025000", "020000"]);
});

test("volts times amps are volt-amperes, watts over volt-amperes the power factor, on every phase", () => {
  const b = bench({ phases: 3, loadKw: undefined }, { start: "2026-11-22T20:00:00+08:00" });
  const volts = read(b, "0201FF00")
    .match(/.{4}/g)!
    .map((v) => Number(v) / 10);
  const amps = read(b, "0202FF00")
    .match(/.{6}/g)!
    .map((v) => Number(v) / 1_000);
  const [c, bb, a, total] = read(b, "0205FF00")
    .match(/.{6}/g)!
    .map((v) => Number(v) / 10) as [number, number, number, number];
  const watts = read(b, "0203FF00")
    .match(/.{6}/g)!
    .map((v) => Number(v) / 10);
  const factors = read(b, "0206FF00")
    .match(/.{4}/g)!
    .map((v) => Number(v) / 1_000);
  [c, bb, a].forEach((va, i) => {
    expect(volts[i]! * amps[i]!).toBeCloseTo(va, -1);
    expect(watts[i]! / va).toBeCloseTo(factors[i]!, 2);
  });
  expect(watts[0]! + watts[1]! + watts[2]!).toBeCloseTo(watts[3]!, 0);
  expect(a + bb + c).toBeCloseTo(total, -1);
  expect(Number(read(b, "02800002")) / 100).toBeCloseTo(50, 0);
  expect(read(b, "020A0103")).toBe("0000");
  expect(read(b, "020B01FF")).toHaveLength(84);
  expect(read(b, "0207FF00")).toMatch(/^(00[0-9]{2}){3}$|^\d{12}$/);
});

test("a single phase has FF where others have B and C", () => {
  const b = bench({ loadKw: 2.2 });
  expect(read(b, "0201FF00")).toMatch(/^F{8}2[0-9]{3}$/);
  expect(read(b, "0203FF00")).toBe(`${"F".repeat(12)}022000022000`);
  expect(["02030200", "020A0203", "02070300", "00290000"].map((di) => read(b, di))).toEqual(["FFFFFF", "FFFF", "FFFF", "ERR 02"]);
  expect(read(b, "00150000")).toBe(read(b, "00010000"));
  b.ask(0x1c, plainOrder(0x1a));
  expect([read(b, "0203FF00"), read(b, "02060000")]).toEqual([`${"F".repeat(12)}000000000000`, "1000"]);
});

test("what a roof gives back is counted in reverse, and combined as the word says", () => {
  const b = bench(
    { solarKw: 8, loadKw: undefined, energyKwh: "0.00", balance: "900.00" },
    { start: "2026-05-20T00:00:00+08:00" },
  );
  pass(b, DAY);
  const [forward, reverse] = [Number(read(b, "00010000")), Number(read(b, "00020000"))];
  expect(reverse).toBeGreaterThan(1_000);
  expect(Number(read(b, "00000000"))).toBe(forward + reverse);
  b.meter.life.combinations.active = 0x09;
  // The top bit is the sign.
  expect(read(b, "00000000")).toBe(`8${String(reverse - forward).padStart(7, "0")}`);
});
