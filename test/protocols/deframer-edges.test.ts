/** What the deframer holds, what it hands out, and which reason a noise is given. */
import { describe, expect, test } from "vitest";
import { Deframer } from "../../src/protocols/dlt645/deframer.ts";
import type { Piece } from "../../src/protocols/dlt645/deframer.ts";
import { bytesOfHex, hexBytes } from "../../src/protocols/dlt645/frame.ts";

const BALANCE = bytesOfHex("68 01 00 22 11 25 20 68 91 08 33 35 C3 33 83 56 34 33 80 16");
const bytes = (...parts: readonly (string | Uint8Array)[]): Uint8Array =>
  Uint8Array.from(parts.flatMap((part) => [...(typeof part === "string" ? bytesOfHex(part) : part)]));
const told = (pieces: readonly Piece[]): string[] =>
  pieces.map((piece) => (piece.kind === "frame" ? `frame ${piece.frame.address}` : `${hexBytes(piece.bytes)}: ${piece.why}`));
const FRAME = "frame 202511220001";

describe("what is held", () => {
  test("is the unfinished frame alone: what stood before it is told at once", () => {
    const deframer = new Deframer();
    expect(deframer.heldBytes).toBe(0);
    expect(told(deframer.push(bytes("41 54", BALANCE, "0D", BALANCE.subarray(0, 11))))).toEqual([
      "41 54: noise",
      FRAME,
      "0D: noise",
    ]);
    expect(deframer.heldBytes).toBe(11);
    expect(deframer.push(new Uint8Array())).toEqual([]);
    expect(deframer.heldBytes).toBe(11);
    expect(deframer.push(BALANCE.subarray(11, 19))).toEqual([]);
    expect(deframer.heldBytes).toBe(19);
    expect(told(deframer.push(bytes("16 FE")))).toEqual([FRAME]);
    expect(deframer.heldBytes).toBe(0);
    expect(deframer.flush()).toEqual([]);
  });

  test("is a single start byte as well, and only a start byte", () => {
    const deframer = new Deframer();
    expect(deframer.push(bytes("FE 68"))).toEqual([]);
    expect(deframer.heldBytes).toBe(1);
    expect(told(deframer.push(BALANCE.subarray(1)))).toEqual([FRAME]);
    expect(told(deframer.push(bytes("69 16")))).toEqual(["69 16: noise"]);
    expect(deframer.heldBytes).toBe(0);
  });

  test("stays what it was when the chunk it came in is written over", () => {
    const chunk = BALANCE.slice(0, 12);
    const deframer = new Deframer();
    deframer.push(chunk);
    chunk.fill(0);
    expect(told(deframer.push(BALANCE.subarray(12)))).toEqual([FRAME]);
  });

  test("is let go when the line falls silent, and the next frame starts afresh", () => {
    const deframer = new Deframer();
    deframer.push(BALANCE.subarray(0, 12));
    expect(told(deframer.flush())).toEqual([`${hexBytes(BALANCE.subarray(0, 12))}: truncated: 12 of 20 bytes`]);
    expect(deframer.heldBytes).toBe(0);
    expect(deframer.flush()).toEqual([]);
    expect(told(deframer.push(BALANCE))).toEqual([FRAME]);
  });
});

describe("what is handed out", () => {
  test("is a view of the chunk, not a copy", () => {
    const chunk = bytes("41", BALANCE, "42");
    for (const piece of new Deframer().push(chunk)) expect(piece.bytes.buffer).toBe(chunk.buffer);
  });

  test("is decoded once, however often it is asked", () => {
    const [piece] = new Deframer().push(BALANCE);
    if (piece?.kind !== "frame") throw new Error("no frame");
    expect(piece.frame).toBe(piece.frame);
    expect(piece.frame).toEqual({ address: "202511220001", control: 0x91, data: bytesOfHex("00 02 90 00 50 23 01 00") });
    expect(piece.bytes).toEqual(BALANCE);
  });

  test("frames follow each other without anything between them", () => {
    expect(told(new Deframer().push(bytes(BALANCE, BALANCE, "FE FE", BALANCE)))).toEqual([FRAME, FRAME, FRAME]);
  });
});

describe("noise", () => {
  const noise = (...parts: readonly (string | Uint8Array)[]): string[] => {
    const deframer = new Deframer();
    return told([...deframer.push(bytes(...parts)), ...deframer.flush()]);
  };

  test("loses the wake-up bytes around it and keeps those inside", () => {
    expect(noise("FE FE 41 FE 54 FE", BALANCE, "FE FE", BALANCE, "FE 0D FE FE")).toEqual([
      "41 FE 54: noise",
      FRAME,
      FRAME,
      "0D: noise",
    ]);
    expect(noise("FE FE FE")).toEqual([]);
  });

  test("is explained by the first start in it that looked like a frame", () => {
    const [broken, late] = [BALANCE.with(18, 0x00), BALANCE.with(19, 0x17)];
    expect(noise(broken, late)).toEqual([`${hexBytes(bytes(broken, late))}: checksum at offset 18 is 00, computed 80`]);
    expect(noise(late, broken)).toEqual([`${hexBytes(bytes(late, broken))}: end byte at offset 19 is 17, not 16`]);
    // a byte seven before a start is no start by that
    for (const before of ["41", "41 42 43 44 45 46 47"])
      expect(noise(before, broken)).toEqual([`${before} ${hexBytes(broken)}: checksum at offset 18 is 00, computed 80`]);
  });

  test("is explained anew behind a frame", () => {
    expect(noise(BALANCE.with(18, 0), BALANCE, "41 54")).toEqual([
      `${hexBytes(BALANCE.with(18, 0))}: checksum at offset 18 is 00, computed 80`,
      FRAME,
      "41 54: noise",
    ]);
    expect(noise("41 54", BALANCE, BALANCE.with(19, 0))).toEqual([
      "41 54: noise",
      FRAME,
      `${hexBytes(BALANCE.with(19, 0))}: end byte at offset 19 is 00, not 16`,
    ]);
  });

  test("with a stray start in it has no reason of its own", () => {
    expect(noise("68 41 42 43 44 45 46 47 48")).toEqual(["68 41 42 43 44 45 46 47 48: noise"]);
    // at the end of the line a start is cut short while its second cannot have come
    expect(noise("68 41 42 43 44 45 46")).toEqual(["68 41 42 43 44 45 46: truncated: 7 of at least 12 bytes"]);
    // the first start is stray, the second a head whose frame was damaged
    expect(noise("68 00", BALANCE.with(18, 0))).toEqual([
      `68 00 ${hexBytes(BALANCE.with(18, 0))}: checksum at offset 18 is 00, computed 80`,
    ]);
  });
});
