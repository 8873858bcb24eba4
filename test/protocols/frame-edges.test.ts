/** The edges of a frame: where it begins and ends to the byte, and what is said of one that does not. */
import { describe, expect, test } from "vitest";
import {
  functionOf,
  identifierBytes,
  identifierOf,
  isException,
  isReply,
  moreFollows,
  sameIdentifier,
  versionOf,
} from "../../src/protocols/dlt645/control-codes.ts";
import {
  FRAME_BYTES_MAX,
  MORE,
  NONE,
  PREAMBLE_BYTES,
  bytesOfHex,
  checksum,
  decodeFrame,
  encodeFrame,
  frameAt,
  frameLength,
  hexByte,
  hexBytes,
  identifierBytesOf,
  measureFrame,
} from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";
import { refusalOf } from "./refusal-of.ts";

const BALANCE = bytesOfHex("68 01 00 22 11 25 20 68 91 08 33 35 C3 33 83 56 34 33 80 16");
const EMPTY = bytesOfHex("68 01 00 22 11 25 20 68 13 00 5C 16");
const behind = (bytes: Uint8Array, ...before: readonly number[]): Uint8Array => Uint8Array.from([...before, ...bytes]);
const frame = (control: number, data = ""): Frame => ({ address: "202511220001", control, data: bytesOfHex(data) });

describe("writing a frame", () => {
  test("four wake-up bytes stand before a request", () => {
    const bytes = encodeFrame({ address: "202511220001", control: 0x13, data: new Uint8Array() }, { preamble: PREAMBLE_BYTES });
    expect(hexBytes(bytes)).toBe(`FE FE FE FE ${hexBytes(EMPTY)}`);
  });

  test("the longest has 255 bytes of data, and no more are cut off in silence", () => {
    const longest = encodeFrame({ address: "123456789012", control: 0x91, data: new Uint8Array(255).fill(0xcd) });
    expect(longest).toHaveLength(267);
    expect(FRAME_BYTES_MAX).toBe(267);
    // CD + 33 is 00: the offset goes round
    expect([...longest.subarray(10, 265)].every((byte) => byte === 0)).toBe(true);
    expect(frameLength(longest, 0)).toBe(267);
    expect(refusalOf(() => encodeFrame({ address: "123456789012", control: 0x91, data: new Uint8Array(256) }))).toEqual({
      field: "data",
      why: "256 bytes; a frame carries at most 255",
    });
  });

  test("an address is any ten digits and the A, each at its place", () => {
    const bytes = encodeFrame({ address: "A12345678909", control: 0x13, data: new Uint8Array() });
    expect(hexBytes(bytes.subarray(1, 7))).toBe("09 89 67 45 23 A1");
    expect(frameAt(bytes, 0).address).toBe("A12345678909");
  });

  test.each(["/", ":", "@", "B", "a", " "])("an address holds no %s", (stranger) => {
    for (const address of [`${stranger}12345678901`, `12345678901${stranger}`, `12345${stranger}789012`])
      expect(refusalOf(() => encodeFrame({ address, control: 0x11, data: new Uint8Array() }))).toEqual({
        field: "address",
        why: "an address is twelve digits, A for any",
        given: address,
      });
  });

  test.each(["12345678901", "1234567890123", ""])("an address of another length is none: %s", (address) => {
    expect(refusalOf(() => encodeFrame({ address, control: 0x11, data: new Uint8Array() }))).toMatchObject({
      field: "address",
      given: address,
    });
  });
});

describe("measuring a frame", () => {
  test("each beginning of it asks for more, all of it is enough, and what follows changes nothing", () => {
    for (const whole of [BALANCE, EMPTY])
      for (let length = 1; length < whole.length; length += 1) {
        expect(frameLength(whole.subarray(0, length), 0)).toBe(MORE);
        expect(frameLength(behind(whole.subarray(0, length), 0x16, 0x68), 2)).toBe(MORE);
      }
    expect(frameLength(BALANCE, 0)).toBe(20);
    expect(frameLength(EMPTY, 0)).toBe(12);
    expect(frameLength(Uint8Array.from([0x68, ...BALANCE, 0x68]), 1)).toBe(20);
    expect(measureFrame(BALANCE)).toEqual({ is: "frame", length: 20 });
    expect(measureFrame(behind(BALANCE, 0), 1)).toEqual({ is: "frame", length: 20 });
  });

  test("a wrong second start is seen as soon as it is there", () => {
    expect(frameLength(bytesOfHex("68 01 00 22 11 25 20"), 0)).toBe(MORE);
    expect(frameLength(bytesOfHex("68 01 00 22 11 25 20 69"), 0)).toBe(NONE);
    expect(frameLength(bytesOfHex("16 68 01 00 22 11 25 20 69"), 1)).toBe(NONE);
    expect(frameLength(BALANCE, 1)).toBe(NONE);
    expect(frameLength(BALANCE, 20)).toBe(NONE);
  });

  test("says how much is there and how much there should be, as soon as that is known", () => {
    const short = (length: number) => measureFrame(behind(BALANCE.subarray(0, length), 0xfe), 1);
    expect(short(1)).toEqual({ is: "short", why: "truncated: 1 of at least 12 bytes", lengthMin: 12 });
    expect(short(9)).toEqual({ is: "short", why: "truncated: 9 of at least 12 bytes", lengthMin: 12 });
    expect(short(10)).toEqual({ is: "short", why: "truncated: 10 of 20 bytes", lengthMin: 20 });
    expect(short(19)).toEqual({ is: "short", why: "truncated: 19 of 20 bytes", lengthMin: 20 });
  });

  test("says where it is wrong, counted from its own start, and how far it would have reached", () => {
    const wrong = (at: number, byte: number) => measureFrame(behind(BALANCE.with(at, byte), 0, 0, 0), 3);
    expect(wrong(0, 0x69)).toEqual({ is: "wrong", why: "noise", length: 1 });
    expect(wrong(7, 0x69)).toEqual({ is: "wrong", why: "noise", length: 1 });
    expect(wrong(19, 0x06)).toEqual({ is: "wrong", why: "end byte at offset 19 is 06, not 16", length: 20 });
    expect(wrong(18, 0x0f)).toEqual({ is: "wrong", why: "checksum at offset 18 is 0F, computed 80", length: 20 });
    // a single flipped data bit is the checksum's to find
    expect(wrong(14, 0x82)).toEqual({ is: "wrong", why: "checksum at offset 18 is 80, computed 7F", length: 20 });
  });

  test("a checksum is taken from the first byte up to, not with, the last", () => {
    expect(checksum(bytesOfHex("80 90 A0 01"), 1, 3)).toBe(0x30);
    expect(checksum(bytesOfHex("80 90 A0 01"), 2, 2)).toBe(0);
    expect(checksum(bytesOfHex("FF FF FF FF"), 0, 4)).toBe(0xfc);
  });
});

describe("reading exactly one frame", () => {
  test("wake-up bytes alone are none, and neither is nothing", () => {
    expect(decodeFrame(new Uint8Array())).toEqual({ fault: "truncated: no start byte" });
    expect(decodeFrame(bytesOfHex("FE FE FE"))).toEqual({ fault: "truncated: no start byte" });
  });

  test("what is wrong is told as it is measured, wake-up bytes not counted", () => {
    expect(decodeFrame(bytesOfHex("41 54"))).toEqual({ fault: "start bytes 68 are not where they belong" });
    expect(decodeFrame(behind(BALANCE.subarray(0, 9), 0xfe, 0xfe))).toEqual({ fault: "truncated: 9 of at least 12 bytes" });
    expect(decodeFrame(behind(BALANCE.with(19, 0), 0xfe))).toEqual({ fault: "end byte at offset 19 is 00, not 16" });
    expect(decodeFrame(Uint8Array.from([0xfe, ...BALANCE, 0xfe, 0xfe]))).toEqual({ fault: "2 bytes stand behind the end byte" });
  });
});

describe("whose frame it is", () => {
  // The addresses spelled last are kept by their lowest byte, so meters that share it must be told apart, each time.
  const addressOf = (address: string): string =>
    frameAt(encodeFrame({ address, control: 0x91, data: new Uint8Array() }), 0).address;

  test("meters whose addresses differ in any one digit are told apart, asked in turn", () => {
    const one = "202511220001";
    for (let i = 0; i < one.length; i += 1) {
      const other = `${one.slice(0, i)}7${one.slice(i + 1)}`;
      for (const each of [one, other, one, other]) expect(addressOf(each)).toBe(each);
    }
  });
  test("the first of all bytes is no address kept from before", () => {
    for (const each of ["000000000000", "999999999999", "AAAAAAAAAAAA", "100000000000", "000000000000"])
      expect(addressOf(each)).toBe(each);
  });
});

describe("hex", () => {
  test("is read with any blanks and in both cases", () => {
    expect([...bytesOfHex(" 0f\n0F\tAb 09")]).toEqual([0x0f, 0x0f, 0xab, 0x09]);
    expect([...bytesOfHex("")]).toEqual([]);
  });

  test("is read whole or not at all, and a long text is not told at full length", () => {
    for (const text of ["0", "012", "0x12", "12 3G", "G1 23", "-1"]) expect(() => bytesOfHex(text)).toThrow("not hex pairs");
    const long = "G".repeat(100);
    expect(() => bytesOfHex(long)).toThrow(`not hex pairs: "${"G".repeat(60)}"`);
    expect(() => bytesOfHex(long)).not.toThrow("G".repeat(61));
  });

  test("is written in pairs, with what one likes between them", () => {
    expect(hexByte(0)).toBe("00");
    expect(hexByte(0x0f)).toBe("0F");
    expect(hexByte(0xff)).toBe("FF");
    expect(hexByte(0x1a5)).toBe("A5");
    expect(hexBytes(Uint8Array.of(1, 0xab), "-")).toBe("01-AB");
  });
});

describe("an identifier", () => {
  test("travels lowest byte first, and its digits may be small letters", () => {
    expect(hexBytes(identifierBytesOf("0400010C"))).toBe("0C 01 00 04");
    expect(hexBytes(identifierBytesOf("abcdef09"))).toBe("09 EF CD AB");
    expect(hexBytes(identifierBytesOf("ABCDEF90"))).toBe("90 EF CD AB");
    expect(hexBytes(identifierBytesOf("901f"))).toBe("1F 90");
  });

  test.each(["/", ":", "@", "G", "`", "g"])("has no digit %s", (stranger) => {
    for (const di of [`${stranger}0900200`, `0090020${stranger}`, `00${stranger}0`])
      expect(refusalOf(() => identifierBytesOf(di))).toEqual({ field: "di", why: "not hex digits", given: di });
  });

  test.each(["", "900", "90102", "0090020", "009002001"])("has four digits or eight, not those of %j", (di) => {
    expect(refusalOf(() => identifierBytesOf(di))).toMatchObject({ field: "di", given: di });
  });

  test("is the same when all of its bytes are, whatever stands behind", () => {
    const asked = bytesOfHex("00 02 90 00");
    expect(sameIdentifier(asked, bytesOfHex("00 02 90 00 45 23"), 4)).toBe(true);
    for (let at = 0; at < 4; at += 1) expect(sameIdentifier(asked, asked.with(at, 0x77), 4)).toBe(false);
    expect(sameIdentifier(bytesOfHex("10 90 01"), bytesOfHex("10 90 02"), 2)).toBe(true);
    expect(sameIdentifier(bytesOfHex("10 90"), bytesOfHex("10 91"), 2)).toBe(false);
    expect(sameIdentifier(bytesOfHex("10 90"), bytesOfHex("11 90"), 2)).toBe(false);
  });

  test("is read from requests and replies that have one", () => {
    expect(identifierOf(frame(0x91, "0C0100AF 45"))).toBe("AF00010C");
    expect(identifierOf(frame(0x11, "0C010004"))).toBe("0400010C");
    expect(identifierOf(frame(0x81, "1F90 45"))).toBe("901F");
    expect(identifierOf(frame(0x81, "1F90"))).toBe("901F");
    expect(identifierOf(frame(0x83, "FF000007 45"))).toBe("070000FF");
    expect(identifierBytes("1997")).toBe(2);
    expect(identifierBytes("2007")).toBe(4);
  });

  test("is not read where there is none: too few bytes, a refusal, a function without", () => {
    expect(identifierOf(frame(0x91, "0C0100"))).toBeUndefined();
    expect(identifierOf(frame(0x81, "1F"))).toBeUndefined();
    expect(identifierOf(frame(0xd1, "0C010004"))).toBeUndefined();
    expect(identifierOf(frame(0x9c, "0C010004"))).toBeUndefined();
    expect(identifierOf(frame(0x1f, "0C010004"))).toBeUndefined();
  });
});

describe("the control byte", () => {
  test.each([
    [0x11, { reply: false, exception: false, more: false }],
    [0x91, { reply: true, exception: false, more: false }],
    [0xd1, { reply: true, exception: true, more: false }],
    [0xb1, { reply: true, exception: false, more: true }],
    // these bits of a request mean nothing
    [0x51, { reply: false, exception: false, more: false }],
    [0x31, { reply: false, exception: false, more: false }],
  ])("%i says who speaks, whether it declines and whether more follows", (control, said) => {
    expect({ reply: isReply(control), exception: isException(control), more: moreFollows(control) }).toEqual(said);
  });

  test("names the function, the same for request, reply and refusal", () => {
    for (const control of [0x11, 0x91, 0xb1, 0xd1]) expect(functionOf(frame(control)).word).toBe("read");
    expect(functionOf(frame(0x1c)).word).toBe("relay");
    expect(functionOf(frame(0x01)).word).toBe("read");
    expect(versionOf(frame(0x01))).toBe("1997");
    expect(versionOf(frame(0x11))).toBe("2007");
    expect(functionOf(frame(0x1d)).word).toBe("output");
  });

  test("every function has a title for people, known or not", () => {
    for (let code = 0; code < 0x20; code += 1) expect(functionOf(frame(0x80 | code)).title).toMatch(/[a-z]{4}/);
  });

  test("a function that is in no standard is called so", () => {
    for (const control of [0x00, 0x05, 0x1e, 0x1f, 0x9f])
      expect(functionOf(frame(control))).toMatchObject({ word: "unknown", version: "2007", identified: false });
  });

  test("03 is security when its identifier begins with 07 and when it declines, else the question repeated", () => {
    expect(functionOf(frame(0x03, "FF000007"))).toMatchObject({ word: "security", version: "2007" });
    expect(functionOf(frame(0x83, "FF000007"))).toMatchObject({ word: "security", version: "2007" });
    expect(functionOf(frame(0xc3, "0200"))).toMatchObject({ word: "security", version: "2007" });
    expect(functionOf(frame(0x03))).toMatchObject({ word: "read-again", version: "1997", identified: true });
    expect(functionOf(frame(0x83, "10900300"))).toMatchObject({ word: "read-again", version: "1997" });
    expect(functionOf(frame(0x83, "07070708"))).toMatchObject({ word: "read-again", version: "1997" });
  });
});
