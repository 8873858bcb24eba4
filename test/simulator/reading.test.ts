/** Reading, addressing, the broadcast clock and writing: what a meter says, and when it says nothing. */
import { describe, expect, test } from "vitest";
import { fromHex, reversed } from "../../simulator/bytes.ts";
import { minutes } from "../../src/kernel/clock.ts";
import type { Bench } from "./support/frames.ts";
import { bare, bench, METER_A, plainOrder, read, writeData } from "./support/frames.ts";
import { writeFrame } from "../../simulator/wire.ts";

const words = (b: Bench, request: { address: string; control: number; data?: string }): string =>
  b.say(
    Buffer.from(writeFrame({ address: request.address, control: request.control, data: fromHex(request.data ?? "") })).toString(
      "hex",
    ),
  );

describe("reading", () => {
  test("plain items of a plain meter", () => {
    const b = bench({ energyKwh: "1234.56", balance: "86.40" });
    const expected: Record<string, string> = {
      "00010000": "00123456",
      "00000000": "00123456",
      "0001FF00": `0000000000123456000000000000000000123456`,
      "00900200": "00008640",
      "00900201": "00000000",
      "02800020": "00005283",
      "02800022": "0000",
      "04000101": "26112200",
      "04000102": "100000",
      "0400010C": "26112200100000",
      "04000401": METER_A,
      "04000402": METER_A,
      "0400040E": "002611220001",
      "040005FF": `${"0000".repeat(4)}0200${"0000".repeat(2)}`,
      "04000508": "000FFFFF",
      "04001001": "00000000",
      "04001003": "00000000",
      "04001004": "99999999",
      "04001401": "0000",
      "03330201": "0000",
      "1D000001": "000000",
      "1E000001": "000000",
      "1E000101": "000000000000",
    };
    expect(Object.fromEntries(Object.keys(expected).map((di) => [di, read(b, di)]))).toEqual(expected);
  });

  test("load, voltage and current fit together; absent phases are FF", () => {
    const b = bench({ loadKw: 2.2 });
    const volts = Number(read(b, "02010100")) / 10;
    const amps = Number(read(b, "0202FF00").slice(-6)) / 1_000;
    expect(read(b, "0202FF00")).toMatch(/^F{12}/);
    expect(read(b, "02030000")).toBe("022000");
    expect(volts * amps).toBeCloseTo(2_200, -1);
    b.ask(0x1c, plainOrder(0x1a));
    expect([read(b, "02030000"), read(b, "02020100")]).toEqual(["000000", "000000"]);
  });

  test("a meter without a wallet has no money items, and no item is ERR 02", () => {
    const b = bench({ model: "remote-ledger" });
    for (const di of ["00900200", "00900201", "03330201", "02800020", "04001001", "06000001", "0333010B", "03330700"]) {
      expect(read(b, di)).toBe("ERR 02");
    }
    expect(read(b, "04000503")).toBe("0000");
    expect(read(bench({ opened: false }), "04000503")).toBe("4200");
  });
});

describe("addresses", () => {
  test("wildcards read with the real name in the answer; 13H tells it", () => {
    const b = bench();
    expect(words(b, { address: "AAAAAAAAAAAA", control: 0x13 })).toBe(
      bare(`68 01 00 22 11 26 20 68 93 06 34 33 55 44 59 53 8F 16`),
    );
    expect(words(b, { address: "AAAAAAAA0001", control: 0x11, data: "00000100" })).toContain("010022112620");
    expect(words(b, { address: "AAAAAAAA0002", control: 0x11, data: "00000100" })).toBe("");
    expect(words(b, { address: "2026AAAA0001", control: 0x11, data: "00000100" })).toBe("");
  });

  test("orders to everybody, replies, other addresses, broken frames and unknown functions meet silence", () => {
    const b = bench();
    const order = Buffer.from(plainOrder(0x1a)).toString("hex");
    for (const address of ["AAAAAAAAAAAA", "999999999999", "AAAAAAAA0001", "202611220002"]) {
      expect(words(b, { address, control: 0x1c, data: order })).toBe("");
    }
    const write = Buffer.from(writeData("04001401", "0010")).toString("hex");
    expect(words(b, { address: "AAAAAAAAAAAA", control: 0x14, data: write })).toBe("");
    expect(words(b, { address: "AAAAAAAAAAAA", control: 0x15, data: "020022112620" })).toBe("");
    expect(words(b, { address: METER_A, control: 0x91, data: "00000100" })).toBe("");
    expect(words(b, { address: METER_A, control: 0x1f })).toBe("");
    expect(b.say("68 01 00 22 11 26 20 68 11 04 33 33 34 33 2D 16")).toBe("");
    expect(b.meter.obeyed.disconnects).toBe(0);
  });

  test("a frame is found behind noise, wake-up bytes and a false start", () => {
    const request = "68 01 00 22 11 26 20 68 11 04 33 33 34 33 2C 16";
    expect(bench().say(request)).not.toBe("");
    expect(bench().say(`FE FE FE FE 16 68 68 00 ${request} 68`)).toBe(bench().say(request));
  });
});

describe("the broadcast clock", () => {
  const broadcast = (b: Bench, digits: string): void => {
    expect(
      words(b, { address: "999999999999", control: 0x08, data: Buffer.from(reversed(fromHex(digits))).toString("hex") }),
    ).toBe("");
  };

  test("is taken once a day, at most five minutes off", () => {
    const b = bench({ clockOffsetMs: minutes(3) });
    broadcast(b, "261122100000");
    expect(read(b, "04000102")).toBe("100000");
    b.meter.clockOffsetMs = minutes(3);
    broadcast(b, "261122100000");
    expect(read(b, "04000102")).toBe("100300");
    b.clock.ms += 86_400_000;
    broadcast(b, "261123100000");
    expect(read(b, "04000102")).toBe("100000");
    const far = bench({ clockOffsetMs: minutes(6) });
    broadcast(far, "261122100000");
    expect(read(far, "04000102")).toBe("100600");
  });

  test("is ignored near midnight and when it is no date", () => {
    const b = bench({ clockOffsetMs: minutes(1) }, { start: "2026-11-22T23:56:00+08:00" });
    broadcast(b, "261122235600");
    expect(read(b, "04000102")).toBe("235700");
    const noon = bench({ clockOffsetMs: minutes(1) });
    broadcast(noon, "261322100000");
    broadcast(noon, "26112210000A");
    expect(read(noon, "04000102")).toBe("100100");
  });
});

describe("writing with a password", () => {
  const write = (b: Bench, di: string, digits: string, options = {}): string => {
    const { control, data } = b.ask(0x14, writeData(di, digits, options));
    return control === 0x94 ? "yes" : `ERR ${data}`;
  };

  test("clock, date, time, delays and limits", () => {
    const b = bench();
    expect(write(b, "0400010C", "26112300113000", { level: "04", password: "111111" })).toBe("yes");
    expect(read(b, "0400010C")).toBe("26112301113000");
    expect(write(b, "04000102", "120000")).toBe("yes");
    expect(write(b, "04000101", "26113001")).toBe("yes");
    expect(read(b, "0400010C")).toBe("26113001120000");
    expect(write(b, "04001401", "0030")).toBe("yes");
    expect(read(b, "04001401")).toBe("0030");
    expect(b.meter.obeyed).toMatchObject({ writes: 4, clockSets: 3 });
  });

  test.each([
    ["a wrong password", "04001401", "0030", { password: "999999" }, "ERR 04"],
    ["an item nobody may write", "04000401", "202611220009", {}, "ERR 04"],
    ["no date", "0400010C", "26133000113000", {}, "ERR 01"],
    ["no weekday", "0400010C", "26112307113000", {}, "ERR 01"],
    ["no digits", "04001401", "00A0", {}, "ERR 01"],
    ["a wrong length", "04001401", "000030", {}, "ERR 01"],
  ])("%s", (_what, di, digits, options, outcome) => {
    expect(write(bench(), di, digits, options)).toBe(outcome);
  });
});
