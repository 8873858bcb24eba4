/** A clock that drifts and jumps, and a house without power. */
import { expect, test } from "vitest";
import { Instant } from "../../src/kernel/clock.ts";
import { MeterClock } from "../../simulator/meter-clock.ts";
import { patchMeter, snapshotOf } from "../../simulator/meter-door.ts";
import { authenticate, bench, METER_A, plainOrder, read, StillClock } from "./support/frames.ts";
import { DAY, HOUR, pass, value } from "./support/life.ts";
import { Ear, raise, readRequest } from "./support/street.ts";

test("a clock with 100 ppm gains 8.64 s a day; set, it drifts on from there", () => {
  const b = bench({ clockDriftPpm: 100 });
  pass(b, DAY);
  expect([b.meter.clockOffsetMs, read(b, "04000102")]).toEqual([8_640, "100008"]);
  b.meter.clockOffsetMs = 0;
  pass(b, 10 * DAY);
  expect(b.meter.clockOffsetMs).toBe(86_400);
  patchMeter(b.meter, { clockDriftPpm: -20.5 });
  pass(b, DAY);
  expect(b.meter.clockOffsetMs).toBe(86_400 - 1_772);
});

test("the moment at which a clock shows something is its first, whatever its drift", () => {
  for (const ppm of [0, 1, -1, 999.9, -1_000, 20.5]) {
    const clock = new MeterClock(Instant(1_000_000), -12_345, ppm);
    for (const shown of [990_000, 1_000_001, 5_000_000_017, 90_000_000_001].map(Instant)) {
      const from = Instant(1_000_000);
      const at = clock.firstAt(shown, from);
      expect(clock.at(at) >= shown).toBe(true);
      expect(at === from || clock.at(Instant(at - 1)) < shown).toBe(true);
    }
  }
});

test("a fast clock freezes its day early, by its own midnight", () => {
  const b = bench(
    { loadKw: 3.6, energyKwh: "0.00", clockOffsetMs: 100_000, balance: "900.00" },
    { start: "2026-11-22T23:00:00+08:00" },
  );
  pass(b, HOUR);
  expect([value(b, "05060001"), value(b, "05060101").split(" ")[0]?.slice(-8)]).toEqual(["2611230000", "00000350"]);
});

test("set back over midnight, the day is not settled or frozen twice", () => {
  const b = bench({ loadKw: 1, balance: "900.00" }, { start: "2026-11-30T23:59:00+08:00" });
  pass(b, 70_000);
  b.meter.clockOffsetMs = -30_000;
  pass(b, HOUR);
  expect([value(b, "05060001"), value(b, "05060002")]).toEqual(["2612010000", "ERR 02"]);
  expect(b.meter.life.settlements.kept).toHaveLength(1);
});

test("without power a meter is silent, uses nothing and keeps its relay; clock and records tell of it", () => {
  const b = bench({ loadKw: 2, balance: "900.00" });
  authenticate(b);
  expect(read(b, "04000503")).toBe("2200");
  pass(b, HOUR);
  const energy = b.meter.energySteps;
  patchMeter(b.meter, { powered: false });
  expect(value(b, "00010000")).toBe("silence");
  pass(b, 2 * HOUR);
  expect(snapshotOf(b.meter)).toMatchObject({
    powered: false,
    loadKw: 0,
    relay: "connected",
    clock: "2026-11-22T13:00:00+08:00",
  });
  patchMeter(b.meter, { powered: true });
  expect(b.meter.energySteps).toBe(energy);
  expect([read(b, "04000503"), read(b, "04000102")]).toEqual(["0200", "130000"]);
  expect([read(b, "03110000"), value(b, "03110001"), value(b, "03110002")]).toEqual([
    "000001",
    "261122130000261122110000",
    "000000000000000000000000",
  ]);
  expect(read(b, "0280000A")).toBe("00000120");
});

test("a trip whose delay ends in the dark is made when power returns; an open relay stays open", () => {
  const b = bench({ loadKw: 1, tripDelayMinutes: 30 });
  b.ask(0x1c, plainOrder(0x1a));
  b.meter.powerOff();
  pass(b, HOUR);
  expect(b.meter.relay.isClosed).toBe(true);
  b.meter.powerOn();
  expect(b.meter.relay.isClosed).toBe(false);
  b.meter.powerOff();
  pass(b, HOUR);
  b.meter.powerOn();
  expect(b.meter.relay.state).toBe("disconnected");
  expect(b.meter.relay.tripCount).toBe(1);
});

test("what fell due in the dark is made up: settlements, switches and the last seven days; hours are not", () => {
  const next = { at: "2026-12-05T00:00", prices: ["0.9000"] };
  const b = bench({ loadKw: 1, balance: "900.00", tariff: { next } }, { start: "2026-11-22T10:30:00+08:00" });
  b.meter.powerOff();
  pass(b, 20 * DAY);
  b.meter.powerOn();
  expect([value(b, "05060001"), value(b, "05060007"), value(b, "05060008"), value(b, "05040001")]).toEqual([
    "2612120000",
    "2612060000",
    "ERR 02",
    "ERR 02",
  ]);
  expect(b.meter.life.settlements.kept).toHaveLength(1);
  expect([read(b, "02800020"), value(b, "05050001")]).toEqual(["00009000", "2612050000"]);
});

test("money that came in the dark brings the supply back with the lights", () => {
  const b = bench({ loadKw: 1, balance: "0.10" });
  pass(b, HOUR);
  expect(b.meter.relay.isClosed).toBe(false);
  b.meter.powerOff();
  patchMeter(b.meter, { balance: "20.00" });
  expect(b.meter.relay.isClosed).toBe(false);
  b.meter.powerOn();
  expect(b.meter.relay.isClosed).toBe(true);
});

test("on the wires a house without power is silent, whatever fault stands there, and its button does nothing", async () => {
  const clock = new StillClock();
  const meters = [{ address: METER_A, bus: "m", loadKw: 1 }];
  const street = await raise({ clock, buses: [{ id: "m", endpoint: { kind: "memory" } }], meters });
  const ear = new Ear();
  const end = street.memoryEnd("m");
  end.onBytes((bytes) => ear.hear(bytes));
  street.setFault(METER_A, { kind: "refusal", times: 1 });
  street.powerOff(METER_A);
  end.send(readRequest(METER_A, "00010000"));
  expect(ear.replies).toEqual([]);
  street.meter(METER_A).relay.disconnect(street.meter(METER_A).settle(), "order", 0);
  street.meter(METER_A).relay.arm();
  expect(street.pressButton(METER_A)).toBe(false);
  street.powerOn(METER_A);
  expect(street.pressButton(METER_A)).toBe(true);
  end.send(readRequest(METER_A, "03110000"));
  await ear.reply();
  expect(ear.replies).toHaveLength(1);
});
