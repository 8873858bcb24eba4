/** Whom a frame means, and what the choices change. */
import { describe, expect, test } from "vitest";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { attentionOf, shortened } from "../../src/protocols/dlt645/addressing.ts";
import { STANDARD, choiceTopics, choicesWith } from "../../src/protocols/dlt645/choices.ts";
import type { Choices } from "../../src/protocols/dlt645/choices.ts";
import { factorOf } from "../../src/protocols/dlt645/fee-control.ts";
import { formNamed } from "../../src/protocols/dlt645/forms.ts";
import { bytesOfHex, encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";
import { writeRequest } from "../../src/protocols/dlt645/speaking.ts";
import { METER, OLD, frame, golden } from "./both-sides.ts";

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
      "levels",
      "97-96",
      () =>
        requests.writeCiphered(
          { ...purse, di: "04001006", cipher: new Uint8Array(16), mac: new Uint8Array(4) },
          choicesWith({ levels: "97-96" }),
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
