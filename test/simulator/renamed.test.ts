/** 15H on a street: whoever has an address answers to it, however it was planned. */
import { expect, test } from "vitest";
import { fromHex, reversed } from "../../simulator/bytes.ts";
import { writeFrame } from "../../simulator/wire.ts";
import { A, B, C, question, WireBench } from "./faults/wire-bench.ts";
import { HandClock } from "../transports/hand-clock.ts";
import { raise } from "./support/street.ts";

const NEW = "202699990001";
const METER_NUMBER = "04000402";

const rename = (to: string): Uint8Array => writeFrame({ address: "AAAAAAAAAAAA", control: 0x15, data: reversed(fromHex(to)) });

/** Of the meter that was planned under this address, by somebody who presses its programming key. */
async function given(bench: WireBench, planned: string, to: string): Promise<void> {
  const meter = bench.street.meters.get(planned)!;
  meter.programmingEnabled = true;
  await bench.me.say(rename(to));
  meter.programmingEnabled = false;
}

/** The numbers of those who answer to this address; each meter was planned with its address as its number. */
async function whoAnswers({ me }: WireBench, address: string): Promise<string[]> {
  const { frames } = await me.say(question(address, METER_NUMBER));
  return frames.map((frame) => frame.split(" ")[2]!.slice(8).match(/../g)!.toReversed().join(""));
}

test("two meters that exchanged their addresses both answer, each to the other's", async () => {
  const bench = await WireBench.raise();
  await given(bench, B, NEW);
  await given(bench, A, B);
  await given(bench, B, A);
  expect([await whoAnswers(bench, A), await whoAnswers(bench, B), await whoAnswers(bench, NEW)]).toEqual([[B], [A], []]);
  expect([bench.street.meter(A).plan.address, bench.street.meter(B).plan.address]).toEqual([B, A]);
});

test("two owners of one address answer at once, and nobody can read it", async () => {
  const bench = await WireBench.raise();
  bench.street.patch(A, { meterNumber: "987654321098" });
  await given(bench, A, B);
  expect(await whoAnswers(bench, B)).toEqual([]);
  expect(bench.me.bytes.length).toBeGreaterThan(0);
  expect([A, B].map((planned) => bench.street.meters.get(planned)!.heard)).toEqual([2, 2]);
  expect(await whoAnswers(bench, A)).toEqual([]);
});

test("a meter that got its planned address back answers to it alone", async () => {
  const bench = await WireBench.raise();
  await given(bench, B, NEW);
  expect(await whoAnswers(bench, NEW)).toEqual([B]);
  await given(bench, B, B);
  expect([await whoAnswers(bench, NEW), await whoAnswers(bench, B)]).toEqual([[], [B]]);
});

test("a street that was loaded knows the new addresses, wildcards included", async () => {
  const bench = await WireBench.raise();
  await given(bench, A, NEW);
  const { plan } = bench.street;
  const clock = new HandClock();
  const street = await raise({ clock, seed: 7, buses: plan.buses, meters: plan.meters, state: bench.street.state() });
  const heard: Uint8Array[] = [];
  const end = street.memoryEnd("m");
  end.onBytes((bytes) => heard.push(bytes));
  for (const address of [NEW, "AAAA99990001", A, "AAAA11220001"]) end.send(question(address));
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
  expect([heard.length, street.meter(NEW).plan.address]).toEqual([2, A]);
});

test("swapped-addresses takes a renamed meter by the address it has now, and keeps to it", async () => {
  const bench = await WireBench.raise();
  await given(bench, B, NEW);
  expect(() => bench.set({ kind: "swapped-addresses", with: B })).toThrow(/another meter on m/);
  bench.set({ kind: "swapped-addresses", with: NEW });
  expect([await whoAnswers(bench, A), await whoAnswers(bench, NEW)]).toEqual([[B], [A]]);
  bench.street.clearFaults(A);
  expect([await whoAnswers(bench, A), await whoAnswers(bench, NEW), await whoAnswers(bench, C)]).toEqual([[A], [B], [C]]);
});
