/** What a meter cannot hear, what it must not say, and what must not leave the gateway. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { answer } from "../../src/protocols/dlt645/answering.ts";
import { choicesWith } from "../../src/protocols/dlt645/choices.ts";
import type { Choices } from "../../src/protocols/dlt645/choices.ts";
import { bytesOfHex } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import { answerUnknown, errFor, serrFor } from "../../src/protocols/dlt645/meter-refusals.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";
import { readRequest, writeRequest } from "../../src/protocols/dlt645/speaking.ts";
import type { RequestOf } from "../../src/protocols/dlt645/speaking.ts";
import { METER, OLD, frame, frameOf, golden, heard } from "./both-sides.ts";

describe("a meter does not hear", () => {
  const why = (given: Frame, choices?: Choices) => {
    const request = readRequest(given, choices);
    return request.is === "malformed" ? [request.form, request.field, request.why] : request.is;
  };

  test.each([
    ["a read that is too short", frame(0x11, "0002"), ["read", null, "2 bytes where 4 are expected"]],
    ["a part with number 0", frame(0x12, "0105300300"), ["read-on", "sequence", "0 is not 1 to 255"]],
    ["blocks that are no BCD", frame(0x11, "010000060F"), ["read-profile", "blocks", "not BCD: 0F"]],
    [
      "an order nobody knows",
      frame(0x1c, "0256341201000000770000301022112600".slice(0, 32)),
      ["relay-order", "order", "77 is no order"],
    ],
    [
      "a trip with restore and no time",
      frame(0x1c, "02563412010000001D00003010221126"),
      ["relay-order", "order", "disconnectThenReconnect without a time"],
    ],
    [
      "a deadline of zeros",
      frame(0x1c, "02563412010000001A00000000000000"),
      ["relay-order", "deadline", "000000000000: a real moment is wanted"],
    ],
    [
      "a deadline in a month 34",
      frame(0x1c, "02563412010000001A00003010223426"),
      ["relay-order", "deadline", "263422103000: no YYMMDDhhmmss"],
    ],
    ["two rates at once", frame(0x17, "0C"), ["change-baud", "baud", "0C has not exactly one rate set"]],
    [
      "a freeze of each hour of a day that is named",
      frame(0x16, "30990199"),
      ["freeze", "freezeAt", "99019930: 99 may not stand below a field that names one"],
    ],
    [
      "a level of no kind",
      frame(0x14, "01100004770000000100000000300000"),
      [null, null, "no form of function 14 begins like this"],
    ],
    [
      "half a cipher",
      frame(0x14, "0110000498000000010000000011223344"),
      ["write-ciphered", null, "17 bytes where at least 32 are expected"],
    ],
    [
      "events by an identifier of one record",
      frame(0x1b, "0256341201000000010D3003"),
      ["clear-events", "cleared", "03300D01 where identifier with FF below is expected"],
    ],
    ["no minutes", frame(0x03, "FF010007010000000000AABBCCDD"), ["set-validity", "minutes", "0 minutes"]],
    ["a top-up of another length", frame(0x03, "FF0201070100000001020304"), ["top-up", null, "12 bytes where 30 are expected"]],
    ["a reply", frame(0x91, "00029000"), "reply"],
    ["a function that is not there", frame(0x09, ""), "unknown-function"],
    ["a request with the exception bit", frame(0x51, "00029000"), "unknown-function"],
  ])("%s", (_what, given, expected) => {
    expect(why(given)).toEqual(expected);
  });

  test("what a vendor's choice allows is heard", () => {
    const zeros = frame(0x1c, "02563412010000001A00000000000000");
    expect(why(zeros, choicesWith({ deadline: "ignored" }))).toBe("relay-order");
    const nines = frame(0x1c, "02563412010000001A00999999999999");
    expect(why(nines)).toMatchObject(["relay-order", "deadline", expect.any(String)]);
    expect(why(nines, choicesWith({ deadline: "nines" }))).toBe("relay-order");
    expect(why(zeros, choicesWith({ deadline: "nines" }))).toMatchObject(["relay-order", "deadline", expect.any(String)]);
    // a captured refund of an export meter: 28H
    const vectors = JSON.parse(readFileSync("test/golden/vectors.json", "utf8")) as readonly { id: string; hex: string }[];
    const refund = frameOf(bytesOfHex(vectors.find(({ id }) => id === "S016")!.hex));
    expect(heard(refund, choicesWith({ refund: "070108FF" }))).toMatchObject({
      is: "vendor-refund-long",
      amount: 0x10000n,
      meterAddress: "151413121110",
    });
    expect(heard(refund)).toMatchObject({ is: "security", di: "070108FF" });
  });
});

describe("what a meter must not say", () => {
  const readAll = { ...(heard(frame(0x11, "00029000")) as RequestOf<"read">), address: "AAAAAAAAAAAA" };

  test("an answer from an address that is none", () => {
    const value = { is: "done", values: { data: new Uint8Array(4) } } as const;
    expect(() => answer(readAll, value)).toThrow("field=address");
    expect(answer(readAll, value, { address: METER }).address).toBe(METER);
    expect(() => answer({ ...readAll, address: "999999999999" }, value, { address: METER })).toThrow(
      "nobody answers a broadcast",
    );
    const old = heard(frame(0x01, "1090", "999999999999")) as RequestOf<"read-1997">;
    expect(answer(old, value, { address: OLD }).address).toBe(OLD);
  });

  test("more than 200 bytes, parts of what has none, refusals where there are none", () => {
    const read = heard(frame(0x11, "00029000")) as RequestOf<"read">;
    expect(answer(read, { is: "done", values: { data: new Uint8Array(196) } }).data).toHaveLength(200);
    expect(() => answer(read, { is: "done", values: { data: new Uint8Array(197) } })).toThrow("at most 200");
    const freeze = heard(frame(0x16, "99999999")) as RequestOf<"freeze">;
    expect(() => answer(freeze, { is: "more", values: {} })).toThrow("in parts");
    expect(() => answer(freeze, { is: "no-data", identifier: true })).toThrow("only a read");
    expect(() => answer(freeze, { is: "refused", word: 0x100 })).toThrow("does not fit 1 bytes");
    const address = heard(frame(0x13, "", "AAAAAAAAAAAA")) as RequestOf<"read-address">;
    expect(() => answer(address, { is: "refused", word: 1 }, { address: METER })).toThrow("knows no refusal");
  });

  test("two bytes where nobody asked for them, or one where a choice shortens them", () => {
    const plain = heard(golden("F5 disconnect, plain")) as RequestOf<"relay-order">;
    expect(answer(plain, { is: "done", values: { result: 4 } }).data).toHaveLength(0);
    const extended = { choices: choicesWith({ relayReply: "extended" }) };
    expect(answer(plain, { is: "done", values: { result: 4 } }, extended).data).toEqual(Uint8Array.of(4, 0));
    const secured = heard(golden("S5 request")) as RequestOf<"relay-order-secured">;
    const short = { choices: choicesWith({ relayReply: "short" }) };
    expect(answer(secured, { is: "refused", word: 0x04 }, short).data).toEqual(Uint8Array.of(4));
    const topUp = heard(golden("S3 request")) as RequestOf<"top-up">;
    expect(answer(topUp, { is: "refused", word: 2 }, { choices: choicesWith({ serrBytes: "1" }) }).data).toEqual(
      Uint8Array.of(2),
    );
  });

  test("anything about a function it does not have, unless it is one of those that do", () => {
    const unknown = readRequest(frame(0x09, ""));
    if (unknown.is !== "unknown-function") throw new Error(unknown.is);
    expect(answerUnknown(unknown)).toBeNull();
    expect(answerUnknown(unknown, choicesWith({ unknownFunction: "01" }))).toEqual(frame(0xc9, "01"));
    expect(errFor()["no-such-item-to-write"]).toBe(4);
    expect(errFor(choicesWith({ unknownWrite: "02" }))["no-such-item-to-write"]).toBe(2);
    expect(serrFor(choicesWith({ wrongMac2: "0001" }))["mac2-wrong"]).toBe(1);
  });
});

describe("what must not leave is refused by the name of its field", () => {
  const by = { address: METER, operator: "00000001", level: "02" as const, password: new Secret("123456") };
  const order = { ...by, order: "disconnect", deadline: "261122103000" } as const;
  const profile = (blocks: number, from?: string) =>
    requests.read(METER, "06000001", from === undefined ? { blocks } : { blocks, from });

  test.each([
    ["blocks", () => profile(100)],
    ["blocks", () => profile(-1)],
    ["from", () => profile(1, "2613010000")],
    ["from", () => profile(1, "9999999999")],
    ["di", () => requests.read(METER, "FFFFFFFF")],
    ["di", () => requests.read(METER, "00010000", { blocks: 1 })],
    ["sequence", () => requests.readOn(METER, "03300501", 0)],
    ["sequence", () => requests.readOn(METER, "03300501", 1.5)],
    ["time", () => requests.broadcastTime("261122246000")],
    ["time", () => requests.broadcastTime("000000000000")],
    ["address", () => requests.broadcastTime("261122100530", "AAAAAAAAAAAA")],
    ["freezeAt", () => requests.freeze(METER, "99019915")],
    ["freezeAt", () => requests.freeze(METER, "02300000")],
    ["address", () => requests.freeze("AAAAAAAAAAAA", "99999999")],
    ["baud", () => requests.changeBaud(METER, 115_200)],
    ["address", () => requests.changeBaud("AAAAAAAAAAAA", 9600)],
    ["deadline", () => requests.relayOrder({ ...order, deadline: "999999999999" })],
    ["deadline", () => requests.relayOrder({ ...order, deadline: "260230000000" })],
    ["order", () => requests.relayOrder({ ...order, order: "explode" as "disconnect" })],
    ["restoreAfterMinutes", () => requests.relayOrder({ ...order, order: "disconnectThenArm", restoreAfterMinutes: 1280 })],
    ["level", () => requests.relayOrder({ ...order, level: "98" as "02" })],
    [
      "level",
      () =>
        requests.relayOrderSecured({
          ...order,
          cipher: new Uint8Array(16),
          mac: new Uint8Array(4),
          extendedReply: false,
          level: "02" as "98",
        }),
    ],
    [
      "cipher",
      () =>
        requests.relayOrderSecured({
          address: METER,
          operator: "00000001",
          cipher: new Uint8Array(32),
          mac: new Uint8Array(4),
          extendedReply: false,
        }),
    ],
    ["operator", () => requests.clearMeter({ ...by, operator: "1" })],
    ["cleared", () => requests.clearEvents({ ...by, di: "03300D01" })],
    [
      "newLevel",
      () => requests.changePassword({ address: METER, di: "04000C03", old: by, fresh: { ...by, level: "98" as "02" } }),
    ],
    ["di", () => requests.changePassword({ address: METER, di: "04000D03", old: by, fresh: by })],
    ["data", () => requests.write({ ...by, di: "04001001", data: new Uint8Array() })],
    ["data", () => requests.write({ ...by, di: "04DFDFDB", data: new Uint8Array(189) })],
    ["data", () => requests.write({ ...by, di: "04000C03", data: new Uint8Array(3) })],
    [
      "cipher",
      () => requests.writeCiphered({ ...by, level: "98", di: "0400010C", cipher: new Uint8Array(15), mac: new Uint8Array(4) }),
    ],
    ["address", () => requests.writeAddress("AAAAAAAAAAAA")],
    ["address", () => requests.showDisplay("20AAAAAAAAAA", "00900200")],
    ["minutes", () => requests.setValidity({ ...by, minutes: 10_000, mac: new Uint8Array(4) })],
    [
      "purchaseCount",
      () =>
        writeRequest({
          is: "initialise-purse",
          address: METER,
          operator: "00000001",
          amount: Fen(1n),
          mac1: new Uint8Array(4),
          purchaseCount: 1,
          mac2: new Uint8Array(4),
        }),
    ],
    ["output", () => requests.setOutput(METER, "light" as "clock-second")],
  ])("%s", (field, build) => expect(build).toThrow(`unencodable: This cannot be written as a DL/T 645 frame. (field=${field}, `));

  test("200 bytes leave, one more does not, and 255 are heard", () => {
    expect(requests.write({ ...by, di: "04DFDFDB", data: new Uint8Array(188) }).data).toHaveLength(200);
    expect(heard(frame(0x14, `011000040256341201000000${"00".repeat(243)}`))).toMatchObject({ is: "write" });
  });
});
