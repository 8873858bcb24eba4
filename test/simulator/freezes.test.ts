/** Freezes of every kind: when, how many are kept, what a mode byte leaves out, what is answered beyond. */
import { expect, test } from "vitest";
import { isAppointment } from "../../simulator/freezes.ts";
import { putSetting } from "../../simulator/life-settings.ts";
import { fromHex, reversed } from "../../simulator/bytes.ts";
import { bench } from "./support/frames.ts";
import type { Bench } from "./support/frames.ts";
import { DAY, HOUR, pass, timeOfUse, value, values } from "./support/life.ts";

const put = (b: Bench, di: string, digits: string): boolean => putSetting(b.meter.life, di, reversed(fromHex(digits)));
const START = { start: "2026-11-22T10:30:00+08:00" };

test("daily freezes: sixty-two, each with the registers of its midnight", () => {
  const b = bench({ loadKw: 1, energyKwh: "0.00", balance: "9000.00" }, START);
  pass(b, 3 * DAY);
  expect([value(b, "05060001"), value(b, "05060003"), value(b, "05060004")]).toEqual(["2611250000", "2611230000", "ERR 02"]);
  expect([value(b, "05060101").slice(-8), value(b, "05060103").slice(-8)]).toEqual(["00006150", "00001350"]);
  pass(b, 100 * DAY);
  expect([value(b, "0506003E").length, value(b, "0506003F")]).toEqual([10, "ERR 02"]);
});

test("hourly freezes: two hundred and fifty-four, totals only, at the interval that was written", () => {
  const b = bench({ loadKw: 1, energyKwh: "0.00", balance: "9000.00" }, START);
  pass(b, 2 * HOUR);
  expect([value(b, "05040001"), value(b, "05040101"), value(b, "05040102"), value(b, "05040201")]).toEqual([
    "2611221200",
    "00000150",
    "00000050",
    "00000000",
  ]);
  // Time, two totals, AAH behind each.
  expect(values(b, "0504FF01")).toEqual(["AA2611221200", "AA00000150", "AA00000000"]);
  put(b, "04001202", "20");
  pass(b, HOUR);
  expect(value(b, "05040001")).toBe("2611221320");
  pass(b, 100 * HOUR);
  expect([value(b, "050400FE").length, value(b, "050400FF")]).toEqual([10, "ERR 02"]);
  put(b, "04001201", "2612010005");
  pass(b, 10 * DAY);
  expect([value(b, "05040001").slice(-2), value(b, "05040002").slice(-2)]).toEqual(["25", "05"]);
});

test("on a word: three instant freezes, total and tariffs, demands and powers of that moment", () => {
  const b = bench({ loadKw: 2, energyKwh: "0.00", tariff: timeOfUse, balance: "900.00" }, { start: "2026-11-22T10:00:00+08:00" });
  pass(b, HOUR);
  for (let i = 0; i < 4; i += 1) {
    b.meter.life.freezes.freezeNow();
    pass(b, 60_000);
  }
  expect([value(b, "05010001"), value(b, "05010003"), value(b, "05010004")]).toEqual(["2611221103", "2611221101", "ERR 02"]);
  // Half an hour of flat, half an hour and three minutes of peak; 4 bytes each, highest first: tariff 4 … total.
  expect(value(b, "05010101").match(/.{8}/g)).toEqual(["00000000", "00000100", "00000110", "00000000", "00000210"]);
  expect(value(b, "05010901").slice(-16)).toBe("2611221015020000");
  expect(value(b, "05011001")).toBe(`${"F".repeat(12)}000000000000${"F".repeat(12)}020000020000`);
});

test("appointments: each hour, each day, each month, on a date; twelve are kept", () => {
  const times = (pattern: string, ms: number): string[] => {
    const b = bench({ loadKw: 1, balance: "9000.00" }, START);
    expect(b.meter.life.freezes.appoint(pattern)).toBe(true);
    expect(value(b, "04001204")).toBe(pattern);
    pass(b, ms);
    return [1, 2, 3, 12, 13].map((age) => value(b, `050000${age.toString(16).toUpperCase().padStart(2, "0")}`));
  };
  expect(times("99999915", 2.5 * HOUR)).toEqual(["2611221215", "2611221115", "ERR 02", "ERR 02", "ERR 02"]);
  expect(times("99992359", 30 * DAY)).toEqual(["2612212359", "2612202359", "2612192359", "2612102359", "ERR 02"]);
  expect(times("99310000", 130 * DAY)).toEqual(["2703310000", "2701310000", "2612310000", "ERR 02", "ERR 02"]);
  // 29 February is on the calendar, in 2028.
  expect(times("02291200", 460 * DAY)).toEqual(Array(5).fill("ERR 02"));
  expect(times("02291200", 500 * DAY).slice(0, 2)).toEqual(["2802291200", "ERR 02"]);
  expect(times("12312359", 400 * DAY).slice(0, 2)).toEqual(["2612312359", "ERR 02"]);
});

test("an appointment with a 99 below a date, or off the calendar, is none; all 99 is now", () => {
  const { freezes } = bench().meter.life;
  for (const pattern of ["12319999", "99019930", "13010000", "02300000", "99002460", "1231235", "1231AA00"]) {
    expect([pattern, isAppointment(pattern), freezes.appoint(pattern)]).toEqual([pattern, false, false]);
  }
  expect(freezes.appoint("99999999")).toBe(true);
  expect(freezes.kept("instant", 1)).toBeDefined();
});

test("the whole block: AAH behind every item, and alone where the mode byte leaves one out", () => {
  const b = bench({ loadKw: 1, energyKwh: "0.00", balance: "900.00" }, START);
  put(b, "04000903", "FF");
  b.meter.life.freezes.freezeNow();
  const whole = values(b, "0501FF01");
  expect(whole.map((item) => item.length / 2)).toEqual([6, ...Array<number>(8).fill(21), 41, 41, 25]);
  expect(whole.every((item) => item.startsWith("AA"))).toBe(true);
  // Forward energy and variables alone.
  put(b, "04000903", "81");
  b.meter.life.freezes.freezeNow();
  expect(values(b, "0501FF01").map((item) => item.length / 2)).toEqual([6, 21, ...Array<number>(9).fill(1), 25]);
  expect([value(b, "05010201"), value(b, "05010202").length, value(b, "05010101").length]).toEqual(["ERR 02", 40, 40]);
});

test("before the first switch its freezes read zeros, other kinds nothing", () => {
  const b = bench();
  for (const kind of ["0502", "0503", "0505", "0507"]) {
    expect([value(b, `${kind}0001`), value(b, `${kind}0101`), value(b, `${kind}0003`)]).toEqual([
      "0000000000",
      "0".repeat(40),
      "ERR 02",
    ]);
    expect(value(b, `${kind}FF02`).replaceAll(/[ 0]/g, "")).toBe("AA".repeat(12));
  }
  for (const di of ["05000001", "05010001", "05040001", "05060001", "05060000", "05080001", "05061101"]) {
    expect(value(b, di)).toBe("ERR 02");
  }
});
