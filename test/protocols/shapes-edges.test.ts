/**
 * Shapes at the edges of their data: nothing, too little, too much, a broken part. What has come is read and named, what cannot be read
 * is shown as it came, and what was read is written again as the same bytes.
 */
import { describe, expect, test } from "vitest";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { bits, count, decimal, digits, energy, hex, moment } from "../../src/protocols/dlt645/formats/formats.ts";
import { freezeBlock } from "../../src/protocols/dlt645/shapes/freeze-block.ts";
import {
  encodeField,
  encodeFields,
  field,
  item,
  joinName,
  joined,
  membersBehind,
  one,
  opaque,
  printMember,
  rawMember,
  readFields,
  record,
  remembered,
  series,
} from "../../src/protocols/dlt645/item.ts";
import type { Member, NamedValue, Shape } from "../../src/protocols/dlt645/item.ts";
import { curve, loadRecords } from "../../src/protocols/dlt645/shapes/load-record.ts";
import { refusalOf } from "./refusal-of.ts";

const HOUR = field("time", moment("hhmm"));
const TIMES = field("times", count(1, "times"));
const VOLTS = field("voltage", decimal(2, 1, "V"));

/** One line a member: its name, and its value, its fault, or a dash where the meter has none. */
const told = (members: readonly Member[]): string[] =>
  members.map((member) => {
    const [printed] = printMember(member);
    if (printed === undefined) throw new Error("a member without words");
    const { name, value, unit, fault } = printed;
    return `${name} ${fault === undefined ? (value ?? "-") : `✗ ${fault}`}${unit === null ? "" : ` ${unit}`}`;
  });
const read = (shape: Shape, wire: string): string[] => told(shape.members(bytesOfHex(wire)));
const writtenAgain = (shape: Shape, wire: string): string => hexBytes(shape.encode(shape.members(bytesOfHex(wire))));
const given = (...values: readonly (readonly [string, unknown])[]): NamedValue[] =>
  values.map(([name, value]) => ({ name, value }));

describe("one value", () => {
  const volts = one("voltage", decimal(2, 1, "V"));

  test("is one length, nothing at all, or a fault that keeps its bytes", () => {
    expect(read(volts, "05 23")).toEqual(["voltage 230.5 V"]);
    expect(read(volts, "")).toEqual(["voltage - V"]);
    expect(read(volts, "FF FF")).toEqual(["voltage - V"]);
    expect(read(volts, "05")).toEqual(["voltage ✗ 1 bytes where 2 are expected: 05 in wire order V"]);
    expect(read(volts, "05 23 00")).toEqual(["voltage ✗ 3 bytes where 2 are expected: 052300 in wire order V"]);
    expect(read(volts, "05 2A")).toEqual(["voltage ✗ not BCD: 2A05 V"]);
    expect(volts).toMatchObject({ pattern: "XXX.X", bytes: 2, fields: [{ name: "voltage" }] });
  });

  test("tells no data from a fault, and keeps what it was read with", () => {
    const [none] = volts.members(bytesOfHex("FF FF"));
    expect(none).toMatchObject({ value: null, fault: null, format: { pattern: "XXX.X" } });
    expect(volts.members(new Uint8Array())[0]).toMatchObject({ value: null, fault: null, format: { pattern: "XXX.X" } });
    expect(volts.members(bytesOfHex("05 2A"))[0]).toMatchObject({ value: null, format: { pattern: "XXX.X" } });
    expect(volts.members(bytesOfHex("05"))[0]).toMatchObject({ value: null, format: { pattern: "XXX.X" } });
    expect(volts.members(bytesOfHex("05 23"))[0]).toMatchObject({ value: { units: 2305n, scale: 1 }, fault: null });
  });

  test("is written under its own name alone, and no data is FF", () => {
    expect(writtenAgain(volts, "05 23")).toBe("05 23");
    expect(hexBytes(volts.encode(given(["voltage", null])))).toBe("FF FF");
    expect(refusalOf(() => volts.encode([]))).toEqual({ field: "voltage", why: "is missing" });
    expect(refusalOf(() => volts.encode(given(["current", null])))).toEqual({
      field: "current",
      why: "does not belong here; this place is called voltage",
    });
    expect(refusalOf(() => volts.encode(given(["voltage", null], ["voltage", null])))).toEqual({
      field: "voltage",
      why: "does not belong here: there is no further place",
    });
    expect(refusalOf(() => volts.encode(volts.members(bytesOfHex("05 2A"))))).toEqual({
      field: "voltage",
      why: "is no value: not BCD: 2A05",
    });
    expect(refusalOf(() => volts.encode(given(["voltage", { units: 10_000n, scale: 1 }])))).toMatchObject({ field: "voltage" });
    expect(hexBytes(encodeField(VOLTS, { name: "voltage", value: null, fault: null }))).toBe("FF FF");
  });
});

describe("a record", () => {
  const shape = record([HOUR, VOLTS, TIMES]);

  test("stops where its data stop, and shows what is too much", () => {
    expect(read(shape, "15 08 05 23 07")).toEqual(["time 08:15", "voltage 230.5 V", "times 7 times"]);
    expect(read(shape, "15 08 05 23")).toEqual(["time 08:15", "voltage 230.5 V"]);
    expect(read(shape, "15 08")).toEqual(["time 08:15"]);
    expect(read(shape, "15 08 05")).toEqual(["time 08:15", "voltage ✗ 1 bytes where 2 are expected: 05 in wire order V"]);
    expect(read(shape, "")).toEqual(["time -"]);
    expect(read(shape, "15 08 05 23 07 A1 B2")).toEqual(["time 08:15", "voltage 230.5 V", "times 7 times", "rest A1B2"]);
    expect(shape).toMatchObject({ pattern: "hhmm,XXX.X,XX", bytes: 5 });
    expect(shape.fields.map(({ name }) => name)).toEqual(["time", "voltage", "times"]);
  });

  test("is written as far as it is given, in its places", () => {
    for (const wire of ["15 08 05 23 07", "15 08 05 23", "15 08", "FF FF 05 23 FF"]) expect(writtenAgain(shape, wire)).toBe(wire);
    expect(refusalOf(() => shape.encode([]))).toEqual({ field: "time", why: "is missing" });
    expect(refusalOf(() => shape.encode(given(["voltage", null])))).toMatchObject({ field: "voltage" });
    const tooMany = given(["time", "0815"], ["voltage", null], ["times", 7], ["more", "A1"]);
    expect(refusalOf(() => shape.encode(tooMany))).toEqual({
      field: "more",
      why: "does not belong here: there is no further place",
    });
    expect(refusalOf(() => encodeFields([HOUR, TIMES], given(["time", "0815"])))).toEqual({ field: "times", why: "is missing" });
  });
});

test("fields are read from any place, as far as the bytes go, and it is told how far that was", () => {
  const readFrom = (wire: string, at: number): readonly unknown[] => {
    const members: Member[] = [];
    const end = readFields([HOUR, TIMES], bytesOfHex(wire), at, members);
    return [end, ...told(members)];
  };
  expect(readFrom("AA 15 08 07 99", 1)).toEqual([4, "time 08:15", "times 7 times"]);
  expect(readFrom("AA 15 08", 1)).toEqual([3, "time 08:15"]);
  expect(readFrom("AA", 1)).toEqual([1]);
});

describe("a series", () => {
  const shape = series((index) => [field(`time${index + 1}`, moment("hhmm")), field(`times${index + 1}`, count(1))]);

  test("turns as often as its data go, each turn under names of its own", () => {
    expect(read(shape, "15 08 07 30 09 08")).toEqual(["time1 08:15", "times1 7", "time2 09:30", "times2 8"]);
    expect(read(shape, "15 08 07 30 09")).toEqual(["time1 08:15", "times1 7", "time2 09:30"]);
    expect(read(shape, "15 08 07 30")).toEqual([
      "time1 08:15",
      "times1 7",
      "time2 ✗ 1 bytes where 2 are expected: 30 in wire order",
    ]);
    expect(read(shape, "")).toEqual(["time1 -"]);
  });

  test("says how often the standard wants it, where it does", () => {
    expect(shape).toMatchObject({ pattern: "(hhmm,XX) x n", bytes: null });
    expect(shape.fields.map(({ name }) => name)).toEqual(["time1", "times1"]);
    expect(series(() => [VOLTS], 3)).toMatchObject({ pattern: "XXX.X x 3", bytes: 6 });
    expect(series(() => [VOLTS, TIMES], 2)).toMatchObject({ pattern: "(XXX.X,XX) x 2", bytes: 6 });
  });

  test("is written turn by turn, and a broken turn is refused", () => {
    for (const wire of ["15 08 07", "15 08 07 30 09 08", "15 08 07 30 09 08 45 10 09"])
      expect(writtenAgain(shape, wire)).toBe(wire);
    expect(hexBytes(shape.encode([]))).toBe("");
    expect(refusalOf(() => shape.encode(given(["time1", "0815"], ["times1", 7], ["time2", "0930"])))).toEqual({
      field: "times2",
      why: "is missing",
    });
    expect(refusalOf(() => shape.encode(given(["time2", "0815"], ["times2", 7])))).toMatchObject({ field: "time2" });
  });

  test("makes the fields of a turn once", () => {
    let made = 0;
    const turn = remembered((index) => `turn ${index}, made as number ${(made += 1)}`);
    expect([turn(1), turn(0), turn(1), turn(0)]).toEqual([
      "turn 1, made as number 1",
      "turn 0, made as number 2",
      "turn 1, made as number 1",
      "turn 0, made as number 2",
    ]);
  });
});

describe("what stands behind an identifier", () => {
  const shapes: readonly (readonly [string, Shape, string])[] = [
    ["one value", one("voltage", decimal(2, 1, "V")), "05 23"],
    ["a record", record([HOUR, VOLTS]), "15 08 05 23"],
    ["a record with too much", record([HOUR, VOLTS]), "15 08 05 23 99"],
    ["a series", series((i) => [field(`voltage${i + 1}`, decimal(2, 1, "V"))]), "05 23 06 23"],
    ["a series with too much", series(() => [VOLTS], 1), "05 23 99"],
    ["bytes of no layout", opaque("data", "?", null), "0A B1"],
    ["one value cut short", one("voltage", decimal(2, 1, "V")), "05"],
    ["nothing", record([HOUR, VOLTS]), ""],
    ["nothing of a series", series(() => [VOLTS]), ""],
    ["nothing of one value", one("voltage", decimal(2, 1, "V")), ""],
  ];

  test.each(shapes)("is read as if it stood alone: %s", (_what, shape, wire) => {
    expect(told(membersBehind(shape, bytesOfHex(`00 02 90 00 ${wire}`), 4))).toEqual(read(shape, wire));
  });
});

describe("bytes of no layout", () => {
  const data = opaque("data", "vendor's own", 3);

  test("are one member as they came, and nothing is no data", () => {
    expect(read(data, "0A B1 C2")).toEqual(["data 0AB1C2"]);
    expect(read(data, "")).toEqual(["data -"]);
    expect(data).toMatchObject({ pattern: "vendor's own", bytes: 3, fields: [] });
  });

  test("are written as they came, and under no other name", () => {
    for (const wire of ["0A B1 C2", ""]) expect(writtenAgain(data, wire)).toBe(wire);
    expect(refusalOf(() => data.encode(given(["date", "0A"])))).toEqual({ field: "date", why: "is not the one member, data" });
    expect(refusalOf(() => data.encode([]))).toEqual({ field: "data", why: "is not the one member, data" });
    expect(refusalOf(() => data.encode(given(["data", "0A"], ["more", "0B"])))).toMatchObject({ field: "data" });
  });
});

describe("what is too much", () => {
  const hours = series((i) => [field(`time${i + 1}`, moment("hhmm"))], { most: 2, as: "(k+1)" });
  const pair = record([HOUR, TIMES], { pattern: "hhmm..", bytes: null });

  test("is shown as it came behind the last turn that can be", () => {
    expect(read(hours, "15 08 30 09 45")).toEqual(["time1 08:15", "time2 09:30", "rest 45"]);
    expect(read(hours, "15 08 30 09")).toEqual(["time1 08:15", "time2 09:30"]);
    expect(read(hours, "15 08")).toEqual(["time1 08:15"]);
    expect(hours).toMatchObject({ pattern: "hhmm x (k+1)", bytes: null });
    expect(read(pair, "15 08 07 99")).toEqual(["time 08:15", "times 7 times", "rest 99"]);
    expect(pair).toMatchObject({ pattern: "hhmm..", bytes: null });
  });

  test("is written again behind the whole, and nowhere else", () => {
    for (const wire of ["15 08 30 09 45", "15 08 30 09", "15 08"]) expect(writtenAgain(hours, wire)).toBe(wire);
    for (const wire of ["15 08 07 99 98", "15 08 07", "15 08"]) expect(writtenAgain(pair, wire)).toBe(wire);
    const twoHours = [
      ["time1", "0815"],
      ["time2", "0930"],
    ] as const;
    expect(refusalOf(() => hours.encode(given(...twoHours, ["time3", "1045"])))).toEqual({
      field: "time3",
      why: "does not belong here",
    });
    expect(refusalOf(() => hours.encode(given(...twoHours, ["rest", "45"], ["rest", "46"])))).toMatchObject({ field: "rest" });
    expect(refusalOf(() => pair.encode(given(["time", "0815"], ["rest", "99"])))).toMatchObject({ field: "rest" });
    expect(refusalOf(() => pair.encode(given(["time", "0815"], ["times", 7], ["rest", "99"], ["rest", "98"])))).toEqual({
      field: "rest",
      why: "does not belong here",
    });
    expect(hexBytes(record([]).encode(given(["rest", "99"])))).toBe("99");
  });
});

describe("words", () => {
  test("a word adds its bits, without a unit of their own", () => {
    const lamp = bits(1, (word) => [{ name: "lamp", value: word === 1 ? "on" : "off" }]);
    const [member] = one("word", lamp).members(bytesOfHex("01"));
    expect(printMember(member!)).toEqual([
      { name: "word", value: "01", unit: null },
      { name: "lamp", value: "on", unit: null },
    ]);
  });

  test("a fault and no data are told apart, and raw bytes stay as they came", () => {
    const volts = one("voltage", decimal(2, 1, "V"));
    const printed = (wire: string) => volts.members(bytesOfHex(wire)).flatMap(printMember);
    expect(printed("FF FF")).toEqual([{ name: "voltage", value: null, unit: "V" }]);
    expect(printed("FF 0F")).toEqual([{ name: "voltage", value: null, unit: "V", fault: "not BCD: 0FFF" }]);
    expect(printed("05 23")).toEqual([{ name: "voltage", value: "230.5", unit: "V" }]);
    expect(rawMember("rest", bytesOfHex("0A B1"))).toEqual({
      name: "rest",
      value: "0AB1",
      unit: null,
      fault: null,
      format: null,
    });
    expect(printMember(rawMember("rest", bytesOfHex("0A B1")))).toEqual([{ name: "rest", value: "0AB1", unit: null }]);
  });

  test("an item is its parts, and reads", () => {
    const balance = item({ di: "00900200", name: "balance", title: "balance", zh: "剩余金额", shape: record([HOUR, TIMES]) });
    expect(balance).toMatchObject({ di: "00900200", name: "balance" });
    expect(balance.read(bytesOfHex("15 08 07"))).toEqual([
      { name: "time", value: "08:15", unit: null },
      { name: "times", value: "7", unit: "times" },
    ]);
  });

  test.each([
    [["importedEnergy", "tariff 2"], "importedEnergyTariff2"],
    [["Imported", "energy", "", "last3"], "importedEnergyLast3"],
    [["phase A", "over-current"], "phaseAOverCurrent"],
    [["  ", "x"], "x"],
    [["", ""], ""],
    [["a--b", "9c"], "aB9c"],
  ])("%j is joined to %s", (words, name) => {
    expect(joinName(...words)).toBe(name);
  });

  test("bytes are joined in their order", () => {
    expect(hexBytes(joined([bytesOfHex("01 02"), new Uint8Array(), bytesOfHex("03"), bytesOfHex("04 05")]))).toBe(
      "01 02 03 04 05",
    );
    expect(joined([])).toHaveLength(0);
  });
});

describe("a freeze block", () => {
  const block = freezeBlock([
    { fieldsAt: () => [field("time", moment("MMDDhhmm"))], repeats: false, mayBeOff: false },
    { fieldsAt: (i) => [field(i === 0 ? "energy" : `energyTariff${i}`, energy())], repeats: true, mayBeOff: true },
    { fieldsAt: () => [field("power", decimal(2, 1, "kW")), field("powerTimes", count(1))], repeats: false, mayBeOff: true },
  ]);
  const TIME = "30 08 22 11";

  test.each([
    [
      "all of it",
      `${TIME} AA 10 00 00 00 05 00 00 00 AA 15 02 03 AA`,
      ["time 11-22 08:30", "energy 0.10 kWh", "energyTariff1 0.05 kWh", "power 21.5 kW", "powerTimes 3"],
    ],
    ["a quantity switched off", `${TIME} AA AA 15 02 03 AA`, ["time 11-22 08:30", "power 21.5 kW", "powerTimes 3"]],
    ["the last quantity switched off", `${TIME} AA 10 00 00 00 AA AA`, ["time 11-22 08:30", "energy 0.10 kWh"]],
    ["both switched off", `${TIME} AA AA AA`, ["time 11-22 08:30"]],
    ["the time alone", `${TIME} AA`, ["time 11-22 08:30"]],
    ["something behind the block", `${TIME} AA 10 00 00 00 AA AA 77`, ["time 11-22 08:30", "energy 0.10 kWh", "rest 77"]],
  ])("%s", (_what, wire, members) => {
    expect(read(block, wire)).toEqual(members);
  });

  test("is written as it was read, as far as it goes", () => {
    for (const wire of [
      `${TIME} AA 10 00 00 00 05 00 00 00 AA 15 02 03 AA`,
      `${TIME} AA AA 15 02 03 AA`,
      `${TIME} 10 00 00 00 15 02 03`,
      `${TIME} AA 10 00 00 00 AA`,
      `${TIME} AA`,
      `${TIME} AA 10 00 00 00 AA FF FF FF AA`,
      `${TIME} AA 10 00 00 00 05 00 00 00 AA 15 02 03 AA 77 88`,
    ])
      expect(writtenAgain(block, wire)).toBe(wire);
    expect(hexBytes(block.encode([]))).toBe("");
  });

  test("with an AA inside a value is cut where its lengths say", () => {
    expect(read(block, `${TIME} AA 10 AA 00 00 05 00 00 00 AA AA`)).toEqual([
      "time 11-22 08:30",
      "energy ✗ not BCD: 0000AA10 kWh",
      "energyTariff1 0.05 kWh",
    ]);
    expect(read(block, `${TIME} AA AA 15 AA 03 AA`)).toEqual(["time 11-22 08:30", "power ✗ not BCD: AA15 kW", "powerTimes 3"]);
  });

  test("without any AA behind its last part ends with its data", () => {
    expect(read(block, TIME)).toEqual(["time 11-22 08:30"]);
    expect(read(block, `${TIME} AA 10 00 00 00`)).toEqual(["time 11-22 08:30", "energy 0.10 kWh"]);
    expect(read(block, `${TIME} AA AA 15 02 03`)).toEqual(["time 11-22 08:30", "power 21.5 kW", "powerTimes 3"]);
  });

  test("without any AA tells its time, and the rest as it came: which quantities were switched off no length says", () => {
    expect(read(block, `${TIME} 10 00 00 00 AA`)).toEqual(["time 11-22 08:30", "unseparated 10000000AA"]);
    expect(read(block, `${TIME} 10 00 00 00 15 02 03`)).toEqual(["time 11-22 08:30", "unseparated 10000000150203"]);
  });

  test("that does not come out even is shown as it came, from there on", () => {
    expect(read(block, `${TIME} AA 10 00 00`)).toEqual(["time 11-22 08:30", "rest 100000"]);
    expect(read(block, `${TIME} AA 10 00 00 00 05`)).toEqual(["time 11-22 08:30", "rest 1000000005"]);
    expect(read(block, `${TIME} AA AA 15 02 03 04 AA`)).toEqual(["time 11-22 08:30", "rest 15020304AA"]);
    expect(read(block, "30 08")).toEqual(["rest 3008"]);
    expect(read(block, "AA AA AA")).toEqual(["rest AAAAAA"]);
    expect(read(block, "")).toEqual(["time -"]);
  });

  test("that begins with a quantity has no data of that one", () => {
    const quantity = { fieldsAt: (i: number) => [field(`energy${i}`, energy())], repeats: true, mayBeOff: true };
    expect(read(freezeBlock([quantity]), "")).toEqual(["energy0 - kWh"]);
  });

  test("takes nothing in a wrong place", () => {
    const time = ["time", "11220830"] as const;
    expect(refusalOf(() => block.encode(given(time, ["current", null])))).toEqual({
      field: "current",
      why: "does not belong here",
    });
    expect(refusalOf(() => block.encode(given(["rest", "77"], time)))).toEqual({ field: "rest", why: "does not belong here" });
    expect(refusalOf(() => block.encode(given(time, ["power", null])))).toEqual({ field: "powerTimes", why: "is missing" });
    expect(refusalOf(() => block.encode(given(time, ["time", "11220831"])))).toEqual({
      field: "time",
      why: "does not belong here",
    });
    expect(hexBytes(block.encode(given(["rest", "7788"])))).toBe("77 88");
    expect(block).toMatchObject({ pattern: "block", bytes: null });
    expect(block.fields.map(({ name }) => name)).toEqual(["time", "energy", "power", "powerTimes"]);
  });
});

describe("load records", () => {
  const shape = loadRecords(field("time", moment("hhmm")), [
    [VOLTS],
    [TIMES, field("number", digits(1))],
    [field("code", hex(1))],
  ]);
  // A0 A0 0B │ 15 08 │ 05 23 AA │ 07 12 AA │ C0 AA │ checksum E5
  const BODY = "15 08 05 23 AA 07 12 AA C0 AA";
  const sealed = (body: string): string => {
    const bytes = bytesOfHex(`A0 A0 00 ${body}`);
    bytes[2] = bytes.length - 3;
    return `${hexBytes(bytes)} ${hexBytes(Uint8Array.of(bytes.reduce((sum, byte) => sum + byte, 0)))} E5`;
  };
  const ALL = ["time 08:15", "voltage 230.5 V", "times 7 times", "number 12", "code C0"];

  test("are worked out as the standard does", () => {
    expect(sealed(BODY)).toBe("A0 A0 0A 15 08 05 23 AA 07 12 AA C0 AA 66 E5");
  });

  test.each([
    ["one", sealed(BODY), ALL],
    ["two", `${sealed(BODY)} ${sealed("30 08 AA AA AA")}`, [...ALL, "time 08:30"]],
    ["a class switched off", sealed("15 08 AA 07 12 AA C0 AA"), ["time 08:15", "times 7 times", "number 12", "code C0"]],
    [
      "the last class switched off",
      sealed("15 08 05 23 AA 07 12 AA AA"),
      ["time 08:15", "voltage 230.5 V", "times 7 times", "number 12"],
    ],
    ["a value of FF", sealed("15 08 FF FF AA AA AA"), ["time 08:15", "voltage - V"]],
    ["nothing", "", ["time -"]],
  ])("%s is read", (_what, wire, members) => {
    expect(read(shape, wire)).toEqual(members);
  });

  test("are written as they were read", () => {
    for (const wire of [
      sealed(BODY),
      `${sealed(BODY)} ${sealed("30 08 AA AA AA")}`,
      sealed("15 08 AA 07 12 AA C0 AA"),
      `${sealed(BODY)} A0 A0 0A 15`,
    ])
      expect(writtenAgain(shape, wire)).toBe(wire);
    expect(hexBytes(shape.encode([]))).toBe("");
    expect(refusalOf(() => shape.encode(given(["time", "0815"], ["times", 7])))).toEqual({ field: "number", why: "is missing" });
    expect(refusalOf(() => shape.encode(given(["current", null])))).toEqual({ field: "current", why: "does not belong here" });
    expect(shape).toMatchObject({ pattern: "A0A0..E5", bytes: null });
    expect(shape.fields.map(({ name }) => name)).toEqual(["time", "voltage", "times", "number", "code"]);
  });

  test("that are cut short or begin otherwise are shown as they came, behind the whole ones", () => {
    const whole = sealed(BODY);
    const cut = (bytes: number): string => hexBytes(bytesOfHex(whole).subarray(0, bytes));
    for (let bytes = 1; bytes < bytesOfHex(whole).length; bytes += 1) {
      expect(read(shape, cut(bytes))).toEqual([`rest ${cut(bytes).replaceAll(" ", "")}`]);
      expect(read(shape, `${whole} ${cut(bytes)}`)).toEqual([...ALL, `rest ${cut(bytes).replaceAll(" ", "")}`]);
    }
    for (const [at, byte] of [
      [0, 0xa1],
      [1, 0xa1],
      [14, 0xe4],
    ] as const) {
      const broken = hexBytes(bytesOfHex(whole).with(at, byte));
      expect(read(shape, broken)).toEqual([`rest ${broken.replaceAll(" ", "")}`]);
    }
  });

  test("with a wrong checksum are faults, and the next is read", () => {
    const wrong = bytesOfHex(sealed(BODY)).with(13, 0x0b);
    const members = shape.members(Uint8Array.from([...wrong, ...bytesOfHex(sealed(BODY))]));
    expect(told(members)).toEqual([
      `record ✗ the record's own checksum is 0B, computed 66: ${hexBytes(wrong)} in wire order`,
      ...ALL,
    ]);
    expect(members[0]).toMatchObject({ value: null, format: null });
  });

  test("whose classes do not come out even end with a rest of their own", () => {
    expect(read(shape, sealed("15 08 05 23 07 12 AA"))).toEqual(["time 08:15", "rest 05230712AA"]);
    expect(read(shape, sealed("15 08 05 23 AA 07 12 AA C0 C1 AA"))).toEqual([...ALL.slice(0, 4), "rest C0C1AA"]);
    expect(read(shape, `${sealed("15 08 05 23 AA 07 12 AA C0 AA 99")} ${sealed("30 08 AA AA AA")}`)).toEqual([
      ...ALL,
      "rest 99",
      "time 08:30",
    ]);
    expect(read(shape, sealed("15 08"))).toEqual(["time 08:15"]);
  });
});

describe("a curve", () => {
  const shape = curve(
    field("start", moment("hhmm")),
    series((i) => [field(`voltage${i + 1}`, decimal(2, 1, "V"))]),
  );

  test("is the moment of its first point, then points as far as the data go", () => {
    expect(read(shape, "00 10 05 23 06 23")).toEqual(["start 10:00", "voltage1 230.5 V", "voltage2 230.6 V"]);
    expect(read(shape, "00 10 05 23 06")).toEqual([
      "start 10:00",
      "voltage1 230.5 V",
      "voltage2 ✗ 1 bytes where 2 are expected: 06 in wire order V",
    ]);
    expect(read(shape, "00 10")).toEqual(["start 10:00"]);
    expect(read(shape, "")).toEqual(["start -"]);
    expect(shape).toMatchObject({ pattern: "hhmm + XXX.X x n", bytes: null });
    expect(shape.fields.map(({ name }) => name)).toEqual(["start", "voltage1"]);
  });

  test("is written as it was read", () => {
    for (const wire of ["00 10 05 23 06 23", "00 10", "FF FF 05 23"]) expect(writtenAgain(shape, wire)).toBe(wire);
    expect(refusalOf(() => shape.encode([]))).toEqual({ field: "start", why: "is missing" });
  });
});
