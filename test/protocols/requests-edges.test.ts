/** Requests at their edges: each place of their data where the standard puts it, the last number that fits, the first that must not leave. */
import { describe, expect, test } from "vitest";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";

const METER = "202611220001";
const by = { address: METER, operator: "A1B2C3D4" };
const password = { level: "02" as const, password: new Secret("123456") };
const bytes = (hex: string): Uint8Array => bytesOfHex(hex);
/** Control byte and data, as they stand on the wire before the 33H. */
const said = ({ control, data }: Frame): string => hexBytes(Uint8Array.of(control, ...data), "");
const purchase = {
  ...by,
  amount: Fen(0x0a0b_0c0dn),
  count: 0x0102,
  mac1: bytes("11121314"),
  customerNumber: "123456789012",
  mac2: bytes("21222324"),
};
const secured = { ...by, cipher: bytes("000102030405060708090A0B0C0D0E0F"), mac: bytes("F1F2F3F4") };
const order = { ...by, ...password, order: "disconnect", deadline: "261122103059" } as const;

describe("places of the data", () => {
  test.each([
    ["profile, blocks alone", requests.read(METER, "06000002", { blocks: 12 }), "110200000612"],
    ["profile from a moment", requests.read(METER, "06000001", { blocks: 1, from: "2611221030" }), "1101000006013010221126"],
    ["profile of the 1997 edition", requests.read(METER, "9010"), "011090"],
    ["reading on, first", requests.readOn(METER, "03300501", 1), "120105300301"],
    ["reading on, last", requests.readOn(METER, "03300501", 255), "1201053003FF"],
    ["write", requests.write({ ...by, ...password, di: "04DFDFDB", data: bytes("0A0B") }), "14DBDFDF04025634 12D4C3B2A10A0B"],
    ["write, 1997", requests.write({ ...by, ...password, di: "CEED", data: bytes("0A0B") }), "04EDCE025634120A0B"],
    [
      "write with MAC, each field turned for itself",
      requests.writeWithMac({ ...by, di: "04DFDFDB", fields: [bytes("0A0B"), bytes("0C")], mac: bytes("F1F2F3F4") }),
      "14DBDFDF0499000000D4C3B2A10B0A0CF4F3F2F1",
    ],
    [
      "write with MAC, as in the south",
      requests.writeWithMac({ ...by, di: "04DFDFDB", fields: [bytes("0A")], mac: bytes("F1F2F3F4"), level: "97" }),
      "14DBDFDF0497000000D4C3B2A10AF4F3F2F1",
    ],
    [
      "write in cipher",
      requests.writeCiphered({ ...secured, di: "0400010C" }),
      "140C01000498000000D4C3B2A10F0E0D0C0B0A09080706050403020100F4F3F2F1",
    ],
    [
      "write in cipher, as in the south",
      requests.writeCiphered({ ...secured, di: "0400010C", level: "96" }),
      /^140C01000496000000D4C3B2A10F0E/,
    ],
    ["new address", requests.writeAddress("123456789012"), "15129078563412"],
    ["freeze", requests.freeze(METER, "11221030"), "1630102211"],
    ["baud, slowest", requests.changeBaud(METER, 600), "1702"],
    ["baud, fastest", requests.changeBaud(METER, 19200), "1740"],
    [
      "change of a password",
      requests.changePassword({
        ...by,
        di: "04000C03",
        old: password,
        fresh: { level: "04", password: new Secret("654321") },
      }),
      "18030C0004025634 1204214365",
    ],
    ["clear demand", requests.clearDemand({ ...by, ...password }), "1902563412D4C3B2A1"],
    ["clear meter", requests.clearMeter({ ...by, ...password }), "1A02563412D4C3B2A1"],
    ["clear events", requests.clearEvents({ ...by, ...password, di: "03300DFF" }), "1B02563412D4C3B2A1FF0D3003"],
    ["output of seconds", requests.setOutput(METER, "clock-second"), "1D00"],
    ["output of demand", requests.setOutput(METER, "demand-period"), "1D01"],
    ["output of slots", requests.setOutput(METER, "slot-switch"), "1D02"],
    ["relay order", requests.relayOrder(order), "1C02563412D4C3B2A11A00593010221126"],
    [
      "secured relay order, reply in one byte, as in the south",
      requests.relayOrderSecured({ ...secured, extendedReply: false, controlBlock: "fields", level: "96" }),
      "1C96000000D4C3B2A10F0E0D0C0B0A09080706050403020100F4F3F2F1",
    ],
    [
      "secured relay order, extended reply",
      requests.relayOrderSecured({ ...secured, extendedReply: true, controlBlock: "whole" }),
      "1C98000001D4C3B2A1F4F3F2F10F0E0D0C0B0A09080706050403020100",
    ],
    ["top-up", requests.topUp(purchase), "03FF020107D4C3B2A10D0C0B0A020100001413121112907856341224232221"],
    ["validity, shortest", requests.setValidity({ ...by, minutes: 1, mac: bytes("F1F2F3F4") }), /D4C3B2A10100F4F3F2F1$/],
    ["validity, longest", requests.setValidity({ ...by, minutes: 9999, mac: bytes("F1F2F3F4") }), /D4C3B2A19999F4F3F2F1$/],
  ])("%s", (_what, frame, wanted) => {
    if (typeof wanted === "string") expect(said(frame)).toBe(wanted.replaceAll(" ", ""));
    else expect(said(frame)).toMatch(wanted);
  });

  test("a baud rate is one bit, 600 the second and each faster one the next", () => {
    expect([600, 1200, 2400, 4800, 9600, 19200].map((baud) => said(requests.changeBaud(METER, baud)))).toEqual(
      ["02", "04", "08", "10", "20", "40"].map((bit) => `17${bit}`),
    );
  });

  test("addresses: one meter, the only one on a line, or all", () => {
    expect(requests.readAddress().address).toBe("AAAAAAAAAAAA");
    expect(requests.writeAddress(METER).address).toBe("AAAAAAAAAAAA");
    expect(requests.broadcastTime("261122103059").address).toBe("999999999999");
    expect(requests.broadcastTime("261122103059", METER)).toEqual({ address: METER, control: 0x08, data: bytes("593010221126") });
    expect(requests.freeze("999999999999", "99999999").address).toBe("999999999999");
    expect(requests.topUp(purchase).address).toBe(METER);
  });
});

describe("a relay order that restores by itself", () => {
  const after = (minutes: number) =>
    said(requests.relayOrder({ ...order, order: "disconnectThenReconnect", restoreAfterMinutes: minutes })).slice(18, 22);

  test("says so in steps of five minutes, one to 255 of them", () => {
    expect(after(5)).toBe("1D01");
    expect(after(30)).toBe("1D06");
    expect(after(1275)).toBe("1DFF");
    expect(
      hexBytes(requests.relayOrderPlainText({ order: "disconnectThenArm", restoreAfterMinutes: 10, deadline: "261122103059" })),
    ).toBe("1E 02 26 11 22 10 30 59");
  });

  test.each([-5, 0, 4, 6, 7.5, 1280])("is not made with %d minutes", (minutes) => {
    expect(() => after(minutes)).toThrow("disconnectThenReconnect");
  });

  test("is the only one that may: any other is refused the time, unless it is none", () => {
    for (const name of ["disconnect", "arm", "reconnect", "warn", "unwarn", "protect", "unprotect"] as const) {
      expect(() => requests.relayOrder({ ...order, order: name, restoreAfterMinutes: 5 })).toThrow(name);
      expect(said(requests.relayOrder({ ...order, order: name, restoreAfterMinutes: 0 })).slice(20, 22)).toBe("00");
    }
  });
});

describe("what must not leave", () => {
  const toOneMeter: Readonly<Record<string, (address: string) => Frame>> = {
    write: (address) => requests.write({ ...by, ...password, address, di: "04000103", data: bytes("15") }),
    "write, 1997": (address) => requests.write({ ...by, ...password, address, di: "C010", data: bytes("00221126") }),
    "write with MAC": (address) => requests.writeWithMac({ ...secured, address, di: "04001001", fields: [bytes("00003000")] }),
    "write in cipher": (address) => requests.writeCiphered({ ...secured, address, di: "0400010C" }),
    "new address": (address) => requests.writeAddress(address),
    baud: (address) => requests.changeBaud(address, 9600),
    "change of a password": (address) => requests.changePassword({ address, di: "04000C03", old: password, fresh: password }),
    "clear demand": (address) => requests.clearDemand({ ...by, ...password, address }),
    "clear meter": (address) => requests.clearMeter({ ...by, ...password, address }),
    "clear events": (address) => requests.clearEvents({ ...by, ...password, address, di: "FFFFFFFF" }),
    "relay order": (address) => requests.relayOrder({ ...order, address }),
    "secured relay order": (address) =>
      requests.relayOrderSecured({ ...secured, address, extendedReply: true, controlBlock: "whole" }),
    "top-up": (address) => requests.topUp({ ...purchase, address }),
    opening: (address) => requests.openAccount({ ...purchase, address }),
    "status query": (address) => requests.statusQuery({ ...by, address }),
  };

  test.each(Object.entries(toOneMeter))("%s goes to one meter by its whole name", (_what, to) => {
    for (const address of [
      "AAAAAAAAAAAA",
      "AAAAAAAA0001",
      "999999999999",
      "20261122000",
      "2026112200011",
      "x02611220001",
      "20261122000x",
    ])
      expect(() => to(address)).toThrow(/one meter/);
    // a nine less is a meter
    expect(to("999999999998").control & 0x80).toBe(0);
  });

  test("operators and levels of other than their digits", () => {
    for (const operator of ["A1B2C3", "A1B2C3D4E5", "A1B2C3DX", "XA1B2C3D"])
      expect(() => requests.statusQuery({ address: METER, operator })).toThrow("not 8 hex digits");
  });

  test("passwords of other than six digits, and none is told", () => {
    for (const text of ["12345", "1234567", "12345x", "x12345", ""]) {
      const wrong = () => requests.clearMeter({ ...by, level: "02", password: new Secret(text) });
      expect(wrong).toThrow("six digits");
      if (text !== "") expect(wrong).not.toThrow(text);
    }
  });

  test("ciphers of no whole block, and MACs that are none", () => {
    for (const cipher of ["", "00", "000102030405060708090A0B0C0D0E", "000102030405060708090A0B0C0D0E0F10"])
      expect(() => requests.writeCiphered({ ...secured, cipher: bytes(cipher), di: "0400010C" })).toThrow(/16/);
    const double = requests.writeCiphered({ ...secured, cipher: new Uint8Array(32), di: "0400010C" });
    expect(double.data).toHaveLength(4 + 4 + 4 + 32 + 4);
    for (const mac of ["F1F2F3", "F1F2F3F4F5"]) {
      expect(() => requests.writeCiphered({ ...secured, mac: bytes(mac), di: "0400010C" })).toThrow("4 are wanted");
      expect(() => requests.writeWithMac({ ...secured, mac: bytes(mac), di: "0400010C", fields: [bytes("0A")] })).toThrow(
        "4 are wanted",
      );
      expect(() => requests.topUp({ ...purchase, mac1: bytes(mac) })).toThrow("4 are wanted");
    }
    expect(() =>
      requests.relayOrderSecured({ ...secured, cipher: new Uint8Array(15), extendedReply: true, controlBlock: "whole" }),
    ).toThrow("16 are wanted");
  });

  test("sequences, minutes, bauds and customers out of their range", () => {
    for (const sequence of [0, 256, 1.5, -1]) expect(() => requests.readOn(METER, "03300501", sequence)).toThrow("1 to 255");
    for (const minutes of [0, 10_000, 1.5, -1])
      expect(() => requests.setValidity({ ...by, minutes, mac: bytes("F1F2F3F4") })).toThrow(Error);
    for (const baud of [300, 601, 38_400, 0]) expect(() => requests.changeBaud(METER, baud)).toThrow(String(baud));
    for (const customerNumber of ["12345678901", "1234567890123", "12345678901x", "x12345678901"])
      expect(() => requests.topUp({ ...purchase, customerNumber })).toThrow(Error);
    for (const di of ["04000C0", "04000C031"]) expect(() => requests.clearEvents({ ...by, ...password, di })).toThrow(Error);
  });
});
