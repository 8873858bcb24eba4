/**
 * Ten million bytes that nobody meant: through the deframer as a line would bring them, and as the data of well-formed frames
 * through everything that reads them. Nothing throws, nothing grows, and the line is found again within one frame.
 */
import { expect, test } from "vitest";
import { seededChance } from "../../src/kernel/chance.ts";
import type { Chance } from "../../src/kernel/chance.ts";
import { Deframer } from "../../src/protocols/dlt645/deframer.ts";
import { explain } from "../../src/protocols/dlt645/explain.ts";
import { FRAME_BYTES_MAX, bytesOfHex, decodeFrame, encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import { printExplanation } from "../../src/protocols/dlt645/print-explanation.ts";
import { readReply } from "../../src/protocols/dlt645/replies.ts";
import * as requests from "../../src/protocols/dlt645/requests.ts";

const LINE_BYTES = 8_000_000;
const DATA_BYTES = 2_000_000;
/** A burst of noise, and how many good frames follow it. */
const BURST_BYTES_MAX = 2_000;
const GOOD_FRAMES = 12;

const below = (chance: Chance, n: number): number => Math.floor(chance.next() * n);
/** The bytes that matter to a frame come more often than chance would bring them. */
const TELLING = [0x68, 0x16, 0xfe, 0xaa, 0x00, 0xff, 0x91, 0x33];
const burst = (chance: Chance): Uint8Array => {
  const bytes = chance.bytes(1 + below(chance, BURST_BYTES_MAX));
  const share = chance.next();
  return bytes.map((byte) => (chance.next() < share ? TELLING[byte & 7]! : byte));
};

test(`${LINE_BYTES} bytes on a line: no frame behind a noise is lost, and the first comes within one longest frame`, () => {
  const chance = seededChance(645);
  const frame = bytesOfHex("68 01 00 22 11 25 20 68 91 08 33 35 C3 33 83 56 34 33 80 16");
  const wanted = hexBytes(frame, "");
  const deframer = new Deframer();
  let pushed = 0;
  let out = 0;
  let heldMost = 0;
  let slowest = 0;
  let madeUp = 0;
  const push = (bytes: Uint8Array): number => {
    pushed += bytes.length;
    let found = 0;
    for (let at = 0; at < bytes.length;) {
      const step = 1 + below(chance, 300);
      for (const piece of deframer.push(bytes.subarray(at, at + step))) {
        out += piece.bytes.length;
        if (piece.kind === "frame" && hexBytes(piece.bytes, "") === wanted) found += 1;
        else if (piece.kind === "frame") madeUp += 1;
      }
      heldMost = Math.max(heldMost, deframer.heldBytes);
      at += step;
    }
    return found;
  };
  let bursts = 0;
  while (pushed < LINE_BYTES) {
    const madeUpBefore = madeUp;
    push(burst(chance));
    bursts += 1;
    let found = 0;
    let sent = 0;
    while (sent < GOOD_FRAMES || (found === 0 && sent * frame.length <= FRAME_BYTES_MAX)) {
      const before = pushed;
      found += push(frame);
      sent += 1;
      if (found === 0) slowest = Math.max(slowest, sent * frame.length);
      expect(pushed - before).toBe(frame.length);
    }
    // What a wrong start still holds back comes with the silence.
    for (const piece of deframer.flush()) {
      out += piece.bytes.length;
      if (piece.kind === "frame" && hexBytes(piece.bytes, "") === wanted) found += 1;
      else if (piece.kind === "frame") madeUp += 1;
    }
    // Eight bits of checksum: once in some thousand bursts the noise makes a frame of itself and what follows. Nothing else loses one.
    if (madeUp === madeUpBefore) expect({ bursts, found }).toEqual({ bursts, found: sent });
  }
  expect(bursts).toBeGreaterThan(5_000);
  expect(heldMost).toBeLessThan(FRAME_BYTES_MAX);
  expect(slowest).toBeLessThanOrEqual(FRAME_BYTES_MAX);
  expect(madeUp).toBeLessThan(bursts / 100);
  expect(out).toBeLessThanOrEqual(pushed);
});

test(`${DATA_BYTES} bytes inside well-formed frames: whatever they are, they are told and not thrown`, () => {
  const chance = seededChance(646);
  const heads = [
    "00900200",
    "0001FF00",
    "04000503",
    "0333FF01",
    "0506FF01",
    "06000001",
    "06100101",
    "070102FF",
    "04010001",
    "1D00FF01",
    "03300501",
  ];
  let bytes = 0;
  let frames = 0;
  while (bytes < DATA_BYTES) {
    const data = chance.bytes(below(chance, 256));
    // Half of them begin with an identifier that means something, so that the tables are reached.
    if (chance.next() < 0.5) data.set(bytesOfHex(heads[below(chance, heads.length)]!).reverse().subarray(0, data.length));
    const control = below(chance, 256);
    const encoded = encodeFrame({ address: "202611220001", control, data });
    const rows = explain(encoded);
    expect(rows).toHaveLength(1);
    if (frames % 20 === 0) printExplanation(rows);
    const decoded = decodeFrame(encoded);
    if (!("frame" in decoded)) throw new Error(decoded.fault);
    readReply(requests.read("202611220001", "00900200"), decoded.frame);
    bytes += encoded.length;
    frames += 1;
  }
  expect(frames).toBeGreaterThan(10_000);
});
