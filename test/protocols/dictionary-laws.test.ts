/** What holds for every row of the table, whatever a meter sends: nothing is lost on the way there and back, and nothing is made up. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TABLE } from "../../src/protocols/dlt645/dictionary.ts";
import { TABLE_1997 } from "../../src/protocols/dlt645/dictionary-1997.ts";
import { hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Field, Member } from "../../src/protocols/dlt645/item.ts";
import { diOf, itemAt } from "../../src/protocols/dlt645/table/row.ts";
import type { DictionaryItem, TableRow } from "../../src/protocols/dlt645/table/row.ts";
import { ALL } from "../../src/protocols/dlt645/table/variable.ts";
import { wireOf } from "./wire-values.ts";

const at = (row: TableRow, values: readonly number[]): DictionaryItem => itemAt(row, diOf(row, values), values);
/** Of each row the last item and each of its blocks; and the first, which has the same layout as the last and other names. */
function itemsOf(row: TableRow): DictionaryItem[] {
  const last = row.variables.map((variable) => variable.last);
  return [last, ...row.variables.flatMap(({ all }, i) => (all === null ? [] : [last.with(i, ALL)]))].map((values) =>
    at(row, values),
  );
}
/** Both editions: the laws know no difference. */
const ROWS = [...TABLE, ...TABLE_1997];
const items = ROWS.flatMap(itemsOf);
const firsts = ROWS.map((row) =>
  at(
    row,
    row.variables.map(({ first }) => first),
  ),
);
const RUNS = { seed: 645, numRuns: 5 };
const joined = (parts: readonly Uint8Array[]): Uint8Array => Uint8Array.from(parts.flatMap((part) => [...part]));

/** Shapes of plain fields; blocks, load records and curves have marks of their own and are looked at below. */
const plain = items.filter(({ shape }) => shape.fields.length > 0 && !/^block|^A0A0| \+ /.test(shape.pattern));
const turnsOf = ({ shape }: DictionaryItem): number => Number(/ x (\d+)$/.exec(shape.pattern)?.[1] ?? 1);
/** As many turns as the pattern promises, or a few where the meter decides. A record is one turn however it is written. */
function turnOf(item: DictionaryItem): readonly Field[][] {
  const { shape } = item;
  const width = shape.fields.reduce((sum, { format }) => sum + format.bytes, 0);
  const turns = shape.bytes === width ? 1 : / x (n|k|\(k\+1\))$/.test(shape.pattern) ? 3 : turnsOf(item);
  return Array.from({ length: Math.min(turns, 14) }, () => [...shape.fields]);
}
const wireFor = (item: DictionaryItem): fc.Arbitrary<Uint8Array> =>
  fc.tuple(...turnOf(item).flatMap((fields) => fields.map(({ format }) => wireOf(format)))).map(joined);

const told = (members: readonly Member[]): string =>
  JSON.stringify(
    members.map(({ name, value, fault }) => [name, value, fault]),
    (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value),
  );

test("the laws look at every row", () => {
  expect(new Set(items.map(({ row }) => row)).size).toBe(ROWS.length);
  expect(new Set(items.map(({ di }) => di)).size).toBeGreaterThan(850);
});

test("valid bytes become members without a fault, and members the same bytes again", () => {
  for (const item of plain) {
    fc.assert(
      fc.property(wireFor(item), (wire) => {
        const members = item.shape.members(wire);
        expect(members.filter(({ fault }) => fault !== null).map(({ fault }) => `${item.di}: ${fault ?? ""}`)).toEqual([]);
        expect(hexBytes(item.shape.encode(members)), item.di).toBe(hexBytes(wire));
      }),
      RUNS,
    );
  }
});

test("members, written and read again, are the same members", () => {
  for (const item of items) {
    const bytes = item.shape.bytes ?? 24;
    fc.assert(
      fc.property(fc.uint8Array({ minLength: bytes, maxLength: bytes }), (wire) => {
        const members = item.shape.members(wire);
        if (members.some(({ fault }) => fault !== null)) return;
        let again: Uint8Array;
        try {
          again = item.shape.encode(members);
        } catch (error) {
          // A moment that is shown as it came may be none that may be written: the refusal names it.
          expect(error).toMatchObject({ code: "unencodable" });
          return;
        }
        expect(told(item.shape.members(again)), item.di).toBe(told(members));
      }),
      RUNS,
    );
  }
});

test("any bytes at all are read without a throw, and give no more members than there are bytes", () => {
  for (const item of items) {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (wire) => {
        const members = item.shape.members(wire);
        expect(members.length, item.di).toBeLessThanOrEqual(Math.max(1, wire.length));
        for (const { value, fault } of members) expect(value === null || fault === null).toBe(true);
        // Nothing came: one null, so that whoever asked is told what is missing.
        if (wire.length === 0)
          expect(
            members.map(({ value, fault }) => [value, fault]),
            item.di,
          ).toEqual([[null, null]]);
      }),
      RUNS,
    );
  }
});

test("a block that is too short or too long tells the members it has, and never one more", () => {
  for (const item of plain) {
    fc.assert(
      fc.property(wireFor(item), fc.nat(), fc.uint8Array({ minLength: 1, maxLength: 9 }), (wire, cut, tail) => {
        const whole = item.shape.members(wire);
        const short = item.shape.members(wire.subarray(0, 1 + (cut % wire.length)));
        // Where the cut goes through a value there is a fault in its place; before it everything is as it was.
        const sound = short.filter(({ fault }) => fault === null);
        expect(told(sound), item.di).toBe(told(whole.slice(0, sound.length)));
        expect(short.length - sound.length).toBeLessThanOrEqual(1);
        if (item.shape.bytes === null || wire.length < item.shape.bytes) return;
        const long = item.shape.members(joined([wire, tail]));
        const extra = long.slice(whole.length);
        if (whole.length === 1 && item.shape.fields.length === 1 && turnsOf(item) === 1) expect(long[0]!.fault).not.toBeNull();
        else if (!(turnOf(item).length < turnsOf(item)))
          expect(extra.map(({ name, format }) => [name, format])).toEqual([["rest", null]]);
      }),
      RUNS,
    );
  }
});

describe("what is no value", () => {
  const numbers = plain.filter(({ shape }) =>
    shape.fields.every(({ format }) => format.kind === "digits" || format.kind === "moment"),
  );

  test("FF in every byte is null in every member", () => {
    for (const item of numbers) {
      const bytes = item.shape.bytes ?? item.shape.fields.reduce((sum, { format }) => sum + format.bytes, 0) * 3;
      const members = item.shape.members(new Uint8Array(bytes).fill(0xff));
      expect(
        members.every(({ value, fault }) => value === null && fault === null),
        item.di,
      ).toBe(true);
    }
    expect(numbers.length).toBeGreaterThan(650);
  });

  test("a nibble that is no digit is a fault that keeps its bytes, and spares its neighbours", () => {
    for (const item of numbers) {
      fc.assert(
        fc.property(wireFor(item), fc.nat(), fc.constantFrom(0x0a, 0x0c, 0x1f, 0x7b), (wire, at, wrong) => {
          const place = at % wire.length;
          const before = item.shape.members(wire);
          const broken = Uint8Array.from(wire);
          broken[place] = wrong;
          const members = item.shape.members(broken);
          const faulty = members.filter(({ fault }) => fault !== null);
          expect(faulty, item.di).toHaveLength(1);
          expect(faulty[0]!.value).toBeNull();
          expect(faulty[0]!.fault).toContain(wrong.toString(16).toUpperCase().padStart(2, "0"));
          const i = members.indexOf(faulty[0]!);
          expect(told(members.toSpliced(i, 1))).toBe(told(before.toSpliced(i, 1)));
        }),
        RUNS,
      );
    }
  });
});

describe("blocks with marks of their own", () => {
  const cases = items.filter(({ shape }) => shape.fields.length > 0 && /^block|^A0A0| \+ /.test(shape.pattern));

  test("are written from members and read again as the same", () => {
    for (const item of cases) {
      const fields = item.shape.fields;
      fc.assert(
        fc.property(fc.tuple(...fields.map(({ format }) => wireOf(format))), (wires) => {
          const members = fields.map(({ name, format }, i) => ({ name, value: format.decodeAt(wires[i]!, 0) }));
          const wire = item.shape.encode(members);
          expect(
            item.shape.members(wire).map(({ name, value, fault }) => ({ name, value, fault })),
            item.di,
          ).toEqual(members.map((member) => ({ ...member, fault: null })));
          expect(hexBytes(item.shape.encode(item.shape.members(wire)))).toBe(hexBytes(wire));
        }),
        RUNS,
      );
    }
    expect(cases.length).toBeGreaterThan(25);
  });
});

test("names of members are names, every one of its own but in a load profile of many records", () => {
  for (const item of plain) {
    fc.assert(
      fc.property(wireFor(item), (wire) => {
        const names = item.shape.members(wire).map(({ name }) => name);
        expect(new Set(names).size, `${item.di} ${names.join(" ")}`).toBe(names.length);
        for (const name of names) expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/);
      }),
      { seed: 645, numRuns: 1 },
    );
  }
});

test("names and titles of items leave no letter of a pattern and no brace behind", () => {
  for (const { di, name, title, zh } of [...items, ...firsts]) {
    expect(name, di).toMatch(/^[a-z][A-Za-z0-9]*$/);
    expect(title, di).not.toMatch(/[{}]|undefined|NaN/);
    expect(zh, di).toMatch(/\p{Script=Han}/u);
    expect(zh, di).not.toMatch(/[{}]|undefined|NaN|[G-Z]{2}/);
  }
});
