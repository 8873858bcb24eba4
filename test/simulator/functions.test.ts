/** 15H to 18H, 1DH and 08H to one meter, byte for byte: what is obeyed, what is refused, and what meets silence. */
import { describe, expect, test } from "vitest";
import { Instant, minutes } from "../../src/kernel/clock.ts";
import { fromHex, hex, joined, reversed } from "../../simulator/bytes.ts";
import { LineRate } from "../../simulator/line-rate.ts";
import type { FreezeSink } from "../../simulator/sinks.ts";
import { dataItemBytes, writeFrame } from "../../simulator/wire.ts";
import { VirtualClock } from "../support/virtual-clock.ts";
import type { Bench } from "./support/frames.ts";
import { bare, bench, METER_A, plainOrder, read, StillClock, writeData } from "./support/frames.ts";
import { Ear, raise, readRequest } from "./support/street.ts";

const from = (address: string, body: string): string => bare(`68 ${hex(reversed(fromHex(address)))} ${body}`);
const answer = (body: string): string => from(METER_A, body);
const record = (b: Bench, di: string): string => b.ask(0x11, dataItemBytes(di)).data.slice(8);

describe("15H, a new address", () => {
  const REQUEST = "68 AA AA AA AA AA AA 68 15 06 34 33 36 3A 59 53 6A 16";

  test("is answered from the new one, while the programming key is pressed", () => {
    const b = bench({ programmingEnabled: true });
    expect(b.say(REQUEST)).toBe(bare("68 01 00 03 07 26 20 68 95 00 B6 16"));
    expect(read(b, "04000401")).toBe("202607030001");
    expect(record(b, "03300001").slice(12, 28)).toBe("0000000001040004");
    // The old name is nobody's now.
    expect(b.say("68 01 00 22 11 26 20 68 11 04 33 33 34 33 2C 16")).toBe("");
  });

  test("meets silence without the key, to any other address, and when it is none", () => {
    expect(bench().say(REQUEST)).toBe("");
    const b = bench({ programmingEnabled: true });
    const say = (address: string, data: string): string =>
      b.say(hex(writeFrame({ address, control: 0x15, data: fromHex(data) })));
    expect([say(METER_A, "010003072620"), say("AAAAAAAA0001", "010003072620")]).toEqual(["", ""]);
    expect([say("AAAAAAAAAAAA", "0A0003072620"), say("AAAAAAAAAAAA", "999999999999"), say("AAAAAAAAAAAA", "01")]).toEqual([
      "",
      "",
      "",
    ]);
    expect(b.meter.address).toBe(METER_A);
  });

  test("on a street the meter answers to its new name, at every door", async () => {
    const street = await raise({
      buses: [{ id: "m", endpoint: { kind: "memory" } }],
      meters: [{ address: METER_A, bus: "m", programmingEnabled: true, energyKwh: "1.00", loadKw: 0 }],
    });
    const [end, ear] = [street.memoryEnd("m"), new Ear()];
    end.onBytes((bytes) => ear.hear(bytes));
    end.send(fromHex(bare(REQUEST)));
    expect(await ear.reply()).toBe("202607030001 95 ");
    end.send(readRequest("202607030001", "00010000"));
    expect(await ear.reply(2)).toBe("202607030001 91 0000010000010000");
    expect(street.snapshot("202607030001").address).toBe("202607030001");
    expect(() => street.snapshot(METER_A)).toThrow("unknown-meter");
  });
});

describe("16H, freeze", () => {
  const NOW = "68 01 00 22 11 26 20 68 16 04 CC CC CC CC 94 16";
  const withSink = (): Bench & { heard: string[] } => {
    const heard: string[] = [];
    const b = bench();
    const sink: FreezeSink = {
      freezeNow: () => void heard.push("now"),
      appoint: (pattern) => {
        heard.push(pattern);
        return pattern !== "01010000";
      },
    };
    b.meter.freezes = sink;
    return { ...b, heard };
  };
  const freeze = (b: Bench, mmddhhmm: string): string => {
    const { control, data } = b.ask(0x16, reversed(fromHex(mmddhhmm)));
    return control === 0x96 ? `yes${data}` : `ERR ${data}`;
  };

  test("now, to one and to all; all are not answered", () => {
    const b = withSink();
    expect(b.say(NOW)).toBe(answer("68 96 00 E0 16"));
    expect(b.say("68 99 99 99 99 99 99 68 16 04 CC CC CC CC B0 16")).toBe("");
    expect(b.heard).toEqual(["now", "now"]);
    expect(read(b, "04001204")).toBe("00000000");
  });

  test.each(["99999930", "99992359", "99010000", "12282359"])("%s is a time", (pattern) => {
    const b = withSink();
    expect(freeze(b, pattern)).toBe("yes");
    expect(b.heard).toEqual([pattern]);
    expect(read(b, "04001204")).toBe(pattern);
  });

  test.each(["99159930", "01999900", "13010000", "01290000", "99992460", "99990060", "01010099", "AA990000", "010100"])(
    "%s is none: ERR 01",
    (pattern) => {
      const b = withSink();
      expect(freeze(b, pattern)).toBe("ERR 01");
      expect(b.heard).toEqual([]);
    },
  );

  test("what the keeper of freezes does not understand is ERR 01 and not kept", () => {
    const b = withSink();
    expect(freeze(b, "01010000")).toBe("ERR 01");
    expect(read(b, "04001204")).toBe("00000000");
  });

  test("a write of 04001204 tells the keeper as well", () => {
    const b = withSink();
    expect(b.ask(0x14, writeData("04001204", "99992359")).control).toBe(0x94);
    expect(b.ask(0x14, writeData("04001204", "01999999"))).toEqual({ control: 0xd4, data: "01" });
    expect(b.ask(0x14, writeData("04001204", "99999999")).control).toBe(0x94);
    expect(b.heard).toEqual(["99992359"]);
  });

  test("a meter on which nobody keeps frozen values says so", () => {
    const b = bench();
    b.meter.freezes = undefined;
    expect(b.say(NOW)).toBe(answer("68 D6 01 34 55 16"));
  });
});

describe("17H, another rate", () => {
  test("a bit map with one bit; the byte of the port tells it afterwards", () => {
    const b = bench();
    expect(b.say("68 01 00 22 11 26 20 68 17 01 43 A5 16")).toBe(answer("68 97 01 43 25 16"));
    expect(read(b, "04000703")).toBe("10");
    expect(b.say("68 01 00 22 11 26 20 68 17 01 63 C5 16")).toBe(answer("68 D7 01 3B 5D 16"));
    for (const byte of ["00", "01", "80", "16", ""]) expect(b.ask(0x17, fromHex(byte))).toEqual({ control: 0xd7, data: "08" });
    expect(read(b, "04000703")).toBe("10");
  });

  test("paced wires run at it from the next exchange on; the others understand nothing; after five seconds of silence it is over", async () => {
    const clock = new VirtualClock(Instant(0));
    const street = await raise({
      clock,
      buses: [{ id: "m", endpoint: { kind: "memory" }, baud: 2_400, answerDelayMs: 0 }],
      meters: [METER_A, "202611220002"].map((address) => ({ address, bus: "m", loadKw: 0, energyKwh: "1.00" })),
    });
    const [end, ear] = [street.memoryEnd("m"), new Ear()];
    end.onBytes((bytes) => ear.hear(bytes));
    const { rate } = street.bus("m");
    end.send(writeFrame({ address: METER_A, control: 0x17, data: Uint8Array.of(0x40) }));
    for (let ms = 0; ms < 100 && street.snapshot(METER_A).heard === 0; ms += 1) await clock.pass(1);
    expect({ heard: street.snapshot(METER_A).heard, replies: ear.replies }).toEqual({ heard: 1, replies: [] });
    await clock.pass(100);
    expect(await ear.reply()).toBe(`${METER_A} 97 40`);
    expect(rate.baud).toBe(19_200);
    end.send(readRequest("202611220002", "00010000"));
    await clock.pass(100);
    expect(street.frames("202611220002")).toHaveLength(1);
    end.send(readRequest(METER_A, "00010000"));
    await clock.pass(100);
    expect(await ear.reply(2)).toBe(`${METER_A} 91 0000010000010000`);
    expect(street.snapshot("202611220002").heard).toBe(0);
    await clock.pass(5_000);
    expect(rate.baud).toBe(2_400);
    end.send(readRequest("202611220002", "00010000"));
    await clock.pass(500);
    expect(await ear.reply(3)).toBe("202611220002 91 0000010000010000");
    end.send(readRequest(METER_A, "04000703"));
    await clock.pass(500);
    expect(await ear.reply(4)).toBe(`${METER_A} 91 0307000408`);
  });

  test("every frame counts as a sign of life, and back to the usual rate there is nothing to fall back from", () => {
    const clock = new StillClock();
    const { meter } = bench();
    const rate = new LineRate(clock, 2_400);
    let undone = 0;
    rate.change(meter, 9_600, () => (undone += 1));
    clock.ms += 4_999;
    rate.heard();
    clock.ms += 4_999;
    expect([rate.baud, rate.msPerByte]).toEqual([9_600, 11_000 / 9_600]);
    clock.ms += 1;
    expect([rate.baud, undone]).toEqual([2_400, 1]);
    rate.change(meter, 2_400, () => (undone += 1));
    clock.ms += 6_000;
    expect([rate.baud, undone]).toEqual([2_400, 1]);
    const unpaced = new LineRate(clock, undefined);
    unpaced.change(meter, 9_600, () => undefined);
    expect([unpaced.baud, unpaced.msPerByte]).toEqual([undefined, 0]);
  });
});

describe("18H, another password", () => {
  const change = (b: Bench, di: string, old: string, fresh: string): string => {
    const { control, data } = b.ask(0x18, joined(dataItemBytes(di), fromHex(old), fromHex(fresh)));
    return control === 0x98 ? data : `ERR ${data}`;
  };

  test("with the old one; the new one is told back and holds", () => {
    const b = bench();
    const request = "68 01 00 22 11 26 20 68 18 0C 38 3F 33 37 37 44 44 44 37 89 67 45 BE 16";
    expect(b.say(request)).toBe(answer("68 98 04 37 89 67 45 52 16"));
    expect(b.say(request)).toBe(answer("68 D8 01 37 5A 16"));
    expect(b.ask(0x1c, plainOrder(0x1a, { level: "04", password: "123456" })).control).toBe(0x9c);
    expect(record(b, "03300001").slice(12, 28)).toBe("00000000050C0004");
  });

  test("with one of a higher level, but not of a lower", () => {
    const b = bench();
    expect(change(b, "04000C05", "02000000", "04563412")).toBe("04563412");
    expect(change(b, "04000C03", "04563412", "02000001")).toBe("ERR 04");
    expect(change(b, "04000C03", "02000000", "02000001")).toBe("02000001");
  });

  test.each([
    ["a level that the meter does not keep", "04000C04", "02000000", "03000001"],
    ["no such password", "04000C0B", "02000000", "0A000001"],
    ["another level than the password's", "04000C05", "02000000", "02000001"],
    ["no digits", "04000C05", "02000000", "040000AB"],
    ["a byte too few", "04000C05", "02000000", "040000"],
  ])("%s is ERR 04", (_what, di, old, fresh) => {
    expect(change(bench(), di, old, fresh)).toBe("ERR 04");
  });
});

describe("wrong passwords", () => {
  const WRONG = { password: "999999" };
  const order = (b: Bench, options = {}): number =>
    b.ask(0x1c, plainOrder(0x2a, { deadline: "991231235959", ...options })).control;

  test("five lock the level for a day, whatever they were for; the other level goes on", () => {
    const b = bench();
    expect(order(b, WRONG)).toBe(0xdc);
    expect(b.ask(0x14, writeData("04001401", "0010", WRONG))).toEqual({ control: 0xd4, data: "04" });
    expect(b.ask(0x18, fromHex("030C0004" + "02999999" + "02000001"))).toEqual({ control: 0xd8, data: "04" });
    expect(b.ask(0x19, fromHex("02999999" + "01000000"))).toEqual({ control: 0xd9, data: "04" });
    expect(order(b)).toBe(0x9c);
    // The right one in between forgave them all.
    for (let i = 0; i < 5; i += 1) expect(order(b, WRONG)).toBe(0xdc);
    expect(b.ask(0x1c, plainOrder(0x2a))).toEqual({ control: 0xdc, data: "04" });
    expect(order(b, { level: "04", password: "111111" })).toBe(0x9c);
    b.clock.ms += minutes(1_440) - 1;
    expect(order(b)).toBe(0xdc);
    b.clock.ms += 1;
    expect(order(b)).toBe(0x9c);
  });

  test("how many and how long are habits of the meter", () => {
    const b = bench({ passwordTriesMax: 3, passwordLockMinutes: 10 });
    for (let i = 0; i < 3; i += 1) order(b, WRONG);
    expect(order(b)).toBe(0xdc);
    b.clock.ms += minutes(10);
    expect(order(b)).toBe(0x9c);
  });
});

test("1DH, the output: told back, without a password, and to everybody without an answer", () => {
  const b = bench();
  expect(b.say("68 01 00 22 11 26 20 68 1D 01 35 9D 16")).toBe(answer("68 9D 01 35 1D 16"));
  expect(b.meter.output).toBe(2);
  expect(b.say("68 01 00 22 11 26 20 68 1D 01 36 9E 16")).toBe(answer("68 DD 01 34 5C 16"));
  expect(b.say(hex(writeFrame({ address: "999999999999", control: 0x1d, data: Uint8Array.of(1) })))).toBe("");
  expect(b.meter.output).toBe(1);
});

describe("08H to one meter", () => {
  const REQUEST = "68 01 00 22 11 26 20 68 08 06 33 33 43 55 44 59 F3 16";

  test("is answered where the meter knows it: 88, then C8 for the second that day", () => {
    const b = bench({ pointToPointTime: true, clockOffsetMs: minutes(2) });
    expect(b.say(REQUEST)).toBe(answer("68 88 00 D2 16"));
    expect(read(b, "04000102")).toBe("100000");
    expect(b.say(REQUEST)).toBe(answer("68 C8 01 34 47 16"));
  });

  test("meets silence elsewhere, and nothing is set", () => {
    const b = bench({ clockOffsetMs: minutes(2) });
    expect(b.say(REQUEST)).toBe("");
    expect(read(b, "04000102")).toBe("100200");
  });

  test("is refused within five minutes of a settlement", () => {
    const at = (start: string): string => {
      const b = bench({ pointToPointTime: true }, { start });
      b.ask(0x14, writeData("04000B01", "2210"));
      return b.say(REQUEST);
    };
    expect(at("2026-11-22T10:03:00+08:00")).toBe(answer("68 C8 01 34 47 16"));
    expect(at("2026-11-22T10:05:00+08:00")).toBe(answer("68 88 00 D2 16"));
    expect(at("2026-11-22T09:56:00+08:00")).toBe(answer("68 C8 01 34 47 16"));
  });
});
