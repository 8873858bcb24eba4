/** Many meters: those that nobody asks cost nothing, those that live keep little, and what they kept is what they lived. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { fromHex } from "../../simulator/bytes.ts";
import { LazyMap } from "../../simulator/lazy-map.ts";
import { Tape } from "../../simulator/tape.ts";
import { authenticate, bench, plainOrder, read, StillClock } from "./support/frames.ts";
import { DAY, HOUR, pass, value } from "./support/life.ts";
import { Ear, raise, readRequest } from "./support/street.ts";

const COUNT = 2_000;
const FIRST = 202_611_220_001;
const addresses = Array.from({ length: COUNT }, (_, i) => String(FIRST + i));
const plan = (bus: string) => addresses.map((address) => ({ address, bus, balance: "900.00" }));

test("two thousand meters answer and live a day, and take little", async () => {
  const clock = new StillClock();
  const before = process.memoryUsage().rss;
  const street = await raise({ clock, buses: [{ id: "m", endpoint: { kind: "memory" } }], meters: plan("m") });
  const ear = new Ear();
  const end = street.memoryEnd("m");
  end.onBytes((bytes) => ear.hear(bytes));
  for (const address of addresses) end.send(readRequest(address, "00010000"));
  await ear.reply(COUNT);
  clock.ms += DAY;
  for (const meter of street.meters.values()) meter.settle();
  const each = (process.memoryUsage().rss - before) / COUNT;
  console.log(`2,000 meters after a day: ${(each / 1_024).toFixed(1)} kB each, garbage included`);
  expect(street.snapshot(addresses.at(-1)!).consumed).not.toBe("0.00");
  // Garbage that was not yet collected is in it, so the bound is generous.
  expect(each).toBeLessThan(150_000);
});

test("a meter is made when it is looked at first, and has lived what it would have lived", async () => {
  const streets = await Promise.all(
    ["a", "b"].map((bus) =>
      raise({ clock: new StillClock(), buses: [{ id: bus, endpoint: { kind: "memory" } }], meters: plan(bus).slice(0, 20) }),
    ),
  );
  const [late, early] = streets as [(typeof streets)[number], (typeof streets)[number]];
  for (const meter of early.meters.values()) meter.settle();
  for (const street of streets) street.advance(40 * DAY);
  const [address] = addresses.slice(7);
  expect({ ...late.snapshot(address!), bus: "" }).toEqual({ ...early.snapshot(address!), bus: "" });
});

test("whatever nobody looked at is still there for a wildcard, for everybody's orders and by its number", async () => {
  const buses = [{ id: "m", endpoint: { kind: "memory" } }] as const;
  const street = await raise({ clock: new StillClock(), buses, meters: plan("m").slice(0, 9) });
  const ear = new Ear();
  const end = street.memoryEnd("m");
  end.onBytes((bytes) => ear.hear(bytes));
  end.send(readRequest("AAAAAAAAAA08".replace("08", addresses[7]!.slice(-2)), "04000401"));
  expect((await ear.reply()).slice(0, 12)).toBe(addresses[7]);
  expect(street.meters.size).toBe(9);
  expect([...street.meters.keys()]).toEqual(addresses.slice(0, 9));
  expect(() => street.meter("000000000000")).toThrow(/meter/i);
});

test("what is wrong with a plan is said when the street is built", async () => {
  const buses = [{ id: "m", endpoint: { kind: "memory" } }] as const;
  const meters = [
    { address: addresses[0]!, bus: "m" },
    { address: addresses[1]!, bus: "m", balance: "much" },
  ];
  await expect(raise({ clock: new StillClock(), buses, meters })).rejects.toThrow();
});

test("a lazy map makes each thing once, in any order, and keeps the order of the names", () => {
  const made: string[] = [];
  const map = new LazyMap((name) => (made.push(name), { name }));
  for (const name of ["c", "a", "b"]) map.expect(name);
  expect([map.get("a"), map.peek("b"), map.get("x"), map.size]).toEqual([{ name: "a" }, undefined, undefined, 3]);
  expect([...map.made()]).toEqual([{ name: "a" }]);
  expect([...map].map(([name]) => name)).toEqual(["c", "a", "b"]);
  map.forEach(({ name }) => expect(map.has(name)).toBe(true));
  expect(made).toEqual(["a", "c", "b"]);
});

test("a tape gives back what was put on it, the newest so many rows, whatever the numbers", () => {
  const cell = fc.option(fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), { nil: undefined });
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.array(cell, { maxLength: 60 }), { maxLength: 40 }), (max, rows) => {
      const tape = new Tape(max);
      for (const row of rows) tape.push(row);
      const kept = rows.slice(-max).reverse();
      expect(tape.length).toBe(kept.length);
      expect(Array.from({ length: max + 1 }, (_, i) => tape.row(i + 1))).toEqual(
        Array.from({ length: max + 1 }, (_, i) => kept[i]),
      );
      tape.clear();
      expect([tape.length, tape.row(1)]).toEqual([0, undefined]);
    }),
  );
});

test("a meter that lives for 65 days still tells each hour of forty", () => {
  const b = bench({ loadKw: undefined, balance: "9000.00" });
  pass(b, 65 * DAY);
  const { stretches, start } = b.meter.life.log;
  expect(stretches.length).toBeGreaterThanOrEqual(40 * 24);
  expect(stretches.length).toBeLessThan(40 * 24 + 3);
  expect(b.meter.life.at - start).toBeGreaterThanOrEqual(40 * DAY);
  expect([value(b, "05060001"), value(b, "0506003E")].every((day) => day.endsWith("0000"))).toBe(true);
  expect(value(b, "0506003F")).toBe("ERR 02");
  expect(value(b, "050400FE")).not.toContain("ERR");
});

test("a power loss that a fault brings stops consumption for as long as it lasts, at any speed, and ends by itself", async () => {
  for (const speed of [1, 60]) {
    const clock = new StillClock();
    const meters = [{ address: addresses[0]!, bus: "m", loadKw: 3.6, energyKwh: "0.00", balance: "900.00" }];
    const street = await raise({ clock, speed, buses: [{ id: "m", endpoint: { kind: "memory" } }], meters });
    const end = street.memoryEnd("m");
    street.setFault(addresses[0]!, { kind: "power-loss", offMs: 100_000 });
    end.send(readRequest(addresses[0]!, "00010000"));
    expect(street.snapshot(addresses[0]!)).toMatchObject({ powered: false, loadKw: 0 });
    // Nobody looks until long after: a hundred seconds of the wire's time at this speed were dark, and no more.
    clock.ms += HOUR / speed + 100_000;
    expect(street.snapshot(addresses[0]!)).toMatchObject({ powered: true, energyKwh: "3.60" });
    // 3,600 s at 3.6 kW less the hundred. A jump takes the wire's clock along.
    street.setFault(addresses[0]!, { kind: "power-loss", offMs: 100_000 });
    end.send(readRequest(addresses[0]!, "00010000"));
    street.advance(HOUR);
    expect(street.snapshot(addresses[0]!).energyKwh).toBe("7.10");
  }
});

test("records of cuts and restores tell what was counted, reactive and reverse as well", () => {
  const b = bench({ loadKw: 2, powerFactor: 0.8, energyKwh: "100.00" });
  pass(b, HOUR);
  b.ask(0x1c, plainOrder(0x1a, { deadline: "261122120000" }));
  expect([read(b, "1D000301"), read(b, "1D000401"), read(b, "1D000501")]).toEqual(["00010200", "00000000", "00001350"]);
  expect(read(b, "1D00FF01")).toHaveLength(68);
  expect(value(b, "00050000")).toBe("00001350");
});

test("a southern meter clears at level 96 and knows no 98", () => {
  const b = bench({ model: "southern-grid", mode: "remote", programmingEnabled: true });
  authenticate(b);
  const order = (level: string): string => b.ask(0x1b, fromHex(`${level}00000001000000${"00".repeat(20)}`)).data;
  // Both are refused: 98 because nobody knows it, 96 because its block is no block. A right one is taken by the chip.
  expect(order("98")).toBe("04");
  expect(b.meter.esam.isSuspended(b.meter.day)).toBe(false);
  for (let i = 0; i < 15; i += 1) {
    authenticate(b);
    order("98");
  }
  expect(b.meter.esam.isSuspended(b.meter.day)).toBe(false);
  for (let i = 0; i < 15; i += 1) {
    authenticate(b);
    order("96");
  }
  // Fifteen wrong MACs: the block was opened.
  expect(b.meter.esam.isSuspended(b.meter.day)).toBe(true);
});
