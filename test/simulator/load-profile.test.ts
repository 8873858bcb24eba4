/** Load records and curves: what the meter showed every quarter of an hour, worked out afterwards and exact. */
import { expect, test } from "vitest";
import { putSetting } from "../../simulator/life-settings.ts";
import { fromHex, hex, reversed } from "../../simulator/bytes.ts";
import { bench } from "./support/frames.ts";
import type { Bench } from "./support/frames.ts";
import { DAY, HOUR, pass, value, values } from "./support/life.ts";

const put = (b: Bench, di: string, digits: string): boolean => putSetting(b.meter.life, di, reversed(fromHex(digits)));
const wire = (record: string): string => hex(reversed(fromHex(record)));
/** The moment in a record, highest digit first. */
const time = (record: string): string => hex(reversed(fromHex(wire(record).slice(6, 16))));
const times = (b: Bench, di: string, rest: string): string[] =>
  values(b, di, rest).map((r) => (r.startsWith("ERR") ? r : time(r)));
/** N and YYMMDDhhmm as they travel. */
const since = (count: string, moment: string): string => count + hex(reversed(fromHex(moment)));
const START = { start: "2026-11-22T10:07:00+08:00" };

test("oldest, newest, and from a moment on", () => {
  const b = bench({ loadKw: 1, balance: "900.00" }, START);
  expect(value(b, "06000000", "01")).toBe("ERR 02");
  pass(b, 2 * HOUR);
  expect(times(b, "06000000", "02")).toEqual(["2611221015", "2611221030"]);
  expect(times(b, "06000002", "03")).toEqual(["2611221130", "2611221145", "2611221200"]);
  expect(times(b, "06000001", since("02", "2611221101"))).toEqual(["2611221115", "2611221130"]);
  expect(times(b, "06000001", since("99", "2611221045"))).toHaveLength(6);
  expect(times(b, "06000001", since("01", "2611221201"))).toEqual(["ERR 02"]);
  expect([value(b, "06000000", "00"), value(b, "06000000", "0A"), value(b, "06000001", since("01", "2613221101"))]).toEqual(
    Array(3).fill("ERR 01"),
  );
  expect(value(b, "06000001", "01")).toBe("ERR 02");
});

test("one record, byte by byte", () => {
  const b = bench({ loadKw: 2, powerFactor: 0.8, energyKwh: "0.00", balance: "900.00" }, { start: "2026-11-22T10:00:00+08:00" });
  pass(b, HOUR);
  const record = wire(value(b, "06000002", "01"));
  // A0A0, count, time, six classes with AA, checksum, E5.
  expect(record).toHaveLength(2 * (3 + 5 + 18 + 25 + 9 + 17 + 17 + 7 + 2));
  expect(record.slice(0, 16)).toBe("A0A0620011221126");
  const bytes = fromHex(record);
  expect(bytes.at(-1)).toBe(0xe5);
  expect(bytes.at(-2)).toBe(bytes.slice(0, -2).reduce((sum, byte) => (sum + byte) & 0xff, 0));
  const [volts, amps] = [Number(hex(reversed(bytes.slice(8, 10)))) / 10, Number(hex(reversed(bytes.slice(14, 17)))) / 1_000];
  expect(volts * amps).toBeCloseTo(2_500, -1);
  expect(hex(bytes.slice(26, 51))).toBe(`000002000002${"FF".repeat(6)}005001005001${"FF".repeat(6)}AA`);
  expect(hex(bytes.slice(51, 60))).toBe("00080008FFFFFFFFAA");
  expect(hex(bytes.slice(60, 77))).toBe("00020000000000005001000000000000AA");
  expect(hex(bytes.slice(77, 94))).toBe("50010000000000000000000000000000AA");
  expect(hex(bytes.slice(94, 101))).toBe("000002005001AA");
});

test("a class that is off or not due leaves its AAH; a class read alone brings nothing else", () => {
  const b = bench({ loadKw: 1, balance: "900.00" }, START);
  put(b, "04000901", "0B");
  put(b, "04000A03", "0060");
  pass(b, 2 * HOUR);
  const lengths = values(b, "06000002", "04").map((record) => record.length / 2);
  const [whole, quarter] = [3 + 5 + 18 + 25 + 1 + 17 + 1 + 1 + 2, 3 + 5 + 18 + 1 + 1 + 17 + 1 + 1 + 2];
  expect(lengths).toEqual([quarter, quarter, quarter, whole]);
  expect(times(b, "06020002", "09")).toEqual(["2611221100", "2611221200"]);
  expect(value(b, "06020002", "01").length / 2).toBe(3 + 5 + 25 + 2);
  expect(value(b, "06030002", "01")).toBe("ERR 02");
  put(b, "04000A01", "11230007");
  expect(times(b, "06010002", "01")).toEqual(["ERR 02"]);
  pass(b, DAY);
  expect(times(b, "06010000", "02")).toEqual(["2611230007", "2611230022"]);
});

test("a household's records tell the energies of their own moments, after weeks as on the day", () => {
  const plan = { loadKw: undefined, energyKwh: "100.00", balance: "9000.00" };
  const [watched, asked] = [bench(plan, START), bench(plan, START)];
  const seen: string[] = [];
  pass(watched, 8 * 60_000);
  for (let i = 0; i < 60; i += 1) {
    seen.push(value(watched, "00010000"));
    pass(watched, 900_000);
  }
  pass(asked, 20 * DAY);
  const told = values(asked, "06040000", "60").map((record) => hex(reversed(fromHex(wire(record)).slice(8, 12))));
  expect(told).toEqual(seen);
});

test("memory is bounded: forty days", () => {
  const b = bench({ loadKw: undefined, balance: "9000.00" }, START);
  pass(b, 100 * DAY);
  expect(b.meter.life.log.stretches.length).toBeLessThan(41 * 24 + 2);
  // 2 March 2027, less forty days.
  expect(times(b, "06000000", "01")[0]?.slice(0, 6)).toMatch(/^27012[01]$/);
});

test("without power there are no records; curves have FF there, and energies stand still", () => {
  const b = bench({ loadKw: 4, energyKwh: "10.00", balance: "900.00" }, { start: "2026-11-22T10:00:00+08:00" });
  pass(b, 20 * 60_000);
  b.meter.powerOff();
  pass(b, 30 * 60_000);
  b.meter.powerOn();
  pass(b, HOUR);
  expect(times(b, "06000000", "03")).toEqual(["2611221015", "2611221100", "2611221115"]);
  expect(values(b, "06100300", since("05", "2611221010"))).toEqual([
    "2611221015",
    "040000",
    "FFFFFF",
    "FFFFFF",
    "040000",
    "040000",
  ]);
  // 15 minutes, 20 and 20 of 4 kW, then it runs again.
  expect(values(b, "06100601", since("04", "2611221015"))).toEqual([
    "2611221015",
    "00001100",
    "00001133",
    "00001133",
    "00001200",
  ]);
  expect(values(b, "06100500", since("02", "2611221015"))).toEqual(["2611221015", "1000", "FFFF"]);
  expect(
    values(b, "06100101", since("02", "2611221100"))
      .slice(1)
      .every((volts) => /^2[0-4]\d\d$/.test(volts)),
  ).toBe(true);
  expect(values(b, "06100102", since("01", "2611221100"))).toEqual(["2611221100", "FFFF"]);
  expect(values(b, "06100300", since("99", "2611221100"))).toHaveLength(1 + 4);
  expect(value(b, "06100300", since("01", "2611231100"))).toBe("ERR 02");
  expect(value(b, "06109900", since("01", "2611221100"))).toBe("ERR 02");
});

test("set back, the clock makes the same quarters twice; set ahead, it leaves some out", () => {
  const b = bench({ loadKw: 1, balance: "900.00" }, START);
  pass(b, 40 * 60_000);
  b.meter.clockOffsetMs = -20 * 60_000;
  pass(b, 10 * 60_000);
  b.meter.clockOffsetMs = HOUR;
  pass(b, 10 * 60_000);
  // From 10:47 back to 10:27, from 10:37 on to 11:57.
  expect(times(b, "06000000", "09")).toEqual(["2611221015", "2611221030", "2611221045", "2611221030", "2611221200"]);
});
