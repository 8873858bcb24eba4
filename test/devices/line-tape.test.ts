/** The ring of a line's last bytes: bounded, in order, exact, and forgetful from the old end. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { LineTape, type TapeEntry } from "../../src/devices/line-tape.ts";
import { tapeRow } from "../../src/devices/tape-view.ts";
import { Instant } from "../../src/kernel/clock.ts";
import { encodeFrame } from "../../src/protocols/dlt645/index.ts";

const A = "202611220001";
const all = { limit: 1_000_000 };
const reply = (length: number, fill: number): Uint8Array =>
  encodeFrame({ address: A, control: 0x91, data: Uint8Array.from({ length: length + 4 }, () => fill) });

test("it keeps the newest rows that fit its bound, byte by byte and in order, whatever was noted", () => {
  const notes = fc.array(
    fc.record({
      kind: fc.constantFrom("frame" as const, "noise" as const),
      direction: fc.constantFrom("sent" as const, "received" as const),
      length: fc.integer({ min: 0, max: 200 }),
      fill: fc.integer({ min: 0, max: 255 }),
    }),
    { maxLength: 120 },
  );
  fc.assert(
    fc.property(notes, fc.integer({ min: 300, max: 4_000 }), (all_, bytesMax) => {
      const tape = new LineTape(bytesMax);
      for (const [i, { kind, direction, length, fill }] of all_.entries())
        tape[kind](direction, kind === "frame" ? reply(length, fill) : new Uint8Array(length).fill(fill), Instant(i));
      const entries = tape.entries(all);
      expect(tape.newest).toBe(all_.length);
      expect(tape.bytes).toBeLessThanOrEqual(bytesMax);
      expect(entries).toHaveLength(tape.rows);
      // Rows of 235 bytes at most: what was forgotten had to go.
      if (tape.rows < all_.length) expect(tape.bytes + 250).toBeGreaterThan(bytesMax);
      for (const [i, entry] of entries.entries()) {
        const n = all_.length - entries.length + i + 1;
        const { kind, direction, length, fill } = all_[n - 1]!;
        expect(entry).toMatchObject({ n, at: n - 1, kind, direction });
        if (entry.kind === "frame") expect(entry.bytes).toEqual(reply(length, fill));
        else expect(entry.shape).toMatchObject({ length, zeros: fill === 0 ? length : 0, high: fill >= 0x80 ? length : 0 });
      }
    }),
    { numRuns: 150 },
  );
});

test("a line that says nothing costs nothing, and one that says little costs little", () => {
  const tape = new LineTape();
  expect({ rows: tape.rows, bytes: tape.bytes, entries: tape.entries(all) }).toEqual({ rows: 0, bytes: 0, entries: [] });
  tape.frame("sent", reply(4, 1), Instant(0));
  expect(tape.bytes).toBe(12 + 20);
});

test("it is asked for rows after a number, before one, from a moment on, and never for more than wanted", () => {
  const tape = new LineTape();
  for (let n = 1; n <= 20; n += 1) tape.frame("received", reply(4, n), Instant(n * 100));
  const numbers = (entries: readonly TapeEntry[]): number[] => entries.map(({ n }) => n);
  expect(numbers(tape.entries({ limit: 3 }))).toEqual([18, 19, 20]);
  expect(numbers(tape.entries({ after: 17, limit: 10 }))).toEqual([18, 19, 20]);
  expect(numbers(tape.entries({ before: 4, limit: 2 }))).toEqual([2, 3]);
  expect(numbers(tape.entries({ since: Instant(1_900), limit: 10 }))).toEqual([19, 20]);
  expect(tape.entries({ after: 20, limit: 10 })).toEqual([]);
});

test("a password is gone where it is kept, and the row says so; the rest is decoded", () => {
  const tape = new LineTape();
  const order = Uint8Array.of(0x02, 0x71, 0x82, 0x93, 1, 0, 0, 0, 0x1a, 0, 0, 0, 0x30, 0x10, 0x22, 0x11);
  tape.frame("sent", encodeFrame({ address: A, control: 0x1c, data: order }, { preamble: 4 }), Instant(0));
  const [entry] = tape.entries(all);
  expect(entry?.kind === "frame" && [...entry.bytes.subarray(15, 18)]).toEqual([0, 0, 0]);
  const row = tapeRow(entry!);
  expect(row).toMatchObject({
    kind: "frame",
    hex: "FEFEFEFE68010022112620681C1035••••••343333334D33333363435544••16",
    decoded: { address: A, function: "relay", direction: "request" },
  });
  expect(row.kind === "frame" && row.decoded.values).toContainEqual({ name: "password", value: "••••", unit: null });
  expect(row.kind === "frame" && row.decoded.values).toContainEqual(
    expect.objectContaining({ name: "order", value: "disconnect" }),
  );
});

test("bytes that belong to no frame are counted and described, and not kept", () => {
  const tape = new LineTape();
  tape.noise("received", Uint8Array.of(0x68, 1, 0, 0x22, 0x11, 0x26, 0x20, 0x68, 0x1c, 0x10, 0x35, 0xa4), Instant(0));
  tape.noise("received", Uint8Array.of(0xff, 0x00, 0x41), Instant(0));
  const [torn, stray] = tape.entries(all).map(tapeRow);
  expect(torn).toMatchObject({ kind: "noise", looks: "the beginning of a frame", shape: { length: 12, starts: 2, ends: 0 } });
  expect(stray).toMatchObject({
    kind: "noise",
    looks: "stray bytes",
    shape: { length: 3, ones: 1, zeros: 1 },
    zh: "3 字节，杂散字节",
  });
  expect(JSON.stringify([torn, stray])).not.toMatch(/35A4|FF0041/i);
});
