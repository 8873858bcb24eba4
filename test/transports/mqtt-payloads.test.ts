/** How bytes lie in a message: what is written, what is understood, and what is named as wrong. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  JSON_FIELDS,
  PAYLOAD_BYTES_MAX,
  payloadForm,
  type JsonFields,
  type PayloadForm,
} from "../../src/transports/mqtt-payloads.ts";

const frame = Uint8Array.from(Buffer.from("6801002211262068110433333433b416".slice(0, 32), "hex"));
const HEX = Buffer.from(frame).toString("hex").toUpperCase();
const message = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text));
const written = (form: PayloadForm, id = 17): string => Buffer.from(form.write(frame, id)).toString();
const forms: Readonly<Record<string, PayloadForm>> = {
  raw: payloadForm("raw"),
  hex: payloadForm("hex"),
  json: payloadForm("json"),
  "json in base64, other names, no number": payloadForm("json", { data: "frame", id: null, encoding: "base64" }),
};

for (const [name, form] of Object.entries(forms)) {
  test(`${name}: whatever is written is read again, byte for byte`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.nat(), (bytes, id) => {
        const payload = Uint8Array.from(Buffer.from(form.write(bytes, id)));
        expect(form.read(payload)).toMatchObject({ bytes });
      }),
    );
  });
  test(`${name}: no payload makes it throw, and what is wrong is said without the payload`, () => {
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array(), fc.json().map(message), fc.string().map(message)), (payload) => {
        const read = form.read(payload);
        if ("wrong" in read) expect(read.wrong).toMatch(/^(the payload|data|frame): [a-z0-9, ]+$|^the payload: no JSON object$/);
      }),
    );
  });
  test(`${name}: a payload of megabytes is not looked at`, () => {
    expect(form.read(new Uint8Array(PAYLOAD_BYTES_MAX + 1))).toEqual({ wrong: "the payload: 16385 bytes, more than 16384" });
  });
}

describe("hex", () => {
  test("is written in capitals without blanks, and read in either case with any blanks", () => {
    expect(written(payloadForm("hex"))).toBe(HEX);
    for (const text of [HEX, HEX.toLowerCase(), HEX.replaceAll(/(..)/g, "$1 "), `\r\n${HEX}\n`])
      expect(payloadForm("hex").read(message(text))).toEqual({ bytes: frame, id: null });
  });
  test.each([
    ["68xx", "the payload: no hex digit at 3"],
    ["686", "the payload: 3 hex digits, half a byte too few"],
    ["+IMEI:8612", "the payload: no hex digit at 1"],
  ])("%s is named as wrong", (text, wrong) => expect(payloadForm("hex").read(message(text))).toEqual({ wrong }));
});

describe("json", () => {
  const json = (fields: Partial<JsonFields> = {}) => payloadForm("json", { ...JSON_FIELDS, ...fields });
  test("says the number and the frame under the modem's names", () => {
    expect(JSON.parse(written(json()))).toEqual({ msg_id: 17, data: HEX });
    expect(JSON.parse(written(json({ data: "frame", id: "id", encoding: "base64" })))).toEqual({
      id: 17,
      frame: Buffer.from(frame).toString("base64"),
    });
    expect(JSON.parse(written(json({ id: null })))).toEqual({ data: HEX });
  });
  test.each([
    [{ msg_id: 17, data: HEX }, "17"],
    [{ data: HEX.toLowerCase(), msg_id: "17", status: "ok" }, "17"],
    [{ data: HEX }, null],
    [{ data: HEX, msg_id: null }, null],
  ])("understands %j, whatever else is in it", (object, id) => {
    expect(json().read(message(JSON.stringify(object)))).toEqual({ bytes: frame, id });
  });
  test("base64 is read with or without its padding", () => {
    const text = Buffer.from(frame.subarray(0, 14)).toString("base64");
    expect(text).toMatch(/=$/);
    for (const data of [text, text.replaceAll("=", "")])
      expect(json({ encoding: "base64" }).read(message(JSON.stringify({ data })))).toEqual({
        bytes: frame.subarray(0, 14),
        id: null,
      });
  });
  test.each([
    ["[]", "the payload: no JSON object"],
    ["{", "the payload: no JSON object"],
    ['{"hex":"68"}', "data: is missing"],
    ['{"data":68}', "data: is no text"],
    ['{"data":"6"}', "data: 1 hex digits, half a byte too few"],
    ['{"data":"zz"}', "data: no hex digit at 1"],
  ])("%s is named as wrong", (text, wrong) => expect(json().read(message(text))).toEqual({ wrong }));
  test("a name that every object has is no field of a message", () => {
    expect(json({ data: "constructor" }).read(message("{}"))).toEqual({ wrong: "constructor: is missing" });
    expect(json({ encoding: "base64" }).read(message('{"data":"6816!"}'))).toEqual({ wrong: "data: no base64" });
  });
});
