/** Alarms, overdraft, and the run-state words: every bit out of the state that it speaks of. */
import { expect, test } from "vitest";
import { bench, plainOrder, purchaseData, authenticate, read } from "./support/frames.ts";
import { patchMeter } from "../../simulator/meter-door.ts";
import { HOUR, pass } from "./support/life.ts";

const RANDOM_2 = "A1B2C3D4";

test("below alarm 1 or alarm 2 the pre-trip alarm shows; nothing trips before the money is gone", () => {
  const b = bench({ balance: "10.00", price: "1.0000", loadKw: 1, alarm1: "9.00", alarm2: "5.00" });
  expect(read(b, "04000503")).toBe("0200");
  pass(b, HOUR);
  expect(read(b, "04000503")).toBe("0200");
  pass(b, 36_000);
  expect([read(b, "00900200"), read(b, "04000503")]).toEqual(["00000899", "0280"]);
  pass(b, 8.98 * HOUR);
  expect([read(b, "00900200"), b.meter.relay.isClosed]).toEqual(["00000001", true]);
});

test("where alarm 2 reminds, it trips once in the millisecond, the button restores, and only a top-up arms it anew", () => {
  const b = bench(
    { balance: "6.00", price: "1.0000", loadKw: 1, alarm1: "9.00", alarm2: "5.00", alarm2Trips: true },
    { random2: RANDOM_2 },
  );
  // 1.01 yuan at one yuan an hour: the fen that makes it less than five.
  pass(b, 3_635_999);
  expect([read(b, "00900200"), b.meter.relay.state]).toEqual(["00000500", "connected"]);
  pass(b, 1);
  expect([read(b, "00900200"), b.meter.relay.state, read(b, "1D000001")]).toEqual(["00000499", "armed", "000001"]);
  expect(b.meter.relay.pressButton(b.meter.settle())).toBe(true);
  pass(b, 2 * HOUR);
  expect(b.meter.relay.state).toBe("connected");
  authenticate(b);
  const topUp = { amount: 400n, count: 1n, customer: b.meter.customerNumber, random2: RANDOM_2 };
  expect(b.ask(0x03, purchaseData(b.meter, topUp)).control).toBe(0x83);
  pass(b, 2 * HOUR);
  expect([b.meter.relay.state, read(b, "1D000001")]).toEqual(["armed", "000002"]);
  expect(b.ask(0x03, purchaseData(b.meter, { ...topUp, count: 2n })).control).toBe(0xc3);
  authenticate(b);
  expect(b.ask(0x03, purchaseData(b.meter, { ...topUp, count: 2n })).control).toBe(0x83);
  expect(b.meter.relay.state).toBe("connected");
});

test("a reminder without a plan for it does not trip; protected, it never does", () => {
  const plan = { balance: "6.00", price: "1.0000", loadKw: 1, alarm2: "5.00", alarm2Trips: true };
  const b = bench(plan);
  b.ask(0x1c, plainOrder(0x3a));
  pass(b, 2 * HOUR);
  expect(b.meter.relay.isClosed).toBe(true);
  const other = bench({ ...plan, alarm2Trips: false });
  pass(other, 2 * HOUR);
  expect(other.meter.relay.isClosed).toBe(true);
});

test("an overdraft runs to its limit and no further, and word 1 tells", () => {
  const b = bench({ balance: "1.00", price: "1.0000", loadKw: 1, overdraftLimit: "2.00" });
  pass(b, 2 * HOUR);
  expect([read(b, "00900200"), read(b, "00900201"), read(b, "04000501"), b.meter.relay.isClosed]).toEqual([
    "00000000",
    "00000100",
    "4000",
    true,
  ]);
  pass(b, 9 * HOUR);
  expect([read(b, "00900201"), b.meter.relay.isClosed]).toEqual(["00000200", false]);
});

test.each([
  ["clock battery low", { clockBatteryVolts: 2.6 }, "04000501", "0004", "02800008", "0260"],
  ["reading battery low", { readingBatteryVolts: 1 }, "04000501", "0008", "02800009", "0100"],
  [
    "ESAM, program, memory and clock failing",
    { failing: ["esam", "program", "memory", "clock"] },
    "04000501",
    "B200",
    "02800008",
    "0360",
  ],
  ["covers open", { coverOpen: true, terminalCoverOpen: true }, "04000507", "0600", "02800008", "0360"],
  ["auxiliary supply lost", { auxiliaryLost: true }, "04000507", "0010", "02800008", "0360"],
  ["under-voltage", { volts: [165] }, "04000504", "0002", "02010100", "1650"],
  ["over-voltage", { volts: [270] }, "04000504", "0004", "02010100", "2700"],
] as const)("%s", (_what, patch, word, bits, di, shown) => {
  const b = bench({ loadKw: 0 });
  expect(read(b, word)).toBe("0000");
  patchMeter(b.meter, {
    ...patch,
    ...("failing" in patch ? { failing: [...patch.failing] } : {}),
    ...("volts" in patch ? { volts: [...patch.volts] } : {}),
  });
  expect([read(b, word), read(b, di)]).toEqual([bits, shown]);
});

test("three phases: one lost, order reversed, unbalance, over-current and overload", () => {
  const b = bench({ phases: 3, loadKw: 9 });
  patchMeter(b.meter, { volts: [null, 0, null] });
  expect(["04000504", "04000505", "04000506", "04000507"].map((di) => read(b, di))).toEqual(["0000", "0080", "0000", "010C"]);
  patchMeter(b.meter, { volts: [null, null, null], phaseOrderReversed: true });
  expect(["04000505", "04000507"].map((di) => read(b, di))).toEqual(["0000", "0003"]);
  patchMeter(b.meter, { volts: [null, 150, null] });
  expect(read(b, "04000505")).toBe("0003");
  patchMeter(b.meter, { volts: [null, null, null], loadKw: 60 });
  expect(["04000504", "04000505", "04000506"].map((di) => read(b, di))).toEqual(Array(3).fill("0030"));
});

test("a current that is half of another is an unbalance, and none at all beside it a severe one", () => {
  const b = bench({ phases: 3, loadKw: 9 });
  patchMeter(b.meter, { volts: [null, 100, null] });
  expect(read(b, "04000507")).toBe("000C");
  patchMeter(b.meter, { volts: [null, 0, null] });
  expect(read(b, "04000507")).toBe("010C");
  patchMeter(b.meter, { volts: [null, 0, null], loadKw: 0 });
  expect(read(b, "04000507")).toBe("0004");
});

test("flow turned round: word 1 and 2, and the phase words", () => {
  const b = bench({ solarKw: 6, loadKw: undefined }, { start: "2026-05-20T12:00:00+08:00" });
  expect(Number.parseInt(read(b, "04000501"), 16) & 0x10).toBe(0x10);
  expect(Number.parseInt(read(b, "04000502"), 16) & 0x01).toBe(0x01);
  expect(read(b, "04000504")).toBe("0040");
  const demand = bench({ loadKw: 5 });
  demand.meter.life.demand.limit = 40_000;
  pass(demand, HOUR);
  expect(read(demand, "04000507")).toBe("0040");
});

test("no voltage at all is an outage, and has a word of its own", () => {
  expect(() => patchMeter(bench().meter, { volts: [0] })).toThrow(/volts/);
  expect(() => patchMeter(bench().meter, { volts: [230, 230] })).toThrow(/volts/);
  expect(() => patchMeter(bench({ phases: 3 }).meter, { volts: [0, 10, 22] })).toThrow(/powered/);
});

test("a failing chip ends the session and answers no security order, until it is mended", () => {
  const b = bench();
  authenticate(b);
  patchMeter(b.meter, { failing: ["esam"] });
  expect([read(b, "04000503"), authenticate(b)]).toEqual(["0200", { control: 0xc3, data: "0100" }]);
  patchMeter(b.meter, { failing: [] });
  expect([authenticate(b).control, read(b, "04000503")]).toEqual([0x83, "2200"]);
});
