/** What a sender is held to: a write against its item, a profile's moment against its identifier, clearing against what is an event. */
import { describe, expect, test } from "vitest";
import { Fen } from "../../src/kernel/money.ts";
import { Secret } from "../../src/kernel/secret.ts";
import { choicesWith } from "../../src/protocols/dlt645/choices.ts";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";
import { readRequest, writeRequest } from "../../src/protocols/dlt645/speaking.ts";
import type { Request } from "../../src/protocols/dlt645/speaking.ts";
import { METER, frame, heard } from "./both-sides.ts";
import { refusalOf } from "./refusal-of.ts";

const by = { address: METER, operator: "00000001", level: "02", password: new Secret("123456") } as const;
const mac = bytesOfHex("F1F2F3F4");
const write = (di: string, hex: string, named?: requests.Named) =>
  requests.write({ ...by, di, data: bytesOfHex(hex) }, undefined, named);
const refused = (build: () => unknown): string => {
  const { field, why } = refusalOf(build);
  return `${String(field)}: ${String(why)}`;
};

describe("a write is held against its item", () => {
  test.each([
    ["one byte of seven", "0400010C", "FF", "data: 1 bytes; dateTime has 7"],
    ["one byte too many", "04001001", "0000300000", "data: 5 bytes; alarmAmount1 has 4"],
    ["a digit that is none", "0400010C", "0015080303A726", "data: not BCD: 26A70303081500"],
    ["a month that is none", "0400010C", "00150803031326", 'data: YYMMDDWWhhmmss: MM is 1 to 12, or 99 for "not used"'],
    ["no value at all", "04001001", "FFFFFFFF", "data: FF in every byte says that there is no value"],
    ["an entry of a table", "04010000", "010101".repeat(13) + "010113", ": MMDDNN: MM is 1 to 12"],
    ["1997, too short", "C010", "01", "data: 1 bytes; date has 4"],
    ["1997, a digit that is none", "C010", "0022A126", "data: not BCD: 26A12200"],
  ])("%s", (_what, di, hex, why) => {
    expect(refused(() => write(di, hex))).toContain(why);
  });

  test("under a MAC as well, where the fields are joined", () => {
    const under =
      (...fields: string[]) =>
      () =>
        requests.writeWithMac({ ...by, di: "04001001", fields: fields.map((hex) => bytesOfHex(hex)), mac, level: "99" });
    expect(refused(under("000030"))).toBe("data: 3 bytes; alarmAmount1 has 4");
    expect(refused(under("00003A00"))).toBe("data: not BCD: 00003A00");
    expect(under("0030", "0000")().data).toHaveLength(20);
  });

  test.each([
    ["00010000", "00000000", "an energy register"],
    ["0001FF00", "00000000", "an energy register"],
    ["00900200", "00000000", "a balance or a record"],
    ["01010000", "0000000000000000", "a maximum demand"],
    ["02010100", "0000", "a measured value"],
    ["03300D00", "000000", "an event record"],
    ["03330201", "0000", "a balance or a record"],
    ["1D000001", "000000", "an event record"],
    ["05000101", "00000000", "a frozen value"],
    ["06000001", "00", "a load profile"],
    ["9010", "00000000", "an energy register"],
    ["B611", "0000", "a measured value"],
  ])("%s is only read, unless a profile names it", (di, hex, nature) => {
    expect(refused(() => write(di, hex))).toMatch(new RegExp(`^di: .* is ${nature}, which is only read$`));
    expect(write(di, hex, (each) => each === di).control).toBe(di.length === 4 ? 0x04 : 0x14);
    expect(refused(() => write(di, hex, (each) => each !== di))).toContain("only read");
  });

  test("what nobody has described passes, and so do the right bytes of what somebody has", () => {
    expect(hexBytes(write("04DFDFDB", "FF0A").data.slice(12))).toBe("FF 0A");
    expect(hexBytes(write("0400010C", "00150803030726").data.slice(12))).toBe("00 15 08 03 03 07 26");
    expect(write("04000404", "00".repeat(6)).data).toHaveLength(18);
    expect(write("04070001", "010101020202").data).toHaveLength(18);
  });

  test("an item that a model has of its own is held against that", () => {
    const own = choicesWith({ frequencyItem: "02800001-02800002" });
    expect(refused(() => requests.write({ ...by, di: "02800001", data: bytesOfHex("0050") }, own))).toContain(
      "frequency is a measured",
    );
  });

  test("a meter hears all of it and says itself what it thinks of it", () => {
    expect(heard(frame(0x14, "0C010004025634120100000000FF"))).toMatchObject({ is: "write", di: "0400010C" });
    expect(heard(frame(0x14, "0000010002563412010000000000000000"))).toMatchObject({ is: "write", di: "00010000" });
  });
});

describe("a load profile", () => {
  const read = (di: string, blocks: number, from?: string) => () =>
    requests.read(METER, di, from === undefined ? { blocks } : { blocks, from });
  const again = choicesWith({ readOnProfile: "repeated" });
  const readOn = (di: string, from?: string) => () =>
    requests.readOn(METER, di, 1, from === undefined ? { blocks: 1 } : { blocks: 1, from }, again);

  test("begins at a moment where DI0 is 01, and a curve always", () => {
    for (const di of ["06000001", "06060001", "06100101", "06100300"]) {
      expect(refused(read(di, 1)), di).toContain("from: ");
      expect(refused(readOn(di)), di).toContain("from: ");
      expect(read(di, 1, "2611220815")().data).toHaveLength(10);
      expect(readOn(di, "2611220815")().data).toHaveLength(11);
    }
  });

  test("begins by itself where DI0 is 00 or 02", () => {
    for (const di of ["06000000", "06000002", "06060000", "06010002"]) {
      expect(refused(read(di, 1, "2611220815")), di).toContain("from: ");
      expect(refused(readOn(di, "2611220815")), di).toContain("from: ");
      expect(read(di, 1)().data).toHaveLength(5);
      expect(readOn(di)().data).toHaveLength(6);
    }
  });

  test("of an identifier that nobody has described may begin either way", () => {
    expect(read("06070001", 1)().data).toHaveLength(5);
    expect(read("06000100", 1, "2611220815")().data).toHaveLength(10);
  });

  test("of no blocks is not asked for, and heard all the same", () => {
    expect(refused(read("06000000", 0))).toBe("blocks: nothing would be asked for");
    expect(refused(read("06000001", 0, "2611220815"))).toContain("blocks: ");
    expect(heard(frame(0x11, "0000000600"))).toMatchObject({ is: "read-profile", blocks: 0 });
    expect(heard(frame(0x11, "0100000601"))).toMatchObject({ is: "read-profile", di: "06000001" });
  });
});

describe("clearing", () => {
  const clear = (di: string) => () => requests.clearEvents({ ...by, di });

  test.each(["FFFFFFFF", "03300DFF", "033002FF", "03050CFF", "100101FF", "1D0001FF", "220000FF", "033302FF"])(
    "%s is a class of events",
    (di) => {
      expect(hexBytes(clear(di)().data.slice(8).reverse(), "")).toBe(di);
    },
  );

  test.each([
    ["000100FF", "no event records"],
    ["040001FF", "no event records"],
    ["230000FF", "no event records"],
    ["FF300DFF", "no event records"],
    ["03FF0DFF", "last place"],
    ["0330FFFF", "last place"],
    ["033001FF", "kept for ever"],
    ["033003FF", "kept for ever"],
    ["03300D01", "FF below"],
  ])("%s is none that may be cleared", (di, why) => {
    expect(refused(clear(di))).toMatch(new RegExp(`^cleared: .*${why}`));
  });

  test("is heard of whatever has FF in its last place", () => {
    expect(heard(frame(0x1b, "0256341201000000FF000100"))).toMatchObject({ is: "clear-events", cleared: "000100FF" });
  });
});

describe("a new address", () => {
  test.each(["write-address", "write-address-1997"] as const)("is never that of all meters: %s", (is) => {
    const give = (newAddress: string) => () => writeRequest({ is, address: "AAAAAAAAAAAA", newAddress });
    expect(refused(give("999999999999"))).toContain("newAddress: ");
    expect(hexBytes(give("999999999998")().data)).toBe("98 99 99 99 99 99");
    expect(() => give("12345")()).toThrow("field=newAddress");
  });

  test("is heard all the same", () => {
    expect(heard(frame(0x15, "999999999999"))).toMatchObject({ is: "write-address", newAddress: "999999999999" });
  });
});

describe("function 03H", () => {
  const security = (di: string, data = "00") =>
    ({ is: "security", address: METER, operator: "00000001", di, data: bytesOfHex(data) }) as const;

  test("has one form for each identifier: the one for the rest serves none that has its own", () => {
    for (const di of ["070103FF", "070102FF", "070000FF", "070201FF", "078001FF", "078102FF"])
      expect(
        refused(() => writeRequest(security(di))),
        di,
      ).toMatch(/^di: has a form of its own, /);
    expect(writeRequest(security("070205FF")).data).toHaveLength(9);
    expect(writeRequest(security("070108FF", "00".repeat(26))).data).toHaveLength(34);
  });

  test("whose identifier has a form under a vendor's choice alone is held against it there", () => {
    const vendor = choicesWith({ refund: "070108FF" });
    expect(refused(() => writeRequest(security("070108FF"), vendor))).toBe("di: has a form of its own, vendor-refund");
    // The right length is no way round it either.
    expect(refused(() => writeRequest(security("070108FF", "00".repeat(26)), vendor))).toContain("vendor-refund");
  });

  test("knows two modes and no third word for one", () => {
    const mode = (word: string) => ({
      is: "switch-mode" as const,
      address: METER,
      operator: "00000001",
      meterNumber: "0000112233445566",
      mode: word as "local",
      mac1: mac,
      purse: new Uint8Array(8),
      mac2: mac,
    });
    expect(refused(() => writeRequest(mode("foo")))).toBe("mode: not one of local, remote");
    expect(["local", "remote"].map((word) => writeRequest(mode(word)).data[16])).toEqual([0, 1]);
    for (const word of ["local", "remote"])
      expect(readRequest(writeRequest(mode(word)))).toMatchObject({ is: "switch-mode", mode: word });
    const third = writeRequest(mode("local"));
    third.data[16] = 2;
    expect(readRequest(third)).toMatchObject({ is: "malformed", field: "mode" });
  });

  test.each([1.5, Number.NaN, Infinity, -1, 2 ** 32, 2 ** 53, "8"])("counts whole purchases, not %s", (count) => {
    const topUp = () =>
      requests.topUp({
        ...by,
        amount: Fen(1n),
        count: count as number,
        mac1: mac,
        mac2: mac,
        customerNumber: "000000123456",
      });
    expect(refused(topUp)).toContain("purchaseCount: ");
  });

  test.each([1.5, Number.NaN, -1n, 0x1_0000_0000n, undefined])("takes whole fen, not %s", (amount) => {
    const request = { ...by, is: "top-up", amount, purchaseCount: 1, mac1: mac, mac2: mac, customerNumber: "000000123456" };
    expect(refused(() => writeRequest(request as unknown as Request))).toContain("amount: ");
  });
});
