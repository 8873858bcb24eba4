/** A reply in the light of its request: what is ours, what it says, and which fault a refusal is. */
import { describe, expect, test } from "vitest";
import { faults } from "../../src/kernel/faults.ts";
import { faultOfErr, faultOfSerr, namesOfErr, namesOfSerr } from "../../src/protocols/dlt645/error-word.ts";
import {
  decodeClosingReply,
  decodeIdentityReply,
  decodeStatusReply,
  keyStateOf,
} from "../../src/protocols/dlt645/fee-control.ts";
import { bytesOfHex, decodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import { readReply } from "../../src/protocols/dlt645/replies.ts";
import type { Reply } from "../../src/protocols/dlt645/replies.ts";
import { goldenFrame } from "./golden-frames.ts";

const frameOf = (key: string): Frame => {
  const decoded = decodeFrame(goldenFrame(key));
  if ("fault" in decoded) throw new Error(decoded.fault);
  return decoded.frame;
};
const answer = (request: string, reply: string): Reply => readReply(frameOf(request), frameOf(reply));
const METER = "202611220001";
const frame = (control: number, hex: string, address = METER): Frame => ({ address, control, data: bytesOfHex(hex) });
const readBalance = frame(0x11, "00029000");

describe("readReply", () => {
  test("takes the identifier off a value", () => {
    expect(answer("F1 read balance", "F2 balance")).toEqual({ is: "value", bytes: bytesOfHex("45230000") });
    expect(answer("E1.1 Request", "E1.2 Reply")).toEqual({ is: "value", bytes: bytesOfHex("665544332211") });
    expect(answer("S4 request", "S4 reply")).toMatchObject({ is: "value" });
  });

  test("takes an answer to a security command for no answer to reading again, though both are 83", () => {
    const again = frame(0x03, "");
    expect(readReply(again, frame(0x83, "FF020107"))).toMatchObject({ is: "not-ours" });
    expect(readReply(again, frame(0x83, "10900300"))).toEqual({ is: "value", bytes: bytesOfHex("0300") });
    expect(readReply(again, frame(0x83, ""))).toEqual({ is: "no-data" });
  });

  test("knows an acknowledgement, and what an extended one has done", () => {
    expect(answer("E11.1 Request", "E11.2 Normal reply")).toEqual({ is: "acknowledged", result: [] });
    expect(answer("S5 request", "S5 reply")).toEqual({ is: "acknowledged", result: ["disconnected directly"] });
    expect(answer("S3 request", "S3 reply")).toEqual({ is: "acknowledged", result: [] });
    expect(answer("E6.1 Request", "E6.2 Normal reply")).toEqual({ is: "acknowledged", result: [] });
    // 15H: the reply comes from the new address
    expect(answer("E17.1 Request", "E17.2 Reply comes from the new address")).toEqual({ is: "acknowledged", result: [] });
  });

  test("reads refusals of every width, none of which names an identifier", () => {
    expect(answer("E5.1 Request", "E5.2 Reply")).toEqual({
      is: "refused",
      fault: "meter-no-data",
      code: "02",
      bits: ["no requested data"],
    });
    expect(answer("F8 top-up", "F10 repeated")).toEqual({
      is: "refused",
      fault: "repeated-top-up",
      code: "0002",
      bits: ["repeated top-up"],
    });
    expect(answer("F5 disconnect, plain", "F7 refused")).toMatchObject({ is: "refused", fault: "password-refused", code: "04" });
    expect(answer("S5 request", "X12 extended refusal, protected")).toMatchObject({
      is: "refused",
      fault: "meter-refused",
      code: "0020",
    });
    // export meters shorten C3 to one byte
    expect(readReply(frameOf("F8 top-up"), frame(0xc3, "02"))).toMatchObject({
      is: "refused",
      fault: "repeated-top-up",
      code: "02",
    });
    expect(readReply(readBalance, frame(0xd1, ""))).toEqual({ is: "refused", fault: "meter-refused", code: "", bits: [] });
  });

  test("tells a refused identity from a lapsed one", () => {
    expect(readReply(frameOf("S1 request"), frame(0xc3, "0800"))).toMatchObject({ fault: "identity-refused" });
    expect(readReply(frameOf("S3 request"), frame(0xc3, "0800"))).toMatchObject({ fault: "identity-expired" });
  });

  test("a read answered with nothing is no data", () => {
    expect(readReply(readBalance, frame(0x91, ""))).toEqual({ is: "no-data" });
    expect(readReply(readBalance, frame(0x91, "00029000"))).toEqual({ is: "no-data" });
  });

  test("joins a long answer part by part, the sequence number taken off", () => {
    const first = answer("E15.1 Request 1", "E15.2 Reply 1");
    const second = answer("E15.3 Request 2", "E15.4 Reply 2");
    const last = answer("E15.5 Request 3", "E15.6 Last reply");
    expect([first.is, second.is, last.is]).toEqual(["more", "more", "value"]);
    const bytes = [first, second, last].flatMap((part) => ("bytes" in part ? [...part.bytes] : []));
    expect(hexBytes(Uint8Array.from(bytes))).toBe("00 30 09 01 07 26 01 00 00 00 03 00 00 02 00 07 03 00 17");
    expect(answer("E15.5 Request 3", "E15.4 Reply 2")).toEqual({ is: "not-ours", why: "part 1, not 2" });
  });

  test.each([
    ["our own echo", readBalance],
    ["another meter", frame(0x91, "0002900045230000", "202611220002")],
    ["another function", frame(0x94, "")],
    ["a late answer to another item", frame(0x91, "0000010045230000")],
    ["a refusal of another meter", frame(0xd1, "02", "202611220002")],
  ])("leaves alone %s", (_what, reply) => {
    expect(readReply(readBalance, reply).is).toBe("not-ours");
  });

  test("a wildcard is answered by any address that fits it", () => {
    const value = frame(0x91, "0002900045230000");
    expect(readReply({ ...readBalance, address: "AAAAAAAAAAAA" }, value).is).toBe("value");
    expect(readReply({ ...readBalance, address: "AAAAAAAA0001" }, value).is).toBe("value");
    expect(readReply({ ...readBalance, address: "AAAAAAAA0002" }, value).is).toBe("not-ours");
  });

  test("a new address is confirmed from there and from nowhere else", () => {
    const request = frame(0x15, "010003072620", "AAAAAAAAAAAA");
    expect(readReply(request, frame(0x95, "", "202607030001")).is).toBe("acknowledged");
    expect(readReply(request, frame(0x95, "", "202607030002")).is).toBe("not-ours");
  });

  test("what a function says back must be what it was told", () => {
    expect(readReply(frame(0x17, "20"), frame(0x97, "10"))).toMatchObject({ is: "malformed" });
    expect(readReply(frame(0x1d, "02"), frame(0x9d, "01"))).toMatchObject({ is: "malformed" });
    const password = readReply(frame(0x18, "030C00040200000002563412"), frame(0x98, "02563413"));
    expect(password).toEqual({ is: "malformed", why: "says another newPassword than was asked for" });
    // A bare yes is one.
    expect(readReply(frame(0x17, "20"), frame(0x97, "")).is).toBe("acknowledged");
  });

  test("ours by every mark and still not an answer", () => {
    expect(readReply(readBalance, frame(0x91, "0002"))).toMatchObject({ is: "malformed" });
    expect(readReply(frameOf("S4 request"), frame(0x83, ""))).toMatchObject({ is: "malformed" });
    expect(readReply(frame(0x13, ""), frame(0x93, "0102"))).toMatchObject({ is: "malformed" });
  });

  test("speaks 1997 as well: two bytes of identifier, no sequence", () => {
    const request = frame(0x01, "1090", "201708176934");
    expect(readReply(request, frame(0x81, "109003000000", "201708176934"))).toEqual({
      is: "value",
      bytes: bytesOfHex("03000000"),
    });
    expect(readReply(request, frame(0xc1, "02", "201708176934"))).toMatchObject({ is: "refused", fault: "meter-no-data" });
    expect(readReply(frame(0x02, "1090"), frame(0x82, "10900300"))).toEqual({ is: "value", bytes: bytesOfHex("0300") });
  });
});

describe("fee-control replies", () => {
  const bytesOf = (request: string, reply: string): Uint8Array => {
    const read = answer(request, reply);
    return read.is === "value" ? read.bytes : new Uint8Array();
  };

  test("identity", () => {
    const decoded = decodeIdentityReply(bytesOf("S1 request", "S1 reply"));
    expect(decoded).toEqual({ value: { random2: bytesOfHex("A1B2C3D4"), serial: bytesOfHex("5445202611220001") } });
    expect(decodeIdentityReply(new Uint8Array(11))).toEqual({ fault: "11 bytes where 12 are expected" });
  });

  test("status query", () => {
    expect(decodeStatusReply(bytesOf("S4 request", "S4 reply"))).toEqual({
      value: {
        balance: 12_345n,
        balanceMac: bytesOfHex("5ED027B9"),
        count: 8,
        countMac: bytesOfHex("23AFFAEB"),
        customerNumber: "000000123456",
        keyInfo: bytesOfHex("000FFFFF"),
      },
    });
    const notBcd = bytesOf("S4 request", "S4 reply").with(16, 0x5a);
    expect(decodeStatusReply(notBcd)).toEqual({ fault: "customerNumber: not BCD: 00000012345A" });
  });

  test("the look that ends a session", () => {
    const wire = frameOf("X10 closing of a session").data.slice(4);
    expect(decodeClosingReply(wire)).toMatchObject({ value: { customerNumber: "000000123456", balance: 12_345n, count: 8 } });
    expect(keyStateOf(bytesOfHex("000FFFFF"))).toBe("production");
    expect(keyStateOf(bytesOfHex("00000000"))).toBe("test");
  });
});

describe("error words", () => {
  test.each([
    [0x01, "meter-other-error"],
    [0x02, "meter-no-data"],
    [0x04, "password-refused"],
    [0x06, "password-refused"],
    [0x08, "meter-other-error"],
    [0x00, "meter-other-error"],
  ])("ERR %i is %s", (code, fault) => {
    expect(faultOfErr(code)).toBe(fault);
  });

  test.each([
    [0x0001, "meter-other-error"],
    [0x0002, "repeated-top-up"],
    [0x0004, "mac-refused"],
    [0x0008, "identity-expired"],
    [0x0010, "customer-mismatch"],
    [0x0020, "purchase-count-gap"],
    [0x0040, "hoard-limit"],
    [0x0100, "security-suspended"],
    [0x0104, "security-suspended"],
  ])("SERR %i is %s", (word, fault) => {
    expect(faultOfSerr(word)).toBe(fault);
  });

  test("every bit has a name and every word a fault of the table", () => {
    for (let bit = 0; bit < 16; bit += 1) {
      expect(namesOfSerr(1 << bit)).toHaveLength(1);
      expect(faults).toHaveProperty(faultOfSerr(1 << bit));
    }
    expect(namesOfErr(0xff)).toHaveLength(8);
  });
});
