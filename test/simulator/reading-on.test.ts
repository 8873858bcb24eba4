/** 12H: long answers in several frames, byte for byte and joined again. */
import { describe, expect, test } from "vitest";
import { fromHex, hex, joined, reversed } from "../../simulator/bytes.ts";
import { dataItemBytes } from "../../simulator/wire.ts";
import type { Bench } from "./support/frames.ts";
import { bare, bench, read, writeData } from "./support/frames.ts";

interface Parts {
  readonly sizes: number[];
  readonly controls: number[];
  readonly value: Uint8Array;
}

/** Reads as a master does: as long as more follows, asks for the next number. */
function readAll(b: Bench, di: string): Parts {
  const parts: Parts = { sizes: [], controls: [], value: new Uint8Array(0) };
  let { control, data } = b.ask(0x11, dataItemBytes(di));
  let value: Uint8Array = fromHex(data).slice(4);
  for (let number = 1; ; number += 1) {
    parts.controls.push(control);
    parts.sizes.push(data.length / 2);
    if ((control & 0x20) === 0) return { ...parts, value };
    ({ control, data } = b.ask(0x12, joined(dataItemBytes(di), Uint8Array.of(number))));
    const bytes = fromHex(data);
    expect([hex(bytes.slice(0, 4)), bytes.at(-1)]).toEqual([hex(dataItemBytes(di)), number]);
    value = joined(value, bytes.slice(4, -1));
  }
}
const next = (b: Bench, di: string, number: number): string => {
  const { control, data } = b.ask(0x12, joined(dataItemBytes(di), Uint8Array.of(number)));
  return control === 0xd2 ? `ERR ${data}` : control.toString(16);
};
const slotTable = (b: Bench): void => {
  expect(b.ask(0x14, writeData("04010001", "170003070002000003", { level: "04", password: "111111" })).control).toBe(0x94);
};

describe("an answer that is too long for one frame", () => {
  test("the slot-table record, 682 bytes, comes in four frames of at most 200, no entry torn", () => {
    const b = bench();
    slotTable(b);
    slotTable(b);
    const { sizes, controls, value } = readAll(b, "03300501");
    expect(value.length).toBe(682);
    expect(controls).toEqual([0xb1, 0xb2, 0xb2, 0x92]);
    expect(sizes).toEqual([200, 200, 200, 4 + 96 + 1]);
    expect(hex(value.slice(0, 10))).toBe("00001022112601000000");
    // What stood there before the second write: the first one, its last entry repeated to fourteen.
    expect(hex(value.slice(10, 52))).toBe(`030000020007${"030017".repeat(12)}`);
    expect(hex(value.slice(52, 55))).toBe("030000");
    expect(read(b, "03300500")).toBe("000002");
  });

  test("the holiday record, 1026 bytes, likewise, and every frame but the last ends between two holidays", () => {
    const b = bench();
    expect(b.ask(0x14, writeData("04030001", "26100102")).control).toBe(0x94);
    expect(b.ask(0x14, writeData("040300FE", "26123101")).control).toBe(0x94);
    const { sizes, value } = readAll(b, "03300801");
    expect(value.length).toBe(1_026);
    expect(hex(reversed(value.slice(10, 14)))).toBe("26100102");
    expect(sizes).toEqual([4 + 10 + 46 * 4, 197, 197, 197, 197, 4 + 16 * 4 + 1]);
  });

  test("the first and the last frame, byte for byte, before anything was recorded", () => {
    const b = bench({ readReplyMax: 12 });
    expect(b.say("68 01 00 22 11 26 20 68 11 04 34 3C 63 36 68 16")).toBe(
      bare("68 01 00 22 11 26 20 68 B1 0C 34 3C 63 36 33 33 33 33 33 33 33 33 A8 16"),
    );
    expect(b.say("68 01 00 22 11 26 20 68 12 05 34 3C 63 36 34 9E 16")).toBe(
      bare("68 01 00 22 11 26 20 68 92 08 34 3C 63 36 33 33 33 34 BA 16"),
    );
  });

  test("a wrong number, another item and nothing left are ERR 02", () => {
    const b = bench();
    expect(next(b, "03300501", 1)).toBe("ERR 02");
    expect(readAll(b, "03300501").value.length).toBe(682);
    expect(next(b, "03300501", 4)).toBe("ERR 02");
    b.ask(0x11, dataItemBytes("03300501"));
    expect(next(b, "03300501", 0)).toBe("ERR 02");
    expect(next(b, "03300501", 2)).toBe("ERR 02");
    expect(next(b, "03300502", 1)).toBe("ERR 02");
    expect(next(b, "03300501", 1)).toBe("b2");
  });

  test("the number that was just answered is answered again, for a master that lost the reply; older ones are gone", () => {
    const b = bench();
    b.ask(0x11, dataItemBytes("03300501"));
    expect([next(b, "03300501", 1), next(b, "03300501", 1), next(b, "03300501", 2)]).toEqual(["b2", "b2", "b2"]);
    expect(next(b, "03300501", 1)).toBe("ERR 02");
  });

  test("any new 11H discards the rest", () => {
    const b = bench();
    b.ask(0x11, dataItemBytes("03300501"));
    expect(next(b, "03300501", 1)).toBe("b2");
    read(b, "00010000");
    expect(next(b, "03300501", 2)).toBe("ERR 02");
  });
});

test("the display test is told back, and not answered when everybody is asked", () => {
  const b = bench();
  expect(b.ask(0x11, fromHex("000304040000010001"))).toEqual({ control: 0x91, data: "000304040000010001" });
  expect(b.ask(0x11, fromHex("00030404"))).toEqual({ control: 0xd1, data: "01" });
  expect(b.say("68 99 99 99 99 99 99 68 11 09 33 36 37 37 32 32 32 32 32 51 16")).toBe("");
});

test("passwords are never shown", () => {
  expect(read(bench(), "04000C03")).toBe("ERR 04");
});
