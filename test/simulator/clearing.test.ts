/** 19H, 1AH and 1BH: who may clear what, what is left of it in the logbook, and what no order erases. */
import { describe, expect, test } from "vitest";
import { fromHex, hex, joined, reversed } from "../../simulator/bytes.ts";
import { dataItemBytes } from "../../simulator/wire.ts";
import type { Bench } from "./support/frames.ts";
import { authenticate, bare, bench, METER_A, plainOrder, read, writeData } from "./support/frames.ts";
import { sealBlock } from "./support/keys.ts";

const RANDOM_2 = "A1B2C3D4";
const answer = (body: string): string => bare(`68 ${hex(reversed(fromHex(METER_A)))} ${body}`);
const record = (b: Bench, di: string): string => b.ask(0x11, dataItemBytes(di)).data.slice(8);

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
