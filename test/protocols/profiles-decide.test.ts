/** A profile decides: its choices, handed as they are, change what is built, heard, answered, understood and explained. */
import { describe, expect, test } from "vitest";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { answer } from "../../src/protocols/dlt645/answering.ts";
import { choicesWith } from "../../src/protocols/dlt645/choices.ts";
import { itemUnder } from "../../src/protocols/dlt645/chosen-items.ts";
import { dissect } from "../../src/protocols/dlt645/dissect.ts";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import { profileOf } from "../../src/protocols/dlt645/profiles/index.ts";
import { readReply, readValues } from "../../src/protocols/dlt645/replies.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";
import { readRequest } from "../../src/protocols/dlt645/speaking.ts";
import type { RequestOf } from "../../src/protocols/dlt645/speaking.ts";
import { METER, frame } from "./both-sides.ts";
import { profileFrame } from "./profile-frames.ts";

const choicesOf = (name: string) => profileOf(name)!.choices;
const to = { address: METER, operator: "00000001" };
const none = new Uint8Array(4);
const secured = { cipher: new Uint8Array(16), mac: none };
const order = { ...to, order: "disconnect", deadline: "261122103000", level: "02", password: new Secret("000000") } as const;
const levelOf = ({ control, data }: Frame): string => data[control === 0x14 ? 4 : 0]!.toString(16);
/** The values of a frame as `explain` shows them to who names the model. */
const shown = (key: string) => {
  const { frame, profile } = profileFrame(key);
  const values = dissect(frame, profile.choices).segments.flatMap((segment) => segment.values);
  return values.map(({ name, value, unit }) => `${name} = ${String(value)}${unit === null ? "" : ` ${unit}`}`);
};

describe("southern-grid", () => {
  const south = choicesOf("southern-grid");

  test("is written to at levels 96 and 97, where others are at 98 and 99", () => {
    const item = { ...to, di: "04001006" };
    for (const [choices, cipher, clear] of [
      [south, "96", "97"],
      [choicesOf("standard-wallet"), "98", "99"],
    ] as const) {
      expect(levelOf(requests.writeCiphered({ ...item, ...secured }, choices))).toBe(cipher);
      expect(levelOf(requests.relayOrderSecured({ ...to, ...secured, extendedReply: false }, choices))).toBe(cipher);
      expect(levelOf(requests.clearMeterSecured({ ...to, ...secured }, choices))).toBe(cipher);
      expect(levelOf(requests.writeWithMac({ ...to, di: "04001001", fields: [none], mac: none }, choices))).toBe(clear);
    }
  });

  test("keeps its purse in file 0002, and another file is no purse", () => {
    const asked = requests.readBackPurse(to, south);
    expect(readRequest(asked, south)).toMatchObject({ is: "read-back-purse", file: "0002" });
    expect(readRequest(asked, choicesOf("standard-wallet"))).toMatchObject({ is: "read-back", file: "0002" });
  });

  test("answers an order with nothing more than yes, though two bytes were asked for", () => {
    const asked = requests.relayOrderSecured({ ...to, ...secured, extendedReply: true }, south);
    const heard = readRequest(asked, south) as RequestOf<"relay-order-secured">;
    expect(answer(heard, { is: "done", values: { result: 4 } }, { choices: south }).data).toHaveLength(0);
    const standard = choicesOf("standard-wallet");
    const told = answer(heard, { is: "done", values: { result: 4 } }, { choices: standard });
    expect(readReply(asked, told, standard)).toEqual({ is: "acknowledged", result: ["disconnected directly"] });
  });
});

describe("breaker-645", () => {
  test("has no clock, so its deadline is the end of the century, in the clear and under a cipher", () => {
    const breaker = choicesOf("breaker-645");
    expect(hexBytes(requests.relayOrder(order, breaker).data.slice(10))).toBe("59 59 23 31 12 99");
    expect(hexBytes(requests.relayOrderPlainText(order, breaker))).toBe("1A 00 99 12 31 23 59 59");
    expect(hexBytes(requests.relayOrder(order, choicesOf("southern-grid")).data.slice(10))).toBe("00 30 10 22 11 26");
  });
});

describe("order-number-4g", () => {
  const vendor = choicesOf("order-number-4g");
  const ordered = { amount: Fen(5_000n), orderNumber: "2026112200000041", mac1: none, meterAddress: METER, mac2: none };
  const paid = requests.purchase(to, { layout: "22", ...ordered }, vendor);

  test("is paid in a frame of 22H, and takes back in two lengths", () => {
    expect(paid.data).toHaveLength(0x22);
    expect(readRequest(paid, vendor)).toEqual({ is: "vendor-purchase", ...to, di: "070102FF", ...ordered });
    const long = { ...ordered, further: "000000000000" };
    for (const [layout, values, is, length] of [
      ["22", ordered, "vendor-refund", 0x22],
      ["28", long, "vendor-refund-long", 0x28],
    ] as const) {
      const back = requests.refund(to, { layout, ...values } as requests.Refund, vendor);
      expect(back.data).toHaveLength(length);
      expect(readRequest(back, vendor)).toEqual({ is, ...to, ...values });
    }
  });

  test("takes no purchase by count, nobody builds it one, and others do not take its own", () => {
    const counted = { ...to, amount: Fen(1n), count: 1, mac1: none, customerNumber: "000000000000", mac2: none };
    expect(() => requests.topUp(counted, vendor)).toThrow("field=count");
    expect(() => requests.openAccount(counted, vendor)).toThrow("field=count");
    expect(readRequest(requests.topUp(counted), vendor)).toMatchObject({ is: "malformed", form: "vendor-purchase" });
    expect(() => requests.purchase(to, { layout: "22", ...ordered })).toThrow("this meter is topped up by 1E");
    expect(readRequest(paid)).toMatchObject({ is: "malformed", form: "top-up" });
  });

  test("refuses with one byte, and is understood", () => {
    const heard = readRequest(paid, vendor) as RequestOf<"vendor-purchase">;
    const refused = answer(heard, { is: "refused", word: 2 }, { choices: vendor });
    expect(refused.data).toEqual(Uint8Array.of(2));
    expect(readReply(paid, refused, vendor)).toEqual({
      is: "refused",
      fault: "repeated-top-up",
      code: "02",
      bits: ["repeated top-up"],
    });
    expect(answer(heard, { is: "refused", word: 2 }, { choices: choicesOf("standard-wallet") }).data).toHaveLength(2);
  });

  test("is ordered with N2 = 01 and a far deadline", () => {
    expect(hexBytes(requests.relayOrder(order, vendor).data.slice(8))).toBe("1A 01 59 59 23 31 12 99");
  });

  test("tells its status in one answer, which nobody else's is", () => {
    expect(shown("order-number-4g/status")).toEqual([
      "balance = 50.00 yuan",
      "importedEnergy = 1234.56 kWh",
      "voltage = 228.1 V",
      "current = 4.560 A",
      "power = 1.0400 kW",
      "word = 0200",
    ]);
    const [di, rest] = dissect(profileFrame("order-number-4g/status").frame).segments;
    expect([di?.meaning, rest?.field]).toEqual(["not in the dictionary", "data"]);
    expect(shown("order-number-4g/refund-28 S016")).toContain("further = 252423222120");
    expect(shown("order-number-4g/parameters-write S017")[1]).toMatch(/^parameters = 0{2}0500/);
  });
});

describe("energy-prepay-vendor", () => {
  const vendor = choicesOf("energy-prepay-vendor");
  const sealed = { sealed: bytesOfHex("0102030405060708"), key: bytesOfHex("1112131415161718") };

  test("is paid and refunded under a seal, by the identifier that wipes the purse of others", () => {
    const paid = requests.purchase(to, { layout: "18 sealed", ...sealed }, vendor);
    const back = requests.refund(to, { layout: "18 sealed", ...sealed }, vendor);
    expect(readRequest(paid, vendor)).toEqual({ is: "sealed-purchase", ...to, ...sealed });
    expect(readRequest(back, vendor)).toEqual({ is: "sealed-refund", ...to, ...sealed });
    expect([paid.data.length, back.data.length]).toEqual([0x18, 0x18]);
    expect(readRequest(back)).toMatchObject({ is: "initialise-purse" });
    expect(readRequest(paid)).toMatchObject({ is: "malformed", form: "top-up" });
    expect(shown("energy-prepay-vendor/refund")).toContain("sealed = 3DA91668ACA9AF4D");
  });

  test("has no purse to initialise, and nobody builds it such a frame", () => {
    const wipe = { ...to, amount: Fen(0n), mac1: none, mac2: none };
    expect(() => requests.initialisePurse(wipe, vendor)).toThrow("this meter refunds by it");
  });
});

describe("sts-token", () => {
  const vendor = choicesOf("sts-token");

  test("takes twenty digits as letters", () => {
    const token = "00002000000000004171";
    const paid = requests.purchase(to, { layout: "1C", token }, vendor);
    expect(readRequest(paid, vendor)).toEqual({ is: "token-purchase", ...to, token });
    expect(paid.data).toHaveLength(0x1c);
    expect(shown("sts-token/top-up")).toContain(`token = ${token}`);
    expect(() => requests.purchase(to, { layout: "1C", token: "1234" }, vendor)).toThrow("field=token");
    const spoilt = { ...paid, data: paid.data.with(9, 0x41) };
    expect(readRequest(spoilt, vendor)).toMatchObject({ is: "malformed", form: "token-purchase", field: "token" });
  });
});

describe("word 3 of a model that is named", () => {
  const word = (di: string) => frame(0x91, `03050004${di}`);
  const bits = (reply: Frame, name: string) =>
    dissect(reply, choicesOf(name)).segments.flatMap(({ values }) => values.map((each) => `${each.name} ${String(each.value)}`));

  test("says what its own generation says, and the agreed names first", () => {
    expect(bits(word("5006"), "standard-wallet")).toEqual(
      expect.arrayContaining(["relay disconnected", "relayOrder disconnect", "prepayment money", "tariffPriceSet second set"]),
    );
    expect(bits(word("5006"), "southern-grid")).toContain("stepTable table 2");
    const chint = bits(word("1A0A"), "chint-soft-esam");
    expect(chint.slice(0, 2)).toEqual(["runStateWord3 0A1A", "relay disconnected"]);
    expect(chint).toEqual(expect.arrayContaining(["trippedByOrder yes", "productionKeys yes", "alarm1 on"]));
    // Its bit 6 is no order, so none is told.
    expect(chint.filter((each) => each.startsWith("relayOrder"))).toEqual([]);
  });

  test("without a model says what all agree about", () => {
    const told = dissect(word("5006")).segments.flatMap(({ values }) => values.map(({ name }) => name));
    expect(told).toEqual([
      "runStateWord3",
      "relay",
      "relayOrder",
      "preTripAlarm",
      "protected",
      "identityValid",
      "accountOpened",
      "prepayment",
    ]);
  });
});

test("frequency and temperature stand where one dictionary has them, if a meter says so", () => {
  const other = choicesWith({ frequencyItem: "02800001-02800002" });
  const names = ["02800001", "02800002", "02800007"];
  expect(names.map((di) => itemUnder(di, other)?.name)).toEqual(["frequency", "temperature", "temperature"]);
  expect(names.map((di) => itemUnder(di)?.name)).toEqual(["neutralCurrent", "frequency", "temperature"]);
  expect(itemUnder("02800001", other)?.read(bytesOfHex("0150"))).toEqual([{ name: "frequency", value: "50.01", unit: "Hz" }]);
});

test("a status query is read with the numbers of the model's purse", () => {
  const asked = requests.statusQuery(to);
  const heard = readRequest(asked) as RequestOf<"status-query">;
  const bcd = { ...choicesOf("standard-wallet"), purseNumbers: "bcd" } as const;
  const values = {
    balance: Fen(5_000n),
    balanceMac: none,
    purchaseCount: 8,
    countMac: none,
    customerNumber: "000000123456",
    keyInfo: none,
  };
  const reply = answer(heard, { is: "done", values }, { choices: bcd });
  const read = readReply(asked, reply, bcd);
  if (read.is !== "value") throw new Error(read.is);
  expect(readValues("status-query", read.bytes, bcd)).toEqual({ values });
  expect(readValues("status-query", read.bytes)).toMatchObject({ values: { balance: 0x5000n } });
});
