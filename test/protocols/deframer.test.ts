/** The deframer on hostile lines: any cut, any noise, any flipped bit. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Deframer } from "../../src/protocols/dlt645/deframer.ts";
import type { Piece } from "../../src/protocols/dlt645/deframer.ts";
import { FRAME_BYTES_MAX, bytesOfHex, decodeFrame, encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Frame } from "../../src/protocols/dlt645/frame.ts";

const RUNS = { seed: 645, numRuns: 500 };

const anyFrame: fc.Arbitrary<Frame> = fc.record({
  address: fc.stringMatching(/^[0-9]{12}$/),
  control: fc.integer({ min: 0, max: 255 }),
  data: fc.uint8Array({ maxLength: 255 }),
});
/** Bytes in which no start byte stands can hide no frame, so what must come out is known. */
const quietNoise = fc.uint8Array({ maxLength: 40 }).map((bytes) => bytes.map((byte) => (byte === 0x68 ? 0x69 : byte)));

const framesOf = (pieces: readonly Piece[]): string[] =>
  pieces.flatMap((p) => (p.kind === "frame" ? [hexBytes(p.bytes, "")] : []));
const runThrough = (chunks: readonly Uint8Array[]): Piece[] => {
  const deframer = new Deframer();
  return [...chunks.flatMap((chunk) => deframer.push(chunk)), ...deframer.flush()];
};
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

const BALANCE = bytesOfHex("68 01 00 22 11 25 20 68 91 08 33 35 C3 33 83 56 34 33 80 16");

describe("a frame", () => {
  test("comes back from its bytes as it went in, with any number of wake-up bytes", () => {
    fc.assert(
      fc.property(anyFrame, fc.nat({ max: 12 }), (frame, preamble) => {
        expect(decodeFrame(encodeFrame(frame, { preamble }))).toEqual({ frame });
      }),
      RUNS,
    );
  });

  test("names what is wrong with it", () => {
    const wrong = (at: number, byte: number) => decodeFrame(BALANCE.with(at, byte));
    expect(wrong(18, 0x81)).toEqual({ fault: "checksum at offset 18 is 81, computed 80" });
    expect(wrong(19, 0x17)).toEqual({ fault: "end byte at offset 19 is 17, not 16" });
    expect(wrong(7, 0x69)).toEqual({ fault: "start bytes 68 are not where they belong" });
    expect(decodeFrame(BALANCE.slice(0, 15))).toEqual({ fault: "truncated: 15 of 20 bytes" });
    expect(decodeFrame(joined([BALANCE, Uint8Array.of(0)]))).toEqual({ fault: "1 bytes stand behind the end byte" });
  });

  test("is not made from arguments that cannot be one", () => {
    expect(() => encodeFrame({ address: "12345", control: 0x11, data: new Uint8Array() })).toThrow("twelve digits");
    expect(() => encodeFrame({ address: "12345678901B", control: 0x11, data: new Uint8Array() })).toThrow("twelve digits");
    expect(() => encodeFrame({ address: "123456789012", control: 0x11, data: new Uint8Array(256) })).toThrow("at most 255");
  });
});

describe("the deframer", () => {
  test("gives the same frames however the stream is cut", () => {
    const stream = fc.array(
      fc.oneof(
        anyFrame.map((f) => encodeFrame(f, { preamble: 2 })),
        quietNoise,
        fc.uint8Array({ maxLength: 30 }),
      ),
      { maxLength: 6 },
    );
    fc.assert(
      fc.property(stream, fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 20 }), (parts, steps) => {
        const whole = joined(parts);
        const chunks: Uint8Array[] = [];
        for (let at = 0, i = 0; at < whole.length; i += 1) {
          const step = steps[i % steps.length]!;
          chunks.push(whole.slice(at, at + step));
          at += step;
        }
        expect(framesOf(runThrough(chunks))).toEqual(framesOf(runThrough([whole])));
      }),
      RUNS,
    );
  });

  test("finds every frame between noise, and gives the noise back byte for byte", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(quietNoise, anyFrame), { minLength: 1, maxLength: 5 }), (pairs) => {
        const pieces = runThrough([joined(pairs.flatMap(([noise, frame]) => [noise, encodeFrame(frame)]))]);
        expect(pieces.flatMap((p) => (p.kind === "frame" ? [p.frame] : []))).toEqual(pairs.map(([, frame]) => frame));
        const noise = (bytes: readonly number[]) => bytes.filter((byte) => byte !== 0xfe);
        expect(noise(pieces.flatMap((p) => (p.kind === "noise" ? [...p.bytes] : [])))).toEqual(
          noise(pairs.flatMap(([bytes]) => [...bytes])),
        );
      }),
      RUNS,
    );
  });

  test("never makes a false frame of one flipped bit", () => {
    fc.assert(
      fc.property(anyFrame, fc.nat(), (frame, where) => {
        const bytes = encodeFrame(frame);
        const bit = where % (bytes.length * 8);
        const flipped = bytes.with(bit >> 3, bytes[bit >> 3]! ^ (1 << (bit & 7)));
        expect(framesOf(runThrough([flipped]))).toEqual([]);
      }),
      RUNS,
    );
  });

  test("any one of all bits of a real reply, flipped, leaves no frame at all", () => {
    for (let bit = 0; bit < BALANCE.length * 8; bit += 1) {
      const flipped = BALANCE.with(bit >> 3, BALANCE[bit >> 3]! ^ (1 << (bit & 7)));
      expect(framesOf(runThrough([flipped]))).toEqual([]);
    }
  });

  test("finds the true start inside a wrong one", () => {
    // the head of a frame that broke off, directly followed by the answer to the repetition
    const brokenOff = BALANCE.slice(0, 11);
    expect(framesOf(runThrough([brokenOff, BALANCE]))).toEqual([hexBytes(BALANCE, "")]);
    // a wrong start whose length would swallow two frames; nothing follows, so only silence tells
    const greedy = bytesOfHex("68 00 00 00 00 00 00 68 91 FF");
    const deframer = new Deframer();
    expect(deframer.push(joined([greedy, BALANCE, BALANCE]))).toEqual([]);
    expect(framesOf(deframer.flush())).toEqual([hexBytes(BALANCE, ""), hexBytes(BALANCE, "")]);
    expect(deframer.heldBytes).toBe(0);
  });

  test("swallows wake-up bytes and says why the rest was noise", () => {
    expect(runThrough([bytesOfHex("FE FE FE FE"), BALANCE, bytesOfHex("FE")]).map((p) => p.kind)).toEqual(["frame"]);
    expect(runThrough([BALANCE.with(18, 0)])).toEqual([
      { kind: "noise", bytes: BALANCE.with(18, 0), why: "checksum at offset 18 is 00, computed 80" },
    ]);
    expect(runThrough([BALANCE.slice(0, 9)])).toEqual([
      { kind: "noise", bytes: BALANCE.slice(0, 9), why: "truncated: 9 of at least 12 bytes" },
    ]);
    expect(runThrough([bytesOfHex("41 54 0D")])).toEqual([{ kind: "noise", bytes: bytesOfHex("41 54 0D"), why: "noise" }]);
  });

  test("never throws, never holds a longest frame or more, and loses no byte but wake-up bytes", () => {
    const nasty = fc.oneof(
      fc.constant(0x68),
      fc.constant(0x16),
      fc.constant(0xfe),
      fc.constant(0xff),
      fc.integer({ min: 0, max: 255 }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(nasty, { maxLength: 300 }), { maxLength: 10 }), (chunks) => {
        const deframer = new Deframer();
        const out: number[] = [];
        for (const chunk of chunks) {
          for (const piece of deframer.push(Uint8Array.from(chunk))) out.push(...piece.bytes);
          expect(deframer.heldBytes).toBeLessThan(FRAME_BYTES_MAX);
        }
        for (const piece of deframer.flush()) out.push(...piece.bytes);
        const kept = (bytes: readonly number[]) => bytes.filter((byte) => byte !== 0xfe);
        expect(kept(out)).toEqual(kept(chunks.flat()));
      }),
      RUNS,
    );
  });
});
