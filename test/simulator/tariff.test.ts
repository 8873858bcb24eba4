/** What a kWh costs in the meter, at every moment of the day and of the year, and that it is taken to the fen. */
import { expect, test } from "vitest";
import { fromHex, reversed } from "../../simulator/bytes.ts";
import { putSetting } from "../../simulator/life-settings.ts";
import type { Bench } from "./support/frames.ts";
import { bench, read } from "./support/frames.ts";
import { DAY, HOUR, pass, timeOfUse, value, values } from "./support/life.ts";

const put = (b: Bench, di: string, ...digits: string[]): boolean =>
  putSetting(b.meter.life, di, Uint8Array.from(digits.flatMap((each) => [...reversed(fromHex(each))])));

test("a plain meter has one slot, one price and no steps", () => {
  const b = bench({ price: "0.5283" });
  expect(["02800020", "02800021", "0280000B"].map((di) => read(b, di))).toEqual(["00005283", "00005283", "00000000"]);
  expect(values(b, "040501FF")).toEqual(Array(4).fill("00005283"));
  expect(values(b, "04010001")).toEqual(Array(14).fill("000003"));
  expect(values(b, "04010000")).toEqual(Array(14).fill("010101"));
  expect(value(b, "04000108")).toBe("0000000000");
});

test("the tariff follows the slot table through the day, each slot counted and charged for itself", () => {
  const b = bench({ tariff: timeOfUse, loadKw: 2, energyKwh: "0.00", balance: "500.00" }, { start: "2026-11-22T00:00:00+08:00" });
  const prices: string[] = [];
  for (let hour = 0; hour < 24; hour += 1) {
    prices.push(read(b, "02800021"));
    pass(b, HOUR);
  }
  const [sharp, peak, flat, valley] = ["00010000", "00008000", "00005000", "00003000"];
  // Read at the full hour; 10:30 falls between two of them.
  expect(prices).toEqual([
    ...Array<string>(7).fill(valley),
    ...Array<string>(4).fill(flat),
    ...Array<string>(7).fill(peak),
    ...Array<string>(3).fill(sharp),
    ...Array<string>(2).fill(peak),
    flat,
  ]);
  // 7 h valley, 3.5 + 1 flat, 7.5 + 2 peak, 3 sharp; two kW.
  expect(values(b, "0001FF00")).toEqual(["00004800", "00000600", "00001900", "00000900", "00001400"]);
  expect(b.meter.wallet.consumed).toBe(600n + 1_520n + 450n + 420n);
});

test("year zones choose the slot table; days of rest and holidays go before them", () => {
  const b = bench({ tariff: timeOfUse }, { start: "2026-06-30T12:00:00+08:00" });
  expect(b.meter.life.tariffNow).toBe(2);
  pass(b, DAY);
  expect(b.meter.life.tariffNow).toBe(1);
  // 4 July 2026 is a Saturday.
  expect(put(b, "04000801", "3F") && put(b, "04000802", "01")).toBe(true);
  pass(b, 3 * DAY);
  expect(b.meter.life.tariffNow).toBe(2);
  pass(b, DAY);
  expect(b.meter.life.tariffNow).toBe(1);
  put(b, "04030001", "26070601");
  pass(b, DAY);
  expect([b.meter.life.tariffNow, read(b, "04030001"), read(b, "04000205")]).toEqual([2, "26070601", "0001"]);
});

test("the standby prices take over at their moment, and current and standby change places", () => {
  const b = bench({ loadKw: 1, price: "0.5000", balance: "500.00" }, { start: "2026-11-30T20:00:00+08:00" });
  put(b, "040502FF", "00020000", "00010000", "00008000", "00004000");
  put(b, "04000108", "2612010000");
  expect([read(b, "02800020"), value(b, "04000108"), read(b, "04000503")]).toEqual(["00005000", "2612010000", "0200"]);
  pass(b, 5 * HOUR);
  expect([read(b, "02800020"), value(b, "04000108"), read(b, "04000503")]).toEqual(["00008000", "0000000000", "0600"]);
  expect(values(b, "040501FF")[0]).toBe("00020000");
  expect(values(b, "040502FF")[0]).toBe("00005000");
  // Four hours at 0.50, one at 0.80.
  expect(b.meter.wallet.consumed).toBe(280n);
  // A moment already past switches back at once.
  put(b, "04000108", "2601010000");
  expect([read(b, "02800020"), read(b, "04000503")]).toEqual(["00005000", "0200"]);
});

test("zones, slots and steps have switch moments and bits of their own", () => {
  const b = bench({ tariff: { ...timeOfUse, steps: { thresholds: ["10.00"], prices: ["0.0000", "0.1000"] } } });
  put(b, "04020001", "000002");
  put(b, "04000106", "2611230000");
  put(b, "04000107", "2611240000");
  put(b, "04000109", "2611250000");
  const words = [1, 2, 3].map(() => (pass(b, DAY), read(b, "04000503")));
  expect(words).toEqual(["0220", "0221", "0A21"]);
  expect(b.meter.life.tariffNow).toBe(2);
  expect(["0502", "0503", "0507", "0505"].map((kind) => value(b, `${kind}0001`))).toEqual([
    "2611230000",
    "2611240000",
    "2611250000",
    "0000000000",
  ]);
});

test("steps: the price rises in the very millisecond in which a threshold is reached, and begins anew with the month", () => {
  const plan = {
    price: "0.5000",
    loadKw: 3.6,
    energyKwh: "0.00",
    balance: "900.00",
    tariff: { steps: { thresholds: ["10.00", "20.00"], prices: ["0.0000", "0.0500", "0.3000"] } },
  };
  const b = bench(plan, { start: "2026-11-30T12:00:00+08:00" });
  expect(values(b, "040604FF").slice(0, 7)).toEqual(["00001000", "00002000", ...Array<string>(4).fill("00000000"), "00000000"]);
  // 10 kWh at 3.6 kW are 10,000 s.
  pass(b, 9_999_999);
  expect([read(b, "02800020"), read(b, "0280000B")]).toEqual(["00005000", "00000000"]);
  pass(b, 1);
  expect([read(b, "02800020"), read(b, "0280000B"), read(b, "000B0000")]).toEqual(["00005500", "00000500", "00001000"]);
  pass(b, 20_000_000);
  // 10 × 0.50 + 10 × 0.55 + 10 × 0.80
  expect([b.meter.wallet.consumed, read(b, "0280000B")]).toEqual([1_850n, "00003000"]);
  pass(b, 43_200_000 - 30_000_000);
  expect([read(b, "000B0000"), read(b, "000B0001"), read(b, "000C0001")]).toEqual(["00000000", "00004320", "00004320"]);
  expect(read(b, "02800020")).toBe("00005000");
});

test("steps by the year begin anew on their own day, months only close the month", () => {
  const tariff = { steps: { thresholds: ["10.00"], prices: ["0.0000", "0.1000"], yearly: ["01-15T12"] } };
  const b = bench({ loadKw: 0.1, energyKwh: "0.00", balance: "900.00", tariff }, { start: "2026-12-31T00:00:00+08:00" });
  pass(b, DAY);
  expect([read(b, "000B0000"), read(b, "000C0000"), read(b, "000C0001")]).toEqual(["00000240", "00000000", "00000240"]);
  pass(b, 14.5 * DAY);
  expect([read(b, "000B0000"), read(b, "000B0001"), read(b, "000C0000")]).toEqual(["00000000", "00003720", "00003480"]);
});

test("settlement days keep registers and demands, the last twelve of them", () => {
  const b = bench(
    { loadKw: 1, energyKwh: "0.00", balance: "90000.00", settlementDays: ["0100", "1508"] },
    { start: "2026-11-14T08:00:00+08:00" },
  );
  pass(b, 2 * DAY);
  expect(values(b, "0001FF01")).toEqual(["00002400", "00000000", "00000000", "00002400", "00000000"]);
  expect(value(b, "01010001")).toBe("2611140815010000");
  expect(value(b, "01010000")).toBe("2611150801010000");
  expect([value(b, "00010002"), value(b, "0001000C"), value(b, "0001000D")]).toEqual(["00000000", "00000000", "ERR 02"]);
  pass(b, 400 * DAY);
  expect(b.meter.life.settlements.kept).toHaveLength(12);
  expect(values(b, "000100FF")).toHaveLength(13);
  expect(values(b, "00FF0000")).toHaveLength(9);
});

test("what is written into a table is read back, and what makes no sense to life is left to others", () => {
  const b = bench();
  expect(put(b, "04010002", "000004", "080001", "220002")).toBe(true);
  expect(values(b, "04010002").slice(0, 4)).toEqual(["000004", "080001", "220002", "220002"]);
  put(
    b,
    "040605FF",
    ...["00002000", "00004000", "00000000", "00000000", "00000000", "00000000"],
    ...["00000100", "00000200", "00000300"],
    ...Array<string>(4).fill("00000300"),
    "010100",
    "999999",
    "999999",
    "999999",
  );
  expect(b.meter.life.tariff.steps[1]).toEqual({
    thresholds: [2_000n, 4_000n],
    prices: [100n, 200n, 300n],
    yearly: [{ month: 1, day: 1, hour: 0 }],
  });
  expect(put(b, "040501FF", "00001000")).toBe(false);
  expect(put(b, "04000402", "202611220001")).toBe(false);
});
