/** The worked examples of the published test scheme (DL645-TEST-1), byte for byte. */
import { expect, test } from "vitest";
import type { Bench } from "./support/frames.ts";
import { bare, bench, read } from "./support/frames.ts";

const AUTHENTICATE_A =
  "68 01 00 22 11 26 20 68 03 20 32 33 33 3A 34 33 33 33 1C C2 E5 B2 A3 BD 2E 4B 3B 3A 39 38 37 36 35 34 34 33 55 44 59 53 33 33 28 16";

const meterA = (plan = {}): Bench => {
  const b = bench({ balance: "0.00", purchaseCount: 7, customerNumber: "000000123456", ...plan }, { random2: "A1B2C3D4" });
  expect(b.say(AUTHENTICATE_A)).toBe(bare("68 01 00 22 11 26 20 68 83 10 32 33 33 3A 07 F6 E5 D4 34 33 55 44 59 53 78 87 10 16"));
  return b;
};

test("1, authentication, meter A", () => {
  const b = meterA();
  expect(b.meter.esam.hasSession(b.time.unhurried())).toBe(true);
});

test("2, validity of 30 minutes", () => {
  const b = meterA();
  expect(b.say("68 01 00 22 11 26 20 68 03 0E 32 34 33 3A 34 33 33 33 63 33 ED F7 53 1C E4 16")).toBe(
    bare("68 01 00 22 11 26 20 68 83 04 32 34 33 3A A4 16"),
  );
  b.clock.ms += 29 * 60_000;
  expect(b.meter.esam.hasSession(b.time.unhurried())).toBe(true);
  b.clock.ms += 60_000;
  expect(b.meter.esam.hasSession(b.time.unhurried())).toBe(false);
});

const TOP_UP_100 =
  "68 01 00 22 11 26 20 68 03 1E 32 35 34 3A 34 33 33 33 43 5A 33 33 3B 33 33 33 20 CE 81 AA 89 67 45 33 33 33 C5 1F BD 05 71 16";

test("3, top up 100.00 with count 8; the same again is a repeat", () => {
  const b = meterA();
  expect(b.say(TOP_UP_100)).toBe(bare("68 01 00 22 11 26 20 68 83 04 32 35 34 3A A6 16"));
  expect(read(b, "00900200")).toBe("00010000");
  expect(b.say(TOP_UP_100)).toBe(bare("68 01 00 22 11 26 20 68 C3 02 35 33 77 16"));
  expect(b.meter.obeyed.topUps).toBe(1);
});

test("4, status query, balance 123.45 and count 8", () => {
  const b = meterA({ balance: "123.45", purchaseCount: 8 });
  expect(b.say("68 01 00 22 11 26 20 68 03 08 32 35 B4 3A 34 33 33 33 77 16")).toBe(
    bare(
      "68 01 00 22 11 26 20 68 83 1E 32 35 B4 3A 6C 63 33 33 EC 5A 03 91 3B 33 33 33 1E 2D E2 56 89 67 45 33 33 33 32 32 42 33 4D 16",
    ),
  );
});

const SECURED_TRIP =
  "68 01 00 22 11 26 20 68 1C 1C CB 33 33 34 34 33 33 33 44 0C FF DF EE 13 B1 0D D0 38 D5 DC 26 07 D3 A3 86 F0 9C 0B 1A 16";

test("5, disconnect at level 98 with the extended reply", () => {
  const b = meterA({ balance: "50.00" });
  expect(b.say(SECURED_TRIP)).toBe(bare("68 01 00 22 11 26 20 68 9C 02 37 33 52 16"));
  expect(b.meter.relay.state).toBe("disconnected");
});

test("5, the same block with cipher first is a wrong MAC", () => {
  const b = meterA({ balance: "50.00" });
  const fields =
    "68 01 00 22 11 26 20 68 1C 1C CB 33 33 34 34 33 33 33 EE 13 B1 0D D0 38 D5 DC 26 07 D3 A3 86 F0 9C 0B 44 0C FF DF 1A 16";
  expect(b.say(fields)).toBe(bare("68 01 00 22 11 26 20 68 DC 02 35 33 90 16"));
  expect(b.meter.relay.state).toBe("connected");
});

test("6, write alarm amount 1 at level 99", () => {
  const b = meterA();
  const request = "68 01 00 22 11 26 20 68 14 14 34 43 33 37 CC 33 33 33 34 33 33 33 33 63 33 33 1B 4D 3A F5 18 16";
  expect(b.say(request)).toBe(bare("68 01 00 22 11 26 20 68 94 00 DE 16"));
  expect(read(b, "04001001")).toBe("00003000");
});

test("7, write date, weekday and time at level 98", () => {
  const b = meterA();
  const request =
    "68 01 00 22 11 26 20 68 14 20 3F 34 33 37 CB 33 33 33 34 33 33 33 BD 2E 81 16 08 55 66 7C 9D 89 BD CE EE 29 A7 C5 41 23 8B A6 16 16";
  expect(b.say(request)).toBe(bare("68 01 00 22 11 26 20 68 94 00 DE 16"));
  expect(read(b, "0400010C")).toBe("26112200100500");
});

test("8, refund of 10.00 at level 98; repeated in one session it is taken twice", () => {
  const b = meterA({ balance: "50.00" });
  const request =
    "68 01 00 22 11 26 20 68 14 20 39 43 33 37 CB 33 33 33 34 33 33 33 9F 96 6A 60 A4 94 6A 2F 8F 7A 73 7D 3A AB F6 67 AE FA 8C E2 B6 16";
  expect(b.say(request)).toBe(bare("68 01 00 22 11 26 20 68 94 00 DE 16"));
  expect(read(b, "00900200")).toBe("00004000");
  b.say(request);
  expect(read(b, "00900200")).toBe("00003000");
  expect(read(b, "03340001").slice(0, 24)).toBe("000030000000400000001000");
});

test("9, authentication, meter B, whose number is not its address", () => {
  const b = bench({ address: "202611220002", meterNumber: "000000345678" }, { random2: "0000002A" });
  const request =
    "68 02 00 22 11 26 20 68 03 20 32 33 33 3A 34 33 33 33 39 2B FD FD C8 ED D0 10 4B 4A 49 48 47 46 45 44 AB 89 67 33 33 33 33 33 D6 16";
  expect(b.say(request)).toBe(bare("68 02 00 22 11 26 20 68 83 10 32 33 33 3A 5D 33 33 33 AB 89 67 33 33 33 78 87 D9 16"));
});
