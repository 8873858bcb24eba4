/** The oracle itself, held to numbers worked out by hand. */
import { describe, expect, test } from "vitest";
import { beginOf, dayOf, periodStart } from "./calendar.ts";
import { meterUnder } from "./meters.ts";
import { billDays, countOut, totalsOf, type Fitting, type OracleSteps, type OracleTariff, type OracleVersion } from "./oracle.ts";

const zone = "Asia/Shanghai";

/** A meter that shows `shows[day]` hundredths of a kWh when a day begins, and counts nothing at other times than midnight. */
function showing(shows: Record<string, number>, exported: Record<string, number> = {}): Fitting {
  const at = (of: Record<string, number>, day: string): number => {
    let shown = 0;
    for (const [since, register] of Object.entries(of)) if (since <= day) shown = register;
    return shown;
  };
  return {
    from: 0,
    until: Number.MAX_SAFE_INTEGER,
    registers: (moment) => ({ total: at(shows, dayOf(moment, zone)), exported: at(exported, dayOf(moment, zone)) }),
  };
}

const only = (version: Omit<OracleVersion, "from">): OracleTariff => ({ versions: [{ from: "2020-01-01", ...version }] });
const bill = (tariff: OracleTariff, fittings: readonly Fitting[], first: string, last = first) =>
  billDays({ zone, tariffs: [{ from: "2020-01-01", tariff }], fittings }, first, last);

/** 2880 kWh and 4800 kWh a year; the second step adds 0.05 yuan, the third 0.30. */
const yearly: OracleSteps = {
  every: "year",
  startsOn: "01-01",
  upTo: ["2880.00", "4800.00"],
  add: ["0.0000", "0.0500", "0.3000"],
};

describe("a price", () => {
  test("ten kWh at 0.5283 are 5.283 yuan, which is 5.28", () => {
    const [day] = bill(only({ price: "0.5283" }), [showing({ "2026-11-22": 10_000, "2026-11-23": 11_000 })], "2026-11-22");
    expect(day).toMatchObject({ units: 1_000, byRate: [1_000], cost: 528 });
  });

  test("half a fen is a fen: half a kWh at 0.53 is 0.265 yuan and costs 0.27, at 0.5299 it is 0.26495 and costs 0.26", () => {
    const meter = showing({ "2026-11-22": 0, "2026-11-23": 50 });
    expect(bill(only({ price: "0.5300" }), [meter], "2026-11-22")[0]?.cost).toBe(27);
    expect(bill(only({ price: "0.5299" }), [meter], "2026-11-22")[0]?.cost).toBe(26);
    expect([0, 4_999, 5_000, 9_999, 10_000, 14_999, 15_000].map(countOut)).toEqual([0, 0, 1, 1, 1, 1, 2]);
  });

  test("is rounded once in each day: two days of 0.265 yuan are 0.54, not 0.53", () => {
    const days = bill(
      only({ price: "0.5300" }),
      [showing({ "2026-11-22": 0, "2026-11-23": 50, "2026-11-24": 100 })],
      "2026-11-22",
      "2026-11-23",
    );
    expect(totalsOf(days)).toEqual({ units: 100, cost: 54, exported: 0, feedIn: 0 });
  });

  test("changes at midnight: what was used in the last minute before it has the old price", () => {
    const tariff: OracleTariff = {
      versions: [
        { from: "2026-01-01", price: "0.5000" },
        { from: "2026-07-01", price: "1.0000" },
      ],
    };
    const registers = meterUnder({
      zone,
      first: "2026-06-30",
      last: "2026-07-01",
      used: (_at, day, minute) =>
        day === "2026-06-30" && minute === 1439 ? 300 : day === "2026-07-01" && minute === 0 ? 200 : 0,
    });
    // 3 kWh x 0.50 = 1.50 yuan, then 2 kWh x 1.00 = 2.00 yuan
    const days = bill(tariff, [{ from: 0, until: Number.MAX_SAFE_INTEGER, registers }], "2026-06-30", "2026-07-01");
    expect(days.map(({ version, cost }) => [version, cost])).toEqual([
      ["2026-01-01", 150],
      ["2026-07-01", 200],
    ]);
  });

  test("of the first version covers all days before it", () => {
    const tariff: OracleTariff = { versions: [{ from: "2027-01-01", price: "0.5000" }] };
    expect(bill(tariff, [showing({ "2026-11-22": 0, "2026-11-23": 100 })], "2026-11-22")[0]?.cost).toBe(50);
  });
});

describe("steps", () => {
  const stepped = only({ price: "0.4883", steps: yearly });

  test("a boundary inside a day parts its energy: 5 kWh below 2880 and 5 above", () => {
    // before: 2875.00 kWh. 10 kWh x 0.4883 = 4.883; 5 kWh x 0.05 = 0.25; together 5.133 → 5.13
    const meter = showing({ "2026-01-01": 0, "2026-06-10": 287_500, "2026-06-11": 288_500 });
    expect(bill(stepped, [meter], "2026-06-10")[0]).toMatchObject({ byStep: [500, 500, 0], cost: 513 });
  });

  test("the unit that reaches 2880.00 exactly is still of the first step, the next is of the second", () => {
    const meter = showing({ "2026-01-01": 0, "2026-06-10": 287_999, "2026-06-11": 288_000, "2026-06-12": 288_001 });
    expect(bill(stepped, [meter], "2026-06-10", "2026-06-11").map(({ byStep }) => byStep)).toEqual([
      [1, 0, 0],
      [0, 1, 0],
    ]);
  });

  test("one day may pass both: 2000 kWh from 2870 on are 10, 1920 and 70", () => {
    // 2000 x 0.4883 = 976.60; 1920 x 0.05 = 96.00; 70 x 0.30 = 21.00; together 1093.60
    const meter = showing({ "2026-01-01": 0, "2026-06-10": 287_000, "2026-06-11": 487_000 });
    expect(bill(stepped, [meter], "2026-06-10")[0]).toMatchObject({ byStep: [1_000, 192_000, 7_000], cost: 109_360 });
  });

  test("begin anew with their year", () => {
    const meter = showing({ "2026-01-01": 0, "2026-12-31": 290_000, "2027-01-01": 290_100, "2027-01-02": 290_200 });
    expect(bill(stepped, [meter], "2026-12-31", "2027-01-01").map(({ byStep }) => byStep)).toEqual([
      [0, 100, 0],
      [100, 0, 0],
    ]);
  });

  test("of a month that starts on its 15th count from there", () => {
    const monthly = only({
      price: "0.5000",
      steps: { every: "month", startsOn: 15, upTo: ["100.00"], add: ["0.0000", "0.1000"] },
    });
    // 15 October to 13 November: 95 kWh. On the 14th 10 more: 5 + 5. On the 15th 10 in a new period.
    const meter = showing({ "2026-10-15": 0, "2026-11-14": 9_500, "2026-11-15": 10_500, "2026-11-16": 11_500 });
    const days = bill(monthly, [meter], "2026-11-14", "2026-11-15");
    expect(days.map(({ byStep, cost }) => [byStep, cost])).toEqual([
      [[500, 500], 550], // 10 x 0.50 + 5 x 0.10
      [[1_000, 0], 500],
    ]);
  });

  test("a leap day ends the year that starts on the first of March", () => {
    const march = only({ price: "1.0000", steps: { ...yearly, startsOn: "03-01", upTo: ["10.00", "20.00"] } });
    const meter = showing({ "2027-03-01": 0, "2028-02-29": 1_500, "2028-03-01": 1_600, "2028-03-02": 1_700 });
    const days = bill(march, [meter], "2028-02-29", "2028-03-01");
    expect(days.map(({ day, byStep }) => [day, byStep])).toEqual([
      ["2028-02-29", [0, 100, 0]],
      ["2028-03-01", [100, 0, 0]],
    ]);
    expect(periodStart("2028-02-29", "year", "03-01")).toBe("2027-03-01");
  });

  test("count what was used before the price had steps, and under another tariff", () => {
    const tariff: OracleTariff = {
      versions: [
        { from: "2026-01-01", price: "0.5000" },
        { from: "2026-07-01", price: "0.5000", steps: yearly },
      ],
    };
    const meter = showing({ "2026-01-01": 0, "2026-07-01": 287_900, "2026-07-02": 288_100 });
    expect(bill(tariff, [meter], "2026-07-01")[0]?.byStep).toEqual([100, 100, 0]);
  });

  test("go on across a replacement, whatever the new register shows", () => {
    // 2879.00 on the old meter until noon of the day, 2 more on the new one, whose register began at 7.77
    const noon = beginOf("2026-06-10", zone) + 12 * 3_600_000;
    const newYear = beginOf("2026-01-01", zone);
    const old: Fitting = {
      from: 0,
      until: noon,
      registers: (at) => ({ total: at <= newYear ? 0 : at < noon ? 287_800 : 287_900 }),
    };
    const young: Fitting = { from: noon, until: Number.MAX_SAFE_INTEGER, registers: (at) => ({ total: at <= noon ? 777 : 977 }) };
    // 3 kWh x 0.4883 = 1.4649; 1 kWh x 0.05; together 1.5149 → 1.51
    expect(bill(stepped, [old, young], "2026-06-10")[0]).toMatchObject({ units: 300, byStep: [200, 100, 0], cost: 151 });
  });
});

describe("rates", () => {
  const slots = ["00:00 4", "08:00 3", "10:00 2", "12:00 3", "17:00 2", "19:00 1", "21:00 3", "23:00 4"];
  const byRates: OracleTariff = only({
    rates: {
      prices: ["0.9283", "0.7283", "0.5283", "0.2783"],
      day: slots,
      holidays: { days: ["2027-02-06"], day: ["00:00 4"] },
    },
    steps: { ...yearly, upTo: ["10.00", "20.00"] },
  });
  /** 0.01 kWh in every minute: 14.40 kWh a day. */
  const registers = meterUnder({ zone, first: "2027-02-05", last: "2027-02-06", used: () => 1, tables: byRates });
  const meter: Fitting = { from: beginOf("2027-02-05", zone), until: beginOf("2027-02-07", zone), registers };

  test("each register has its price, and steps add to it whatever the rate", () => {
    // sharp 2 h 1.20, peak 2 + 2 h 2.40, flat 2 + 5 + 2 h 5.40, valley 8 + 1 h 5.40 kWh
    // 1.20 x 0.9283 = 1.11396; 2.40 x 0.7283 = 1.74792; 5.40 x 0.5283 = 2.85282; 5.40 x 0.2783 = 1.50282; together 7.21752
    // steps: 10.00 x 0 + 4.40 x 0.05 = 0.22; together 7.43752 → 7.44
    expect(bill(byRates, [meter], "2027-02-05")[0]).toMatchObject({
      byRate: [120, 240, 540, 540],
      byStep: [1_000, 440, 0],
      cost: 744,
    });
  });

  test("a holiday runs by its own table", () => {
    // 14.40 x 0.2783 = 4.00752; steps: from 14.40 to 28.80: 5.60 x 0.05 = 0.28, 8.80 x 0.30 = 2.64; together 6.92752 → 6.93
    expect(bill(byRates, [meter], "2027-02-06")[0]).toMatchObject({
      byRate: [0, 0, 0, 1_440],
      byStep: [0, 560, 880],
      cost: 693,
    });
  });

  test("a meter that counts none is not guessed at", () => {
    expect(() => bill(byRates, [showing({ "2027-02-05": 0, "2027-02-06": 100 })], "2027-02-05")).toThrow("counts none");
  });
});

describe("energy that is fed back", () => {
  const sun = { ...only({ price: "0.5283" }), exported: "0.4153" };

  test("has its own price and takes nothing off the bill", () => {
    // 10 kWh x 0.5283 = 5.283; 4 kWh x 0.4153 = 1.6612 → 1.66
    const meter = showing({ "2026-11-22": 0, "2026-11-23": 1_000 }, { "2026-11-22": 0, "2026-11-23": 400 });
    expect(bill(sun, [meter], "2026-11-22")[0]).toMatchObject({ cost: 528, exported: 400, feedIn: 166 });
  });

  test("is counted and not paid where the tariff has no price for it", () => {
    const meter = showing({ "2026-11-22": 0 }, { "2026-11-22": 0, "2026-11-23": 400 });
    expect(bill(only({ price: "0.5283" }), [meter], "2026-11-22")[0]).toMatchObject({ cost: 0, exported: 400, feedIn: 0 });
  });
});

test("a day is as long as its zone makes it: 23 hours when summer time begins, 25 when it ends", () => {
  const berlin = "Europe/Berlin";
  const tariff = only({ price: "1.0000" });
  const hourly = (day: string): number => {
    const registers = meterUnder({
      zone: berlin,
      first: day,
      last: day,
      used: (_at, _day, minute) => (minute % 60 === 0 ? 100 : 0),
    });
    const fittings = [{ from: 0, until: Number.MAX_SAFE_INTEGER, registers }];
    return billDays({ zone: berlin, tariffs: [{ from: day, tariff }], fittings }, day, day)[0]!.units;
  };
  expect([hourly("2026-03-29"), hourly("2026-06-01"), hourly("2026-10-25")]).toEqual([2_300, 2_400, 2_500]);
});

test("an account that changes its tariff keeps the count of its year", () => {
  const plain = only({ price: "0.5000" });
  const stepped = only({ price: "0.4000", steps: { ...yearly, upTo: ["10.00", "20.00"] } });
  const meter = showing({ "2026-06-01": 0, "2026-06-02": 900, "2026-06-03": 1_200 });
  const tariffs = [
    { from: "2026-06-01", tariff: plain },
    { from: "2026-06-02", tariff: stepped },
  ];
  // 9 x 0.50 = 4.50; then 3 x 0.40 + 2 x 0.05 = 1.30
  expect(billDays({ zone, tariffs, fittings: [meter] }, "2026-06-01", "2026-06-02").map(({ cost }) => cost)).toEqual([450, 130]);
});
