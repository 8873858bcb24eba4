/** What bad wires, a stranger on them and a strange connection do to what is said; those that need no socket. */
import { expect } from "vitest";
import { fromHex, hex } from "../../../simulator/bytes.ts";
import type { lineKinds } from "../../../simulator/faults/line-kinds.ts";
import { A, framesIn, order, Party, question, RIGHT, TRIP, WireBench } from "./wire-bench.ts";

const right = `${A} 91 0000010000010000`;
const READ = question(A);
type Cases = Readonly<Partial<Record<keyof typeof lineKinds, () => Promise<void>>>>;

async function wholeAgain({ me, street }: WireBench): Promise<void> {
  street.clearAllFaults();
  expect((await me.say(READ)).pieces).toEqual([[0, hex(RIGHT)]]);
}

export const busCases = {
  echo: async () => {
    const bench = await WireBench.raise();
    bench.setBus({ kind: "echo" });
    const both = [
      [0, hex(READ)],
      [0, hex(RIGHT)],
    ];
    expect((await bench.me.say(READ)).pieces).toEqual(both);
    // A meter's own fault stands beside it.
    bench.set({ kind: "lost-reply" });
    expect((await bench.me.say(READ)).pieces).toEqual(both.slice(0, 1));
    const paced = await WireBench.raise({}, { bus: { baud: 11_000 } });
    paced.setBus({ kind: "echo" });
    // 16 ms there, 20 ms of silence, 20 ms back: the echo costs nothing.
    expect((await paced.me.say(READ, 100)).heard.map(({ ms }) => ms)).toEqual([20, 60]);
    await wholeAgain(bench);
  },
  noise: async () => {
    const bench = await WireBench.raise();
    const heardWith = async (where: "before" | "inside" | "after"): Promise<Uint8Array> => {
      bench.setBus({ kind: "noise", where, bytes: 6 });
      return (await bench.me.say(READ)).bytes;
    };
    const before = await heardWith("before");
    expect([before.length, hex(before.slice(6))]).toEqual([RIGHT.length + 6, hex(RIGHT)]);
    const after = await heardWith("after");
    expect([after.length, hex(after.slice(0, -6))]).toEqual([RIGHT.length + 6, hex(RIGHT)]);
    const inside = await heardWith("inside");
    expect([hex(inside.slice(0, 10)), hex(inside.slice(16)), framesIn(inside)]).toEqual([
      hex(RIGHT.slice(0, 10)),
      hex(RIGHT.slice(10)),
      [],
    ]);
    bench.setBus({ kind: "noise" });
    expect(hex((await bench.me.say(READ)).bytes.slice(5))).toBe(hex(RIGHT));
    await wholeAgain(bench);
  },
  "idle-noise": async () => {
    const bench = await WireBench.raise();
    bench.setBus({ kind: "idle-noise" });
    await bench.me.say(READ, 1_000);
    expect(bench.me.heard.map(({ ms, bytes }) => [ms, bytes.length])).toEqual([
      [0, RIGHT.length],
      [200, 5],
    ]);
    await wholeAgain(bench);
  },
  "dead-line": async () => {
    const bench = await WireBench.raise();
    bench.setBus({ kind: "dead-line" });
    for (let i = 0; i < 2; i += 1) expect((await bench.me.say(order(A, TRIP), 1_000)).pieces).toEqual([]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", heard: 0 });
    await wholeAgain(bench);
  },
  "bus-short": async () => {
    const bench = await WireBench.raise();
    const other = new Party(bench);
    bench.setBus({ kind: "bus-short" });
    await bench.me.say(order(A, TRIP));
    const zeros = [[0, hex(new Uint8Array(order(A, TRIP).length))]];
    expect([bench.me.pieces, other.heard.map(({ bytes }) => hex(bytes))]).toEqual([zeros, [zeros[0]![1]]]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", heard: 0 });
    bench.street.clearAllFaults();
    bench.setBus({ kind: "bus-short", fill: "garbage" });
    await bench.me.say(READ);
    expect([bench.me.bytes.length, bench.me.frames]).toEqual([READ.length, []]);
    expect(hex(bench.me.bytes)).not.toBe(hex(new Uint8Array(READ.length)));
    await wholeAgain(bench);
  },
  "bit-errors": async () => {
    const bench = await WireBench.raise();
    bench.setBus({ kind: "bit-errors", rate: 1, direction: "from-meter" });
    expect((await bench.me.say(READ)).pieces).toEqual([[0, hex(RIGHT.map((byte) => byte ^ 0xff))]]);
    bench.street.clearAllFaults();
    bench.setBus({ kind: "bit-errors", rate: 1 });
    expect((await bench.me.say(READ)).pieces).toEqual([]);
    const weak = async (): Promise<string[]> => {
      const line = await WireBench.raise();
      line.setBus({ kind: "bit-errors", rate: 0.005 });
      const heard: string[] = [];
      for (let i = 0; i < 40; i += 1) heard.push(hex((await line.me.say(READ)).bytes));
      return heard;
    };
    const heard = await weak();
    // Some questions are lost, some answers are spoiled, some exchanges are whole; and tomorrow the same ones.
    expect([heard.includes(""), heard.includes(hex(RIGHT))]).toEqual([true, true]);
    expect(heard.some((bytes) => bytes !== "" && bytes !== hex(RIGHT))).toBe(true);
    expect(await weak()).toEqual(heard);
    await wholeAgain(bench);
  },
  "frame-loss": async () => {
    const bench = await WireBench.raise();
    bench.setBus({ kind: "frame-loss", rate: 1, direction: "from-meter" });
    expect((await bench.me.say(order(A, TRIP))).pieces).toEqual([]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "disconnected", heard: 1 });
    bench.street.clearAllFaults();
    bench.setBus({ kind: "frame-loss", rate: 1 });
    expect((await bench.me.say(READ)).pieces).toEqual([]);
    expect(bench.street.snapshot(A)).toMatchObject({ heard: 1 });
    bench.street.clearAllFaults();
    bench.setBus({ kind: "frame-loss", rate: 0.3, direction: "from-meter" });
    const answers: string[] = [];
    for (let i = 0; i < 200; i += 1) answers.push(hex((await bench.me.say(READ)).bytes));
    // A whole answer or none, and about as many of them as were ordered.
    const lost = answers.filter((bytes) => bytes === "").length;
    expect(answers.filter((bytes) => bytes !== "" && bytes !== hex(RIGHT))).toEqual([]);
    expect([lost > 40, lost < 80]).toEqual([true, true]);
    await wholeAgain(bench);
  },
  "baud-mismatch": async () => {
    const bench = await WireBench.raise();
    for (const baud of [1_200, 4_800, 9_600]) {
      const id = bench.setBus({ kind: "baud-mismatch", baud });
      expect((await bench.me.say(order(A, TRIP), 1_000)).pieces).toEqual([]);
      bench.street.bus("m").faults.clear(id);
    }
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", heard: 0 });
    bench.setBus({ kind: "baud-mismatch", direction: "from-meter", baud: 1_200 });
    const { bytes } = await bench.me.say(READ);
    // Half the speed: about half the bytes, and none of them a frame.
    expect([bench.street.snapshot(A).heard, bytes.length < RIGHT.length, bytes.length > 3, framesIn(bytes)]).toEqual([
      1,
      true,
      true,
      [],
    ]);
    expect((await bench.me.say(READ)).bytes).toEqual(bytes);
    bench.street.clearAllFaults();
    bench.setBus({ kind: "baud-mismatch", baud: 2_400 });
    expect((await bench.me.say(READ)).frames).toEqual([right]);
    await wholeAgain(bench);
  },
  "parity-mismatch": async () => {
    const bench = await WireBench.raise();
    bench.setBus({ kind: "parity-mismatch" });
    expect((await bench.me.say(order(A, TRIP), 1_000)).pieces).toEqual([]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", heard: 0 });
    bench.street.clearAllFaults();
    bench.setBus({ kind: "parity-mismatch", parity: "odd", direction: "from-meter" });
    // A port that does not look at parity bits hands on what it sampled: only the meters mind.
    expect((await bench.me.say(READ)).frames).toEqual([right]);
    bench.street.clearAllFaults();
    bench.setBus({ kind: "parity-mismatch", direction: "from-meter" });
    // Without a parity bit, an even byte's is taken for a missing stop bit, and a byte too many follows.
    const { bytes } = await bench.me.say(READ);
    expect([hex(bytes.slice(0, 1)), bytes.length > RIGHT.length, framesIn(bytes)]).toEqual(["68", true, []]);
    await wholeAgain(bench);
  },
  "swapped-wires": async () => {
    const bench = await WireBench.raise();
    bench.setBus({ kind: "swapped-wires" });
    expect((await bench.me.say(order(A, TRIP), 1_000)).frames).toEqual([]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", heard: 0 });
    await wholeAgain(bench);
  },
  "foreign-master": async () => {
    const bench = await WireBench.raise();
    bench.setBus({ kind: "foreign-master" });
    expect((await bench.me.say(question(A, "04000402"))).pieces.map(([, bytes]) => framesIn(fromHex(bytes))[0])).toEqual([
      `${A} 11 00000100`,
      right,
      `${A} 91 02040004010022112620`,
    ]);
    expect(bench.street.snapshot(A).heard).toBe(2);
    await wholeAgain(bench);
  },
  "half-open": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "late-reply" });
    await bench.me.say(READ, 1_000);
    bench.setBus({ kind: "half-open" });
    // Neither what was on its way nor anything new comes through.
    await bench.pass(3_000);
    expect(bench.me.pieces).toEqual([]);
    expect((await bench.me.say(order(A, TRIP), 1_000)).pieces).toEqual([]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", heard: 1 });
    await wholeAgain(bench);
  },
  "slow-drip": async () => {
    const bench = await WireBench.raise();
    bench.setBus({ kind: "slow-drip" });
    await bench.me.say(READ, 1_000);
    expect(bench.me.pieces).toEqual([...RIGHT].map((byte, i) => [20 * (i + 1), hex(Uint8Array.of(byte))]));
    await wholeAgain(bench);
  },
  "stray-text": async () => {
    const bench = await WireBench.raise();
    bench.setBus({ kind: "stray-text", text: "IMEI860000000000001" });
    expect((await bench.me.say(READ)).pieces).toEqual([
      [0, Buffer.from("IMEI860000000000001").toString("hex").toUpperCase() + hex(RIGHT)],
    ]);
    bench.setBus({ kind: "stray-text" });
    expect(Buffer.from((await bench.me.say(READ)).bytes.slice(0, 9)).toString()).toBe("heartbeat");
    await wholeAgain(bench);
  },
} satisfies Cases;
