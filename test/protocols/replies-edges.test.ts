/** A reply to the byte: whose it is, where its value begins and ends, and what is said of one that does not fit. */
import { describe, expect, test } from "vitest";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import { readReply } from "../../src/protocols/dlt645/replies.ts";

const METER = "202611220001";
const frame = (control: number, hex = "", address = METER): Frame => ({ address, control, data: bytesOfHex(hex) });
const read = frame(0x11, "00029000");
const relay = frame(0x1c, "02563412 D4C3B2A1 1A00 593010221126");
const security = frame(0x03, "FF020107 D4C3B2A1");
const authentication = frame(0x03, "FF000007 D4C3B2A1");
/** A reply in one line: what it is, and its bytes or its reason. */
const said = (request: Frame, reply: Frame): string => {
  const answer = readReply(request, reply);
  if ("bytes" in answer) return `${answer.is} ${hexBytes(answer.bytes, "")}`;
  return "why" in answer ? `${answer.is}: ${answer.why}` : answer.is;
};

describe("whose reply it is", () => {
  test("is told by direction, function, address and identifier, in this order", () => {
    expect(said(read, frame(0x11, "00029000"))).toBe("not-ours: a request, perhaps our own echo");
    expect(said(read, frame(0x92, "00029000"))).toBe("not-ours: answers function 12, not 11");
    expect(said(read, frame(0xdc, "02"))).toBe("not-ours: answers function 1C, not 11");
    expect(said(read, frame(0x91, "0002900011", "202611220002"))).toBe("not-ours: comes from 202611220002");
    expect(said(read, frame(0xd1, "02", "202611220002"))).toBe("not-ours: comes from 202611220002");
    expect(said(read, frame(0x91, "0003900011"))).toBe("not-ours: answers 00900300");
    expect(said(security, frame(0x83, "FF010107"))).toBe("not-ours: answers 070101FF");
    expect(said(read, frame(0x91, "00029000 11"))).toBe("value 11");
  });

  test("any pair of an address tells it from others", () => {
    for (let at = 0; at < 12; at += 1) {
      const digit = (Number(METER[at]) + 1) % 10;
      const neighbour = METER.slice(0, at) + String(digit) + METER.slice(at + 1);
      expect(readReply(read, frame(0x91, "0002900011", neighbour)).is).toBe("not-ours");
    }
  });

  test("a new address answers from itself, and only from itself", () => {
    for (const [control, answered] of [
      [0x15, 0x95],
      [0x0a, 0x8a],
    ] as const) {
      const asked = frame(control, "129078563412", "AAAAAAAAAAAA");
      expect(readReply(asked, frame(answered, "", "123456789012")).is).toBe("acknowledged");
      expect(readReply(asked, frame(answered, "", METER))).toEqual({ is: "not-ours", why: `comes from ${METER}` });
    }
    // six bytes of anything else are no address
    const part = frame(0x12, "01000006 01 02", "AAAAAAAA0001");
    expect(readReply(part, frame(0x92, "01000006 AA 02")).is).toBe("value");
  });

  test("AA in a request stands for two digits, all nines and all A for any", () => {
    const asked = (address: string, from: string) => readReply({ ...read, address }, frame(0x91, "0002900011", from)).is;
    expect(asked("AAAAAAAAAA01", "123456789001")).toBe("value");
    expect(asked("AAAAAAAAAA01", "123456789002")).toBe("not-ours");
    expect(asked("AA2233445566", "112233445566")).toBe("value");
    expect(asked("AA2233445566", "112233445567")).toBe("not-ours");
    expect(asked("AA2233445566", "112133445566")).toBe("not-ours");
    expect(asked("AAAAAAAAAAAA", "112233445566")).toBe("value");
    expect(asked("999999999999", "112233445566")).toBe("value");
    // one digit of a pair is not any
    expect(asked("1A2233445566", "1A2233445566")).toBe("value");
    expect(asked("1A2233445566", "112233445566")).toBe("not-ours");
  });
});

describe("a read", () => {
  test("is its data without the identifier, or no data where nothing is behind it", () => {
    expect(said(read, frame(0x91, "00029000 01 02 03"))).toBe("value 010203");
    expect(said(read, frame(0xb1, "00029000 01 02 03"))).toBe("more 010203");
    expect(said(read, frame(0xb1, "00029000"))).toBe("more ");
    expect(said(read, frame(0x91, "00029000"))).toBe("no-data");
    expect(said(read, frame(0x91))).toBe("no-data");
    for (const few of ["00", "0002", "000290"])
      expect(said(read, frame(0x91, few))).toBe(`malformed: ${few.length / 2} data bytes, too few for a data identifier`);
  });

  test("of the 1997 edition has two bytes of identifier", () => {
    const asked = frame(0x01, "1090");
    expect(said(asked, frame(0x81, "1090 01"))).toBe("value 01");
    expect(said(asked, frame(0xa1, "1090 01"))).toBe("more 01");
    expect(said(asked, frame(0x81, "1090"))).toBe("no-data");
    expect(said(asked, frame(0x81, "1190 01"))).toBe("not-ours: answers 9011");
    expect(said(asked, frame(0x81, "10"))).toBe("malformed: 1 data bytes, too few for a data identifier");
    // its parts carry no number, so the last byte is value
    expect(said(frame(0x02, "1090"), frame(0xa2, "1090 01 02"))).toBe("more 0102");
    expect(said(frame(0x02, "1090"), frame(0x82, "1090"))).toBe("value ");
  });

  test("that goes on has the number of its part behind the value", () => {
    const asked = frame(0x12, "01053003 02");
    expect(said(asked, frame(0xb2, "01053003 0A 0B 02"))).toBe("more 0A0B");
    expect(said(asked, frame(0x92, "01053003 0A 0B 02"))).toBe("value 0A0B");
    expect(said(asked, frame(0x92, "01053003 02"))).toBe("value ");
    expect(said(asked, frame(0x92, "01053003"))).toBe("no-data");
    expect(said(asked, frame(0xb2, "01053003 0A 01"))).toBe("not-ours: part 1, not 2");
    // a part that was never asked for is no late one: this meter counts otherwise, or one is missing
    for (const sequence of ["00", "03", "FF"])
      expect(said(asked, frame(0xb2, `01053003 0A ${sequence}`))).toMatch(/^malformed: part .* where 2 was asked for/);
  });

  test("again, as the 1997 edition can, names what it reads in two bytes", () => {
    const again = frame(0x03);
    expect(said(again, frame(0x83, "1090 0300"))).toBe("value 0300");
    expect(said(again, frame(0x83, "1090 03"))).toBe("value 03");
    expect(said(again, frame(0xa3, "1090 0300"))).toBe("more 0300");
    expect(said(again, frame(0x83, "1090"))).toBe("no-data");
    expect(said(again, frame(0x83))).toBe("no-data");
  });

  test("that is shown on the display is said back as it was asked", () => {
    const shown = frame(0x11, "00030404 00029000 01");
    expect(said(shown, frame(0x91, "00030404 00029000 01"))).toBe("acknowledged");
    expect(said(shown, frame(0x91, "00030404 00029000 02"))).toBe("malformed: says another screen than was asked for");
    expect(said(shown, frame(0x91, "00030404 00019000 01"))).toBe("malformed: says another displayed than was asked for");
    // nine bytes that answer four are a value of five
    expect(said(read, frame(0x91, "00029000 0102030405"))).toBe("value 0102030405");
  });

  test("of an address is six bytes", () => {
    const asked = frame(0x13, "", "AAAAAAAAAAAA");
    expect(said(asked, frame(0x93, "010022112620"))).toBe("value 010022112620");
    expect(said(asked, frame(0x93, "0100221126"))).toBe("malformed: an address of 5 bytes");
    expect(said(asked, frame(0x93, "01002211262099"))).toBe("malformed: an address of 7 bytes");
  });
});

describe("an acknowledgement", () => {
  test("of security is its identifier alone; what stands behind is a value", () => {
    expect(said(security, frame(0x83, "FF020107"))).toBe("acknowledged");
    expect(said(authentication, frame(0x83, "FF000007 A1A2A3A4 B1B2B3B4B5B6B7B8"))).toBe("value A1A2A3A4B1B2B3B4B5B6B7B8");
    expect(said(security, frame(0x83))).toMatch(/^malformed/);
  });

  test("of a relay order may say what was done, lowest byte first", () => {
    expect(readReply(relay, frame(0x9c))).toEqual({ is: "acknowledged", result: [] });
    expect(readReply(relay, frame(0x9c, "01"))).toEqual({ is: "acknowledged", result: [] });
    expect(readReply(relay, frame(0x9c, "0201"))).toEqual({ is: "acknowledged", result: ["armed", "protected"] });
    expect(readReply(relay, frame(0x9c, "0000"))).toEqual({ is: "acknowledged", result: [] });
  });

  test("of anything else is any reply that is none of refusal", () => {
    expect(readReply(frame(0x14, "03010004"), frame(0x94))).toEqual({ is: "acknowledged", result: [] });
    expect(readReply(frame(0x16, "99999999"), frame(0x96))).toEqual({ is: "acknowledged", result: [] });
    // a request of no form of ours is not judged by what it is answered
    expect(readReply(frame(0x14, "01100004 77"), frame(0x94, "01"))).toEqual({ is: "acknowledged", result: [] });
  });
});

describe("a refusal", () => {
  test("of a plain request is one byte, whatever is sent behind it", () => {
    expect(readReply(read, frame(0xd1, "02"))).toEqual({
      is: "refused",
      fault: "meter-no-data",
      code: "02",
      bits: ["no requested data"],
    });
    expect(readReply(read, frame(0xd1, "0501"))).toEqual({
      is: "refused",
      fault: "password-refused",
      code: "05",
      bits: ["other error", "password wrong or unauthorised"],
    });
    expect(readReply(read, frame(0xd1))).toEqual({ is: "refused", fault: "meter-refused", code: "", bits: [] });
  });

  test("of security is a word of two bytes, high byte told first", () => {
    expect(readReply(security, frame(0xc3, "0001"))).toEqual({
      is: "refused",
      fault: "security-suspended",
      code: "0100",
      bits: ["remote security suspended"],
    });
    expect(readReply(security, frame(0xc3, "2080"))).toEqual({
      is: "refused",
      fault: "purchase-count-gap",
      code: "8020",
      bits: ["top-up count error", "setting a password failed"],
    });
    expect(readReply(security, frame(0xc3, "08"))).toMatchObject({ fault: "identity-expired", code: "08" });
    expect(readReply(authentication, frame(0xc3, "0800"))).toMatchObject({ fault: "identity-refused", code: "0008" });
  });

  test("of a relay order is one byte of the old errors or two of its own", () => {
    expect(readReply(relay, frame(0xdc, "04"))).toEqual({
      is: "refused",
      fault: "password-refused",
      code: "04",
      bits: ["password wrong or unauthorised"],
    });
    expect(readReply(relay, frame(0xdc, "0800"))).toEqual({
      is: "refused",
      fault: "identity-expired",
      code: "0008",
      bits: ["identity authentication expired"],
    });
    expect(readReply(relay, frame(0xdc, "0001"))).toMatchObject({ fault: "meter-refused", code: "0100" });
  });
});
