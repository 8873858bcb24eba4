/** What a meter that is not well, or not the one it is taken for, says on the wire and does behind it. */
import { expect } from "vitest";
import { hours } from "../../../src/kernel/clock.ts";
import { fromHex, hex, joined } from "../../../simulator/bytes.ts";
import type { meterKinds } from "../../../simulator/faults/meter-kinds.ts";
import { dataItemBytes, writeFrame } from "../../../simulator/wire.ts";
import { fixedChance, OPERATOR, purchaseData, writeData } from "../support/frames.ts";
import { A, B, order, Party, question, RESTORE, RIGHT, TRIP, WireBench } from "./wire-bench.ts";

const RANDOM_2 = "A1B2C3D4";
const right = `${A} 91 0000010000010000`;
const secured = (): Promise<WireBench> => WireBench.raise({}, { chance: fixedChance(RANDOM_2) });

/** The frame of a top-up by 20.00 yuan under the next count. */
const topUp = (bench: WireBench, customer = bench.meter.customerNumber): Uint8Array =>
  writeFrame({
    address: A,
    control: 0x03,
    data: purchaseData(bench.meter, { amount: 2_000n, count: bench.meter.purchaseCount + 1n, customer, random2: RANDOM_2 }),
  });
const write = (di: string, digits: string): Uint8Array => writeFrame({ address: A, control: 0x14, data: writeData(di, digits) });

export const meterCases: Readonly<Record<keyof typeof meterKinds, () => Promise<void>>> = {
  refusal: async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "refusal", error: "04" });
    expect((await bench.me.say(order(A, TRIP))).frames).toEqual([`${A} DC 04`]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", heard: 0, faults: [] });
    bench.set({ kind: "refusal", error: "0020" });
    expect((await bench.me.say(topUp(bench))).frames).toEqual([`${A} C3 2000`]);
  },
  "refused-though-done": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "refused-though-done" });
    expect((await bench.me.say(question(A))).frames).toEqual([right]);
    expect((await bench.me.say(order(A, TRIP))).frames).toEqual([`${A} DC 01`]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "disconnected", relayOrder: "disconnect", faults: [] });
    bench.set({ kind: "refused-though-done", error: "02" });
    expect((await bench.me.say(write("04001001", "00001234"))).frames).toEqual([`${A} D4 02`]);
    expect((await bench.me.say(question(A, "04001001"))).frames).toEqual([`${A} 91 0110000434120000`]);
  },
  "refused-though-partly-done": async () => {
    const bench = await secured();
    const kind = "refused-though-partly-done";
    await bench.authenticate();
    bench.set({ kind });
    expect((await bench.me.say(topUp(bench))).frames).toEqual([`${A} C3 0100`]);
    expect(bench.street.snapshot(A)).toMatchObject({ balance: "70.00", purchaseCount: 0, credited: "20.00" });
    bench.set({ kind, part: "count" });
    expect((await bench.me.say(topUp(bench))).frames).toEqual([`${A} C3 0100`]);
    expect(bench.street.snapshot(A)).toMatchObject({ balance: "70.00", purchaseCount: 1, credited: "20.00" });
    bench.set({ kind });
    expect((await bench.me.say(order(A, TRIP))).frames).toEqual([`${A} DC 01`]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", relayOrder: "disconnect", faults: [] });
    await bench.me.say(write("04001001", "11223344"));
    bench.set({ kind });
    const { heard } = bench.meter;
    expect((await bench.me.say(write("04001001", "55667788"))).frames).toEqual([`${A} D4 01`]);
    expect(bench.meter.heard).toBe(heard + 1);
    expect((await bench.me.say(question(A, "04001001"))).frames).toEqual([`${A} 91 0110000488772211`]);
  },
  "empty-acknowledgement": async () => {
    const bench = await secured();
    await bench.authenticate();
    bench.set({ kind: "empty-acknowledgement", times: 3 });
    expect((await bench.me.say(question(A))).frames).toEqual([right]);
    expect((await bench.me.say(order(A, TRIP))).frames).toEqual([`${A} 9C `]);
    expect((await bench.me.say(write("04001001", "00001234"))).frames).toEqual([`${A} 94 `]);
    expect((await bench.me.say(topUp(bench))).frames).toEqual([`${A} 83 FF020107`]);
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "connected", balance: "50.00", purchaseCount: 0, faults: [] });
  },
  "stuck-relay": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "stuck-relay" });
    expect((await bench.me.say(order(A, TRIP))).frames).toEqual([`${A} 9C `]);
    // Order disconnect (bit 6), contact closed (bit 4 clear), control error (word 1 bit 8).
    expect((await bench.me.say(question(A, "04000503"))).frames).toEqual([`${A} 91 030500044002`]);
    expect((await bench.me.say(question(A, "04000501"))).frames).toEqual([`${A} 91 010500040001`]);
    bench.street.clearFaults(A);
    expect((await bench.me.say(question(A, "04000503"))).frames).toEqual([`${A} 91 030500045002`]);
  },
  "welded-relay": async () => {
    const bench = await WireBench.raise({ loadKw: 2 });
    bench.set({ kind: "welded-relay" });
    expect((await bench.me.say(question(A, "04000501"))).frames).toEqual([`${A} 91 010500040000`]);
    await bench.me.say(order(A, TRIP));
    expect((await bench.me.say(question(A, "04000503"))).frames).toEqual([`${A} 91 030500045002`]);
    expect((await bench.me.say(question(A, "04000501"))).frames).toEqual([`${A} 91 010500040001`]);
    expect((await bench.me.say(question(A, "02030000"))).frames).toEqual([`${A} 91 00000302000002`]);
    bench.street.advance(hours(3));
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "disconnected", energyKwh: "7.00", loadKw: 2, consumed: "3.16" });
    bench.street.clearFaults(A);
    bench.street.advance(hours(3));
    expect(bench.street.snapshot(A)).toMatchObject({ relay: "disconnected", energyKwh: "7.00", loadKw: 0 });
    expect((await bench.me.say(question(A, "04000501"))).frames).toEqual([`${A} 91 010500040000`]);
  },
  "count-jump": async () => {
    const bench = await secured();
    await bench.authenticate();
    const mine = topUp(bench);
    bench.set({ kind: "count-jump", function: "03", di: "070102FF", amount: "12.50" });
    // What was right when it was made now carries a count that has been used up.
    expect((await bench.me.say(mine)).frames).toEqual([`${A} C3 0200`]);
    expect((await bench.me.say(question(A, "03330201"))).frames).toEqual([`${A} 91 010233030100`]);
    expect((await bench.me.say(question(A, "00900200"))).frames).toEqual([`${A} 91 0002900050620000`]);
    bench.set({ kind: "count-jump", by: 3 });
    await bench.me.say(question(A));
    expect(bench.street.snapshot(A)).toMatchObject({ balance: "72.50", purchaseCount: 4, credited: "22.50" });
  },
  "expired-session": async () => {
    const bench = await secured();
    await bench.authenticate();
    bench.set({ kind: "expired-session" });
    expect((await bench.me.say(topUp(bench))).frames).toEqual([`${A} C3 0800`]);
    await bench.authenticate();
    expect((await bench.me.say(topUp(bench))).frames).toEqual([`${A} 83 FF020107`]);
  },
  "clock-jump": async () => {
    const bench = await WireBench.raise();
    bench.set({ kind: "clock-jump", byMs: -900_000 });
    expect((await bench.me.say(question(A, "04000102"))).frames).toEqual([`${A} 91 02010004004509`]);
    bench.set({ kind: "clock-jump" });
    expect((await bench.me.say(question(A, "04000102"))).frames).toEqual([`${A} 91 02010004005509`]);
    expect(bench.street.snapshot(A).clock).toBe("2026-11-22T09:55:00+08:00");
  },
  "clock-drift": async () => {
    const bench = await WireBench.raise();
    const id = bench.set({ kind: "clock-drift", msPerDay: -120_000 });
    bench.street.advance(hours(12));
    expect((await bench.me.say(question(A, "04000102"))).frames).toEqual([`${A} 91 02010004005921`]);
    bench.street.advance(hours(12));
    expect(bench.street.snapshot(A).clock).toBe("2026-11-23T09:58:00+08:00");
    bench.street.clearFaults(A, id);
    bench.street.advance(hours(24));
    expect((await bench.me.say(question(A, "04000102"))).frames).toEqual([`${A} 91 02010004005809`]);
    bench.set({ kind: "clock-drift" });
    bench.street.advance(hours(24));
    expect(bench.street.snapshot(A).clock).toBe("2026-11-25T09:59:00+08:00");
  },
  "power-loss": async () => {
    const bench = await secured();
    await bench.authenticate();
    bench.set({ kind: "power-loss", offMs: 2_000 });
    expect((await bench.me.say(order(A, TRIP), 1_900)).pieces).toEqual([]);
    expect(bench.street.snapshot(A).relay).toBe("disconnected");
    expect((await bench.me.say(question(A), 50)).pieces).toEqual([]);
    expect((await bench.me.say(question(B))).frames).toHaveLength(1);
    await bench.pass(100);
    expect((await bench.me.say(question(A))).frames).toEqual([right]);
    expect((await bench.me.say(topUp(bench))).frames).toEqual([`${A} C3 0800`]);
    bench.set({ kind: "power-loss" });
    await bench.me.say(question(A), 29_900);
    expect((await bench.me.say(question(A), 200)).pieces).toEqual([]);
    expect((await bench.me.say(question(A))).frames).toEqual([right]);
  },
  "slow-meter": async () => {
    const bench = await WireBench.raise();
    const other = new Party(bench);
    bench.set({ kind: "slow-meter" });
    for (let i = 0; i < 2; i += 1) expect((await bench.me.say(question(A), 1_000)).pieces).toEqual([[400, hex(RIGHT)]]);
    bench.set({ kind: "duplicate-reply" });
    expect((await bench.me.say(question(A), 1_000)).pieces).toEqual([[400, hex(RIGHT) + hex(RIGHT)]]);
    await bench.me.say(question(A), 100);
    await other.say(question(B), 500);
    expect([bench.street.snapshot(B).heard, bench.me.frames]).toEqual([0, []]);
  },
  twin: async () => {
    const bench = await WireBench.raise();
    const id = bench.set({ kind: "twin" });
    expect((await bench.me.say(question(A))).heard).toHaveLength(1);
    expect(bench.me.frames).toEqual([]);
    bench.street.clearFaults(A, id);
    bench.set({ kind: "twin", delayMs: 60 });
    await bench.me.say(question(A), 100);
    expect(bench.me.heard.map(({ ms }) => ms)).toEqual([0, 60]);
    expect(bench.me.frames).toEqual([right, expect.stringMatching(new RegExp(`^${A} 91 00000100`))]);
    expect(bench.me.frames[1]).not.toBe(right);
    await bench.me.say(question(A, "04000402"), 100);
    expect(bench.me.frames).toEqual([`${A} 91 02040004010022112620`, `${A} 91 02040004020022112620`]);
    // Both obey what carries no proof, and each with its own relay.
    await bench.me.say(order(A, TRIP), 100);
    expect(bench.me.frames).toEqual([`${A} 9C `, `${A} 9C `]);
    await bench.me.say(question(A, "04000503"), 100);
    expect(bench.me.frames).toEqual([`${A} 91 030500045002`, `${A} 91 030500045002`]);
  },
  "swapped-addresses": async () => {
    const bench = await WireBench.raise();
    const id = bench.set({ kind: "swapped-addresses", with: B });
    expect((await bench.me.say(order(A, TRIP))).frames).toEqual([`${A} 9C `]);
    expect([bench.street.snapshot(A).relay, bench.street.snapshot(B).relay]).toEqual(["connected", "disconnected"]);
    expect((await bench.me.say(question(B, "04000402"))).frames).toEqual([`${B} 91 02040004010022112620`]);
    expect((await bench.me.say(question(B, "04000401"))).frames).toEqual([`${B} 91 01040004020022112620`]);
    const name = writeFrame({ address: "AAAAAAAA0002", control: 0x13, data: new Uint8Array(0) });
    expect((await bench.me.say(name)).frames).toEqual([`${B} 93 020022112620`]);
    bench.street.clearFaults(A, id);
    expect((await bench.me.say(order(B, RESTORE))).frames).toEqual([`${B} 9C `]);
    expect(bench.street.snapshot(B).relay).toBe("connected");
    expect(() => bench.set({ kind: "swapped-addresses", with: A })).toThrow(/with/);
    expect(() => bench.set({ kind: "swapped-addresses" })).toThrow(/with/);
  },
  "wrong-customer": async () => {
    const bench = await secured();
    const customer = bench.meter.customerNumber;
    bench.set({ kind: "wrong-customer", customerNumber: "000000004711" });
    expect((await bench.me.say(question(A, "0400040E"))).frames).toEqual([`${A} 91 0E040004114700000000`]);
    await bench.authenticate();
    expect((await bench.me.say(topUp(bench, customer))).frames).toEqual([`${A} C3 1000`]);
    expect(bench.street.snapshot(A)).toMatchObject({ balance: "50.00", customerNumber: customer });
    bench.street.clearFaults(A);
    expect((await bench.me.say(topUp(bench, customer))).frames).toEqual([`${A} 83 FF020107`]);
    bench.set({ kind: "wrong-customer" });
    expect((await bench.me.say(question(A, "0400040E"))).frames).toEqual([`${A} 91 0E040004020022112600`]);
  },
  "wrong-meter-number": async () => {
    const bench = await secured();
    bench.set({ kind: "wrong-meter-number" });
    expect((await bench.me.say(question(A, "04000402"))).frames).toEqual([`${A} 91 02040004020022112620`]);
    expect((await bench.me.say(question(A, "04000401"))).frames).toEqual([`${A} 91 01040004010022112620`]);
    await bench.authenticate();
    expect(bench.me.frames).toEqual([expect.stringMatching(new RegExp(`^${A} C3 `))]);
    const status = writeFrame({ address: A, control: 0x03, data: joined(dataItemBytes("078102FF"), OPERATOR) });
    expect((await bench.me.say(status)).frames).toEqual([`${A} C3 0800`]);
    bench.street.clearFaults(A);
    await bench.authenticate();
    expect(bench.me.frames).toEqual([expect.stringMatching(new RegExp(`^${A} 83 `))]);
    bench.set({ kind: "wrong-meter-number", meterNumber: "000000000815" });
    expect((await bench.me.say(question(A, "04000402"))).bytes).toEqual(
      writeFrame({ address: A, control: 0x91, data: fromHex("02040004150800000000") }),
    );
  },
};
