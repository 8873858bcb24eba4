/** Are these bytes right? Frames from public sources, and frames worked out by programs that share nothing with ours. */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { explain } from "../../src/protocols/dlt645/explain.ts";
import type { ExplainRow } from "../../src/protocols/dlt645/explain.ts";
import { bytesOfHex, decodeFrame, encodeFrame, hexBytes } from "../../src/protocols/dlt645/frame.ts";
import type { Value } from "../../src/protocols/dlt645/item.ts";
import { relayOrders } from "../../src/protocols/dlt645/relay-orders.ts";
import type { RelayOrderName } from "../../src/protocols/dlt645/relay-orders.ts";
import { goldenFrames } from "./golden-frames.ts";

interface Vector {
  readonly id: string;
  readonly hex: string;
  readonly direction: string | null;
  readonly address: string | null;
  readonly control: string | null;
  readonly di: string | null;
  readonly valid: boolean;
  readonly protocol: string;
  readonly meaning: string;
  readonly decoded: Readonly<Record<string, unknown>> | null;
}
const vectors = JSON.parse(readFileSync("test/golden/vectors.json", "utf8")) as readonly Vector[];

const printed = ({ name, value, unit, fault }: Value): string =>
  `${name} = ${fault === undefined ? String(value) : `✗ ${fault}`}${unit === null ? "" : ` ${unit}`}`;
const valueNamed = (row: ExplainRow, name: string): string | null | undefined =>
  row.values.find((value) => value.name === name)?.value;
const lettersOf = (hex: string): string => Buffer.from(hex, "hex").toString("latin1").replace(/\0+$/, "");
const digitsOnly = (text: string | null | undefined): string => (text ?? "").replaceAll(/\D/g, "");

/** How each key of a vector's `decoded` is found in our row. Numbers are compared as numbers: the vectors dropped their zeros. */
const CHECKS: Readonly<Record<string, (row: ExplainRow, given: unknown) => void>> = {
  value: (row, given) => expect(Number(row.values[0]?.value)).toBe(given),
  values: (row, given) => expect(row.values.map(({ value }) => Number(value))).toEqual(given),
  unit: (row, given) => row.values.forEach(({ unit }) => expect(unit ?? "").toBe(given)),
  time: (row, given) => expect(row.values[0]?.value).toBe(given),
  datetime: (row, given) => expect(row.values[0]?.value).toBe(given),
  datetime_if_standard_order: (row, given) => expect(valueNamed(row, "time")).toBe(given),
  ascii: (row, given) => expect(row.values[0]?.value).toBe(given),
  number: (row, given) => expect(row.values[0]?.value).toBe(given),
  meter_address: (row, given) => expect(valueNamed(row, "communicationAddress")).toBe(given),
  new_address_wire_order_low_first: (row, given) => expect(valueNamed(row, "newAddress")).toBe(given),
  error_byte: (row, given) => expect(row.error?.code).toBe(given),
  error_bits: (row, given) => expect(row.error?.bits).toEqual(given),
  serr_hex: (row, given) => expect(row.error?.code).toBe(given),
  seq: (row, given) => expect(valueNamed(row, "sequence")).toBe(String(given)),
  word: (row, given) => expect(row.values[0]?.value).toBe(given),
  relay_open: (row, given) => expect(valueNamed(row, "relay")).toBe(given === 1 ? "disconnected" : "connected"),
  relay_command_trip: (row, given) => expect(valueNamed(row, "relayOrder")).toBe(given === 1 ? "disconnect" : "connect"),
  pre_trip_alarm: (row, given) => expect(valueNamed(row, "preTripAlarm")).toBe(String(given === 1)),
  pa: (row, given) => expect(valueNamed(row, "level")).toBe(given),
  password_p2p1p0: (row) => expect(valueNamed(row, "password")).toBe("••••"),
  "operator_c3..c0": (row, given) => expect(valueNamed(row, "operator")).toBe(given),
  operator_wire_order: (row, given) => {
    const operator = valueNamed(row, "operator") ?? "";
    expect(hexBytes(bytesOfHex(operator).reverse(), "")).toBe(given);
  },
  n1: (row, given) =>
    expect(relayOrders[valueNamed(row, "order") as RelayOrderName].byte).toBe(Number.parseInt(String(given), 16)),
  command: (row, given) =>
    expect(valueNamed(row, "order")).toBe(
      { trip: "disconnect", "close-allowed": "arm", "direct-close": "reconnect" }[String(given)],
    ),
  n2: (row, given) => expect(valueNamed(row, "reserved")).toBe(given),
  valid_until_yymmddhhmmss: (row, given) => expect(digitsOnly(valueNamed(row, "deadline"))).toBe(`20${String(given)}`),
  // Where a vendor put 27 bytes under an identifier of four (S095), they are named in the fault and are no value.
  data_hex_wire_order: (row, given) => expect(valueNamed(row, "data") ?? row.values[0]?.fault).toContain(given),
  extra_hex_wire_order: (row, given) => expect(valueNamed(row, "extra")).toBe(given),
  payload_hex_wire_order: (row, given) => {
    // 070103FF has a layout of ours, so the payload comes apart: amount, MAC, count, MAC, each turned round.
    if (row.di !== "070103FF") expect(valueNamed(row, "data")).toBe(given);
    else
      expect([valueNamed(row, "amount"), valueNamed(row, "mac1"), valueNamed(row, "purchaseCount")]).toEqual([
        "2.56",
        "04030201",
        "16777216",
      ]);
  },
  baud: (row, given) => expect(valueNamed(row, "baud")).toBe(given),
  baud_feature_byte: (row, given) => expect(row.values[0]?.fault).toContain(given),
  // The wire bytes again, or words for a reader.
  // Letters with their noughts behind them: what the value says is what those bytes say.
  raw_le_hex: (row, given) => expect(row.values[0]?.value).toBe(lettersOf(String(given))),
  password_and_data_hex: (row) => expect([valueNamed(row, "password"), valueNamed(row, "date")]).toEqual(["••••", "2019-07-06"]),
  note: (row) => expect(row.valid).toBe(true),
};

describe("vectors from public sources", () => {
  test("there are 138 of them", () => {
    expect(vectors).toHaveLength(138);
  });

  test.each(vectors.filter((vector) => vector.valid).map((vector) => [`${vector.id} ${vector.meaning}`, vector] as const))(
    "%s",
    (_title, vector) => {
      const rows = explain(bytesOfHex(vector.hex), 3);
      expect(rows).toHaveLength(1);
      const row = rows[0]!;
      expect(row).toMatchObject({
        input: 3,
        valid: true,
        why: null,
        protocol: vector.protocol,
        address: vector.address,
        control: vector.control,
        di: vector.di,
        direction: vector.direction,
      });
      for (const [key, given] of Object.entries(vector.decoded ?? {})) {
        const check = CHECKS[key];
        if (check === undefined) throw new Error(`nothing compares ${key}`);
        check(row, given);
      }
    },
  );

  test.each(vectors.filter((vector) => !vector.valid).map((vector) => [`${vector.id} ${vector.meaning}`, vector] as const))(
    "%s",
    (_title, vector) => {
      const rows = explain(bytesOfHex(vector.hex), 0);
      expect(rows).toHaveLength(1);
      // Where a head can be read it is shown, its data never.
      expect(rows[0]).toMatchObject({
        valid: false,
        address: vector.address,
        control: vector.control,
        direction: vector.direction,
        di: null,
        values: [],
      });
      expect(decodeFrame(bytesOfHex(vector.hex))).toHaveProperty("fault");
    },
  );

  test("what is wrong with a bad one is said with the numbers and the place", () => {
    const invalid = vectors.filter(({ valid }) => !valid);
    expect(Object.fromEntries(invalid.map(({ id, hex }) => [id, explain(bytesOfHex(hex), 0)[0]?.why]))).toEqual({
      S013: "checksum at offset 12 is 03, computed 61",
      S014: "checksum at offset 12 is E0, computed 6F",
      S128: "second start byte at offset 7 is 40, not 68",
      S129: "checksum at offset 16 is 5E, computed 06",
      S130: "checksum at offset 14 is F0, computed 68",
      S131: "checksum at offset 14 is 00, computed F7",
      S132: "length at offset 9 is 04, but 7 data bytes are present; the checksum fits these",
      S133: "checksum at offset 18 is E8, computed E7",
      S134: "checksum at offset 34 is 5B, computed 5D; it fits a sum from the control byte",
      S135: "checksum at offset 34 is 5D, computed 6D",
      S136: "checksum at offset 18 is 55, computed 54",
      S137: "truncated: 12 of 20 bytes",
      S138: "checksum at offset 16 is EE, computed 2E",
    });
  });
});

describe("golden frames", () => {
  const frames = goldenFrames();

  test.each(frames.map((frame) => [frame.key, frame] as const))("%s", (_key, { bytes, direction, promised }) => {
    const [row, ...others] = explain(bytes, 0);
    expect(others).toEqual([]);
    expect(row).toMatchObject({ valid: true, direction });
    expect([...row!.values.map(printed), ...(row!.error === null ? [] : [`error = ${row!.error.code}`])]).toEqual(promised);
    const decoded = decodeFrame(bytes);
    if (!("frame" in decoded)) throw new Error(decoded.fault);
    expect(encodeFrame(decoded.frame, { preamble: bytes.indexOf(0x68) })).toEqual(bytes);
  });

  test("keys are told apart", () => {
    expect(new Set(frames.map(({ key }) => key)).size).toBe(frames.length);
    expect(frames.length).toBeGreaterThan(80);
  });
});
