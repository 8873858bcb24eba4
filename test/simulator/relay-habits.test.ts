/** What the sources leave open about relays and control, switch by switch; and what timed trips refuse. */
import { describe, expect, test } from "vitest";
import { minutes } from "../../src/kernel/clock.ts";
import { fromHex, joined, reversed } from "../../simulator/bytes.ts";
import { habitsOf, usualHabits } from "../../simulator/habits.ts";
import { patchMeter } from "../../simulator/meter-door.ts";
import { scenarioShape } from "../../simulator/scenario.ts";
import type { Bench } from "./support/frames.ts";
import { authenticate, bench, plainOrder, purchaseData, read, securedOrder, writeData } from "./support/frames.ts";

const RANDOM_2 = "A1B2C3D4";
const order = (b: Bench, n1: number, options = {}): string => {
  const { control, data } = b.ask(0x1c, plainOrder(n1, { deadline: "991231235959", ...options }));
  return control === 0x9c ? "yes" : `ERR ${data}`;
};
const secured = (b: Bench, n1: number, options = {}): string => {
  const { control, data } = b.ask(0x1c, securedOrder(b.meter, n1, { random2: RANDOM_2, deadline: "991231235959", ...options }));
  return `${control.toString(16)} ${data}`;
};
const session = (plan = {}): Bench => {
  const b = bench(plan, { random2: RANDOM_2 });
  authenticate(b);
  return b;
};
const stateAfter = (b: Bench, ms: number): string => {
  b.clock.ms += ms;
  b.meter.settle();
  return b.meter.relay.state;
};

describe("protection on an open relay", () => {
  test.each([
    ["no", "disconnected"],
    ["arm", "armed"],
    ["close", "connected"],
  ] as const)("protectCloses %s leaves it %s", (protectCloses, state) => {
    const b = bench({ protectCloses });
    order(b, 0x1a);
    expect(order(b, 0x3a)).toBe("yes");
    expect(b.meter.relay.state).toBe(state);
  });

  test.each(["no", "arm", "close"] as const)(
    "protectCloses %s calls off a trip that waits and a timer that runs",
    (protectCloses) => {
      const waiting = bench({ protectCloses, tripDelayMinutes: 10 });
      order(waiting, 0x1a);
      order(waiting, 0x3a);
      expect([stateAfter(waiting, minutes(60)), read(waiting, "04000503")]).toEqual(["connected", "1200"]);
      const timed = bench({ protectCloses });
      order(timed, 0x1d, { n2: 1 });
      order(timed, 0x3a);
      const before = timed.meter.relay.state;
      expect(stateAfter(timed, minutes(60))).toBe(before);
    },
  );

  test("with no movement the supply stays off until somebody restores it, and trips are refused meanwhile", () => {
    const b = bench({ protectCloses: "no" });
    order(b, 0x1a);
    order(b, 0x3a);
    expect(order(b, 0x1a)).toBe("ERR 04");
    expect(order(b, 0x1c)).toBe("yes");
    expect(b.meter.relay.state).toBe("connected");
  });
});

describe("a password under production keys", () => {
  test.each([
    [true, "yes", "yes", "yes"],
    [false, "ERR 04", "ERR 04", "ERR 04"],
    ["restores", "ERR 04", "yes", "yes"],
  ] as const)("plainControl %s: 1A %s, 1B %s, 1C %s", (plainControl, ...expected) => {
    expect([0x1a, 0x1b, 0x1c].map((n1) => order(bench({ plainControl }), n1))).toEqual(expected);
  });

  test("level 04 restores as well; a wrong one does not, and where no password helps none is counted", () => {
    const b = bench({ plainControl: "restores" });
    expect(order(b, 0x1c, { level: "04", password: "111111" })).toBe("yes");
    expect(order(b, 0x1c, { password: "999999" })).toBe("ERR 04");
    const deaf = bench({ plainControl: false, passwordTriesMax: 1 });
    order(deaf, 0x1a, { password: "999999" });
    deaf.meter.plainControl = true;
    expect(order(deaf, 0x1a)).toBe("yes");
  });

  test("is enough under test keys, whatever the switch says", () => {
    expect(order(bench({ plainControl: false, keyState: "test" }), 0x1a)).toBe("yes");
  });
});

describe("the block of a secured order", () => {
  const fields = (b: Bench): { control: number; data: string } => {
    const whole = securedOrder(b.meter, 0x1a, { random2: RANDOM_2, deadline: "991231235959" });
    const block = reversed(whole.slice(8));
    return b.ask(0x1c, joined(whole.slice(0, 8), reversed(block.slice(0, 16)), reversed(block.slice(16))));
  };

  test("turned round as one, or in fields: each meter takes its own and finds a wrong MAC in the other", () => {
    const whole = session();
    expect(fields(whole)).toEqual({ control: 0xdc, data: "0200" });
    expect(secured(whole, 0x1a)).toBe("9c 0400");
    const inFields = session({ controlBlock: "fields" });
    expect(secured(inFields, 0x1a)).toBe("dc 0200");
    expect(fields(inFields)).toEqual({ control: 0x9c, data: "0400" });
  });

  test("a meter without the extended reply answers P2 = 01 with nothing, or with one byte", () => {
    const b = session({ extendedReply: false });
    expect(secured(b, 0x1a)).toBe("9c ");
    expect(secured(b, 0x1a, { badMac: true })).toBe("dc 04");
    expect(secured(session(), 0x1a, { extended: false })).toBe("9c ");
  });
});

describe("the deadline", () => {
  const outcomes = (deadline: "strict" | "nines" | "ignored"): string[] =>
    ["999999999999", "000000000000", "261122095959", "261122100000", "270230000000"].map((given) =>
      order(bench({ deadline }), 0x1a, { deadline: given }),
    );
  const no = "ERR 04";

  test("strict, nines and ignored differ in what is no date and what is late", () => {
    expect(outcomes("strict")).toEqual([no, no, no, "yes", no]);
    expect(outcomes("nines")).toEqual(["yes", no, no, "yes", no]);
    expect(outcomes("ignored")).toEqual(["yes", "yes", "yes", "yes", "yes"]);
  });

  test("the same holds for a secured order", () => {
    const nines = { deadline: "999999999999" };
    expect([secured(session(), 0x1a, nines), secured(session({ deadline: "nines" }), 0x1a, nines)]).toEqual([
      "dc 0400",
      "9c 0400",
    ]);
  });
});

describe("an empty wallet", () => {
  test("takes 1B and 1C without moving, or refuses them", () => {
    const taken = session({ balance: "0.00" });
    expect([secured(taken, 0x1b), secured(taken, 0x1c)]).toEqual(["9c 0000", "9c 0000"]);
    const refused = bench({ balance: "0.00", emptyWalletOrders: "refused" });
    expect([order(refused, 0x1b), order(refused, 0x1c)]).toEqual(["ERR 04", "ERR 04"]);
    expect([taken.meter.relay.state, refused.meter.relay.state]).toEqual(["disconnected", "disconnected"]);
  });

  test("keeps the supply off when a timed trip ends, without a click in between, and money brings it back", () => {
    const b = session({ balance: "0.10", loadKw: 1 });
    order(b, 0x1d, { n2: 1 });
    b.meter.wallet.set(0n);
    expect(stateAfter(b, minutes(5))).toBe("disconnected");
    expect([read(b, "1D000001"), read(b, "1E000001")]).toEqual(["000001", "000000"]);
    authenticate(b);
    const purchase = { amount: 500n, count: 1n, customer: b.meter.customerNumber, random2: RANDOM_2 };
    expect(b.ask(0x03, purchaseData(b.meter, purchase)).control).toBe(0x83);
    expect(b.meter.relay.state).toBe("connected");
  });
});

describe("timed trips, 1D and 1E", () => {
  const tooLate = "dc 0001";
  test.each([0x1d, 0x1e])("%i is refused while tripped, while a trip waits and while the button is waited for", (n1) => {
    const tripped = session();
    secured(tripped, 0x1a);
    expect(secured(tripped, n1, { n2: 1 })).toBe(tooLate);
    secured(tripped, 0x1b);
    expect(secured(tripped, n1, { n2: 1 })).toBe(tooLate);
    const waiting = session({ tripDelayMinutes: 5 });
    secured(waiting, 0x1a);
    expect(secured(waiting, n1, { n2: 1 })).toBe(tooLate);
  });

  test("a repeat starts the timer anew", () => {
    const b = bench();
    order(b, 0x1d, { n2: 2 });
    expect(stateAfter(b, minutes(9))).toBe("disconnected");
    order(b, 0x1d, { n2: 2 });
    expect([stateAfter(b, minutes(9)), stateAfter(b, minutes(1))]).toEqual(["disconnected", "connected"]);
  });

  test("1A in between makes it a trip that stays, 1C ends it at once, 1B leaves it to the button", () => {
    const after = (n1: number): string => {
      const b = bench();
      order(b, 0x1d, { n2: 1 });
      order(b, n1);
      return stateAfter(b, minutes(30));
    };
    expect([0x1a, 0x1b, 0x1c].map(after)).toEqual(["disconnected", "armed", "connected"]);
  });

  test("N2 counts fives of minutes in binary, and is not looked at elsewhere", () => {
    const b = bench();
    order(b, 0x1e, { n2: 0x10 });
    expect([stateAfter(b, minutes(80) - 1), stateAfter(b, 1)]).toEqual(["disconnected", "armed"]);
    expect(order(bench(), 0x1a, { n2: 1 })).toBe("yes");
  });
});

test("a trip delay runs first, then a current that is too high holds the trip off as long as it may", () => {
  const b = bench({ loadKw: 3, tripDelayMinutes: 10 });
  b.ask(0x14, writeData("04001402", "010000"));
  b.ask(0x14, writeData("04001403", "0030"));
  order(b, 0x1a);
  expect([stateAfter(b, minutes(39)), read(b, "04000503")]).toEqual(["connected", "02C0"]);
  expect(stateAfter(b, minutes(1))).toBe("disconnected");
  expect(read(b, "1D000101")).toBe("261122104000");
});

test("a trip ordered again says what it waits for now: its delay, then the current", () => {
  const b = session({ loadKw: 3, tripDelayMinutes: 10 });
  b.ask(0x14, writeData("04001402", "010000"));
  b.ask(0x14, writeData("04001403", "0030"));
  expect([secured(b, 0x1a), secured(b, 0x1a)]).toEqual(["9c 0800", "9c 0800"]);
  stateAfter(b, minutes(10));
  authenticate(b);
  expect(secured(b, 0x1a)).toBe("9c 2000");
  const atOnce = session({ loadKw: 3 });
  atOnce.ask(0x14, writeData("04001402", "010000"));
  atOnce.ask(0x14, writeData("04001403", "0030"));
  expect([secured(atOnce, 0x1a), secured(atOnce, 0x1a)]).toEqual(["9c 2000", "9c 2000"]);
});

describe("who closed, in the record of a closing by the button", () => {
  const pressed = (b: Bench): string => {
    expect(b.meter.relay.pressButton(b.meter.settle())).toBe(true);
    return read(b, "1E000201");
  };

  test("whoever allowed it: by 1B, at the end of 1E, by 3A where that arms", () => {
    const b = bench({ protectCloses: "arm" });
    for (const n1 of [0x1a, 0x1b]) order(b, n1);
    expect(pressed(b)).toBe("00000001");
    order(b, 0x1e, { n2: 1 });
    stateAfter(b, minutes(5));
    expect(pressed(b)).toBe("00000001");
    for (const n1 of [0x1a, 0x3a]) order(b, n1);
    expect(pressed(b)).toBe("00000001");
  });

  test("nobody where the meter armed itself", () => {
    const b = bench({ balance: "2.00", alarm2: "1.00", alarm2Trips: true, loadKw: 1 });
    for (const n1 of [0x1a, 0x1b]) order(b, n1);
    expect(pressed(b)).toBe("00000001");
    expect(stateAfter(b, minutes(180))).toBe("armed");
    expect(pressed(b)).toBe("00000000");
  });
});

describe("a balance of just 04001005", () => {
  test.each([
    ["at-least", "499", "disconnected"],
    ["at-least", "500", "connected"],
    ["more-than", "500", "disconnected"],
    ["more-than", "501", "connected"],
  ] as const)("armingLimit %s: with %s fen it is %s", (armingLimit, fen, state) => {
    const b = bench({ armingLimit, balance: "0.01", loadKw: 1 });
    b.meter.closeAllowedAt = 500n;
    expect(stateAfter(b, minutes(60))).toBe("disconnected");
    patchMeter(b.meter, { loadKw: 0, balance: `${fen.slice(0, 1)}.${fen.slice(1)}` });
    expect(b.meter.relay.state).toBe(state);
  });
});

describe("wrong MACs where two hundred suspend", () => {
  const wrong = (b: Bench): string => secured(b, 0x2a, { badMac: true });

  test("no row ends the session; the two hundredth suspends until the meter's midnight", () => {
    const b = session({ macPolicy: "200" });
    for (let i = 0; i < 199; i += 1) expect(wrong(b)).toBe("dc 0200");
    expect(secured(b, 0x2a)).toBe("9c 0004");
    expect(wrong(b)).toBe("dc 0200");
    expect(secured(b, 0x2a)).toBe("dc 0100");
    expect(b.ask(0x03, fromHex("FF02810701000000")).control).toBe(0x83);
    b.clock.ms = Date.parse("2026-11-23T00:00:00+08:00");
    authenticate(b);
    expect(secured(b, 0x2a)).toBe("9c 0004");
  });
});

test("a scenario file may name habits, and a word that is none is refused by name", () => {
  const meter = { address: "202611220001", bus: "b" };
  const given = { ...meter, protectCloses: "close", plainControl: "restores", passwordTriesMax: 3, deadline: "nines" };
  expect(scenarioShape.parse({ meters: [given] }).meters).toEqual([given]);
  const wrong = scenarioShape.safeParse({ meters: [{ ...meter, deadline: "never" }] });
  expect(wrong.error?.issues[0]?.path).toEqual(["meters", 0, "deadline"]);
  expect(habitsOf({ deadline: undefined, extendedReply: false })).toEqual({ ...usualHabits, extendedReply: false });
});
