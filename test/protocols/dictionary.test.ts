/** The dictionary is a table, so it can be counted and checked. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Fen } from "../../src/kernel/money.ts";
import { TABLE, dictionary, itemNames, itemOf } from "../../src/protocols/dlt645/dictionary.ts";
import type { ValueOf } from "../../src/protocols/dlt645/dictionary.ts";
import { itemOf1997 } from "../../src/protocols/dlt645/dictionary-1997.ts";
import { bytesOfHex } from "../../src/protocols/dlt645/frame.ts";
import { diOf, itemAt } from "../../src/protocols/dlt645/table/row.ts";
import type { RunStateWord3 } from "../../src/protocols/dlt645/formats/status-words.ts";

const read = (nameOrDi: string, wire: string) =>
  itemOf(nameOrDi)
    ?.read(bytesOfHex(wire))
    .map(({ name, value, unit }) => [name, value, unit]);

test("the type of a value follows from its row", () => {
  const balance: ValueOf<"balance"> = 12_350n as Fen;
  const relay: ValueOf<"relay">["order"] = "connect" satisfies RunStateWord3["order"];
  expect(dictionary.balance.format.print(balance)).toBe("123.50");
  expect(relay).toBe("connect");
});

test("every name finds an item that carries it, and every identifier is eight upper-case hex digits", () => {
  for (const name of itemNames()) {
    expect(itemOf(name)).toMatchObject({ name });
    expect(itemOf(name)!.di).toMatch(/^[0-9A-F]{8}$/);
    expect(itemOf(name)!.title).not.toBe("");
  }
  expect(itemNames().length).toBeGreaterThan(140);
});

test.each([
  ["00010200", "10 00 00 00", [["importedEnergyTariff2", "0.10", "kWh"]]],
  ["00030001", "10 00 00 80", [["reactive1EnergySettlement1", "-0.10", "kvarh"]]],
  ["003D0000", "10 00 00 00", [["importedEnergyC", "0.10", "kWh"]]],
  ["00940000", "10 00 00 00", [["associatedEnergyA", "0.10", "kWh"]]],
  ["00BC0000", "10 00 00 00", [["associatedEnergyC", "0.10", "kWh"]]],
  [
    "0001FF01",
    "10 00 00 00 05 00 00 00",
    [
      ["importedEnergySettlement1", "0.10", "kWh"],
      ["importedEnergyTariff1Settlement1", "0.05", "kWh"],
    ],
  ],
  ["02020200", "00 10 80", [["currentB", "-1.000", "A"]]],
  ["020A0103", "25 01", [["voltageHarmonicAOrder3", "1.25", "%"]]],
  [
    "03010000",
    "01 00 00 30 00 00",
    [
      ["voltageLossCountA", "1", "times"],
      ["voltageLossTimeA", "30", "min"],
    ],
  ],
  ["03330102", "15 09 20 11 26", [["purchaseTime2", "2026-11-20 09:15", null]]],
  ["0400041F", "56 34 12 00", [["longitude", "00123456", null]]],
  ["0400042F", "78 56 34 12", [["latitude", "12345678", null]]],
  ["0400043F", "01 00 00", [["altitude", "000001", null]]],
  ["04000B01", "00 01", [["settlementDay1", "01 00:00", null]]],
  [
    "04010001",
    "03 00 00 02 00 07",
    [
      ["slot1", "00:00 #03", null],
      ["slot2", "07:00 #02", null],
    ],
  ],
  [
    "040501FF",
    "83 52 00 00 00 60 00 00",
    [
      ["tariffPrice1", "0.5283", "yuan/kWh"],
      ["tariffPrice2", "0.6000", "yuan/kWh"],
    ],
  ],
  ["05060201", "10 00 00 00", [["dailyFreezeExportedEnergy", "0.10", "kWh"]]],
  [
    "06100101",
    "00 10 22 11 26 01 22 FF FF",
    [
      ["start", "2026-11-22 10:00", null],
      ["voltage1", "220.1", "V"],
      ["voltage2", null, "V"],
    ],
  ],
  ["10010001", "03 00 00", [["voltageLossTotalCountA", "3", "times"]]],
  ["1E000102", "00 00 09 22 11 26", [["reconnectTime2", "2026-11-22 09:00:00", null]]],
  ["relay", "10 00", [["relay", "armed", null]]],
  ["disconnectRecord", "00 00 09 22 11 26", [["disconnectTime", "2026-11-22 09:00:00", null]]],
])("%s reads %s", (item, wire, values) => {
  expect(read(item, wire)).toEqual(values);
});

test("a broken digit AA inside a freeze block is a fault of its value, and does not end it", () => {
  const values = itemOf("0506FF01")!.read(bytesOfHex("00 00 22 11 26 AA 00 AA 00 00 10 00 00 00 AA"));
  expect(values.map(({ value, fault }) => fault ?? value)).toEqual(["2026-11-22 00:00", "not BCD: 0000AA00", "0.10"]);
});

test("nobody has described these, and nothing is made up for them", () => {
  for (const di of ["04DFDFDB", "02800050", "00017F00", "0001FFFF", "05060100", "0000", "balanse"])
    expect(itemOf(di)).toBeUndefined();
  for (const di of ["00011G00", "0001 000", "00010000 ", "-0010000", "0x010000"]) expect(itemOf(di)).toBeUndefined();
});

test("digits are found in either case, and the item is the same one", () => {
  expect(itemOf("0001ff00")).toBe(itemOf("0001FF00"));
  expect(itemOf("0001ff00")!.di).toBe("0001FF00");
});

test("what is shown under a name can be asked for by that name", () => {
  expect(itemOf("importedEnergyTariff2")!.di).toBe("00010200");
  expect(itemOf("exportedEnergyTariff63Settlement12")!.di).toBe("00023F0C");
  expect(itemOf("importedEnergyTariff2Settlements")!.di).toBe("000102FF");
  expect(itemOf("voltageB")!.di).toBe("02010200");
  expect(itemOf("purchaseTime10")!.di).toBe("0333010A");
  expect(itemOf("holiday254")!.di).toBe("040300FE");
  for (const name of ["importedEnergyTariff64", "importedEnergyTariff02", "voltageD", "importedEnergyBlockSettlements"])
    expect(itemOf(name), name).toBeUndefined();
});

test("any item that can be read is found by its own name, the first of those that share one", () => {
  const readable = TABLE.filter(({ di, access }) => !di.startsWith("07") && access !== "w");
  const others = readable.flatMap((row) => {
    const values = row.variables.map(({ last }) => last);
    const { di, name } = itemAt(row, diOf(row, values), values);
    return itemOf(name)?.di === di ? [] : [di];
  });
  // the newer code of power-flow reversal, and the three ways to ask for a load profile
  expect(others.filter((di) => !/^(21|060[0-6]00)/.test(di))).toEqual([]);
  expect(others).toHaveLength(11);
});

test("what function 03 carries, and what is only written, has a name and a title, and nobody asks for it by that name", () => {
  expect(itemOf("070102FF")).toMatchObject({ name: "topUp", zh: "充值", row: { category: "security", access: "w" } });
  for (const name of ["topUp", "refund", "passwordOfLevel2"]) {
    expect(itemOf(name), name).toBeUndefined();
    expect(itemNames()).not.toContain(name);
  }
  expect(itemOf("04001006")).toMatchObject({ name: "refund", row: { access: "w" } });
});

test("any identifier with any bytes is read without a throw, and never longer than its bytes allow", () => {
  const di = fc.tuple(
    fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 0x10, 0x1d, 0x1e, 0x22),
    fc.nat(255),
    fc.constantFrom(0, 1, 2, 0xff),
    fc.constantFrom(0, 1, 2, 0xff),
  );
  fc.assert(
    fc.property(di, fc.uint8Array({ maxLength: 60 }), (bytes, wire) => {
      const values = itemOf(bytes.map((byte) => byte.toString(16).padStart(2, "0")).join(""))?.read(wire) ?? [];
      // a word may add up to seven details, a time its separator
      expect(values.length).toBeLessThanOrEqual(wire.length + 8);
    }),
    { seed: 645, numRuns: 3_000 },
  );
});

test("the 1997 edition: tariffs, months, phases and groups", () => {
  const read1997 = (item: string, wire: string) =>
    itemOf1997(item)
      ?.read(bytesOfHex(wire))
      .map(({ name, value }) => [name, value]);
  expect(read1997("9410", "10 00 00 00")).toEqual([["importedEnergyMonth1", "0.10"]]);
  expect(read1997("901F", "10 00 00 00 05 00 00 00 AA")).toEqual([
    ["importedEnergy", "0.10"],
    ["importedEnergyTariff1", "0.05"],
  ]);
  expect(read1997("A010", "45 23 01")).toEqual([["importedDemand", "1.2345"]]);
  expect(read1997("B010", "30 18 03 11")).toEqual([["importedDemandTime", "11-03 18:30"]]);
  expect(read1997("B61F", "20 02 21 02 22 02")).toEqual([
    ["voltage", "220"],
    ["voltageB", "221"],
    ["voltageC", "222"],
  ]);
  expect(read1997("B630", "45 23 01")).toEqual([["power", "1.2345"]]);
  expect(itemOf1997("D000")).toBeUndefined();
});
