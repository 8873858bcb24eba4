/** Requests, byte for byte against frames that other programs have worked out. */
import { describe, expect, test } from "vitest";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { dictionary } from "../../src/protocols/dlt645/dictionary.ts";
import { bytesOfHex, encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";
import { goldenFrame } from "./golden-frames.ts";

const E = { address: "112233445566", operator: "00000001" };
const A = { address: "202611220001", operator: "00000001" };
const level02 = { level: "02" as const, password: new Secret("123456") };
const level04 = { level: "04" as const, password: new Secret("123456") };
const fourBytes = (hex: string) => bytesOfHex(hex);
const S5 = { ...A, cipher: bytesOfHex("D869BD5370A0D4F3A9A2059DDA7EE0BB"), mac: fourBytes("ACCCD911"), extendedReply: true };
const endOfDay = "260703235959";

const cases: readonly (readonly [string, Frame])[] = [
  ["E1.1 Request", requests.readAddress()],
  ["E2.1 Request", requests.read(E.address, dictionary.importedEnergy.di)],
  ["E4.1 Request", requests.read(E.address, dictionary.power.di)],
  ["E5.1 Request", requests.read(E.address, "02800050")],
  [
    "E6.1 Request",
    requests.write({ ...E, ...level04, di: dictionary.dateTime.di, data: dictionary.dateTime.format.encode("26070303081500") }),
  ],
  ["E7.1 Request", requests.broadcastTime("260703081530")],
  ["E8.1 Request, instant", requests.freeze(E.address, "99999999")],
  ["E8.2 Request, every day half an hour after midnight", requests.freeze(E.address, "99990030")],
  ["E9.1 Request", requests.changeBaud(E.address, 9600)],
  [
    "E10.1 Request",
    requests.changePassword({
      ...E,
      di: "04000C03",
      old: { level: "02", password: new Secret("000000") },
      fresh: { level: "02", password: new Secret("654321") },
    }),
  ],
  ["E11.1 Request", requests.relayOrder({ ...E, ...level02, order: "disconnect", deadline: endOfDay })],
  ["E12.1 Request, close allowed", requests.relayOrder({ ...E, ...level02, order: "arm", deadline: endOfDay })],
  ["E12.2 Request, direct close", requests.relayOrder({ ...E, ...level02, order: "reconnect", deadline: endOfDay })],
  ["E12.3 Request, protect power", requests.relayOrder({ ...E, ...level02, order: "protect", deadline: endOfDay })],
  ["E13.1 Request", requests.read(E.address, dictionary.relay.di)],
  ["E14.1 Request", requests.read(E.address, dictionary.balance.di)],
  ["E15.1 Request 1", requests.read(E.address, "03300501")],
  ["E15.3 Request 2", requests.readOn(E.address, "03300501", 1)],
  ["E15.5 Request 3", requests.readOn(E.address, "03300501", 2)],
  ["E16.1 Request, clear meter 1AH", requests.clearMeter({ ...E, ...level02 })],
  ["E16.2 Request, clear all events 1BH", requests.clearEvents({ ...E, ...level02, di: "FFFFFFFF" })],
  ["E16.3 Request, clear the meter-cover events only", requests.clearEvents({ ...E, ...level02, di: "03300DFF" })],
  ["E16.4 Request, clear demand 19H", requests.clearDemand({ ...E, ...level04 })],
  ["E17.1 Request", requests.writeAddress("202607030001")],
  [
    "E18.1 Request",
    requests.authenticate({
      ...E,
      cipher1: bytesOfHex("1716151413121110"),
      random1: bytesOfHex("2726252423222120"),
      factor: bytesOfHex("0000112233445566"),
    }),
  ],
  [
    "E19.1 Request",
    requests.topUp({
      ...E,
      amount: Fen(5_000n),
      count: 8,
      mac1: fourBytes("11111111"),
      customerNumber: "000000123456",
      mac2: fourBytes("22222222"),
    }),
  ],
  ["E20.1 Request", requests.read(E.address, "06000001", { blocks: 1, from: "2607030815" })],
  [
    "S1 request",
    requests.authenticate({
      ...A,
      cipher1: bytesOfHex("18FB8A707FB28FE9"),
      random1: bytesOfHex("0102030405060708"),
      factor: bytesOfHex("0000202611220001"),
    }),
  ],
  ["S2 request", requests.setValidity({ ...A, minutes: 30, mac: fourBytes("E920C4BA") })],
  [
    "S3 request",
    requests.topUp({
      ...A,
      amount: Fen(10_000n),
      count: 8,
      mac1: fourBytes("774E9BED"),
      customerNumber: "000000123456",
      mac2: fourBytes("D28AEC92"),
    }),
  ],
  ["S4 request", requests.statusQuery(A)],
  ["S5 request", requests.relayOrderSecured({ ...S5, controlBlock: "whole" })],
  ["S5 cipher first", requests.relayOrderSecured({ ...S5, controlBlock: "fields" })],
  ["S6 request", requests.writeWithMac({ ...A, di: "04001001", fields: [bytesOfHex("00003000")], mac: fourBytes("C2071AE8") })],
  [
    "S7 request",
    requests.writeCiphered({
      ...A,
      di: "0400010C",
      cipher: bytesOfHex("9274F6BB9B8A566A493322D5E34EFB8A"),
      mac: fourBytes("7358F00E"),
    }),
  ],
  [
    "S8 request",
    requests.writeCiphered({
      ...A,
      di: "04001006",
      cipher: bytesOfHex("34C378074A40475CFC3761712D37636C"),
      mac: fourBytes("AF59C77B"),
    }),
  ],
  [
    "S9 request",
    requests.authenticate({
      address: "202611220002",
      operator: "00000001",
      cipher1: bytesOfHex("DD9DBA95CACAF806"),
      random1: bytesOfHex("1112131415161718"),
      factor: bytesOfHex("0000000000345678"),
    }),
  ],
  ["F1 read balance", requests.read(A.address, "00900200")],
  ["F3 read run-state word 3", requests.read(A.address, "04000503")],
  ["F5 disconnect, plain", requests.relayOrder({ ...A, ...level02, order: "disconnect", deadline: "261122103000" })],
  [
    "F8 top-up",
    requests.topUp({
      ...A,
      amount: Fen(10_000n),
      count: 8,
      mac1: fourBytes("A4A3A2A1"),
      customerNumber: "000000123456",
      mac2: fourBytes("B4B3B2B1"),
    }),
  ],
  ["H1 read balance, house example", requests.read("202511220001", "00900200")],
  [
    "X13 cut for half an hour, then restore",
    requests.relayOrder({
      ...A,
      ...level02,
      order: "disconnectThenReconnect",
      restoreAfterMinutes: 30,
      deadline: "261122103000",
    }),
  ],
];

describe("requests are byte for byte those of others", () => {
  test.each(cases)("%s", (key, frame) => {
    const golden = goldenFrame(key);
    expect(hexBytes(encodeFrame(frame, { preamble: golden.indexOf(0x68) }))).toBe(hexBytes(golden));
  });

  test("the plain text under a secured order has its deadline the other way round", () => {
    expect(hexBytes(requests.relayOrderPlainText({ order: "disconnect", deadline: "261122103000" }), "")).toBe(
      "1A00261122103000",
    );
  });

  test("opening an account differs from a top-up by its identifier alone", () => {
    const purchase = {
      ...A,
      amount: Fen(0n),
      count: 0,
      mac1: fourBytes("01020304"),
      customerNumber: "000000123456",
      mac2: fourBytes("05060708"),
    };
    const [opening, topUp] = [requests.openAccount(purchase), requests.topUp(purchase)];
    expect(hexBytes(opening.data.slice(0, 4))).toBe("FF 01 01 07");
    expect(opening.data.slice(4)).toEqual(topUp.data.slice(4));
    expect(hexBytes(requests.endSession(A).data)).toBe("FF 02 00 07 01 00 00 00");
  });

  test("the 1997 edition is asked with four digits, without operator and sequence", () => {
    expect(hexBytes(encodeFrame(requests.read("098600003642", "9010")), "")).toBe("6842360000860968010243C3E016");
    expect(requests.readOn("098600003642", "9010", 1)).toEqual({
      address: "098600003642",
      control: 0x02,
      data: Uint8Array.of(0x10, 0x90),
    });
    const written = requests.write({ ...A, ...level02, di: "C010", data: Uint8Array.of(0, 0x22, 0x11, 0x26) });
    expect([written.control, hexBytes(written.data)]).toEqual([0x04, "10 C0 02 56 34 12 00 22 11 26"]);
  });
});

describe("requests that must not leave", () => {
  const order = { ...level02, operator: "00000001", order: "disconnect", deadline: "261122103000" } as const;

  test.each(["AAAAAAAAAAAA", "AAAAAAAA0001", "999999999999"])("an order to %s", (address) => {
    expect(() => requests.relayOrder({ ...order, address })).toThrow("one meter");
    expect(() => requests.relayOrderSecured({ ...S5, address, controlBlock: "whole" })).toThrow("one meter");
    expect(() => requests.write({ ...E, ...level02, address, di: "04001001", data: new Uint8Array(4) })).toThrow("one meter");
    expect(() => requests.endSession({ address, operator: "00000001" })).toThrow("one meter");
  });

  test("a restore time where there is none, or none where there must be one", () => {
    expect(() => requests.relayOrder({ ...order, address: A.address, restoreAfterMinutes: 5 })).toThrow(
      "field=restoreAfterMinutes, why=disconnect restores nothing by itself",
    );
    expect(() => requests.relayOrder({ ...order, address: A.address, order: "disconnectThenArm" })).toThrow(
      "why=disconnectThenArm wants 5 to 1275 minutes in steps of 5",
    );
    expect(() =>
      requests.relayOrder({ ...order, address: A.address, order: "disconnectThenArm", restoreAfterMinutes: 7 }),
    ).toThrow("why=disconnectThenArm wants 5 to 1275 minutes in steps of 5");
  });

  test("amounts, counts, MACs, numbers and identifiers of the wrong size", () => {
    const good = {
      ...A,
      amount: Fen(1n),
      count: 1,
      mac1: fourBytes("01020304"),
      customerNumber: "000000123456",
      mac2: fourBytes("05060708"),
    };
    expect(() => requests.topUp({ ...good, amount: Fen(-1n) })).toThrow("four bytes");
    expect(() => requests.topUp({ ...good, amount: Fen(0x1_0000_0000n) })).toThrow("four bytes");
    expect(() => requests.topUp({ ...good, mac2: new Uint8Array(3) })).toThrow("4 are wanted");
    expect(() => requests.topUp({ ...good, customerNumber: "123456" })).toThrow("field=customerNumber, why=not 12 digits");
    expect(() => requests.read(A.address, "9002")).not.toThrow();
    expect(() => requests.read(A.address, "009002")).toThrow("hex digits");
    expect(() => requests.setValidity({ ...A, minutes: 0, mac: fourBytes("01020304") })).toThrow("refused");
    expect(() => requests.readOn(A.address, "03300501", 256)).toThrow("1 to 255");
  });

  test("a password that is none, without telling it", () => {
    const wrong = () => requests.clearMeter({ ...A, level: "02", password: new Secret("12345x") });
    expect(wrong).toThrow("six digits");
    expect(wrong).not.toThrow("12345x");
  });
});
