/** 15H to 1BH, 1DH and 08H to one meter, byte for byte: what is obeyed, what is refused, and what meets silence. */
import { describe, expect, test } from "vitest";
import { Instant, minutes, ShiftableClock } from "../../src/kernel/clock.ts";
import { fromHex, hex, joined, reversed } from "../../simulator/bytes.ts";
import { LineRate } from "../../simulator/line-rate.ts";
import type { FreezeSink } from "../../simulator/sinks.ts";
import { dataItemBytes, writeFrame } from "../../simulator/wire.ts";
import type { Bench } from "./support/frames.ts";
import { authenticate, bare, bench, METER_A, plainOrder, read, StillClock, writeData } from "./support/frames.ts";
import { sealBlock } from "./support/keys.ts";
import { Ear, raise, readRequest, until } from "./support/street.ts";

const RANDOM_2 = "A1B2C3D4";
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
    const clock = new ShiftableClock(Instant(0));
    const street = await raise({
      clock,
      buses: [{ id: "m", endpoint: { kind: "memory" }, baud: 2_400, answerDelayMs: 0 }],
      meters: [METER_A, "202611220002"].map((address) => ({ address, bus: "m", loadKw: 0, energyKwh: "1.00" })),
    });
    const [end, ear] = [street.memoryEnd("m"), new Ear()];
    end.onBytes((bytes) => ear.hear(bytes));
    const { rate } = street.bus("m");
    end.send(writeFrame({ address: METER_A, control: 0x17, data: Uint8Array.of(0x40) }));
    await until("the order is heard", () => street.snapshot(METER_A).heard === 1);
    expect(ear.replies).toEqual([]);
    await clock.jump(100);
    expect(await ear.reply()).toBe(`${METER_A} 97 40`);
    expect(rate.baud).toBe(19_200);
    end.send(readRequest("202611220002", "00010000"));
    await until("the request is over", () => street.frames("202611220002").length === 1);
    end.send(readRequest(METER_A, "00010000"));
    expect(await ear.reply(2)).toBe(`${METER_A} 91 0000010000010000`);
    expect(street.snapshot("202611220002").heard).toBe(0);
    await clock.jump(5_000);
    expect(rate.baud).toBe(2_400);
    end.send(readRequest("202611220002", "00010000"));
    expect(await ear.reply(3)).toBe("202611220002 91 0000010000010000");
    end.send(readRequest(METER_A, "04000703"));
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

describe("clearing", () => {
  const OPERATOR = "01000000";
  const clear = (b: Bench, control: number, body: string): string => {
    const reply = b.ask(control, fromHex(body));
    return reply.control === (control | 0x80) ? `yes${reply.data}` : `ERR ${reply.data}`;
  };
  /** 1AH and 1BH at level 98. */
  const sealed = (b: Bench, control: number, { text = "", n2 = "00", deadline = "261122103000", flaw = 0 } = {}): string => {
    const plain = fromHex(control.toString(16).padStart(2, "0") + n2 + deadline + text);
    const block = sealBlock({ meterNumber: b.meter.meterNumber, random2: RANDOM_2, plain, control });
    block[19]! ^= flaw;
    return `98000000${OPERATOR}${hex(reversed(block))}`;
  };
  const session = (plan = {}): Bench => {
    const b = bench(plan, { random2: RANDOM_2 });
    authenticate(b);
    return b;
  };
  const REMOTE = { model: "remote-ledger", energyKwh: "123.45" } as const;
  const TEST_KEYS = { keyState: "test", programmingEnabled: true } as const;

  test("demand with level 04, and its record has room for 24 maxima", () => {
    const b = bench();
    expect(b.say("68 01 00 22 11 26 20 68 19 08 37 44 44 44 34 33 33 33 3B 16")).toBe(answer("68 99 00 E3 16"));
    expect(read(b, "03300200")).toBe("000001");
    expect(b.ask(0x11, dataItemBytes("03300201")).control).toBe(0xb1);
    expect(clear(b, 0x19, `04999999${OPERATOR}`)).toBe("ERR 04");
    expect(clear(b, 0x19, "04111111")).toBe("ERR 04");
  });

  test("a meter that measures demand is told, and its maxima stand in the record", () => {
    const b = bench();
    let cleared = 0;
    b.meter.demand = { values: () => [fromHex("1234560010221126")], clear: () => void (cleared += 1) };
    clear(b, 0x19, `04111111${OPERATOR}`);
    expect(cleared).toBe(1);
    expect(record(b, "03300201")).toBe("000010221126" + OPERATOR + "1234560010221126");
  });

  test("the whole meter with a password: test keys, level 02 and the programming key; energies stand in the record", () => {
    const b = bench({ ...REMOTE, ...TEST_KEYS });
    b.ask(0x1c, plainOrder(0x1a));
    expect(b.say("68 01 00 22 11 26 20 68 1A 08 35 33 33 33 34 33 33 33 07 16")).toBe(answer("68 9A 00 E4 16"));
    expect([read(b, "00010000"), read(b, "1D000001"), read(b, "03300100")]).toEqual(["00000000", "000000", "000001"]);
    // Total and phase A, six registers each; the forward one first.
    const { 0: total, 1: phaseA } = record(b, "03300101").slice(20).match(/.{48}/g)!;
    expect([record(b, "03300101").slice(0, 20), total.slice(0, 16)]).toEqual([`000010221126${OPERATOR}`, "4523010000000000"]);
    expect([phaseA, record(b, "03300101").length]).toEqual([total, 2 * 106]);
    for (const plan of [{ keyState: "production" }, { programmingEnabled: false }] as const)
      expect(clear(bench({ ...REMOTE, ...TEST_KEYS, ...plan }), 0x1a, `02000000${OPERATOR}`)).toBe("ERR 04");
    expect(clear(bench({ ...REMOTE, ...TEST_KEYS }), 0x1a, `04111111${OPERATOR}`)).toBe("ERR 04");
  });

  test("the whole meter under production keys: ciphered, in time, in a session", () => {
    const b = session(REMOTE);
    expect(clear(b, 0x1a, sealed(b, 0x1a, { flaw: 1 }))).toBe("ERR 04");
    expect(clear(b, 0x1a, sealed(b, 0x1a, { deadline: "261122095959" }))).toBe("ERR 04");
    expect(clear(b, 0x1a, sealed(b, 0x1a, { n2: "01" }))).toBe("ERR 04");
    // An order of another function does not open this one: its MAC is another.
    expect(clear(b, 0x1a, sealed(b, 0x1b))).toBe("ERR 04");
    authenticate(b);
    expect(clear(b, 0x1a, sealed(b, 0x1a))).toBe("yes");
    expect(read(b, "00010000")).toBe("00000000");
    const stranger = bench(REMOTE);
    expect(clear(stranger, 0x1a, sealed(stranger, 0x1a))).toBe("ERR 04");
  });

  test("the block in fields, where that is the meter's habit", () => {
    const b = session({ ...REMOTE, controlBlock: "fields" });
    const block = reversed(fromHex(sealed(b, 0x1a).slice(16)));
    const fields = hex(joined(reversed(block.slice(0, 16)), reversed(block.slice(16))));
    expect(clear(b, 0x1a, `98000000${OPERATOR}${fields}`)).toBe("yes");
  });

  test("a meter with a wallet refuses to be cleared, its money stays", () => {
    const b = session();
    expect(clear(b, 0x1a, sealed(b, 0x1a))).toBe("ERR 04");
    expect(clear(bench(TEST_KEYS), 0x1a, `02000000${OPERATOR}`)).toBe("ERR 04");
    expect([read(b, "00900200"), read(b, "03300100")]).toEqual(["00005000", "000000"]);
  });

  test("one class of events or all of them; the records of clearing stay", () => {
    const b = bench(TEST_KEYS);
    b.ask(0x14, writeData("04000B01", "0200"));
    b.ask(0x1c, plainOrder(0x1a));
    expect(b.say("68 01 00 22 11 26 20 68 1B 0C 35 33 33 33 34 33 33 33 32 3F 63 36 16 16")).toBe(answer("68 9B 00 E5 16"));
    expect([read(b, "03300C00"), read(b, "03300000"), read(b, "03300300")]).toEqual(["000000", "000001", "000001"]);
    expect(record(b, "03300301")).toBe(`000010221126${OPERATOR}FF0C3003`);
    expect(clear(b, 0x1b, `02000000${OPERATOR}FF01001D`)).toBe("yes");
    expect([read(b, "1D000001"), read(b, "1D000101")]).toEqual(["000000", "000000000000"]);
    expect(clear(b, 0x1b, `02000000${OPERATOR}FFFFFFFF`)).toBe("yes");
    expect([read(b, "03300000"), read(b, "03300300")]).toEqual(["000000", "000003"]);
    for (const di of ["FF033003", "FF013003", "010C3003", "FF777777"])
      expect(clear(b, 0x1b, `02000000${OPERATOR}${di}`)).toBe("ERR 04");
  });

  test("events under production keys: ciphered, with the class inside", () => {
    const b = session();
    b.ask(0x14, writeData("04000B01", "0200"));
    expect(clear(b, 0x1b, `02000000${OPERATOR}FF0C3003`)).toBe("ERR 04");
    expect(clear(b, 0x1b, sealed(b, 0x1b))).toBe("ERR 04");
    expect(clear(b, 0x1b, sealed(b, 0x1b, { text: "03300CFF" }))).toBe("yes");
    expect([read(b, "03300C00"), record(b, "03300301")]).toEqual(["000000", `000010221126${OPERATOR}FF0C3003`]);
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
