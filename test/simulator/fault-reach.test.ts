/** What a fault reaches: an exchange that it cannot spoil uses nothing up, and what is said under it is what such a meter says. */
import { expect, test } from "vitest";
import { minutes } from "../../src/kernel/clock.ts";
import { fromHex, hex, reversed } from "../../simulator/bytes.ts";
import type { FaultOrder, Street } from "../../simulator/street.ts";
import { writeFrame } from "../../simulator/wire.ts";
import { fixedChance, securedOrder } from "./support/frames.ts";
import { A, B, order, question, RESTORE, TRIP, WireBench } from "./faults/wire-bench.ts";

const RANDOM_2 = "A1B2C3D4";
const ABSENT = "202611229999";
const EVERYBODY = "999999999999";
/** 10:01:00, a minute ahead of the meters' clocks. */
const clockForAll = writeFrame({ address: EVERYBODY, control: 0x08, data: reversed(fromHex("261122100100")) });
const kinds = (street: Street): string[] => street.standingFaults().map(({ kind }) => kind);
const right = (address: string): string => `${address} 91 0000010000010000`;

test.each(["refusal", "lost-reply", "bad-checksum", "merged-reply"] as const)(
  "nobody answers a clock for everybody: %s waits for an exchange that it can spoil, and the clock is taken",
  async (kind) => {
    for (const place of [{ meter: A }, { bus: "m" }]) {
      const bench = await WireBench.raise();
      bench.street.placeFault({ kind, ...place });
      expect((await bench.me.say(clockForAll)).bytes).toHaveLength(0);
      expect([kinds(bench.street), bench.street.snapshot(A).clock]).toEqual([[kind], "2026-11-22T10:01:00+08:00"]);
      expect(bench.street.frames().map(({ fault }) => fault)).toEqual([undefined]);
      expect((await bench.me.say(question(A))).frames).not.toEqual([right(A)]);
      expect(kinds(bench.street)).toEqual([]);
    }
  },
);

test("a question to nobody uses up nothing but what the wires themselves do", async () => {
  const bench = await WireBench.raise();
  for (const kind of ["lost-request", "noise", "foreign-master"] as const) bench.setBus({ kind });
  bench.set({ kind: "lost-reply" });
  expect((await bench.me.say(question(ABSENT))).bytes).toHaveLength(0);
  expect(kinds(bench.street)).toEqual(["lost-reply", "lost-request", "noise", "foreign-master"]);
  bench.street.clearAllFaults();
  bench.setBus({ kind: "echo", times: 1 });
  expect(hex((await bench.me.say(question(ABSENT))).bytes)).toBe(hex(question(ABSENT)));
  bench.setBus({ kind: "dead-line", times: 1 });
  await bench.me.say(question(ABSENT));
  expect(kinds(bench.street)).toEqual([]);
});

test("what strikes without an answer strikes a broadcast too, and a newer one does when the older cannot", async () => {
  const bench = await WireBench.raise();
  bench.set({ kind: "lost-reply" });
  bench.set({ kind: "lost-request" });
  await bench.me.say(clockForAll);
  expect([kinds(bench.street), bench.street.snapshot(A).clock, bench.street.snapshot(B).clock]).toEqual([
    ["lost-reply"],
    "2026-11-22T10:00:00+08:00",
    "2026-11-22T10:01:00+08:00",
  ]);
});

test("a request that the meter leaves unanswered uses up nothing that spoils answers", async () => {
  const bench = await WireBench.raise();
  bench.set({ kind: "bad-checksum" });
  expect((await bench.me.say(writeFrame({ address: A, control: 0x1e, data: new Uint8Array(0) }))).bytes).toHaveLength(0);
  expect(kinds(bench.street)).toEqual(["bad-checksum"]);
});

const sealed = (bench: WireBench, n1: number, extended = true): Uint8Array =>
  writeFrame({ address: A, control: 0x1c, data: securedOrder(bench.meter, n1, { random2: RANDOM_2, extended }) });

async function under(fault: FaultOrder, n1: number, { plan = {}, extended = true } = {}): Promise<string[]> {
  const bench = await WireBench.raise(plan, { chance: fixedChance(RANDOM_2) });
  await bench.authenticate();
  bench.set(fault);
  const { frames } = await bench.me.say(sealed(bench, n1, extended));
  expect(bench.street.snapshot(A).faults).toEqual([]);
  return frames.map((frame) => frame.slice(A.length + 1));
}

test.each([
  [0x1a, "0400"],
  [0x1b, "0200"],
  [0x1c, "0100"],
  [0x2a, "0004"],
  [0x2b, "0008"],
  [0x3a, "0001"],
  [0x3b, "0002"],
])("an empty acknowledgement of a secured %i says in the extended reply what the order would have done", async (n1, word) => {
  const kind = "empty-acknowledgement";
  expect(await under({ kind }, n1)).toEqual([`9C ${word}`]);
  expect(await under({ kind }, n1, { extended: false })).toEqual(["9C "]);
  expect(await under({ kind }, n1, { plan: { extendedReply: false } })).toEqual(["9C "]);
});

test("an empty acknowledgement of a trip with a delay speaks of the delay", async () => {
  const kind = "empty-acknowledgement";
  expect(await under({ kind }, TRIP, { plan: { tripDelayMinutes: 5 } })).toEqual(["9C 0800"]);
});

test.each(["refusal", "refused-though-done", "refused-though-partly-done"] as const)(
  "%s of a secured order has the two bytes that were asked for",
  async (kind) => {
    expect(await under({ kind }, TRIP)).toEqual(["DC 0400"]);
    expect(await under({ kind, error: "0010" }, TRIP)).toEqual(["DC 1000"]);
    expect(await under({ kind }, TRIP, { extended: false })).toEqual(["DC 01"]);
    expect(await under({ kind }, TRIP, { plan: { extendedReply: false } })).toEqual(["DC 01"]);
  },
);

test("an error of two bytes waits for an answer that has two", async () => {
  const bench = await WireBench.raise();
  bench.set({ kind: "refusal", error: "0100" });
  expect((await bench.me.say(order(A, TRIP))).frames).toEqual([`${A} 9C `]);
  expect(kinds(bench.street)).toEqual(["refusal"]);
});

test("a trip with a delay that is done by halves never comes, though the order stands; one that waited already does", async () => {
  const bench = await WireBench.raise({ tripDelayMinutes: 1 });
  bench.set({ kind: "refused-though-partly-done" });
  expect((await bench.me.say(order(A, TRIP))).frames).toEqual([`${A} DC 01`]);
  bench.street.advance(minutes(5));
  expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", relayOrder: "disconnect" });
  await bench.me.say(order(A, RESTORE));
  await bench.me.say(order(A, TRIP));
  bench.set({ kind: "refused-though-partly-done" });
  await bench.me.say(order(A, 0x2a));
  bench.street.advance(minutes(5));
  expect(bench.street.snapshot(A)).toMatchObject({ relay: "disconnected" });
});

test("somebody else's purchase stays within what the meter can show", async () => {
  const bench = await WireBench.raise({ balance: "999999.00", purchaseCount: 4_294_967_294 });
  bench.set({ kind: "count-jump", amount: "1.00" });
  await bench.me.say(question(A));
  bench.set({ kind: "count-jump", amount: "0.50", by: 2 });
  await bench.me.say(question(A));
  expect(bench.street.snapshot(A)).toMatchObject({ balance: "999999.00", purchaseCount: 4_294_967_294, credited: "0.00" });
  bench.set({ kind: "count-jump", amount: "0.50", by: 1 });
  await bench.me.say(question(A));
  expect(bench.street.snapshot(A)).toMatchObject({ balance: "999999.50", purchaseCount: 4_294_967_295, credited: "0.50" });
  expect((await bench.me.say(question(A, "00900200"))).frames).toEqual([`${A} 91 0002900050999999`]);
});
