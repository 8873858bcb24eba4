/** What callers say of themselves, found in a stream of bytes however it is cut, and never inside a frame. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CallerEar } from "../../src/devices/dial-in/caller-ear.ts";
import { CallerBook, complaintsAbout, type DialInBus } from "../../src/devices/dial-in/caller-book.ts";
import { compilePattern, isReadyMade, readyMade, type Pattern } from "../../src/devices/dial-in/patterns.ts";
import { isFault } from "../../src/kernel/faults.ts";
import { MeterAddress } from "../../src/kernel/ids.ts";
import { encodeFrame } from "../../src/protocols/dlt645/index.ts";

const A = "202611220001";
const text = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value, "latin1"));
const hex = (value: string): Uint8Array => Uint8Array.from(Buffer.from(value.replaceAll(" ", ""), "hex"));
const joined = (...parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(Buffer.concat(parts));
/** A reply whose data holds whatever is wished. */
const frame = (data: Uint8Array = hex("00 00 01 00 56 34 12 00"), control = 0x91): Uint8Array =>
  encodeFrame({ address: A, control, data }, { preamble: 4 });

function hearing(...patterns: readonly (string | Pattern)[]) {
  const said: string[] = [];
  const rest: number[] = [];
  const ear = new CallerEar({
    patterns: patterns.map((each) => (typeof each === "string" ? compilePattern({ text: each }) : each)),
    said: ({ address, id }, bytes) => said.push(address ?? id ?? Buffer.from(bytes).toString("latin1")),
    rest: (bytes) => rest.push(...bytes),
  });
  return { ear, said, rest };
}

describe("patterns", () => {
  const found = (pattern: string, bytes: Uint8Array) => compilePattern({ text: pattern }).match(bytes, 0, true);

  test.each([
    ["{address}", text(A), { length: 12, address: A }],
    ["~{address};", text(`~${A};`), { length: 14, address: A }],
    ["REG {id};", text("REG north-4.b;"), { length: 14, id: "north-4.b" }],
    ["{id}", text("DTU7"), { length: 4, id: "DTU7" }],
    ["HB", text("HB"), { length: 2 }],
    ['{"hb":1}', text('{"hb":1}'), { length: 8 }],
    ["hex:7B {address} 7D", hex("7B 01 00 22 11 26 20 7D"), { length: 8, address: A }],
    ["hex:7B {address:be} 7D", hex("7B 20 26 11 22 00 01 7D"), { length: 8, address: A }],
    [readyMade.imei, text("861234567890123"), { length: 15, id: "861234567890123" }],
    [readyMade.iccid, text("8986031234567890123F"), { length: 20, id: "8986031234567890123F" }],
    [readyMade["four-faith-prot"], hex("78563412 4133303636363636383838 00 C0A80142 00"), "no"],
    [readyMade["four-faith-prot"], hex("78563412 3133303636363636383838 00 C0A80142 00"), { length: 21, id: "13066666888" }],
    [readyMade["address-frame"], frame(hex("01 00 22 11 26 20"), 0x93).slice(4), { length: 18, address: A, isFrame: true }],
    ["frame:91 04000401", frame().slice(4), "no"],
    ["frame:91 00010000", frame().slice(4), { length: 20, address: A, isFrame: true }],
    ["{digits:4}", text("12a4"), "no"],
    ["hex:{address}", hex("AA AA AA AA AA AA"), "no"],
  ] as const)("%s", (pattern, bytes, expected) => {
    expect(found(pattern, bytes)).toEqual(expected);
  });

  test("every ready-made one can be compiled, and is known by its name", () => {
    for (const [name, pattern] of Object.entries(readyMade)) {
      expect(compilePattern({ text: pattern }).match(new Uint8Array(0), 0, false)).toBe(name === "address-frame" ? "no" : "more");
      expect(isReadyMade(name)).toBe(true);
    }
    expect(isReadyMade("toString")).toBe(false);
  });

  test.each([
    ["", /it is empty/],
    ["{adress}", /"\{adress\}" is no place/],
    ["{id:0}", /is no place/],
    ["hex:7", /is no row of bytes/],
    ["hex:zz", /is no row of bytes/],
    ["{any:4}", /would fit everything/],
    ["frame:9", /control code/],
  ])("%j is refused, and it is said what is allowed", (pattern, why) => {
    expect(() => compilePattern({ text: pattern })).toThrow(
      expect.toSatisfy(
        (error: unknown) => isFault(error, "invalid-request") && why.test(error.message) && /ready-made/.test(error.message),
      ),
    );
  });
});

describe("the ear", () => {
  test("a registration glued to the first frame, repeated before the second, with a heartbeat between: frames pass alone", () => {
    const { ear, said, rest } = hearing(readyMade.address, "HB");
    ear.push(joined(text(A), frame(), text("HB\r\n"), text(A), frame()));
    expect(said).toEqual([A, "HB", A]);
    expect(rest).toEqual([...frame(), ...frame()]);
    expect(ear.isHolding).toBe(false);
  });

  test("however the stream is cut, the same is said and the same passes", () => {
    const stream = joined(text("DTU-10"), frame(), text("HB"), frame(text("HB202611220001HB")), text("DTU-1"), frame());
    fc.assert(
      fc.property(fc.array(fc.nat(stream.length), { maxLength: 12 }), (cuts) => {
        const { ear, said, rest } = hearing("DTU-10", "DTU-1", "HB");
        const at = [0, ...cuts.sort((a, b) => a - b), stream.length];
        for (let i = 1; i < at.length; i += 1) ear.push(stream.slice(at[i - 1], at[i]));
        expect(said).toEqual(["DTU-10", "HB", "DTU-1"]);
        expect(rest).toEqual([...frame(), ...frame(text("HB202611220001HB")), ...frame()]);
      }),
    );
  });

  test("whatever comes, nothing is lost that was not said, and little is held", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 40 })), (chunks) => {
        const { ear, said, rest } = hearing("HB", "hex:00 01");
        for (const chunk of chunks) ear.push(chunk);
        ear.flush();
        const taken = said.reduce((sum, each) => sum + each.length, 0);
        const all = chunks.flatMap((chunk) => [...chunk]);
        const lineEnds = all.filter((byte) => byte === 0x0d || byte === 0x0a).length;
        expect(rest.length + taken).toBeLessThanOrEqual(all.length);
        expect(rest.length + taken).toBeGreaterThanOrEqual(all.length - (said.length > 0 ? lineEnds : 0));
        expect(ear.isHolding).toBe(false);
      }),
    );
  });

  test("what began like a name and led nowhere passes as noise when nothing more comes", () => {
    const { ear, said, rest } = hearing("DTU-1", "REG{id}");
    ear.push(text("DTU"));
    expect(ear.isHolding).toBe(true);
    ear.flush();
    expect(rest).toEqual([...text("DTU")]);
    ear.push(text("REG7"));
    expect(said).toEqual([]);
    ear.flush();
    expect(said).toEqual(["7"]);
  });

  test("a frame that breaks off ends with the silence, and what is said then is heard", () => {
    const { ear, said } = hearing("HB");
    ear.push(frame().slice(0, 16));
    ear.push(text("HB"));
    expect(said).toEqual([]); // it may be the frame's own
    ear.push(frame().slice(0, 16));
    ear.flush();
    ear.push(text("HB"));
    expect(said).toEqual(["HB"]);
  });
});

describe("the book of callers", () => {
  const meters = ["202611220001", "202611220002", "202611220003", "202611220004"].map((address) => MeterAddress(address));
  const bus: DialInBus = {
    id: "hill",
    callers: [
      { registration: "DTU-0001", meters: meters.slice(0, 2) },
      { registration: "hex:7B7B84", source: "10.0.0.1", meters: [meters[2]!] },
    ],
  };

  test("meters behind one caller share a line, one that stands alone has its own", () => {
    const book = new CallerBook(bus, meters);
    expect([...book.lines]).toEqual([
      ["hill/DTU-0001", meters.slice(0, 2)],
      ["hill/hex-7B7B84", [meters[2]]],
      [`hill/${meters[3]!}`, [meters[3]]],
    ]);
    expect(book.byRegistration("DTU-0001", "1.2.3.4")).toMatchObject({ line: "hill/DTU-0001" });
    expect(book.byMeter(meters[1]!)).toEqual({ line: "hill/DTU-0001" });
    expect(book.byRegistration("hex:7B7B84", "10.0.0.1")).toMatchObject({ line: "hill/hex-7B7B84" });
    expect(book.byRegistration("hex:7B7B84", "10.0.0.2")).toEqual({ why: "hex:7B7B84 is expected from 10.0.0.1" });
    expect(book.byRegistration("DTU-9", "1.2.3.4")).toEqual({ why: "nobody is registered as DTU-9" });
    expect(book.bySource("10.0.0.1")).toBeUndefined(); // the registration has to fit as well
  });

  test("a listed name is not the beginning of a longer one that stands nowhere, in whatever pieces that comes", () => {
    const one = new CallerBook({ id: "b", callers: [{ registration: "DTU-1", meters }] }, meters);
    const said = (...pieces: readonly Uint8Array[]): readonly string[] => {
      const heard = hearing(...one.patterns);
      for (const piece of pieces) heard.ear.push(piece);
      heard.ear.flush();
      return heard.said;
    };
    expect(said(text("DTU-12"))).toEqual([]);
    expect(said(text("DTU-1"), text("2"))).toEqual([]);
    expect(said(text("DTU-1"))).toEqual(["DTU-1"]);
    expect(said(text("DTU-1\r\n"), text("DTU-1"))).toEqual(["DTU-1", "DTU-1"]);
    expect(said(joined(text("DTU-1"), frame()))).toEqual(["DTU-1"]);
    expect(said(joined(text("DTU-1"), frame().slice(4)))).toEqual(["DTU-1"]);
  });

  test("by where it calls from, and whoever calls where there is one caller only", () => {
    const source = new CallerBook({ id: "b", callers: [{ source: "10.0.0.9", meters }] }, meters);
    expect([source.bySource("10.0.0.9"), source.bySource("10.0.0.8")]).toEqual(["b/10.0.0.9", undefined]);
    const only = new CallerBook({ id: "b", callers: [{ meters }] }, meters);
    expect(only.bySource("192.0.2.1")).toBe("b/caller-1");
  });

  test("mistakes of the site file are named with their path", () => {
    const found = complaintsAbout(
      {
        id: "hill",
        dialIn: { says: ["imei", { text: "{adress}" }] },
        callers: [
          { registration: "A", meters: [meters[0]!] },
          { registration: "A", meters: [meters[0]!] },
          { source: "somewhere", meters: ["999900000000"] },
          { meters: [meters[1]!] },
        ],
      },
      new Set(meters),
    );
    expect(found.map(({ path }) => path)).toEqual([
      "dialIn.says[1]",
      "callers[1].registration",
      "callers[1]",
      "callers[1].meters[0]",
      "callers[2].source",
      "callers[2].meters[0]",
      "callers[3]",
    ]);
    expect(complaintsAbout(bus, new Set(meters))).toEqual([]);
  });
});
