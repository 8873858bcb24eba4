/** 14H in all its forms, what each item takes and refuses, and the records that a write leaves. */
import { createCipheriv } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fromHex, hex, joined, reversed } from "../../simulator/bytes.ts";
import { dataItemBytes } from "../../simulator/wire.ts";
import type { Bench } from "./support/frames.ts";
import { authenticate, bare, bench, OPERATOR, read, writeData } from "./support/frames.ts";
import { keyOf, macOf } from "./support/keys.ts";

const RANDOM_2 = "A1B2C3D4";
const CLASS_3 = { level: "04", password: "111111" };
const outcome = (b: Bench, data: Uint8Array): string => {
  const reply = b.ask(0x14, data);
  return reply.control === 0x94 ? `yes${reply.data}` : `ERR ${reply.data}`;
};
const write = (b: Bench, di: string, digits: string, options = {}): string => outcome(b, writeData(di, digits, options));
/** Values highest byte first, in the order in which they travel. */
const blockData = (di: string, values: readonly string[], { level = "02", password = "000000" } = {}): Uint8Array =>
  joined(
    dataItemBytes(di),
    fromHex(level),
    reversed(fromHex(password)),
    OPERATOR,
    ...values.map((value) => reversed(fromHex(value))),
  );
function sealed(b: Bench, di: string, values: readonly string[], { flaw = 0 } = {}): Uint8Array {
  const data = fromHex(values.join(""));
  const mac = macOf({ meterNumber: b.meter.meterNumber, random2: RANDOM_2, key: 3, control: 0x14, di, tag: 1, data });
  mac[0]! ^= flaw;
  return joined(blockData(di, values, { level: "99" }), reversed(mac));
}
function ciphered(b: Bench, di: string, digits: string, { flaw = 0, text = "" } = {}): Uint8Array {
  const plain = fromHex(text === "" ? (digits.length / 2 + 4).toString(16).padStart(2, "0") + di + digits : text);
  const padded = new Uint8Array(Math.ceil((plain.length + 1) / 16) * 16);
  padded.set(plain);
  padded[plain.length] = 0x80;
  const ecb = createCipheriv("sm4-ecb", keyOf(3, b.meter.meterNumber), null).setAutoPadding(false);
  const cipher = Uint8Array.from(Buffer.concat([ecb.update(padded), ecb.final()]));
  const mac = macOf({ meterNumber: b.meter.meterNumber, random2: RANDOM_2, key: 3, control: 0x14, di, tag: 1, data: cipher });
  mac[0]! ^= flaw;
  return joined(dataItemBytes(di), fromHex("98000000"), OPERATOR, reversed(cipher), reversed(mac));
}
const session = (plan = {}): Bench => {
  const b = bench(plan, { random2: RANDOM_2 });
  authenticate(b);
  return b;
};
/** A record of 0330, in wire order. */
const record = (b: Bench, di: string): string => b.ask(0x11, dataItemBytes(di)).data.slice(8);

test("example 6 of the reference, byte for byte", () => {
  const b = bench({ address: "112233445566", passwords: { "04": "123456" } }, { start: "2026-07-01T10:00:00+08:00" });
  const request = "68 66 55 44 33 22 11 68 14 13 3F 34 33 37 37 89 67 45 34 33 33 33 33 48 3B 36 36 3A 59 27 16";
  expect(b.say(request)).toBe(bare("68 66 55 44 33 22 11 68 94 00 C9 16"));
  // The calendar says Friday, whatever the request said.
  expect(read(b, "0400010C")).toBe("26070305081500");
  expect(record(b, "03300001")).toBe(`001508030726010000000C010004${"FF".repeat(36)}`);
  expect(record(b, "03300401")).toBe(`01000000000010010726001508030726`);
});

describe("with a password", () => {
  test.each([
    ["maximum demand period", "04000103", "30", "15"],
    ["switch time of the zone tables", "04000106", "2701010000", "0000000000"],
    ["switch time of the slot tables", "04000107", "2703010000", "0000000000"],
    ["number of tariffs", "04000204", "04", "04"],
    ["seconds a screen", "04000302", "08", "05"],
    ["weekend byte", "04000801", "3E", "7F"],
    ["weekend slot table", "04000802", "02", "01"],
    ["load-profile mode", "04000901", "08", "3F"],
    ["daily-freeze mode", "04000906", "81", "FF"],
    ["load-profile start", "04000A01", "12010000", "00000000"],
    ["load-profile interval", "04000A02", "0060", "0015"],
    ["settlement day 2", "04000B02", "1500", "9999"],
    ["hourly-freeze start", "04001201", "2612010000", "0000000000"],
    ["hourly-freeze interval", "04001202", "30", "60"],
    ["daily-freeze time", "04001203", "2359", "0000"],
    ["holiday 12", "0403000C", "27010102", "00000000"],
    ["combination word", "04000601", "04", "05"],
    ["baud byte of port 1", "04000703", "20", "08"],
    ["asset code", "04000403", "41".repeat(32), "00".repeat(32)],
  ])("%s is read as it was written", (_what, di, digits, first) => {
    const b = bench();
    expect(read(b, di)).toBe(first);
    expect(write(b, di, digits, CLASS_3)).toBe("yes");
    expect(read(b, di)).toBe(digits);
    expect(read(b, "03300000")).toBe("000001");
    expect(record(b, "03300001").slice(12, 28)).toBe(`01000000${hex(dataItemBytes(di))}`);
  });

  test("screens take a data identifier with a number or without", () => {
    const b = bench();
    expect(write(b, "04040101", "00900200", CLASS_3)).toBe("yes");
    expect(write(b, "04040203", "0000900200", CLASS_3)).toBe("yes");
    expect([read(b, "04040101"), read(b, "04040203")]).toEqual(["00900200", "0000900200"]);
  });

  test.each([
    ["a switch time in month 13", "04000106", "2713010000", "01"],
    ["no digits", "04000106", "27010100AB", "01"],
    ["a byte too few", "04000106", "27010100", "01"],
    ["settlement day 29", "04000B01", "2900", "01"],
    ["slot 24 o'clock", "04010001", "240001", "01"],
    ["half an entry", "04010001", "0001", "01"],
    ["fifteen slots", "04010001", "000001".repeat(15), "20"],
    ["fifteen zones", "04010000", "010101".repeat(15), "10"],
    ["tariff 5 of four", "04010001", "000005", "40"],
    ["five tariffs", "04000204", "05", "40"],
    ["fifteen zones to come", "04000201", "15", "10"],
    ["fifteen slots to come", "04000203", "15", "20"],
    ["two baud bits", "04000703", "18", "01"],
    ["a holiday of table 9", "04030001", "27010109", "01"],
    ["holiday 255", "040300FF", "27010101", "04"],
    ["an item that is only read", "04000501", "0000", "04"],
    ["an item nobody knows", "04777777", "00", "04"],
  ])("%s is refused and leaves nothing", (_what, di, digits, err) => {
    const b = bench();
    expect(write(b, di, digits, CLASS_3)).toBe(`ERR ${err}`);
    expect([read(b, "03300000"), b.meter.obeyed.writes]).toEqual(["000000", 0]);
  });

  test("a meter that says ERR 02 for what it does not let be written", () => {
    expect(write(bench({ unknownWrite: "no-data" }), "04777777", "00", CLASS_3)).toBe("ERR 02");
  });

  test("level 04 is not enough for fees, level 02 is enough for everything", () => {
    const b = bench();
    expect(write(b, "04001001", "00003000", CLASS_3)).toBe("ERR 04");
    expect(write(b, "04000306", "000050", CLASS_3)).toBe("ERR 04");
    expect([write(b, "04001001", "00003000"), write(b, "04000306", "000050"), write(b, "04000302", "09")]).toEqual([
      "yes",
      "yes",
      "yes",
    ]);
  });

  test("a habit decides what a password may write under production keys; under test keys it may write everything", () => {
    const tries = (plan: object): string[] => {
      const b = bench(plan);
      return [write(b, "04001001", "00003000"), write(b, "04000302", "09", CLASS_3)];
    };
    expect(tries({})).toEqual(["yes", "yes"]);
    expect(tries({ plainWrites: "class-3" })).toEqual(["ERR 04", "yes"]);
    expect(tries({ plainWrites: "refused" })).toEqual(["ERR 04", "ERR 04"]);
    expect(tries({ plainWrites: "refused", keyState: "test" })).toEqual(["yes", "yes"]);
  });
});

describe("with a MAC, level 99", () => {
  const PRICES = ["00009000", "00006000", "00005000", "00003000"];

  test("tariff prices, and the record tells the prices before and who wrote", () => {
    const b = session();
    const first = record(b, "040502FF");
    expect(outcome(b, sealed(b, "040502FF", PRICES))).toBe("yes");
    expect(outcome(b, sealed(b, "040502FF", PRICES.toReversed()))).toBe("yes");
    expect(read(b, "04050201")).toBe("00003000");
    expect(read(b, "04050204")).toBe("00009000");
    expect(read(b, "04050205")).toBe("ERR 02");
    expect(record(b, "03300F01")).toBe(`0000102211260100000000900000006000000050000000300000`);
    expect(record(b, "03300F02").slice(20)).toBe(first);
    expect(read(b, "03300F00")).toBe("000002");
  });

  test("steps: six thresholds, seven prices, four dates, each turned round for itself", () => {
    const b = session();
    const values = [
      ...["00018000", "00026000", "00026000", "00026000", "00026000", "00026000"],
      ...["00004883", "00005383", "00007883", "00007883", "00007883", "00007883", "00007883"],
      ...["010100", "999999", "999999", "999999"],
    ];
    expect(outcome(b, sealed(b, "040605FF", values))).toBe("yes");
    expect(record(b, "040605FF")).toBe(hex(joined(...values.map((value) => reversed(fromHex(value))))));
    expect(record(b, "03301001")).toBe(`00001022112601000000${"00".repeat(52)}${"99".repeat(12)}`);
    expect(outcome(b, sealed(b, "040605FF", values.slice(1)))).toBe("ERR 01");
  });

  test.each([
    ["switch time of the prices", "04000108", "2701010000"],
    ["switch time of the steps", "04000109", "2701010000"],
    ["current transformer ratio", "04000306", "000050"],
    ["voltage transformer ratio", "04000307", "000100"],
    ["alarm amount 2", "04001002", "00001000"],
  ])("%s", (_what, di, digits) => {
    const b = session();
    expect(outcome(b, sealed(b, di, [digits]))).toBe("yes");
    expect(read(b, di)).toBe(digits);
  });

  test("a wrong MAC, no session, a class-2 item and digits that are none", () => {
    const b = session();
    expect(outcome(b, sealed(b, "040502FF", PRICES, { flaw: 1 }))).toBe("ERR 04");
    expect(outcome(b, sealed(b, "04001003", ["00001000"]))).toBe("ERR 04");
    // Bad digits are seen before the MAC is.
    expect(outcome(b, sealed(b, "040502FF", ["0000A000"], { flaw: 1 }))).toBe("ERR 01");
    expect(outcome(b, sealed(b, "040502FF", ["00009000", "0000"]))).toBe("ERR 01");
    const stranger = bench();
    expect(outcome(stranger, sealed(stranger, "040502FF", ["0000A000"]))).toBe("ERR 04");
    expect(read(b, "03300000")).toBe("000000");
  });
});

describe("ciphered, level 98", () => {
  test.each([
    ["a slot table", "04020001", "170003070002000003"],
    ["a zone table", "04010000", "070102010101"],
    ["settlement day 1", "04000B01", "0100"],
    ["hourly-freeze interval", "04001202", "15"],
    ["overdraft limit", "04001003", "00002000"],
    ["trip delay", "04001401", "0010"],
  ])("%s", (_what, di, digits) => {
    const b = session({ plainWrites: "refused" });
    expect(outcome(b, ciphered(b, di, digits))).toBe("yes");
    expect(read(b, di).endsWith(digits)).toBe(true);
  });

  test("a whole table takes three cipher blocks", () => {
    const b = session();
    const entries = Array.from({ length: 14 }, (_, i) => `${(i + 1).toString().padStart(2, "0")}000${(i % 4) + 1}`).toReversed();
    expect(outcome(b, ciphered(b, "04010008", entries.join("")))).toBe("yes");
    expect(read(b, "04010008")).toBe(entries.join(""));
  });

  test("a wrong MAC, no session, a class-1 item, another item under the cipher, nonsense under it", () => {
    const b = session();
    expect(outcome(b, ciphered(b, "04001202", "15", { flaw: 1 }))).toBe("ERR 04");
    expect(outcome(b, ciphered(b, "040502FF", "00003000"))).toBe("ERR 04");
    expect(outcome(b, ciphered(b, "04001202", "", { text: "050400120315" }))).toBe("ERR 01");
    expect(outcome(b, ciphered(b, "04001202", "", { text: "FF0400120215" }))).toBe("ERR 01");
    expect(outcome(b, ciphered(b, "04001202", "99"))).toBe("ERR 01");
    const stranger = bench();
    expect(outcome(stranger, ciphered(stranger, "04001202", "15"))).toBe("ERR 04");
  });
});

describe("records of a class", () => {
  test.each([
    ["zone tables", "04010000", "010102", "033006", "010101".repeat(28)],
    ["weekend", "04000802", "03", "033007", "01"],
    ["active combination", "04000601", "04", "033009", "05"],
    ["reactive combination 1", "04000602", "05", "03300A", "41"],
    ["reactive combination 2", "04000603", "50", "03300B", "14"],
    ["settlement days", "04000B02", "1500", "03300C", "000199999999"],
  ])("%s: time, operator, what stood there before", (_what, di, digits, kind, before) => {
    const b = bench();
    expect(read(b, `${kind}00`)).toBe("000000");
    expect(write(b, di, digits, CLASS_3)).toBe("yes");
    expect(read(b, `${kind}00`)).toBe("000001");
    expect(record(b, `${kind}01`)).toBe(`00001022112601000000${before}`);
  });

  test("ten are kept and the count goes on; before the first they read zero, and there is no eleventh", () => {
    const b = bench();
    expect(record(b, "03300001")).toBe("00".repeat(50));
    for (let day = 1; day <= 12; day += 1) write(b, "04000B01", `${day.toString().padStart(2, "0")}00`, CLASS_3);
    expect(read(b, "03300C00")).toBe("000012");
    expect([record(b, "03300C01").slice(20, 24), record(b, "03300C0A").slice(20, 24)]).toEqual(["0011", "0002"]);
    expect(read(b, "03300C0B")).toBe("ERR 02");
  });
});
