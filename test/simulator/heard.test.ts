/** The recording holds what was on the wires: for each kind of trouble, what a client got is what the lines say, byte by byte and in time. */
import { describe, expect, test } from "vitest";
import { hex, joined } from "../../simulator/bytes.ts";
import type { FrameEvent, NoiseEvent, StreetEvent } from "../../simulator/frame-log.ts";
import { lineOf } from "../../simulator/recording/line.ts";
import type { NoiseLine } from "../../simulator/recording/line.ts";
import type { BusPlan, FaultOrder } from "../../simulator/street.ts";
import { A, B, Party, question, RIGHT, WireBench } from "./faults/wire-bench.ts";

interface Piece {
  readonly ms: number;
  readonly bytes: string;
}

const isReply = (event: StreetEvent): event is FrameEvent => event.what === "frame" && event.re !== undefined;
const isNoise = (event: StreetEvent): event is NoiseEvent => event.what === "noise";

/** What the lines say that came out of the wires, in time; a reply whose pieces have lines of their own is told by them. */
function cameBy(events: readonly StreetEvent[], saidAt: number): Piece[] {
  const noise = events.filter(isNoise).filter(({ re, how }) => re !== undefined && how === undefined);
  const told = noise.map(({ wall, bytes }) => ({ ms: wall - saidAt, bytes: hex(bytes) }));
  const replies = events.filter(isReply).flatMap(({ wall, bytes, afterMs = [0], meter, re }) => {
    if (noise.some((line) => line.re === re && line.meter === meter)) return [];
    return { ms: wall - saidAt + afterMs.at(-1)!, bytes: hex(bytes) };
  });
  return [...told, ...replies].filter(({ bytes }) => bytes !== "").sort((a, b) => a.ms - b.ms);
}

const textOf = (pieces: readonly Piece[]): string => pieces.map(({ bytes }) => bytes).join("");

const onBus = (fault: FaultOrder) => ({ fault, place: "bus" as const });
const onMeter = (fault: FaultOrder) => ({ fault, place: "meter" as const });
const troubles: readonly { readonly fault: FaultOrder; readonly place: "bus" | "meter"; readonly isSilent?: true }[] = [
  onBus({ kind: "bit-errors", rate: 0.05, direction: "from-meter" }),
  onBus({ kind: "baud-mismatch", baud: 9_600, direction: "from-meter" }),
  onBus({ kind: "parity-mismatch", direction: "from-meter" }),
  onBus({ kind: "echo" }),
  onBus({ kind: "foreign-master" }),
  onBus({ kind: "bus-short" }),
  onBus({ kind: "bus-short", fill: "garbage" }),
  { ...onBus({ kind: "half-open" }), isSilent: true },
  { ...onBus({ kind: "swapped-wires" }), isSilent: true },
  { ...onBus({ kind: "baud-mismatch", baud: 9_600 }), isSilent: true },
  { ...onBus({ kind: "dead-line" }), isSilent: true },
  onBus({ kind: "slow-drip" }),
  onBus({ kind: "noise" }),
  onBus({ kind: "stray-text" }),
  onMeter({ kind: "late-reply", delayMs: 800 }),
  onMeter({ kind: "slow-meter" }),
  onMeter({ kind: "twin" }),
  onMeter({ kind: "twin", delayMs: 100 }),
  onMeter({ kind: "duplicate-reply" }),
  onMeter({ kind: "torn-reply" }),
];

describe.each([
  ["bytes take no time", {}],
  ["paced", { baud: 4_800 }],
] as readonly [string, Partial<BusPlan>][])("%s", (_how, bus) => {
  test.each(troubles.map((trouble) => [JSON.stringify(trouble.fault), trouble] as const))(
    "%s: what came is what was written down",
    async (_name, { fault, place, isSilent }) => {
      const bench = await WireBench.raise({}, { bus });
      if (place === "bus") bench.setBus(fault);
      else bench.set(fault);
      const from = bench.street.events.count;
      const saidAt = bench.clock.now();
      await bench.me.say(question(A), 1_500);
      const events = bench.street.events.events().slice(from);
      const told = cameBy(events, saidAt);
      expect(textOf(told)).toBe(hex(bench.me.bytes));
      expect(bench.me.bytes.length > 0).toBe(isSilent !== true);
      const last = bench.me.pieces.at(-1)?.[0] ?? 0;
      // The bench moves its clock in steps of five.
      expect(Math.abs((told.at(-1)?.ms ?? 0) - last)).toBeLessThanOrEqual(6);
      expect(events.length, "nothing is asked without a line").toBeGreaterThan(0);
    },
  );
});

test("a line with nothing wrong takes two lines for an exchange, and a paced reply says when it was out", async () => {
  const bench = await WireBench.raise({}, { bus: { baud: 2_400 } });
  await bench.me.say(question(A), 500);
  const lines = bench.street.events.events().map((event) => lineOf(event, { withoutWall: true }));
  expect(lines).toHaveLength(2);
  expect(lines[1]).toMatchObject({ what: "frame", re: 1, afterMs: [20 + Math.round((20 * 11_000) / 2_400)] });
});

test("what was sent, and what was left of it for the meters, stand in one line; the request that was heard in it names it", async () => {
  const bench = await WireBench.raise();
  bench.setBus({ kind: "bit-errors", rate: 0 });
  await bench.me.say(question(A));
  bench.street.clearBusFaults("m");
  bench.setBus({ kind: "half-open" });
  await bench.me.say(question(A));
  const lines = bench.street.events.events().map((event) => lineOf(event, { withoutWall: true }));
  expect(lines.filter(({ what }) => what !== "order")).toMatchObject([
    { what: "noise", n: 2, hex: hex(question(A)), heard: hex(question(A)), outcome: "heard", fault: "bit-errors" },
    { what: "frame", direction: "request", sentAs: 2 },
    { what: "frame", direction: "reply", hex: hex(RIGHT) },
    { what: "noise", hex: hex(question(A)), heard: "", outcome: "not-heard", fault: "half-open", connection: "1" },
  ]);
});

test("two who talk at once: what the first gets is what both together made of it", async () => {
  const bench = await WireBench.raise({}, { bus: { baud: 2_400 } });
  const other = new Party(bench);
  const saidAt = bench.clock.now();
  await bench.me.say(question(A), 100);
  await other.say(question(B), 400);
  const noise = bench.street.events.events().filter(isNoise);
  expect(noise).toMatchObject([{ re: 1, fault: "collision", meter: A }]);
  expect(hex(noise[0]!.bytes)).toBe(hex(joined(...other.heard.map(({ bytes }) => bytes))));
  expect(hex(noise[0]!.bytes)).not.toBe(hex(RIGHT));
  expect(noise[0]!.wall - saidAt).toBeGreaterThan(100);
});

test("a password in what was sent is dots in what was heard of it, too", async () => {
  const bench = await WireBench.raise();
  bench.setBus({ kind: "bit-errors", rate: 0 });
  const secret = "68010022112620681C103535333333896745896745334D3388555555AA16";
  await bench.me.say(Uint8Array.from(secret.match(/../g)!, (pair) => Number.parseInt(pair, 16)));
  const line = bench.street.events
    .events()
    .map((event) => lineOf(event, {}))
    .find(({ what }) => what === "noise") as NoiseLine;
  expect([line.hex, line.heard].every((text) => text?.includes("••") === true && !text.includes("896745"))).toBe(true);
});
