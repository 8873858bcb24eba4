/** Both sides of each function against golden frames: what a meter hears, what it answers, and how the gateway builds and reads it. */
import { describe, expect, test } from "vitest";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { answer } from "../../src/protocols/dlt645/answering.ts";
import type { Answer, From } from "../../src/protocols/dlt645/answering.ts";
import { STANDARD, choicesWith } from "../../src/protocols/dlt645/choices.ts";
import type { Choices } from "../../src/protocols/dlt645/choices.ts";
import type { FormName } from "../../src/protocols/dlt645/forms.ts";
import { bytesOfHex, encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { errFor, serrFor } from "../../src/protocols/dlt645/meter-refusals.ts";
import { readReply, readValues } from "../../src/protocols/dlt645/replies.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";
import { writeRequest } from "../../src/protocols/dlt645/speaking.ts";
import type { RequestOf } from "../../src/protocols/dlt645/speaking.ts";
import { goldenFrame, goldenFrames } from "./golden-frames.ts";
import { METER, OLD, frameOf, golden, heard } from "./both-sides.ts";

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
        choicesWith({ levels: "97-96" }),
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
