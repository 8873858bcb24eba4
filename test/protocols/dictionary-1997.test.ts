/** The edition of 1997: every row of its table, blocks with F in one place and in two, and the way back to bytes. */
import { describe, expect, test } from "vitest";
import { TABLE_1997, itemOf1997 } from "../../src/protocols/dlt645/dictionary-1997.ts";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { describe as describeShape } from "../../src/protocols/dlt645/table/describe.ts";
import { diOf } from "../../src/protocols/dlt645/table/row.ts";

const read = (di: string, wire: string) =>
  itemOf1997(di)!
    .read(bytesOfHex(wire))
    .map(({ name, value, unit }) => `${name} ${value}${unit === null ? "" : ` ${unit}`}`);

test.each([
  ["9010", "importedEnergy", "(当前)正向有功电能总", "XXXXXX.XX", 4, "kWh"],
  ["9013", "importedEnergyTariff3", "(当前)正向有功电能费率3", "XXXXXX.XX", 4, "kWh"],
  ["901F", "importedEnergyBlock", "(当前)正向有功电能数据块", "XXXXXX.XX x (k+1)", null, "kWh"],
  ["9020", "exportedEnergy", "(当前)反向有功电能总", "XXXXXX.XX", 4, "kWh"],
  ["9110", "importedReactiveEnergy", "(当前)正向无功电能总", "XXXXXX.XX", 4, "kvarh"],
  ["9120", "exportedReactiveEnergy", "(当前)反向无功电能总", "XXXXXX.XX", 4, "kvarh"],
  ["9130", "quadrant1Energy", "(当前)第一象限无功电能总", "XXXXXX.XX", 4, "kvarh"],
  ["9140", "quadrant4Energy", "(当前)第四象限无功电能总", "XXXXXX.XX", 4, "kvarh"],
  ["9150", "quadrant2Energy", "(当前)第二象限无功电能总", "XXXXXX.XX", 4, "kvarh"],
  ["9160", "quadrant3Energy", "(当前)第三象限无功电能总", "XXXXXX.XX", 4, "kvarh"],
  ["9410", "importedEnergyMonth1", "(上月)正向有功电能总", "XXXXXX.XX", 4, "kWh"],
  ["9810", "importedEnergyMonth2", "(上上月)正向有功电能总", "XXXXXX.XX", 4, "kWh"],
  ["A010", "importedDemand", "(当前)正向有功总最大需量", "XX.XXXX", 3, "kW"],
  ["A110", "importedReactiveDemand", "(当前)正向无功总最大需量", "XX.XXXX", 3, "kvar"],
  ["B010", "importedDemandTime", "(当前)正向有功总最大需量发生时间", "MMDDhhmm", 4, ""],
  ["B210", "programmingTime", "最近一次编程时间", "MMDDhhmm", 4, ""],
  ["B212", "programmingCount", "编程次数", "XXXX", 2, "times"],
  ["B214", "batteryMinutes", "电池工作时间", "XXXXXX", 3, "min"],
  ["B310", "phaseFailureCount", "断相次数", "XXXX", 2, "times"],
  ["B311", "phaseFailureCountA", "A相断相次数", "XXXX", 2, "times"],
  ["B611", "voltage", "A相电压", "XXX", 2, "V"],
  ["B61F", "voltageBlock", "电压数据块", "XXX x 3", 6, "V"],
  ["B621", "current", "A相电流", "XX.XX", 2, "A"],
  ["B630", "power", "总瞬时有功功率", "XX.XXXX", 3, "kW"],
  ["B63F", "powerBlock", "瞬时有功功率数据块", "XX.XXXX x 4", 12, "kW"],
  ["B640", "reactivePower", "总瞬时无功功率", "XX.XX", 2, "kvar"],
  ["B650", "powerFactor", "总功率因数", "X.XXX", 2, ""],
  ["C010", "date", "日期及周次", "YYMMDDWW", 4, "date"],
  ["C011", "time", "时间", "hhmmss", 3, "time"],
  ["C020", "meterState", "电表运行状态字", "XX", 1, "bits"],
  ["C022", "weekend", "周休日状态字", "NN", 1, "bits"],
  ["C030", "activeConstant", "电表常数(有功)", "XXXXXX", 3, "imp/kWh"],
  ["C032", "communicationAddress", "表号", "XXXXXXXXXXXX", 6, ""],
  ["C111", "demandPeriod", "最大需量周期", "XX", 1, "min"],
  ["C117", "settlementDay1", "自动抄表日期", "DDhh", 2, "day,hour"],
  ["C310", "zoneCount", "年时区数", "XX", 1, ""],
  ["C314", "holidayCount", "公共假日数", "XX", 1, ""],
  ["C31F", "tableSizes", "时区、时段、费率、假日数数据块", "XX x 5", 5, ""],
  ["C32F", "zones", "时区表数据块", "MMDDNN x n", null, ""],
  ["C33F", "table1Slots", "第1日时段表数据块", "hhmmNN x n", null, ""],
  ["C3AF", "table8Slots", "第8日时段表数据块", "hhmmNN x n", null, ""],
])("%s is %s, %s", (di, name, zh, format, bytes, unit) => {
  const item = itemOf1997(di)!;
  expect(item).toMatchObject({ di, name, zh });
  expect(describeShape(item.shape)).toEqual({ format, bytes, unit, signed: false });
});

describe("blocks", () => {
  test("901F is the total and the tariffs, with AA behind them or without", () => {
    const values = ["importedEnergy 0.10 kWh", "importedEnergyTariff1 0.05 kWh"];
    expect(read("901F", "10 00 00 00 05 00 00 00")).toEqual(values);
    expect(read("901F", "10 00 00 00 05 00 00 00 AA")).toEqual(values);
  });

  test("90F0 is the total of every direction", () => {
    expect(read("90F0", "10 00 00 00 05 00 00 00")).toEqual(["importedEnergy 0.10 kWh", "exportedEnergy 0.05 kWh"]);
    expect(itemOf1997("90F0")!.name).toBe("everyEnergy");
  });

  test("90FF is all of 90xx, AA between the groups; the groups may have any number of tariffs", () => {
    const wire = "10 00 00 00 05 00 00 00 AA 30 00 00 00";
    const values = ["importedEnergy 0.10 kWh", "importedEnergyTariff1 0.05 kWh", "exportedEnergy 0.30 kWh"];
    expect(read("90FF", wire)).toEqual(values);
    expect(read("90FF", `${wire} AA`)).toEqual(values);
    const { shape } = itemOf1997("90FF")!;
    expect(hexBytes(shape.encode(shape.members(bytesOfHex(wire))))).toBe(wire);
  });

  test("90FF whose groups run together is not taken apart under names that may be wrong", () => {
    expect(read("90FF", "10 00 00 00 05 00 00 00")).toEqual(["rest 1000000005000000"]);
  });

  test("a broken digit AA inside a value does not end its group", () => {
    const values = itemOf1997("90FF")!.read(bytesOfHex("10 AA 00 00 05 00 00 00 AA 30 00 00 00"));
    expect(values.map(({ value, fault }) => fault ?? value)).toEqual(["not BCD: 0000AA10", "0.05", "0.30"]);
  });

  test("91FF keeps the order of the digits: quadrant 4 before 2 and 3", () => {
    const wire = ["01", "02", "03", "04", "05", "06"].map((digit) => `${digit} 00 00 00`).join(" AA ");
    expect(read("91FF", wire).map((value) => value.split(" ")[0])).toEqual([
      "importedReactiveEnergy",
      "exportedReactiveEnergy",
      "quadrant1Energy",
      "quadrant4Energy",
      "quadrant2Energy",
      "quadrant3Energy",
    ]);
  });

  test("B6FF is everything measured now", () => {
    expect(read("B6FF", "20 02 AA 10 05 AA 45 23 01 45 23 01")).toEqual([
      "voltage 220 V",
      "current 5.10 A",
      "power 1.2345 kW",
      "powerA 1.2345 kW",
    ]);
  });
});

test("nobody has described these", () => {
  for (const di of ["D000", "9030", "9C10", "B614", "C3B1", "00010000", "", "901"]) expect(itemOf1997(di)).toBeUndefined();
  expect(itemOf1997("901f")?.di).toBe("901F");
});

test("names and identifiers of the table are its own", () => {
  expect(new Set(TABLE_1997.map(({ di }) => di)).size).toBe(TABLE_1997.length);
  const names = TABLE_1997.map((row) => {
    const values = row.variables.map(({ first }) => first);
    return itemOf1997(diOf(row, values))!.name;
  });
  expect(new Set(names).size).toBe(TABLE_1997.length);
});
