/** What is written holds: tables and prices decide what is charged, freezes and clears reach the registers, records tell of it. */
import { describe, expect, test } from "vitest";
import { hours, minutes } from "../../src/kernel/clock.ts";
import { fromHex, joined, reversed } from "../../simulator/bytes.ts";
import { dataItemBytes } from "../../simulator/wire.ts";
import type { Bench } from "./support/frames.ts";
import { bench, OPERATOR, read, writeData } from "./support/frames.ts";

const CLASS_3 = { level: "04", password: "111111" };
const write = (b: Bench, di: string, digits: string, options = {}): number => b.ask(0x14, writeData(di, digits, options)).control;
const after = (b: Bench, ms: number): Bench => {
  b.clock.ms += ms;
  b.meter.settle();
  return b;
};
const record = (b: Bench, di: string): string => b.ask(0x11, dataItemBytes(di)).data.slice(8);

describe("tables and prices", () => {
  test("a slot table charges by the tariff it names, from the moment it is written", () => {
    const b = bench({ loadKw: 1, balance: "100.00", tariff: { prices: ["1.0000", "0.5000", "0.3000", "0.1000"] } });
    expect(after(b, hours(1)).meter.wallet.consumed).toBe(30n);
    // From ten o'clock tariff 1; entries travel last first.
    expect(write(b, "04010001", "100001000004", CLASS_3)).toBe(0x94);
    expect(after(b, hours(1)).meter.wallet.consumed).toBe(130n);
    expect(read(b, "04010001").endsWith("100001000004")).toBe(true);
    expect(record(b, "03300501").slice(20, 26)).toBe("030000");
  });

  test("a second set of prices, written as a block, takes over at the switch time that was written", () => {
    const b = bench({ loadKw: 1, balance: "100.00", price: "0.5000", keyState: "test" });
    const prices = joined(...["00009000", "00008000", "00007000", "00006000"].map((price) => reversed(fromHex(price))));
    const head = joined(dataItemBytes("040502FF"), fromHex("02000000"), OPERATOR);
    expect(b.ask(0x14, joined(head, prices)).control).toBe(0x94);
    expect(write(b, "04000108", "2611221100")).toBe(0x94);
    expect(after(b, hours(1)).meter.wallet.consumed).toBe(50n);
    expect(after(b, hours(1)).meter.wallet.consumed).toBe(120n);
    expect([read(b, "04050101"), read(b, "04050201")]).toEqual(["00009000", "00005000"]);
    expect(read(b, "04000503").padStart(4, "0").slice(0, 2)).toBe("06");
    expect(read(b, "04000108")).toBe("0000000000");
  });

  test("what follows from something else is not written", () => {
    const b = bench();
    expect(b.ask(0x14, writeData("04000205", "0003", CLASS_3))).toEqual({ control: 0xd4, data: "01" });
    expect(write(b, "04030001", "26112501", CLASS_3)).toBe(0x94);
    expect(read(b, "04000205")).toBe("0001");
  });

  test("a settlement day that was written keeps the broadcast clock away", () => {
    const b = bench({ clockOffsetMs: minutes(1), pointToPointTime: true });
    write(b, "04000B02", "2210", CLASS_3);
    expect(b.ask(0x08, fromHex("000010221126"))).toEqual({ control: 0xc8, data: "01" });
  });
});

describe("registers", () => {
  test("16H freezes them now, and at the times it names", () => {
    const b = bench({ loadKw: 1, energyKwh: "100.00" });
    expect(b.ask(0x16, fromHex("99999999")).control).toBe(0x96);
    expect(read(b, "05010101").slice(-8)).toBe("00010000");
    expect(b.ask(0x16, fromHex("30999999")).control).toBe(0x96);
    expect(read(after(b, minutes(40)), "05000001")).toBe("2611221030");
    expect(read(b, "05000101").slice(-8)).toBe("00010050");
    expect(read(b, "04001204")).toBe("99999930");
  });

  test("19H clears the maximum, and the record keeps it", () => {
    const b = after(bench({ loadKw: 3 }), hours(1));
    const before = record(b, "01010000");
    expect(before).toMatch(/^000003/);
    expect(b.ask(0x19, fromHex("04111111" + "01000000")).control).toBe(0x99);
    expect(record(b, "01010000")).toBe("00".repeat(8));
    expect(record(b, "03300201").slice(20, 36)).toBe(before);
  });

  test("1AH empties all of them, frozen ones too", () => {
    const b = bench({ model: "remote-ledger", keyState: "test", programmingEnabled: true, energyKwh: "77.00", loadKw: 1 });
    b.ask(0x16, fromHex("99999999"));
    after(b, hours(2));
    expect(b.ask(0x1a, fromHex("02000000" + "01000000")).control).toBe(0x9a);
    expect([read(b, "00010000"), read(b, "01010000"), read(b, "05010101")]).toEqual(["00000000", "00".repeat(8), "ERR 02"]);
    expect(record(b, "03300101").slice(20, 28)).toBe("00790000");
  });
});

test("the programming key shows in word 3", () => {
  expect([read(bench(), "04000503"), read(bench({ programmingEnabled: true }), "04000503")]).toEqual(["0200", "0208"]);
});
