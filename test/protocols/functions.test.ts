/** Both sides of each function against golden frames: what a meter hears, what it answers, and what it must not hear or say. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { attentionOf, shortened } from "../../src/protocols/dlt645/addressing.ts";
import { answer } from "../../src/protocols/dlt645/answering.ts";
import type { Answer, From } from "../../src/protocols/dlt645/answering.ts";
import { STANDARD, choiceTopics, choicesWith } from "../../src/protocols/dlt645/choices.ts";
import type { Choices } from "../../src/protocols/dlt645/choices.ts";
import { factorOf } from "../../src/protocols/dlt645/fee-control.ts";
import { formNamed } from "../../src/protocols/dlt645/forms.ts";
import type { FormName } from "../../src/protocols/dlt645/forms.ts";
import { bytesOfHex, decodeFrame, encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import { answerUnknown, errFor, serrFor } from "../../src/protocols/dlt645/meter-refusals.ts";
import { readReply, readValues } from "../../src/protocols/dlt645/replies.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";
import { readRequest, writeRequest } from "../../src/protocols/dlt645/speaking.ts";
import type { Request, RequestOf } from "../../src/protocols/dlt645/speaking.ts";
import { goldenFrame, goldenFrames } from "./golden-frames.ts";

const frameOf = (bytes: Uint8Array): Frame => {
  const decoded = decodeFrame(bytes);
  if ("fault" in decoded) throw new Error(decoded.fault);
  return decoded.frame;
};
const golden = (key: string): Frame => frameOf(goldenFrame(key));
const heard = (frame: Frame, choices?: Choices): Request => {
  const request = readRequest(frame, choices);
  if (request.is === "malformed") throw new Error(`${String(request.field)}: ${request.why}`);
  if (request.is === "reply" || request.is === "unknown-function") throw new Error(request.is);
  return request;
};
const METER = "202611220001";
const OLD = "201708176934";
const frame = (control: number, hex: string, address = METER): Frame => ({ address, control, data: bytesOfHex(hex) });

/** Fields of which the cipher-first twin of S5 is the only one that another choice writes. */
const choicesOf = (key: string): Choices => (key === "S5 cipher first" ? choicesWith({ controlBlock: "fields" }) : STANDARD);

describe("a meter hears every golden request and could have written it", () => {
  test.each(goldenFrames().filter(({ direction }) => direction === "request"))("$key", ({ key, bytes }) => {
    const request = heard(frameOf(bytes), choicesOf(key));
    const again = writeRequest(request as RequestOf<FormName>, choicesOf(key));
    expect(hexBytes(encodeFrame(again, { preamble: bytes.indexOf(0x68) }))).toBe(hexBytes(bytes));
  });

  test("and has its values by name", () => {
    expect(heard(golden("E11.1 Request"))).toMatchObject({
      is: "relay-order",
      address: "112233445566",
      level: "02",
      operator: "00000001",
      order: "disconnect",
      restoreAfterMinutes: 0,
      deadline: "260703235959",
    });
    expect(heard(golden("X13 cut for half an hour, then restore"))).toMatchObject({ restoreAfterMinutes: 30 });
    expect(heard(golden("S3 request"))).toMatchObject({
      is: "top-up",
      amount: 10_000n,
      purchaseCount: 8,
      customerNumber: "000000123456",
    });
    expect(heard(golden("S5 request"))).toMatchObject({
      is: "relay-order-secured",
      extendedReply: true,
      cipher: bytesOfHex("D869BD5370A0D4F3A9A2059DDA7EE0BB"),
      mac: bytesOfHex("ACCCD911"),
    });
    expect(heard(golden("E20.1 Request"))).toEqual({
      is: "read-profile-from",
      address: "112233445566",
      di: "06000001",
      blocks: 1,
      from: "2607030815",
    });
    const password = heard(golden("V12 write password 3"));
    expect(password).toMatchObject({ is: "write-password", di: "04000C03", newLevel: "03" });
    expect(JSON.stringify(password)).not.toContain("654321");
    expect(password.is === "write-password" && password.newPassword.open()).toBe("654321");
  });
});

/** Request, what the meter says, and the golden reply. */
type Said =
  | { readonly is: "done" | "more"; readonly values: object }
  | { readonly is: "no-data"; readonly identifier: boolean }
  | { readonly is: "refused"; readonly word: number };
type Pair = readonly [request: string, reply: string, say: Said, from: From];
const done = (values: object = {}): Said => ({ is: "done", values });
const refused = (word: number): Said => ({ is: "refused", word });
const data = (hex: string) => ({ data: bytesOfHex(hex) });

const pairs: readonly (readonly [request: string, say: Said, reply: string, from?: From])[] = [
  ["E1.1 Request", done({ communicationAddress: "112233445566" }), "E1.2 Reply", { address: "112233445566" }],
  ["E2.1 Request", done(data("67452301")), "E2.2 Reply"],
  ["E4.1 Request", done(data("452381")), "E4.2 Reply"],
  ["E5.1 Request", refused(errFor()["no-such-item"]), "E5.2 Reply"],
  ["E6.1 Request", done(), "E6.2 Normal reply"],
  ["E6.1 Request", refused(errFor()["password-wrong"]), "E6.3 Error reply"],
  ["E8.1 Request, instant", done(), "E8.3 Normal reply"],
  ["E9.1 Request", done(), "E9.2 Normal reply"],
  ["E9.1 Request", refused(errFor()["baud-rate"]), "E9.3 Error reply"],
  ["E10.1 Request", done(), "E10.2 Normal reply"],
  ["E11.1 Request", done({ result: null }), "E11.2 Normal reply"],
  [
    "E11.1 Request",
    refused(errFor()["password-wrong"]),
    "E11.3 Error reply, wrong password, expired deadline, or protected meter",
  ],
  ["E13.1 Request", done(data("5082")), "E13.2 Reply"],
  ["E14.1 Request", done(data("40860000")), "E14.2 Reply"],
  ["E15.1 Request 1", { is: "more", values: data("00300901072601000000") }, "E15.2 Reply 1"],
  ["E15.3 Request 2", { is: "more", values: data("030000020007") }, "E15.4 Reply 2"],
  ["E15.5 Request 3", done(data("030017")), "E15.6 Last reply"],
  ["E17.1 Request", done(), "E17.2 Reply comes from the new address"],
  ["E18.1 Request", done({ random2: bytesOfHex("A4A3A2A1"), serial: bytesOfHex("3736353433323130") }), "E18.2 Normal reply"],
  ["E18.1 Request", refused(serrFor()["identity-expired"]), "E18.3 Error reply"],
  ["E19.1 Request", done(), "E19.2 Normal reply"],
  ["E19.1 Request", refused(serrFor()["repeated-purchase"]), "E19.3 Error, this count was already applied"],
  ["S1 request", done({ random2: bytesOfHex("A1B2C3D4"), serial: bytesOfHex("5445202611220001") }), "S1 reply"],
  ["S2 request", done(), "S2 reply"],
  ["S3 request", done(), "S3 reply"],
  ["S3 request", refused(serrFor()["repeated-purchase"]), "S3 the same frame again"],
  [
    "S4 request",
    done({
      balance: Fen(12_345n),
      balanceMac: bytesOfHex("5ED027B9"),
      purchaseCount: 8,
      countMac: bytesOfHex("23AFFAEB"),
      customerNumber: "000000123456",
      keyInfo: bytesOfHex("000FFFFF"),
    }),
    "S4 reply",
  ],
  ["S5 request", done({ result: 0x0004 }), "S5 reply"],
  ["S5 request", refused(0x0020), "X12 extended refusal, protected"],
  ["S5 request", refused(0x0010), "V27 refused, deadline passed"],
  ["S5 request", done({ result: 0x0002 }), "V28 armed"],
  ["S6 request", done(), "S6 reply"],
  ["S9 request", done({ random2: bytesOfHex("0000002A"), serial: bytesOfHex("5445000000345678") }), "S9 reply"],
  ["F1 read balance", { is: "no-data", identifier: false }, "X3 a read answered with L 00"],
  ["V1 show the remaining amount", done(), "V2 shown"],
  ["V7 part 255", refused(0x02), "V8 nothing more"],
  ["V9 time, to one", done(), "V10 set"],
  ["V9 time, to one", refused(0x01), "V11 not set"],
  ["V16 every hour at a quarter past", refused(0x01), "V20 not understood"],
  ["V25 clear the meter, secured", refused(0x04), "V23 meter not cleared"],
  ["V26 clear events, secured", done(), "V24 events cleared"],
  ["V29 output the slot switching", done(), "V30 output as told"],
  ["V29 output the slot switching", refused(0x01), "V31 no such output"],
  ["V32 open account", done(), "V33 opened"],
  [
    "V35 end of session",
    done({ customerNumber: "000000123456", balance: Fen(12_345n), purchaseCount: 8, keyInfo: bytesOfHex("000FFFFF") }),
    "X10 closing of a session",
  ],
  [
    "V38 read the purse back",
    done({ balance: Fen(12_345n), balanceMac: bytesOfHex("5ED027B9"), purchaseCount: 8, countMac: bytesOfHex("23AFFAEB") }),
    "V39 the purse",
  ],
  ["V40 read another file back", done({ data: bytesOfHex("0A0B0C0D"), mac: bytesOfHex("5ED027B9") }), "V41 the file"],
  [
    "V43 infrared, what random",
    done({
      meterNumber: METER,
      serial: bytesOfHex("5445202611220001"),
      cipher1: bytesOfHex("18FB8A707FB28FE9"),
      random2: bytesOfHex("A1B2C3D4A5B6C7D8"),
    }),
    "V44 infrared, number, serial, cipher, random",
  ],
  ["V46 to remote mode", done(), "V47 remote it is"],
  ["V46 to remote mode", refused(serrFor().suspended | serrFor()["mac-wrong"]), "V48 suspended and MAC wrong"],
  ["V49 read on", { is: "more", values: data("45230100") }, "V50 part, more to come"],
  ["V51 read again", done({ di: "9010", ...data("07230100") }), "V52 again"],
  ["V54 write the address, the only meter", done(), "V55 from the new address"],
  ["V56 change baud", done(), "V57 baud as told"],
  ["V56 change baud", refused(0x08), "V58 not that baud"],
  ["V59 change password", done(), "V60 changed"],
  ["V61 clear demand", done(), "V62 cleared"],
  ["V63 write", done(), "V64 written"],
];

describe("a meter answers as in the golden replies, and the answer is read", () => {
  const rows: readonly Pair[] = pairs.map(([request, say, reply, from = {}]) => [request, reply, say, from]);
  test.each(rows)("%s: %s", (request, reply, say, from) => {
    const asked = golden(request);
    const said = answer(heard(asked) as RequestOf<FormName>, say as Answer<FormName>, from);
    expect(hexBytes(encodeFrame(said))).toBe(hexBytes(encodeFrame(golden(reply))));
    expect(readReply(asked, golden(reply)).is).toMatch(
      say.is === "done" ? /^(?:value|acknowledged)$/ : new RegExp(`^${say.is}$`),
    );
  });

  test("the values behind a reply have names", () => {
    const reply = readReply(golden("V38 read the purse back"), golden("V39 the purse"));
    expect(reply.is === "value" && readValues("read-back-purse", reply.bytes)).toMatchObject({
      values: { balance: 12_345n, purchaseCount: 8 },
    });
    expect(readValues("status-query", bytesOfHex("00"))).toEqual({ fault: "1 bytes where 26 are expected", field: null });
  });
});

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
    expect(heard(refund, choicesWith({ purchase: "28" }))).toMatchObject({
      is: "vendor-purchase-long",
      di: "070108FF",
      amount: 0x10000n,
      meterAddress: "151413121110",
    });
    expect(heard(refund)).toMatchObject({ is: "security", di: "070108FF" });
  });
});

describe("what a meter must not say", () => {
  const readAll = { ...(heard(frame(0x11, "00029000")) as RequestOf<"read">), address: "AAAAAAAAAAAA" };

  test("an answer from an address that is none", () => {
    const value = { is: "done", values: data("00000000") } as const;
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

describe("whom a frame means", () => {
  test.each([
    ["its own address", frame(0x1c, ""), "answer"],
    ["another's", frame(0x11, "00029000", "202611220002"), "ignore"],
    ["a reply", frame(0x91, "0002900000000000"), "ignore"],
    ["a read of all A", frame(0x11, "00029000", "AAAAAAAAAAAA"), "answer"],
    ["a read by its last digits", frame(0x11, "00029000", "AAAAAAAA0001"), "answer"],
    ["a read by the last digits of another", frame(0x11, "00029000", "AAAAAAAA0002"), "ignore"],
    ["a wildcard below a digit", frame(0x11, "00029000", "2026AAAA0001"), "ignore"],
    ["a relay order by wildcard", frame(0x1c, "", "AAAAAAAAAAAA"), "ignore"],
    ["a write by wildcard", frame(0x14, "", "AAAAAAAA0001"), "ignore"],
    ["a proof of identity by wildcard", frame(0x03, "FF000007", "AAAAAAAAAAAA"), "ignore"],
    ["its address, asked of the only meter", frame(0x13, "", "AAAAAAAAAAAA"), "answer"],
    ["the time, to all", frame(0x08, "300510221126", "999999999999"), "obey"],
    ["a freeze, to all", frame(0x16, "99999999", "999999999999"), "obey"],
    ["a read, to all", frame(0x11, "00029000", "999999999999"), "ignore"],
    ["a relay order, to all", frame(0x1c, "", "999999999999"), "ignore"],
  ] as const)("%s", (_what, given, expected) => expect(attentionOf(given, METER)).toBe(expected));

  test("the display view is for all", () => {
    expect(attentionOf(golden("V3 light the whole display, to all"), METER)).toBe("obey");
  });

  test("an address is shortened to its last digits, two at a time", () => {
    expect(shortened("0001")).toBe("AAAAAAAA0001");
    expect(shortened(METER)).toBe(METER);
    expect(() => shortened("001")).toThrow("field=address");
    expect(() => shortened("")).toThrow("field=address");
    expect(requests.read(shortened("0001"), "00900200").address).toBe("AAAAAAAA0001");
    expect(() => requests.read("20AAAAAAAAAA", "00900200")).toThrow("field=address");
  });
});

describe("requests of the functions that no worked example has", () => {
  const to = { address: METER, operator: "00000001" };
  const by = { ...to, level: "02" as const, password: new Secret("123456") };
  const secured = { cipher: bytesOfHex("D869BD5370A0D4F3A9A2059DDA7EE0BB"), mac: bytesOfHex("ACCCD911") };
  const change = {
    old: { level: "02", password: new Secret("123456") },
    fresh: { level: "02", password: new Secret("654321") },
  } as const;
  const repeated = choicesWith({ readOnProfile: "repeated" });

  test.each([
    ["V1 show the remaining amount", requests.showDisplay(METER, "00900200")],
    ["V3 light the whole display, to all", requests.showDisplay("999999999999", "FFFFFFFF", "FF")],
    ["V4 two blocks, newest first", requests.read(METER, "06000002", { blocks: 2 })],
    ["V5 part 1, with the fields again", requests.readOn(METER, "06000002", 1, { blocks: 2 }, repeated)],
    [
      "V6 part 2 after a moment, with the fields again",
      requests.readOn(METER, "06000001", 2, { blocks: 2, from: "2611220815" }, repeated),
    ],
    ["V9 time, to one", requests.broadcastTime("261122100530", METER)],
    ["V12 write password 3", requests.write({ ...by, di: "04000C03", data: bytesOfHex("03214365") })],
    [
      "V14 write with MAC, Southern Grid",
      requests.writeWithMac(
        { ...to, di: "04001001", fields: [bytesOfHex("00003000")], mac: bytesOfHex("C2071AE8") },
        choicesWith({ macLevel: "97" }),
      ),
    ],
    ["V25 clear the meter, secured", requests.clearMeterSecured({ ...to, ...secured })],
    ["V26 clear events, secured", requests.clearEventsSecured({ ...to, ...secured })],
    ["V29 output the slot switching", requests.setOutput(METER, "slot-switch")],
    [
      "V34 initialise the purse",
      requests.initialisePurse({ ...to, amount: Fen(5_000n), mac1: bytesOfHex("11111111"), mac2: bytesOfHex("22222222") }),
    ],
    ["V38 read the purse back", requests.readBackPurse(to)],
    ["V51 read again", requests.readAgain(OLD)],
    ["V54 write the address, the only meter", requests.writeAddress1997("201708170001")],
    ["V56 change baud", requests.changeBaud1997(OLD, 4800)],
    ["V59 change password", requests.changePassword1997({ address: OLD, ...change })],
    ["V61 clear demand", requests.clearDemand1997({ ...by, address: OLD })],
  ])("%s", (key, given) => expect(hexBytes(encodeFrame(given))).toBe(hexBytes(goldenFrame(key))));

  test("plain texts under ciphers stand highest byte first", () => {
    expect(hexBytes(requests.clearMeterPlainText("261122103000"), "")).toBe("1A00261122103000");
    expect(hexBytes(requests.clearEventsPlainText("261122103000", "FFFFFFFF"), "")).toBe("1B00261122103000FFFFFFFF");
    // worked example 7 of the test scheme
    expect(hexBytes(requests.cipheredWritePlainText("0400010C", bytesOfHex("00051000221126")), "")).toBe(
      "0B0400010C26112200100500",
    );
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
    ["data", () => requests.write({ ...by, di: "04001001", data: new Uint8Array(189) })],
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
    expect(requests.write({ ...by, di: "04001001", data: new Uint8Array(188) }).data).toHaveLength(200);
    expect(heard(frame(0x14, `011000040256341201000000${"00".repeat(243)}`))).toMatchObject({ is: "write" });
  });
});

describe("choices", () => {
  const purse = { address: METER, operator: "00000001", mac1: bytesOfHex("11111111"), mac2: bytesOfHex("22222222") };

  test("the standard is one of the variants of each topic, and every topic says why", () => {
    for (const [name, topic] of Object.entries(choiceTopics)) {
      expect(topic.variants).toContain(STANDARD[name as keyof Choices]);
      expect(topic.variants.length).toBeGreaterThan(1);
      expect(topic.why.length).toBeGreaterThan(10);
    }
  });

  test.each([
    [
      "clockOrder",
      "YY-first",
      () => requests.broadcastTime("261122100530", METER, choicesWith({ clockOrder: "YY-first" })),
      "26 11 22 10 05 30",
    ],
    ["baudByte", "bcd", () => requests.changeBaud(METER, 4800, choicesWith({ baudByte: "bcd" })), "16"],
    [
      "freezeOrder",
      "MM-first",
      () => requests.freeze(METER, "12310030", choicesWith({ freezeOrder: "MM-first" })),
      "12 31 00 30",
    ],
    ["baudBits1997", "300", () => requests.changeBaud1997(OLD, 9600, choicesWith({ baudBits1997: "300" })), "40"],
    [
      "clearHead",
      "identifier",
      () =>
        requests.clearDemand(
          { address: METER, operator: "00000001", level: "02", password: new Secret("123456"), di: "01010000" },
          choicesWith({ clearHead: "identifier" }),
        ),
      "00 00 01 01 02 56 34 12",
    ],
    [
      "purseNumbers",
      "bcd",
      () => requests.initialisePurse({ ...purse, amount: Fen(5_000n) }, choicesWith({ purseNumbers: "bcd" })),
      "FF 03 01 07 01 00 00 00 00 50 00 00 11 11 11 11 00 00 00 00 22 22 22 22",
    ],
    [
      "purseFile",
      "0002",
      () => requests.readBackPurse(purse, choicesWith({ purseFile: "0002" })),
      "FF 01 80 07 01 00 00 00 08 00 00 00 02 00 01 DF",
    ],
    [
      "securedLevel",
      "96",
      () =>
        requests.writeCiphered(
          { ...purse, di: "04001006", cipher: new Uint8Array(16), mac: new Uint8Array(4) },
          choicesWith({ securedLevel: "96" }),
        ),
      `06 10 00 04 96 00 00 00 01 00 00 00${" 00".repeat(20)}`,
    ],
    [
      "keyUpdate",
      "mac-info-key",
      () =>
        writeRequest(
          {
            is: "update-key",
            ...purse,
            di: "070201FF",
            info: bytesOfHex("01020304"),
            mac: bytesOfHex("AABBCCDD"),
            key: new Uint8Array(32),
          },
          choicesWith({ keyUpdate: "mac-info-key" }),
        ),
      `FF 01 02 07 01 00 00 00 DD CC BB AA 04 03 02 01${" 00".repeat(32)}`,
    ],
    [
      "secondByte",
      "01",
      () =>
        requests.relayOrder(
          { ...purse, level: "02", password: new Secret("123456"), order: "arm", deadline: "261122103000" },
          choicesWith({ secondByte: "01" }),
        ),
      "02 56 34 12 01 00 00 00 1B 01 00 30 10 22 11 26",
    ],
  ])("%s %s changes these bytes", (_topic, _variant, build, expected) => expect(hexBytes(build().data)).toBe(expected));

  test("the factor of a meter is its number, or the same for all on test keys", () => {
    expect(hexBytes(factorOf("000000345678", "production"), "")).toBe("0000000000345678");
    const fixed = choicesWith({ testFactor: "fixed" });
    expect(hexBytes(factorOf("000000345678", "test", fixed), "")).toBe("0000000000000001");
    expect(hexBytes(factorOf("000000345678", "production", fixed), "")).toBe("0000000000345678");
    expect(() => factorOf("345678", "production")).toThrow("field=meterNumber");
  });

  test("a time without 33H stands on the wire as it is", () => {
    const sent = requests.broadcastTime("261122100530", METER, choicesWith({ clockOffset: "missing" }));
    expect(hexBytes(encodeFrame(sent).subarray(10, 16))).toBe("30 05 10 22 11 26");
  });

  test("forms that only another choice hears are still there to be sent", () => {
    expect(formNamed("clear-demand-item").heardIf(STANDARD)).toBe(false);
    expect(formNamed("clear-demand-item").heardIf(choicesWith({ clearHead: "identifier" }))).toBe(true);
  });
});
