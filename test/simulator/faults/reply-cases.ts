/** What a spoiled exchange looks like on the wire. */
import { expect } from "vitest";
import { hex, joined } from "../../../simulator/bytes.ts";
import type { replyKinds } from "../../../simulator/faults/reply-kinds.ts";
import { A, B, framesIn, order, Party, question, RIGHT, sumOf, TRIP, WireBench } from "./wire-bench.ts";

const right = `${A} 91 0000010000010000`;
const READ = question(A);

/** The exchange after a fault that was to spoil one: whole again. */
async function wholeAgain({ me, street }: WireBench): Promise<void> {
  expect(street.snapshot(A).faults).toEqual([]);
  expect((await me.say(READ)).frames).toContain(right);
}

export const replyCases: Readonly<Record<keyof typeof replyKinds, () => Promise<void>>> = {
  "lost-reply": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "lost-reply" });
    expect((await bench.me.say(order(A, TRIP), 5_000)).pieces).toEqual([]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "disconnected", obeyed: { disconnects: 1 } });
    await wholeAgain(bench);
  },
  "lost-request": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "lost-request" });
    expect((await bench.me.say(order(A, TRIP), 5_000)).pieces).toEqual([]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", heard: 0 });
    await wholeAgain(bench);
  },
  silence: async () => {
    const { me, street } = await WireBench.raise();
    street.setFault(A, { kind: "silence" });
    for (let i = 0; i < 3; i += 1) expect((await me.say(READ, 1_000)).pieces).toEqual([]);
    expect((await me.say(question(B))).frames).toEqual([`${B} 91 0000010000010000`]);
    expect(street.snapshot(A).heard).toBe(0);
    street.clearFaults(A);
    expect((await me.say(READ)).pieces).toEqual([[0, hex(RIGHT)]]);
  },
  "bad-checksum": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "bad-checksum" });
    const { bytes } = await bench.me.say(READ);
    expect(differing(bytes)).toEqual([RIGHT.length - 2]);
    await wholeAgain(bench);
  },
  "wrong-checksum-window": async () => {
    const bench = await WireBench.raise();
    const sumSaid = async (window: "from-second-68" | "without-address" | "with-wake-ups"): Promise<Uint8Array> => {
      bench.set({ kind: "wrong-checksum-window", window });
      return (await bench.me.say(READ)).bytes;
    };
    const body = RIGHT.subarray(0, -2);
    const late = await sumSaid("from-second-68");
    expect([differing(late), late.at(-2)]).toEqual([[RIGHT.length - 2], sumOf(body.subarray(7))]);
    const nameless = await sumSaid("without-address");
    expect([differing(nameless), nameless.at(-2)]).toEqual([
      [RIGHT.length - 2],
      sumOf(joined(body.subarray(0, 1), body.subarray(7))),
    ]);
    const woken = await sumSaid("with-wake-ups");
    expect(hex(woken).startsWith(`FEFEFEFE${hex(body)}`)).toBe(true);
    expect(woken.at(-2)).toBe((sumOf(body) + 4 * 0xfe) & 0xff);
    expect(framesIn(joined(late, nameless, woken))).toEqual([]);
    await wholeAgain(bench);
  },
  "wrong-length": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "wrong-length" });
    const { bytes } = await bench.me.say(READ);
    expect([bytes.length, bytes[9], bytes.at(-2)]).toEqual([RIGHT.length, RIGHT[9]! + 1, sumOf(bytes.subarray(0, -2))]);
    expect(framesIn(bytes)).toEqual([]);
    await wholeAgain(bench);
  },
  "bit-flips": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "bit-flips", bits: 3, times: 2 });
    const spoiled = [(await bench.me.say(READ)).bytes, (await bench.me.say(READ)).bytes];
    for (const bytes of spoiled) {
      const turned = differing(bytes).map((at) => bytes[at]! ^ RIGHT[at]!);
      expect(turned).toHaveLength(3);
      for (const bits of turned) expect([1, 2, 4, 8, 16, 32, 64, 128]).toContain(bits);
    }
    const again = await WireBench.raise();
    again.set({ kind: "bit-flips", bits: 3, times: 2 });
    expect((await again.me.say(READ)).bytes).toEqual(spoiled[0]);
    await wholeAgain(bench);
  },
  "unseen-corruption": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "unseen-corruption" });
    const { bytes, frames } = await bench.me.say(READ);
    expect(differing(bytes)).toHaveLength(2);
    expect(frames).toEqual([expect.stringMatching(new RegExp(`^${A} 91 00000100`))]);
    expect(frames).not.toEqual([right]);
    await wholeAgain(bench);
  },
  "late-reply": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "late-reply" });
    await bench.me.say(READ, 1_000);
    expect(bench.me.pieces).toEqual([]);
    await bench.me.say(question(A, "04000401"), 2_500);
    expect(bench.me.frames).toEqual([`${A} 91 01040004010022112620`, right]);
    expect(bench.me.heard.map(({ ms }) => ms)).toEqual([0, 2_000]);
    await wholeAgain(bench);
  },
  "duplicate-reply": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "duplicate-reply" });
    expect((await bench.me.say(READ)).pieces).toEqual([[0, hex(RIGHT) + hex(RIGHT)]]);
    await wholeAgain(bench);
  },
  "unasked-reply": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "unasked-reply", delayMs: 700 });
    expect((await bench.me.say(READ, 5_000)).pieces).toEqual([
      [0, hex(RIGHT)],
      [700, hex(RIGHT)],
    ]);
    await wholeAgain(bench);
  },
  "stale-reply": async () => {
    const bench = await WireBench.raise();
    await bench.me.say(READ);
    bench.set({ kind: "stale-reply" });
    expect((await bench.me.say(order(A, TRIP))).pieces).toEqual([[0, hex(RIGHT)]]);
    expect(bench.street.snapshot(A).relay).toBe("disconnected");
    await wholeAgain(bench);
  },
  "torn-reply": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "torn-reply" });
    expect((await bench.me.say(READ, 5_000)).pieces).toEqual([[0, hex(RIGHT.subarray(0, 10))]]);
    bench.set({ kind: "torn-reply", bytes: 3 });
    expect((await bench.me.say(READ, 5_000)).pieces).toEqual([[0, hex(RIGHT.subarray(0, 3))]]);
    await wholeAgain(bench);
  },
  "split-reply": async () => {
    const bench = await WireBench.raise();
    const other = new Party(bench);
    bench.set({ kind: "split-reply", times: 2 });
    expect((await bench.me.say(READ, 300)).pieces).toEqual([
      [0, hex(RIGHT.subarray(0, 7))],
      [100, hex(RIGHT.subarray(7, 14))],
      [200, hex(RIGHT.subarray(14))],
    ]);
    // The wires are taken until the last piece has come: who talks into them is not heard, and spoils the next piece.
    await bench.me.say(READ, 50);
    await other.say(question(B), 300);
    expect(bench.street.snapshot(B).heard).toBe(0);
    expect([bench.me.frames, bench.me.pieces.at(-1)]).toEqual([[], [200, hex(RIGHT.subarray(14))]]);
    bench.set({ kind: "split-reply", pieces: 20, gapMs: 1 });
    await bench.me.say(READ, 300);
    expect([bench.me.heard.length, hex(bench.me.bytes)]).toEqual([20, hex(RIGHT)]);
    await wholeAgain(bench);
  },
  "merged-reply": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "merged-reply" });
    expect((await bench.me.say(READ, 5_000)).pieces).toEqual([]);
    await bench.me.say(question(B));
    expect(bench.me.heard).toHaveLength(1);
    expect(bench.me.frames).toEqual([right, `${B} 91 0000010000010000`]);
    await wholeAgain(bench);
  },
  "wrong-address": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "wrong-address" });
    expect((await bench.me.say(READ)).frames).toEqual([right.replace(A, B)]);
    expect(bench.street.snapshot(B).heard).toBe(0);
    await wholeAgain(bench);
  },
  "wrong-function": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "wrong-function", times: 2 });
    expect((await bench.me.say(READ)).frames).toEqual([right.replace(" 91 ", " 92 ")]);
    expect((await bench.me.say(order(A, TRIP))).frames).toEqual([`${A} 91 `]);
    expect(bench.street.snapshot(A).relay).toBe("disconnected");
    await wholeAgain(bench);
  },
  "wrong-item": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "wrong-item" });
    expect((await bench.me.say(READ)).frames).toEqual([`${A} 91 0100010000010000`]);
    await wholeAgain(bench);
  },
};

/** Where these bytes are not the right answer's. */
const differing = (bytes: Uint8Array): number[] => {
  expect(bytes).toHaveLength(RIGHT.length);
  return [...RIGHT.keys()].filter((at) => bytes[at] !== RIGHT[at]);
};
