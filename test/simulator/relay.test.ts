/** Orders, the button, the deadline, and the two ways a supply comes back after money ran out. */
import { describe, expect, test } from "vitest";
import { minutes } from "../../src/kernel/clock.ts";
import type { Bench } from "./support/frames.ts";
import { authenticate, bench, plainOrder, purchaseData, read, securedOrder, writeData } from "./support/frames.ts";

const RANDOM_2 = "A1B2C3D4";
const order = (b: Bench, n1: number, options = {}): string => {
  const { control, data } = b.ask(0x1c, plainOrder(n1, options));
  return control === 0x9c ? "yes" : `ERR ${data}`;
};
const topUp = (b: Bench, amount: bigint): number => {
  authenticate(b);
  const next = { amount, count: b.meter.purchaseCount + 1n, customer: b.meter.customerNumber, random2: RANDOM_2 };
  return b.ask(0x03, purchaseData(b.meter, next)).control;
};

describe("plain orders", () => {
  test("disconnect and reconnect, and word 3, counters and records tell", () => {
    const b = bench();
    expect(read(b, "04000503")).toBe("0200");
    expect(order(b, 0x1a)).toBe("yes");
    expect(read(b, "04000503")).toBe("0250");
    expect(read(b, "1D000001")).toBe("000001");
    expect(read(b, "1D000101")).toBe("261122100000");
    expect(read(b, "1D000201")).toBe("00000001");
    expect(read(b, "1E000101")).toBe("000000000000");
    b.clock.ms += 1_000;
    expect(order(b, 0x1c)).toBe("yes");
    expect(read(b, "04000503")).toBe("0200");
    expect(read(b, "1E000101")).toBe("261122100001");
    expect(b.meter.obeyed).toMatchObject({ disconnects: 1, reconnects: 1 });
  });

  test("arm waits for the button", () => {
    const b = bench();
    expect(b.meter.relay.pressButton(b.meter.settle())).toBe(false);
    order(b, 0x1a);
    expect(b.meter.relay.pressButton(b.meter.settle())).toBe(false);
    order(b, 0x1b);
    expect(b.meter.relay.state).toBe("armed");
    expect(read(b, "04000503")).toBe("0210");
    expect(b.meter.relay.pressButton(b.meter.settle())).toBe(true);
    expect(read(b, "04000503")).toBe("0200");
  });

  test("warn, unwarn, protect, unprotect", () => {
    const b = bench();
    expect([order(b, 0x2a), read(b, "04000503")]).toEqual(["yes", "0280"]);
    expect([order(b, 0x2b), read(b, "04000503")]).toEqual(["yes", "0200"]);
    expect([order(b, 0x3a), read(b, "04000503")]).toEqual(["yes", "1200"]);
    expect(order(b, 0x1a)).toBe("ERR 04");
    expect([order(b, 0x3b), order(b, 0x1a)]).toEqual(["yes", "yes"]);
  });

  test.each([
    ["both levels with their passwords", { level: "04", password: "111111" }, "yes"],
    ["a password of the other level", { level: "04", password: "000000" }, "ERR 04"],
    ["a wrong password", { password: "123456" }, "ERR 04"],
    ["an unknown level", { level: "03" }, "ERR 04"],
    ["a deadline that is now", { deadline: "261122100000" }, "yes"],
    ["a deadline one second ago", { deadline: "261122095959" }, "ERR 04"],
    ["99 is no date", { deadline: "999999999999" }, "ERR 04"],
    ["00 is no date", { deadline: "000000000000" }, "ERR 04"],
    ["30 February", { deadline: "270230000000" }, "ERR 04"],
    ["24 o'clock", { deadline: "261122240000" }, "ERR 04"],
    ["a far date", { deadline: "991231235959" }, "yes"],
  ])("%s", (_what, options, outcome) => {
    expect(order(bench(), 0x1a, options)).toBe(outcome);
  });

  test("the deadline is compared with the meter's own clock", () => {
    expect(order(bench({ clockOffsetMs: minutes(31) }), 0x1a)).toBe("ERR 04");
    expect(order(bench({ clockOffsetMs: -minutes(31) }), 0x1a, { deadline: "261122093000" })).toBe("yes");
  });

  test("an unknown order, and a model that wants keys", () => {
    expect(order(bench(), 0x1f)).toBe("ERR 04");
    expect(order(bench({ plainControl: false }), 0x1a)).toBe("ERR 04");
  });
});

describe("secured orders", () => {
  const secured = (b: Bench, n1: number, options = {}): string => {
    const { control, data } = b.ask(0x1c, securedOrder(b.meter, n1, { random2: RANDOM_2, ...options }));
    return `${control.toString(16)} ${data}`;
  };
  const session = (plan = {}): Bench => {
    const b = bench(plan, { random2: RANDOM_2 });
    authenticate(b);
    return b;
  };

  test("tell in the extended reply what was done", () => {
    const b = session();
    expect(secured(b, 0x1a)).toBe("9c 0400");
    expect(secured(b, 0x1b)).toBe("9c 0200");
    expect(secured(b, 0x1c)).toBe("9c 0100");
    expect(secured(b, 0x1d, { n2: 1 })).toBe("9c 1000");
    expect(secured(b, 0x3a)).toBe("9c 0001");
    expect(secured(b, 0x3b)).toBe("9c 0002");
    expect(secured(b, 0x2a)).toBe("9c 0004");
    expect(secured(b, 0x2b)).toBe("9c 0008");
  });

  test("tell why not", () => {
    const b = session();
    expect(secured(b, 0x1a, { badMac: true })).toBe("dc 0200");
    expect(secured(b, 0x1f)).toBe("dc 0400");
    expect(secured(b, 0x1a, { deadline: "261122095959" })).toBe("dc 1000");
    expect(secured(b, 0x1d)).toBe("dc 8000");
    secured(b, 0x3a);
    expect(secured(b, 0x1a)).toBe("dc 2000");
    expect(secured(b, 0x1d, { n2: 1 })).toBe("dc 4000");
    secured(b, 0x3b);
    secured(b, 0x1a);
    expect(secured(b, 0x1e, { n2: 1 })).toBe("dc 0001");
    b.clock.ms += minutes(5);
    expect(secured(b, 0x1c)).toBe("dc 0800");
    expect(secured(b, 0x1c, { extended: false })).toBe("dc 04");
  });
});

describe("time in between", () => {
  test("a trip delay runs, shows as a warning, and 1B calls it off", () => {
    const b = bench({ tripDelayMinutes: 10, loadKw: 1 });
    order(b, 0x1a);
    expect(read(b, "04000503")).toBe("02C0");
    b.clock.ms += minutes(10) - 1;
    expect(b.meter.settle() && b.meter.relay.state).toBe("connected");
    b.clock.ms += 1;
    expect(b.meter.settle() && b.meter.relay.state).toBe("disconnected");
    expect(read(b, "1D000101")).toBe("261122101000");
    order(b, 0x1c);
    order(b, 0x1a);
    order(b, 0x1b);
    b.clock.ms += minutes(60);
    expect(b.meter.settle() && b.meter.relay.state).toBe("connected");
  });

  test("a current that is too high holds the trip off until it falls, or the time is over", () => {
    const b = bench({ loadKw: 3 });
    expect(b.ask(0x14, writeData("04001402", "010000")).control).toBe(0x94);
    expect(b.ask(0x14, writeData("04001403", "0030")).control).toBe(0x94);
    order(b, 0x1a);
    expect(b.meter.relay.isTripPending).toBe(true);
    b.meter.household.override = 1_000_000n;
    b.meter.reconsider();
    expect(b.meter.relay.state).toBe("disconnected");
    order(b, 0x1c);
    b.meter.household.override = 3_000_000n;
    order(b, 0x1a);
    b.clock.ms += minutes(30);
    b.meter.settle();
    expect(b.meter.relay.state).toBe("disconnected");
  });

  test("1D comes back directly, 1E as far as the button", () => {
    const b = bench();
    order(b, 0x1d, { n2: 2 });
    expect(b.meter.relay.state).toBe("disconnected");
    b.clock.ms += minutes(10);
    expect(b.meter.settle() && b.meter.relay.state).toBe("connected");
    order(b, 0x1e, { n2: 1 });
    b.clock.ms += minutes(5);
    expect(b.meter.settle() && b.meter.relay.state).toBe("armed");
  });
});

describe("an empty wallet", () => {
  const empty = (plan = {}): Bench => {
    const b = bench({ balance: "1.00", loadKw: 1, ...plan }, { random2: RANDOM_2 });
    b.clock.ms += minutes(600);
    b.meter.settle();
    expect(b.meter.wallet).toMatchObject({ balance: 0n, overdraft: 0n, consumed: 100n });
    expect(b.meter.relay.state).toBe("disconnected");
    return b;
  };

  test("trips by itself at zero, to the second, and stops counting", () => {
    const b = empty();
    // 1.00 yuan at 0.5283 and 1 kW lasts 1.89286 hours: 6814.31 seconds.
    expect(read(b, "1D000101")).toBe("261122115334");
    const energy = b.meter.energySteps;
    b.clock.ms += minutes(600);
    b.meter.settle();
    expect(b.meter.energySteps).toBe(energy);
  });

  test("takes 1B and 1C without moving; a top-up brings the supply back by itself", () => {
    const b = empty();
    expect(order(b, 0x1c, { deadline: "991231235959" })).toBe("yes");
    expect(order(b, 0x1b, { deadline: "991231235959" })).toBe("yes");
    expect(read(b, "04000503")).toBe("0250");
    expect(topUp(b, 500n)).toBe(0x83);
    expect(b.meter.relay.state).toBe("connected");
  });

  test("a supply that a person cut does not come back by money", () => {
    const b = empty();
    order(b, 0x1a, { deadline: "991231235959" });
    topUp(b, 500n);
    expect(b.meter.relay.state).toBe("disconnected");
  });

  test("goes into overdraft under protection, and trips when protection ends", () => {
    const b = bench({ balance: "0.50", loadKw: 1 }, { random2: RANDOM_2 });
    order(b, 0x3a);
    b.clock.ms += minutes(240);
    b.meter.settle();
    expect(b.meter.wallet).toMatchObject({ balance: 0n, overdraft: 161n, consumed: 211n });
    expect(read(b, "00900201")).toBe("00000161");
    expect(read(b, "04000501")).toBe("4000");
    order(b, 0x3b, { deadline: "991231235959" });
    expect(b.meter.relay.state).toBe("disconnected");
    topUp(b, 200n);
    expect(b.meter.wallet).toMatchObject({ balance: 39n, overdraft: 0n });
    expect(b.meter.relay.state).toBe("connected");
  });

  test("an overdraft limit is used up before the trip", () => {
    const b = bench({ balance: "0.50", overdraftLimit: "1.00", loadKw: 1 });
    b.clock.ms += minutes(600);
    b.meter.settle();
    expect(b.meter.wallet).toMatchObject({ balance: 0n, overdraft: 100n, consumed: 150n });
    expect(b.meter.relay.state).toBe("disconnected");
  });
});
