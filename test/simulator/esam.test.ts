/** What the meter's chip refuses, and in which order: every SERR bit, the session's end, and the two MAC limits. */
import { describe, expect, test } from "vitest";
import { fromHex, reversed } from "../../simulator/bytes.ts";
import { minutes } from "../../src/kernel/clock.ts";
import type { Bench, Purchase } from "./support/frames.ts";
import { authenticate, bench, purchaseData, read, securedOrder, writeData } from "./support/frames.ts";
import { macOf } from "./support/keys.ts";

const RANDOM_2 = "A1B2C3D4";
const CUSTOMER = "002611220001";
const session = (plan = {}): Bench => {
  const b = bench({ balance: "10.00", purchaseCount: 4, ...plan }, { random2: RANDOM_2 });
  expect(authenticate(b).control).toBe(0x83);
  return b;
};
const topUp = (b: Bench, changes: Partial<Purchase> = {}): string => {
  const { control, data } = b.ask(
    0x03,
    purchaseData(b.meter, { amount: 10_000n, count: 5n, customer: CUSTOMER, random2: RANDOM_2, ...changes }),
  );
  return control === 0x83 ? "yes" : `SERR ${data.slice(2)}${data.slice(0, 2)}`;
};

describe("a top-up", () => {
  test("is obeyed once, and its record tells of it", () => {
    const b = session();
    expect(read(b, "03330201")).toBe("0000");
    expect(topUp(b)).toBe("yes");
    expect(read(b, "00900200")).toBe("00011000");
    expect(read(b, "03330201")).toBe("0005");
    expect(read(b, "0333FF01")).toBe("00010000" + "00011000" + "00001000" + "00010000" + "0005" + "2611221000");
    expect(topUp(b)).toBe("SERR 0002");
    expect(b.meter.obeyed.topUps).toBe(1);
  });

  test.each<[string, string, Partial<Purchase>, object]>([
    ["0001", "test keys", {}, { keyState: "test" }],
    ["0001", "no account", {}, { opened: false }],
    ["0001", "no wallet", {}, { model: "remote-ledger" }],
    ["0010", "another customer, even with a repeated count", { customer: "000000000001", count: 4n }, {}],
    ["0004", "MAC 2, before the count is looked at", { badMac2: true, count: 9n }, {}],
    ["0002", "a repeated count, before MAC 1 is looked at", { badMac1: true, count: 4n }, {}],
    ["0020", "a gap in the count", { count: 6n }, {}],
    ["0020", "an older count", { count: 3n }, {}],
    ["0040", "more than may be hoarded, before MAC 1 is looked at", { badMac1: true }, { hoardingLimit: "109.99" }],
    ["0004", "MAC 1", { badMac1: true }, {}],
  ])("is refused with SERR %s: %s", (serr, _why, purchase, plan) => {
    const b = session(plan);
    expect(topUp(b, purchase)).toBe(`SERR ${serr}`);
    expect(b.meter.wallet.balance).toBe(1_000n);
    expect(b.meter.purchaseCount).toBe(4n);
  });

  test("needs a session, and a session lapses after five minutes, or by the next authentication, even a failed one", () => {
    const b = session();
    b.clock.ms += minutes(5) - 1;
    expect(read(b, "02800022")).toBe("0001");
    b.clock.ms += 1;
    expect(topUp(b)).toBe("SERR 0008");
    authenticate(b);
    const stranger = fromHex("FF00000701000000" + "00".repeat(16) + "010022112620" + "0000");
    expect(b.ask(0x03, stranger)).toEqual({ control: 0xc3, data: "0800" });
    expect(topUp(b)).toBe("SERR 0008");
  });

  test("a factor of another meter is SERR 0001", () => {
    const b = session();
    expect(b.ask(0x03, fromHex("FF00000701000000" + "00".repeat(24)))).toEqual({ control: 0xc3, data: "0100" });
  });
});

describe("opening an account", () => {
  const open = { di: "070101FF", customer: "000000654321" } as const;

  test("with a first purchase writes the customer and credits", () => {
    const b = session({ opened: false, purchaseCount: 0, balance: "0.00" });
    expect(b.meter.relay.state).toBe("disconnected");
    expect(topUp(b, { ...open, count: 1n })).toBe("yes");
    expect(read(b, "0400040E")).toBe("000000654321");
    expect(b.meter).toMatchObject({ isOpened: true, purchaseCount: 1n });
    expect(b.meter.wallet.balance).toBe(10_000n);
    expect(b.meter.relay.state).toBe("connected");
  });

  test("with the meter's own count moves no money", () => {
    const b = session({ opened: false, purchaseCount: 0, balance: "1.00" });
    expect(topUp(b, { ...open, count: 0n })).toBe("yes");
    expect(b.meter.wallet.balance).toBe(100n);
    expect(b.meter.obeyed).toMatchObject({ openAccounts: 1, topUps: 0 });
  });

  test.each([
    [0, 2n],
    [1, 0n],
    [2, 2n],
  ])("stored %i, told %i is SERR 0020", (purchaseCount, count) => {
    expect(topUp(session({ opened: false, purchaseCount }), { ...open, count })).toBe("SERR 0020");
  });
});

describe("wrong MACs", () => {
  test("three in a row end the session", () => {
    const b = session();
    for (let i = 0; i < 3; i += 1) expect(topUp(b, { badMac1: true })).toBe("SERR 0004");
    expect(topUp(b)).toBe("SERR 0008");
  });

  test("fifteen in a day suspend what sets, until the meter's midnight; reading goes on", () => {
    const b = session();
    for (let i = 0; i < 15; i += 1) {
      if (i % 3 === 0) authenticate(b);
      topUp(b, { badMac1: true });
    }
    expect(authenticate(b).control).toBe(0x83);
    expect(topUp(b)).toBe("SERR 0100");
    expect(b.ask(0x03, fromHex("FF02810701000000")).control).toBe(0x83);
    expect(b.ask(0x1c, securedOrder(b.meter, 0x1a, { random2: RANDOM_2 }))).toEqual({ control: 0xdc, data: "0100" });
    b.clock.ms = Date.parse("2026-11-22T23:59:59+08:00");
    authenticate(b);
    expect(topUp(b)).toBe("SERR 0100");
    b.clock.ms += 1_000;
    expect(topUp(b)).toBe("yes");
  });
});

test("the end of a session tells customer, balance, count and key state, and is the end", () => {
  const b = session();
  expect(b.ask(0x03, fromHex("FF02000701000000"))).toEqual({
    control: 0x83,
    data: "FF020007" + "010022112600" + "E8030000" + "04000000" + "FFFF0F00",
  });
  expect(b.ask(0x03, fromHex("FF02000701000000"))).toEqual({ control: 0xc3, data: "0800" });
});

test("the purse file reads back balance and count under their MACs", () => {
  const b = session();
  const mac = (tag: number, value: string): string =>
    Buffer.from(
      reversed(
        macOf({
          meterNumber: b.meter.meterNumber,
          random2: RANDOM_2,
          key: 4,
          control: 0x83,
          di: "078001FF",
          tag,
          data: fromHex(value),
        }),
      ),
    )
      .toString("hex")
      .toUpperCase();
  expect(b.ask(0x03, fromHex("FF0180070100000008000000" + "010001DF"))).toEqual({
    control: 0x83,
    data: "FF018007" + "08000000010001DF" + "E8030000" + mac(1, "000003E8") + "04000000" + mac(2, "00000004"),
  });
});

test("the purse is initialised under test keys only, and what is no part of the scheme is SERR 0001", () => {
  const b = session({ keyState: "test", balance: "0.00" });
  const mac = (tag: number, value: string): Uint8Array =>
    reversed(
      macOf({
        meterNumber: b.meter.meterNumber,
        random2: RANDOM_2,
        key: 4,
        control: 0x03,
        di: "070103FF",
        tag,
        data: fromHex(value),
      }),
    );
  const data = Uint8Array.from([
    ...fromHex("FF03010701000000" + "D0070000"),
    ...mac(1, "000007D0"),
    0,
    0,
    0,
    0,
    ...mac(2, "00000000"),
  ]);
  expect(b.ask(0x03, data).control).toBe(0x83);
  expect(b.meter.wallet.balance).toBe(2_000n);
  expect(b.meter.purchaseCount).toBe(0n);
  b.meter.keyState = "production";
  expect(b.ask(0x03, data)).toEqual({ control: 0xc3, data: "0100" });
  expect(b.ask(0x03, fromHex("FF01030701000000"))).toEqual({ control: 0xc3, data: "0100" });
});

test("meter and customer number are written under test keys and level 99 only", () => {
  const b = session({ keyState: "test" });
  const data = (): Uint8Array => {
    const mac = macOf({
      meterNumber: b.meter.meterNumber,
      random2: RANDOM_2,
      key: 3,
      control: 0x14,
      di: "0400040E",
      tag: 1,
      data: fromHex("000000777777"),
    });
    return Uint8Array.from([...fromHex("0E040004" + "99000000" + "01000000" + "777777000000"), ...reversed(mac)]);
  };
  expect(b.ask(0x14, data()).control).toBe(0x94);
  expect(read(b, "0400040E")).toBe("000000777777");
  expect(b.ask(0x14, writeData("0400040E", "000000111111"))).toEqual({ control: 0xd4, data: "04" });
  b.meter.keyState = "production";
  expect(b.ask(0x14, data())).toEqual({ control: 0xd4, data: "01" });
});
