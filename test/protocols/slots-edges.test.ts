/** The places of the forms by themselves: what may not stand in them, and what they say of bytes that are few, secret or nobody's. */
import { expect, test } from "vitest";
import { Unreadable } from "../../src/protocols/dlt645/formats/format.ts";
import type { About } from "../../src/protocols/dlt645/forms/layout.ts";
import {
  cipher,
  echo,
  exactIdentifier,
  exactly,
  identifier,
  itemData,
  partData,
} from "../../src/protocols/dlt645/forms/slots.ts";
import { bytesOfHex } from "../../src/protocols/dlt645/frame.ts";
import { itemOf } from "../../src/protocols/dlt645/dictionary.ts";
import { refusalOf } from "./refusal-of.ts";

const of = (di: string | null, more = false): About => ({ di, item: di === null ? undefined : itemOf(di), more });
const none = undefined as never;
const NOTHING = new Uint8Array();

test("what is missing is called so, by the name of its place", () => {
  expect(refusalOf(() => identifier(4).write(none, "di"))).toMatchObject({ field: "di", why: "is missing" });
  expect(refusalOf(() => exactly(none, 4, "mac"))).toMatchObject({ field: "mac", why: "is missing" });
  expect(refusalOf(() => echo.write(none, "place"))).toMatchObject({ field: "place" });
  expect(echo.read(NOTHING)).toBeInstanceOf(Unreadable);
});

test("an identifier may be written in small letters, and never with FF on top", () => {
  expect(identifier(4, "any", (di) => di === "0400AB0C").write("0400ab0c", "di")).toEqual(bytesOfHex("0C AB 00 04"));
  expect(refusalOf(() => identifier(4).write("ff000000", "di"))).toMatchObject({ field: "di" });
});

test.each([0, 1, 15, 17])("a cipher of %i bytes is none: it comes in whole blocks", (length) => {
  expect(refusalOf(() => cipher.write(new Uint8Array(length), "cipher"))).toMatchObject({ field: "cipher" });
});
test("a cipher is turned round as one, and one that is cut off is not shown", () => {
  const wire = Uint8Array.from({ length: 16 }, (_, i) => i);
  expect(cipher.write(wire, "cipher")).toEqual(wire.toReversed());
  expect(cipher.show(NOTHING, "cipher", of(null)).values).toEqual([]);
});

test("of a password nothing is shown, whole or in part; without bytes there is not even one to hide", () => {
  for (const each of [itemData(), partData]) {
    expect(each.show(bytesOfHex("02 56 34 12"), "data", of("04000C03"))).toMatchObject({ field: "password", secret: true });
    expect(JSON.stringify(each.show(bytesOfHex("02 56 34 12"), "data", of("04000C03")))).not.toMatch(/56|34/);
    expect(each.show(NOTHING, "data", of("04000C03"))).toEqual({ field: "password", values: [], secret: true });
  }
});

test("data that nobody has described are bytes, and a part of them says that it is one", () => {
  const wire = bytesOfHex("01 02");
  expect(itemData().show(wire, "data", of("0FEEDDCC"))).toMatchObject({
    field: "data",
    values: [{ name: "data", value: "0102" }],
  });
  expect(itemData().show(wire, "data", of("0FEEDDCC", true)).field).toBe("part of the data");
  expect(partData.show(wire, "data", of("0FEEDDCC"))).toMatchObject({
    field: "part of the data",
    values: [{ name: "part", value: "0102" }],
  });
  expect(itemData().show(NOTHING, "data", of("0FEEDDCC")).values).toEqual([]);
  expect(partData.show(NOTHING, "data", of("0FEEDDCC"))).toEqual({ field: "part of the data", values: [] });
});

test("an identifier says what it asks for, in the words of the dictionary or of its form", () => {
  const wire = bytesOfHex("00 02 90 00");
  expect(identifier(4).show(wire, "di", of("00900200")).meaning).toBe(itemOf("00900200")!.title);
  expect(identifier(4).show(wire, "di", of("0FEEDDCC")).meaning).toBe("not in the dictionary");
  expect(exactIdentifier("00900200").show(wire, "di", of("00900200")).meaning).toBe(itemOf("00900200")!.title);
  expect(exactIdentifier("00900200", "by its form").show(wire, "di", of("00900200")).meaning).toBe("by its form");
});
